"""The Anthropic SDK: messages and beta messages in every call style, on anthropic 0.49 and newer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from opentelemetry import trace

from waypost.adapters.sdks import stainless
from waypost.adapters.sdks.bound import Flavour
from waypost.core.codecs.ids import INFIX
from waypost.core.routing.effects import Call

MODULE = "anthropic._base_client"
"""The module whose import is waited for; importing it is never ours to do."""

POINTS = (("SyncAPIClient", "request", False), ("AsyncAPIClient", "request", True))
"""Class, method, and whether the method is a coroutine function."""

SILENT = ("ProxyTracerProvider", "NoOpTracerProvider")
"""Providers whose spans go nowhere, by their class."""


def reports(client: Any, options: Any) -> bool:
    """Whether the SDK makes a span of the call that is recorded: newer versions do where OpenTelemetry is set up."""
    if not getattr(options, "span_name", None) or client._tracer is None:
        return False
    own = getattr(client, "_open_telemetry", None) or {}
    provider = own.get("tracer_provider") or trace.get_tracer_provider()
    return type(provider).__name__ not in SILENT


def lost(body: Mapping[str, Any]) -> str | None:
    """A thread whose last answer is one of ours: its messages are at no provider, only what is new of them is here."""
    thread = body.get("thread")
    before = thread.get("previous_message_id") if isinstance(thread, Mapping) else None
    return "thread_not_found" if isinstance(before, str) and before.startswith(f"msg_{INFIX}") else None


BEDROCK, VERTEX = "aws.bedrock", "gcp.vertex_ai"
FLAVOUR = Flavour(
    sdk="anthropic",
    package="anthropic",
    provider="anthropic",
    paths={"/v1/messages": "anthropic.messages"},
    clouds={
        "BaseBedrockClient": BEDROCK,
        "BaseMantleClient": BEDROCK,
        "AnthropicAWS": BEDROCK,
        "AsyncAnthropicAWS": BEDROCK,
        "BaseVertexClient": VERTEX,
        "BaseGoogleCloudClient": VERTEX,
        "BaseFoundryClient": "azure.ai.inference",
    },
    auto=frozenset(("auto", "best", "")),
    framed=frozenset(("BaseBedrockClient",)),
    said_in_bodies={
        "anthropic-beta": frozenset(
            (
                *("message-threads-2026-08-12", "structured-outputs-2025-11-13", "structured-outputs-2025-12-15"),
                "effort-2025-11-24",
                *("fine-grained-tool-streaming-2025-05-14", "token-efficient-tools-2025-02-19"),
                *("interleaved-thinking-2025-05-14", "output-128k-2025-02-19", "max-tokens-3-5-sonnet-2024-07-15"),
                *("prompt-caching-2024-07-31", "extended-cache-ttl-2025-04-11", "pdfs-2024-09-25"),
            )
        )
    },
    plain_query={"beta": "true"},
    lost=lost,
    reports=reports,
)


def fits(module: ModuleType) -> str | None:
    """``None``, or why this version is left alone."""
    return stainless.fits(module)


def prepare(client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The call's options with a body that can be read twice, or an awaitable of it; ``None`` for as they are."""
    return stainless.prepare(FLAVOUR, client, args, kwargs)


def silent(_: Callable[..., Any], client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether there is nothing of ours in the call, so that it can go through as it is where the mode is off."""
    return stainless.silent(FLAVOUR, client, args, kwargs)


def bind(
    world: stainless.World,
    wrapped: Callable[..., Any],
    client: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Call | None:
    """The call, if it is one that can be routed or observed."""
    return stainless.bind(FLAVOUR, world, wrapped, client, args, kwargs)
