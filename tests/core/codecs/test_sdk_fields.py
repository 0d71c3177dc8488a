"""Every member that the installed SDKs let a caller write is mapped, a hint, or a need. A new one fails here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import pytest
from anthropic import types as messages_types
from anthropic.types import beta as beta_types
from anthropic.types import message_create_params
from anthropic.types.beta import message_create_params as beta_create_params
from openai.types import chat as chat_types
from openai.types.chat import (
    chat_completion_content_part_image_param,
    chat_completion_content_part_input_audio_param,
    chat_completion_content_part_param,
    completion_create_params,
)
from openai.types.shared_params import FunctionDefinition, response_format_json_schema

from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Conversation

C, A = "openai.chat", "anthropic.messages"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
MESSAGES = {**CHAT, "max_tokens": 9}
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "f"}}
MARK = {"mode": "explicit"}
EPHEMERAL = {"type": "ephemeral"}

# Field: an eventful value, and the needs it raises; a trailing ? marks a hint.
CHAT_FIELDS: dict[str, tuple[Any, set[str]]] = {
    "messages": (CHAT["messages"], set()),
    "model": ("m", set()),
    "audio": ({"format": "wav", "voice": "alloy"}, {"output.audio"}),
    "frequency_penalty": (0.5, {"sampling.penalties"}),
    "function_call": ("auto", {"tools.legacy_functions"}),
    "functions": ([{"name": "f"}], {"tools.legacy_functions"}),
    "logit_bias": ({"1": 2}, {"logit_bias"}),
    "logprobs": (True, {"logprobs"}),
    "max_completion_tokens": (7, set()),
    "max_tokens": (7, set()),
    "metadata": ({"k": "v"}, {"metadata?"}),
    "modalities": (["text", "audio"], {"output.audio"}),
    "moderation": ({"model": "m"}, {"safety.settings"}),
    "n": (2, {"n"}),
    "parallel_tool_calls": (False, {"tools.disable_parallel"}),
    "prediction": ({"type": "content", "content": "x"}, {"prediction?"}),
    "presence_penalty": (1, {"sampling.penalties"}),
    "prompt_cache_key": ("k", {"cache.key?"}),
    "prompt_cache_options": ({"mode": "explicit"}, {"cache.key?"}),
    "prompt_cache_retention": ("24h", {"cache.key?"}),
    "reasoning_effort": ("minimal", {"reasoning.effort", "reasoning.effort.minimal"}),
    "response_format": ({"type": "json_object"}, {"output.json_object"}),
    "safety_identifier": ("u", {"user?"}),
    "seed": (1, {"seed"}),
    "service_tier": ("priority", {"service_tier"}),
    "stop": (["a", "b", "c", "d", "e"], {"stop", "stop.max"}),
    "store": (True, {"server_state.store"}),
    "stream": (True, {"stream"}),
    "stream_options": ({"include_usage": True, "include_obfuscation": False}, set()),
    "temperature": (1.5, {"sampling.temperature", "sampling.temperature.above_1"}),
    "tool_choice": ("required", {"tool_choice.required"}),
    "tools": ([TOOL], {"tools"}),
    "top_logprobs": (2, {"logprobs"}),
    "top_p": (0.5, {"sampling.top_p"}),
    "user": ("u", {"user?"}),
    "verbosity": ("low", {"verbosity?"}),
    "web_search_options": ({}, {"server_tool.web_search"}),
}
MESSAGES_FIELDS: dict[str, tuple[Any, set[str]]] = {
    "max_tokens": (0, {"cache.prewarm"}),
    "messages": (CHAT["messages"], set()),
    "model": ("m", set()),
    "cache_control": (EPHEMERAL, {"cache.breakpoints?"}),
    "container": ("c", {"server_state.container"}),
    "diagnostics": ({"previous_message_id": "m"}, {"diagnostics?"}),
    "inference_geo": ("us", {"data_residency"}),
    "metadata": ({"user_id": "u"}, {"user?"}),
    "output_config": ({"effort": "low"}, {"reasoning.effort"}),
    "service_tier": ("standard_only", {"service_tier?"}),
    "speed": ("fast", {"service_tier.speed"}),
    "stop_sequences": (["a"], {"stop", "stop.report_match?"}),
    "stream": (True, {"stream"}),
    "system": ("x", set()),
    "thinking": ({"type": "disabled"}, {"reasoning.effort", "reasoning.can_disable"}),
    "tool_choice": ({"type": "any"}, {"tool_choice.required"}),
    "tools": ([{"name": "f", "input_schema": SCHEMA}], {"tools"}),
    "user_profile_id": ("u", {"server_state.user_profile"}),
    "workspace_id": ("w", {"server_state.workspace"}),
}
# What only beta messages have.
BETA_FIELDS: dict[str, tuple[Any, set[str]]] = {
    "billing_policy": ({"type": "billing_policy", "bill_to": "user_profile"}, {"billing"}),
    "compaction": ({"type": "summarize"}, {"context_management"}),
    "context_management": ({"edits": []}, {"context_management"}),
    "fallback_credit_token": ("t", {"server_state.fallback_credit"}),
    "fallbacks": ("default", {"model_choice"}),
    "mcp_servers": ([{"type": "url", "name": "n", "url": "https://e.org"}], {"server_tool.mcp"}),
    "thread": ({"type": "continue", "previous_message_id": "msg_1"}, {"server_state.thread"}),
}
# What the API takes and the SDK leaves to extra_body, or has in older versions only.
MESSAGES_BODY_ONLY: dict[str, tuple[Any, set[str]]] = {
    "temperature": (0.5, {"sampling.temperature"}),
    "top_p": (0.5, {"sampling.top_p"}),
    "top_k": (5, {"sampling.top_k"}),
    "output_format": ({"type": "json_schema", "schema": SCHEMA}, {"output.json_schema"}),
}
HEADERS = {"betas"}
"""What the SDK sends as a header."""


def flags(conversation: Conversation) -> set[str]:
    return {need.flag + ("?" if need.severity == "hint" else "") for need in conversation.needs}


CHAT_VALUES: list[tuple[dict[str, Any], set[str]]] = [
    ({"temperature": 1, "top_p": 1.0, "n": 1, "presence_penalty": 0, "logit_bias": {}, "stop": []}, set()),
    ({"logprobs": False, "top_logprobs": 0, "store": False, "service_tier": "default", "verbosity": "medium"}, set()),
    ({"stream": False, "tools": [], "modalities": ["text"], "response_format": {"type": "text"}}, set()),
    ({"temperature": 0}, {"sampling.temperature"}),
    ({"reasoning_effort": "none"}, {"reasoning.effort", "reasoning.can_disable"}),
    ({"reasoning_effort": "high"}, {"reasoning.effort"}),
    ({"reasoning_effort": "ultra"}, {"reasoning.effort", "unknown_field.reasoning_effort"}),
    ({"stop": "\n"}, {"stop", "stop.blank"}),
    ({"tools": [TOOL], "parallel_tool_calls": True}, {"tools", "tools.parallel?"}),
    (
        {"tools": [TOOL, TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tools", "tool_choice.required"},
    ),
    ({"tools": [{"type": "function", "function": {"name": "a.b"}}]}, {"tools", "tools.name_charset"}),
    ({"tools": [{"type": "web_search"}]}, {"server_tool.web_search"}),
    ({"max_tokens": 1, "max_completion_tokens": 2}, {"unknown_field.max_tokens"}),
    ({"user": "u", "safety_identifier": "s"}, {"user?"}),
    ({"stream_options": {"tomorrow": 1}}, {"unknown_field.tomorrow"}),
    ({"response_format": {"type": "grammar"}}, {"unknown_field.response_format.grammar"}),
]


@pytest.mark.parametrize(("fields", "expected"), CHAT_VALUES)
def test_chat_values(fields: dict[str, Any], expected: set[str]) -> None:
    """What asks for a default asks for nothing; anything else is exactly these needs."""
    assert flags(CODECS[C].decode_request({**CHAT, **fields})) == expected


MESSAGES_VALUES: list[tuple[dict[str, Any], set[str]]] = [
    ({"temperature": 1, "top_p": 1, "stop_sequences": [], "service_tier": "auto", "speed": "standard"}, set()),
    (
        {"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}},
        {"reasoning.adaptive", "reasoning.effort"},
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2048, "display": "omitted"}},
        {"reasoning.budget", "reasoning.display?"},
    ),
    ({"thinking": {"type": "between_tools"}}, {"reasoning.adaptive"}),
    ({"thinking": {"type": "adaptive"}}, {"reasoning.adaptive?"}),
    ({"metadata": {"user_id": "u", "team": "t"}}, {"metadata?", "user?"}),
    ({"output_config": {"task_budget": {"type": "tokens", "total": 9}}}, {"task_budget"}),
    ({"output_config": {"tomorrow": 1}}, {"unknown_field.tomorrow"}),
    (
        {"thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}},
        {"reasoning.adaptive?", "reasoning.context?"},
    ),
    ({"thinking": {"type": "adaptive", "block_binding": {}}}, {"reasoning.adaptive?"}),
    ({"billing_policy": {"type": "billing_policy", "bill_to": "self"}}, set()),
    ({"thread": {"type": "create"}}, {"server_state.thread?"}),
    ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, {"output.json_schema"}),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
        {"output.json_schema", "schema.optional_properties"},
    ),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, {"server_tool.bash"}),
    (
        {"tools": [{"name": "f", "input_schema": {"anyOf": []}, "strict": True}]},
        {"tools", "tools.strict", "schema.root", "schema.optional_properties"},
    ),
    ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, {"tools.disable_parallel"}),
    ({"tool_choice": {"type": "tomorrow"}}, {"unknown_field.tool_choice.tomorrow"}),
]


@pytest.mark.parametrize(("fields", "expected"), MESSAGES_VALUES)
def test_messages_values(fields: dict[str, Any], expected: set[str]) -> None:
    """What asks for a default asks for nothing; anything else is exactly these needs."""
    assert flags(CODECS[A].decode_request({**MESSAGES, **fields})) == expected


def members(*typed_dicts: Any) -> set[str]:
    return {name for one in typed_dicts for base in one.__mro__ for name in getattr(base, "__annotations__", ())}


def test_every_chat_field_is_in_the_table() -> None:
    """The table below is as long as the SDK's own parameter types."""
    module = completion_create_params
    known = members(module.CompletionCreateParamsNonStreaming, module.CompletionCreateParamsStreaming)
    known |= set(module.CompletionCreateParamsBase.__annotations__)
    assert known == set(CHAT_FIELDS)


