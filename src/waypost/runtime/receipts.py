"""A receipt as users read it: the folded record, with the plan found again by its fingerprints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from waypost.core.model import receipt as core
from waypost.core.model.decision import Decision, Flip, Proof
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.choose import taken_as_last
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

    def explain(self, format: str = "text", *, each: bool = False) -> str:
        """Every candidate, every failed rule, the smallest change that would have chosen otherwise, the cost against
        both baselines: ``text``, ``markdown`` or ``json``. Candidates that failed the same share a row unless ``each``.

        Raises:
            ValueError: another format.
        """
        from waypost.core.analysis.explain import explain  # only who reads a receipt pays for importing it

        plan = self._find_plan(self._record.policy_fingerprint, self._record.catalog_fingerprint)
        question = self._record.question
        return explain(
            self._record,
            self.proofs(),
            format=format,  # type: ignore[arg-type]
            each=each,
            flips=self.flips(),
            catalog=None if plan is None else plan.catalog.name,
            last=plan is not None and question is not None and taken_as_last(plan, question),
            rules=0 if plan is None else len(plan.policy.rules),
        )

    def proofs(self) -> tuple[Proof, ...]:
        """Each hop's decision, proved again; empty where the call was not decided."""
        return tuple(prove(*decided) for decided in self.decided())

    def flips(self) -> tuple[Flip, ...]:
        """Of each proof the smallest change of one number that would have chosen otherwise."""
        from waypost.core.policy.flip import minimal_flip  # only who explains a decision pays for it

        return tuple(minimal_flip(*decided) for decided in self.decided())

    def decided(self) -> Iterator[tuple[Plan, Question, Snapshot, Decision]]:
        """What each decision was made of, where policy and catalog are still to be had."""
        plan = self._find_plan(self._record.policy_fingerprint, self._record.catalog_fingerprint)
        if plan is None:
            return
        for hop in self._record.hops:
            question = hop.question or self._record.question
            if hop.decision is not None and hop.snapshot is not None and question is not None:
                yield plan, question, hop.snapshot, hop.decision
