"""Budgets, limits and affinity in memory: what is shown, taken, given back, counted and forgotten."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.adapters.state.ledger import Lease, Refusal
from waypost.adapters.state.limits import Limits
from waypost.adapters.state.memory import MemoryState
from waypost.core.model.ask import Account, Ask, Bill, Demand, Keep, Meter, Place
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Failure, Usage

DAY = 86_400 * NANO
HERE = Place("openai/a", "openai", "openai")
THERE = Place("openai/b", "openai", "openai")


def budget(
    value: str = "ann", *, limit: int = 100, at: tuple[tuple[int, str], ...] = (), key: str = "user/day"
) -> Account:
    period: Any = key.rpartition("/")[2]
    hard = [ppm for ppm, action in at if action == "fail"]
    return Account(key, "budget.user", value, limit, period, at, limit * hard[0] // 1_000_000 if hard else None)


def meter(of: Any, amount: int, *, scope: Any = "call", value: str = "ann", per_ns: int = 60 * NANO) -> Meter:
    return Meter(f"{scope}/{of}", f"limit.{scope}", scope, value, of, amount, per_ns)


def spend(state: MemoryState, ask: Ask, nano_usd: int, now: int = 0, *, tokens: int = 0, place: Place = HERE) -> Any:
    return state.settle(None, Bill(ask, nano_usd, tokens, place), (), now)


def take(state: MemoryState, ask: Ask, nano_usd: int = 0, now: int = 0, *, place: Place = HERE) -> Lease | Refusal:
    return state.reserve(Demand(ask, place, nano_usd, nano_usd), 600 * NANO, now)


# --- budgets


AT = ((800_000, "downgrade"), (1_000_000, "fail"))


@pytest.mark.parametrize(
    ("spent", "shown"),
    [(799, ()), (800, (("user/day", 800_000),)), (809, (("user/day", 800_000),)), (2_000, (("user/day", 2_000_000),))],
)
def test_what_is_used_is_shown_in_whole_percents_from_the_first_threshold(
    spent: int, shown: tuple[tuple[str, int], ...]
) -> None:
    """S6.09: rounded down, so that a threshold is not reached before it is; below the first nothing is said."""
    state = MemoryState()
    ask = Ask("p", (budget(limit=1_000, at=AT),))
    spend(state, ask, spent)
    assert state.look(ask, 1).snapshot.used == shown


def test_what_is_reserved_is_used() -> None:
    """Two calls in flight count before either of them has ended."""
    state = MemoryState()
    ask = Ask("p", (budget(at=AT),))
    assert isinstance(take(state, ask, 90), Lease)
    assert state.look(ask, 1).snapshot.used == (("user/day", 900_000),)
    assert take(state, ask, 11) == Refusal("budget.user", 90, 100, DAY)


@pytest.mark.parametrize(
    ("period", "now", "offset", "left"),
    [
        ("day", 0, 0, DAY),
        ("day", DAY + NANO, 0, DAY - NANO),
        ("week", 0, 0, 4 * DAY),  # 1970-01-01 was a Thursday
        ("week", 4 * DAY, 0, 7 * DAY),
        ("month", 0, 0, 31 * DAY),
        ("month", 32 * DAY, 0, 27 * DAY),
        ("day", 0, 3_600 * NANO, DAY - 3_600 * NANO),
    ],
)
def test_a_budget_says_when_it_has_room_again(period: str, now: int, offset: int, left: int) -> None:
    """Who is refused learns when the period ends, and so does who finds the ceiling reached; none has room for what is
    dearer than the ceiling."""
    state = MemoryState(offset_ns=lambda _: offset)
    ask = Ask("p", (budget(limit=100, at=((900_000, "fail"),), key=f"user/{period}"),))
    assert take(state, ask, 91, now) == Refusal("budget.user", 0, 90, None)
    spend(state, ask, 60, now)
    assert state.look(ask, now).frees_ns is None
    assert take(state, ask, 31, now) == Refusal("budget.user", 60, 90, left)
    spend(state, ask, 30, now)
    sight = state.look(ask, now)
    assert sight.frees_ns == left
    assert [(one.used, one.resets_ns, one.reached) for one in sight.standings] == [(90, now + left, True)]


def test_a_limit_and_a_budget_have_room_when_both_have() -> None:
    """Both stop everybody, so that the later one counts."""
    state = MemoryState()
    ask = Ask("p", (budget(limit=100, at=AT),), (meter("requests", 1),))
    spend(state, ask, 100)
    assert state.look(ask, 0).frees_ns == DAY
    state = MemoryState()
    assert take(state, ask)
    assert state.look(ask, 0).frees_ns == 60 * NANO


def test_a_soft_budget_refuses_nobody() -> None:
    """Only `fail` makes a ceiling; what is reserved above the limit is shown all the same."""
    state = MemoryState()
    ask = Ask("p", (budget(at=((1_000_000, "warn"),)),))
    assert isinstance(take(state, ask, 250), Lease)
    assert state.look(ask, 1).snapshot.used == (("user/day", 2_500_000),)


def test_a_ceiling_holds_the_most_and_a_soft_budget_what_is_likely() -> None:
    """S6.09: of one call 90 are held where nothing may be passed, 10 elsewhere; both end in what it came to."""
    state = MemoryState()
    hard, soft = budget(at=AT), budget(key="all/day", at=((500_000, "warn"),))
    ask = Ask("p", (soft, hard))
    lease = state.reserve(Demand(ask, HERE, 10, 90), 600 * NANO, 0)
    assert isinstance(lease, Lease)
    assert (state.used(hard, 1), state.used(soft, 1)) == (90, 10)
    assert state.reserve(Demand(ask, HERE, 1, 11), 600 * NANO, 1) == Refusal("budget.user", 90, 100, DAY - 1)
    state.settle(lease, Bill(ask, 25, 0, HERE), (), 2)
    assert (state.used(hard, 3), state.used(soft, 3)) == (25, 25)


def test_nothing_may_be_spent_of_nothing() -> None:
    """A limit of 0 is always used up."""
    ask = Ask("p", (budget(limit=0, at=AT),))
    assert MemoryState().look(ask, 1).snapshot.used == (("user/day", 1_000_000),)


def test_periods_and_values_are_counted_apart() -> None:
    """Another user, the next day, another budget: each begins at nothing; the zone's midnight is what counts."""
    state = MemoryState(offset_ns=lambda _: 3_600 * NANO)
    ann, ben = budget(), budget("ben")
    month = budget(key="user/month")
    spend(state, Ask("p", (ann, month)), 7, DAY - 3_601 * NANO)
    assert [state.used(item, DAY - 3_601 * NANO) for item in (ann, ben, month)] == [7, 0, 7]
    assert [state.used(item, DAY - 3_600 * NANO) for item in (ann, month)] == [0, 7]


