"""Generated requests, answers and streams, as wire dicts and as records, for property tests of the codecs.

``portable`` bodies hold only what both dialects can say; the others hold whatever their own dialect has.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from waypost.core.model.conversation import Finish, Part, Refusal, Reply, Text, ToolCall
from waypost.core.model.outcome import Usage

EXAMPLES = 1_000 if os.environ.get("WAYPOST_EXHAUSTIVE") == "1" else 300

"""Of each test. Hundred thousands of conversations are made by `generators_seeded`, which is much faster."""

codec_settings = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=os.environ.get("WAYPOST_EXHAUSTIVE") != "1",
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

_BASE64 = st.sampled_from(["AAAA", "iVBORw0KGgo=", "R0lGODdhAQABAIAAAP8AAA=="])
_MIMES = st.sampled_from(["image/png", "image/jpeg", "image/gif", "image/webp"])
_URLS = st.sampled_from(["https://example.org/a.png", "https://example.org/b.jpg?x=1&y=2"])


def _text() -> st.SearchStrategy[str]:
    odd = st.sampled_from(
        ["olá", "日本語 ✓", 'quote " and \\ slash', "line\nbreak", "trailing ", "\u2028 separator", "x" * 300]
    )
    return odd | st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip()))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, or ``None`` for an absent member."""
    return st.none() | strategy


def sampled(temperature: str, nucleus: str) -> st.SearchStrategy[dict[str, Any]]:
    """Both under their names in a dialect, one of them at a time, because Anthropic takes them so; 1 is as if nothing
    were said."""
    one = [{}, {temperature: 0}, {temperature: 0.25}, {temperature: 1}, {nucleus: 0.5}, {nucleus: 1}]
    return st.sampled_from([*one, {temperature: 0.25, nucleus: 1}, {temperature: 1, nucleus: 0.5}])


def _record(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object without the members that came out as ``None``."""
    return st.fixed_dictionaries(members).map(lambda raw: {key: item for key, item in raw.items() if item is not None})


texts = _text()
_numbers = st.integers(0, 10**9)
names = st.sampled_from(["f", "get_weather", "a-B_9", "x" * 64]) | _numbers.map("n{:x}".format)
call_ids = _numbers.map("call_{:x}".format) | st.sampled_from(
    ["functions.get:0", "a b", "id/with/slashes", "é", "x" * 80]
)
_leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts
json_objects = st.dictionaries(
    texts, st.recursive(_leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=5), max_size=3
)
schemas = st.dictionaries(
    names, st.sampled_from([{"type": "string"}, {"type": "integer"}]), min_size=1, max_size=3
).map(
    lambda properties: {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
)


# OpenAI chat.


def _data_url(mime: str, data: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{data}"}}


def _pdf(name: str) -> dict[str, Any]:
    return {"type": "file", "file": {"filename": name, "file_data": "data:application/pdf;base64,JVBERi0="}}


_chat_parts = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, texts)
    | st.builds(_data_url, _MIMES, _BASE64)
    | st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, _URLS)
    | st.builds(_pdf, names),
    min_size=1,
    max_size=3,
)


def _chat_call(call_id: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}


@st.composite
def _chat_turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [{"role": "user", "content": draw(texts | _chat_parts)}]
    for _ in range(draw(st.integers(0, 3))):
        ids = draw(st.lists(call_ids, max_size=3, unique=True))
        if ids:
            calls = [_chat_call(call_id, draw(names), draw(json_objects)) for call_id in ids]
            turns.append({"role": "assistant", "content": draw(maybe(texts)), "tool_calls": calls})
            named = draw(st.sampled_from(({}, {"name": "lookup"})))
            turns += [{"role": "tool", "tool_call_id": call_id, "content": draw(texts), **named} for call_id in ids]
        else:
            turns.append({"role": "assistant", "content": draw(texts)})
        if not ids or draw(st.booleans()):
            turns.append({"role": "user", "content": draw(texts | _chat_parts)})
    return turns


_chat_tools = st.lists(
    st.builds(
        lambda name, about, schema, strict: {
            "type": "function",
            "function": {
                key: item
                for key, item in {"name": name, "description": about, "parameters": schema, "strict": strict}.items()
                if item is not None
            },
        },
        names,
        maybe(texts),
        schemas,
        st.sampled_from([None, True]),
    ),
    min_size=1,
    max_size=3,
)
_chat_choices = st.sampled_from(["auto", "none", "required"]) | names.map(
    lambda name: {"type": "function", "function": {"name": name}}
)
_schema_format = st.builds(
    lambda name, schema: {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}},
    names,
    schemas,
)


@st.composite
def chat_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Portable chat requests."""
    system = draw(st.lists(st.sampled_from(["system", "developer"]), max_size=2))
    body: dict[str, Any] = {
        "model": "auto",
        "messages": [{"role": role, "content": draw(texts)} for role in system] + draw(_chat_turns()),
        "max_completion_tokens": draw(st.integers(1, 64000)),
        **draw(sampled("temperature", "top_p")),
        "stop": draw(maybe(texts | st.lists(texts, min_size=1, max_size=4))),
        "stream": draw(maybe(st.booleans())),
        "response_format": draw(maybe(_schema_format)),
        "reasoning_effort": draw(maybe(st.sampled_from(["none", "low", "medium", "high", "xhigh", "max"]))),
        "user": draw(maybe(names)),
    }
    used = any("tool_calls" in turn for turn in body["messages"])
    if used or draw(st.booleans()):
        body["tools"] = draw(_chat_tools)
        body["tool_choice"] = draw(maybe(_chat_choices))
        body["parallel_tool_calls"] = draw(maybe(st.booleans()))
    return {key: item for key, item in body.items() if item is not None}


_chat_extras = _record(
    logprobs=maybe(st.booleans()),
    top_logprobs=maybe(st.integers(0, 20)),
    n=maybe(st.integers(1, 4)),
    seed=maybe(st.integers()),
    frequency_penalty=maybe(st.sampled_from([-1, 0, 0.5])),
    presence_penalty=maybe(st.sampled_from([0, 2])),
    logit_bias=maybe(st.just({"50256": -100})),
    verbosity=maybe(st.sampled_from(["low", "medium", "high"])),
    stream_options=maybe(
        st.sampled_from([{"include_usage": True}, {"include_usage": True, "include_obfuscation": False}])
    ),
    service_tier=maybe(st.sampled_from(["auto", "flex"])),
    store=maybe(st.booleans()),
    metadata=maybe(st.just({"k": "v"})),
    prompt_cache_key=maybe(names),
    prediction=maybe(st.just({"type": "content", "content": "x"})),
    safety_identifier=maybe(names),
    modalities=maybe(st.just(["text"])),
    web_search_options=maybe(st.just({})),
    a_field_of_tomorrow=maybe(st.just({"x": 1})),
)
_chat_odd_turns = st.sampled_from(
    [
        {"role": "system", "content": "in the middle"},
        {"role": "user", "content": "x", "name": "ada"},
        {"role": "user", "content": [{"type": "text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://e.org/a", "detail": "low"}}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"role": "assistant", "content": None, "refusal": "no"},
        {"role": "assistant", "content": "x", "reasoning_content": "hm"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}],
        },
        {
            "role": "assistant",
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "a.b", "arguments": "{"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "only"}]},
        {"role": "function", "name": "f", "content": "1"},
        {"role": "user", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": " "}]},
    ]
)


