"""Why not this target: everything that stands in its way, and the one number that would let it win (S6.03, S6.04)."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy_samples import CATALOG, EXPRESSES, SEED, catalog, plan, policy, question, target
from waypost.core.model.decision import Rejection
from waypost.core.model.question import EMPTY_SNAPSHOT, Narrow, Override, Question, Snapshot
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.plan import Plan
from waypost.core.policy.why_not import WhyNot, required, why_not
from waypost.runtime.documents import load_policy


def ask(
    made: Plan, name: str, asked: Question | None = None, world: Snapshot = EMPTY_SNAPSHOT, tried: tuple[str, ...] = ()
) -> WhyNot:
    asked = asked or question()
    return why_not(made, asked, world, decide(made, asked, world, SEED, frozenset(tried)), name)


def texts(found: WhyNot) -> list[str]:
    return [change.text for change in found.together]


def test_the_selected_has_nothing_in_its_way() -> None:
    """Whoever asks about the winner is told that it won."""
    found = ask(plan("rank: cheapest\n"), "groq/fast")
    assert (found.state, found.selected) == ("selected", "groq/fast")
    assert (found.ahead, found.together, found.single.kind) == ((), (), "none")


def test_a_standby_and_the_number_that_it_lacks() -> None:
    """S6.04: whoever comes before it, and what would put it first."""
    found = ask(plan("filter: [quality >= 0.4]\nrank: best\n"), "openai/big")
    assert (found.state, found.rejections) == ("standby", ())
    assert found.ahead == (("anthropic/opus", "quality 0.92 > 0.9"),)
    assert (found.single.what, found.single.to_text, found.single.selected) == (
        "quality of anthropic/opus",
        "0.899999",
        "openai/big",
    )


def test_a_rejected_one_that_one_line_keeps_out() -> None:
    """The line with its place, where moving it alone suffices."""
    found = ask(plan("filter:\n  - quality >= 0.5\nrank: cheapest\n"), "openai/mini")
    assert [row.rule for row in found.rejections] == ["quality >= 0.5"]
    assert found.ahead == ()
    assert (found.single.kind, found.single.to_text, str(found.single.source)) == ("limit", "0.42", "p.yaml:4:5")
    assert found.together == ()


def test_all_that_must_change_together() -> None:
    """Where no single number suffices, one change for each rule that it failed, and its rank."""
    asked = question("tools", credentials=("openai", "anthropic"))
    body = (
        "rules: [{name: strong, use: powerful}]\nfilter:\n  - quality >= 0.8 or region == eu\n  - retention == none\n"
    )
    found = ask(plan(body + "rank: best\n"), "groq/fast", asked)
    assert (found.state, found.selected, found.single.kind) == ("rejected", "anthropic/opus", "none")
    assert texts(found) == [
        "there must be a key for groq",
        "it must support tools",
        "the list of rule strong must have it",
        "quality must be >= 0.8, it is 0.3 or region must be == eu, it is not known",
        "retention must be == none, it is not known",
        "it must rank before anthropic/opus, which has quality 0.92 > 0.3",
    ]
    assert [str(change.source) for change in found.together][2:5] == ["p.yaml:3:9", "p.yaml:5:5", "p.yaml:6:5"]


def test_a_rule_that_comes_by_extends_is_answered_by_an_own_one(tmp_path: Path) -> None:
    """Nobody should be sent to edit a file of the package."""
    (tmp_path / "house.yaml").write_text(
        "waypost: policy/v1\nname: house\nrules: [{name: hard, when: streaming == false, use: powerful}]\n", "utf-8"
    )
    own = tmp_path / "own.yaml"
    own.write_text("waypost: policy/v1\nname: own\nextends: house\n", "utf-8")

    found = ask(compile_policy(load_policy(own, catalog=CATALOG), CATALOG, EXPRESSES), "openai/mini")

    assert texts(found) == [f"a rule of your own before hard, in {own}, must use it alone when `streaming == false`"]
    assert str(found.together[0].source) == f"{tmp_path / 'house.yaml'}:3:9"


def test_several_that_come_before_it() -> None:
    """A standby far down names the first and counts the others."""
    table = catalog(*(target(f"openai/m{at}", quality=1_000_000, price=(at + 1, 0)) for at in range(4)))
    found = ask(compile_policy(policy("rank: best\n", table=table), table, EXPRESSES), "openai/m3")
    assert [name for name, _ in found.ahead] == ["openai/m0", "openai/m1", "openai/m2"]
    assert texts(found) == ["it must rank before openai/m0 and 2 more, which has equal; openai/m0 comes first by id"]


def test_what_an_earlier_attempt_and_a_forced_target_ask_for() -> None:
    """S3.29: an override and a failure in the same call are in the way, too."""
    forced = Override("ov_1", "openai/big", "ops", "outage", 9)
    found = ask(plan(), "openai/mini", question(override=forced))
    assert texts(found)[0] == "the override that forces openai/big must end"
    assert len(found.together) == 2
    found = ask(plan("rank: cheapest\n"), "groq/fast", tried=("groq/fast",))
    assert (found.state, texts(found)) == ("tried", ["it must not have failed already in this call"])


REQUIRED = [
    (("cross_origin", "endpoint", "==", "groq", "openai"), "the call must be allowed to leave openai"),
    (("dialect", "dialect", "in", "x.y", "those"), "something here must speak x.y"),
    (("breaker", "target", "==", "open", "closed"), "its breaker must be closed"),
    (("call.only", "target", "in", "a/b", "[c]"), "the call's only must name it, not only [c]"),
    (("call.ignore", "target", "not in", "a/b", "[b]"), "the call's ignore must not name it by [b]"),
    (("call.max_price", "price.input", "<=", "$5/MTok", "$1/MTok"), "price.input must be <= $1/MTok, it is $5/MTok"),
    (("limit.user", "requests", "<", "reached", "5 requests per s"), "limit.user must let it through"),
    (("budget.x", "", "", "", ""), "budget.x must let it through"),
    (("x", "capabilities", "has", "[a]", "tools"), "capabilities must have tools"),
    (("x", "capabilities", "has no", "[a]", "a"), "capabilities must have no a"),
    (("need.context_window", "context_window", ">=", "1", "2"), "context_window must be >= 2, it is 1"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), REQUIRED, ids=[expected for _, expected in REQUIRED])
def test_each_rule_asks_for_something(row: tuple[str, str, str, str, str], expected: str) -> None:
    """In words that can be acted on."""
    assert required(Rejection(*row)) == expected


def test_a_claim_stands_in_the_way() -> None:
    """S5.01: what the call itself said is said back."""
    found = ask(plan(), "groq/fast", question(context={"narrow": Narrow(only=("openai", "anthropic"))}))
    assert texts(found)[0] == "the call's only must name it, not only [openai, anthropic]"


def test_a_target_that_is_not_there() -> None:
    """The caller resolves names; an unknown id is an error of its own."""
    with pytest.raises(KeyError):
        ask(plan(), "openai/nobody")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["cheapest", "best", "fastest", "balanced", "{quality: 0.7, cost: 0.3}"]))
def test_the_single_change_is_true_for_whom_it_is_asked(seed: int, rank: str) -> None:
    """Whoever is asked about is selected by the change; the winner is the only one without a reason."""
    rng = Random(seed)
    lines = rng.sample(["quality >= 0.5", "price.input <= 5 USD/MTok", "context_window >= 100k", "region != eu"], 2)
    made = plan("filter: [" + ", ".join(lines) + f"]\nrank: {rank}\n")
    asked = question(tokens=(rng.choice((10, 9_000)), 20))
    for one in CATALOG.targets:
        found = ask(made, one.id, asked)
        if found.state == "selected":
            assert not found.rejections
            continue
        assert (found.single.selected == one.id) is (found.single.kind != "none")
        assert bool(found.together) is (found.single.kind == "none")
        assert found.rejections or found.ahead


def test_it_says_who_ranks_before_it_even_where_chance_took_another() -> None:
    """S2.20: the selected comes first with what really decided."""
    made: Any = policy("rank: cheapest\nselect: {canary: {target: openai/big, share: 100%}}\n")
    ready = compile_policy(made, CATALOG, EXPRESSES)
    found = ask(ready, "openai/mini")
    assert found.selected == "openai/big"
    assert found.ahead == (
        ("openai/big", "taken by canary 100%"),
        ("groq/fast", "estimated.cost $0.0000114 < $0.0000216"),
    )
