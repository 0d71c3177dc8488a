"""Envelopes: what an administrator's policy adds to another one, and that it only ever tightens."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import pytest

from policy_samples import CATALOG, EXPRESSES, SEED, names, policy, question
from waypost.core.model.canonical import fingerprint
from waypost.core.model.question import EMPTY_SNAPSHOT
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.document import seal
from waypost.core.policy.tree import Budget, Limit, Policy
from waypost.core.policy.wrap import wrap, wrapped

OWN = policy("filter: [quality >= 0.4]\nmatch: user == ana\n", file="own.yaml")
AT = OWN.at
Thresholds: TypeAlias = "tuple[tuple[int, str], ...]"


def envelope(body: str = "", name: str = "house", **facts: object) -> Policy:
    """An envelope with this body and these facts."""
    made = replace(policy(body, file="house.yaml"), name=name, envelope=True, **facts)  # type: ignore[arg-type]
    return seal(made)


def own(**facts: object) -> Policy:
    return seal(replace(OWN, **facts))  # type: ignore[arg-type]


def test_without_envelopes_nothing_changes() -> None:
    """The very same policy, so that nobody's fingerprint moves."""
    assert wrap(OWN, ()) is OWN


def test_lines_come_after_the_policys_own_and_hold_under_the_envelopes_match() -> None:
    """Two envelopes in order; a `when` is and-ed with `match`, and what is unknown applies (S6.14)."""
    one = envelope(
        "match: department == rd\nfilter: [region == eu, {rule: price.input <= 10 USD/MTok, when: auto == true}]\n"
    )
    two = envelope("filter: [quality >= 0.9]\n", "other")
    made = wrap(OWN, (one, two))
    assert [line.name for line in made.filters] == [
        "quality >= 0.4", "region == eu", "price.input <= 10 USD/MTok", "quality >= 0.9",
    ]  # fmt: skip
    assert (made.name, made.envelope, made.rules, made.rank, made.match) == (
        "sample", False, OWN.rules, OWN.rank, OWN.match,
    )  # fmt: skip
    plan = compile_policy(made, CATALOG, EXPRESSES)
    found = decide(plan, question(), EMPTY_SNAPSHOT, SEED, frozenset())
    assert {name: names(CATALOG, mask) for name, mask in found.rejections} == {
        "quality >= 0.4": ["groq/fast"],
        "region == eu": ["groq/fast", "openai/big", "openai/mini"],
        "price.input <= 10 USD/MTok": ["openai/big"],
        "quality >= 0.9": ["groq/fast", "openai/mini"],
    }
    asked = question(context={"department": "hr"})
    elsewhere = decide(plan, asked, EMPTY_SNAPSHOT, SEED, frozenset())
    assert [name for name, _ in elsewhere.rejections] == ["quality >= 0.4", "quality >= 0.9"]


def test_the_document_holds_those_of_its_envelopes() -> None:
    """It is what is fingerprinted, in order, and the places of the envelopes' lines are kept beside it."""
    one, two = envelope("filter: [region == eu]\n"), envelope("filter: [quality >= 0.9]\n", "other")
    made = wrap(OWN, (one, two))
    assert dict(made.document) == {**OWN.document, "envelopes": [one.document, two.document]}
    assert made.fingerprint == fingerprint(made.document)  # type: ignore[arg-type]
    assert len({made.fingerprint, OWN.fingerprint, wrap(OWN, (two, one)).fingerprint}) == 3
    assert made.positions["filter.0"] == OWN.positions["filter.0"]
    assert made.positions["envelopes.1.filter.0"] == two.positions["filter.0"]
    assert made.sources == (*OWN.sources, *(one.sources if one.sources != OWN.sources else ()))
    assert wrap(OWN, (one, two)) == made


@pytest.mark.parametrize(
    ("own_limit", "own_at", "their_limit", "their_at", "whose"),
    [
        (5, ((1_000_000, "warn"),), 10, ((1_000_000, "fail"),), "theirs"),  # a ceiling is not lost to a warning
        (10, ((1_000_000, "fail"),), 5, ((1_000_000, "warn"),), "own"),
        (10, ((500_000, "fail"),), 6, ((1_000_000, "fail"),), "own"),  # fails at 5, not at 6
        (10, ((800_000, "downgrade"), (1_000_000, "fail")), 9, ((1_000_000, "fail"),), "theirs"),
        (10, ((1_000_000, "warn"),), 9, ((1_000_000, "warn"),), "theirs"),
        (10, ((1_000_000, "fail"),), 10, ((1_000_000, "fail"),), "own"),
    ],
)
def test_of_two_budgets_the_tighter_stands(
    own_limit: int, own_at: Thresholds, their_limit: int, their_at: Thresholds, whose: str
) -> None:
    """S5.01: a policy cannot widen what its envelope fails at, whatever it calls its own limit."""
    mine = Budget("user", own_limit, "day", own_at, AT)
    theirs = Budget("user", their_limit, "day", their_at, AT)
    made = wrap(own(budgets=(mine,)), (envelope(budgets=(theirs,)),))
    assert made.budgets == ((mine if whose == "own" else theirs),)