@st.composite
def chat_bodies_of_any_kind(draw: st.DrawFn) -> dict[str, Any]:
    """Chat requests with whatever the dialect has."""
    body = {**draw(chat_bodies()), **draw(_chat_extras)}
    turns = list(body["messages"])
    for odd in draw(st.lists(_chat_odd_turns, max_size=3)):
        turns.insert(draw(st.integers(0, len(turns))), odd)
    tools = [*body.get("tools", ()), *draw(st.lists(st.just({"type": "custom", "custom": {"name": "g"}}), max_size=1))]
    return {**body, "messages": turns, **({"tools": tools} if tools else {})}


# Anthropic messages.

_blocks = st.lists(
    st.builds(lambda text: {"type": "text", "text": text}, texts)
    | st.builds(
        lambda mime, data: {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data}},
        _MIMES,
        _BASE64,
    )
    | st.builds(lambda url: {"type": "image", "source": {"type": "url", "url": url}}, _URLS)
    | st.builds(
        lambda name: {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
            "title": name,
        },
        names,
    ),
    min_size=1,
    max_size=3,
)
_safe_ids = _numbers.map("toolu_{:x}".format)


@st.composite
def _messages_turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = [{"role": "user", "content": draw(texts | _blocks)}]
    for _ in range(draw(st.integers(0, 3))):
        ids = draw(st.lists(_safe_ids, max_size=3, unique=True))
        said = [{"type": "text", "text": text} for text in draw(st.lists(texts, max_size=1))]
        if ids:
            uses = [{"type": "tool_use", "id": i, "name": draw(names), "input": draw(json_objects)} for i in ids]
            turns.append({"role": "assistant", "content": said + uses})
            results = [{"type": "tool_result", "tool_use_id": i, "content": draw(texts)} for i in ids]
            turns.append({"role": "user", "content": results + draw(st.just([]) | _blocks)})
        else:
            turns.append({"role": "assistant", "content": draw(texts)})
            turns.append({"role": "user", "content": draw(texts | _blocks)})
    return turns


