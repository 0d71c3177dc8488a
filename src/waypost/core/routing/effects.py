"""What a call can ask of the outside: a closed union of effects, and what comes back.

The flow yields them; a driver has them performed. A send raises what the SDK or the transport raised; everything else
is contained by whoever performs it, so that only a send can fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from waypost.core.codecs.resealing import Change
from waypost.core.model.ask import Ask, Bill, Demand
from waypost.core.model.events import Event
from waypost.core.model.frozen import dataclass, factory, field
from waypost.core.model.inquiry import Inquiry
from waypost.core.model.needs import Need
from waypost.core.model.outcome import Attempt, Failure, Usage
from waypost.core.model.question import Context, Origin
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.core.routing.ports import Codec, Reader, Writer


def _never(failure: Failure, repeats: int, told: bool | None) -> int | None:  # noqa: ARG001 - without an SDK
    return None


@dataclass(frozen=True, slots=True)
class Call:
    """One call as an SDK adapter bound it. ``body`` is the caller's wire dict and is never changed.

    ``receipt`` is ``wp_`` and 32 hex digits, ``seed`` their 16 bytes. ``timeout_ns`` is the caller's own, ``None`` for
    none. ``classify`` turns one of the SDK's exceptions into a failure. ``needs`` are those that only the adapter sees
    (headers, query). ``native`` is the adapter's own handle and
    opaque to everyone else. ``port`` is the caller's server's, where its base URL names one.
    ``reports`` says that the SDK reports the inferences that it sends itself. ``withheld`` are claims of
    the call that do not hold, whatever the policy grants. ``lent`` are the endpoints that it brings a client for;
    at those that are ``barred`` that client cannot be used, and no other is.
    ``names_policy`` says that it names the context's policy itself, in a header or in its body. ``closed`` says
    that its client has been closed, so that it can only fail, as its SDK would have it fail. ``lost`` is set where it
    goes on from an answer of ours that its provider never had: the code of the error at which its SDK sends all of it.
    ``pause_ns`` is how long the SDK itself would wait before it sends the call again after a failure, having done so so
    many times, and the server having said so much of that; ``None`` where it would not.
    ``broken_at`` is what an answer says of itself at which the SDK raised an exception.
    """

    receipt: str
    seed: bytes
    sdk: str
    operation: str
    dialect: Dialect
    body: Mapping[str, Any]
    streaming: bool
    requested: str
    auto: bool
    origin: Origin
    context: Context
    max_retries: int
    timeout_ns: int | None
    classify: Callable[[BaseException], Failure]
    needs: tuple[Need, ...] = ()
    request_id: str | None = None
    is_async: bool = False
    native: Any = field(default=None, repr=False)
    port: int | None = None
    reports: bool = False
    withheld: tuple[str, ...] = ()
    lent: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()
    names_policy: bool = False
    closed: bool = False
    lost: str | None = None
    pause_ns: Callable[[Failure, int, bool | None], int | None] = _never
    broken_at: Callable[[BaseException, Codec], Observed | None] | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What an answer says of itself; absent where it says nothing."""

    usage: Usage | None = None
    response_id: str | None = None
    response_model: str | None = None
    finish_reasons: tuple[str, ...] = ()
    request_id: str | None = None
    left_out: tuple[str, ...] = ()


class Ending(Protocol):
    """The end of a stream, reported once to ``on_end``, by whichever thread closes it."""

    on_end: Callable[[StreamEnd], Any] | None


class Stream(Protocol):
    """An open byte stream of an answer."""

    ending: Ending

    def pull(self, deadline_ns: int | None) -> Any:
        """Read ahead up to the first content; a `Failure` or ``None``, or an awaitable of it."""

    def discard(self) -> Any:
        """Close it unread and without a report; ``None``, or an awaitable of it."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ended. ``outcome`` is ``ok``, ``error``, ``cancelled`` or ``abandoned``; ``events`` are frames.

    ``spoken`` is an estimate of the answer's tokens, where the stream does not say.
    """

    outcome: str
    observed: Observed
    ended_ns: int
    first_chunk_ns: int | None
    events: int
    failure: Failure | None = None
    spoken: int = 0


@dataclass(frozen=True, slots=True)
class Native:
    """A native object that the caller's own SDK built; with ``stream`` where it is still open.

    ``failure`` is what is wrong with a whole answer that the SDK hands out all the same: a page of a proxy's, an error
    with the status of a success.
    """

    value: Any
    observed: Observed
    stream: Stream | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Wire:
    """An answer of another endpoint in that endpoint's dialect; ``body`` is a dict, or ``stream`` is open."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None
    stream: Stream | None = None


Sent: TypeAlias = Native | Wire


@dataclass(frozen=True, slots=True)
class Digest:
    """Ask for a digest of these texts under the process's own key, or under the home's, where it is to be kept."""

    texts: tuple[str, ...] = field(repr=False)
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep what is ``asked``, and what will be answered, beside the receipt; ``redact`` what is somebody's first."""

    asked: str = field(repr=False)
    redact: bool
    for_ns: int


