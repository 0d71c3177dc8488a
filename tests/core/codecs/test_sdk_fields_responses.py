"""Every member of a responses request by the SDK's own types: mapped, a hint, or a need. A new one fails here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from openai.types import responses as sdk
from openai.types.beta import beta_response_input_item_param as beta_input
from openai.types.beta import response_create_params as beta_create_params
from openai.types.responses import (
    response_create_params,
    response_function_call_output_item_list_param,
    response_input_message_content_list_param,
    response_input_param,
    response_input_text_param,
    response_output_message_param,
    response_reasoning_item_param,
    response_text_config_param,
    tool_param,
)
from openai.types.shared_params import CustomToolInputFormat, Reasoning

from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Conversation
from waypost.core.model.needs import describe

R = "openai.responses"
SAID: list[Any] = [{"role": "user", "content": "x"}]
BASE: dict[str, Any] = {"model": "m", "input": SAID, "store": False}
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
MARK = {"mode": "explicit", "ttl": "12h"}
TOOL = {"type": "function", "name": "f", "parameters": SCHEMA, "strict": False}
PROGRAM = {"type": "program", "caller_id": "c"}


def flags(conversation: Conversation) -> set[str]:
    assert all(describe(need.flag) and need.path for need in conversation.needs)
    return {need.flag + ("?" if need.severity == "hint" else "") for need in conversation.needs}


def needs(**fields: Any) -> set[str]:
    return flags(CODECS[R].decode_request({**BASE, **fields}))


def members(*typed: Any) -> set[str]:
    return {name for one in typed for base in one.__mro__ for name in getattr(base, "__annotations__", ())}


def variants(union: Any) -> Iterator[Any]:
    """The members of a union, those of unions inside it included."""
    if get_origin(union) is Union:
        for inner in get_args(union):
            yield from variants(inner)
    else:
        yield union


def kinds(typed: Any) -> set[Any]:
    """The values that a typed dict's ``type`` may have."""
    found: set[Any] = set()
    for base in typed.__mro__:
        annotation = getattr(base, "__annotations__", {}).get("type")
        if annotation is not None:
            found |= set(literals(annotation))
    return found


def literals(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, str) or hasattr(annotation, "__forward_arg__"):
        text = getattr(annotation, "__forward_arg__", annotation)
        inside = text[text.index("Literal[") + 8 :].rstrip("]") if "Literal[" in text else ""
        yield from (word.strip().strip("\"'") for word in inside.split(",") if word.strip())
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for inner in get_args(annotation):
            yield from literals(inner)


# Field: an eventful value, and the needs that it raises; a trailing ? marks a hint.
FIELDS: dict[str, tuple[Any, set[str]]] = {
    "access_programs": ({"cyber": "standard"}, {"access_programs"}),
    "background": (True, {"background"}),
    "context_management": ([{"type": "compaction"}], {"context_management"}),
    "conversation": ("conv_1", {"server_state.conversation"}),
    "image": ({"context_compression": "enabled"}, {"image.transformations?"}),
    "include": (["message.output_text.logprobs"], {"logprobs"}),
    "input": ("x", set()),
    "instructions": ("x", set()),
    "max_output_tokens": (16, set()),
    "max_tool_calls": (2, {"server_tool.max_calls"}),
    "metadata": ({"k": "v"}, {"metadata?"}),
    "model": ("n", set()),
    "moderation": ({"model": "m"}, {"safety.settings"}),
    "parallel_tool_calls": (False, {"tools.disable_parallel"}),
    "previous_response_id": ("resp_1", {"server_state.previous_response"}),
    "prompt": ({"id": "pmpt_1"}, {"server_state.prompt"}),
    "prompt_cache_key": ("k", {"cache.key?"}),
    "prompt_cache_options": (MARK, {"cache.key?"}),
    "prompt_cache_retention": ("24h", {"cache.key?"}),
    "reasoning": ({"effort": "minimal"}, {"reasoning.effort", "reasoning.effort.minimal"}),
    "safety_identifier": ("u", {"user?"}),
    "service_tier": ("flex", {"service_tier"}),
    "store": (True, {"server_state.store"}),
    "stream": (True, {"stream"}),
    "stream_options": ({"include_obfuscation": False}, set()),
    "temperature": (1.5, {"sampling.temperature", "sampling.temperature.above_1"}),
    "text": ({"format": {"type": "json_object"}}, {"output.json_object"}),
    "tool_choice": ("required", {"tool_choice.required"}),
    "tools": ([TOOL], {"tools"}),
    "top_logprobs": (2, {"logprobs"}),
    "top_p": (0.5, {"sampling.top_p"}),
    "truncation": ("auto", {"context_management"}),
    "user": ("u", {"user?"}),
}

