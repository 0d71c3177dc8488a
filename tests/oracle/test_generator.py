"""The generator is only as good as what it reaches; this counts what the differential run's own cases exercise."""

from __future__ import annotations

from collections import Counter

from generators_decision import Ask, Case, cases
from oracle import oracle
from oracle.aside import shortlist
from oracle.catalogs import ENDPOINTS
from oracle.checks import above, applying, filters
from oracle.effects import EFFECTS, effects
from oracle.facts import REQUEST, TARGET, View, fact
from oracle.growth import NUMBERS
from oracle.kleene import truth
from waypost.core.model import needs as vocabulary
from waypost.core.policy.tree import And, Compare, FieldTimes, Not, Or, Predicate

SEED = 20250711
COUNT = 5_000
"""As in the differential test."""
CLOSELY = 500
"""In so many of the first cases predicates are looked into one by one."""
ENOUGH = 10
"""How often at least everything that narrows, spends or selects must take effect, as docs/decision.md says."""


def comparisons(predicate: Predicate) -> list[Compare]:
    """All comparisons inside."""
    match predicate:
        case Compare():
            return [predicate]
        case Not(term=term):
            return comparisons(term)
        case And(terms=terms) | Or(terms=terms):
            return [compare for term in terms for compare in comparisons(term)]


def watched(case: Case, seen: Counter[str], *, closely: bool) -> None:
    """Count what a case exercises; closely, each rule both ways, each field and operator in each truth value too."""
    for ask in case.asks:
        decision = oracle.decide(case.world, ask.question, ask.snapshot, ask.seed, ask.tried)
        seen.update(effects(case.world, ask, decision))
        seen[f"cause {decision.cause}"] += 1
        seen[f"strategy {ask.question.context.preference or case.world.policy.rank.strategy}"] += 1
        seen["cut at standby"] += len(decision.survivors) > len(decision.order)
        seen["a tie"] += len(set(decision.scores)) < len(decision.scores)
        seen["unknown score"] += -1 in decision.scores
        if closely:
            watch_rules(case, ask, decision, seen)


def watch_rules(case: Case, ask: Ask, decision: oracle.OracleDecision, seen: Counter[str]) -> None:
    rule = oracle.matched_rule(case.world, ask.question, ask.snapshot)
    asked = oracle.Asked(case.world, ask.question, ask.snapshot, ask.seed, ask.tried)
    entries = [*above(asked), *shortlist(asked, rule).entries, *filters(asked, rule)]
    for name in {entry.name for entry in entries}:
        for rejected in decision.rejections.values():
            seen[f"{kind_of(name)} {'rejects' if name in rejected else 'passes'}"] += 1
    for line in applying(asked, rule):
        for target in case.world.catalog.targets[:5]:
            view = View(case.world.catalog, ask.question, ask.snapshot, target)
            watch_predicate(line.predicate, view, seen)
    view = View(case.world.catalog, ask.question, ask.snapshot)
    for condition in conditions(case):
        watch_predicate(condition, view, seen)


def conditions(case: Case) -> list[Predicate]:
    """Every ``match`` and ``when`` of the case."""
    policies = (case.world.policy, *case.others)
    found = [policy.match for policy in policies] + [rule.when for policy in policies for rule in policy.rules]
    found += [line.when for policy in policies for line in policy.filters]
    return [condition for condition in found if condition is not None]


def watch_predicate(predicate: Predicate, view: View, seen: Counter[str]) -> None:
    seen[f"{type(predicate).__name__} {truth(predicate, view)}"] += 1
    for compare in comparisons(predicate):
        value = truth(compare, view)
        seen[f"{compare.op} {value}"] += 1
        seen[f"field {compare.field} {value}"] += 1
        if isinstance(compare.value, FieldTimes):
            equal = fact(compare.field, view) == fact(compare.value.field, view)
            seen[f"times {value} {'equal' if equal else 'unequal'}"] += 1


RESERVED = (
    *("tried", "cross_origin", "dialect", "provider.credentials", "breaker"),
    *("call.models", "call.only", "call.ignore", "call.max_price"),
    *("limit.target", "limit.endpoint", "limit.provider", "budget.user", "budget.all", "override"),
    *("need.context_window", "need.max_output"),
)


def kind_of(name: str) -> str:
    """Needs by their level, policy rules and filters as one kind each."""
    if name in RESERVED or name.startswith(("call.", "limit.", "budget.", "override")):
        return name
    if name.startswith("need."):
        return f"need of the {vocabulary.level(name[5:])}"
    return "rule" if name.startswith("rule.") else "filter"


def test_the_generator_reaches_everything() -> None:
    """Each kind of rule rejects and passes, each cause occurs, each field and operator is seen both ways."""
    seen: Counter[str] = Counter()
    for number, case in enumerate(cases(SEED, COUNT)):
        watched(case, seen, closely=number < CLOSELY)
    kinds = [*RESERVED, "need of the model", "need of the dialect", "need of the endpoint", "rule", "filter"]
    wanted = [f"{kind} {way}" for kind in kinds for way in ("rejects", "passes")]
    causes = (
        "fallback",
        "pinned",
        "non_portable",
        "override",
        "budget",
        "limit",
        "affinity",
        "rollout",
        "preference",
        "advisor",
        "rule",
        "policy",
    )
    wanted += [f"cause {cause}" for cause in causes]
    names = ("cheapest", "fastest", "best", "weighted", "balanced", "advisor", "listed", "quality", "cost", "latency")
    wanted += [f"strategy {name}" for name in names]
    wanted += ["cut at standby", "a tie", "unknown score", "times True equal", "times False unequal"]
    ops = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "matches")
    wanted += [f"{op} {value}" for op in (*ops, "And", "Or", "Not", "Compare") for value in (True, False, None)]
    wanted += [
        f"field {name} {value}"
        for name in (*TARGET, *REQUEST, "labels.team", "context.team")
        for value in (True, False)
    ]
    missing = [name for name in wanted if not seen[name]]
    assert not missing
    rare = {name: seen[name] for name in EFFECTS if seen[name] < ENOUGH}
    assert not rare


def test_the_generator_speaks_of_known_things() -> None:
    """Its numbers have units and its endpoints are in every catalog, or the cases would be refused at load."""
    case = next(cases(SEED, 1))
    assert set(case.world.catalog.endpoints) == set(ENDPOINTS)
    view = View(case.world.catalog, case.asks[0].question, case.asks[0].snapshot, case.world.catalog.targets[0])
    assert all(isinstance(fact(name, view), int | None) for name in NUMBERS)


def test_the_same_numbers_give_the_same_cases() -> None:
    """A failure is reproduced by its seed alone."""
    assert repr(list(cases(5, 40))) == repr(list(cases(5, 40)))
    assert repr(list(cases(5, 40))) != repr(list(cases(6, 40)))


def test_an_epoch_has_one_content() -> None:
    """Snapshots of one case that differ in more than the clock differ in their epoch."""
    for case in cases(SEED, 300):
        contents = {(s.epoch, s.broken, s.disabled, s.latency_p95_ns) for s in (ask.snapshot for ask in case.asks)}
        assert len({epoch for epoch, *_ in contents}) == len(contents)
