"""After a failed attempt: the same target again, the next one, or nobody; and how long all of it may take."""

from __future__ import annotations

from waypost.core.model.events import Attempted, InternalError
from waypost.core.model.frozen import dataclass
from waypost.core.model.outcome import Failure
from waypost.core.policy.fallback import Abort, Next, Retry, act
from waypost.core.routing.accounts import at, is_own
from waypost.core.routing.effects import Disable, Sleep, tell
from waypost.core.routing.exchange import Exchange
from waypost.core.routing.prepare import Stage
from waypost.core.routing.settle import Flow
from waypost.core.routing.tab import Tab


@dataclass(slots=True)
class Hops:
    """What the loop remembers: who was tried or turned away, what failed, and the first native exception;
    ``told`` is what the one who failed said of being asked again."""

    tab: Tab
    tried: frozenset[str] = frozenset()
    turned: frozenset[str] = frozenset()
    past: tuple[Attempted, ...] = ()
    error: Exception | None = None
    failure: Failure | None = None
    deadline_ns: int | None = None
    retrying: Exchange | None = None
    repeats: int = 0
    told: bool | None = None


def again(stage: Stage, hops: Hops, exchange: Exchange) -> Flow:
    """What the policy does about the failure: ``True`` to repeat the same target; marks it tried otherwise."""
    assert hops.failure is not None
    if hops.failure.kind == "internal":  # not the provider's: at home nobody else would do better, elsewhere they may
        hops.tried |= {exchange.target.id}
        hops.deadline_ns = 0 if exchange.home else hops.deadline_ns
        return False
    action = act(stage.plan, hops.failure, tuple(item.attempt for item in hops.past))
    if isinstance(action, Retry) and not exhausted(stage, hops, action.after_ns):
        yield Sleep(action.after_ns)
        return True
    if isinstance(action, Next | Abort) and action.disable_provider_ns:
        endpoint = exchange.target.endpoint
        if is_own(stage, exchange.target, hops.failure):  # others have another account there, this call has not
            hops.tab.broken |= at(stage, endpoint)
        else:
            yield Disable(endpoint, stage.routes.now() + action.disable_provider_ns)
    pause = yield from _callers_retry(stage, hops, exchange)
    if pause is not None:
        yield Sleep(pause)
        return True
    if isinstance(action, Abort):
        hops.deadline_ns = 0
    hops.tried |= {exchange.target.id}
    return False


def _callers_retry(stage: Stage, hops: Hops, exchange: Exchange) -> Flow:
    """The pause before the last candidate is asked again, as the caller's SDK would have it; ``None`` for never.

    At home the SDK's own loop does this, whatever the policy makes of its failures; elsewhere nobody would, and the
    caller would be less reliable with us. Each repetition has as long as the attempt before it, within the policy's
    deadline, because the caller's timeout is one of each attempt.
    """
    assert hops.failure is not None
    if not exchange.last or exchange.home or hops.failure.committed:
        return None
    try:
        pause = stage.call.pause_ns(hops.failure, hops.repeats, hops.told)
    except Exception as error:
        yield tell(InternalError("retry", type(error).__name__, stage.call.receipt), error)
        return None
    begins = stage.routes.now() + (pause or 0)
    limit = _policys_deadline(stage)
    if pause is None or (limit is not None and begins >= limit):
        return None
    if hops.deadline_ns is not None:
        until = begins + hops.deadline_ns - hops.past[-1].attempt.started_ns
        hops.deadline_ns = until if limit is None else min(until, limit)
    hops.repeats += 1
    return pause


def deadline(stage: Stage) -> int | None:
    limits = [ns for ns in (stage.plan.policy.fallback.deadline_ns, stage.call.timeout_ns) if ns is not None]
    return stage.started.at_ns + min(limits) if limits else None


def _policys_deadline(stage: Stage) -> int | None:
    limit = stage.plan.policy.fallback.deadline_ns
    return None if limit is None else stage.started.at_ns + limit


def time_left(stage: Stage, hops: Hops, exchange: Exchange) -> int | None:
    """Nanoseconds to the deadline; ``None`` where there is none, or where the caller's own timeout keeps it as well."""
    if hops.deadline_ns is None:
        return None
    policys = stage.plan.policy.fallback.deadline_ns
    if exchange.home and not hops.past and (policys is None or policys >= (stage.call.timeout_ns or policys + 1)):
        return None
    return max(hops.deadline_ns - stage.routes.now(), 1)


def exhausted(stage: Stage, hops: Hops, pause_ns: int = 0) -> bool:
    if len(hops.past) >= stage.plan.policy.fallback.max_attempts:
        return True
    return hops.deadline_ns is not None and stage.routes.now() + pause_ns >= hops.deadline_ns
