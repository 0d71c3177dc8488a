"""*Envelopes*, and the grants of *Narrowing*: what is added to a policy, and which claims of a call are followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from oracle.canonical import fingerprint
from oracle.checks import host_matches
from waypost.core.model.question import Context, Narrow, Question
from waypost.core.policy.tree import And, Budget, Claim, Filter, Limit, Policy

CONTENT = ("none", "hash", "redacted", "full")
CLAIMS: tuple[Claim, ...] = (
    "models", "only", "ignore", "max_price", "fallbacks", "preference", "strategy", "mode", "policy",
)  # fmt: skip


def wrap(policy: Policy, envelopes: Sequence[Policy]) -> Policy:
    """The policy that is compiled."""
    if not envelopes:
        return policy
    out = policy
    for envelope in envelopes:
        out = replace(
            out,
            filters=out.filters + tuple(line_of(line, envelope) for line in envelope.filters),
            budgets=budgets_of(out.budgets, envelope.budgets),
            limits=limits_of(out.limits, envelope.limits),
            cross_origin="never" if envelope.cross_origin == "never" else out.cross_origin,
            leave=leave_of(out.leave, envelope.leave),
            grants=grants_of(out, envelope),
            content=min(out.content, envelope.content, key=CONTENT.index),
        )
    document = {**policy.document, "envelopes": [envelope.document for envelope in envelopes]}
    return replace(out, document=document, fingerprint=fingerprint(document))


def line_of(line: Filter, envelope: Policy) -> Filter:
    """The line, its ``when`` and-ed with the ``match``."""
    terms = [term for term in (line.when, envelope.match) if term is not None]
    if len(terms) == 2:
        return replace(line, when=And(tuple(terms), line.at), enveloped=True)
    return replace(line, when=terms[0] if terms else None, enveloped=True)


def budgets_of(own: Sequence[Budget], theirs: Sequence[Budget]) -> tuple[Budget, ...]:
    """Of two that both fail, the one that fails at the lesser sum; the one that fails; else the lesser limit."""
    out = list(own)
    for budget in theirs:
        places = [place for place, one in enumerate(out) if one.key == budget.key]
        if not places:
            out.append(budget)
        else:
            before = out[places[0]]
            ours, new = fails_at(before), fails_at(budget)
            if (new is not None and (ours is None or new < ours)) or (
                new is None and ours is None and budget.limit_nano_usd < before.limit_nano_usd
            ):
                out[places[0]] = budget
    return tuple(out)


def fails_at(budget: Budget) -> Fraction | None:
    """The sum from which on it fails everybody."""
    for threshold, action in sorted(budget.thresholds):
        if action == "fail":
            return Fraction(budget.limit_nano_usd * threshold, 1_000_000)
    return None


def limits_of(own: Sequence[Limit], theirs: Sequence[Limit]) -> tuple[Limit, ...]:
    """Likewise, by what they allow in a time."""
    out = list(own)
    for limit in theirs:
        places = [place for place, one in enumerate(out) if one.key == limit.key]
        if not places:
            out.append(limit)
        else:
            before = out[places[0]]
            rates = [Fraction(one.amount, one.per_ns) for one in (limit, before)]
            if rates[0] < rates[1] or (rates[0] == rates[1] and limit.amount < before.amount):
                out[places[0]] = limit
    return tuple(out)


def leave_of(own: Sequence[str], theirs: Sequence[str]) -> tuple[str, ...]:
    """Where both say something, the entries that an entry of the other covers."""
    if not own or not theirs:
        return tuple(own)
    kept = [entry for entry in own if any(host_matches(other, entry) for other in theirs)]
    kept += [entry for entry in theirs if entry not in kept and any(host_matches(one, entry) for one in own)]
    return tuple(kept)


def grants_of(policy: Policy, envelope: Policy) -> tuple[Claim, ...] | None:
    """The claims that both grant; who says nothing grants all."""
    if policy.grants is None or envelope.grants is None:
        return policy.grants if envelope.grants is None else envelope.grants
    return tuple(claim for claim in policy.grants if claim in envelope.grants)


def granted(policy: Policy, question: Question) -> Question:
    """The question without the claims that the policy does not follow."""
    context, withheld = question.context, set(question.withheld)
    for claim in CLAIMS:
        if policy.grants is not None and claim not in policy.grants:
            without = unclaimed(context, claim)
            if without != context:
                context, withheld = without, withheld | {claim}
    return replace(question, context=context, withheld=tuple(sorted(withheld)))


def unclaimed(context: Context, claim: Claim) -> Context:
    """The context without one claim."""
    narrow = context.narrow
    nothing: dict[str, Any] = {claim: None}
    match claim:
        case "preference" | "strategy" | "mode" | "policy":
            return replace(context, **nothing)
        case "fallbacks":
            return replace(context, fallbacks=())
        case "max_price" if narrow is not None:
            narrow = replace(narrow, max_input_price=None, max_output_price=None)
        case "models" | "only" | "ignore" if narrow is not None:
            nothing = {claim: ()}
            narrow = replace(narrow, **nothing)
    return replace(context, narrow=None if narrow == Narrow() and narrow != context.narrow else narrow)