def test_every_messages_field_is_in_the_table() -> None:
    """The table below is as long as the SDK's own parameter types."""
    module = message_create_params
    known = members(module.MessageCreateParamsNonStreaming, module.MessageCreateParamsStreaming)
    known |= set(module.MessageCreateParamsBase.__annotations__)
    assert known == set(MESSAGES_FIELDS)


def test_every_field_of_beta_messages_is_in_a_table() -> None:
    """`client.beta.messages` speaks the same dialect, with more fields."""
    module = beta_create_params
    known = members(module.MessageCreateParamsNonStreaming, module.MessageCreateParamsStreaming)
    known |= set(module.MessageCreateParamsBase.__annotations__)
    assert known == set(MESSAGES_FIELDS | BETA_FIELDS) | HEADERS


@pytest.mark.parametrize(("field", "case"), CHAT_FIELDS.items())
def test_chat_field(field: str, case: tuple[Any, set[str]]) -> None:
    """Each field changes the conversation or raises exactly its needs; null raises none (S2.07)."""
    value, expected = case
    plain = CODECS[C].decode_request(CHAT)
    found = CODECS[C].decode_request({**CHAT, field: value})
    assert flags(found) == expected
    assert found != plain or field in CHAT
    if field not in CHAT:
        assert CODECS[C].decode_request({**CHAT, field: None}) == plain