@dataclass(frozen=True, slots=True)
class Said:
    """What is answered to something that is kept: a whole answer, or a stream in the dialect of ``codec``."""

    sent: Sent
    codec: Codec


@dataclass(frozen=True, slots=True)
class Seal:
    """The call has ended, and with it what is kept of it."""


@dataclass(frozen=True, slots=True)
class Look:
    """Ask the state for a snapshot."""

    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask an advisor by its name, and wait no longer than ``within_ns``; a `waypost.core.model.advice.Advice`, which
    says what went wrong where something did."""

    advisor: str
    inquiry: Inquiry
    within_ns: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """Take everything that ``demand`` wants, or nothing; a `waypost.core.routing.ports.Lease` or ``Refusal``."""

    demand: Demand
    ttl_ns: int


@dataclass(frozen=True, slots=True)
class Release:
    """Give a reservation back; ``attempts`` failed under it, and the state learns from them."""

    lease: Any
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt. At the caller's own endpoint ``body`` is ``None`` for "as it is".

    ``retries`` is how often the SDK's own loop may repeat at home, ``None`` for as often as the caller said.
    ``strip_usage`` removes the usage frame that we asked for and the caller did not. ``reader`` finds the first content
    of a stream; with a ``writer`` its deltas are what the caller gets, without one the bytes pass as they are, but for
    what ``change`` makes of them.
    """

    call: Call
    attempt: Attempt
    home: bool
    body: Mapping[str, Any] | None
    retries: int | None
    timeout_ns: int | None
    target: Target | None = None
    endpoint: Endpoint | None = None
    strip_usage: bool = False
    reader: Reader | None = None
    writer: Writer | None = None
    change: Change | None = None

    @property
    def called(self) -> tuple[str, str]:
        """Id and model of an answer whose server tells none."""
        return self.call.seed.hex(), "" if self.target is None else self.target.model


@dataclass(frozen=True, slots=True)
class Pull:
    """Read a stream ahead up to its first content; a `Failure` or ``None``."""

    stream: Stream
    deadline_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Discard:
    """Close a stream that nobody will read."""

    stream: Stream


@dataclass(frozen=True, slots=True)
class Sleep:
    ns: int


@dataclass(frozen=True, slots=True)
class Disable:
    """Open an endpoint's breaker."""

    endpoint: str
    until_ns: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Replace the lease by the real cost and let the state learn from the attempts. ``blocking`` says that nobody can
    wait for it but by blocking: a stream has ended."""

    lease: Any
    bill: Bill
    attempts: tuple[Attempt, ...]
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class Tell:
    event: Event
    error: BaseException | None = None


tell = factory(Tell)
"""`Tell` at half of its price: a call tells five times."""


Effect: TypeAlias = (
    Digest
    | Keep
    | Said
    | Seal
    | Look
    | Consult
    | Reserve
    | Release
    | Send
    | Pull
    | Discard
    | Sleep
    | Disable
    | Settle
    | Tell
)


@dataclass(frozen=True, slots=True)
class Summary:
    """The decision as a response carries it (S1.05, S1.06). Costs are nano-USD; ``None`` is unpriced."""

    session_id: str
    selected_provider: str
    selected_model: str
    reasoning: str
    tradeoff: str
    estimated_cost_savings: int | None
    as_asked: bool = False
    """The model that the caller named answered, at the caller's own place: the object is as it would be anyway, and
    only its HTTP headers tell."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the call comes to: a native value, or a wire answer in the caller's dialect that the SDK is to build.

    ``summary`` is set for routed calls. Where ``stream`` is open, ``opened`` is what its end is to be settled with.
    """

    value: Any = None
    wire: Wire | None = None
    summary: Summary | None = None
    stream: Stream | None = None
    opened: Any = None


class SendFailed(Exception):
    """A sender's own failure at another endpoint, classified; the text of the provider is not in it. ``again`` is what
    the provider said of sending the call again, if it said something."""

    def __init__(self, failure: Failure, *, again: bool | None = None) -> None:
        super().__init__(failure.type or failure.kind)
        self.failure = failure
        self.again = again


class NativeError(Exception):
    """Carries a failure out of the flow where no native exception exists; the SDK adapter builds it."""

    def __init__(self, failure: Failure, message: str, notes: tuple[str, ...] = (), code: str | None = None) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message
        self.notes = notes
        self.code = code
