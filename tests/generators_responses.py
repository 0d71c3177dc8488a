"""Generated requests of OpenAI's responses, for property tests of its codec."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from generators_conversation import call_ids, json_objects, maybe, names, sampled, schemas, texts

_PNG = "data:image/png;base64,iVBORw0KGgo="
_parts = st.lists(
    st.builds(lambda text: {"type": "input_text", "text": text}, texts)
    | st.sampled_from([_PNG, "https://example.org/a.png"]).map(
        lambda url: {"type": "input_image", "image_url": url, "detail": "auto"}
    )
    | names.map(
        lambda name: {
            "type": "input_file",
            "filename": f"{name}.pdf",
            "file_data": "data:application/pdf;base64,JVBERi0=",
        }
    ),
    min_size=1,
    max_size=3,
)
_said = st.sampled_from(["msg_1", "msg_2"]).flatmap(
    lambda made: texts.map(
        lambda text: {
            "type": "message",
            "id": made,
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
        }
    )
)


def _message(role: str, content: Any) -> dict[str, Any]:
    return {"role": role, "content": content}


def _call(call_id: str, name: str, arguments: dict[str, Any], stored: bool) -> dict[str, Any]:
    item = {"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(arguments)}
    return {**item, "id": f"fc_{len(name)}", "status": "completed"} if stored else item


@st.composite
def _turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    user = (texts | _parts).map(lambda content: _message("user", content))
    items: list[dict[str, Any]] = [draw(user)]
    for _ in range(draw(st.integers(0, 3))):
        ids = draw(st.lists(call_ids, max_size=3, unique=True))
        said = texts.map(lambda text: _message("assistant", text)) | _said
        if not ids or draw(st.booleans()):
            items.append(draw(said))
        items += [_call(call_id, draw(names), draw(json_objects), draw(st.booleans())) for call_id in ids]
        items += [{"type": "function_call_output", "call_id": call_id, "output": draw(texts)} for call_id in ids]
        if not ids or draw(st.booleans()):
            items.append(draw(user))
    return items


def _function(name: str, about: str | None, schema: dict[str, Any], strict: bool) -> dict[str, Any]:
    tool = {"type": "function", "name": name, "parameters": schema, "strict": strict}
    return tool if about is None else {**tool, "description": about}


_tools = st.lists(st.builds(_function, names, maybe(texts), schemas, st.booleans()), min_size=1, max_size=3)
_choices = st.sampled_from(["auto", "none", "required"]) | names.map(lambda name: {"type": "function", "name": name})
_formats = st.builds(
    lambda name, schema: {"format": {"type": "json_schema", "name": name, "schema": schema, "strict": True}},
    names,
    schemas,
)


@st.composite
def responses_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Portable responses requests: what chat and Anthropic can say as well."""
    leading = draw(st.lists(st.sampled_from(["system", "developer"]), max_size=2))
    effort = st.sampled_from(["none", "low", "medium", "high", "xhigh", "max"])
    body: dict[str, Any] = {
        "model": "auto",
        "store": False,
        "instructions": draw(maybe(texts)),
        "input": [_message(role, draw(texts)) for role in leading] + draw(_turns()),
        "max_output_tokens": draw(st.integers(16, 64000)),
        **draw(sampled("temperature", "top_p")),
        "stream": draw(maybe(st.booleans())),
        "text": draw(maybe(_formats)),
        "reasoning": draw(maybe(effort.map(lambda word: {"effort": word}))),
        "user": draw(maybe(names)),
    }
    used = any(item.get("type") == "function_call" for item in body["input"])
    if used or draw(st.booleans()):
        body["tools"] = draw(_tools)
        body["tool_choice"] = draw(maybe(_choices))
        body["parallel_tool_calls"] = draw(maybe(st.booleans()))
    return {key: item for key, item in body.items() if item is not None}


_extras = st.fixed_dictionaries(
    {},
    optional={
        "store": st.booleans(),
        "previous_response_id": st.just("resp_1"),
        "conversation": st.just({"id": "conv_1"}),
        "background": st.booleans(),
        "include": st.lists(
            st.sampled_from(
                ["reasoning.encrypted_content", "message.output_text.logprobs", "web_search_call.action.sources"]
            ),
            max_size=2,
        ),
        "truncation": st.sampled_from(["auto", "disabled"]),
        "metadata": st.just({"k": "v"}),
        "service_tier": st.sampled_from(["auto", "flex"]),
        "prompt_cache_key": names,
        "prompt_cache_options": st.sampled_from([{"mode": "explicit", "ttl": "30m"}, {"prewarm": True}]),
        "safety_identifier": names,
        "top_logprobs": st.integers(0, 20),
        "max_tool_calls": st.integers(1, 9),
        "reasoning": st.sampled_from([{"effort": "minimal", "summary": "auto"}, {"mode": "pro"}, {"context": "auto"}]),
        "text": st.sampled_from(
            [{"format": {"type": "text"}, "verbosity": "low"}, {"format": {"type": "json_object"}}]
        ),
        "stream_options": st.just({"include_obfuscation": False}),
        "image": st.just({"context_compression": "disabled"}),
        "tool_choice": st.sampled_from(
            [{"type": "web_search_preview"}, {"type": "allowed_tools", "mode": "auto", "tools": []}]
        ),
        "a_field_of_tomorrow": st.just({"x": 1}),
    },
)
_odd_items = st.sampled_from(
    [
        _message("system", "in the middle"),
        _message("developer", [{"type": "input_text", "text": "in the middle"}]),
        _message("user", ""),
        _message("user", []),
        {"type": "message", "role": "user", "status": "completed", "content": [{"type": "input_text", "text": "x"}]},
        _message("user", [{"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}}]),
        _message("user", [{"type": "input_image", "file_id": "file-1", "detail": "auto"}]),
        _message("user", [{"type": "input_image", "image_url": "https://e.org/a", "detail": "low"}]),
        _message("user", [{"type": "input_file", "file_url": "https://e.org/a.pdf", "filename": "a.pdf"}]),
        _message("user", [{"type": "input_file", "file_data": "AA=="}]),
        _message("user", [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": " "}]),
        {"role": "assistant", "content": "x", "phase": "commentary"},
        {"type": "message", "id": "msg_9", "role": "assistant", "status": "incomplete", "content": []},
        _message("assistant", [{"type": "refusal", "refusal": "no"}]),
        _message("assistant", [{"type": "output_text", "text": "x", "annotations": [{"type": "file_path"}]}]),
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "reasoning",
            "id": "rs_2",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "g",
        },
        {"type": "function_call", "call_id": "c", "name": "a.b", "arguments": "{"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "", "caller": {"type": "direct"}},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}]},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "image_url": _PNG}]},
        {"type": "function_call_output", "call_id": "c", "output": "", "name": "f", "id": "o_1"},
        {"type": "item_reference", "id": "msg_1"},
        {"id": "msg_2"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
        {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"},
    ]
)


@st.composite
def responses_bodies_of_any_kind(draw: st.DrawFn) -> dict[str, Any]:
    """Responses requests with whatever the dialect has."""
    body = {**draw(responses_bodies()), **draw(_extras)}
    items = list(body["input"])
    for odd in draw(st.lists(_odd_items, max_size=3)):
        items.insert(draw(st.integers(0, len(items))), odd)
    body["input"] = draw(st.sampled_from([items, items, items, "only a text"]))
    tools = [*body.get("tools", ()), *draw(st.lists(st.just({"type": "web_search"}), max_size=1))]
    return {**body, **({"tools": tools} if tools else {})}
