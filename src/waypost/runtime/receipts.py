"""A receipt as users read it: the folded record, with the plan found again by its fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from waypost.core.model import receipt as core
from waypost.core.model.decision import Proof
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove

FindPlan = Callable[[str, str], Plan | None]
"""(policy fingerprint, catalog fingerprint) to the plan; ``None`` where either cannot be found any more."""


class Receipt:
    """Why a call was answered as it was, and what it cost.

    ``status`` is ``open`` until the call has been settled, then its outcome.
    """

    def __init__(self, record: core.Receipt, find_plan: FindPlan) -> None:
        self._record = record
        self._find_plan = find_plan

    def __repr__(self) -> str:
        return f"<Receipt {self.id} {self.status}>"

    @property
    def id(self) -> str:
        return self._record.id

    @property
    def status(self) -> str:
        return self._record.status

    def to_dict(self) -> dict[str, Any]:
        """The receipt as ``receipt/v1`` (``policies/receipt.schema.json``)."""
        return self._record.to_dict()

    def explain(self, format: str = "text") -> str:
        """Every candidate, every failed rule, the cost against both baselines: ``text``, ``markdown`` or ``json``."""
        from waypost.core.analysis.explain import explain  # only who reads a receipt pays for importing it

        return explain(self._record, self.proofs(), format=format)  # type: ignore[arg-type]

    def proofs(self) -> tuple[Proof, ...]:
        """Each hop's decision, proved again; empty where the call was not decided."""
        plan = self._find_plan(self._record.policy_fingerprint, self._record.catalog_fingerprint)
        if plan is None:
            return ()
        proofs = []
        for hop in self._record.hops:
            question = hop.question or self._record.question
            if hop.decision is not None and hop.snapshot is not None and question is not None:
                proofs.append(prove(plan, question, hop.snapshot, hop.decision))
        return tuple(proofs)
