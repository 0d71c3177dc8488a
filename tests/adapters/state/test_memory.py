"""The world in memory: breakers, latencies, budgets, snapshots and their epochs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.adapters.state.breaker import TRIPPING
from waypost.adapters.state.ledger import Lease, Refusal
from waypost.adapters.state.memory import MemoryState
from waypost.core.model.ask import Account, Ask, Bill, Demand, Place
from waypost.core.model.money import NANO, grid
from waypost.core.model.outcome import Attempt, Failure, FailureKind, Usage
from waypost.core.model.question import Snapshot
from waypost.core.routing.ports import State

MS = 1_000_000
DAY = 86_400 * NANO


def attempt(
    kind: FailureKind | None = None,
    *,
    at: int = 0,
    took: int = 100 * MS,
    target: str | None = "openai/a",
    first: int | None = None,
    retry_after: int | None = None,
) -> Attempt:
    """An attempt that ended at ``at``."""
    return Attempt(
        number=1,
        target=target,
        provider="openai",
        model="a",
        dialect="openai.chat",
        reason="primary",
        started_ns=at - took,
        ended_ns=at,
        failure=None if kind is None else Failure(kind, retry_after_ns=retry_after),
        usage=Usage(1, 1) if kind is None else None,
        first_chunk_ns=first,
    )


def settle(
    state: MemoryState, lease: Lease | None, nano_usd: int, attempts: Sequence[Attempt] = (), now: int = 0
) -> None:
    state.settle(lease, Bill(None, nano_usd, 0), attempts, now)


def fail(state: MemoryState, times: int, *, at: int = NANO, kind: FailureKind = "server_error") -> None:
    for _ in range(times):
        settle(state, None, 0, [attempt(kind, at=at)])


def look(state: MemoryState, now: int) -> Snapshot:
    return state.look(None, now).snapshot


def account(name: str, ceiling: int | None) -> Account:
    """A budget of a day, in which no reservation passes ``ceiling``."""
    return Account(name, f"budget.{name}", "", ceiling or 1, "day", (), ceiling)


def demand(scopes: Iterable[tuple[str, int | None]], nano_usd: int) -> Demand:
    ask = Ask("sample", tuple(account(*scope) for scope in scopes))
    return Demand(ask, Place("openai/a", "openai", "openai"), nano_usd, nano_usd)


def used(state: MemoryState, name: str, now: int = 0) -> int:
    return state.used(account(name, None), now)


def lease(
    state: MemoryState, *scopes: tuple[str, int | None], nano_usd: int = 10, ttl: int = 60 * NANO, now: int = 0
) -> Lease:
    got = state.reserve(demand(scopes, nano_usd), ttl, now)
    assert isinstance(got, Lease)
    return got


# --- breakers


def test_a_new_world_is_empty() -> None:
    """Nothing is broken before anything happened, and the port's protocol is met."""
    state: State = MemoryState()
    assert look(state, 5) == Snapshot(epoch=0, at_ns=5)


def test_a_breaker_opens_after_consecutive_failures_and_lets_through_again() -> None:
    """Five failures open it for the cooldown, not four; afterwards a probe may pass."""
    state = MemoryState(failures=5, cooldown_ns=30 * NANO)
    fail(state, 4)
    assert look(state, NANO).broken == ()
    fail(state, 1)
    assert look(state, NANO).broken == ("openai/a",)
    assert look(state, 31 * NANO - 1).broken == ("openai/a",)
    assert look(state, 31 * NANO).broken == ()


def test_a_success_between_failures_starts_the_count_anew() -> None:
    """Consecutive means consecutive."""
    state = MemoryState(failures=2)
    settle(state, None, 0, [attempt("timeout"), attempt(), attempt("timeout")])
    assert look(state, 1).broken == ()


def test_a_failed_probe_opens_for_twice_as_long_up_to_a_bound() -> None:
    """Half open, the first failure is enough; the pause doubles and is bounded."""
    state = MemoryState(failures=2, cooldown_ns=10 * NANO, longest_ns=25 * NANO)
    fail(state, 2, at=0)
    for ended, until in ((10, 30), (30, 55), (55, 80)):
        fail(state, 1, at=ended * NANO + 100 * MS)
        assert look(state, until * NANO).broken == ("openai/a",)
        assert look(state, until * NANO + 100 * MS).broken == ()


