"""The oracle by hand: the page's own numbers, worked out on paper, and the ways in which it is easily misread."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from generators_decision import make_case
from oracle.catalogs import catalog_of
from oracle.facts import View, estimated_cost, grid, lg, line_cost
from oracle.kleene import glob, truth
from oracle.modes import mode_of
from oracle.oracle import World, decide, host_matches
from waypost.core.model.decision import Source
from waypost.core.model.question import Context, Features, Origin, Question, Snapshot
from waypost.core.model.target import Price, Target
from waypost.core.policy.tree import And, Compare, Filter, ModeSpec, Not, Number, Or, Rank, Word

AT = Source("p.yaml", 1, 1)
ORIGIN = Origin("openai", "OpenAI", "api.openai.com", "openai", "openai")
QUESTION = Question("openai.chat", "gpt", False, ORIGIN, Features(1000, 100))
PRICE = Price("2025-01-01", 2_000_000_000, 8_000_000_000)
CHEAP = Target("openai/a", "openai", "a", "openai", context_window=8192, prices=(PRICE,), quality=500_000)
GOOD = replace(CHEAP, id="openai/b", model="b", quality=900_000, prices=())
CATALOG = catalog_of([GOOD, CHEAP])


def world(**parts: Any) -> World:
    """A policy of nothing but what is given, over two targets at the caller's own endpoint."""
    policy = make_case(Random(0), 1).world.policy
    plain: dict[str, Any] = {
        "rules": (),
        "filters": (),
        "scales": (),
        "match": None,
        "rank": Rank("best", (), AT),
        "cross_origin": "auto",
    }
    return World(replace(policy, **{**plain, **parts}), CATALOG, {"openai.chat": frozenset()})


def below(field: str, value: int) -> Compare:
    return Compare(field, "<", Number(value, "micro", "", AT), AT, f"{field} < {value}")


def test_grid() -> None:
    """Exact below 16; 16 to 32 in steps of two, 1024 to 2048 in steps of 128."""
    assert [grid(n) for n in (0, 1, 15, 16, 17, 18, 31, 32, 33, 37)] == [0, 1, 15, 16, 18, 18, 32, 32, 36, 40]
    assert [grid(n) for n in (1000, 1023, 1024, 1025, 1153, 200_000)] == [1024, 1024, 1024, 1152, 1280, 212_992]


def test_money_and_logarithm() -> None:
    """Half a nano-USD goes to the even neighbour; the logarithm is exact at powers of two and straight between."""
    assert [line_cost(1, price) for price in (499_999, 500_000, 1_500_000, 2_500_000)] == [0, 0, 2, 2]
    assert [lg(x) for x in (-5, 0, 1, 2, 3, 4, 6, 1024)] == [
        0,
        0,
        0,
        1_000_000,
        1_500_000,
        2_000_000,
        2_500_000,
        10_000_000,
    ]


def test_price_tiers() -> None:
    """A tier begins above its threshold, not on it, and one unknown price makes the cost unknown."""
    dear = replace(PRICE, input=4_000_000_000)
    target = replace(CHEAP, prices=(replace(PRICE, above=((1000, dear), (2000, replace(dear, output=None)))),))
    assert estimated_cost(target, 1000, 100) == 2_000_000 + 800_000
    assert estimated_cost(target, 1001, 100) == 4_004_000 + 800_000
    assert estimated_cost(target, 2001, 100) is None
    assert estimated_cost(GOOD, 1, 1) is None


def test_kleene() -> None:
    """False beats unknown in ``and``, true beats it in ``or``, and ``not`` keeps it."""
    view = View(CATALOG, QUESTION, Snapshot(), GOOD)
    yes, no, unknown = below("quality", 900_001), below("quality", 900_000), below("price.input", 1)
    assert [truth(p, view) for p in (yes, no, unknown)] == [True, False, None]
    assert truth(And((unknown, no), AT), view) is False
    assert truth(And((unknown, yes), AT), view) is None
    assert truth(Or((unknown, yes), AT), view) is True
    assert truth(Or((unknown, no), AT), view) is None
    assert truth(Not(unknown, AT), view) is None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "gpt-", True),
        ("gpt-?", "gpt-", False),
        ("*4*", "gpt-4o", True),
        ("gpt", "gpt-4o", False),
        ("[a-z]", "a", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("", "", True),
        ("GPT*", "gpt", False),
        ("a*b*c", "a/x\nb-c", True),
    ],
)
def test_glob(pattern: str, text: str, *, expected: bool) -> None:
    """Only ``*`` and ``?`` are special, over the whole text."""
    assert glob(pattern, text) is expected


