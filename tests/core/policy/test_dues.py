"""Dues are remembered by what they mean, so that budgets in use do not push out what is known of other callers."""

from __future__ import annotations

from itertools import product

from policy_samples import CATALOG, policy
from waypost.core.codecs import EXPRESSES
from waypost.core.model.question import Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.dues import MAX_DUES, NO_DUES, dues_of

AT = "{50%: warn, 80%: downgrade, 100%: fail}"
BUDGETS = "budgets:\n" + "".join(
    f"  - {{scope: {scope}, limit: 5 USD/day, at: {AT}}}\n" for scope in ("user", "department", "all")
)


def test_percents_between_thresholds_are_one_entry() -> None:
    """S6.09: three budgets at 30 percents each are 27,000 snapshots, and 63 different things to say of them."""
    plan = compile_policy(policy(BUDGETS), CATALOG, EXPRESSES)
    levels = range(0, 150, 5)
    seen = set()
    for percents in product(levels, repeat=3):
        used = zip(("user/day", "department/day", "all/day"), percents, strict=True)
        snapshot = Snapshot(used=tuple((key, percent * 10_000) for key, percent in used if percent >= 50))
        due = dues_of(plan, snapshot)
        fails = [percent >= 100 for percent in percents]
        assert [rule for rule, mask in due.entries if mask] == [
            rule
            for rule, failed in zip(("budget.user", "budget.department", "budget.all"), fails, strict=True)
            if failed
        ]
        seen.add(id(due))
    assert len(plan.dues) == 4**3 - 1
    assert len(plan.dues) < MAX_DUES
    assert id(plan.unowed) in seen
    assert len(seen) == 3**3  # to warn says nothing of a candidate


def test_what_limits_and_refusals_say_is_part_of_the_key() -> None:
    """The same budgets beside another limit, or with another refusal, are another thing."""
    plan = compile_policy(policy(BUDGETS), CATALOG, EXPRESSES)
    used = (("user/day", 1_000_000),)
    found = [
        dues_of(plan, snapshot).entries
        for snapshot in (
            Snapshot(used=used),
            Snapshot(used=used, limited=(("limit.user", ""),)),
            Snapshot(used=used, refused=(("budget.all", "openai/mini"),)),
            Snapshot(used=(("week/other", 1_000_000),)),
        )
    ]
    assert [[rule for rule, mask in entries if mask] for entries in found] == [
        ["budget.user"],
        ["limit.user", "budget.user"],
        ["budget.user", "budget.all"],
        [],
    ]


def test_a_policy_without_a_ceiling_owes_nothing() -> None:
    """What is not asked for is not paid for: all such callers share one empty object."""
    soft = compile_policy(policy(BUDGETS.replace("fail", "warn")), CATALOG, EXPRESSES)
    assert dues_of(soft, Snapshot()) is soft.unowed is NO_DUES
    hard = compile_policy(policy(BUDGETS), CATALOG, EXPRESSES)
    assert dues_of(hard, Snapshot()) is hard.unowed
