"""A policy as its canonical document: what is fingerprinted and stored."""

from __future__ import annotations

from collections.abc import Mapping

from waypost.core.model.canonical import JSON
from waypost.core.policy.render import render
from waypost.core.policy.tree import Budget, Filter, Limit, Policy, Predicate, Rank, Reaction, Rule, Select

VERSION = "policy/v1"
_LATER: Mapping[str, JSON] = {
    "affinity": None, "budgets": [], "limits": [], "envelope": False, "grants": None, "aliases": {},
}  # fmt: skip
"""Keys that came after the first policies were fingerprinted, with their defaults: written where they say something."""


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
        "rank": _rank(policy.rank),
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
        "privacy": _privacy(policy),
    }
    document.update((key, value) for key, value in _later(policy).items() if value != _LATER[key])
    return document


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


def _rank(rank: Rank) -> dict[str, JSON]:
    document: dict[str, JSON] = {"strategy": rank.strategy, "weights": dict(rank.weights)}
    if rank.behind:
        document["behind"] = rank.behind
    if rank.advisor is not None:
        document |= {"advisor": rank.advisor, "within_ns": rank.within_ns}
    return document


def _privacy(policy: Policy) -> dict[str, JSON]:
    content: dict[str, JSON] = {"content": policy.content}
    return content if policy.content_for_ns is None else {**content, "for_ns": policy.content_for_ns}


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