VALUES: list[tuple[dict[str, Any], set[str]]] = [
    ({"temperature": 1, "top_p": 1.0, "top_logprobs": 0, "truncation": "disabled", "background": False}, set()),
    ({"service_tier": "default", "metadata": {}, "include": [], "tools": [], "stream": False}, set()),
    ({"text": {"format": {"type": "text"}, "verbosity": "medium"}, "context_management": []}, set()),
    ({"image": {"context_compression": "auto"}, "access_programs": {}, "prompt_cache_options": {}}, set()),
    ({"reasoning": {"context": "auto", "mode": "standard"}, "input": []}, {"turns.user_first"}),
    ({"store": None}, {"server_state.store"}),
    ({"input": None}, set()),
    ({"input": " "}, {"message.empty"}),
    ({"text": {"verbosity": "low"}}, {"verbosity?"}),
    ({"text": {"format": {"type": "grammar"}}}, {"unknown_field.text.format.grammar"}),
    ({"text": {"tomorrow": 1}}, {"unknown_field.tomorrow"}),
    ({"reasoning": {"effort": "none"}}, {"reasoning.effort", "reasoning.can_disable"}),
    ({"reasoning": {"effort": "ultra"}}, {"reasoning.effort", "unknown_field.reasoning.effort"}),
    ({"reasoning": {"summary": "auto"}}, {"reasoning.display?"}),
    ({"reasoning": {"generate_summary": "auto"}}, {"reasoning.display?"}),
    ({"reasoning": {"context": "all_turns"}}, {"reasoning.context?"}),
    ({"reasoning": {"mode": "pro"}}, {"reasoning.mode"}),
    ({"user": "u", "safety_identifier": "s"}, {"user?"}),
    ({"parallel_tool_calls": True, "tools": [TOOL]}, {"tools", "tools.parallel?"}),
    ({"prompt_cache_options": {"comparison_response_id": "resp_1"}}, {"diagnostics?"}),
    ({"prompt_cache_options": {"prewarm": True}}, {"cache.prewarm"}),
    ({"stream_options": {"tomorrow": 1}}, {"unknown_field.tomorrow"}),
    ({"tools": [{**TOOL, "strict": None}]}, {"tools", "tools.strict?"}),
    (
        {"tools": [{**TOOL, "strict": True, "parameters": {"type": "object", "properties": {"x": {"maximum": 3}}}}]},
        {"tools", "tools.strict", "schema.constraints"},
    ),
    ({"tools": [{**TOOL, "name": "a.b"}]}, {"tools", "tools.name_charset"}),
    ({"tools": [{**TOOL, "parameters": {"anyOf": []}}]}, {"tools", "schema.root"}),
]


@pytest.mark.parametrize(("fields", "expected"), VALUES)
def test_values(fields: dict[str, Any], expected: set[str]) -> None:
    """What asks for a default asks for nothing; anything else is exactly these needs (S2.07)."""
    assert needs(**fields) == expected


def test_every_field_is_in_the_table() -> None:
    """The table is as long as the SDK's own parameter types."""
    module = response_create_params
    known = members(module.ResponseCreateParamsNonStreaming, module.ResponseCreateParamsStreaming)
    known |= set(module.ResponseCreateParamsBase.__annotations__)
    assert known == set(FIELDS)