@pytest.mark.parametrize(("field", "case"), (MESSAGES_FIELDS | BETA_FIELDS | MESSAGES_BODY_ONLY).items())
def test_messages_field(field: str, case: tuple[Any, set[str]]) -> None:
    """Each field changes the conversation or raises exactly its needs; null raises none."""
    value, expected = case
    plain = CODECS[A].decode_request(MESSAGES)
    found = CODECS[A].decode_request({**MESSAGES, field: value})
    assert flags(found) == expected
    assert found != plain or field in CHAT
    if field not in MESSAGES:
        assert CODECS[A].decode_request({**MESSAGES, field: None}) == plain


PART = chat_completion_content_part_param
IMAGE = chat_completion_content_part_image_param
AUDIO = chat_completion_content_part_input_audio_param
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CUSTOM = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}

# A typed dict of the SDK, a value with every member of it, where it stands in a chat message, and its needs.
CHAT_PARTS: list[tuple[Any, dict[str, Any], set[str]]] = [
    (
        chat_types.ChatCompletionContentPartTextParam,
        {"type": "text", "text": "x", "prompt_cache_breakpoint": MARK},
        {"cache.breakpoints?"},
    ),
    (
        chat_types.ChatCompletionContentPartImageParam,
        {
            "type": "image_url",
            "image_url": {"url": "https://e.org/a.png", "detail": "low"},
            "prompt_cache_breakpoint": MARK,
        },
        {"cache.breakpoints?", "image.detail?", "input.image.url"},
    ),
    (
        chat_types.ChatCompletionContentPartInputAudioParam,
        {
            "type": "input_audio",
            "input_audio": {"data": "AA==", "format": "wav"},
            "prompt_cache_breakpoint": MARK,
        },
        {"cache.breakpoints?", "input.audio"},
    ),
    (
        PART.File,
        {
            "type": "file",
            "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "a.pdf"},
            "prompt_cache_breakpoint": MARK,
        },
        {"cache.breakpoints?", "input.pdf"},
    ),
]
CHAT_INNER: list[tuple[Any, set[str]]] = [
    (IMAGE.ImageURL, {"url", "detail"}),
    (AUDIO.InputAudio, {"data", "format"}),
    (PART.FileFile, {"file_data", "file_id", "filename"}),
    (IMAGE.PromptCacheBreakpoint, {"mode", "ttl"}),
    (FunctionDefinition, {"name", "description", "parameters", "strict"}),
    (response_format_json_schema.JSONSchema, {"name", "description", "schema", "strict"}),
    (chat_types.ChatCompletionMessageFunctionToolCallParam, {"id", "type", "function"}),
    (chat_types.ChatCompletionFunctionToolParam, {"type", "function"}),
    (chat_types.ChatCompletionStreamOptionsParam, {"include_usage", "include_obfuscation"}),
]
CHAT_MESSAGES: list[tuple[Any, dict[str, Any], set[str]]] = [
    (
        chat_types.ChatCompletionSystemMessageParam,
        {"role": "system", "content": "x", "name": "n"},
        {"message.name", "system.mid_conversation"},
    ),
    (
        chat_types.ChatCompletionDeveloperMessageParam,
        {"role": "developer", "content": "x", "name": "n"},
        {"message.name", "system.mid_conversation"},
    ),
    (chat_types.ChatCompletionUserMessageParam, {"role": "user", "content": "x", "name": "n"}, {"message.name"}),
    (
        chat_types.ChatCompletionAssistantMessageParam,
        {
            "role": "assistant",
            "content": "x",
            "name": "n",
            "refusal": "no",
            "audio": {"id": "a"},
            "function_call": {"name": "f", "arguments": "{}"},
            "tool_calls": [CALL, CUSTOM],
        },
        {
            "message.name",
            "server_state.audio",
            "tools.legacy_functions",
            "tools.custom",
            "tools.parallel",
            "tools",
            "tools.undeclared",
        },
    ),
    (
        chat_types.ChatCompletionToolMessageParam,
        {"role": "tool", "content": "x", "tool_call_id": "c"},
        {"tools", "tools.undeclared"},
    ),
    (
        chat_types.ChatCompletionFunctionMessageParam,
        {"role": "function", "content": "x", "name": "f"},
        {"tools", "tools.undeclared", "tools.legacy_functions"},
    ),
]