def test_a_successful_probe_closes_for_good() -> None:
    """After a success it takes the full number of failures again."""
    state = MemoryState(failures=2, cooldown_ns=10 * NANO)
    fail(state, 2, at=0)
    settle(state, None, 0, [attempt(at=11 * NANO)])
    fail(state, 1, at=12 * NANO)
    assert look(state, 12 * NANO).broken == ()
    fail(state, 1, at=12 * NANO)
    assert look(state, 12 * NANO).broken == ("openai/a",)


def test_what_began_before_the_breaker_opened_is_old_news() -> None:
    """A slow success from before the outage does not close it, a late failure does not prolong it."""
    state = MemoryState(failures=2, cooldown_ns=10 * NANO)
    fail(state, 2, at=0)
    settle(state, None, 0, [attempt(at=2 * NANO, took=5 * NANO)])
    settle(state, None, 0, [attempt("timeout", at=9 * NANO, took=10 * NANO)])
    assert look(state, 9 * NANO).broken == ("openai/a",)
    assert look(state, 10 * NANO).broken == ()


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_only_failures_of_the_provider_count(kind: FailureKind) -> None:
    """What is wrong with the request, the key or with us says nothing about the target."""
    expected = kind in (
        "rate_limited",
        "overloaded",
        "timeout",
        "connection",
        "server_error",
        "stream_error",
        "malformed",
    )
    state = MemoryState(failures=3)
    fail(state, 3, kind=kind)
    assert (kind in TRIPPING, bool(look(state, NANO).broken)) == (expected, expected)


def test_a_clients_fault_neither_counts_nor_forgives() -> None:
    """A bad request between two timeouts leaves them consecutive."""
    state = MemoryState(failures=2)
    settle(state, None, 0, [attempt("timeout"), attempt("bad_request"), attempt("timeout")])
    assert look(state, 1).broken == ("openai/a",)


def test_a_pause_that_the_provider_asked_for_is_kept_within_the_bound() -> None:
    """Retry-After is longer than the cooldown, and is believed up to the longest."""
    state = MemoryState(failures=1, cooldown_ns=NANO, longest_ns=60 * NANO)
    settle(state, None, 0, [attempt("rate_limited", retry_after=20 * NANO)])
    assert (look(state, 19 * NANO).broken, look(state, 20 * NANO).broken) == (("openai/a",), ())
    settle(state, None, 0, [attempt("rate_limited", at=30 * NANO, retry_after=10**15)])
    assert (look(state, 89 * NANO).broken, look(state, 90 * NANO).broken) == (("openai/a",), ())


def test_cancelled_attempts_and_unknown_targets_teach_nothing() -> None:
    """No failure and no usage is a cancellation; a model that is in no catalog has no breaker."""
    state = MemoryState(failures=2, window=1, least=1)
    cancelled = Attempt(1, "openai/a", "openai", "a", "openai.chat", "primary", 0, 50)
    settle(state, None, 0, [attempt("timeout"), cancelled, attempt("timeout", target=None), attempt("timeout")])
    assert look(state, 1) == Snapshot(1, 1, broken=("openai/a",))


def test_an_endpoint_is_disabled_until_a_time_and_the_longer_order_stands() -> None:
    """An auth failure takes the whole endpoint out."""
    state = MemoryState()
    state.disable("openai", 50)
    state.disable("anthropic", 20)
    state.disable("openai", 30)
    assert look(state, 10).disabled == ("anthropic", "openai")
    assert look(state, 20).disabled == ("openai",)
    assert look(state, 49).disabled == ("openai",)
    assert look(state, 50).disabled == ()


# --- latency


def test_latency_is_the_p95_on_the_grid_once_there_are_enough_answers() -> None:
    """S1.25: 100 answers of 1 to 100 ms have a p95 of 95 ms, rounded up on the grid."""
    state = MemoryState(window=100, least=100)
    for ms in range(1, 100):
        settle(state, None, 0, [attempt(took=ms * MS)])
    assert look(state, 1).latency_p95_ns == ()
    settle(state, None, 0, [attempt(took=100 * MS)])
    assert look(state, 1).latency_p95_ns == (("openai/a", grid(95 * MS)),)