_messages_tools = st.lists(
    _record(name=names, description=maybe(texts), input_schema=schemas, strict=st.sampled_from([None, True])),
    min_size=1,
    max_size=3,
)


@st.composite
def messages_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Portable messages requests."""
    system = texts | st.lists(st.builds(lambda text: {"type": "text", "text": text}, texts), min_size=1, max_size=2)
    output = schemas.map(lambda schema: {"format": {"type": "json_schema", "schema": schema}})
    body: dict[str, Any] = {
        "model": "claude",
        "max_tokens": draw(st.integers(1, 64000)),
        "messages": draw(_messages_turns()),
        "system": draw(maybe(system)),
        "temperature": draw(maybe(st.sampled_from([0, 0.25, 1]))),
        "stream": draw(maybe(st.booleans())),
        "output_config": draw(maybe(output | st.just({"effort": "high"}))),
        "metadata": draw(maybe(names.map(lambda name: {"user_id": name}))),
    }
    used = any("tool_use" in json.dumps(turn["content"]) for turn in body["messages"])
    if used or draw(st.booleans()):
        body["tools"] = draw(_messages_tools)
        kinds = st.sampled_from(["auto", "any", "none"]).map(lambda kind: {"type": kind})
        body["tool_choice"] = draw(maybe(kinds | names.map(lambda name: {"type": "tool", "name": name})))
    return {key: item for key, item in body.items() if item is not None}


_messages_extras = _record(
    top_k=maybe(st.integers(1, 50)),
    top_p=maybe(st.just(0.5)),
    stop_sequences=maybe(st.lists(texts, min_size=1, max_size=6)),
    thinking=maybe(
        st.sampled_from(
            [
                {"type": "disabled"},
                {"type": "enabled", "budget_tokens": 2048},
                {"type": "adaptive", "display": "omitted"},
            ]
        )
    ),
    cache_control=maybe(st.just({"type": "ephemeral", "ttl": "1h"})),
    service_tier=maybe(st.sampled_from(["auto", "standard_only"])),
    speed=maybe(st.sampled_from(["standard", "fast"])),
    inference_geo=maybe(st.just("us")),
    container=maybe(st.just("c_1")),
    a_field_of_tomorrow=maybe(st.just([1])),
)
_messages_odd_turns = st.sampled_from(
    [
        {"role": "system", "content": "in the middle"},
        {"role": "user", "content": [{"type": "text", "text": "only"}]},
        {
            "role": "user",
            "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
        },
        {
            "role": "user",
            "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}],
        },
        {"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]},
        {"role": "user", "content": [{"type": "search_result", "source": "s", "title": "t", "content": []}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "tool_result", "tool_use_id": "t"},
                {"type": "text", "text": "b"},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": "x"}],
                    "is_error": True,
                }
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "", "is_error": False}]},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "x"}],
        },
        {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "b3Bh"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t", "name": "a.b", "input": {"x": 1.5}},
                {"type": "text", "text": "x"},
            ],
        },
        {"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}]},
    ]
)


@st.composite
def messages_bodies_of_any_kind(draw: st.DrawFn) -> dict[str, Any]:
    """Messages requests with whatever the dialect has."""
    body = {**draw(messages_bodies()), **draw(_messages_extras)}
    turns = list(body["messages"])
    for odd in draw(st.lists(_messages_odd_turns, max_size=3)):
        turns.insert(draw(st.integers(0, len(turns))), odd)
    others = draw(st.lists(st.just({"type": "web_search_20250305", "name": "web_search"}), max_size=1))
    tools = [*body.get("tools", ()), *others]
    return {**body, "messages": turns, **({"tools": tools} if tools else {})}


# Answers.

_counts = st.integers(0, 10**6)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Usage whose input holds its cache counts."""
    fresh, read, short, long_lived = (draw(_counts) for _ in range(4))
    return Usage(
        fresh + read + short + long_lived, draw(_counts), read, short + long_lived, long_lived, draw(maybe(_counts))
    )


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Answers that both dialects can hold: text, then calls; or a refusal."""
    parts: list[Part] = [Text(text) for text in draw(st.lists(texts, max_size=1))]
    ids = draw(st.lists(_safe_ids, max_size=3, unique=True))
    parts += [
        ToolCall(call_id, draw(names), json.dumps(draw(json_objects), separators=(",", ":"), ensure_ascii=False))
        for call_id in ids
    ]
    finish: Finish = "tool_call" if ids else draw(st.sampled_from(["stop", "length"]))
    if not ids and draw(st.booleans()):
        parts.append(Refusal(draw(texts)))
        finish = "content_filter"
    return Reply(draw(names), draw(names), tuple(parts), finish, draw(usages()))
