"""The slow decision: docs/decision.md read aloud, target by target and rule by rule.

It shares nothing with the compiled engine but record types, so where the two disagree one of them misread the page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oracle.facts import Fact, View, fact, grid, lg
from oracle.kleene import limit, truth
from waypost.core.catalog.table import Catalog
from waypost.core.model import needs as vocabulary
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Target
from waypost.core.policy.tree import Compare, Filter, Policy, Rule

Expresses = Mapping[str, frozenset[str]]
Fails = Callable[[Target], bool]

STANDBY = 8
PREFERRED = {"quality": "best", "cost": "cheapest", "latency": "fastest"}
BALANCED = (("quality", 400_000), ("cost", 400_000), ("latency", 200_000))
RANKED = {"cost": "estimated.cost", "latency": "estimated.latency", "quality": "quality"}
SCALES = {"cost": (100, 1_000_000_000), "latency": (200_000_000, 20_000_000_000), "quality": (0, 1_000_000)}


@dataclass(frozen=True)
class Observed:
    """The raw values behind one failed simple comparison; ``None`` is unknown."""

    field: str
    op: str
    value: Fact
    limit: Fact | list[int | str]


@dataclass(frozen=True)
class OracleDecision:
    """By target ids, not by masks. ``names`` are the rules with a failing candidate, in the page's order."""

    selected: str | None
    order: tuple[str, ...]
    scores: tuple[int, ...]
    survivors: tuple[str, ...]
    names: tuple[str, ...]
    rejections: Mapping[str, tuple[str, ...]]
    observed: Mapping[tuple[str, str], Observed]
    cause: str
    rule: str | None
    because: str | None


@dataclass(frozen=True)
class World:
    """What stays the same over many questions."""

    policy: Policy
    catalog: Catalog
    expresses: Expresses


def decide(
    world: World, question: Question, snapshot: Snapshot, seed: bytes = b"", tried: Sequence[str] = ()
) -> OracleDecision:
    """The decision that the page demands. The seed has no part in it yet."""
    rule = matched_rule(world, question, snapshot)
    checks = all_checks(world, question, snapshot, rule, tried)
    rejections = {
        target.id: tuple(name for name, tests in checks.items() if any(test(target) for test in tests))
        for target in world.catalog.targets
    }
    survivors = [target for target in world.catalog.targets if not rejections[target.id]]
    ranked = ranking(world, question, snapshot, survivors)[:STANDBY]
    return OracleDecision(
        selected=ranked[0][0] if ranked else None,
        order=tuple(target_id for target_id, _ in ranked),
        scores=tuple(score for _, score in ranked),
        survivors=tuple(target.id for target in survivors),
        names=tuple(name for name in checks if any(name in failed for failed in rejections.values())),
        rejections=rejections,
        observed=observations(world, question, snapshot, rule, rejections),
        cause=cause(question, rule, tried),
        rule=rule.name if rule else None,
        because=rule.because if rule else None,
    )


def matched_rule(world: World, question: Question, snapshot: Snapshot) -> Rule | None:
    """The first whose ``when`` is true."""
    view = View(world.catalog, question, snapshot)
    for rule in world.policy.rules:
        if rule.when is None or truth(rule.when, view) is True:
            return rule
    return None


def all_checks(
    world: World, question: Question, snapshot: Snapshot, rule: Rule | None, tried: Sequence[str]
) -> dict[str, list[Fails]]:
    """Every rule by name, in the page's order; a candidate fails a name if it fails any test under it."""
    origin = question.origin.endpoint
    checks: dict[str, list[Fails]] = {}

    def add(name: str, fails: Fails) -> None:
        checks.setdefault(name, []).append(fails)

    add("tried", lambda target: target.id in tried)
    stays = not may_leave(world.policy, question)
    add("cross_origin", lambda target: stays and target.endpoint != origin)
    add("dialect", lambda target: mute(world, question, target))
    add(
        "provider.credentials",
        lambda target: target.endpoint not in question.credentials and target.endpoint != origin,
    )
    add("breaker", lambda target: target.id in snapshot.broken or target.endpoint in snapshot.disabled)
    for flag in sorted({need.flag for need in question.needs if need.severity == "required"}):
        add(f"need.{flag}", lambda target, flag=flag: not meets(world, question, target, flag))  # type: ignore[misc]
    add("need.context_window", lambda target: not fits(question, target))
    given = question.features.max_output
    if given is not None:
        add("need.max_output", lambda target: target.max_output is None or given > target.max_output)
    if rule is not None and rule.use is not None:
        shortlist = rule.use
        add(f"rule.{rule.name}", lambda target: target.id not in shortlist)
    for line in applying(world, question, snapshot, rule):
        add(
            line.name,
            lambda target, line=line: (  # type: ignore[misc]
                truth(line.predicate, View(world.catalog, question, snapshot, target)) is not True
            ),
        )
    return checks


