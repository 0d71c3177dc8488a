"""A policy as its canonical document, and the policy again out of the document alone.

The document has no positions, predicates as canonical text, and every default spelled out but those of `_LATER`, so
that it reads like a policy file and hashes to the fingerprint. `Policy.positions` keeps the places beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, assert_never

from waypost.core.model.canonical import JSON, fingerprint
from waypost.core.model.decision import Source
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.render import render
from waypost.core.policy.tree import (
    Affinity,
    And,
    Budget,
    Compare,
    Fallback,
    Filter,
    Limit,
    ModeSpec,
    Not,
    Or,
    Policy,
    Predicate,
    Rank,
    Reaction,
    Rule,
    Scale,
    Select,
)

VERSION = "policy/v1"
NOWHERE = Source("", 0, 0)
"""The place of what was rebuilt without positions."""
_LATER: Mapping[str, JSON] = {
    "affinity": None, "budgets": [], "limits": [], "envelope": False, "grants": None, "aliases": {},
}  # fmt: skip
"""Keys that came after the first policies were fingerprinted, with their defaults: written where they say something."""


def seal(policy: Policy) -> Policy:
    """``policy`` with its ``document``, ``fingerprint`` and ``positions`` computed from the rest."""
    document = encode(policy)
    return replace(policy, document=document, fingerprint=fingerprint(document), positions=_positions(policy))


def encode(policy: Policy) -> dict[str, JSON]:
    """The canonical document: integers in base units, text and lists only."""
    document: dict[str, JSON] = {
        "waypost": VERSION,
        "name": policy.name,
        "description": policy.description,
        "mode": {"mode": policy.mode.mode, "share_ppm": policy.mode.share_ppm, "by": policy.mode.by},
        "baseline": policy.baseline,
        "match": _text(policy.match),
        "tiers": {name: list(targets) for name, targets in policy.tiers},
        "rules": [_rule(rule) for rule in policy.rules],
        "filter": [_filter(line) for line in policy.filters],
        "rank": {"strategy": policy.rank.strategy, "weights": dict(policy.rank.weights)},
        "scales": {scale.field: {"low": scale.low, "high": scale.high} for scale in policy.scales},
        "select": _select(policy.select),
        "fallback": {
            "max_attempts": policy.fallback.max_attempts,
            "deadline_ns": policy.fallback.deadline_ns,
            "failures": {reaction.kind: _reaction(reaction) for reaction in policy.fallback.reactions},
        },
        "on_no_candidates": policy.on_no_candidates,
        "on_internal_error": policy.on_internal_error,
        "default": dict(policy.default),
        "cross_origin": policy.cross_origin,
        "leave": list(policy.leave),
        "privacy": {"content": policy.content},
    }
    document.update((key, value) for key, value in _later(policy).items() if value != _LATER[key])
    return document


def policy_from_document(document: Mapping[str, Any], positions: Mapping[str, str] | None = None) -> Policy:
    """The policy that ``document`` was made from, with the same fingerprint; without ``positions``, without places.

    Raises:
        ValueError: not a document of this version; KeyError or TypeError where it was damaged.
        PolicyError: a predicate in it cannot be read.
    """
    if document.get("waypost") != VERSION:
        raise ValueError(f"not a {VERSION} document: {document.get('waypost')!r}")
    read = _Decoder(positions or {})
    mode, rank, fallback = document["mode"], document["rank"], document["fallback"]
    return seal(
        Policy(
            name=document["name"],
            description=document["description"],
            mode=ModeSpec(mode["mode"], mode["share_ppm"], mode["by"], read.at("mode")),
            baseline=document["baseline"],
            match=read.predicate(document["match"], "match"),
            tiers=tuple((name, tuple(document["tiers"][name])) for name in sorted(document["tiers"])),
            rules=tuple(read.rule(rule, f"rules.{index}") for index, rule in enumerate(document["rules"])),
            filters=read.filters(document["filter"], "filter"),
            rank=Rank(rank["strategy"], tuple(sorted(rank["weights"].items())), read.at("rank")),
            scales=tuple(
                Scale(name, scale["low"], scale["high"], read.at(f"scales.{name}"))
                for name, scale in sorted(document["scales"].items())
            ),
            fallback=Fallback(
                fallback["max_attempts"],
                fallback["deadline_ns"],
                tuple(Reaction(kind=kind, **reaction) for kind, reaction in sorted(fallback["failures"].items())),
                read.at("fallback"),
            ),
            on_no_candidates=document["on_no_candidates"],
            on_internal_error=document["on_internal_error"],
            default=dict(sorted(document["default"].items())),
            cross_origin=document["cross_origin"],
            leave=tuple(document["leave"]),
            document={},
            fingerprint="",
            at=read.at(""),
            select=read.select(document["select"]),
            affinity=read.affinity(document.get("affinity")),
            budgets=tuple(read.budget(item, f"budgets.{n}") for n, item in enumerate(document.get("budgets", ()))),
            limits=tuple(
                Limit(item["scope"], item["of"], item["amount"], item["per_ns"], read.at(f"limits.{n}"))
                for n, item in enumerate(document.get("limits", ()))
            ),
            content=document["privacy"]["content"],
            envelope=document.get("envelope", False),
            grants=None if document.get("grants") is None else tuple(document["grants"]),
            aliases=tuple(sorted(document.get("aliases", {}).items())),
            sources=tuple(name for name in read.positions.get("sources", "").split("\n") if name),
        )
    )


def _later(policy: Policy) -> dict[str, JSON]:
    affinity = policy.affinity
    return {
        "affinity": None if affinity is None else {"by": affinity.by, "for_ns": affinity.for_ns},
        "budgets": [_budget(budget) for budget in policy.budgets],
        "limits": [_limit(limit) for limit in policy.limits],
        "envelope": policy.envelope,
        "grants": None if policy.grants is None else list(policy.grants),
        "aliases": dict(policy.aliases),
    }


def _select(select: Select | None) -> JSON:
    if select is None or select.kind == "best":
        return "best"
    return {
        "kind": select.kind,
        "weights": dict(select.weights),
        "share_ppm": select.share_ppm,
        "target": select.target,
        "by": select.by,
    }


def _budget(budget: Budget) -> dict[str, JSON]:
    return {
        "scope": budget.scope,
        "limit_nano_usd": budget.limit_nano_usd,
        "period": budget.period,
        "thresholds": [[ppm, action] for ppm, action in budget.thresholds],
    }


def _limit(limit: Limit) -> dict[str, JSON]:
    return {"scope": limit.scope, "of": limit.of, "amount": limit.amount, "per_ns": limit.per_ns}


def _text(predicate: Predicate | None) -> str | None:
    return None if predicate is None else render(predicate)


def _filter(line: Filter) -> dict[str, JSON]:
    return {"rule": render(line.predicate), "when": _text(line.when), "because": line.because}


def _rule(rule: Rule) -> dict[str, JSON]:
    return {
        "name": rule.name,
        "when": _text(rule.when),
        "use": None if rule.use is None else list(rule.use),
        "filter": [_filter(line) for line in rule.filters],
        "because": rule.because,
    }


def _reaction(reaction: Reaction) -> dict[str, JSON]:
    return {
        "then": reaction.then,
        "retry_same": reaction.retry_same,
        "backoff_ns": reaction.backoff_ns,
        "disable_provider_ns": reaction.disable_provider_ns,
    }


# Positions: the place of each part by its path in the document, and of each node of a predicate behind a `#`.


def _positions(policy: Policy) -> dict[str, str]:
    places = {"": policy.at, "mode": policy.mode.at, "rank": policy.rank.at, "fallback": policy.fallback.at}
    places.update((f"scales.{scale.field}", scale.at) for scale in policy.scales)
    places.update((f"budgets.{index}", budget.at) for index, budget in enumerate(policy.budgets))
    places.update((f"limits.{index}", limit.at) for index, limit in enumerate(policy.limits))
    places.update((key, part.at) for key, part in (("select", policy.select), ("affinity", policy.affinity)) if part)
    places.update(_predicate_places(policy.match, "match"))
    places.update(_filter_places(policy.filters, "filter"))
    for index, rule in enumerate(policy.rules):
        path = f"rules.{index}"
        places[path] = rule.at
        places.update(_predicate_places(rule.when, f"{path}.when"))
        places.update(_filter_places(rule.filters, f"{path}.filter"))
    out = {path: f"{at}:{at.length}" for path, at in places.items() if at.line}
    if policy.sources:
        out["sources"] = "\n".join(policy.sources)
    return out


def _filter_places(filters: tuple[Filter, ...], path: str) -> Iterator[tuple[str, Source]]:
    for index, line in enumerate(filters):
        yield f"{path}.{index}", line.at
        yield from _predicate_places(line.predicate, f"{path}.{index}")
        yield from _predicate_places(line.when, f"{path}.{index}.when")


def _predicate_places(predicate: Predicate | None, path: str) -> Iterator[tuple[str, Source]]:
    nodes = () if predicate is None else _walk(predicate)
    return ((f"{path}#{number}", node.at) for number, node in enumerate(nodes))


def _walk(predicate: Predicate) -> Iterator[Predicate]:
    """All nodes, parents first."""
    yield predicate
    match predicate:
        case Compare():
            return
        case Not():
            yield from _walk(predicate.term)
        case And() | Or():
            for term in predicate.terms:
                yield from _walk(term)
        case _:
            assert_never(predicate)


class _Decoder:
    """Reads the parts of a document, each with its place where one is known."""

    def __init__(self, positions: Mapping[str, str]) -> None:
        self.positions = positions

    def at(self, path: str) -> Source:
        text = self.positions.get(path)
        if text is None:
            return NOWHERE
        file, line, column, length = text.rsplit(":", 3)
        return Source(file, int(line), int(column), int(length))

    def predicate(self, text: str | None, path: str) -> Predicate | None:
        return None if text is None else self.placed(parse_predicate(text, NOWHERE), path, [0])

    def placed(self, node: Predicate, path: str, number: list[int]) -> Predicate:
        at = self.at(f"{path}#{number[0]}")
        number[0] += 1
        match node:
            case Compare():
                return replace(node, at=at)
            case Not():
                return Not(self.placed(node.term, path, number), at)
            case And():
                return And(tuple(self.placed(term, path, number) for term in node.terms), at)
            case Or():
                return Or(tuple(self.placed(term, path, number) for term in node.terms), at)
            case _:
                assert_never(node)

    def select(self, plain: str | dict[str, Any]) -> Select | None:
        if isinstance(plain, str):
            return None
        return Select(
            plain["kind"],
            self.at("select"),
            weights=tuple(sorted(plain["weights"].items())),
            share_ppm=plain["share_ppm"],
            target=plain["target"],
            by=plain["by"],
        )

    def affinity(self, plain: dict[str, Any] | None) -> Affinity | None:
        return None if plain is None else Affinity(plain["by"], plain["for_ns"], self.at("affinity"))

    def budget(self, plain: dict[str, Any], path: str) -> Budget:
        thresholds = tuple((ppm, action) for ppm, action in plain["thresholds"])
        return Budget(plain["scope"], plain["limit_nano_usd"], plain["period"], thresholds, self.at(path))

    def filters(self, lines: list[dict[str, Any]], path: str) -> tuple[Filter, ...]:
        return tuple(self.filter(line, f"{path}.{index}") for index, line in enumerate(lines))

    def filter(self, line: dict[str, Any], path: str) -> Filter:
        predicate = self.placed(parse_predicate(line["rule"], NOWHERE), path, [0])
        when = self.predicate(line["when"], f"{path}.when")
        return Filter(line["rule"], predicate, when, line["because"], self.at(path))

    def rule(self, rule: dict[str, Any], path: str) -> Rule:
        use = rule["use"]
        return Rule(
            name=rule["name"],
            when=self.predicate(rule["when"], f"{path}.when"),
            use=None if use is None else tuple(use),
            filters=self.filters(rule["filter"], f"{path}.filter"),
            because=rule["because"],
            at=self.at(path),
        )
