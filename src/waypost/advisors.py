"""What an advisor is made of: ``rank: my-advisor`` in a policy asks the one whose entry point has that name.

    class Mine:
        version = "mine/1"

        def advise(self, inquiry: Inquiry, within_ns: int, mode: str) -> Opinion:
            return Opinion(tuple((target.id, target.quality or 0) for target in inquiry.targets), "the best rated")

    # pyproject.toml
    [project.entry-points."waypost.advisors"]
    my-advisor = "my_package:Mine"

Scores are whole numbers from 0 to 1,000,000. No advisor is ever given text of a prompt, nor who asks.
"""

from __future__ import annotations

from waypost.core.model.inquiry import Inquiry, Opinion
from waypost.core.model.question import Context, Features
from waypost.core.model.target import Price, Target
from waypost.core.routing.ports import Advisor

__all__ = ["Advisor", "Context", "Features", "Inquiry", "Opinion", "Price", "Target"]