def test_a_call_is_settled_in_the_period_in_which_it_was_reserved() -> None:
    """A call over midnight belongs to the day that it began on."""
    state = MemoryState()
    ask = Ask("p", (budget(),))
    lease = take(state, ask, 10, DAY - 1)
    assert isinstance(lease, Lease)
    state.settle(lease, Bill(ask, 8, 0, HERE), (), DAY + 1)
    assert [state.used(ask.accounts[0], now) for now in (DAY - 1, DAY + 1)] == [8, 0]


def test_a_threshold_is_reached_once() -> None:
    """By the call that reached it, for each value and period; the level is told every time."""
    state = MemoryState()
    ask = Ask("p", (budget(at=((500_000, "warn"), (800_000, "warn"))),))
    told = [spend(state, ask, 30) for _ in range(4)]
    assert [(level.used, level.reached) for (level,) in told] == [
        (30, ()),
        (60, ((500_000, "warn"),)),
        (90, ((800_000, "warn"),)),
        (120, ()),
    ]
    (tomorrow,) = spend(state, ask, 90, DAY)
    assert (tomorrow.period, len(tomorrow.reached)) == ("1970-01-02", 2)


# --- limits


def test_requests_are_counted_when_sent_and_drain_evenly() -> None:
    """S3.04: two a minute; one more every thirty seconds, to the nanosecond."""
    state = MemoryState()
    ask = Ask("p", (), (meter("requests", 2),))
    assert all(isinstance(take(state, ask), Lease) for _ in range(2))
    assert take(state, ask, now=1) == Refusal("limit.call", retry_ns=30 * NANO - 1)
    sight = state.look(ask, 1)
    assert (sight.snapshot.limited, sight.frees_ns) == ((("limit.call", ""),), 30 * NANO - 1)
    assert isinstance(take(state, ask, now=30 * NANO - 1), Refusal)
    assert state.look(ask, 30 * NANO).snapshot.limited == ()
    assert isinstance(take(state, ask, now=30 * NANO), Lease)