def test_latency_is_the_p95_and_not_the_maximum() -> None:
    """Five slow answers of a hundred do not move it, the sixth does."""
    for slow, shown in ((5, 10), (6, 1_000)):
        state = MemoryState(window=100, least=100)
        for index in range(100):
            settle(state, None, 0, [attempt(took=(1_000 if index < slow else 10) * MS)])
        assert look(state, 1).latency_p95_ns == (("openai/a", grid(shown * MS)),)


def test_latency_of_a_stream_ends_with_its_first_chunk() -> None:
    """How fast the caller reads is not the target's latency."""
    state = MemoryState(window=1, least=1)
    settle(state, None, 0, [attempt(at=10 * NANO, took=10 * NANO, first=2 * NANO)])
    assert look(state, 1).latency_p95_ns == (("openai/a", grid(2 * NANO)),)


def test_latency_follows_a_change_and_forgets_what_left_the_window() -> None:
    """After a window of fast answers the slow ones are gone."""
    state = MemoryState(window=20, least=20)
    for took in (500, 50):
        for _ in range(20):
            settle(state, None, 0, [attempt(took=took * MS)])
        assert look(state, 1).latency_p95_ns == (("openai/a", grid(took * MS)),)


def test_a_failure_has_no_latency() -> None:
    """A refused connection is fast, and no reason to prefer the target."""
    state = MemoryState(failures=100, window=1, least=1)
    fail(state, 1)
    assert look(state, NANO).latency_p95_ns == ()


def test_steady_latency_leaves_the_epoch_alone() -> None:
    """Values that differ by less than a step of the grid are one value."""
    state = MemoryState(window=100, least=10)
    for index in range(300):
        settle(state, None, 0, [attempt(took=100 * MS + index % 7 * 10_000)])
        look(state, 1)
    assert look(state, 1).epoch == 1


# --- snapshots


def test_epoch_changes_exactly_when_content_does() -> None:
    """Time alone leaves it; opening, closing and disabling each move it by one."""
    state = MemoryState(failures=1, cooldown_ns=10)
    assert [look(state, now).epoch for now in (1, 2, 3)] == [0, 0, 0]
    fail(state, 1, at=3)
    assert [look(state, now).epoch for now in (4, 5, 12)] == [1, 1, 1]
    assert [look(state, now).epoch for now in (13, 14)] == [2, 2]
    state.disable("openai", 20)
    assert [look(state, now).epoch for now in (15, 20, 21)] == [3, 4, 4]
    state.disable("openai", 5)
    assert look(state, 22).epoch == 4


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["look", "fail", "ok", "disable"]), st.sampled_from(["p/a", "p/b"]), st.integers(0, 40)
        ),
        max_size=40,
    )
)
def test_equal_epochs_mean_equal_content(steps: list[tuple[str, str, int]]) -> None:
    """Whatever happens: the epoch moves between two looks if and only if what they show differs."""
    state = MemoryState(failures=2, cooldown_ns=30, longest_ns=100, window=4, least=2)
    now, last = 0, look(state, 0)
    for what, name, passed in steps:
        now += passed
        match what:
            case "fail":
                settle(state, None, 0, [attempt("timeout", at=now, took=passed, target=name)])
            case "ok":
                settle(state, None, 0, [attempt(at=now, took=passed * MS, target=name)])
            case "disable":
                state.disable(name, now + passed)
        seen = look(state, now)
        same = (seen.broken, seen.disabled, seen.latency_p95_ns) == (last.broken, last.disabled, last.latency_p95_ns)
        assert (seen.epoch == last.epoch) == same
        assert seen.epoch - last.epoch in (0, 1)
        assert seen.at_ns == now
        last = seen


# --- budgets


