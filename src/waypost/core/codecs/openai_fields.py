"""The fields that OpenAI's two dialects have alike: chat completions and responses read them by the same handlers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.wire import Draft, Handler, as_number, as_text, kept

_EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


def _model(draft: Draft, value: Any) -> None:
    draft.fields["model"] = as_text(value, "model")


def _stream(draft: Draft, value: Any) -> None:
    if value:
        draft.fields["stream"] = True
        draft.need("stream", "stream")


def _parallel(draft: Draft, value: Any) -> None:
    draft.fields["parallel_tools"] = bool(value)
    if value:
        draft.hint("tools.parallel", "parallel_tool_calls")
    else:
        draft.need("tools.disable_parallel", "parallel_tool_calls")


def _temperature(draft: Draft, value: Any) -> None:
    draft.sampling["temperature"] = as_number(value, "temperature")
    if value != 1:
        draft.need("sampling.temperature", "temperature")
        if value > 1:
            draft.need("sampling.temperature.above_1", "temperature", str(value))


def _top_p(draft: Draft, value: Any) -> None:
    draft.sampling["top_p"] = as_number(value, "top_p")
    if value != 1:
        draft.need("sampling.top_p", "top_p")


def _user(draft: Draft, value: Any) -> None:
    draft.fields["user"] = as_text(value, "user")
    draft.hint("user", "user")


def settle_user(draft: Draft) -> None:
    """Who the user is, where ``safety_identifier`` says so; called when all fields have been read."""
    value = draft.ext.get("fields", {}).get("safety_identifier")
    if value is None:
        return
    if "user" in draft.fields:
        draft.hint("user", "safety_identifier")
    else:
        draft.fields["user"] = as_text(value, "safety_identifier")
        draft.hint("user", "safety_identifier")
        draft.ext["user"] = "safety_identifier"


def effort(draft: Draft, value: Any, path: str) -> None:
    """A chosen reasoning effort, at ``path`` in the body."""
    said = as_text(value, path)
    draft.sampling["reasoning_effort"] = said
    draft.need("reasoning.effort", path, said)
    if said == "none":
        draft.need("reasoning.can_disable", path)
    elif said == "minimal":
        draft.need("reasoning.effort.minimal", path)
    elif said not in _EFFORTS:
        draft.need(f"unknown_field.{path}", path)


ALIKE: Final[Mapping[str, Handler]] = {
    "model": _model,
    "stream": _stream,
    "temperature": _temperature,
    "top_p": _top_p,
    "parallel_tool_calls": _parallel,
    "user": _user,
    "safety_identifier": kept("safety_identifier"),
    "metadata": kept("metadata", "metadata", hint=True, shared=True, plain=({},)),
    "prompt_cache_key": kept("prompt_cache_key", "cache.key", hint=True, shared=True),
    "prompt_cache_retention": kept("prompt_cache_retention", "cache.key", hint=True, shared=True),
    "service_tier": kept("service_tier", "service_tier", shared=True, plain=("auto", "default")),
    "moderation": kept("moderation", "safety.settings"),
}

HINT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "cache.breakpoints": ("prompt_cache_breakpoint",),
    "cache.key": ("prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
    "metadata": ("metadata",),
    "service_tier": ("service_tier",),
    "user": ("user",),
    "verbosity": ("verbosity",),
}
"""The fields that tell hints, by their flags, the usual one first; servers that are compatible refuse some."""