@pytest.mark.parametrize(("typed", "value", "expected"), CHAT_PARTS)
def test_chat_part(typed: Any, value: dict[str, Any], expected: set[str]) -> None:
    """Each part of a chat message, with all of its members, is known."""
    assert members(typed) == set(value)
    body = {"model": "m", "messages": [{"role": "user", "content": [value]}]}
    assert flags(CODECS[C].decode_request(body)) == expected


@pytest.mark.parametrize(("typed", "known"), CHAT_INNER)
def test_chat_inner_members(typed: Any, known: Iterable[str]) -> None:
    """The smaller records inside a chat request have no member that the decoder would not know."""
    assert members(typed) == set(known)


@pytest.mark.parametrize(("typed", "value", "expected"), CHAT_MESSAGES)
def test_chat_message(typed: Any, value: dict[str, Any], expected: set[str]) -> None:
    """Each role, with all of its members, is known."""
    assert members(typed) == set(value)
    user = {"role": "user", "content": "x"}
    body = {"model": "m", "messages": [user, value, user]}
    assert flags(CODECS[C].decode_request(body)) == expected


BLOCKS: list[tuple[Any, str, dict[str, Any], set[str]]] = [
    (
        messages_types.TextBlockParam,
        "user",
        {"type": "text", "text": "x", "cache_control": EPHEMERAL, "citations": [{"type": "char_location"}]},
        {"cache.breakpoints?", "citations?"},
    ),
    (
        messages_types.ImageBlockParam,
        "user",
        {
            "type": "image",
            "source": {"type": "url", "url": "https://e.org/a"},
            "cache_control": EPHEMERAL,
            "transformations": {"oversized_image": "error"},
        },
        {"cache.breakpoints?", "image.transformations?", "input.image.url"},
    ),
    (
        messages_types.DocumentBlockParam,
        "user",
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "AA=="},
            "cache_control": EPHEMERAL,
            "citations": {"enabled": True},
            "context": "c",
            "title": "t",
        },
        {"cache.breakpoints?", "citations.request", "input.document", "input.pdf"},
    ),
    (
        messages_types.ToolResultBlockParam,
        "user",
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": "x",
            "is_error": True,
            "cache_control": EPHEMERAL,
            "toolset_name": "s",
        },
        {"cache.breakpoints?", "server_tool.toolset", "tool_result.is_error", "tools", "tools.undeclared"},
    ),
    (
        messages_types.ToolUseBlockParam,
        "assistant",
        {
            "type": "tool_use",
            "id": "t",
            "name": "f",
            "input": {},
            "cache_control": EPHEMERAL,
            "caller": {"type": "code_execution_20260120", "tool_id": "x"},
            "toolset_name": "s",
        },
        {"cache.breakpoints?", "server_tool.toolset", "tools.programmatic", "tools", "tools.undeclared"},
    ),
    (
        messages_types.ThinkingBlockParam,
        "assistant",
        {"type": "thinking", "thinking": "x", "signature": "s"},
        {"reasoning.signature?"},
    ),
    (
        messages_types.RedactedThinkingBlockParam,
        "assistant",
        {"type": "redacted_thinking", "data": "x"},
        {"reasoning.signature?"},
    ),
    (
        messages_types.SearchResultBlockParam,
        "user",
        {"type": "search_result", "content": [], "source": "s", "title": "t", "cache_control": None, "citations": {}},
        {"input.search_result"},
    ),
]


