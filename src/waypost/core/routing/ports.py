"""The outside as the flow sees it: protocols only. The runtime binds them; tests hand in fakes."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from waypost.core.codecs.handout import Signer
from waypost.core.codecs.hints import Words
from waypost.core.codecs.marks import Marks
from waypost.core.model.ask import Ask, Bill, Demand, Level, Sight
from waypost.core.model.conversation import Conversation, Reasoning, Reply
from waypost.core.model.deltas import Delta
from waypost.core.model.events import Event
from waypost.core.model.inquiry import Inquiry, Opinion
from waypost.core.model.outcome import Attempt, Failure, Usage
from waypost.core.model.target import Dialect, Endpoint, Target

T = TypeVar("T")
Mode: TypeAlias = Literal["sync", "async"]
MaybeAwaitable: TypeAlias = T | Awaitable[T]
"""Ports take a mode and return the value in `sync`, and the value or an awaitable of it in `async`."""


class Reader(Protocol):
    """A stream state machine: SSE events of one dialect to deltas. Constant memory."""

    def feed(self, event: str | None, data: str) -> Sequence[Delta]:
        """One server-sent event (``data`` joined by newlines) to its deltas. Raises ValueError where malformed."""

    def close(self) -> Sequence[Delta]:
        """The upstream ended; whatever is still owed."""


class Writer(Protocol):
    """A stream state machine: deltas to the bytes of SSE frames of one dialect."""

    def feed(self, delta: Delta) -> bytes: ...

    def close(self) -> bytes: ...


class Codec(Protocol):
    """One dialect, wire dict to conversation and back. Pure; a wire dict given is never changed."""

    dialect: Dialect
    expresses: frozenset[str]
    """Need flags of the dialect's level, and of the model's level, that this wire format can say."""

    words: Words
    """How it tells hints."""

    marks: Marks
    """By what the bytes of its answers are told."""

    has_room: bool
    """Whether callers can hold state of a model's reasoning in this wire format."""

    def decode_request(self, body: Mapping[str, Any]) -> Conversation:
        """Raises ValueError with a path where the body is not of this dialect."""

    def encode_request(self, conversation: Conversation, target: Target, endpoint: Endpoint) -> dict[str, Any]:
        """Raises Untranslatable where a need cannot be expressed; never drops a required one."""

    def retarget(self, body: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
        """The caller's own body for another endpoint of this dialect: its model, its words, without what it refuses."""

    def ask_usage(self, body: Mapping[str, Any], drops: Sequence[str]) -> Mapping[str, Any] | None:
        """The body of a streamed call that also asks for its usage; ``None`` where a stream tells it anyway, where
        ``body`` asks already, or where the words for it are among the fields that are refused (``drops``)."""

    def decode_response(self, body: Mapping[str, Any]) -> Reply: ...

    def encode_response(self, reply: Reply, signer: Signer | None = None) -> dict[str, Any]:
        """An answer of another dialect. Of its reasoning nothing is handed out where nobody says who sealed it."""

    def reader(self) -> Reader: ...

    def writer(self, *, include_usage: bool, signer: Signer | None = None) -> Writer: ...

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """Usage out of a response body or out of one stream event's data; ``None`` where it has none."""

    def failure(self, status: int | None, body: Any) -> Failure:
        """Classify an error answer by status and the body's type and code, never by its text."""

    def encode_error(self, failure: Failure, message: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and native error body."""


class State(Protocol):
    """The mutable world. Every time is told to it; what it keeps is bounded. In mode ``async`` a method may return an
    awaitable; streams are settled in mode ``sync``, whoever closes them."""

    def look(self, ask: Ask | None, now_ns: int, mode: Mode, /) -> MaybeAwaitable[Sight]:
        """Breakers and latencies, and what ``ask`` reads beside them. ``None`` asks for nothing more."""

    def reserve(self, demand: Demand, ttl_ns: int, now_ns: int, mode: Mode, /) -> MaybeAwaitable[Lease | Refusal]:
        """Take everything that ``demand`` wants, or nothing. What is not settled or released expires."""

    def release(self, lease: Lease, attempts: Sequence[Attempt], now_ns: int, mode: Mode, /) -> MaybeAwaitable[None]:
        """Give a reservation back: what was sent was not billed. Learn from the attempts that failed."""

    def settle(
        self, lease: Lease | None, bill: Bill, attempts: Sequence[Attempt], now_ns: int, mode: Mode, /
    ) -> MaybeAwaitable[Sequence[Level]]:
        """Put the real cost in place of the reservation, or count it without one, and learn from the attempts
        (breakers, latency). The levels are those of the bill's budgets."""

    def disable(self, endpoint: str, until_ns: int, mode: Mode, /) -> MaybeAwaitable[None]:
        """Open an endpoint's breaker."""

    def busy(self) -> bool:
        """Whether this very thread is inside: a finaliser that settled now would wait for itself. Waits for nothing."""


class Memory(Protocol):
    """Reasoning that is kept for calls of tools, for callers whose dialect has no room for it. Bounded, and of this
    process alone; no lock of it is held while anything is waited for. False while it is empty."""

    def __bool__(self) -> bool: ...

    def keep(self, calls: Sequence[tuple[str, str]], parts: Sequence[Reasoning], /) -> None:
        """Keep ``parts`` for each of these calls: their ids, as the caller has them, and their tools' names."""

    def recall(self, call_id: str, name: str, /) -> Sequence[Reasoning]:
        """What was kept for a call; empty where it is forgotten."""


class Advisor(Protocol):
    """Someone who says which of a call's targets suit it. It is told features and facts, never any text of the prompt.

    ``version`` stands on every receipt; whoever answers otherwise than before has another. One that computes here and
    sends nothing says so by an attribute ``local``, which is true; dry runs and policy tests ask no other.
    """

    version: str

    def advise(self, inquiry: Inquiry, within_ns: int, mode: Mode, /) -> MaybeAwaitable[Opinion]:
        """Some of ``inquiry.targets`` with their scores. In mode ``async`` it may return an awaitable, which is
        cancelled after ``within_ns``; in mode ``sync`` it keeps to that itself. It may raise, and is contained."""


class Lease(Protocol):
    """A reservation until ``expires_ns``."""

    @property
    def id(self) -> str: ...

    @property
    def nano_usd(self) -> int: ...

    @property
    def expires_ns(self) -> int: ...


class Refusal(Protocol):
    """The rule that had no room (``budget.<scope>``, ``limit.<scope>`` with its value, ``breaker``), and in how many
    nanoseconds it has, where that is known."""

    @property
    def rule(self) -> str: ...

    @property
    def value(self) -> str: ...

    @property
    def retry_ns(self) -> int | None: ...


class Sink(Protocol):
    """Someone who is told. ``event`` runs on the caller's thread and must be short; it may raise, and is contained."""

    def event(self, event: Event) -> None: ...

    def flush(self, timeout_s: float) -> bool: ...
