"""The intermediate representation: one request, one reply, one stream of deltas, wide enough for all four dialects.

Part names are OpenTelemetry's (text, reasoning, tool call, tool call response, blob, uri, file). Opaque data of one
origin sits in ``ext`` and never travels to another. Texts and base64 are held by reference, never copied or decoded.
A same-dialect send edits the caller's dict and does not pass through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from waypost.core.model.frozen import dataclass, field
from waypost.core.model.needs import Need
from waypost.core.model.outcome import Usage
from waypost.core.model.target import Dialect

Role = Literal["system", "developer", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_call", "content_filter", "error", "other"]
Ext: TypeAlias = Mapping[str, Any]
NO_EXT: Ext = {}
SEAL = "seal"
"""Where a text has its seal."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Opaque state of a model's reasoning, which nobody but its origin can read: a signature, or reasoning in a sealed
    form.

    ``dialect`` and ``domain`` are the origin: whose wire format ``data`` belongs to, and the signing domain
    (`waypost.core.model.target.Endpoint.domain`) at which it is valid; an empty one is the caller's own endpoint, or in
    an answer the one that answered. ``item`` is the id of the item it came in, where its dialect asks that back.
    """

    data: str
    dialect: Dialect
    domain: str = ""
    item: str | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A page that a text of an answer refers to. ``start`` and ``end`` count characters of that text; an ``end`` of 0
    stands for all of it."""

    url: str
    title: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """``cache`` marks the end of a reusable prefix: the lifetime asked for (``5m``, ``30m``, ...) or ``default``.

    One that has state of the model's reasoning has it in ``ext``, as a `Sealed` by the name of `SEAL`.
    """

    text: str
    ext: Ext = field(default_factory=dict)
    cache: str | None = None
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning block of the dialect ``origin``, with its seal where it has one.

    One that stands for the seal of another part has no text: it is ``of`` the text before it, or of the call with
    the id ``call``, because the caller's dialect has no room on that part itself. What is of the ``turn`` stood at its
    beginning, where its caller did not ask to see it.
    """

    text: str
    origin: Dialect
    seal: Sealed | None = None
    redacted: bool = False
    ext: Ext = field(default_factory=dict)
    of: Literal["itself", "turn", "text", "call"] = "itself"
    call: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """``arguments`` is the exact JSON text, even when it is not valid JSON; of a ``free`` tool it is any text."""

    id: str
    name: str
    arguments: str
    ext: Ext = field(default_factory=dict)
    cache: str | None = None
    free: bool = False
    seal: Sealed | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple[Part, ...]
    is_error: bool = False
    name: str | None = None
    ext: Ext = field(default_factory=dict)
    cache: str | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """Inline media. ``data`` is the caller's own string; its base64 begins at ``start``, behind a ``data:`` prefix."""

    modality: Literal["image", "audio", "video", "document"]
    mime: str
    data: str
    name: str | None = None
    detail: str | None = None
    ext: Ext = field(default_factory=dict)
    cache: str | None = None
    start: int = 0

    @property
    def base64(self) -> str:
        """The base64 text alone; a copy where ``start`` is not 0."""
        return self.data[self.start :]


@dataclass(frozen=True, slots=True)
class Uri:
    """Media by address; it is never downloaded here."""

    modality: Literal["image", "audio", "video", "document"]
    uri: str
    mime: str | None = None
    detail: str | None = None
    ext: Ext = field(default_factory=dict)
    cache: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file stored at the origin."""

    modality: str
    file_id: str
    ext: Ext = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    text: str


@dataclass(frozen=True, slots=True)
class Opaque:
    """A part that only its origin understands; always comes with a need on the endpoint level."""

    origin: Dialect
    value: Any


Part: TypeAlias = Text | Reasoning | ToolCall | ToolResult | Blob | Uri | FileRef | Refusal | Opaque


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    ext: Ext = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A function tool; ``parameters`` is a JSON schema, by reference.

    A ``free`` one takes a text, which is held to ``grammar`` (``syntax`` and ``definition``) where there is one.
    """

    name: str
    description: str | None
    parameters: Mapping[str, Any] | None
    strict: bool | None = None
    ext: Ext = field(default_factory=dict)
    cache: str | None = None
    free: bool = False
    grammar: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """``allowed`` narrows ``auto`` and ``required`` to tools of these names; empty means all."""

    kind: Literal["auto", "none", "required", "named"]
    name: str | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """Structured output. ``schema`` of ``None`` means any JSON object."""

    schema: Mapping[str, Any] | None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Sampling:
    """Generation parameters in common units; ``None`` where the caller said nothing."""

    max_output: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    reasoning_effort: str | None = None
    """``none``, ``minimal``, ``low``, ``medium``, ``high``, ``xhigh`` or ``max``; ``none`` switches reasoning off."""
    reasoning_budget: int | None = None
    """So many tokens of thinking at most."""
    show_reasoning: bool | None = None
    """Whether to tell how the model reasons, or a summary of that."""
    verbosity: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


NO_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One decoded request.

    ``needs`` names everything beyond plain text that the request relies on, sorted by flag and path. ``ext`` holds
    what only the origin dialect says; ``shared`` what dialects of one platform say alike (a service tier, keys of
    the prompt cache, metadata), by the names of its wire.
    """

    dialect: Dialect
    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    output: Schema | None = None
    sampling: Sampling = field(default=NO_SAMPLING)
    user: str | None = None
    needs: tuple[Need, ...] = ()
    ext: Ext = field(default_factory=dict)
    shared: Ext = field(default_factory=dict)
    shows_reasoning: bool = False
    """Whether the caller asked to see how the model reasons, and so expects to find that in the answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One decoded answer. ``raw_finish`` is the upstream's own word, ``stop_sequence`` the one that matched.

    ``logprobs`` are those of its text's tokens, each with ``token``, ``logprob``, ``bytes`` and ``top_logprobs``.
    ``left_out`` names what it says that has a meaning at its origin alone.
    """

    id: str
    model: str
    parts: tuple[Part, ...]
    finish: Finish
    usage: Usage | None
    raw_finish: str | None = None
    stop_sequence: str | None = None
    created: int | None = None
    ext: Ext = field(default_factory=dict)
    logprobs: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()
