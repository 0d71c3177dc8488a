"""OpenAI responses: the request's wire dict to a conversation. Every field is mapped, a hint, or a need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.ids import INFIX
from waypost.core.codecs.openai_fields import ALIKE, effort, settle_user
from waypost.core.codecs.openai_responses_parts import DIALECT
from waypost.core.codecs.openai_responses_tools import read_tool_choice, read_tools
from waypost.core.codecs.openai_responses_turns import read_input
from waypost.core.codecs.schema import anthropic_drops
from waypost.core.codecs.wire import (
    Draft,
    Handler,
    as_int,
    as_list,
    as_map,
    as_text,
    kept,
    opt_text,
    read_fields,
    undeclared_tools,
)
from waypost.core.model.conversation import NO_EXT, Conversation, Message, Schema, Text


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a responses request.

    Input may be left out where a template or an earlier answer stands for it. An answer is stored by the provider
    unless the caller says otherwise, and what comes after it may refer to it, so a call that says nothing stays.
    """
    draft = Draft()
    # Usage is always part of a stream here.
    draft.fields.update(model="", messages=(), include_usage=True, shows_reasoning=True)
    read_fields(draft, body, _FIELDS)
    if body.get("store") is None:
        draft.need("server_state.store", "store", "default")
    instructions = draft.ext.get("instructions")
    if instructions is not None:
        rules = Message("system", (Text(instructions, NO_EXT),), None, {"at": "instructions"})
        draft.fields["messages"] = (rules, *draft.fields["messages"])
    settle_user(draft)
    undeclared_tools(draft, "input")
    return draft.conversation(DIALECT)


# What it answers and how.


def _instructions(draft: Draft, value: Any) -> None:
    draft.ext["instructions"] = as_text(value, "instructions")


def _stream_options(draft: Draft, value: Any) -> None:
    draft.unknown(as_map(value, "stream_options"), frozenset({"include_obfuscation"}), "stream_options")
    draft.keep("stream_options", value)


def _store(draft: Draft, value: Any) -> None:
    draft.keep("store", value)
    if value:
        draft.need("server_state.store", "store", "true")


def _previous(draft: Draft, value: Any) -> None:
    draft.keep("previous_response_id", value)
    if as_text(value, "previous_response_id").startswith(f"resp_{INFIX}"):
        raise ValueError(
            "previous_response_id: that answer came from another provider, which keeps none; "
            "send the turns before it in `input`"
        )
    draft.need("server_state.previous_response", "previous_response_id")


def _include(draft: Draft, value: Any) -> None:
    draft.keep("include", value)
    for index, item in enumerate(as_list(value, "include")):
        if item == "reasoning.encrypted_content":
            draft.hint("reasoning.encrypted", f"include[{index}]")
        elif item == "message.output_text.logprobs":
            draft.sampling["logprobs"] = True
            draft.need("logprobs", f"include[{index}]")
        else:
            draft.need("server_tool.results", f"include[{index}]", as_text(item, f"include[{index}]"))


# Generation parameters.


def _limit(draft: Draft, value: Any) -> None:
    draft.sampling["max_output"] = as_int(value, "max_output_tokens")


def _top_logprobs(draft: Draft, value: Any) -> None:
    draft.sampling["top_logprobs"] = as_int(value, "top_logprobs")
    if value:
        draft.sampling["logprobs"] = True
        draft.need("logprobs", "top_logprobs", str(value))


_REASONING = frozenset({"effort", "summary", "generate_summary", "context", "mode"})


def _reasoning(draft: Draft, value: Any) -> None:
    config = as_map(value, "reasoning")
    rest = {name: item for name, item in config.items() if name != "effort" and item is not None}
    draft.unknown(config, _REASONING, "reasoning")
    draft.ext["reasoning"] = rest
    for name in ("summary", "generate_summary"):
        if config.get(name) is not None:
            draft.hint("reasoning.display", f"reasoning.{name}", str(config[name]))
            draft.sampling["show_reasoning"] = True
    if config.get("context") not in (None, "auto"):
        draft.hint("reasoning.context", "reasoning.context", str(config["context"]))
    if config.get("mode") not in (None, "standard"):
        draft.need("reasoning.mode", "reasoning.mode", str(config["mode"]))
    if config.get("effort") is not None:
        effort(draft, config["effort"], "reasoning.effort")