# What only `client.beta.responses` has, which speaks the same dialect.
BETA_FIELDS: dict[str, tuple[Any, set[str]]] = {"multi_agent": ({"enabled": True}, {"server_tool.multi_agent"})}
BETA_OPAQUE = dict.fromkeys(("agent_message", "multi_agent_call", "multi_agent_call_output"), "server_tool.multi_agent")
HEADERS = {"betas"}
"""What the SDK sends as a header."""


def test_every_field_of_beta_responses_is_in_a_table() -> None:
    """Its parameters are those of responses, and a few more."""
    module = beta_create_params
    known = members(module.ResponseCreateParamsNonStreaming, module.ResponseCreateParamsStreaming)
    known |= set(module.ResponseCreateParamsBase.__annotations__)
    assert known == set(FIELDS | BETA_FIELDS) | HEADERS
    assert needs(multi_agent={"enabled": False}) == set()


def test_every_item_of_beta_responses_is_known() -> None:
    """Its items are those of responses, and those of several agents; whose an item is, no other dialect can say."""
    items = list(variants(beta_input.BetaResponseInputItemParam))
    assert {kind for typed in items for kind in kinds(typed)} == {
        kind for typed in variants(response_input_param.ResponseInputItemParam) for kind in kinds(typed)
    } | set(BETA_OPAQUE)
    assert needs(input=[*SAID, {**CALL, "agent": {"agent_name": "a"}}, OUTPUT], tools=[TOOL]) == {
        "tools",
        "unknown_field.agent",
    }


@pytest.mark.parametrize(("field", "case"), (FIELDS | BETA_FIELDS).items())
def test_field(field: str, case: tuple[Any, set[str]]) -> None:
    """Each field changes the conversation or raises exactly its needs; null raises none."""
    value, expected = case
    plain = CODECS[R].decode_request(BASE)
    found = CODECS[R].decode_request({**BASE, field: value})
    assert flags(found) == expected
    assert found != plain
    if field not in BASE:
        assert CODECS[R].decode_request({**BASE, field: None}) == plain


def test_storing_is_the_default_and_pins() -> None:
    """A call that does not say otherwise is stored by its provider, and stays there; ``store=False`` crosses freely."""
    said, default = {"model": "m", "input": "x"}, "server_state.store"
    assert flags(CODECS[R].decode_request(said)) == {default}
    assert [need.value for need in CODECS[R].decode_request(said).needs] == ["default"]
    assert flags(CODECS[R].decode_request({**said, "store": True})) == {default}
    assert flags(CODECS[R].decode_request({**said, "store": False})) == set()


# What may be included in an answer.
INCLUDES: dict[str, set[str]] = {
    "reasoning.encrypted_content": {"reasoning.encrypted?"},
    "message.output_text.logprobs": {"logprobs"},
    "message.input_image.image_url": {"server_tool.results"},
    "file_search_call.results": {"server_tool.results"},
    "web_search_call.results": {"server_tool.results"},
    "web_search_call.action.sources": {"server_tool.results"},
    "computer_call_output.output.image_url": {"server_tool.results"},
    "code_interpreter_call.outputs": {"server_tool.results"},
}


def test_every_inclusion() -> None:
    """Every value of ``include`` that the SDK knows is in the table, and raises its need."""
    assert set(get_args(sdk.ResponseIncludable)) == set(INCLUDES)
    for value, expected in INCLUDES.items():
        assert needs(include=[value]) == expected


# Items. What is in no entry of ITEMS is opaque, by its type.

CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "x"}
USED = {"tools", "tools.undeclared"}
ITEMS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (
        sdk.EasyInputMessageParam,
        {"type": "message", "role": "assistant", "content": "x", "phase": "commentary"},
        {"message.phase?"},
    ),
    (
        response_input_param.Message,
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}], "status": "completed"},
        {"system.mid_conversation"},
    ),
    (
        sdk.ResponseOutputMessageParam,
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "final_answer",
            "content": [{"type": "refusal", "refusal": "no"}],
        },
        {"message.phase?"},
    ),
    (
        sdk.ResponseFunctionToolCallParam,
        {**CALL, "id": "fc_1", "status": "completed", "caller": PROGRAM, "namespace": "n", "async": True},
        {*USED, "tools.programmatic", "tools.deferred", "tools.async"},
    ),
    (
        response_input_param.FunctionCallOutput,
        {**OUTPUT, "id": "o", "status": "completed", "caller": PROGRAM, "namespace": "n", "name": "f"},
        {*USED, "tools.programmatic", "tools.deferred"},
    ),
    (
        sdk.ResponseCustomToolCallParam,
        {
            "type": "custom_tool_call",
            "id": "ctc_1",
            "call_id": "c",
            "name": "f",
            "input": "x",
            "caller": PROGRAM,
            "namespace": "n",
            "async": True,
        },
        {*USED, "tools.custom", "tools.programmatic", "tools.deferred", "tools.async"},
    ),
    (
        sdk.ResponseCustomToolCallOutputParam,
        {"type": "custom_tool_call_output", "id": "o", "call_id": "c", "output": "x", "caller": PROGRAM},
        {*USED, "tools.custom", "tools.programmatic"},
    ),
    (
        sdk.ResponseReasoningItemParam,
        {
            "type": "reasoning",
            "id": "rs_1",
            "status": "completed",
            "summary": [{"type": "summary_text", "text": "x"}],
            "content": [{"type": "reasoning_text", "text": "x"}],
            "encrypted_content": "gAAA",
        },
        {"reasoning.signature?"},
    ),
    (
        response_input_param.ItemReference,
        {"type": "item_reference", "id": "msg_1"},
        {"server_state.item_reference"},
    ),
]
OPAQUE: dict[str, str] = {
    "web_search_call": "server_tool.web_search",
    "file_search_call": "server_tool.file_search",
    "code_interpreter_call": "server_tool.code_interpreter",
    "image_generation_call": "server_tool.image_generation",
    "computer_call": "server_tool.computer",
    "computer_call_output": "server_tool.computer",
    "local_shell_call": "server_tool.local_shell",
    "local_shell_call_output": "server_tool.local_shell",
    "shell_call": "server_tool.shell",
    "shell_call_output": "server_tool.shell",
    "apply_patch_call": "server_tool.apply_patch",
    "apply_patch_call_output": "server_tool.apply_patch",
    "mcp_list_tools": "server_tool.mcp",
    "mcp_approval_request": "server_tool.mcp",
    "mcp_approval_response": "server_tool.mcp",
    "mcp_call": "server_tool.mcp",
    "tool_search_call": "tools.deferred",
    "tool_search_output": "tools.deferred",
    "additional_tools": "tools.deferred",
    "program": "tools.programmatic",
    "program_output": "tools.programmatic",
    "compaction": "context_management",
    "compaction_trigger": "context_management",
    "configuration_update": "context_management",
}


def test_every_item_is_in_a_table() -> None:
    """Each type of item that the SDK lets a caller send is read or is opaque by name."""
    read = {id(typed) for typed, _, _ in ITEMS}
    others = [typed for typed in variants(response_input_param.ResponseInputItemParam) if id(typed) not in read]
    assert sorted(kind for typed in others for kind in kinds(typed)) == sorted(OPAQUE)
    assert len(others) + len(ITEMS) == len(list(variants(response_input_param.ResponseInputItemParam)))


@pytest.mark.parametrize(("typed", "value", "expected"), ITEMS)
def test_item(typed: Any, value: dict[str, Any], expected: set[str]) -> None:
    """Each item that is read, with all of its members, is known."""
    assert members(typed) == set(value)
    assert needs(input=[*SAID, value, *SAID]) == expected


