"""Times `decide` on made-up catalogs of growing size: alone, with its proof, in new cells, and beside other ways.

    python tests/benchmarks/decisions.py [--write]

A question is asked several times and its best time kept, since a busy machine only ever adds to it; a row is the median
of its questions. What takes longer than some microseconds is measured in time of this process on its processor. With
``--write`` the tables go into docs/performance.md, the rows of the large table are renewed there and in the README, and
the growth is drawn into docs/decisions.svg.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

import report
from decisions_plot import Curve, plot
from decisions_rivals import Cel, Closures
from decisions_samples import POLICY, made_up, questions, variant
from decisions_table import table, write

from waypost.core.catalog.table import Catalog
from waypost.core.codecs import EXPRESSES
from waypost.core.model.decision import Decision
from waypost.core.model.money import grid
from waypost.core.model.question import EMPTY_SNAPSHOT, Question, Snapshot
from waypost.core.policy.compile import Plan, compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.proof import prove
from waypost.core.policy.rank import DEFAULTS, utility
from waypost.core.policy.tree import Policy
from waypost.runtime.documents import load_policy

SIZES = (10, 100, 1_000, 10_000)
CEL_SIZES = (10, 100, 1_000)
"""Beyond, CEL takes so long for one decision that nobody waits for it."""
QUESTIONS, REPEATS = 500, 40
POLICIES, THEIR_TARGETS = 1_000, 500
SEED, NONE = bytes(16), frozenset[str]()
PLOT = Path(__file__).resolve().parents[2] / "docs" / "decisions.svg"


@dataclass(frozen=True)
class Timing:
    """Microseconds; ``cel`` is ``None`` where it was not waited for."""

    size: int
    warm: float
    proven: float
    cold: float
    changed: float
    closures: float
    cel: float | None


@dataclass(frozen=True)
class Compiling:
    """Milliseconds, and megabytes that all plans of many policies keep; ``cold`` reads the policies first."""

    one_of_many_targets: float
    many: float
    cold: float
    megabytes: float


def measure(size: int) -> Timing:
    """Time decisions among ``size`` targets."""
    catalog = made_up(size)
    asked = list(questions(QUESTIONS))
    plan = _plan(catalog)
    few = asked[: 20 if size < SIZES[-1] else 4]
    worlds = [_world(catalog, place) for place in range(60)]
    closures = Closures(catalog, grid, lambda name, value: utility(value, DEFAULTS[name]))
    _agree(plan, asked[:3], closures)
    return Timing(
        size,
        warm=_best(lambda question: _decide(plan, question), asked, REPEATS, time.perf_counter_ns),
        proven=_best(lambda question: prove(plan, question, EMPTY_SNAPSHOT, _decide(plan, question)), few, 3),
        cold=_cold(catalog, asked[0]),
        changed=_changed(catalog, asked[0], worlds),
        closures=_best(closures.decide, few, 5),
        cel=_cel(catalog, closures, few),
    )


def compiling() -> Compiling:
    """Time what comes before the first decision."""
    large = made_up(SIZES[-1])
    policy = load_policy(POLICY, catalog=large)
    one = min(_took(lambda: compile_policy(policy, replace(large), EXPRESSES)) for _ in range(7))
    catalog = made_up(THEIR_TARGETS)
    begun = time.process_time_ns()
    policies = [load_policy(variant(number), catalog=catalog) for number in range(POLICIES)]
    read = time.process_time_ns() - begun
    many = min(_took(lambda: _plans(policies, replace(catalog))) for _ in range(5))
    gc.collect()
    tracemalloc.start()
    plans = _plans(policies, replace(catalog))
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(plans) == POLICIES
    return Compiling(one / 1e6, many / 1e6, (read + many) / 1e6, kept / 1e6)


def draw(timings: Sequence[Timing]) -> None:
    """The growth over the number of targets, as a picture."""
    curves = [
        Curve("rules in CEL", [(each.size, each.cel) for each in timings if each.cel is not None]),
        Curve("a loop over closures", [(each.size, each.closures) for each in timings]),
        Curve("decide and all rejections", [(each.size, each.proven) for each in timings]),
        Curve("decide, new grid cell", [(each.size, each.cold) for each in timings]),
        Curve("decide", [(each.size, each.warm) for each in timings]),
    ]
    PLOT.write_text(plot(curves, across="targets in the catalog", up="microseconds for one decision"), encoding="utf-8")


def _plan(catalog: Catalog) -> Plan:
    return compile_policy(load_policy(POLICY, catalog=catalog), catalog, EXPRESSES)


def _plans(policies: Iterable[Policy], catalog: Catalog) -> list[Plan]:
    return [compile_policy(policy, catalog, EXPRESSES) for policy in policies]


def _decide(plan: Plan, question: Question, snapshot: Snapshot = EMPTY_SNAPSHOT) -> Decision:
    return decide(plan, question, snapshot, SEED, NONE)


def _agree(plan: Plan, asked: Sequence[Question], closures: Closures) -> None:
    """The others must decide the same, or their times say nothing."""
    for question in asked:
        found = _decide(plan, question)
        order, rejected = closures.decide(question)
        assert found.order == order
        assert all(bool(found.survivors >> index & 1) != (index in rejected) for index in range(len(plan.catalog)))


def _cel(catalog: Catalog, closures: Closures, asked: Sequence[Question]) -> float | None:
    if len(catalog) not in CEL_SIZES:
        return None
    cel = Cel(catalog, closures, grid)
    assert cel.decide(asked[0]) == closures.decide(asked[0])
    return _best(cel.decide, asked[:3], 3)


def _cold(catalog: Catalog, question: Question) -> float:
    """Every question in a grid cell that its plan has not seen; the plan is a new one each time, its catalog is not."""
    features = question.features
    cells = [
        replace(question, features=replace(features, tokens_input=1 << size | step << (size - 3)))
        for size in range(5, 17)
        for step in range(8)
    ]
    rounds = []
    for _ in range(5):
        plan = _plan(catalog)
        _decide(plan, question)
        rounds.append([_took(lambda cell=cell, plan=plan: _decide(plan, cell)) for cell in cells])  # type: ignore[misc]
    return median(map(min, zip(*rounds, strict=True))) / 1_000


def _changed(catalog: Catalog, question: Question, worlds: Sequence[Snapshot]) -> float:
    """One question again and again, each time in a world that the plan has not seen."""
    rounds = []
    for _ in range(5):
        plan = _plan(catalog)
        _decide(plan, question)
        rounds.append(
            [
                _took(lambda world=world, plan=plan: _decide(plan, question, world), time.perf_counter_ns)
                for world in worlds
            ]
        )  # type: ignore[misc]
    return median(map(min, zip(*rounds, strict=True))) / 1_000


def _world(catalog: Catalog, place: int) -> Snapshot:
    """A world in which one target's latency has just been measured anew."""
    target = catalog.targets[place % len(catalog)]
    return Snapshot(place + 1, 0, (), (), ((target.id, 300_000_000 + place * 1_000_000),))


def _best(
    work: Callable[[Question], object],
    asked: Sequence[Question],
    repeats: int,
    clock: Callable[[], int] = time.process_time_ns,
) -> float:
    """The median question's best time in microseconds; the first round, which fills memos, does not count."""
    for question in asked:
        work(question)
    rounds = [[_took(lambda question=question: work(question), clock) for question in asked] for _ in range(repeats)]  # type: ignore[misc]
    return median(map(min, zip(*rounds, strict=True))) / 1_000


def _took(work: Callable[[], object], clock: Callable[[], int] = time.process_time_ns) -> int:
    """Nanoseconds, without the collector of garbage."""
    gc.disable()
    try:
        begun = clock()
        work()
        return clock() - begun
    finally:
        gc.enable()


if __name__ == "__main__":
    found = [measure(size) for size in SIZES]
    made = table(found, compiling())
    print(made)
    if "--write" in sys.argv[1:]:
        write(made)
        draw(found)
        report.refresh(report.decisions(found))
