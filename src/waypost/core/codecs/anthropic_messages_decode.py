"""Anthropic messages: the request's wire dict to a conversation. Every field is mapped, a hint, or a need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.anthropic_messages_turns import DIALECT, TOOL_NAME, read_marks, read_messages, read_system
from waypost.core.codecs.schema import openai_strict, plain_object_root
from waypost.core.codecs.wire import (
    Draft,
    Handler,
    as_int,
    as_list,
    as_map,
    as_number,
    as_text,
    kept,
    opt_list,
    opt_text,
    read_fields,
    undeclared_tools,
)
from waypost.core.model.conversation import (
    NO_EXT,
    Conversation,
    Schema,
    Tool,
    ToolChoice,
)
from waypost.core.model.needs import Severity

_SHARED_EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a messages request."""
    draft = Draft()
    # Usage is always part of a stream here.
    draft.fields.update(model="", include_usage=True)
    read_fields(draft, body, _FIELDS)
    if "messages" not in draft.fields:
        raise ValueError("messages: expected an array, not nothing")
    system = draft.ext.pop("system", ())
    if system:
        draft.fields["messages"] = (*system, *draft.fields["messages"])
    _thinking_and_effort(draft)
    undeclared_tools(draft)
    return draft.conversation(DIALECT)


# Tools.

_TOOL = frozenset(
    {
        *("type", "name", "description", "input_schema", "strict", "cache_control"),
        *("allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"),
    }
)


def _tools(draft: Draft, value: Any) -> None:
    tools: list[Tool] = []
    others: list[tuple[int, Any]] = []
    for index, item in enumerate(as_list(value, "tools")):
        raw = as_map(item, f"tools[{index}]")
        kind = raw.get("type")
        if kind is None or kind == "custom":
            tools.append(_tool(draft, raw, f"tools[{index}]"))
        else:
            draft.need(f"server_tool.{str(kind).rpartition('_')[0] or kind}", f"tools[{index}]")
            others.append((index, raw))
    if tools:
        draft.need("tools", "tools")
        draft.fields["tools"] = tuple(tools)
    if others:
        draft.ext["other_tools"] = tuple(others)


