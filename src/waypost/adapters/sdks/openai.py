"""The OpenAI SDK: chat completions and responses in every call style, on openai 1.66 and newer."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from waypost.adapters.sdks import stainless
from waypost.adapters.sdks.bound import Flavour
from waypost.core.routing.effects import Call

MODULE = "openai._base_client"
"""The module whose import is waited for; importing it is never ours to do."""

POINTS = (("SyncAPIClient", "request", False), ("AsyncAPIClient", "request", True))
"""Class, method, and whether the method is a coroutine function."""

AZURE, BEDROCK = "azure.ai.openai", "aws.bedrock"
FLAVOUR = Flavour(
    sdk="openai",
    package="openai",
    provider="openai",
    paths={
        "/chat/completions": "openai.chat",
        "/responses": "openai.responses",
        "/embeddings": "openai.embeddings",
    },
    operations={"openai.embeddings": "embeddings"},
    beside={"openai.embeddings": "openai.chat"},
    clouds={"BaseAzureClient": AZURE, "BedrockOpenAI": BEDROCK, "AsyncBedrockOpenAI": BEDROCK},
    auto=frozenset(("auto", "best")),  # an empty name is a mistake that the server tells of
    lent={"bedrock": BEDROCK, "vertex": "gcp.vertex_ai"},
)


prepare = None
"""A body at the seam is plain JSON in all versions."""


def fits(module: ModuleType) -> str | None:
    """``None``, or why this version is left alone."""
    return stainless.fits(module)


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
