"""The compiled engine against the oracle: one case, the first disagreement, and the smallest case that still has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Any

from generators_decision import Ask, Case
from oracle.catalogs import catalog_of, digest
from oracle.growth import written
from oracle.oracle import Expresses, decide
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Decision, Proof
from waypost.core.model.question import Context
from waypost.core.policy.tree import And, Filter, Not, Or, Policy

Compile = Callable[[Policy, Catalog, Expresses], Any]
Decide = Callable[[Any, Any, Any, bytes, frozenset[str]], Decision]
Prove = Callable[[Any, Any, Any, Decision], Proof]


@dataclass(frozen=True)
class Engine:
    """The functions under test; mutants bring their own. Without ``prove`` proofs are not compared."""

    compile_policy: Compile
    decide: Decide
    prove: Prove | None = None


def readable(decision: Decision, catalog: Catalog) -> dict[str, object]:
    """A decision by target ids, with the oracle's words, so that the two compare field by field."""
    ids = [target.id for target in catalog.targets]
    limit = 1 << len(ids)
    for name, mask in decision.rejections:
        assert 0 < mask < limit, f"mask {mask:#x} of {name} is empty or reaches beyond the catalog"
    return {
        "selected": None if decision.selected is None else ids[decision.selected],
        "order": tuple(ids[position] for position in decision.order),
        "scores": decision.scores,
        "survivors": tuple(name for i, name in enumerate(ids) if decision.survivors >> i & 1),
        "names": tuple(name for name, _ in decision.rejections),
        "rejections": {
            target: tuple(name for name, mask in decision.rejections if mask >> i & 1) for i, target in enumerate(ids)
        },
        "cause": decision.cause,
        "rule": decision.rule,
        "because": decision.because,
        "rank": decision.rank,
        "chance": decision.chance,
        "propensity_ppm": decision.propensity_ppm,
        "aside": decision.aside,
    }


def proven(proof: Proof) -> dict[str, tuple[str, ...]]:
    """The failed rules of each candidate, in the order of the proof's rows; one rule may have several rows."""
    return {row.target: tuple(name for name, _ in groupby(r.rule for r in row.rejections)) for row in proof.candidates}


def mismatch(case: Case, engine: Engine) -> str | None:
    """The first disagreement over the case's questions, asked in order of one plan; ``None`` where there is none."""
    world = case.world
    plan = engine.compile_policy(world.policy, world.catalog, world.expresses)
    for number, ask in enumerate(case.asks):
        try:
            decision = engine.decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
            found = readable(decision, world.catalog)
            rows = proven(engine.prove(plan, ask.question, ask.snapshot, decision)) if engine.prove else None
        except Exception as error:
            return f"question {number}: {type(error).__name__}: {error}"
        expected = decide(world, ask.question, ask.snapshot, ask.seed, ask.tried)
        for name, value in found.items():
            wanted = getattr(expected, name)
            if value != wanted:
                return f"question {number}: {name}\n    engine {value}\n    oracle {wanted}"
        if rows is not None and rows != expected.rejections:
            return f"question {number}: rows of the proof\n    engine {rows}\n    oracle {expected.rejections}"
    return None


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """A case that still fails and from which nothing more can be taken away."""
    progress = True
    while progress:
        progress = False
        for smaller in smaller_cases(case):
            if fails(smaller):
                case, progress = smaller, True
                break
    return case


def smaller_cases(case: Case) -> Iterator[Case]:
    """The case with one thing less, the largest things first."""
    for kept in fewer(case.asks):
        if kept:
            yield replace(case, asks=kept)
    for targets in fewer(case.world.catalog.targets):
        yield replace(case, world=replace(case.world, catalog=catalog_of(list(targets))))
    for policy in smaller_policies(case.world.policy):
        yield replace(case, world=replace(case.world, policy=policy))
    for i, ask in enumerate(case.asks):
        for smaller in smaller_asks(ask):
            yield replace(case, asks=(*case.asks[:i], smaller, *case.asks[i + 1 :]))


def smaller_policies(policy: Policy) -> Iterator[Policy]:
    for name in ("rules", "filters", "scales", "leave", "budgets", "limits", "tiers"):
        for kept in fewer(getattr(policy, name)):
            yield changed(policy, **{name: kept})
    for name in ("select", "affinity"):
        if getattr(policy, name) is not None:
            yield changed(policy, **{name: None})
    for i, line in enumerate(policy.filters):
        for smaller in smaller_filters(line):
            yield changed(policy, filters=(*policy.filters[:i], smaller, *policy.filters[i + 1 :]))
    for i, rule in enumerate(policy.rules):
        for kept in fewer(rule.filters):
            yield changed(policy, rules=(*policy.rules[:i], replace(rule, filters=kept), *policy.rules[i + 1 :]))