def test_a_reservation_is_made_in_every_scope_or_in_none() -> None:
    """The refusal names the first scope without room, and the others are left as they were."""
    state = MemoryState()
    lease(state, ("user/u", 100), ("team", 15))
    refused = state.reserve(demand([("user/u", 100), ("team", 15)], 10), NANO, 0)
    assert refused == Refusal("budget.team", 10, 15, DAY)
    assert (used(state, "user/u", 0), used(state, "team", 0)) == (10, 10)


def test_a_limit_may_be_reached_exactly() -> None:
    """Ten of ten is allowed, eleven is not."""
    state = MemoryState()
    lease(state, ("u", 10))
    assert state.reserve(demand([("u", 10)], 1), NANO, 0) == Refusal("budget.u", 10, 10, DAY)


def test_settling_replaces_the_reservation_by_the_cost_once() -> None:
    """Less or more than was reserved, and a second settlement changes nothing."""
    state = MemoryState()
    first = lease(state, ("u", 100), nano_usd=50)
    settle(state, first, 3, [])
    settle(state, first, 3, [])
    assert used(state, "u", 0) == 3
    settle(state, lease(state, ("u", 100), nano_usd=10), 40, [])
    assert used(state, "u", 0) == 43


def test_an_expired_lease_frees_its_room_and_its_cost_is_not_lost() -> None:
    """A call that never ends does not hold a budget for ever; one that ends late is still counted."""
    state = MemoryState()
    late = lease(state, ("u", 10), ttl=5, now=0)
    assert used(state, "u", 4) == 10
    assert used(state, "u", 5) == 0
    lease(state, ("u", 10), nano_usd=10, now=5)
    settle(state, late, 7, [])
    settle(state, late, 7, [])
    assert used(state, "u", 5) == 17


def test_without_scopes_a_lease_costs_nothing() -> None:
    """Policies without budgets reserve nothing and settle nothing."""
    state = MemoryState()
    free = lease(state, nano_usd=10**9)
    assert (free.nano_usd, free.scopes) == (10**9, ())
    settle(state, free, 10**9, [])
    assert used(state, "u", 0) == 0


def test_leases_over_nothing_end_like_others() -> None:
    """A local model costs nothing, and its reservations share a scope with each other."""
    state = MemoryState()
    leases = [lease(state, ("u", 10), nano_usd=0) for _ in range(2)]
    for got in leases:
        settle(state, got, 0, [])
    assert used(state, "u", 0) == 0


def test_the_same_scope_twice_is_one() -> None:
    """Two rules may lead to one scope; the money is reserved in it once."""
    state = MemoryState()
    twice = lease(state, ("u", 100), ("u", 50))
    assert (len(twice.scopes), used(state, "u", 0)) == (1, 10)


def test_leases_have_names_of_their_own() -> None:
    """No two leases are mistaken for each other."""
    state = MemoryState()
    assert lease(state).id != lease(state).id


def test_old_scopes_are_forgotten_at_the_bound() -> None:
    """Period keys come and go; those used last stay."""
    state = MemoryState(scopes=2)
    for name in ("day1", "day2", "day1", "day3"):
        settle(state, lease(state, (name, 100)), 1, [])
    assert [used(state, name, 0) for name in ("day1", "day2", "day3")] == [2, 0, 1]


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 40), st.sets(st.sampled_from("abc"))), max_size=60
    )
)
def test_the_ledger_agrees_with_a_naive_one(steps: list[tuple[bool, int, int, set[str]]]) -> None:
    """Reserving, expiring and settling in any order: what is used is the sum over a plain list of entries."""
    state = MemoryState()
    entries: list[tuple[Lease, int | None]] = []
    now = 0

    def naive(scope: str) -> int:
        total = 0
        for got, cost in entries:
            if (scope, "", "1970-01-01") in got.scopes:
                total += cost if cost is not None else got.nano_usd if got.expires_ns > now else 0
        return total

    for reserving, amount, passed, scopes in steps:
        now += passed
        if reserving:
            wanted = [(scope, 50) for scope in sorted(scopes)]
            room = all(naive(scope) + amount <= 50 for scope in scopes)
            got = state.reserve(demand(wanted, amount), 60, now)
            assert isinstance(got, Lease) == room
            if isinstance(got, Lease):
                entries.append((got, None))
        elif entries:
            index = passed % len(entries)
            got, cost = entries[index]
            settle(state, got, amount, [])
            entries[index] = (got, amount if cost is None else cost)
        assert [used(state, scope, now) for scope in "abc"] == [naive(scope) for scope in "abc"]