def test_tokens_are_estimated_first_and_settled_by_what_was_used() -> None:
    """What the estimate took too much is given back, what it took too little is taken."""
    state = MemoryState()
    ask = Ask("p", (), (meter("tokens", 1_000),), tokens=600)
    first = take(state, ask)
    assert isinstance(first, Lease)
    assert state.look(ask, 0).snapshot.limited == (("limit.call", ""),)
    state.settle(first, Bill(ask, 0, 300, HERE), (), 0)
    assert state.look(ask, 0).snapshot.limited == ()
    second = take(state, ask)
    assert isinstance(second, Lease)
    state.settle(second, Bill(ask, 0, 2_000, HERE), (), 0)
    assert state.look(ask, 0).frees_ns == (300 + 2_000 + 600 - 1_000) * 60 * NANO // 1_000


def test_what_never_fits_is_refused_without_a_time() -> None:
    """A call of more tokens than the limit holds cannot wait for room."""
    state = MemoryState()
    ask = Ask("p", (), (meter("tokens", 10),), tokens=11)
    assert take(state, ask) == Refusal("limit.call", retry_ns=None)
    assert (state.look(ask, 0).snapshot.limited, state.look(ask, 0).frees_ns) == ((("limit.call", ""),), None)


@pytest.mark.parametrize(
    ("scope", "value", "other"),
    [("target", "openai/a", Lease), ("endpoint", "openai", Refusal), ("provider", "openai", Refusal)],
)
def test_limits_of_candidates_report_their_own(scope: Any, value: str, other: type) -> None:
    """S5.02: only the targets, endpoints and providers that are reached are named."""
    state = MemoryState()
    ask = Ask("p", (), (meter("requests", 1, scope=scope),))
    assert state.look(ask, 0).snapshot.limited == ()
    assert isinstance(take(state, ask), Lease)
    assert state.look(ask, 0).snapshot.limited == ((f"limit.{scope}", value),)
    second = take(state, ask, place=THERE)
    assert isinstance(second, other)
    assert isinstance(second, Lease) or (second.rule, second.value) == (f"limit.{scope}", value)


def test_a_request_that_failed_was_sent_and_its_tokens_were_not_used() -> None:
    """Giving back: money and tokens, not requests."""
    state = MemoryState()
    ask = Ask("p", (budget(),), (meter("requests", 5), meter("tokens", 100)), tokens=100)
    lease = take(state, ask, 50)
    assert isinstance(lease, Lease)
    state.release(lease, (), 0)
    assert state.used(ask.accounts[0], 0) == 0
    assert state._spending._limits.frees_ns(ask.meters[1], "ann", 100, 0) == 0
    assert state._spending._limits.frees_ns(ask.meters[0], "ann", 5, 0) == 12 * NANO


def test_a_refusal_takes_nothing() -> None:
    """Neither money nor requests of what else there was room for."""
    state = MemoryState()
    ask = Ask("p", (budget(at=AT),), (meter("requests", 1),))
    assert take(state, ask, 101) == Refusal("budget.user", 0, 100)
    assert isinstance(take(state, ask, 100), Lease)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=40),
    st.integers(1, 9),
    st.integers(1, 50),
)
def test_a_limit_agrees_with_a_bucket_in_fractions(steps: list[tuple[int, int]], amount: int, per_ns: int) -> None:
    """Every answer and every waiting time, against a bucket that is kept in exact fractions."""
    from fractions import Fraction
    from math import ceil

    limits, limit = Limits(9), meter("tokens", amount, per_ns=per_ns)
    level, now = Fraction(0), 0
    for passed, units in steps:
        now += passed
        level = max(level - Fraction(passed * amount, per_ns), Fraction(0))
        over = level + units - amount
        expected = None if units > amount else max(ceil(over * per_ns / amount), 0)
        assert limits.frees_ns(limit, "v", units, now) == expected
        if expected == 0:
            limits.add(limit, "v", units, now)
            level += units


