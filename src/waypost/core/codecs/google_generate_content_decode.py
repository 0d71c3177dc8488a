"""Google generate content: the request's wire dict to a conversation. Every field is mapped, a hint, or a need.

On the wire the model and whether the answer is streamed stand in the URL. Here they are members of the body, ``model``
and ``stream``, as in every other dialect; whoever sends it moves them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.google_generate_content_config import read_generation_config
from waypost.core.codecs.google_generate_content_tools import hold_tools, read_tool_config, read_tools
from waypost.core.codecs.google_generate_content_turns import DIALECT, TIERS, read_contents, read_system
from waypost.core.codecs.wire import (
    Draft,
    Handler,
    as_list,
    as_map,
    as_text,
    camel,
    kept,
    read_fields,
    undeclared_tools,
)
from waypost.core.model.conversation import Conversation

_HARMLESS = frozenset({"BLOCK_NONE", "OFF"})
_SAFETY = frozenset({"category", "threshold", "method"})


def decode_request(body: Mapping[str, Any]) -> Conversation:
    """Raises ValueError with a path where ``body`` is not a request to generate content."""
    draft = Draft()
    # Usage is always part of a stream here.
    draft.fields.update(model="", include_usage=True)
    read_fields(draft, camel(body), _FIELDS)
    if "messages" not in draft.fields:
        raise ValueError("contents: expected an array, not nothing")
    system = draft.ext.pop("system", ())
    if system:
        draft.fields["messages"] = (*system, *draft.fields["messages"])
    hold_tools(draft)
    undeclared_tools(draft, "contents")
    return draft.conversation(DIALECT)


def _model(draft: Draft, value: Any) -> None:
    draft.fields["model"] = as_text(value, "model")


def _stream(draft: Draft, value: Any) -> None:
    if value:
        draft.fields["stream"] = True
        draft.need("stream", "stream")


def _safety(draft: Draft, value: Any) -> None:
    draft.keep("safetySettings", value)
    for index, item in enumerate(as_list(value, "safetySettings")):
        path = f"safetySettings[{index}]"
        raw = camel(as_map(item, path))
        draft.unknown(raw, _SAFETY, path)
        # A filter that is switched off is none, and nobody else has it on; one that is set guards the caller.
        if str(raw.get("threshold")) in _HARMLESS:
            draft.hint("safety.settings", path)
        else:
            draft.need("safety.settings", path)


def _tier(draft: Draft, value: Any) -> None:
    draft.keep("serviceTier", value)
    tier = as_text(value, "serviceTier").lower()
    if tier in TIERS:
        draft.share("service_tier", tier)
        draft.need("service_tier", "serviceTier", tier)
    elif tier not in ("unspecified", "standard", "service_tier_unspecified"):
        draft.need("service_tier.class", "serviceTier", tier)


_FIELDS: Mapping[str, Handler] = {
    "model": _model,
    "stream": _stream,
    "contents": read_contents,
    "systemInstruction": read_system,
    "tools": read_tools,
    "toolConfig": read_tool_config,
    "generationConfig": read_generation_config,
    "safetySettings": _safety,
    "cachedContent": kept("cachedContent", "server_state.cached_content"),
    "continuationToken": kept("continuationToken", "server_state.continuation"),
    "labels": kept("labels", "metadata.labels", hint=True, plain=({},)),
    "serviceTier": _tier,
    "store": kept("store", "server_state.store", plain=(False,)),
    "modelArmorConfig": kept("modelArmorConfig", "safety.settings"),
    "outputConfig": kept("outputConfig", "server_state.output"),
}
