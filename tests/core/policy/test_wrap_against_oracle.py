"""A policy inside of envelopes, and a call without the claims that are not granted, as the oracle makes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from generators_decision import Case, cases
from oracle import envelopes as slow
from oracle.differential import Engine, mismatch, told
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.tree import Policy
from waypost.core.policy.wrap import wrap
from waypost.core.routing.narrow import CLAIMS, withhold

SEED = 321
COUNT = 1_000
ENGINE = Engine(compile_policy, decide)
NO_ENVELOPE = {"rules": (), "select": None, "affinity": None, "tiers": (), "aliases": ()}


def documented(policy: Policy) -> Policy:
    """With a document to be fingerprinted."""
    return replace(policy, document={"waypost": "policy/v1", "name": policy.name, "is": policy.fingerprint})


def envelope_of(policy: Policy, rng: Random) -> Policy:
    """What is left of a policy that only narrows."""
    leave = rng.choice((policy.leave, ("*.example",), ("*.y.corp.example", "corp.example"), ()))
    smaller = tuple(replace(b, limit_nano_usd=rng.choice((1, 5_000_000_000, 10**12))) for b in policy.budgets)
    limits = tuple(replace(each, amount=rng.choice((1, 60, 61, 3600)), per_ns=10**9) for each in policy.limits)
    parts: dict[str, Any] = {**NO_ENVELOPE, "leave": leave, "budgets": smaller, "limits": limits}
    parts["cross_origin"] = rng.choice(("auto", "auto", "auto", "never"))
    return documented(replace(policy, envelope=True, **parts))


def enveloped() -> Iterator[tuple[Case, list[Policy]]]:
    """Cases with one or two envelopes, their policies documented."""
    rng = Random(SEED)
    for case in cases(SEED, COUNT):
        if case.others:
            world = replace(case.world, policy=documented(case.world.policy))
            yield replace(case, world=world), [envelope_of(other, rng) for other in case.others]


def test_policies_in_envelopes() -> None:
    """S6.12: every part of the wrapped policy is the oracle's, down to its fingerprint, and so is each decision."""
    seen: Counter[str] = Counter()
    for case, envelopes in enveloped():
        policy = case.world.policy
        found, expected = wrap(policy, envelopes), slow.wrap(policy, envelopes)
        for name in ("budgets", "limits", "cross_origin", "content", "document", "fingerprint", "rules", "select"):
            assert getattr(found, name) == getattr(expected, name), name
            seen[name] += getattr(found, name) != getattr(policy, name)
        for name in ("leave", "grants"):
            one, other = getattr(found, name), getattr(expected, name)
            assert (one is None, set(one or ())) == (other is None, set(other or ())), name
            seen[name] += one != getattr(policy, name)
        assert [line.name for line in found.filters] == [line.name for line in expected.filters]
        seen["filters"] += found.filters != policy.filters
        engine = replace(ENGINE, compile_policy=lambda _, *rest, found=found: compile_policy(found, *rest))
        difference = mismatch(replace(case, world=replace(case.world, policy=expected)), engine)
        if difference is not None:
            pytest.fail(f"{difference}\n{told(case)}", pytrace=False)
    changed = ("budgets", "limits", "cross_origin", "content", "fingerprint", "leave", "grants", "filters")
    assert not [name for name in changed if seen[name] < 5], seen


def test_a_policy_without_envelopes_is_itself() -> None:
    """Nothing is added, not even an empty list of envelopes, so the fingerprint stays."""
    for case in cases(SEED, 20):
        assert wrap(case.world.policy, ()) is case.world.policy


def test_claims_that_are_not_granted() -> None:
    """S5.01: what a policy does not grant is gone from the question and listed; what it grants stays."""
    seen: Counter[str] = Counter()
    for case in cases(SEED + 1, COUNT):
        grants = case.world.policy.grants
        for ask in case.asks:
            expected = slow.granted(case.world.policy, ask.question)
            refused = [claim for claim in CLAIMS if grants is not None and claim not in grants]
            assert withhold(ask.question, refused) == expected
            seen.update(expected.withheld)
    assert set(seen) == set(CLAIMS)