def test_a_changed_limit_keeps_what_was_counted() -> None:
    """A policy is loaded again with another period: half full stays half full."""
    limits = Limits(9)
    limits.add(meter("requests", 10), "v", 5, 0)
    changed = meter("requests", 10, per_ns=6 * NANO)
    assert [limits.frees_ns(changed, "v", units, 0) for units in (5, 6)] == [0, 6 * NANO // 10]


# --- affinity


def test_who_answered_last_is_warm_for_a_while() -> None:
    """Until its time is over; another conversation knows nothing of it."""
    state = MemoryState()
    state.settle(None, Bill(None, 0, 0, HERE, Keep("k", "openai/a", 900, 100)), (), 0)
    asks = Ask("p", warm="k"), Ask("p", warm="other")
    assert [state.look(ask, 99).snapshot.warm for ask in asks] == [("openai/a", 900), None]
    assert state.look(asks[0], 100).snapshot.warm is None


def test_what_is_kept_is_bounded() -> None:
    """Of users, buckets and conversations those used last are kept, and being asked for is being used."""
    state = MemoryState(scopes=2)
    for name, spends in (("a", True), ("b", True), ("a", False), ("c", True)):
        ask = Ask("p", (budget(name),), (meter("requests", 1, value=name),), warm=name)
        state.look(ask, 0)
        if not spends:
            continue
        state.settle(None, Bill(ask, 5, 0, HERE, Keep(name, "t", 1, 9)), (), 0)
    asks = [Ask("p", (budget(name),), (meter("requests", 1, value=name),), warm=name) for name in "abc"]
    assert [state.used(ask.accounts[0], 0) for ask in asks] == [5, 0, 5]
    seen = [state.look(ask, 0).snapshot for ask in asks]
    assert [bool(item.limited) for item in seen] == [True, False, True]
    assert [item.warm is not None for item in seen] == [True, False, True]


# --- breakers: one probe


def tried(kind: Any, at: int) -> Attempt:
    failure = None if kind is None else Failure(kind)
    usage = Usage(1, 1) if kind is None else None
    return Attempt(1, "openai/a", "openai", "a", "openai.chat", "primary", at, at, failure=failure, usage=usage)


def broken(cooldown: int = 10) -> MemoryState:
    state = MemoryState(failures=1, cooldown_ns=cooldown, longest_ns=10**6, probe_ns=50)
    state.settle(None, Bill(None, 0, 0), [tried("timeout", 0)], 0)
    return state


PROBE = Demand(None, HERE, 0, 0, probe=True)


def test_half_open_lets_one_call_through() -> None:
    """Until it settles all others see the target as broken, and one that looked before is refused."""
    state = broken()
    assert (state.look(None, 9).half_open, state.look(None, 10).half_open) == ((), ("openai/a",))
    lease = state.reserve(PROBE, 1_000, 10)
    assert isinstance(lease, Lease)
    assert state.reserve(PROBE, 1_000, 10) == Refusal("breaker", retry_ns=50)
    assert (state.look(None, 11).snapshot.broken, state.look(None, 11).half_open) == (("openai/a",), ())
    state.settle(lease, Bill(None, 0, 0), [tried(None, 12)], 12)
    assert (state.look(None, 13).snapshot.broken, state.look(None, 13).half_open) == ((), ())


def test_a_probe_that_fails_opens_it_for_longer() -> None:
    """And the place is free again when that time is over."""
    state = broken()
    lease = state.reserve(PROBE, 1_000, 10)
    assert isinstance(lease, Lease)
    state.release(lease, [tried("timeout", 12)], 12)
    assert (state.look(None, 31).snapshot.broken, state.look(None, 32).half_open) == (("openai/a",), ("openai/a",))


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_a_probe_that_says_nothing_leaves_its_place(how: str) -> None:
    """A cancelled call gives it back at once, one that never settles after its time; then the next may try."""
    state = broken()
    lease = state.reserve(PROBE, 1_000, 10)
    assert isinstance(lease, Lease)
    if how == "cancelled":
        state.settle(lease, Bill(None, 0, 0), (), 11)
        assert state.look(None, 11).half_open == ("openai/a",)
    else:
        assert state.look(None, 59).half_open == ()
        assert state.look(None, 60).half_open == ("openai/a",)
        assert isinstance(state.reserve(PROBE, 1_000, 60), Lease)
        state.settle(lease, Bill(None, 0, 0), (), 61)
        assert state.look(None, 61).half_open == ()


def test_of_many_threads_one_gets_the_probe() -> None:
    """All of them looked while it was half open; one claims it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            state, start, found = broken(), threading.Barrier(8), []

            def work(state: MemoryState = state, start: Any = start, found: list[Any] = found) -> None:
                start.wait()
                if state.look(None, 10).half_open:
                    found.append(state.reserve(PROBE, 1_000, 10))

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [type(item) for item in found].count(Lease) == 1
    finally:
        sys.setswitchinterval(interval)