@pytest.mark.parametrize(("kind", "flag"), (OPAQUE | BETA_OPAQUE).items())
def test_opaque_item(kind: str, flag: str) -> None:
    """Each other item needs what it is of, at its place; one of tomorrow stays at home."""
    (need,) = CODECS[R].decode_request({**BASE, "input": [*SAID, {"type": kind}, *SAID]}).needs
    assert (need.flag, need.path, need.severity) == (flag, "input[1]", "required")
    assert needs(input=[*SAID, {"type": "tomorrow"}, *SAID]) == {"unknown_field.input.tomorrow"}


def test_less_common_items() -> None:
    """An item by its id alone refers to what is stored; a result without a call, to a call of the provider's."""
    assert needs(input=[*SAID, {"id": "msg_1"}, *SAID]) == {"server_state.item_reference"}
    assert needs(input=[*SAID, {**OUTPUT, "call_id": None}, *SAID]) == {"server_state.tool_call"}
    bare = {"type": "reasoning", "id": "rs_1", "summary": []}
    sealed = {**bare, "encrypted_content": "gAAA"}
    assert needs(input=[*SAID, sealed, CALL, OUTPUT], tools=[TOOL]) == {"tools", "reasoning.signature"}
    assert needs(input=[*SAID, bare, {"role": "assistant", "content": "y"}, *SAID]) == {"reasoning.text?"}
    assert needs(input=[*SAID, {**CALL, "caller": {"type": "direct"}}, OUTPUT], tools=[TOOL]) == {"tools"}


# Parts of items.

PARTS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (
        sdk.ResponseInputTextParam,
        {"type": "input_text", "text": "x", "prompt_cache_breakpoint": MARK},
        {"cache.breakpoints?"},
    ),
    (
        sdk.ResponseInputImageParam,
        {
            "type": "input_image",
            "image_url": "https://e.org/a.png",
            "detail": "low",
            "file_id": None,
            "prompt_cache_breakpoint": MARK,
        },
        {"cache.breakpoints?", "image.detail?", "input.image.url"},
    ),
    (
        sdk.ResponseInputFileParam,
        {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,AA==",
            "filename": "a.pdf",
            "detail": "high",
            "file_id": None,
            "file_url": None,
            "prompt_cache_breakpoint": MARK,
        },
        {"cache.breakpoints?", "image.detail?", "input.pdf"},
    ),
]
PART_VALUES: list[tuple[dict[str, Any], set[str]]] = [
    ({"type": "input_image", "file_id": "file-1", "detail": "auto"}, {"input.file_id"}),
    ({"type": "input_file", "file_id": "file-1"}, {"input.file_id"}),
    ({"type": "input_file", "file_url": "https://e.org/a.PDF?x=1"}, {"input.pdf", "input.pdf.url"}),
    ({"type": "input_file", "file_url": "https://e.org/a", "filename": "a.pdf"}, {"input.pdf", "input.pdf.url"}),
    ({"type": "input_file", "file_url": "https://e.org/a.docx"}, {"input.document"}),
    ({"type": "input_file", "file_data": "data:text/csv;base64,AA=="}, {"input.file"}),
    ({"type": "input_file", "file_data": "AA=="}, {"input.data_url"}),
    ({"type": "input_image", "image_url": "data:image/png,x"}, {"input.data_url"}),
    ({"type": "input_image", "image_url": "data:image/heic;base64,AA=="}, {"input.image", "input.image.mime"}),
    ({"type": "input_audio"}, {"unknown_field.content.input_audio"}),
    ({"type": "input_text", "text": "x", "glow": 1}, {"unknown_field.glow"}),
]