def _text(draft: Draft, value: Any) -> None:
    config = as_map(value, "text")
    rest = draft.unknown(config, frozenset({"format", "verbosity"}), "text")
    draft.ext["text"] = rest
    verbosity = opt_text(config.get("verbosity"), "text.verbosity")
    if verbosity is not None:
        draft.sampling["verbosity"] = verbosity
        if verbosity != "medium":
            draft.hint("verbosity", "text.verbosity", verbosity)
    if config.get("format") is not None:
        _format(draft, as_map(config["format"], "text.format"), rest)


_FORMAT = frozenset({"type", "name", "description", "schema", "strict"})


def _format(draft: Draft, form: Mapping[str, Any], rest: dict[str, Any]) -> None:
    kind = form.get("type")
    if kind == "json_object":
        draft.need("output.json_object", "text.format")
        draft.fields["output"] = Schema(None)
    elif kind == "json_schema":
        draft.unknown(form, _FORMAT, "text.format")
        schema = as_map(form.get("schema"), "text.format.schema")
        draft.need("output.json_schema", "text.format")
        if form.get("description"):
            draft.hint("output.schema_name", "text.format.description")
        lost = anthropic_drops(schema)
        if lost:
            draft.need("schema.constraints", "text.format.schema", ",".join(lost))
        name, about = (opt_text(form.get(key), f"text.format.{key}") for key in ("name", "description"))
        draft.fields["output"] = Schema(schema, name, about, form.get("strict"))
    else:
        if kind != "text":
            draft.need(f"unknown_field.text.format.{kind}", "text.format")
        rest["format"] = form


def _cache_options(draft: Draft, value: Any) -> None:
    options = as_map(value, "prompt_cache_options")
    known = frozenset({"mode", "ttl", "comparison_response_id", "prewarm"})
    draft.unknown(options, known, "prompt_cache_options")
    draft.keep("prompt_cache_options", value)
    shared = {name: options[name] for name in ("mode", "ttl") if options.get(name) is not None}
    if shared:
        draft.share("prompt_cache_options", shared)
        draft.hint("cache.key", "prompt_cache_options")
    if options.get("comparison_response_id") is not None:
        draft.hint("diagnostics", "prompt_cache_options.comparison_response_id")
    if options.get("prewarm"):
        draft.need("cache.prewarm", "prompt_cache_options.prewarm")


def _image(draft: Draft, value: Any) -> None:
    draft.keep("image", value)
    options = as_map(value, "image")
    draft.unknown(options, frozenset({"context_compression"}), "image")
    if options.get("context_compression") not in (None, "auto"):
        draft.hint("image.transformations", "image.context_compression", str(options["context_compression"]))


def _multi_agent(draft: Draft, value: Any) -> None:
    draft.keep("multi_agent", value)
    if as_map(value, "multi_agent").get("enabled"):
        draft.need("server_tool.multi_agent", "multi_agent")


_FIELDS: Mapping[str, Handler] = {
    **ALIKE,
    "input": read_input,
    "instructions": _instructions,
    "stream_options": _stream_options,
    "max_output_tokens": _limit,
    "top_logprobs": _top_logprobs,
    "include": _include,
    "reasoning": _reasoning,
    "text": _text,
    "tools": read_tools,
    "tool_choice": read_tool_choice,
    "store": _store,
    "image": _image,
    "prompt_cache_options": _cache_options,
    "previous_response_id": _previous,
    "conversation": kept("conversation", "server_state.conversation"),
    "prompt": kept("prompt", "server_state.prompt"),
    "background": kept("background", "background", plain=(False,)),
    "truncation": kept("truncation", "context_management", plain=("disabled",)),
    "context_management": kept("context_management", "context_management", plain=([],)),
    "multi_agent": _multi_agent,
    "max_tool_calls": kept("max_tool_calls", "server_tool.max_calls"),
    "access_programs": kept("access_programs", "access_programs", plain=({},)),
}