def _tool(draft: Draft, raw: Mapping[str, Any], path: str) -> Tool:
    found, cache = read_marks(draft, raw, _TOOL, path)
    ext = dict(found)
    for field in ("type", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"):
        if raw.get(field) is not None:
            ext[field] = raw[field]
    if any(caller != "direct" for caller in opt_list(raw.get("allowed_callers"), f"{path}.allowed_callers")):
        draft.need("tools.programmatic", f"{path}.allowed_callers")
    if raw.get("defer_loading"):
        draft.need("tools.deferred", f"{path}.defer_loading")
    if raw.get("eager_input_streaming"):
        draft.hint("tools.eager_streaming", f"{path}.eager_input_streaming")
    if raw.get("input_examples"):
        draft.need("tools.input_examples", f"{path}.input_examples")
    name = as_text(raw.get("name"), f"{path}.name")
    if not TOOL_NAME.fullmatch(name):
        draft.need("tools.name_charset", f"{path}.name")
    schema = as_map(raw.get("input_schema"), f"{path}.input_schema")
    if not plain_object_root(schema):
        draft.need("schema.root", f"{path}.input_schema")
    if raw.get("strict"):
        draft.need("tools.strict", f"{path}.strict")
        if not openai_strict(schema):
            draft.need("schema.optional_properties", f"{path}.input_schema")
    about = opt_text(raw.get("description"), f"{path}.description")
    return Tool(name, about, schema, raw.get("strict"), ext or NO_EXT, cache)


_CHOICES: Mapping[str, ToolChoice] = {
    "auto": ToolChoice("auto"),
    "none": ToolChoice("none"),
    "any": ToolChoice("required"),
}


def _tool_choice(draft: Draft, value: Any) -> None:
    choice = as_map(value, "tool_choice")
    kind = choice.get("type")
    draft.unknown(choice, frozenset({"type", "name", "disable_parallel_tool_use"}), "tool_choice")
    if kind == "tool":
        draft.fields["tool_choice"] = ToolChoice("named", as_text(choice.get("name"), "tool_choice.name"))
    elif isinstance(kind, str) and kind in _CHOICES:
        draft.fields["tool_choice"] = _CHOICES[kind]
    else:
        draft.need(f"unknown_field.tool_choice.{kind}", "tool_choice")
        draft.keep("tool_choice", value)
        return
    if kind in ("tool", "any"):
        draft.need("tool_choice.required", "tool_choice")
    single = choice.get("disable_parallel_tool_use")
    if single is not None:
        draft.fields["parallel_tools"] = not single
        if single:
            draft.need("tools.disable_parallel", "tool_choice.disable_parallel_tool_use")


# Generation parameters.


def _model(draft: Draft, value: Any) -> None:
    draft.fields["model"] = as_text(value, "model")


def _max_tokens(draft: Draft, value: Any) -> None:
    draft.sampling["max_output"] = as_int(value, "max_tokens")
    if value == 0:
        draft.need("cache.prewarm", "max_tokens")


def _stream(draft: Draft, value: Any) -> None:
    if value:
        draft.fields["stream"] = True
        draft.need("stream", "stream")


def _number(name: str, plain: float | None) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        draft.sampling[name] = as_number(value, name)
        if value != plain:
            draft.need(f"sampling.{name}", name)

    return handle


def _stop(draft: Draft, value: Any) -> None:
    stops = tuple(as_text(item, f"stop_sequences[{i}]") for i, item in enumerate(as_list(value, "stop_sequences")))
    if not stops:
        return
    draft.sampling["stop"] = stops
    draft.need("stop", "stop_sequences")
    # An answer of another dialect that a stop sequence ended says that it is over, and not by which.
    draft.hint("stop.report_match", "stop_sequences")
    if len(stops) > 4:
        draft.need("stop.max", "stop_sequences", str(len(stops)))


def _metadata(draft: Draft, value: Any) -> None:
    metadata = as_map(value, "metadata")
    if metadata.get("user_id") is not None:
        draft.fields["user"] = as_text(metadata["user_id"], "metadata.user_id")
        draft.hint("user", "metadata.user_id")
    rest = {name: item for name, item in metadata.items() if name != "user_id"}
    if rest:
        draft.hint("metadata", "metadata")
        draft.ext["metadata"] = rest


def _output_config(draft: Draft, value: Any) -> None:
    config = as_map(value, "output_config")
    rest = draft.unknown(config, frozenset({"effort", "format", "task_budget"}), "output_config")
    if config.get("task_budget") is not None:
        draft.need("task_budget", "output_config.task_budget")
        rest = {**rest, "task_budget": config["task_budget"]}
    if rest:
        draft.ext["output_config"] = rest
    effort = config.get("effort")
    if effort is not None:
        draft.sampling["reasoning_effort"] = as_text(effort, "output_config.effort")
        draft.need("reasoning.effort", "output_config.effort", effort)
        if effort not in _SHARED_EFFORTS:
            draft.need("unknown_field.output_config.effort", "output_config.effort")
    if config.get("format") is not None:
        _format(draft, as_map(config["format"], "output_config.format"), "output_config.format")


def _format(draft: Draft, form: Mapping[str, Any], path: str) -> None:
    if form.get("type") != "json_schema":
        draft.need(f"unknown_field.{path}.{form.get('type')}", path)
    schema = as_map(form.get("schema"), f"{path}.schema")
    draft.need("output.json_schema", path)
    if not openai_strict(schema):
        draft.need("schema.optional_properties", f"{path}.schema")
    draft.fields["output"] = Schema(schema, strict=True)


def _output_format(draft: Draft, value: Any) -> None:
    """As the beta had it before it was a member of ``output_config``."""
    _format(draft, as_map(value, "output_format"), "output_format")


def _thinking(draft: Draft, value: Any) -> None:
    config = as_map(value, "thinking")
    kind = config.get("type")
    draft.keep("thinking", value)
    if kind != "disabled" and config.get("display") != "omitted":
        draft.sampling["show_reasoning"] = draft.fields["shows_reasoning"] = True
    if config.get("display") is not None:
        draft.hint("reasoning.display", "thinking.display", str(config["display"]))
    if config.get("block_binding"):
        draft.hint("reasoning.context", "thinking.block_binding")
    if kind == "enabled":
        budget = as_int(config.get("budget_tokens"), "thinking.budget_tokens")
        draft.sampling["reasoning_budget"] = budget
        draft.need("reasoning.budget", "thinking.budget_tokens", str(budget))
    elif kind == "adaptive":
        # The model decides, as it does wherever nothing is said.
        draft.hint("reasoning.adaptive", "thinking", "adaptive")
    elif kind != "disabled":
        draft.need("reasoning.adaptive", "thinking", str(kind))


def _thinking_and_effort(draft: Draft) -> None:
    thinking = draft.ext.get("fields", {}).get("thinking")
    if thinking is None or thinking.get("type") != "disabled":
        return
    if "reasoning_effort" in draft.sampling:
        draft.need("reasoning.adaptive", "thinking", "disabled")
        return
    draft.sampling["reasoning_effort"] = "none"
    draft.need("reasoning.effort", "thinking", "none")
    draft.need("reasoning.can_disable", "thinking")


def _cache_control(draft: Draft, value: Any) -> None:
    draft.keep("cache_control", value)
    draft.hint(
        "cache.breakpoints", "cache_control", opt_text(as_map(value, "cache_control").get("ttl"), "cache_control.ttl")
    )


def _thread(draft: Draft, value: Any) -> None:
    draft.keep("thread", value)
    kind = as_map(value, "thread").get("type")
    # What begins a thread says everything in itself; what continues one has its history at the origin only.
    severity: Severity = "hint" if kind == "create" else "required"
    draft.need("server_state.thread", "thread", str(kind), severity)


def _billing(draft: Draft, value: Any) -> None:
    draft.keep("billing_policy", value)
    payer = as_map(value, "billing_policy").get("bill_to")
    if payer not in (None, "self"):
        draft.need("billing", "billing_policy.bill_to", str(payer))


def _tier(draft: Draft, value: Any) -> None:
    draft.keep("service_tier", value)
    if value == "standard_only":
        draft.share("service_tier", "default")
    if value != "auto":
        draft.hint("service_tier", "service_tier", as_text(value, "service_tier"))


_FIELDS: Mapping[str, Handler] = {
    "model": _model,
    "messages": read_messages,
    "system": read_system,
    "max_tokens": _max_tokens,
    "stream": _stream,
    "temperature": _number("temperature", 1),
    "top_p": _number("top_p", 1),
    "top_k": _number("top_k", None),
    "stop_sequences": _stop,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "metadata": _metadata,
    "output_config": _output_config,
    "output_format": _output_format,
    "thinking": _thinking,
    "cache_control": _cache_control,
    "service_tier": _tier,
    "speed": kept("speed", "service_tier.speed", plain=("standard",)),
    "thread": _thread,
    "container": kept("container", "server_state.container"),
    "inference_geo": kept("inference_geo", "data_residency"),
    "user_profile_id": kept("user_profile_id", "server_state.user_profile"),
    "workspace_id": kept("workspace_id", "server_state.workspace"),
    "diagnostics": kept("diagnostics", "diagnostics", hint=True),
    "mcp_servers": kept("mcp_servers", "server_tool.mcp"),
    "context_management": kept("context_management", "context_management"),
    "compaction": kept("compaction", "context_management"),
    "billing_policy": _billing,
    "fallbacks": kept("fallbacks", "model_choice"),
    "fallback_credit_token": kept("fallback_credit_token", "server_state.fallback_credit"),
}
