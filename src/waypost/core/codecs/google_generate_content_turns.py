"""Google generate content: the contents of a request and their parts, as they are read.

Names of members may be in camel or in snake case, and Google's own SDK sends both in one body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from waypost.core.codecs.envelope import is_wrapped
from waypost.core.codecs.google_generate_content_calls import NO_SIGNATURES, Calls
from waypost.core.codecs.google_generate_content_media import MEDIA, OPTIONS, read_media, read_options
from waypost.core.codecs.sealing import opened
from waypost.core.codecs.wire import Draft, as_list, as_map, as_text, camel, opt_list, opt_text
from waypost.core.model.conversation import (
    NO_EXT,
    SEAL,
    Blob,
    Message,
    Opaque,
    Part,
    Reasoning,
    Sealed,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)

DIALECT: Final = "google.generate_content"
TIERS: Final = frozenset({"flex", "priority"})
"""Classes of inference that OpenAI's platform has by the same names."""
JOINED: Final = "joined"
"""Marks a message that stands in the same wire content as the one before it."""

_ROLES = {None: "user", "": "user", "user": "user", "function": "user", "tool": "user", "model": "model"}
_CONTENT = frozenset({"role", "parts"})
# What a part says; the other members say how it is to be taken.
_KINDS = (
    *("text", "inlineData", "fileData", "functionCall", "functionResponse"),
    *("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "audioTranscription"),
)
_OPAQUE = {
    "executableCode": "server_tool.code_execution",
    "codeExecutionResult": "server_tool.code_execution",
    "audioTranscription": "input.media_options",
}
_PART = frozenset({*_KINDS, *OPTIONS, "thought", "thoughtSignature", "mediaResolution", "partMetadata"})


def read_system(draft: Draft, value: Any) -> None:
    path = "systemInstruction"
    raw = camel(as_map(value, path))
    ext: dict[str, Any] = {"role": raw.get("role"), "fields": draft.unknown(raw, _CONTENT, path)}
    parts: list[Part] = []
    for index, item in enumerate(opt_list(raw.get("parts"), f"{path}.parts")):
        part = camel(as_map(item, f"{path}.parts[{index}]"))
        draft.unknown(part, _PART, f"{path}.parts[{index}]")
        if part.keys() != {"text"}:
            draft.need("system.parts", f"{path}.parts[{index}]")
            parts.append(Opaque(DIALECT, item))
        else:
            parts.append(Text(as_text(part["text"], f"{path}.parts[{index}].text"), NO_EXT))
    if parts:
        draft.ext["system"] = (Message("system", tuple(parts), None, ext),)


def read_contents(draft: Draft, value: Any) -> None:
    reader = _Contents(draft)
    for index, item in enumerate(as_list(value, "contents")):
        reader.content(item, index)
    reader.end()
    draft.fields["messages"] = tuple(reader.found)


class _Contents:
    """Contents in order."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.found: list[Message] = []
        self._calls = Calls(draft)
        self._asked = -1
        self._signed: tuple[int, str, str] | None = None
        self._spoken = False
        self._blank: str | None = None

    def content(self, item: Any, index: int) -> None:
        path = f"contents[{index}]"
        raw = camel(as_map(item, path))
        role = raw.get("role")
        if not (role is None or isinstance(role, str)) or role not in _ROLES:
            raise ValueError(f"{path}.role: not a role of this dialect")
        spoken = _ROLES[role]
        if index == 0 and spoken == "model":
            self.draft.need("turns.user_first", path)
        ext: dict[str, Any] = {"role": role}
        rest = self.draft.unknown(raw, _CONTENT, path)
        if rest:
            ext["fields"] = rest
        items = opt_list(raw.get("parts"), f"{path}.parts")
        if spoken == "model" and not self._spoken:
            self._calls.open = []
        parts = tuple(self._part(part, spoken, index, f"{path}.parts[{at}]") for at, part in enumerate(items))
        blank = all(isinstance(part, Reasoning) or (isinstance(part, Text) and not part.text.strip()) for part in parts)
        self._turn(spoken, path if blank else None)
        if spoken == "model":
            self._model(parts, ext, path)
        else:
            self._user(parts, ext, index)

    def _turn(self, spoken: str | None, blank: str | None) -> None:
        """One more content, which says nothing if it is ``blank``. A turn of the model may stand in several, as chats
        of Google's SDK keep the chunks of a stream, and says nothing where none of them does."""
        if spoken != "model":
            self._end_turn()
            if blank is not None:
                self.draft.need("message.empty", blank)
        elif not self._spoken:
            self._spoken, self._blank = True, blank
        elif blank is None:
            self._blank = None

    def _end_turn(self) -> None:
        if self._spoken and self._blank is not None:
            self.draft.need("message.empty", self._blank)
        self._spoken, self._blank = False, None

    def _model(self, parts: tuple[Part, ...], ext: dict[str, Any], path: str) -> None:
        calls = [position for position, part in enumerate(parts) if isinstance(part, ToolCall)]
        if len(calls) > 1:
            self.draft.need("tools.parallel", path)
        if calls and any(not isinstance(part, ToolCall) for part in parts[calls[0] :]):
            self.draft.need("message.part_order", path)
        if any(isinstance(part, Blob | Uri) for part in parts):
            self.draft.need("output.image", path)
        self.found.append(Message("assistant", parts, None, ext))

    def _user(self, parts: tuple[Part, ...], ext: dict[str, Any], index: int) -> None:
        """Each result becomes a tool turn of its own; what stands between and after them is the user's."""
        said: list[Part] = []
        joined = {**ext, JOINED: True}
        first = True
        for part in (*parts, None):
            if part is not None and not isinstance(part, ToolResult):
                said.append(part)
                continue
            if said or (part is None and first):
                self.found.append(Message("user", tuple(said), None, ext if first else joined))
                self._asked, first, said = index, False, []
            if part is not None:
                self.found.append(Message("tool", (part,), None, ext if first else joined))
                first = False

    def end(self) -> None:
        draft = self.draft
        self._end_turn()
        if not self.found:
            draft.need("turns.user_first", "contents")
            return
        if self.found[-1].role == "assistant":
            draft.need("prefill", "contents[-1]")
        if self._signed is None:
            return
        # Signatures are asked back while a tool turn is open; in a closed one they only make the next thought better.
        index, path, domain = self._signed
        if self.found[-1].role == "tool" and index > self._asked:
            draft.need("reasoning.signature", path, domain or None)
        else:
            draft.hint("reasoning.signature", path)

    def _held(self, signature: str | None, index: int, path: str) -> Reasoning:
        """What a part's signature stands for."""
        if signature is None:
            return _UNSIGNED
        wrapped = is_wrapped(signature)
        held = opened(self.draft, signature, "", path) if wrapped else _signed(signature)
        if held.seal is not None:
            self._signed = (index, path, held.seal.domain)
        return held

    def _part(self, item: Any, role: str, index: int, path: str) -> Part:
        raw = as_map(item, path)
        if raw.keys() == {"text"}:
            return Text(as_text(raw["text"], f"{path}.text"), NO_EXT)
        raw = camel(raw)
        self.draft.unknown(raw, _PART, path)
        read_options(self.draft, raw, path)
        signature = opt_text(raw.get("thoughtSignature"), f"{path}.thoughtSignature")
        signature = None if signature in NO_SIGNATURES else signature
        held = self._held(signature, index, path)
        kinds = [kind for kind in _KINDS if raw.get(kind) is not None]
        if len(kinds) > 1:
            raise ValueError(f"{path}: expected one kind of content, not {len(kinds)}")
        kind = kinds[0] if kinds else "text"
        if kind not in MEDIA and raw.get("mediaResolution"):
            self.draft.hint("input.media_resolution", f"{path}.mediaResolution")
        ext = {"raw": item}
        if kind == "text":
            text = opt_text(raw.get("text"), f"{path}.text") or ""
            if raw.get("thought") or (signature is not None and not kinds):
                if text:
                    self.draft.hint("reasoning.text", path)
                return replace(held, text=text, ext=ext)
            return Text(text, ext if held.seal is None else {**ext, SEAL: held.seal})
        if kind == "functionCall":
            if role != "model":
                raise ValueError(f"{path}.functionCall: expected in a turn of the model, not of the user")
            return self._calls.call(camel(as_map(raw[kind], f"{path}.{kind}")), path, ext, held.seal)
        if kind == "functionResponse":
            if role == "model":
                raise ValueError(f"{path}.functionResponse: expected in a turn of the user, not of the model")
            return self._calls.response(camel(as_map(raw[kind], f"{path}.{kind}")), path, ext)
        if kind in MEDIA:
            return read_media(self.draft, raw, kind, path, ext)
        self.draft.need(_OPAQUE.get(kind) or _tool_flag(raw[kind]), path)
        return Opaque(DIALECT, item)


_UNSIGNED: Final = Reasoning("", DIALECT, None, False, NO_EXT)


def _signed(signature: str) -> Reasoning:
    return Reasoning("", DIALECT, Sealed(signature, DIALECT), False, NO_EXT)


def _tool_flag(value: Any) -> str:
    kind = camel(value).get("toolType") if isinstance(value, Mapping) else None
    return f"server_tool.{kind.lower()}" if isinstance(kind, str) and kind else "server_tool.unknown"
