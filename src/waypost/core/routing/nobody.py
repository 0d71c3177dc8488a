"""When nobody survived: the policy's default, or who was near; and what a response says of a decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from waypost.core.model.ask import Standing
from waypost.core.model.decision import CandidateProof, Rejection
from waypost.core.model.events import Decided
from waypost.core.model.frozen import factory
from waypost.core.model.money import grid
from waypost.core.model.outcome import Attempt, Failure
from waypost.core.model.target import Target
from waypost.core.policy.columns import estimated_cost
from waypost.core.policy.no_room import no_room, spent
from waypost.core.policy.plan import Plan
from waypost.core.policy.proof import prove, reason
from waypost.core.routing.effects import Call, NativeError, Summary
from waypost.core.routing.exchange import Exchange, plan_exchange
from waypost.core.routing.narrow import lets
from waypost.core.routing.prepare import Stage

NOBODY = Failure("bad_request", 400, "invalid_request_error")
NO_ELIGIBLE_MODEL = "no_eligible_model"
"""The error's code, by which a caller recognises it."""

SPENT: Mapping[str, str] = {"budget": "budget_exceeded", "limit": "limit_reached"}
"""The error's code by the decision's cause, where money or a limit is why nobody is left."""

MAX_LINES = 12
"""So many candidates have a line of their own."""

OF_THE_CALL = ("tried", "breaker", "limit.", "budget.", "call.", "override")
"""Rules that no fact of the catalog fails."""

NARROWING = ("call.models", "call.only", "call.ignore")
"""Rules by which the call itself leaves targets out."""

SHORTLIST = "rule."
"""What a default is for: a rule's list on which nobody was left. Every other rule holds for it as for all."""


def default_exchange(stage: Stage, decided: Decided | None, *, forced: bool = False) -> Exchange | None:
    """The policy's default for the caller's own provider, where the policy wants it and only a shortlist is against it.

    ``forced`` is the way out when deciding itself broke: then the default must be at the caller's own endpoint.
    """
    plan = stage.plan
    if not forced and plan.policy.on_no_candidates != "default":
        return None
    name = plan.default_for(stage.call.origin.provider)
    target = plan.catalog.get(name) if name else None
    if target is None:
        return None
    if forced:
        if target.endpoint != stage.call.origin.endpoint or not lets(stage.question.context.narrow, target):
            return None
    elif decided is not None and (
        _claims_left_nobody(decided, plan)
        or any(
            mask >> plan.catalog.index[target.id] & 1
            for rule, mask in decided.decision.rejections
            if not rule.startswith(SHORTLIST)
        )
    ):
        return None
    return plan_exchange(stage, target, last=True)


def _claims_left_nobody(decided: Decided, plan: Plan) -> bool:
    """Whether somebody would have answered but for what the call says itself, which must not open a way out."""
    failing = 0
    for rule, mask in decided.decision.rejections:
        if not rule.startswith("call."):
            failing |= mask
    return failing != plan.columns.full


def no_candidates(
    stage: Stage, decided: Decided, standings: Sequence[Standing] = (), retry_ns: int | None = None
) -> NativeError:
    """The native error of a call for which no candidate survived: budgets that stop everybody or had no room, then a
    line for each of those that were near, and how many others fail which rule first.

    ``retry_ns`` is in how many nanoseconds a limit or a budget that is why has room again.
    """
    proof = prove(stage.plan, decided.question, decided.snapshot, decided.decision)
    rows = [row for row in proof.candidates if row.rejections]
    bounded = decided.question.features.max_output is not None
    full = no_room(decided.snapshot, rows, bounded=bounded)
    lines = [*spent(decided.snapshot, standings), *full, *near_first(rows)]
    return _nobody(stage, decided, "".join(f"\n  {line}" for line in lines), retry_ns)


def near_first(rows: Sequence[CandidateProof]) -> Iterator[str]:
    """A line for each of few; of many, for some that were near, and how many others fail which rule first.

    Near is, where the call itself leaves some out, who is not; else who was on the shortlist of the rule, or fails
    nothing but the call and the world; where nobody is, those that fail the fewest rules.
    """
    listed = any(map(_off_list, rows))
    meant = _meant(rows)

    def is_near(row: CandidateProof) -> bool:
        if meant:
            return row.target in meant
        return (listed and not _off_list(row)) or all(item.rule.startswith(OF_THE_CALL) for item in row.rejections)

    near = sorted(filter(is_near, rows), key=_distance)
    others = sorted((row for row in rows if not is_near(row)), key=lambda row: (_first(row).rule, *_distance(row)))
    told = [*near, *others] if len(rows) <= MAX_LINES else (near or sorted(others, key=_distance))[:MAX_LINES]
    for row in told:
        yield f"{row.target}: {reason(_first(row))}" + _more(row)
    names = {row.target for row in told}
    yield from _counted([row for row in (*near, *others) if row.target not in names])


def _meant(rows: Sequence[CandidateProof]) -> frozenset[str]:
    """Whom the call's own narrowing leaves, where it leaves some and not all; of those, who was on the shortlist."""
    left = [row for row in rows if not any(map(_is_narrowing, row.rejections))]
    if len(left) == len(rows):
        return frozenset()
    return frozenset(row.target for row in ([row for row in left if not _off_list(row)] or left))


