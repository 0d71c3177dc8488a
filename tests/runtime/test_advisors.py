"""Advisors by name: found by file or entry point, waited for, and left alone where they fail (DESIGN §2, S1.38)."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policy_samples import BIG, MINI, SEED, plan, question
from waypost import policy as policies
from waypost.core.model.advice import Advice
from waypost.core.model.inquiry import Inquiry, Opinion
from waypost.core.model.question import EMPTY_SNAPSHOT, Context, Features
from waypost.core.routing.advising import consults, inquiry_of
from waypost.core.routing.effects import Consult
from waypost.errors import PolicyError, SettingsError
from waypost.runtime import advisors
from waypost.runtime.advisors import PATIENCE, REST_NS, Counsel
from waypost.runtime.context import suppressed

CALL = Consult("mine", Inquiry(Features(10, 10), Context(), (), False, (BIG, MINI)), 50_000_000)
GOOD = Opinion((("openai/mini", 900_000), ("openai/big", 100_000)), "because\n  I\x00say\tso")


class Mine:
    """An advisor of a test's own. It is told the inquiries and the modes."""

    version = "mine/1"

    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer
        self.told: list[tuple[Inquiry, int, str]] = []

    def advise(self, inquiry: Inquiry, within_ns: int, mode: str) -> Any:
        self.told.append((inquiry, within_ns, mode))
        return self.answer()


class Clock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 10**12

    def __call__(self) -> int:
        return self.now


async def later(answer: Any, after: float = 0.0) -> Any:
    await asyncio.sleep(after)
    if isinstance(answer, Exception):
        raise answer
    return answer


def failing(error: Exception) -> Any:
    raise error


async def cancelled_inside() -> None:
    """A task of the advisor's own is cancelled, not the call."""
    task = asyncio.ensure_future(asyncio.sleep(10))
    asyncio.get_running_loop().call_soon(task.cancel)
    await task


async def said(answer: Callable[[], Any], mode: str, lost: list[Exception] | None = None) -> Advice:
    """What counts of one answer, in either mode."""
    errors: list[Exception] = [] if lost is None else lost
    found = Counsel("mine", Mine(answer)).ask(CALL, mode, errors.append)  # type: ignore[arg-type]
    return found if isinstance(found, Advice) else await found


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_an_answer_is_kept_with_its_reason(mode: str) -> None:
    """The best first; the reason on one line, without control characters."""
    found = await said(lambda: GOOD, mode)
    assert replace(found, took_ns=0) == Advice(
        "mine", "mine/1", (("openai/mini", 900_000), ("openai/big", 100_000)), because="because I say so"
    )


async def test_an_awaitable_is_awaited() -> None:
    """In mode async the advisor may wait for a network."""
    assert (await said(lambda: later(GOOD), "async")).picks == GOOD.picks


@pytest.mark.parametrize(
    ("mode", "answer", "failure"),
    [
        ("sync", lambda: failing(RuntimeError("secret")), "error"),
        ("async", lambda: later(RuntimeError("secret")), "error"),
        ("sync", lambda: failing(ValueError("secret")), "error"),
        ("async", lambda: later(TypeError("secret")), "error"),
        ("async", lambda: later(GOOD, 5.0), "timeout"),
        ("sync", lambda: failing(TimeoutError()), "timeout"),
        ("sync", lambda: {"openai/mini": 1}, "malformed"),
        ("sync", lambda: Opinion((("openai/mini", 0.5),)), "malformed"),  # type: ignore[arg-type]
        ("sync", lambda: Opinion(5), "malformed"),  # type: ignore[arg-type]
        ("sync", lambda: Opinion((), 5), "malformed"),  # type: ignore[arg-type]
        ("sync", lambda: later(GOOD), "malformed"),
        ("async", lambda: later(None), "malformed"),
        ("sync", lambda: Opinion((("groq/fast", 900_000),)), "empty"),
        ("sync", lambda: failing(asyncio.CancelledError()), "error"),  # type: ignore[arg-type]
        ("async", lambda: failing(asyncio.CancelledError()), "error"),  # type: ignore[arg-type]
        ("async", lambda: cancelled_inside(), "error"),
        ("sync", lambda: failing(SystemExit(3)), "error"),  # type: ignore[arg-type]
        ("sync", lambda: Opinion(itertools.repeat(("groq/fast", 1))), "empty"),  # type: ignore[arg-type]
    ],
)
async def test_whatever_goes_wrong_is_an_advice_that_says_so(
    mode: str, answer: Callable[[], Any], failure: str
) -> None:
    """Nothing of an advisor's reaches the caller; who is not among those asked about counts for nothing."""
    lost: list[Exception] = []
    found = await said(answer, mode, lost)
    assert (found.failure, found.picks) == (failure, ())
    assert len(lost) == (failure != "empty")