# Blocks that only beta messages have: none of them is read, each has its need.
BETA_BLOCKS: list[tuple[Any, str]] = [
    (beta_types.BetaCompactionBlockParam, "context_management"),
    (beta_types.BetaFallbackBlockParam, "server_tool.fallback"),
    (beta_types.BetaMCPToolUseBlockParam, "server_tool.mcp_tool_use"),
    (beta_types.BetaMCPToolListingBlockParam, "server_tool.mcp_tool_listing"),
    (beta_types.BetaRequestMCPToolResultBlockParam, "server_tool.mcp_tool_result"),
    (beta_types.BetaAdvisorToolResultBlockParam, "server_tool.advisor_tool_result"),
    (beta_types.BetaRequestToolAdditionBlockParam, "server_tool.tool_addition"),
    (beta_types.BetaRequestToolRemovalBlockParam, "server_tool.tool_removal"),
]


def test_every_block_of_beta_messages_is_known() -> None:
    """A block that plain messages have is the same in beta; each other one is in the table, and stays at home."""
    plain = {kind_of(typed): members(typed) for typed in blocks_of(messages_types.ContentBlockParam)}
    beta = {kind_of(typed): members(typed) for typed in blocks_of(beta_types.BetaContentBlockParam)}
    assert {kind: beta[kind] for kind in plain} == plain
    assert beta.keys() - plain.keys() == {kind_of(typed) for typed, _ in BETA_BLOCKS}
    user = {"role": "user", "content": "x"}
    for typed, flag in BETA_BLOCKS:
        block = dict.fromkeys(members(typed)) | {"type": kind_of(typed)}
        body = {**MESSAGES, "messages": [user, {"role": "assistant", "content": [block]}, user]}
        assert flags(CODECS[A].decode_request(body)) == {flag}