def changed(policy: Policy, **parts: Any) -> Policy:
    """Another policy has another fingerprint, or a plan that was kept for the first could answer for it."""
    policy = replace(policy, **parts)
    return replace(policy, fingerprint=digest(policy))


def smaller_filters(line: Filter) -> Iterator[Filter]:
    """One of the terms alone, or no ``when``; the name stays."""
    if line.when is not None:
        yield replace(line, when=None)
    predicate = line.predicate
    if isinstance(predicate, And | Or):
        yield from (replace(line, predicate=term) for term in predicate.terms)
    elif isinstance(predicate, Not):
        yield replace(line, predicate=predicate.term)


def smaller_asks(ask: Ask) -> Iterator[Ask]:
    if ask.tried:
        yield replace(ask, tried=())
    for kept in fewer(ask.question.needs):
        yield replace(ask, question=replace(ask.question, needs=kept))
    parts: dict[str, Any]
    for name, nothing in (("override", None), ("advice", None), ("intent", None), ("context", Context())):
        if getattr(ask.question, name) != nothing:
            parts = {name: nothing}
            yield replace(ask, question=replace(ask.question, **parts))
    for name in ("narrow", "strategy", "preference"):
        if getattr(ask.question.context, name) is not None:
            parts = {name: None}
            context = replace(ask.question.context, **parts)
            yield replace(ask, question=replace(ask.question, context=context))
    yield from smaller_snapshots(ask)


def smaller_snapshots(ask: Ask) -> Iterator[Ask]:
    """With one thing less that the world says; the epoch follows what it stands for."""
    parts: dict[str, Any]
    for name in ("used", "limited", "refused"):
        for kept in fewer(getattr(ask.snapshot, name)):
            parts = {name: kept}
            yield replace(ask, snapshot=replace(ask.snapshot, **parts))
    if ask.snapshot.warm is not None:
        yield replace(ask, snapshot=replace(ask.snapshot, warm=None))
    for name in ("broken", "disabled", "latency_p95_ns"):
        if getattr(ask.snapshot, name):
            parts = {name: (), "epoch": 0, "at_ns": 0}
            snapshot = replace(ask.snapshot, **parts)
            yield replace(ask, snapshot=replace(snapshot, epoch=int(digest(snapshot)[:8], 16)))


def fewer(items: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Without one half, then the other, then without each single one."""
    half = len(items) // 2
    if half > 1:
        yield tuple(items[half:])
        yield tuple(items[:half])
    for i in range(len(items)):
        yield (*items[:i], *items[i + 1 :])


def told(case: Case) -> str:
    """The case as a person reads it: only what differs from the records' defaults."""
    policy = case.world.policy
    lines = [f"rank {brief(policy.rank)} scales {brief(policy.scales)}"]
    lines += [f"cross_origin {policy.cross_origin} leave {policy.leave} tiers {policy.tiers}"]
    lines += [f"select {brief(policy.select)} affinity {brief(policy.affinity)} budgets {brief(policy.budgets)}"]
    for rule in policy.rules:
        lines.append(f"rule {rule.name} when {rule.when and written(rule.when)} use {rule.use}")
        lines += [f"  {told_filter(line)}" for line in rule.filters]
    lines += [told_filter(line) for line in policy.filters]
    lines += [f"expresses {dialect}: {sorted(flags)}" for dialect, flags in case.world.expresses.items()]
    lines += [f"target {brief(target)}" for target in case.world.catalog.targets]
    for ask in case.asks:
        lines.append(f"ask {brief(ask.question)}\n    snapshot {brief(ask.snapshot)} tried {ask.tried}")
    return "\n".join(lines)


def told_filter(line: Filter) -> str:
    return f"filter {line.name!r}: {written(line.predicate)} when {line.when and written(line.when)}"


def brief(value: Any) -> str:
    """A record without the fields that are empty."""
    if isinstance(value, tuple):
        return "(" + ", ".join(brief(item) for item in value) + ")"
    if not hasattr(value, "__dataclass_fields__"):
        return repr(value)
    parts = ((f.name, getattr(value, f.name)) for f in fields(value) if f.name != "at")
    return " ".join(f"{name}={brief(item)}" for name, item in parts if item not in (None, (), {}, False, ""))


def complaint(case: Case, engine: Engine) -> str | None:
    """``None`` where the two agree, else the smallest failing case and how it fails."""
    if mismatch(case, engine) is None:
        return None
    small = shrunk(case, lambda smaller: mismatch(smaller, engine) is not None)
    return f"{mismatch(small, engine)}\n{told(small)}"
