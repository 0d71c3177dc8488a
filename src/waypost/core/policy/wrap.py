"""A policy inside of its envelopes: what an administrator's policies add to every other one, and can only tighten.

The result is an ordinary policy. It is what is compiled, and its document holds those of its envelopes, so that its
fingerprint stands for all of them and a stored document can be wrapped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from waypost.core.model.canonical import JSON, fingerprint
from waypost.core.model.money import MICRO
from waypost.core.policy.gates import may_leave
from waypost.core.policy.tree import And, Budget, Filter, Limit, Policy, Predicate

_STRICTNESS = ("none", "hash", "redacted", "full")
KEPT_FOR_NS = 30 * 86_400 * 10**9
"""How long content is kept where a policy does not say."""
ENVELOPES = "envelopes"
"""The key of a wrapped policy's document that has the documents of its envelopes."""


def wrap(policy: Policy, envelopes: Sequence[Policy]) -> Policy:
    """``policy`` as it holds inside of ``envelopes``, in their order; itself where there are none.

    Its ``document``, ``fingerprint`` and ``positions`` are made of theirs, so all must be sealed.
    """
    if not envelopes:
        return policy
    out = policy
    for envelope in envelopes:
        out = _inside(out, envelope)
    document = dict(policy.document) | {ENVELOPES: [envelope.document for envelope in envelopes]}
    return replace(
        out,
        document=document,
        fingerprint=fingerprint(_plain(document)),
        positions=dict(policy.positions) | dict(_positions(envelopes)),
        sources=tuple(dict.fromkeys(file for one in (policy, *envelopes) for file in one.sources)),
    )


def wrapped(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """All policies that can be chosen, each inside of all envelopes among them; the order stays."""
    found = tuple(policies)
    envelopes = tuple(policy for policy in found if policy.envelope)
    return tuple(wrap(policy, envelopes) for policy in found if not policy.envelope)


def _inside(policy: Policy, envelope: Policy) -> Policy:
    grants = policy.grants if envelope.grants is None else envelope.grants
    if policy.grants is not None and envelope.grants is not None:
        grants = tuple(claim for claim in policy.grants if claim in envelope.grants)
    return replace(
        policy,
        filters=policy.filters + tuple(_line(line, envelope.match) for line in envelope.filters),
        budgets=tuple(_budgets(policy.budgets, envelope.budgets)),
        limits=tuple(_limits(policy.limits, envelope.limits)),
        cross_origin="never" if "never" in (policy.cross_origin, envelope.cross_origin) else policy.cross_origin,
        grants=grants,
        leave=_leave(policy.leave, envelope.leave),
        content=min(policy.content, envelope.content, key=_STRICTNESS.index),
        content_for_ns=_shorter(policy.content_for_ns, envelope.content_for_ns),
    )


def _line(line: Filter, match: Predicate | None) -> Filter:
    """A line of an envelope, which holds where the envelope's ``match`` is not false."""
    terms = tuple(term for term in (line.when, match) if term is not None)
    when = And(terms, line.at) if len(terms) == 2 else next(iter(terms), None)
    return replace(line, when=when, enveloped=True)


def _budgets(own: Sequence[Budget], others: Sequence[Budget]) -> Iterator[Budget]:
    """The policy's, each replaced where the envelope's of that key is tighter, and the envelope's others."""
    theirs = {budget.key: budget for budget in others}
    for budget in own:
        yield min(budget, theirs.pop(budget.key, budget), key=_tightness)
    yield from theirs.values()


def _tightness(budget: Budget) -> tuple[bool, int]:
    """A ceiling before what only warns or gets cheaper, then by the sum at which it holds; the tightest is least."""
    ceiling = next((threshold for threshold, action in budget.thresholds if action == "fail"), None)
    return ceiling is None, budget.limit_nano_usd * (MICRO if ceiling is None else ceiling)


def _limits(own: Sequence[Limit], others: Sequence[Limit]) -> Iterator[Limit]:
    """Likewise; the tighter limit allows less per unit of time, or as much of it in smaller bursts."""
    theirs = {limit.key: limit for limit in others}
    for limit in own:
        other = theirs.pop(limit.key, limit)
        there, here = other.amount * limit.per_ns, limit.amount * other.per_ns
        yield other if (there, other.amount) < (here, limit.amount) else limit
    yield from theirs.values()


def _shorter(own: int | None, theirs: int | None) -> int | None:
    """The shorter time; an envelope that says none leaves the policy's as it is."""
    return own if theirs is None or (own or KEPT_FOR_NS) <= theirs else theirs


def _leave(own: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """The hosts that both name: of two entries of which one covers the other, the narrower."""
    if not own or not theirs:
        return own
    pairs = ((one, other) for one in own for other in theirs)
    narrower = (one if may_leave(one, other) else other for one, other in pairs if _meet(one, other))
    return tuple(dict.fromkeys(narrower))


def _meet(one: str, other: str) -> bool:
    """Whether one of two entries covers the other. ``*.a.b`` as a host ends as all that it covers does."""
    return may_leave(one, other) or may_leave(other, one)


def _positions(envelopes: Sequence[Policy]) -> Iterator[tuple[str, str]]:
    for number, envelope in enumerate(envelopes):
        for path, place in envelope.positions.items():
            yield f"{ENVELOPES}.{number}.{path}", place


def _plain(document: Mapping[str, object]) -> JSON:
    plain: JSON = document  # type: ignore[assignment]
    return plain
