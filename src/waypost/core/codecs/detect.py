"""Which dialect a request body is written in, by what only that dialect has. Reads shapes, never words of a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from waypost.core.model.target import Dialect

_ANTHROPIC = frozenset(
    ("system", "stop_sequences", "thinking", "top_k", "anthropic_version", "mcp_servers", "container")
)
_CHAT = frozenset(
    {
        *("max_completion_tokens", "response_format", "frequency_penalty", "presence_penalty", "logprobs", "stop", "n"),
        *("functions", "function_call", "reasoning_effort", "stream_options", "seed", "logit_bias"),
    }
)
_RESPONSES = frozenset(("input", "previous_response_id", "conversation"))
_BLOCKS = frozenset(("tool_use", "tool_result", "thinking", "redacted_thinking", "document", "image"))


def detect(body: Mapping[str, Any]) -> Dialect | None:
    """The dialect of ``body``, or ``None`` where it is none that is known.

    What both dialects with ``messages`` could have written is taken for ``openai.chat``, unless the model's name says
    that it is Anthropic's.
    """
    if isinstance(body.get("contents"), list | str):
        return "google.generate_content"
    if isinstance(body.get("messages"), list):
        return "anthropic.messages" if _is_anthropic(body) else "openai.chat"
    return "openai.responses" if _is_responses(body) else None


def _is_responses(body: Mapping[str, Any]) -> bool:
    if "encoding_format" in body or "dimensions" in body:
        return False  # embeddings have an input too
    return not _RESPONSES.isdisjoint(body) or isinstance(body.get("prompt"), Mapping)


def _is_anthropic(body: Mapping[str, Any]) -> bool:
    if _CHAT & body.keys() or any(_word(item, "role") in _ROLES for item in _mappings(body["messages"])):
        return False
    if _ANTHROPIC & body.keys():
        return True
    if any("input_schema" in tool for tool in _mappings(body.get("tools"))):
        return True
    parts = (part for item in _mappings(body["messages"]) for part in _mappings(item.get("content")))
    if any(_word(part, "type") in _BLOCKS for part in parts):
        return True
    model = body.get("model")
    return isinstance(model, str) and model.rpartition("/")[2].startswith("claude") and "max_tokens" in body


_ROLES = frozenset(("developer", "tool", "function", "system"))


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings of a list; nothing of anything else."""
    items = value if isinstance(value, list) else []
    return (item for item in items if isinstance(item, Mapping))


def _word(item: Mapping[str, Any], key: str) -> str:
    """The text under ``key``; empty for anything else."""
    value = item.get(key)
    return value if isinstance(value, str) else ""
