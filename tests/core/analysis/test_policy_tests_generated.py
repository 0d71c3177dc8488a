"""The runner over generated policies and calls: what happened is no finding, and coverage is the oracle's count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from generators_decision import Ask, cases
from oracle.facts import View
from oracle.kleene import truth
from oracle.oracle import World
from waypost.core.analysis.policy_coverage import Coverage
from waypost.core.analysis.policy_tests import NO_RULE, Case, Expect, Result, Suite, run_case, run_suite
from waypost.core.model.decision import Source
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Filter, Rule

AT = Source("generated.test.yaml", 1, 1)
SEED, ASKS = 41_107, 1_000


def given(ask: Ask, expect: Expect) -> Case:
    return Case("generated", ask.question, expect, AT, ask.snapshot, ask.seed, ask.tried)


def happened(plan: Plan, result: Result) -> Expect:
    """Everything that can be expected of a decision, read off that decision."""
    decision, targets = result.decision, plan.catalog.targets
    ids = [target.id for target in targets]
    survivors = tuple(id for place, id in enumerate(ids) if decision.survivors >> place & 1)
    rejected = [(id, name) for name, mask in decision.rejections for place, id in enumerate(ids) if mask >> place & 1]
    chosen = () if decision.selected is None else (ids[decision.selected],)
    return Expect(
        selected=chosen,
        rule=decision.rule or NO_RULE,
        cause=decision.cause,
        mode=result.mode,
        applies=result.applies,
        rejected=tuple(rejected),
        never=tuple(id for id in ids if id not in survivors),
        survivors=survivors,
        withheld=result.case.question.withheld,
        error=None if chosen else "no_candidates",
    )


def test_what_happened_is_what_was_expected() -> None:
    """No expectation that is read off a decision is a finding, and its opposite is one."""
    for case in cases(SEED, ASKS):
        plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)
        for ask in case.asks:
            result = run_case(plan, given(ask, Expect()))
            expect = happened(plan, result)
            survivors = expect.survivors
            assert isinstance(survivors, tuple)
            opposite = Expect(rule="\0", survivors=len(survivors) + 1, never=survivors, selected=expect.never[:1])

            assert run_case(plan, given(ask, expect)).findings == ()
            found = {finding.key for finding in run_case(plan, given(ask, opposite)).findings}
            wanted = {"rule", "survivors"} | ({"never"} if survivors else set())
            assert found - {"selected"} == wanted
            assert ("selected" in found) == bool(expect.never)


def test_coverage_of_lines_is_what_the_oracle_counts() -> None:
    """Each filter is evaluated again for every target, by code that shares nothing with the engine."""
    seen: Counter[str] = Counter()
    for case in cases(SEED + 1, ASKS):
        plan = compile_policy(case.world.policy, case.world.catalog, case.world.expresses)
        report = run_suite(Suite("generated.test.yaml", plan, tuple(given(ask, Expect()) for ask in case.asks)))
        policy = case.world.policy
        lines: list[tuple[Filter, Rule | None]] = [(line, rule) for rule in policy.rules for line in rule.filters]
        lines += [(line, None) for line in policy.filters]
        names = Counter(line.name for line, _ in lines)
        for line, rule in lines:
            if names[line.name] > 1:
                continue
            force = [rule is None or rule.name == item.decision.rule for item in report.results]
            counted = count(case.world, case.asks, line, force)
            assert shown(report.coverage, line) == (counted if line.when is not None else (*counted[:2], -1, 0))
            seen.update({"passes": counted[0] > 0, "rejects": counted[1] > 0, "left out": counted[3] > 0})

    assert all(seen[what] > 20 for what in ("passes", "rejects", "left out")), seen


def count(world: World, asks: Sequence[Ask], line: Filter, in_force: Sequence[bool]) -> tuple[int, int, int, int]:
    """In how many calls the line passes somebody, rejects somebody, applies, and does not though it is in force."""
    passes = rejects = applies = out = 0
    for ask, force in zip(asks, in_force, strict=True):
        view = View(world.catalog, ask.question, ask.snapshot)
        if not force:
            continue
        if line.when is not None and truth(line.when, view) is False:
            out += 1
            continue
        applies += 1
        held = [truth(line.predicate, replace(view, target=target)) is True for target in world.catalog.targets]
        passes += any(held)
        rejects += not all(held)
    return passes, rejects, applies, out


def shown(coverage: Coverage, line: Filter) -> tuple[int, int, int, int]:
    """The same four numbers from the report; a line without ``when`` is never left out."""
    named = (point for point in coverage.points if point.name == line.name)
    points = {point.kind: point for point in named if point.kind in ("filter", "when")}
    body = points["filter"]
    if "when" not in points:
        return body.yes, body.no, -1, 0
    return body.yes, body.no, points["when"].yes, points["when"].no
