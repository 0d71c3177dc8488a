"""A streamed answer as events: a closed union.

``commits`` is true where content reaches the caller, after which no fallback is possible. Usage is cumulative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from waypost.core.model.conversation import Citation, Finish
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.outcome import Usage


@dataclass(frozen=True, slots=True)
class Start:
    """``created`` is in epoch seconds, ``None`` where the upstream does not say."""

    id: str
    model: str
    usage: Usage | None = None
    commits: Literal[False] = False
    created: int | None = None


@dataclass(frozen=True, slots=True)
class PartStart:
    """``index`` counts all parts of the reply from 0. A call of a ``free`` tool has a text for its arguments.

    ``seal`` is that of a call, which is known when it begins; those of other parts come as deltas. ``redacted``
    reasoning has no text. ``id`` is that of a call, or of the item that reasoning comes in.
    """

    index: int
    kind: Literal["text", "reasoning", "tool_call", "refusal"]
    id: str | None = None
    name: str | None = None
    commits: Literal[True] = True
    free: bool = False
    seal: str | None = None
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class PartDelta:
    """More of part ``index``: text, reasoning text, a fragment of the arguments' JSON, or a signature.

    ``logprobs`` are those of the text's tokens, as in `Reply`.
    """

    index: int
    text: str
    kind: Literal["text", "reasoning", "arguments", "signature", "refusal"] = "text"
    commits: Literal[True] = True
    logprobs: tuple[Mapping[str, Any], ...] = ()


part_delta = factory(PartDelta)
"""The same for less; most of a stream is made by it."""


@dataclass(frozen=True, slots=True)
class Cited:
    """Pages that the text ``index``, which is open, refers to."""

    index: int
    citations: tuple[Citation, ...]
    commits: Literal[False] = False


@dataclass(frozen=True, slots=True)
class PartStop:
    index: int
    commits: Literal[False] = False


@dataclass(frozen=True, slots=True)
class Finished:
    finish: Finish
    raw_finish: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    commits: Literal[False] = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamError:
    """An error event inside a stream; ``kind`` is a `waypost.core.model.outcome.FailureKind`."""

    kind: str
    status: int | None
    type: str | None
    commits: Literal[False] = False


Delta: TypeAlias = Start | PartStart | PartDelta | Cited | PartStop | Finished | StreamError
