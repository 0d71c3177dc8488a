"""Asking an advisor within a call: once, for so long, about whom the rules let through, and without harm."""

from __future__ import annotations

from typing import Any

import pytest

from policy_samples import SEED, plan, question
from waypost.core.model.advice import Advice
from waypost.core.model.events import InternalError
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import EMPTY_SNAPSHOT, Narrow, Question, Snapshot
from waypost.core.policy.plan import Plan
from waypost.core.routing import advising
from waypost.core.routing.advising import advised
from waypost.core.routing.effects import Consult, Tell

MS = 1_000_000
GOOD = Advice("heuristic", "heuristic/1", (("openai/big", 900_000),))


@dataclass(frozen=True, slots=True)
class Call:
    seed: bytes = SEED
    receipt: str = "wp_1"


@dataclass(frozen=True, slots=True)
class Routes:
    now: Any = lambda: 1_000 * MS


@dataclass(frozen=True, slots=True)
class Stage:
    """What of a stage the asking looks at."""

    plan: Plan
    question: Question
    call: Call = Call()
    routes: Routes = Routes()


def asked(body: str, about: Question, *, answer: Any = GOOD, deadline_ns: int | None = None) -> tuple[list[Any], Any]:
    """The effects of asking, and the advice that the stage has afterwards."""
    flow = advised(Stage(plan(body), about), EMPTY_SNAPSHOT, deadline_ns)  # type: ignore[arg-type]
    effects: list[Any] = []
    value = None
    while True:
        try:
            effects.append(flow.throw(value) if isinstance(value, Exception) else flow.send(value))
        except StopIteration as stop:
            return effects, stop.value.question.advice
        value = answer if isinstance(effects[-1], Consult) else None


def test_the_advice_becomes_part_of_the_question() -> None:
    """S1.38: one effect, with the name, the time and whom the rules let through."""
    effects, advice = asked("rank: {advisor: heuristic, within: 50 ms}\nfilter: [quality >= 0.9]\n", question())
    (consult,) = effects
    assert (consult.advisor, consult.within_ns) == ("heuristic", 50 * MS)
    assert [target.id for target in consult.inquiry.targets] == ["anthropic/opus", "openai/big"]
    assert advice is GOOD


@pytest.mark.parametrize(("left_ms", "within_ms"), [(1_000, 300), (20, 20)])
def test_it_never_takes_longer_than_the_call_has(left_ms: int, within_ms: int) -> None:
    """The policy's own time, or what is left of the call's."""
    effects, _ = asked("rank: heuristic\n", question(), deadline_ns=(1_000 + left_ms) * MS)
    assert effects[0].within_ns == within_ms * MS


def test_a_deadline_that_is_over_still_asks_for_an_instant() -> None:
    """A time below nothing is none; the advisor is to say so."""
    assert asked("rank: heuristic\n", question(), deadline_ns=1)[0][0].within_ns == 1


@pytest.mark.parametrize("only", [("openai/big",), ("nobody",)])
def test_nobody_is_asked_about_one_or_none(only: tuple[str, ...]) -> None:
    """There is nothing to choose, and the receipt says that."""
    effects, advice = asked("rank: heuristic\n", question(context={"narrow": Narrow(only=only)}))
    assert (effects, advice) == ([], Advice("heuristic", failure="unasked"))


def test_other_ranks_ask_nobody() -> None:
    """Not even for an effect."""
    assert asked("rank: best\n", question()) == ([], None)


def test_a_fault_of_ours_is_told_and_is_no_advice() -> None:
    """Whoever performs it raises: the call goes on without."""
    effects, advice = asked("rank: heuristic\n", question(), answer=RuntimeError("x"))
    assert isinstance(effects[1], Tell)
    assert effects[1].event == InternalError("advice", "RuntimeError", "wp_1")
    assert advice == Advice("heuristic", failure="error")


def test_equal_pools_are_one_object() -> None:
    """Advisors may remember by it."""
    made = plan("rank: heuristic\n")
    pools = [
        advising.inquiry_of(made, question(tokens=(n, 1)), Snapshot(at_ns=n), seed=SEED).targets for n in (10, 900)
    ]
    assert pools[0] is pools[1]
    assert len(pools[0]) == 4