def test_every_part_is_in_the_table() -> None:
    """Each part of a message and of a tool's result that the SDK knows is read, with the same members."""
    module = response_input_message_content_list_param
    assert list(variants(module.ResponseInputContentParam)) == [typed for typed, _, _ in PARTS]
    outputs = response_function_call_output_item_list_param.ResponseFunctionCallOutputItemParam
    assert [members(one) for one in variants(outputs)] == [set(value) for _, value, _ in PARTS]
    said = list(variants(response_output_message_param.Content))
    assert [members(one) for one in said] == [{"type", "text", "annotations", "logprobs"}, {"type", "refusal"}]
    assert (
        needs(input=[*SAID, {"role": "assistant", "content": [{"type": "output_text", "text": "x"}]}, *SAID]) == set()
    )
    annotated = {"type": "output_text", "text": "x", "annotations": [{"type": "file_path"}], "logprobs": []}
    assert needs(input=[*SAID, {"role": "assistant", "content": [annotated]}, *SAID]) == {"citations?"}


@pytest.mark.parametrize(("typed", "value", "expected"), PARTS)
def test_part(typed: Any, value: dict[str, Any], expected: set[str]) -> None:
    """Each part, with all of its members, is known."""
    assert members(typed) == set(value)
    assert needs(input=[{"role": "user", "content": [value]}]) == expected


@pytest.mark.parametrize(("value", "expected"), PART_VALUES)
def test_part_values(value: dict[str, Any], expected: set[str]) -> None:
    """The less common forms of parts are exactly these needs."""
    assert needs(input=[{"role": "user", "content": [value]}]) - {"message.empty"} == expected


def test_parts_of_a_result() -> None:
    """Images and documents in a tool's result are needs of their own."""
    image = {"type": "input_image", "image_url": "https://e.org/a.png"}
    pdf = {"type": "input_file", "file_data": "data:application/pdf;base64,AA=="}
    found = needs(input=[*SAID, CALL, {**OUTPUT, "output": [image, pdf]}], tools=[TOOL])
    assert found == {"tools", "input.image.url", "input.pdf", "tool_result.image", "tool_result.document"}


# Tools and the choice among them.

TOOLS: dict[str, set[str]] = {
    "function": {"tools", "tools.strict?"},
    "custom": {"tools", "tools.custom"},
    "namespace": {"tools.deferred"},
    "tool_search": {"tools.deferred"},
    "programmatic_tool_calling": {"tools.programmatic"},
    "file_search": {"server_tool.file_search"},
    "computer": {"server_tool.computer"},
    "computer_use_preview": {"server_tool.computer"},
    "web_search": {"server_tool.web_search"},
    "web_search_2025_08_26": {"server_tool.web_search"},
    "web_search_preview": {"server_tool.web_search"},
    "web_search_preview_2025_03_11": {"server_tool.web_search"},
    "mcp": {"server_tool.mcp"},
    "code_interpreter": {"server_tool.code_interpreter"},
    "image_generation": {"server_tool.image_generation"},
    "local_shell": {"server_tool.local_shell"},
    "shell": {"server_tool.shell"},
    "apply_patch": {"server_tool.apply_patch"},
}
CHOICES: dict[str, set[str]] = {
    "function": {"tool_choice.required"},
    "allowed_tools": {"tool_choice.allowed_subset"},
    "custom": {"tool_choice.required", "tools.custom"},
    "programmatic_tool_calling": {"tools.programmatic"},
    "mcp": {"server_tool.mcp"},
    "apply_patch": {"server_tool.apply_patch"},
    "shell": {"server_tool.shell"},
    "file_search": {"server_tool.file_search"},
    "web_search_preview": {"server_tool.web_search"},
    "web_search_preview_2025_03_11": {"server_tool.web_search"},
    "computer": {"server_tool.computer"},
    "computer_use": {"server_tool.computer"},
    "computer_use_preview": {"server_tool.computer"},
    "image_generation": {"server_tool.image_generation"},
    "code_interpreter": {"server_tool.code_interpreter"},
}


def test_every_tool_is_in_the_table() -> None:
    """Each tool that the SDK knows is a function or needs its own name."""
    assert {kind for typed in variants(tool_param.ToolParam) for kind in kinds(typed)} == set(TOOLS)
    for kind, expected in TOOLS.items():
        assert needs(tools=[{"type": kind, "name": "f"}]) == expected


