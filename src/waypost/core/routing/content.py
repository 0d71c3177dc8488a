"""What the policy's ``privacy`` lets a receipt keep of a request: at most a keyed digest, never a word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.model.events import InternalError
from waypost.core.routing.effects import Digest, Tell
from waypost.core.routing.prepare import Stage
from waypost.core.routing.settle import Flow

LEFT_OUT = frozenset(("model", "stream", "stream_options", "routing_preference", "waypost"))
"""Keys of a body that say how to answer or who, and nothing of what was asked."""


def marked(stage: Stage) -> Flow:
    """The stage with the digest of its request; without one where our own code breaks."""
    try:
        digest = yield Digest((asked(stage.call.body),), kept=True)
    except Exception as error:
        yield Tell(InternalError("content", type(error).__name__, stage.call.receipt), error)
        return stage
    return replace(stage, started=replace(stage.started, content=digest))


def asked(body: Mapping[str, Any]) -> str:
    """What a request asks, as one text: its body as JSON with sorted keys, whoever was asked and however it streams."""
    said = {key: value for key, value in body.items() if key not in LEFT_OUT}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=repr)