def _counted(rows: Sequence[CandidateProof]) -> Iterator[str]:
    """How many fail which rule first, the rule of most in front."""
    groups: dict[str, list[CandidateProof]] = {}
    for row in rows:
        groups.setdefault(_first(row).rule, []).append(row)
    for rule, members in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        reasons = {reason(_first(row)) for row in members}
        who = members[0].target if len(members) == 1 else f"{len(members)} others"
        yield f"{who}: {reasons.pop() if len(reasons) == 1 else f'fail {rule}'}"


def _distance(row: CandidateProof) -> tuple[int, str]:
    return len(row.rejections), row.target


def _first(row: CandidateProof) -> Rejection:
    """The failed rule that stands for the candidate: that it is on no list says most, whatever else it fails."""
    said = (item for kind in (_is_list, _is_narrowing) for item in row.rejections if kind(item))
    return next(said, row.rejections[0])


def _off_list(row: CandidateProof) -> bool:
    return any(map(_is_list, row.rejections))


def _is_list(item: Rejection) -> bool:
    return item.rule.startswith("rule.") and item.field == "target"


def _is_narrowing(item: Rejection) -> bool:
    return item.rule in NARROWING


def plainly_nobody(stage: Stage, decided: Decided) -> NativeError:
    """The same without its lines, where those cannot be had."""
    return _nobody(stage, decided, "", None)


def _nobody(stage: Stage, decided: Decided, lines: str, retry_ns: int | None) -> NativeError:
    code = SPENT.get(decided.decision.cause)
    why = "no eligible model" if code is None else f"{code.replace('_', ' ')}: no eligible model"
    message = (
        f"waypost: {why} under policy {stage.plan.policy.name!r} for {stage.call.requested!r} "
        f"(`waypost explain {stage.call.receipt}` shows every rule){lines}"
    )
    if code is None:
        return NativeError(NOBODY, message, code=NO_ELIGIBLE_MODEL)
    return NativeError(Failure("rate_limited", 429, code, retry_after_ns=retry_ns), message, code=code)


def closed(call: Call) -> NativeError:
    """No decision could be made, and the policy wants none to be guessed."""
    message = f"waypost: no decision could be made and the policy fails closed (receipt {call.receipt})"
    return NativeError(Failure("internal", 500), message, code="routing_failed")


def lost(code: str) -> NativeError:
    """The call goes on from an answer that its provider never had."""
    message = "waypost: the answer that this goes on from came from elsewhere; send the whole conversation"
    return NativeError(NOBODY, message, code=code)


def failed(stage: Stage, past: Sequence[Attempt], failure: Failure | None, error: Exception | None) -> Exception:
    """What the caller sees of attempts that failed: the first native exception, else one that is to be built."""
    notes = tuple(_note(attempt, len(past)) for attempt in past)
    if error is not None:
        if len(notes) > 1:
            for note in (*notes, f"waypost: `waypost explain {stage.call.receipt}` shows all of it"):
                error.add_note(note)
        return error
    assert failure is not None
    last = past[-1]
    message = f"waypost: {_name(last)} failed: {failure.kind} (receipt {stage.call.receipt})"
    return NativeError(failure, message, notes)


def _note(attempt: Attempt, of: int) -> str:
    failure = attempt.failure
    what = "answered" if failure is None else failure.kind + (f" ({failure.status})" if failure.status else "")
    took = (attempt.ended_ns - attempt.started_ns) // 1_000_000
    return f"waypost: attempt {attempt.number}/{of} {_name(attempt)}: {what} after {took} ms"


def _name(attempt: Attempt) -> str:
    """Whom a policy can name, else what was asked."""
    return attempt.target or f"{attempt.provider}/{attempt.model}"


def _more(candidate: CandidateProof) -> str:
    """How many further rules it fails: who fails one alone was near."""
    further = len(candidate.rejections) - 1
    return f" (and {further} more)" if further else ""


_new_summary = factory(Summary)


def summary(stage: Stage, decided: Decided | None, target: Target | None) -> Summary | None:
    """The decision as the response carries it (S1.05, S1.06); savings are against the policy's baseline."""
    if target is None:
        return None
    features = stage.question.features
    tokens = grid(features.tokens_input), grid(features.tokens_output)
    cost = estimated_cost(target.price, *tokens)
    baseline = stage.plan.policy.baseline
    against = stage.plan.catalog.get(baseline) if baseline else None
    other = None if against is None else estimated_cost(against.price, *tokens)
    return _new_summary(
        session_id=stage.call.receipt,
        selected_provider=target.provider,
        selected_model=target.model,
        reasoning=reasoning(stage, decided),
        tradeoff=stage.question.context.preference or "quality",
        estimated_cost_savings=None if cost is None or other is None else other - cost,
        as_asked=target is stage.requested and target.endpoint == stage.call.origin.endpoint,
    )


def reasoning(stage: Stage, decided: Decided | None) -> str:
    """One sentence: the rule and its ``because``, the strategy, and how many were in the running."""
    if decided is None or decided.decision.selected is None:
        return f"{stage.plan.policy.name}: the policy's default"
    decision = decided.decision
    survivors = decision.survivors.bit_count()
    why = (
        f"rule {decision.rule}" + (f" ({decision.because})" if decision.because else "") if decision.rule else "policy"
    )
    advice, how = stage.question.advice, decision.rank
    if how == "advisor" and advice is not None:
        how = f"advisor {advice.advisor}, {advice.version} ({advice.because}),"
    return f"{why}; {how} of {survivors} eligible out of {len(stage.plan.catalog)}"