def test_every_choice_is_in_the_table() -> None:
    """Each choice of a tool that the SDK knows is mapped or needs its own name."""
    typed = [one for one in variants(response_create_params.ToolChoice) if hasattr(one, "__annotations__")]
    assert {kind for one in typed for kind in kinds(one)} == set(CHOICES)
    assert set(get_args(sdk.ToolChoiceOptions)) == {"none", "auto", "required"}
    for kind, expected in CHOICES.items():
        assert (
            needs(tool_choice={"type": kind, "name": "f", "mode": "auto", "tools": []})
            - {
                "unknown_field.mode",
                "unknown_field.tools",
                "unknown_field.name",
            }
            == expected
        )
    some = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}, {"type": "mcp"}]}
    assert needs(tool_choice=some) == {"tool_choice.allowed_subset", "tool_choice.required", "server_tool.mcp"}


def test_function_tool() -> None:
    """A function with all of its members is known."""
    tool = {
        **TOOL,
        "description": "d",
        "allowed_callers": ["programmatic"],
        "defer_loading": True,
        "output_schema": {"type": "object"},
        "async": True,
    }
    assert members(sdk.FunctionToolParam) == set(tool)
    assert needs(tools=[tool]) == {
        "tools",
        "tools.programmatic",
        "tools.deferred",
        "tools.output_schema",
        "tools.async",
    }


def test_custom_tool() -> None:
    """A tool that takes a text, with all of its members, is known; so are both forms of its input."""
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /x/"}
    tool = {
        "type": "custom",
        "name": "f",
        "description": "d",
        "format": grammar,
        "allowed_callers": ["direct"],
        "defer_loading": False,
        "async": False,
    }
    assert members(sdk.CustomToolParam) == set(tool)
    assert [members(one) for one in variants(CustomToolInputFormat)] == [{"type"}, set(grammar)]
    assert needs(tools=[tool]) == {"tools", "tools.custom"}


INNER: list[tuple[Any, set[str]]] = [
    (Reasoning, {"context", "effort", "generate_summary", "mode", "summary"}),
    (response_text_config_param.ResponseTextConfigParam, {"format", "verbosity"}),
    (sdk.ResponseFormatTextJSONSchemaConfigParam, {"type", "name", "schema", "description", "strict"}),
    (sdk.ToolChoiceFunctionParam, {"type", "name"}),
    (sdk.ToolChoiceAllowedParam, {"type", "mode", "tools"}),
    (response_create_params.StreamOptions, {"include_obfuscation"}),
    (response_create_params.PromptCacheOptions, {"mode", "ttl", "comparison_response_id", "prewarm"}),
    (response_create_params.Image, {"context_compression"}),
    (response_input_text_param.PromptCacheBreakpoint, {"mode", "ttl"}),
    (response_reasoning_item_param.Summary, {"type", "text"}),
    (response_reasoning_item_param.Content, {"type", "text"}),
]


@pytest.mark.parametrize(("typed", "known"), INNER)
def test_inner_members(typed: Any, known: Iterable[str]) -> None:
    """The smaller records inside a request have no member that the decoder would not know."""
    assert members(typed) == set(known)


def test_what_nobody_knows_stays_at_home() -> None:
    """A field, a member of an item or of a part that is not known is a need on the level of the endpoint."""
    item = {"role": "user", "content": [{"type": "input_text", "text": "x", "glow": 1}], "mood": "y"}
    found = CODECS[R].decode_request({**BASE, "input": [item], "tomorrow": {"a": 1}}).needs
    assert [(need.flag, need.path, need.severity) for need in found] == [
        ("unknown_field.glow", "input[0].content[0].glow", "required"),
        ("unknown_field.mood", "input[0].mood", "required"),
        ("unknown_field.tomorrow", "tomorrow", "required"),
    ]