def test_hosts_that_may_be_left() -> None:
    """A wildcard covers subdomains, never a host that merely ends in the same letters."""
    assert host_matches("gateway.corp.example", "gateway.corp.example")
    assert host_matches("*.corp.example", "a.b.corp.example")
    assert not host_matches("*.corp.example", "evilcorp.example")
    assert not host_matches("*.corp.example", "corp.example")
    assert not host_matches("corp.example", "a.corp.example")


def test_a_whole_decision() -> None:
    """The floor rejects one, the other is selected; every rule's name is listed for everyone it rejects."""
    floor = Compare("quality", ">=", Number(600_000, "micro", "0.6", AT), AT, "quality >= 0.6")
    price = Compare("price.input", "<", Number(9, "usd_per_mtok", "9", AT), AT, "price.input < 9")
    filters = tuple(Filter(c.text, c, None, None, AT) for c in (floor, price))
    decision = decide(world(filters=filters[:1]), QUESTION, Snapshot())
    assert (decision.selected, decision.order, decision.scores) == ("openai/b", ("openai/b",), (900_000,))
    assert decision.rejections == {"openai/a": ("quality >= 0.6",), "openai/b": ()}
    assert (decision.cause, decision.rule, decision.because) == ("policy", None, None)
    nobody = decide(world(filters=filters), QUESTION, Snapshot(), b"", ("openai/b",))
    assert nobody.rejections == {
        "openai/a": ("quality >= 0.6", "price.input < 9"),
        "openai/b": ("tried", "price.input < 9"),
    }
    assert nobody.names == ("tried", "quality >= 0.6", "price.input < 9")
    assert (nobody.selected, nobody.cause) == (None, "fallback")
    assert nobody.observed["openai/b", "price.input < 9"].value is None


def test_a_filter_applies_unless_its_condition_is_false() -> None:
    """An unknown ``when`` applies the filter, a false one does not."""
    never = Compare("quality", "<", Number(0, "micro", "0", AT), AT, "quality < 0")
    french = Compare("language", "==", Word("fr", AT), AT, "language == fr")
    bound = world(filters=(Filter("quality < 0", never, french, None, AT),))
    english = replace(QUESTION, features=replace(QUESTION.features, language="en"))
    assert decide(bound, QUESTION, Snapshot()).selected is None
    assert decide(bound, english, Snapshot()).selected == "openai/b"


def test_rank_by_preference_and_balance() -> None:
    """Unknown cost comes last under ``cheapest``; the balanced score is worked out by hand."""
    cheapest = replace(QUESTION, context=Context(preference="cost"))
    assert decide(world(), cheapest, Snapshot()).order == ("openai/a", "openai/b")
    assert decide(world(), cheapest, Snapshot()).scores == (1024 * 2000 + 104 * 8000, -1)
    balanced = decide(world(rank=Rank("balanced", (), AT)), QUESTION, Snapshot())
    cost = 1_000_000 - (lg(2_880_000) - lg(100)) * 1_000_000 // (lg(1_000_000_000) - lg(100))
    assert cost == 364_348
    assert dict(zip(balanced.order, balanced.scores, strict=True)) == {
        "openai/a": (400_000 * 500_000 + 400_000 * cost) // 1_000_000,
        "openai/b": 360_000,
    }


def test_modes() -> None:
    """A claim narrows, a grant under advise widens, ``auto`` routes, and a share splits route."""

    def mode(policy: str, asked: str | None, *, auto: bool = False, share: int = 1_000_000) -> str:
        spec = ModeSpec(policy, share, None, AT)  # type: ignore[arg-type]
        question = replace(QUESTION, auto=auto, context=Context(mode=asked))  # type: ignore[arg-type]
        return mode_of(world(mode=spec).policy, CATALOG, question, b"seed")[0]

    assert [mode("route", asked) for asked in (None, "off", "observe", "advise")] == [
        "route",
        "off",
        "observe",
        "advise",
    ]
    assert (mode("advise", "route"), mode("observe", "route"), mode("off", "route")) == ("route", "observe", "off")
    assert (mode("observe", None, auto=True), mode("route", "off", auto=True)) == ("route", "off")
    assert (mode("route", None, share=0), mode("route", "observe", share=999_999)) == ("advise", "observe")