def blocks_of(union: Any) -> Iterable[Any]:
    """The typed dicts of a union; the models beside them are blocks of answers."""
    return [typed for typed in get_args(union) if hasattr(typed, "__required_keys__")]


def kind_of(typed: Any) -> str:
    """The ``type`` of a block."""
    (kind,) = get_args(get_args(get_type_hints(typed, include_extras=True)["type"])[0])
    return str(kind)


def test_a_system_message_of_beta_messages() -> None:
    """What it says of the turn after it stays with the origin; by default it says nothing."""
    says = {"clear_at": "next_user_message", "output_config": {"effort": "low"}}
    assert members(beta_types.BetaSystemMessageParam) == {"role", "content", *says}
    user = {"role": "user", "content": "x"}

    def needs(**members: Any) -> set[str]:
        system = {"role": "system", "content": "y", **members}
        return flags(CODECS[A].decode_request({**MESSAGES, "messages": [user, system, user]}))

    assert needs(clear_at="never", output_config={}) == {"system.mid_conversation"}
    assert needs(**says) == {"system.mid_conversation", "context_management", "reasoning.turn_effort"}


@pytest.mark.parametrize(("typed", "role", "value", "expected"), BLOCKS)
def test_messages_block(typed: Any, role: str, value: dict[str, Any], expected: set[str]) -> None:
    """Each block of a message, with all of its members, is known."""
    assert members(typed) == set(value)
    user = {"role": "user", "content": "x"}
    body = {**MESSAGES, "messages": [user, {"role": role, "content": [value]}, user]}
    assert flags(CODECS[A].decode_request(body)) == expected


def test_messages_tool_and_configuration() -> None:
    """The members of a tool and of the smaller records of a messages request are known."""
    tool = {
        "name": "f",
        "type": "custom",
        "description": "d",
        "input_schema": SCHEMA,
        "strict": True,
        "cache_control": EPHEMERAL,
        "allowed_callers": ["direct"],
        "defer_loading": True,
        "eager_input_streaming": True,
        "input_examples": [{}],
    }
    assert members(messages_types.ToolParam) == set(tool)
    found = flags(CODECS[A].decode_request({**MESSAGES, "tools": [tool]}))
    assert found == {
        "cache.breakpoints?",
        "tools",
        "tools.strict",
        "tools.deferred",
        "tools.eager_streaming?",
        "tools.input_examples",
    }
    assert members(beta_types.BetaToolParam) == members(messages_types.ToolParam)
    assert members(messages_types.OutputConfigParam) == {"effort", "format"}
    assert members(beta_types.BetaOutputConfigParam) == {"effort", "format", "task_budget"}
    for name in ("Adaptive", "Enabled"):
        plain, beta = (
            getattr(types, f"{prefix}ThinkingConfig{name}Param")
            for types, prefix in ((messages_types, ""), (beta_types, "Beta"))
        )
        assert members(beta) == members(plain) | {"block_binding"}
    assert members(messages_types.JSONOutputFormatParam) == {"schema", "type"}
    assert members(messages_types.MetadataParam) == {"user_id"}
    assert members(messages_types.ToolChoiceToolParam) == {"type", "name", "disable_parallel_tool_use"}
    assert members(messages_types.CacheControlEphemeralParam) == {"type", "ttl"}


@pytest.mark.parametrize("dialect", [C, A])
def test_what_nobody_knows_stays_at_home(dialect: str) -> None:
    """A field, a member of a message or of a part that is not known is a need on the level of the endpoint."""
    body = {
        **MESSAGES,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "x", "glow": 1}], "mood": "y"}],
        "tomorrow": {"a": 1},
    }
    needs = CODECS[dialect].decode_request(body).needs
    assert [(need.flag, need.path, need.severity) for need in needs] == [
        ("unknown_field.glow", "messages[0].content[0].glow", "required"),
        ("unknown_field.mood", "messages[0].mood", "required"),
        ("unknown_field.tomorrow", "tomorrow", "required"),
    ]