async def test_a_call_that_is_cancelled_stays_cancelled() -> None:
    """The caller's own cancellation is nobody's failure: it goes on to the caller."""
    task = asyncio.ensure_future(said(lambda: later(GOOD, 10.0), "async"))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("mode", ["sync", "async"])
async def test_what_an_advisor_asks_is_not_routed(mode: str) -> None:
    """A judge that asks a model by one of the SDKs would else ask itself, without end."""
    seen: list[bool] = []

    async def judge() -> Any:
        seen.append(suppressed())
        return GOOD

    await said((lambda: seen.append(suppressed()) or GOOD) if mode == "sync" else judge, mode)
    assert (seen, suppressed()) == ([True], False)


def test_a_dead_advisor_is_left_alone() -> None:
    """After so many failures in a row it is not asked for a while; then one call asks, and one success forgives."""
    clock, mine = Clock(), Mine(lambda: failing(RuntimeError()))
    counsel = Counsel("mine", mine, clock)

    def ask() -> Any:
        found = counsel.ask(CALL, "sync", lambda _: None)
        assert isinstance(found, Advice)
        return found.failure

    assert [ask() for _ in range(PATIENCE + 2)] == ["error"] * PATIENCE + ["resting"] * 2
    clock.now += REST_NS
    assert [ask(), ask()] == ["error", "resting"]
    clock.now += REST_NS
    mine.answer = lambda: GOOD
    assert [ask(), ask()] == [None, None]
    mine.answer = lambda: failing(RuntimeError())
    assert [ask() for _ in range(PATIENCE)] == ["error"] * PATIENCE


def test_while_one_call_asks_again_the_others_do_without() -> None:
    """A slow failure after the rest costs one call, not all that come meanwhile."""
    clock = Clock()
    during: list[Any] = []

    def answer() -> Any:
        if len(mine.told) > PATIENCE:
            during.append(counsel.ask(CALL, "sync", lambda _: None))
        return failing(RuntimeError())

    mine = Mine(answer)
    counsel = Counsel("mine", mine, clock)
    for _ in range(PATIENCE):
        counsel.ask(CALL, "sync", lambda _: None)
    clock.now += REST_NS
    counsel.ask(CALL, "sync", lambda _: None)
    assert [one.failure for one in during] == ["resting"]


def test_who_answers_late_is_used_and_counted() -> None:
    """In mode sync nobody can cut it short; what was waited for is not thrown away."""
    clock = Clock()

    def slow() -> Opinion:
        clock.now += 51_000_000
        return GOOD

    mine = Mine(slow)
    counsel = Counsel("mine", mine, clock)
    found = [counsel.ask(CALL, "sync", lambda _: None) for _ in range(PATIENCE + 1)]
    assert [one.failure for one in found if isinstance(one, Advice)] == [None] * PATIENCE + ["resting"]
    assert isinstance(found[0], Advice)
    assert (found[0].picks, found[0].took_ns) == (GOOD.picks, 51_000_000)


async def test_a_cancelled_call_is_cancelled() -> None:
    """S1: cancellation is nobody's failure; it passes through."""
    counsel = Counsel("mine", Mine(lambda: later(GOOD, 5.0)))
    asked = counsel.ask(replace(CALL, within_ns=5 * 10**9), "async", lambda _: None)
    assert not isinstance(asked, Advice)
    task = asyncio.ensure_future(asked)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert counsel.failures == 0