def test_budgets_and_limits_are_added_and_the_smaller_stands() -> None:
    """By key, at the policy's own place; a limit per hour is compared with one per minute by its rate."""
    mine = (Budget("user", 100, "day", ((1, "warn"),), AT), Budget("user", 9, "week", (), AT))
    theirs = (
        Budget("all", 7, "day", (), AT),
        Budget("user", 99, "day", ((2, "warn"),), AT),
        Budget("user", 9, "week", ((3, "warn"),), AT),
    )
    limits = (Limit("user", "requests", 60, 3_600, AT), Limit("all", "tokens", 5, 1, AT))
    others = (
        Limit("user", "requests", 2, 60, AT),
        Limit("all", "tokens", 4, 1, AT),
        Limit("target", "tokens", 1, 1, AT),
    )
    made = wrap(own(budgets=mine, limits=limits), (envelope(budgets=theirs, limits=others),))
    assert made.budgets == (theirs[1], mine[1], theirs[0])
    assert made.limits == (limits[0], others[1], others[2])


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        (None, None, None),
        (None, ("only", "mode"), ("only", "mode")),
        (("mode", "only"), None, ("mode", "only")),
        (("mode", "models", "only"), ("only", "mode"), ("mode", "only")),
        (("mode",), (), ()),
    ],
)
def test_grants_are_intersected(mine: object, theirs: object, expected: object) -> None:
    """Nothing written grants all; an empty list grants nothing (S5.01)."""
    assert wrap(own(grants=mine), (envelope(grants=theirs),)).grants == expected


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ((), ("a.example",), ()),
        (("a.example",), (), ("a.example",)),
        (("a.example", "b.example"), ("b.example",), ("b.example",)),
        (("*.corp.example",), ("a.corp.example", "x.example"), ("a.corp.example",)),
        (("a.corp.example", "*.x.example"), ("*.corp.example", "*.y.x.example"), ("a.corp.example", "*.y.x.example")),
        (("a.example",), ("b.example",), ()),
    ],
)
def test_hosts_that_may_be_left_are_intersected(mine: object, theirs: object, expected: object) -> None:
    """Of two entries of which one covers the other, the narrower; an envelope never lets anybody leave."""
    assert wrap(own(leave=mine), (envelope(leave=theirs),)).leave == expected


def test_the_stricter_stands() -> None:
    """`cross_origin: never` of either, and the `privacy` that keeps less."""
    assert wrap(OWN, (envelope("cross_origin: never\n"),)).cross_origin == "never"
    assert wrap(own(cross_origin="never"), (envelope(),)).cross_origin == "never"
    assert wrap(OWN, (envelope(),)).cross_origin == "auto"
    for mine, theirs, expected in (
        ("full", "hash", "hash"),
        ("none", "full", "none"),
        ("redacted", "full", "redacted"),
    ):
        assert wrap(own(content=mine), (envelope(content=theirs),)).content == expected


def test_content_is_kept_for_the_shorter_time() -> None:
    """An envelope shortens and never lengthens, and what is usual counts where a policy says nothing."""
    day = 86_400 * 10**9
    for mine, theirs, expected in (
        (None, None, None),
        (90 * day, None, 90 * day),
        (90 * day, 7 * day, 7 * day),
        (7 * day, 90 * day, 7 * day),
        (None, 7 * day, 7 * day),
        (None, 90 * day, None),
    ):
        assert wrap(own(content_for_ns=mine), (envelope(content_for_ns=theirs),)).content_for_ns == expected


def test_who_can_be_chosen() -> None:
    """Envelopes hold in every other policy, and are none themselves."""
    house = envelope("filter: [region == eu]\n")
    other = own(name="other")
    made = wrapped((OWN, house, other))
    assert made == (wrap(OWN, (house,)), wrap(other, (house,)))
    assert wrapped((OWN, other)) == (OWN, other)