# --- threads and forks


@contextmanager
def hurried() -> Iterator[None]:
    """Threads take turns as often as the interpreter lets them."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def together(work: Callable[[int], None], workers: int) -> None:
    """Run ``work`` in that many threads that start at once; what one raises is raised here."""
    start = threading.Barrier(workers)

    def run(index: int) -> None:
        start.wait()
        work(index)

    with hurried(), ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(run, index) for index in range(workers)]:
            future.result()


def test_threads_never_pass_the_limit_and_lose_nothing() -> None:
    """Eight threads spend at once: the sum of what was granted fits, and all of it is accounted for."""
    state = MemoryState(failures=10**9)
    limit, workers = 3_000, 8
    granted = [0] * workers

    def work(index: int) -> None:
        for turn in range(400):
            got = state.reserve(demand([("all", limit), (f"own{index}", limit)], 3), NANO, 0)
            assert used(state, "all", 0) <= limit
            if isinstance(got, Lease):
                settle(state, got, 2, [attempt("timeout" if turn % 2 else None, target=f"p/{index}")])
                granted[index] += 2
            look(state, turn)

    together(work, workers)
    assert used(state, "all", 0) == sum(granted)
    assert limit - 3 < sum(granted) <= limit
    assert [used(state, f"own{index}", 0) for index in range(workers)] == granted


def test_threads_that_contend_for_two_places_never_get_three() -> None:
    """Room for two leases over many scopes: reserving and giving back all the time, nobody gets in as the third."""
    state = MemoryState()
    scopes = [(f"scope{index}", 6) for index in range(40)]
    inside: list[int] = []
    most = [0]

    def work(index: int) -> None:
        for _ in range(300):
            got = state.reserve(demand(scopes, 3), NANO, 0)
            if isinstance(got, Lease):
                inside.append(index)
                most[0] = max(most[0], len(inside))
                inside.remove(index)
                settle(state, got, 0, [])

    together(work, 6)
    assert most[0] <= 2
    assert [used(state, scope, 0) for scope, _ in scopes] == [0] * 40


FORK = """
import os, sys
from waypost.adapters.state.memory import MemoryState
from waypost.core.model.ask import Account, Ask, Bill, Demand, Meter, Place
user = Account("user/day", "budget.user", "u", 100, "day", (), 100)
calls = Meter("all/requests", "limit.all", "call", "", "requests", 1, 10**9)
def want(nano_usd):
    return Demand(Ask("p", (user,), (calls,)), Place("t", "e", "p"), nano_usd, nano_usd)
state = MemoryState()
lease = state.reserve(want(60), 10**9, 0)
state.disable("openai", 10**9)
before = state.look(None, 1).snapshot
held = state._lock.acquire()
child = os.fork()
if child == 0:
    after = state.look(None, 1).snapshot
    state.settle(lease, Bill(None, 50, 0), [], 1)
    fine = (after.disabled, state.used(user, 1), after.epoch == before.epoch + 1) == ((), 0, True)
    own = state.reserve(want(100), 10**9, 0)
    os._exit(0 if fine and own.id != lease.id else 1)
_, status = os.waitpid(child, 0)
state._lock.release()
state.settle(lease, Bill(None, 50, 0), [], 1)
sys.exit(os.waitstatus_to_exitcode(status) or (state.used(user, 1) != 50))
"""


def test_a_forked_child_begins_with_nothing_and_the_parent_keeps_all() -> None:
    """Even where another thread held the lock: the child has its own, and does not settle what its parent reserved."""
    done = subprocess.run([sys.executable, "-c", FORK], timeout=60, check=False)
    assert done.returncode == 0


def test_it_is_busy_for_who_is_inside_alone() -> None:
    """A finaliser comes in the middle of anything that its thread does; another thread can wait."""
    state = MemoryState()
    assert not state.busy()
    with state._lock:
        assert state.busy()
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(state.busy).result()
    assert not state.busy()
