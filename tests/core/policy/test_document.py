"""Generated policies through their stored documents: nothing of their meaning is lost on the way."""

from __future__ import annotations

import json

import pytest

from generators_decision import cases
from waypost.core.model.canonical import canonical
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import policy_from_document, seal
from waypost.core.policy.tree import Policy
from waypost.core.policy.wrap import wrap
from waypost.errors import PolicyError


def rebuilt(made: Policy) -> Policy | None:
    """``None`` for what the generator makes and no file can say: empty lists, and words that a field never has.

    It also makes an ``and`` of one term, which reads back as that term, so that the document is another.
    """
    try:
        return policy_from_document(json.loads(canonical(made.document)), made.positions)  # type: ignore[arg-type]
    except PolicyError as error:
        return None if "the list is empty" in error.what or " is never " in error.what else pytest.fail(str(error))


def test_a_stored_policy_decides_as_the_one_that_was_stored() -> None:
    """S2.16: for every kind of select, budget, limit, affinity and claim that the generator makes."""
    seen: set[str] = set()
    read = refused = 0
    for case in cases(41, 600):
        made = seal(case.world.policy)
        again = rebuilt(made)
        if again is None or again.document != made.document:
            refused += 1
            continue
        read += 1
        assert again.fingerprint == made.fingerprint
        for name in ("select", "affinity", "budgets", "limits", "grants"):
            seen.update([name] if getattr(made, name) else [])
        before = compile_policy(made, case.world.catalog, case.world.expresses)
        after = compile_policy(again, case.world.catalog, case.world.expresses)
        for ask in case.asks:
            tried = frozenset(ask.tried)
            one = decide(before, ask.question, ask.snapshot, ask.seed, tried)
            other = decide(after, ask.question, ask.snapshot, ask.seed, tried)
            assert (other.selected, other.order, other.scores) == (one.selected, one.order, one.scores)
            assert (other.cause, other.aside, other.chance) == (one.cause, one.aside, one.chance)
    assert read > refused // 2 > 0
    assert {"select", "affinity", "budgets", "limits", "grants"} <= seen


def test_a_wrapped_policy_is_not_sealed_without_its_envelopes() -> None:
    """Wrapping in nothing is the policy itself, and its document has no envelopes."""
    case = next(iter(cases(42, 1)))
    made = seal(case.world.policy)
    assert wrap(made, ()) is made
    assert "envelopes" not in made.document