def test_nobody_of_that_name() -> None:
    """A policy that came past the loader: told, and the advice says so."""
    lost: list[Exception] = []
    assert advisors.ask(replace(CALL, advisor="nobody"), "sync", lost.append) == Advice("nobody", failure="missing")
    assert isinstance(lost[0], LookupError)


MODULE = """
from waypost.advisors import Inquiry, Opinion

class Best:
    version = "best/7"
    local = {local}

    def advise(self, inquiry: Inquiry, within_ns: int, mode: str) -> Opinion:
        return Opinion(tuple((one.id, one.quality or 0) for one in inquiry.targets), "the best rated")

ready = Best()
broken = 5
"""
POLICY = "waypost: policy/v1\nname: p\nrank: {rank}\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a distribution with these entry points for one test."""

    def install(local: bool = True, **points: str) -> None:
        name = f"advisors_of_{tmp_path.name.replace('-', '_')}"
        site = tmp_path / "site"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(MODULE.format(local=local))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [f"{point} = {name}:{value}" for point, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{advisors.GROUP}]", *lines]) + "\n")
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.setattr(advisors, "_found", {})

    yield install  # type: ignore[misc]
    for name in [name for name in sys.modules if name.startswith("advisors_of_")]:
        del sys.modules[name]


def load(tmp_path: Path, rank: str) -> Any:
    path = tmp_path / "p.yaml"
    path.write_text(POLICY.format(rank=rank))
    return policies.load(path)


@pytest.mark.parametrize("point", ["Best", "ready"])
def test_an_entry_point_is_an_advisor(tmp_path: Path, installed: Callable[..., None], point: str) -> None:
    """A class or an object of another distribution; no list of ours is edited."""
    installed(**{"best-of-all": point})
    loaded = load(tmp_path, "best-of-all")
    assert (loaded[0].rank.strategy, loaded[0].rank.advisor, loaded[0].rank.behind) == (
        "advisor", "best-of-all", "balanced",
    )  # fmt: skip
    verdict = loaded.decide(only=["openai/gpt-4o", "openai/gpt-4o-mini"])
    assert verdict.decision.cause == "advisor"
    assert (verdict.question.advice.version, verdict.question.advice.because) == ("best/7", "the best rated")
    assert verdict.selected == "openai/gpt-4o"


def test_an_unknown_advisor_is_an_error_with_the_nearest_name(tmp_path: Path, installed: Callable[..., None]) -> None:
    """Where it stands, what is installed, and how to come by another."""
    installed(mine="Best")
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, "{advisor: mines}")
    assert caught.value.where.endswith("p.yaml:3:17")
    assert str(caught.value).endswith(
        "unknown advisor 'mines'; did you mean 'mine'?; an advisor comes with the package that has an entry point "
        "'mines' in the group waypost.advisors"
    )


@pytest.mark.parametrize(("point", "why"), [("broken", "has no method `advise`"), ("Absent", "AttributeError")])
def test_an_advisor_that_cannot_be_made_is_an_error(
    tmp_path: Path, installed: Callable[..., None], point: str, why: str
) -> None:
    """At load, so that no call is the first to find out."""
    installed(mine=point)
    with pytest.raises(PolicyError, match="the advisor 'mine' cannot be used") as caught:
        load(tmp_path, "mine")
    assert why in str(caught.value)


def test_a_dry_run_asks_only_who_sends_nothing(tmp_path: Path, installed: Callable[..., None]) -> None:
    """Of any other it is said that it was not asked; its advice can be given."""
    installed(local=False, remote="Best")
    loaded = load(tmp_path, "{advisor: remote, else: cheapest}")
    verdict = loaded.decide(only=["openai/gpt-4o", "openai/gpt-4o-mini"])
    assert (verdict.question.advice, verdict.decision.rank) == (None, "cheapest")
    assert "none of remote: a dry run asks no advisor that may send something" in verdict.explain()
    given = loaded.decide(only=["openai/gpt-4o", "openai/gpt-4o-mini"], advice={"openai/gpt-4o": 0.9})
    assert (given.selected, given.decision.cause) == ("openai/gpt-4o", "advisor")
    assert given.decision.scores == (900_000, -1)


