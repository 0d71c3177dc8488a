"""What the policy's ``privacy`` lets be kept of a call: a keyed digest on its receipt, and beside that what was said.

Nothing of what was said is on the receipt. Whoever performs these effects takes what there is as it passes by, and does
the work with it later.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from waypost.core.model.events import InternalError
from waypost.core.policy.wrap import KEPT_FOR_NS
from waypost.core.routing.effects import Digest, Keep, Said, Sent, tell
from waypost.core.routing.prepare import Stage
from waypost.core.routing.settle import Flow

if TYPE_CHECKING:
    from waypost.core.routing.exchange import Exchange

LEFT_OUT = frozenset(("model", "stream", "stream_options", "routing_preference", "waypost"))
"""Keys of a body that say how to answer or who, and nothing of what was asked."""


def marked(stage: Stage) -> Flow:
    """The stage with the digest of its request; without one where our own code breaks."""
    policy = stage.plan.policy
    try:
        text = asked(stage.call.body)
        digest = yield Digest((text,), kept=True)
        if policy.content != "hash":
            yield Keep(text, policy.content == "redacted", policy.content_for_ns or KEPT_FOR_NS)
    except Exception as error:
        yield tell(InternalError("content", type(error).__name__, stage.call.receipt), error)
        return stage
    return replace(stage, started=replace(stage.started, content=digest))


def said(stage: Stage, sent: Sent, exchange: Exchange | None) -> Flow:
    """Tell what is answered, where what was asked is kept."""
    if stage.plan.policy.content != "hash":
        yield Said(sent, stage.routes.codecs[stage.call.dialect] if exchange is None else exchange.codec)


def asked(body: Mapping[str, Any]) -> str:
    """What a request asks, as one text: its body as JSON with sorted keys, whoever was asked and however it streams."""
    said = {key: value for key, value in body.items() if key not in LEFT_OUT}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=repr)
