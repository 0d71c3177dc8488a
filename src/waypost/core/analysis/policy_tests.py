"""The tests of a policy: cases that are decided, and what was expected of each. It must not read files or YAML.

`run_suite` is the whole of it: `waypost test` and a test runner's plugin differ only in how they show its report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from waypost.core.analysis.policy_cases import NO_RULE, Case, Expect, Finding, Suite
from waypost.core.analysis.policy_coverage import Coverage, Seen, coverage_of
from waypost.core.model.decision import Decision
from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Mode
from waypost.core.model.target import TargetId
from waypost.core.policy.decide import decide, mode_of
from waypost.core.policy.facts import Facts, holds
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove
from waypost.core.policy.reasons import reason
from waypost.core.policy.render import render

__all__ = ["NO_RULE", "Case", "Expect", "Finding", "Report", "Result", "Suite", "run_case", "run_suite"]


@dataclass(frozen=True, slots=True)
class Result:
    """A case that was decided; it passed where there are no findings."""

    case: Case
    decision: Decision
    mode: Mode
    applies: bool
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Report:
    """All results of a suite in the order of its file, and which lines of the policy the cases exercised."""

    suite: Suite
    results: tuple[Result, ...]
    coverage: Coverage

    @property
    def failed(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if not result.passed)

    def passed(self, coverage_min: int = 0) -> bool:
        """Whether every case passed and the coverage is at least ``coverage_min`` percent."""
        return not self.failed and self.coverage.reaches(coverage_min)


def run_suite(suite: Suite) -> Report:
    """Decide every case and compare. Nothing is sent, and no key is needed."""
    results = tuple(run_case(suite.plan, case) for case in suite.cases)
    seen = [Seen(item.case.question, item.case.snapshot, item.decision, item.applies) for item in results]
    return Report(suite, results, coverage_of(suite.plan, seen, suite.elsewhere))


def run_case(plan: Plan, case: Case) -> Result:
    """One case alone."""
    decision = decide(plan, case.question, case.snapshot, case.seed, frozenset(case.tried))
    outcome = _Outcome(plan, case, decision)
    findings = tuple(finding for check in _CHECKS for finding in check(outcome))
    return Result(case, decision, outcome.mode, outcome.applies, findings)


class _Outcome:
    """What happened in a case, in the words of its expectations."""

    def __init__(self, plan: Plan, case: Case, decision: Decision) -> None:
        self.plan = plan
        self.case = case
        self.expect = case.expect
        self.decision = decision
        self.targets = plan.catalog.targets
        self.mode = mode_of(plan, case.question, case.seed)[0]
        self.applies = plan.matches(case.question)
        self.survivors = self.named(decision.survivors)

    def named(self, mask: int) -> tuple[TargetId, ...]:
        return tuple(target.id for place, target in enumerate(self.targets) if mask >> place & 1)

    @property
    def selected(self) -> str:
        index = self.decision.selected
        return "nobody" if index is None else self.targets[index].id

    def finding(self, key: str, expected: str, happened: str, why: Iterable[str] = ()) -> Finding:
        return Finding(key, expected, happened, tuple(why), self.expect.places.get(key, self.case.at))

    def failed_rules(self, target: TargetId) -> tuple[str, ...]:
        bit = 1 << self.plan.catalog.index[target]
        return tuple(name for name, mask in self.decision.rejections if mask & bit)

    def why_not(self, target: TargetId) -> Iterator[str]:
        """What stands against ``target``: each rule that it fails, or who is ahead of it."""
        index = self.plan.catalog.index[target]
        proof = prove(self.plan, self.case.question, self.case.snapshot, self.decision, only=[index])
        rejections = proof.candidates[0].rejections
        for rejection in rejections:
            place = f" ({rejection.source})" if rejection.source is not None else ""
            yield f"{target}: {reason(rejection)}{place}"
        if not rejections:
            yield f"{target} stands by behind {self.selected}: {dict(proof.beats).get(target, 'it ranks lower')}"

    def left_out(self, name: str) -> Iterator[str]:
        """Why a line of that name is not in force in this case, for each that is not."""
        policy, matched = self.plan.policy, self.decision.rule
        for rule in policy.rules:
            if rule.name != matched and any(line.name == name for line in rule.filters):
                yield f"it is a line of rule {rule.name}, and {matched or 'no rule'} matched ({rule.at})"
        lines = (*policy.filters, *(line for rule in policy.rules if rule.name == matched for line in rule.filters))
        facts = Facts(self.plan, self.case.question, self.case.snapshot)
        for line in lines:
            if line.name == name and line.when is not None and holds(line.when, facts, self.targets[0]) is False:
                yield f"it holds only when {render(line.when)} ({line.when.at})"


def _selected(outcome: _Outcome) -> Iterator[Finding]:
    wanted = outcome.expect.selected
    if wanted and outcome.selected not in wanted:
        why = (line for target in wanted for line in outcome.why_not(target))
        yield outcome.finding("selected", " or ".join(wanted), outcome.selected, why)


def _words(outcome: _Outcome) -> Iterator[Finding]:
    """The expectations that are one word."""
    decision, expect = outcome.decision, outcome.expect
    index = decision.selected
    tier = None if index is None else outcome.targets[index].tier
    happened = {
        "rule": decision.rule or NO_RULE,
        "cause": decision.cause,
        "tier": tier or "no tier",
        "mode": outcome.mode,
        "applies": "true" if outcome.applies else "false",
    }
    wanted = {
        "rule": expect.rule,
        "cause": expect.cause,
        "tier": expect.tier,
        "mode": expect.mode,
        "applies": None if expect.applies is None else str(expect.applies).lower(),
    }
    for key, word in wanted.items():
        if word is not None and word != happened[key]:
            why = (f"selected was {outcome.selected}",) if key == "tier" else ()
            yield outcome.finding(key, word, happened[key], why)


def _rejected(outcome: _Outcome) -> Iterator[Finding]:
    for target, rule in outcome.expect.rejected:
        names = outcome.failed_rules(target)
        if rule not in names:
            happened = f"{target} survives" if not names else f"it fails {', '.join(f'`{name}`' for name in names)}"
            yield outcome.finding("rejected", f"{target} fails `{rule}`", happened, outcome.left_out(rule))


def _never(outcome: _Outcome) -> Iterator[Finding]:
    found = [target for target in outcome.expect.never if target in outcome.survivors]
    if found:
        wrong = ["selected" if target == outcome.selected else "stands by" for target in found]
        happened = ", ".join(f"{target} {state}" for target, state in zip(found, wrong, strict=True))
        yield outcome.finding("never", f"{', '.join(found)} rejected", happened)


def _survivors(outcome: _Outcome) -> Iterator[Finding]:
    wanted, found = outcome.expect.survivors, outcome.survivors
    if isinstance(wanted, int) and wanted != len(found):
        yield outcome.finding("survivors", str(wanted), f"{len(found)}: {', '.join(found) or 'nobody'}")
    elif isinstance(wanted, tuple) and wanted != found:
        why = [line for target in wanted if target not in found for line in outcome.why_not(target)]
        why += [f"{target} survives too" for target in found if target not in wanted]
        yield outcome.finding("survivors", ", ".join(wanted) or "nobody", ", ".join(found) or "nobody", why)


def _withheld(outcome: _Outcome) -> Iterator[Finding]:
    wanted, found = outcome.expect.withheld, outcome.case.question.withheld
    if wanted is not None and wanted != found:
        yield outcome.finding("withheld", ", ".join(wanted) or "nothing", ", ".join(found) or "nothing")


def _error(outcome: _Outcome) -> Iterator[Finding]:
    if outcome.expect.error is not None and outcome.decision.selected is not None:
        yield outcome.finding("error", outcome.expect.error, f"{outcome.selected} is selected")


_CHECKS: tuple[Callable[[_Outcome], Iterator[Finding]], ...] = (
    _selected,
    _words,
    _rejected,
    _never,
    _survivors,
    _withheld,
    _error,
)
