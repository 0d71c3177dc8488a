"""A policy as its canonical document, and the policy again out of the document alone.

The document has no positions, predicates as canonical text, and every default spelled out but those of keys that
came later, so that it reads like a policy file and hashes to the fingerprint. `Policy.positions` keeps the places
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from waypost.core.model.canonical import fingerprint
from waypost.core.model.decision import Source
from waypost.core.policy.encode import VERSION, encode
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.places import positions_of
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
from waypost.core.policy.wrap import ENVELOPES, wrap

__all__ = ["NOWHERE", "VERSION", "encode", "policy_from_document", "seal"]

NOWHERE = Source("", 0, 0)
"""The place of what was rebuilt without positions."""
_NONE: Mapping[str, str] = {}
_DEFAULT = "default."


def seal(policy: Policy, places: Mapping[str, str] = _NONE) -> Policy:
    """``policy`` with its ``document``, ``fingerprint`` and ``positions`` computed from the rest; ``places`` are
    positions of what has no record of its own, by path."""
    document = encode(policy)
    positions = {**positions_of(policy), **places}
    return replace(policy, document=document, fingerprint=fingerprint(document), positions=positions)


def policy_from_document(document: Mapping[str, Any], positions: Mapping[str, str] | None = None) -> Policy:
    """The policy that ``document`` was made from, with the same fingerprint; without ``positions``, without places.

    Raises:
        ValueError: not a document of this version; KeyError or TypeError where it was damaged.
        PolicyError: a predicate in it cannot be read.
    """
    if document.get("waypost") != VERSION:
        raise ValueError(f"not a {VERSION} document: {document.get('waypost')!r}")
    places = positions or {}
    outer = document.get(ENVELOPES, ())
    envelopes = [_policy(plain, _Decoder(_below(places, f"{ENVELOPES}.{index}."))) for index, plain in enumerate(outer)]
    return wrap(_policy(document, _Decoder(places)), envelopes)


def _below(positions: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {path[len(prefix) :]: place for path, place in positions.items() if path.startswith(prefix)}


def _policy(document: Mapping[str, Any], read: _Decoder) -> Policy:
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
            rank=Rank(
                rank["strategy"],
                tuple(sorted(rank["weights"].items())),
                read.at("rank"),
                behind=rank.get("behind", ""),
                advisor=rank.get("advisor"),
                within_ns=rank.get("within_ns", 0),
            ),
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
            content_for_ns=document["privacy"].get("for_ns"),
            envelope=document.get("envelope", False),
            grants=None if document.get("grants") is None else tuple(document["grants"]),
            aliases=tuple(sorted(document.get("aliases", {}).items())),
            sources=tuple(name for name in read.positions.get("sources", "").split("\n") if name),
        ),
        {path: place for path, place in read.positions.items() if path.startswith(_DEFAULT)},
    )


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