@pytest.mark.parametrize(
    ("advice", "picks"),
    [
        ({"openai/gpt-4o": 0.9, "openai/o3": "0.95"}, (("openai/o3", 950_000), ("openai/gpt-4o", 900_000))),
        (["openai/o3", "openai/gpt-4o"], (("openai/o3", 1_000_000), ("openai/gpt-4o", 990_000))),
        ("openai/gpt-4o=0.5,openai/o3=1", (("openai/o3", 1_000_000), ("openai/gpt-4o", 500_000))),
        ("openai/o3, openai/gpt-4o", (("openai/o3", 1_000_000), ("openai/gpt-4o", 990_000))),
    ],
)
def test_ways_to_write_an_advice(tmp_path: Path, advice: Any, picks: tuple[tuple[str, int], ...]) -> None:
    """Scores by target, or targets from the best to the worst; in Python and as a flag."""
    assert load(tmp_path, "heuristic").decide(advice=advice).question.advice == Advice("heuristic", "given", picks)


@pytest.mark.parametrize(
    ("advice", "said"),
    [
        ({"openai/gpt-4o": 1.5}, "the advice for openai/gpt-4o is '1.500000'; write a score from 0 to 1: 0.85"),
        ({"openai/gpt-4o": None}, "the advice for openai/gpt-4o is 'None'; write a score from 0 to 1: 0.85"),
        (["openai/gpt-4oo"], "unknown target 'openai/gpt-4oo'; did you mean 'openai/gpt-4o'?"),
        ([5], "5 is no name of a target; write provider/model"),
        ("openai/gpt-4o=1,openai/o3", "'openai/o3' has no score; give all a score, or none: a=0.9,b=0.7"),
        ("timeot", "unknown target 'timeot'"),
    ],
)
def test_an_advice_that_cannot_be_read(tmp_path: Path, advice: Any, said: str) -> None:
    """What and the remedy."""
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, "heuristic").decide(advice=advice)
    assert str(caught.value).startswith(f"advice: {said}")


def test_an_advice_for_a_policy_without_an_advisor(tmp_path: Path) -> None:
    """It would be read by nobody."""
    with pytest.raises(SettingsError, match="policy 'p' asks no advisor"):
        load(tmp_path, "best").decide(advice={"openai/gpt-4o": 1})


def test_a_failure_can_be_given(tmp_path: Path) -> None:
    """What happens where the advisor does not answer."""
    verdict = load(tmp_path, "heuristic").decide(advice="timeout")
    assert (verdict.decision.cause, verdict.decision.rank) == ("policy", "balanced")
    assert "none of heuristic (given): it did not answer in time" in verdict.explain()


def test_what_an_advisor_is_told() -> None:
    """Whom every rule lets through, features, needs; no person, no session, and nothing of the prompt."""
    made = plan("rank: heuristic\nfilter: [quality >= 0.4]\n")
    asked = question("tools", context={"user": "ana", "session": "s1", "department": "rd", "labels": {"team": "x"}})
    told = inquiry_of(made, asked, EMPTY_SNAPSHOT, seed=SEED)
    assert [target.id for target in told.targets] == ["anthropic/opus", "openai/big", "openai/mini"]
    assert told.context == Context(department="rd", labels={"team": "x"})
    assert (told.needs, told.features, told.streaming) == (("tools",), asked.features, False)


def test_who_is_asked() -> None:
    """Only for a rank that names one, once, and not where the call wishes for itself."""
    made = plan("rank: heuristic\n")
    assert consults(made, question())
    assert not consults(plan("rank: best\n"), question())
    assert not consults(plan("rank: listed\n"), question())
    assert not consults(made, question(context={"preference": "cost"}))
    assert not consults(made, question(context={"strategy": "best"}))
    assert not consults(made, question(advice=Advice("heuristic", failure="timeout")))
    assert consults(made, question(advice=Advice("another")))