def may_leave(policy: Policy, question: Question) -> bool:
    """Whether the call may go anywhere but its own endpoint."""
    if question.pinned or not question.granted or policy.cross_origin != "auto":
        return False
    return question.origin.endpoint is not None or any(host_matches(e, question.origin.host) for e in policy.leave)


def host_matches(entry: str, host: str) -> bool:
    """Equal, or ``*.rest`` and a host that ends with ``.rest``: a name that merely ends alike is someone else's."""
    if entry == host:
        return True
    return entry.startswith("*.") and host.endswith(entry[1:])


def mute(world: World, question: Question, target: Target) -> bool:
    """Whether nobody here can speak to the target: neither the caller's own dialect nor one with a codec."""
    dialect = world.catalog.endpoints[target.endpoint].dialect
    return dialect != question.dialect and dialect not in world.expresses


def meets(world: World, question: Question, target: Target, flag: str) -> bool:
    """Whether a required need is met, on the level where its flag belongs."""
    dialect = world.catalog.endpoints[target.endpoint].dialect
    said = dialect == question.dialect or flag in world.expresses.get(dialect, frozenset())
    if flag in vocabulary.MODEL:
        return flag in target.capabilities and said
    if flag in vocabulary.DIALECT:
        return said
    return question.origin.endpoint is not None and target.endpoint == question.origin.endpoint


def fits(question: Question, target: Target) -> bool:
    """Whether prompt and answer fit into the window."""
    features = question.features
    answer = features.max_output if features.max_output is not None else grid(features.tokens_output)
    return target.context_window is not None and grid(features.tokens_input) + answer <= target.context_window


def applying(world: World, question: Question, snapshot: Snapshot, rule: Rule | None) -> list[Filter]:
    """The policy's filters, then the matched rule's; those whose ``when`` is false are left out."""
    view = View(world.catalog, question, snapshot)
    lines = world.policy.filters + (rule.filters if rule is not None else ())
    return [line for line in lines if line.when is None or truth(line.when, view) is not False]


def ranking(world: World, question: Question, snapshot: Snapshot, survivors: Sequence[Target]) -> list[tuple[str, int]]:
    """All survivors, best first, with their scores."""
    preference = question.context.preference
    strategy = PREFERRED[preference] if preference else world.policy.rank.strategy
    scored = []
    for target in survivors:
        view = View(world.catalog, question, snapshot, target)
        if strategy in ("weighted", "balanced"):
            weights = world.policy.rank.weights if strategy == "weighted" else BALANCED
            scored.append((target.id, sum(w * utility(world.policy, f, view) for f, w in weights) // 1_000_000))
        else:
            field = {"cheapest": "estimated.cost", "fastest": "estimated.latency", "best": "quality"}[strategy]
            value = fact(field, view)
            scored.append((target.id, value if isinstance(value, int) else -1))
    by_id = sorted(scored)
    if strategy in ("cheapest", "fastest"):
        return sorted(by_id, key=lambda pair: (pair[1] == -1, pair[1]))
    return sorted(by_id, key=lambda pair: -pair[1])


def utility(policy: Policy, field: str, view: View) -> int:
    """Micro-units on the policy's scale, 0 where unknown."""
    low, high = SCALES[field]
    for scale in policy.scales:
        if scale.field == field:
            low, high = scale.low, scale.high
    x = fact(RANKED[field], view)
    if not isinstance(x, int):
        return 0
    if field == "quality":
        value = (x - low) * 1_000_000 // (high - low)
    else:
        value = 1_000_000 - (lg(x) - lg(low)) * 1_000_000 // (lg(high) - lg(low))
    return max(0, min(1_000_000, value))


def cause(question: Question, rule: Rule | None, tried: Sequence[str]) -> str:
    """The first that holds."""
    if tried:
        return "fallback"
    if question.pinned:
        return "pinned"
    if question.context.preference:
        return "preference"
    return "rule" if rule is not None else "policy"


def observations(
    world: World,
    question: Question,
    snapshot: Snapshot,
    rule: Rule | None,
    rejections: Mapping[str, tuple[str, ...]],
) -> dict[tuple[str, str], Observed]:
    """By target id and filter name, what each failed simple comparison saw; the first filter of a name that failed."""
    out: dict[tuple[str, str], Observed] = {}
    for target in world.catalog.targets:
        view = View(world.catalog, question, snapshot, target)
        for line in applying(world, question, snapshot, rule):
            key, predicate = (target.id, line.name), line.predicate
            if line.name not in rejections[target.id] or key in out or not isinstance(predicate, Compare):
                continue
            if truth(predicate, view) is not True:
                value, right = fact(predicate.field, view), limit(predicate.value, view)
                out[key] = Observed(predicate.field, predicate.op, value, right)
    return out
