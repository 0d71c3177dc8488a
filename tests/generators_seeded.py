"""Requests of every dialect out of a number, many thousands a minute: what one dialect can say and another can too.

Hypothesis makes odder ones and makes them smaller; these are for counting in hundred thousands. A seed and a direction
make the same request anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random
from typing import Any

from waypost.core.codecs import EXPRESSES
from waypost.core.model.conversation import Finish, Part, Refusal, Reply, Text, ToolCall
from waypost.core.model.outcome import Usage

C, R, A, G = DIALECTS = ("openai.chat", "openai.responses", "anthropic.messages", "google.generate_content")
DIRECTIONS = [(source, target) for source in DIALECTS for target in DIALECTS]

_ODD = (
    "olá",
    "日本語 ✓",
    'quote " and \\ slash',
    "line\nbreak",
    "trailing ",
    "\u2028 separator",
    "x" * 300,
    "🎉",
    "{}",
)
_LETTERS = "abc XYZ 019 ,.;:!? áß漢\n\t<>&'\"\\/{}[]"
_MIMES = ("image/png", "image/jpeg", "image/webp")
_BASE64 = ("AAAA", "iVBORw0KGgo=", "R0lGODdhAQABAIAAAP8AAA==")
_URLS = ("https://example.org/a.png", "https://example.org/b.jpg?x=1&y=2")
_PDF = "JVBERi0="


class Maker:
    """Chances and choices of one request. ``can`` are the needs that may be raised, ``None`` for all."""

    def __init__(self, seed: int, can: Collection[str] | None) -> None:
        self.random = Random(seed)
        self.can = can
        self.ids = 0

    def may(self, *flags: str, odds: float = 0.3) -> bool:
        """Whether something is said that raises these needs."""
        return (self.can is None or all(flag in self.can for flag in flags)) and self.random.random() < odds

    def one(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def many(self, make: Callable[[], Any], least: int, most: int) -> list[Any]:
        return [make() for _ in range(self.random.randint(least, most))]

    def text(self) -> str:
        if self.random.random() < 0.4:
            return str(self.one(_ODD))
        found = "".join(self.random.choices(_LETTERS, k=self.random.randint(1, 40)))
        return found if found.strip() else "x"

    def name(self) -> str:
        return str(self.one(("f", "get_weather", "a-B_9", "x" * 64, f"n{self.random.randint(0, 10**6):x}")))

    def names(self, least: int, most: int) -> list[str]:
        return list(dict.fromkeys(self.many(self.name, least, most)))

    def call_id(self) -> str:
        self.ids += 1
        return f"call_{self.ids}_{self.random.randint(0, 10**6):x}"

    def value(self, depth: int = 2) -> Any:
        kind = self.random.randint(0, 7 if depth else 4)
        if kind < 5:
            return (None, True, self.random.randint(-(10**9), 10**9), 1.5, self.text())[kind]
        return self.many(lambda: self.value(depth - 1), 0, 3) if kind == 5 else self.object(depth - 1)

    def object(self, depth: int = 2) -> dict[str, Any]:
        return {self.text(): self.value(depth) for _ in range(self.random.randint(0, 3))}

    def schema(self) -> dict[str, Any]:
        kinds = ({"type": "string"}, {"type": "integer"}, {"type": "array", "items": {"type": "number"}})
        properties = {name: self.one(kinds) for name in self.names(1, 3)}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def mime(self) -> str:
        return str(self.one(_MIMES))

    def effort(self) -> str | None:
        words = ["low", "medium", "high", "xhigh"]
        if not self.may("reasoning.effort", odds=0.4):
            return None
        if self.may("reasoning.can_disable"):
            return "none"
        return "minimal" if self.may("reasoning.effort.minimal") else str(self.one(words))


def _present(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if value is not None}


def request(source: str, target: str, seed: int) -> dict[str, Any]:
    """A request of ``source``; for another ``target`` one without what that can never say."""
    can = None if source == target else EXPRESSES[target] | _NEVER_ASKED[target]
    return _MAKE[source](Maker(seed, can))


_NEVER_ASKED: Mapping[str, frozenset[str]] = {
    C: frozenset(),
    R: frozenset(),
    A: frozenset(),
    G: frozenset({"input.image.mime"}),
}
"""What a request may have though the target has no word for it; nothing of it is required here."""


def answer(seed: int) -> Reply:
    """An answer that every dialect can hold: text, then calls; or a refusal."""
    m = Maker(seed, None)
    parts: list[Part] = [Text(m.text())] if m.may(odds=0.7) else []
    ids = [f"toolu_{m.random.randint(0, 10**9):x}_{at}" for at in range(m.random.randint(0, 3))]
    parts += [ToolCall(each, m.name(), json.dumps(m.object(), separators=(",", ":"))) for each in ids]
    finish: Finish = "tool_call" if ids else m.one(("stop", "length"))
    if not ids and m.may():
        parts.append(Refusal(m.text()))
        finish = "content_filter"
    fresh, read, short, long_lived, thought, said = (m.random.randint(0, 10**6) for _ in range(6))
    usage = Usage(
        fresh + read + short + long_lived,
        thought + said,
        read,
        short + long_lived,
        long_lived,
        m.one((None, thought)),
    )
    return Reply(m.name(), m.name(), tuple(parts), finish, usage)


# OpenAI chat.

SAMPLING = ((None, None), (0, None), (0.25, None), (1, None), (0.25, 1), (None, 0.5), (None, 1), (1, 0.5), (1, 1))
"""Temperature and nucleus, of which Anthropic takes one at a time; 1 is as if nothing were said."""


def _chat(m: Maker) -> dict[str, Any]:
    leading = [{"role": m.one(("system", "developer")), "content": m.text()} for _ in range(m.random.randint(0, 2))]
    body: dict[str, Any] = {
        "model": "m",
        "messages": leading + _chat_turns(m),
        "max_completion_tokens": m.random.randint(16, 60000),
        **dict(zip(("temperature", "top_p"), m.one(SAMPLING), strict=True)),
        "stop": m.many(m.text, 1, 4) if m.may("stop") else None,
        "seed": m.random.randint(0, 10**6) if m.may("seed") else None,
        "frequency_penalty": m.one((0.5, -1)) if m.may("sampling.penalties") else None,
        "presence_penalty": m.one((0.5, 2)) if m.may("sampling.penalties") else None,
        "logprobs": True if m.may("logprobs") else None,
        "stream": True if m.may(odds=0.4) else None,
        "reasoning_effort": m.effort(),
        "verbosity": m.one(("low", "medium", "high")) if m.may("verbosity") else None,
        "user": m.name() if m.may("user") else None,
        "service_tier": m.one(("auto", "flex", "priority")) if m.may("service_tier") else None,
        "prompt_cache_key": m.name() if m.may("cache.key") else None,
        "response_format": _chat_format(m),
    }
    if any("tool_calls" in turn for turn in body["messages"]) or m.may(odds=0.4):
        body["tools"] = [_chat_tool(m, name) for name in m.names(1, 3)]
        body["tool_choice"] = _choice(m, [tool["function"]["name"] for tool in body["tools"]])
        body["parallel_tool_calls"] = m.one((None, True))
        if m.may("tools.disable_parallel"):
            body["parallel_tool_calls"] = False
    return _present(body)


def _choice(m: Maker, names: list[str]) -> Any:
    named = {"type": "function", "function": {"name": m.one(names)}}
    return m.one((None, "auto", "none", "required", named))


def _chat_format(m: Maker) -> Any:
    if m.may("output.json_object", odds=0.1):
        return {"type": "json_object"}
    if not m.may("output.json_schema"):
        return None
    about = {"description": m.text()} if m.may("output.schema_name") else {}
    return {"type": "json_schema", "json_schema": {"name": "answer", **about, "schema": m.schema(), "strict": True}}


def _chat_tool(m: Maker, name: str) -> dict[str, Any]:
    function = {"name": name, "parameters": m.schema()}
    if m.may():
        function["description"] = m.text()
    if m.may("tools.strict"):
        function["strict"] = True
    return {"type": "function", "function": function}


def _chat_part(m: Maker) -> dict[str, Any]:
    detail = {"detail": m.one(("low", "high"))} if m.may("image.detail") else {}
    kind = m.random.randint(0, 5)
    if kind == 1 and m.may("input.image", odds=1):
        part = {"image_url": {"url": f"data:{m.mime()};base64,{m.one(_BASE64)}", **detail}, "type": "image_url"}
    elif kind == 2 and m.may("input.image.url", odds=1):
        part = {"type": "image_url", "image_url": {"url": m.one(_URLS), **detail}}
    elif kind == 3 and m.may("input.pdf", odds=1):
        file = {"filename": f"{m.name()}.pdf", "file_data": f"data:application/pdf;base64,{_PDF}"}
        part = {"type": "file", "file": file}
    elif kind == 4 and m.may("input.audio", odds=1):
        part = {"type": "input_audio", "input_audio": {"data": "UklG", "format": m.one(("wav", "mp3"))}}
    else:
        part = {"type": "text", "text": m.text()}
    if m.may("cache.breakpoints", odds=0.1):
        part["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return part


def _chat_turns(m: Maker) -> list[dict[str, Any]]:
    def user() -> dict[str, Any]:
        said = m.text() if m.may(odds=0.5) else m.many(lambda: _chat_part(m), 1, 3)
        return {"role": "user", "content": said, **({"name": "ada"} if m.may("message.name", odds=0.1) else {})}

    turns: list[dict[str, Any]] = [user()]
    for _ in range(m.random.randint(0, 3)):
        if m.may(odds=0.4):
            ids = m.many(m.call_id, 1, 3 if m.may("tools.parallel", odds=1) else 1)
            calls = [
                {
                    "id": call_id,
                    "type": "function",
                    "function": {"name": m.name(), "arguments": json.dumps(m.object())},
                }
                for call_id in ids
            ]
            turns.append({"role": "assistant", "content": m.one((None, m.text())), "tool_calls": calls})
            turns += [{"role": "tool", "tool_call_id": call_id, "content": m.text()} for call_id in ids]
        else:
            turns.append({"role": "assistant", "content": m.text()})
        if turns[-1]["role"] == "assistant" or m.may(odds=0.5):
            turns.append(user())
        if m.may("system.mid_conversation", odds=0.1):
            turns.append({"role": "system", "content": m.text()})
            turns.append(user())
    if m.may("prefill", odds=0.1):
        turns.append({"role": "assistant", "content": m.text().strip()})
    return turns


# OpenAI responses.


def _responses(m: Maker) -> dict[str, Any]:
    leading = [{"role": m.one(("system", "developer")), "content": m.text()} for _ in range(m.random.randint(0, 2))]
    effort = m.effort()
    body: dict[str, Any] = {
        "model": "m",
        "store": False,
        "instructions": m.one((None, m.text())),
        "input": leading + _responses_items(m),
        "max_output_tokens": m.random.randint(16, 60000),
        **dict(zip(("temperature", "top_p"), m.one(SAMPLING), strict=True)),
        "top_logprobs": m.random.randint(1, 20) if m.may("logprobs") else None,
        "stream": True if m.may(odds=0.4) else None,
        "reasoning": None if effort is None else {"effort": effort},
        "user": m.name() if m.may("user") else None,
        "service_tier": m.one(("auto", "flex", "priority")) if m.may("service_tier") else None,
        "prompt_cache_key": m.name() if m.may("cache.key") else None,
        "text": _responses_text(m),
    }
    if any(item.get("type") == "function_call" for item in body["input"]) or m.may(odds=0.4):
        body["tools"] = [_responses_tool(m, name) for name in m.names(1, 3)]
        named = {"type": "function", "name": m.one([tool["name"] for tool in body["tools"]])}
        body["tool_choice"] = m.one((None, "auto", "none", "required", named))
        body["parallel_tool_calls"] = m.one((None, True))
        if m.may("tools.disable_parallel"):
            body["parallel_tool_calls"] = False
    return _present(body)


def _responses_text(m: Maker) -> Any:
    config: dict[str, Any] = {}
    if m.may("verbosity"):
        config["verbosity"] = m.one(("low", "medium", "high"))
    if m.may("output.json_object", odds=0.1):
        config["format"] = {"type": "json_object"}
    elif m.may("output.json_schema"):
        about = {"description": m.text()} if m.may("output.schema_name") else {}
        config["format"] = {"type": "json_schema", "name": "answer", **about, "schema": m.schema(), "strict": True}
    return config or None


def _responses_tool(m: Maker, name: str) -> dict[str, Any]:
    tool = {"type": "function", "name": name, "parameters": m.schema(), "strict": m.may("tools.strict")}
    return {**tool, "description": m.text()} if m.may() else tool


def _responses_part(m: Maker) -> dict[str, Any]:
    detail = m.one(("low", "high")) if m.may("image.detail") else "auto"
    kind = m.random.randint(0, 5)
    if kind == 1 and m.may("input.image", odds=1):
        url = f"data:{m.mime()};base64,{m.one(_BASE64)}"
        part: dict[str, Any] = {"type": "input_image", "image_url": url, "detail": detail}
    elif kind == 2 and m.may("input.image.url", odds=1):
        part = {"type": "input_image", "image_url": m.one(_URLS), "detail": detail}
    elif kind == 3 and m.may("input.pdf", odds=1):
        file = f"data:application/pdf;base64,{_PDF}"
        part = {"type": "input_file", "filename": f"{m.name()}.pdf", "file_data": file}
    elif kind == 4 and m.may("input.pdf.url", odds=1):
        part = {"type": "input_file", "file_url": "https://example.org/a.pdf"}
    else:
        part = {"type": "input_text", "text": m.text()}
    if m.may("cache.breakpoints", odds=0.1):
        part["prompt_cache_breakpoint"] = {"mode": "explicit"}
    return part


def _responses_items(m: Maker) -> list[dict[str, Any]]:
    def user() -> dict[str, Any]:
        said = m.text() if m.may(odds=0.5) else m.many(lambda: _responses_part(m), 1, 3)
        return {"role": "user", "content": said}

    items = [user()]
    for _ in range(m.random.randint(0, 3)):
        said = {"role": "assistant", "content": m.text()}
        if m.may(odds=0.4):
            ids = m.many(m.call_id, 1, 3 if m.may("tools.parallel", odds=1) else 1)
            if m.may(odds=0.4):
                items.append(said)
            for call_id in ids:
                call = {"type": "function_call", "call_id": call_id, "name": m.name()}
                items.append({**call, "arguments": json.dumps(m.object())})
            items += [{"type": "function_call_output", "call_id": each, "output": _responses_result(m)} for each in ids]
            if m.may(odds=0.5):
                items.append(user())
        else:
            items += [said, user()]
        if m.may("system.mid_conversation", odds=0.1):
            items += [{"role": "developer", "content": m.text()}, user()]
    if m.may("prefill", odds=0.1):
        items.append({"role": "assistant", "content": m.text().strip()})
    return items


def _responses_result(m: Maker) -> Any:
    if not m.may("tool_result.image", odds=0.2):
        return m.text()
    url = f"data:{m.mime()};base64,{m.one(_BASE64)}"
    text = {"type": "input_text", "text": m.text()}
    return [text, {"type": "input_image", "image_url": url, "detail": "auto"}]


# Anthropic messages.


def _messages(m: Maker) -> dict[str, Any]:
    config: dict[str, Any] = {}
    effort = m.effort() if m.may("reasoning.effort") else None
    if effort in ("low", "medium", "high", "xhigh"):
        config["effort"] = effort
    if m.may("output.json_schema"):
        config["format"] = {"type": "json_schema", "schema": m.schema()}
    limit = m.random.randint(16, 60000)
    thinking = None
    if effort == "none":
        thinking = {"type": "disabled"}
    elif "effort" not in config and limit > 2000 and m.may("reasoning.budget"):
        thinking = {"type": "enabled", "budget_tokens": m.random.randint(1024, limit - 1)}
    system: Any = m.text() if m.may(odds=0.5) else [_marked(m, {"type": "text", "text": m.text()})]
    body: dict[str, Any] = {
        "model": "m",
        "max_tokens": limit,
        "system": m.one((None, system)),
        "messages": _messages_turns(m),
        **dict(zip(("temperature", "top_p"), m.one(SAMPLING), strict=True)),
        "top_k": m.random.randint(1, 40) if m.may("sampling.top_k") else None,
        "stop_sequences": m.many(m.text, 1, 4) if m.may("stop") else None,
        "stream": True if m.may(odds=0.4) else None,
        "metadata": {"user_id": m.name()} if m.may("user") else None,
        "service_tier": m.one(("auto", "standard_only")) if m.may("service_tier") else None,
        "output_config": config or None,
        "thinking": thinking,
    }
    if any("tool_use" in json.dumps(turn["content"]) for turn in body["messages"]) or m.may(odds=0.4):
        body["tools"] = [_messages_tool(m, name) for name in m.names(1, 3)]
        named = {"type": "tool", "name": m.one([tool["name"] for tool in body["tools"]])}
        choice = m.one((None, {"type": "auto"}, {"type": "any"}, {"type": "none"}, named))
        if choice and choice["type"] != "none" and m.may("tools.disable_parallel"):
            choice = {**choice, "disable_parallel_tool_use": True}
        body["tool_choice"] = choice
    return _present(body)


def _marked(m: Maker, block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "cache_control": {"type": "ephemeral"}} if m.may("cache.breakpoints", odds=0.1) else block


def _messages_tool(m: Maker, name: str) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": name, "input_schema": m.schema()}
    if m.may():
        tool["description"] = m.text()
    if m.may("tools.strict"):
        tool["strict"] = True
    return tool


def _messages_block(m: Maker) -> dict[str, Any]:
    kind = m.random.randint(0, 5)
    if kind == 1 and m.may("input.image", odds=1):
        source = {"type": "base64", "media_type": m.mime(), "data": m.one(_BASE64)}
        return _marked(m, {"type": "image", "source": source})
    if kind == 2 and m.may("input.image.url", odds=1):
        return _marked(m, {"type": "image", "source": {"type": "url", "url": m.one(_URLS)}})
    if kind == 3 and m.may("input.pdf", odds=1):
        source = {"type": "base64", "media_type": "application/pdf", "data": _PDF}
        return _marked(m, {"type": "document", "source": source, "title": f"{m.name()}.pdf"})
    if kind == 4 and m.may("input.pdf.url", odds=1):
        return _marked(m, {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}})
    return _marked(m, {"type": "text", "text": m.text()})


def _messages_result(m: Maker, call_id: str) -> dict[str, Any]:
    raw: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id, "content": m.text()}
    if m.may("tool_result.image", odds=0.2):
        source = {"type": "base64", "media_type": m.mime(), "data": m.one(_BASE64)}
        raw["content"] = [{"type": "text", "text": m.text()}, {"type": "image", "source": source}]
    if m.may("tool_result.is_error", odds=0.2):
        raw["is_error"] = True
    return raw


def _messages_turns(m: Maker) -> list[dict[str, Any]]:
    def said() -> Any:
        return m.text() if m.may(odds=0.5) else m.many(lambda: _messages_block(m), 1, 3)

    turns: list[dict[str, Any]] = [{"role": "user", "content": said()}]
    for _ in range(m.random.randint(0, 3)):
        if m.may(odds=0.4):
            ids = m.many(m.call_id, 1, 3 if m.may("tools.parallel", odds=1) else 1)
            uses = [{"type": "tool_use", "id": each, "name": m.name(), "input": m.object()} for each in ids]
            told = [{"type": "text", "text": m.text()}] if m.may(odds=0.4) else []
            turns.append({"role": "assistant", "content": told + uses})
            more = m.many(lambda: _messages_block(m), 1, 2) if m.may(odds=0.3) else []
            turns.append({"role": "user", "content": [*(_messages_result(m, each) for each in ids), *more]})
        else:
            turns.append({"role": "assistant", "content": m.text()})
            turns.append({"role": "user", "content": said()})
        if m.may("system.mid_conversation", odds=0.1):
            turns.append({"role": "system", "content": m.text()})
    if m.may("prefill", odds=0.1):
        turns.append({"role": "assistant", "content": m.text().strip()})
    return turns


# Google generate content.


def _google(m: Maker) -> dict[str, Any]:
    effort = m.effort()
    config: dict[str, Any] = {
        "maxOutputTokens": m.random.randint(16, 60000),
        **dict(zip(("temperature", "topP"), m.one(SAMPLING), strict=True)),
        "topK": m.random.randint(1, 40) if m.may("sampling.top_k") else None,
        "seed": m.random.randint(0, 10**6) if m.may("seed") else None,
        "presencePenalty": m.one((0.5, 2)) if m.may("sampling.penalties") else None,
        "stopSequences": m.many(m.text, 1, 4) if m.may("stop") else None,
        "candidateCount": m.one((None, 1)),
    }
    if effort == "none":
        config["thinkingConfig"] = {"thinkingBudget": 0}
    elif effort is not None:
        config["thinkingConfig"] = {"thinkingLevel": effort.upper()}
    elif config["maxOutputTokens"] > 2000 and m.may("reasoning.budget"):
        config["thinkingConfig"] = {"thinkingBudget": m.random.randint(1024, config["maxOutputTokens"] - 1)}
    if m.may("output.json_object", odds=0.1):
        config["responseMimeType"] = "application/json"
    elif m.may("output.json_schema"):
        config.update(responseMimeType="application/json", responseJsonSchema=m.schema())
    body: dict[str, Any] = {"model": "m", "contents": _google_turns(m), "generationConfig": _present(config)}
    if m.may("service_tier"):
        body["serviceTier"] = m.one(("standard", "flex", "priority"))
    if m.may(odds=0.5):
        body["systemInstruction"] = {"parts": m.many(lambda: {"text": m.text()}, 1, 2)}
    if m.may(odds=0.4):
        body["stream"] = True
    if any("functionCall" in part for turn in body["contents"] for part in turn["parts"]) or m.may(odds=0.4):
        names = m.names(1, 3)
        declared = [{"name": name, "parametersJsonSchema": m.schema()} for name in names]
        body["tools"] = [{"functionDeclarations": declared}]
        modes = [None, {"mode": "AUTO"}, {"mode": "NONE"}, {"mode": "ANY"}]
        modes.append({"mode": "ANY", "allowedFunctionNames": names[:1]})
        if len(names) > 1 and m.may("tool_choice.allowed_subset", odds=1):
            modes.append({"mode": "ANY", "allowedFunctionNames": names[:2]})
        choice = m.one(modes)
        if choice is not None:
            body["toolConfig"] = {"functionCallingConfig": choice}
    return body


def _google_part(m: Maker) -> dict[str, Any]:
    kind = m.random.randint(0, 4)
    if kind == 1 and m.may("input.image", odds=1):
        return {"inlineData": {"mimeType": m.mime(), "data": m.one(_BASE64)}}
    if kind == 2 and m.may("input.pdf", odds=1):
        return {"inlineData": {"mimeType": "application/pdf", "data": _PDF, "displayName": f"{m.name()}.pdf"}}
    if kind == 3 and m.may("input.audio", odds=1):
        return {"inlineData": {"mimeType": m.one(("audio/wav", "audio/mp3")), "data": "UklG"}}
    return {"text": m.text()}


def _google_result(m: Maker, mark: dict[str, Any], name: str) -> dict[str, Any]:
    failed = m.may("tool_result.is_error", odds=0.2)
    raw: dict[str, Any] = {**mark, "name": name, "response": {"error" if failed else "output": m.text()}}
    if m.may("tool_result.image", odds=0.2):
        raw["parts"] = [{"inlineData": {"mimeType": m.mime(), "data": m.one(_BASE64)}}]
    return {"functionResponse": raw}


def _google_turns(m: Maker) -> list[dict[str, Any]]:
    def user() -> dict[str, Any]:
        return {"role": "user", "parts": m.many(lambda: _google_part(m), 1, 3)}

    turns = [user()]
    for _ in range(m.random.randint(0, 3)):
        if m.may(odds=0.4):
            called = m.many(m.name, 1, 3 if m.may("tools.parallel", odds=1) else 1)
            named = m.may(odds=0.5)
            marks = [{"id": m.call_id()} if named else {} for _ in called]
            calls = [
                {"functionCall": {**mark, "name": name, "args": m.object()}}
                for mark, name in zip(marks, called, strict=True)
            ]
            told = [{"text": m.text()}] if m.may(odds=0.4) else []
            turns.append({"role": "model", "parts": told + calls})
            results = [_google_result(m, mark, name) for mark, name in zip(marks, called, strict=True)]
            turns.append({"role": "user", "parts": results})
            if m.may(odds=0.5):
                turns.append(user())
        else:
            turns += [{"role": "model", "parts": [{"text": m.text()}]}, user()]
    if m.may("prefill", odds=0.1):
        turns.append({"role": "model", "parts": [{"text": m.text().strip()}]})
    return turns


_MAKE: Mapping[str, Callable[[Maker], dict[str, Any]]] = {C: _chat, R: _responses, A: _messages, G: _google}
