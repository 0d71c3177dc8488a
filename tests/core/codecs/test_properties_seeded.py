"""Generated conversations in all 16 directions: decode, encode and decode again change nothing but what the fidelity
table says. 300 a direction; ``WAYPOST_EXHAUSTIVE=1`` makes it 10^5 in all (S6.05)."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import pytest

from codec_meaning import common, deltas_of, encode, fold, links, read, write
from generators_seeded import DIRECTIONS, A, C, G, R, answer, request
from golden_validators import check_request, plain
from waypost.core.codecs import CODECS, EXPRESSES
from waypost.core.model.conversation import Blob, Conversation, Reply, Text, ToolCall, ToolChoice, ToolResult, Uri
from waypost.core.model.deltas import Finished
from waypost.core.model.outcome import Usage

EXHAUSTIVE = os.environ.get("WAYPOST_EXHAUSTIVE") == "1"
TOGETHER = 100_000 if EXHAUSTIVE else 300 * len(DIRECTIONS)
EACH = -(-TOGETHER // len(DIRECTIONS))
CHECKED = 20
"""One of so many bodies is also shown to the SDK's own types, which takes longer than all the rest."""
directions = pytest.mark.parametrize(("source", "target"), DIRECTIONS, ids=[f"{a}>{b}" for a, b in DIRECTIONS])


def meaning(conversation: Conversation, there: str) -> dict[str, Any]:
    """All that must be the same on both sides of a direction; hints only where ``there`` has a word for them."""
    sampling, can = conversation.sampling, EXPRESSES[there]
    spoken = [message for message in conversation.messages if message.role not in ("system", "developer")]
    order = ["rule" if message.role in ("system", "developer") else "turn" for message in conversation.messages]
    results = [part for message in spoken for part in message.parts if isinstance(part, ToolResult)]
    media = [part for message in spoken for part in message.parts if isinstance(part, Blob | Uri)]
    tier = conversation.shared.get("service_tier")
    untold = ("auto", "default") if there == G else ("auto",)
    found = common(conversation)
    found |= {
        "order": order[order.index("turn") :],
        "json": conversation.output is not None and conversation.output.schema is None,
        "failed": [result.is_error for result in results],
        "named": [message.name for message in spoken],
        "more": (
            sampling.seed,
            sampling.frequency_penalty,
            sampling.presence_penalty,
            sampling.top_k,
            sampling.reasoning_budget,
            bool(sampling.logprobs),
        ),
        "verbosity": sampling.verbosity if "verbosity" in can and sampling.verbosity != "medium" else None,
        "detail": [part.detail for part in media] if "image.detail" in can else None,
        "marks": marks(conversation) if "cache.breakpoints" in can else None,
        "tier": tier if "service_tier" in can and tier not in untold else None,
        "key": conversation.shared.get("prompt_cache_key"),
    }
    if "user" not in can:
        found["user"] = None
    return found


def marks(conversation: Conversation) -> list[int]:
    """Where reusable prefixes end, counted in parts from the front."""
    parts = [part for message in conversation.messages for part in message.parts]
    return [at for at, part in enumerate(parts) if isinstance(part, Text | Blob | Uri | ToolCall) and part.cache]


def held(aspects: dict[str, Any]) -> dict[str, Any]:
    """For Google, which holds all tools to their schemas or none, and says so by the mode of calling."""
    tools = [(name, about, schema) for name, about, schema, _ in aspects["tools"]]
    choice = aspects["choice"] if aspects["choice"] != ToolChoice("auto") else None
    strict = any(strict for *_, strict in aspects["tools"]) and (choice is None or choice.kind == "auto")
    return {**aspects, "tools": tools, "choice": choice, "strict": strict}


@directions
def test_conversations_survive(source: str, target: str) -> None:
    """Each of them, by its seed; what crosses is a request by the SDK's own types."""
    for seed in range(EACH):
        body = request(source, target, seed)
        before = json.dumps(body)
        conversation = CODECS[source].decode_request(body)
        sent = encode(target, conversation)
        assert json.dumps(body) == before, seed
        if source == target:
            assert plain(sent) == plain(body), seed
        else:
            arrived = CODECS[target].decode_request(sent)
            if conversation.tool_choice is None and conversation.parallel_tools is False:
                arrived = replace(arrived, tool_choice=None)
            there, here = meaning(arrived, target), meaning(conversation, target)
            assert (held(there) == held(here)) if target == G else (there == here), seed
            assert links(arrived) == links(conversation), seed
        if seed % CHECKED == 0:
            check_request(target, sent)


def told(reply: Reply, *dialects: str) -> Usage | None:
    """Its usage as these dialects, one after the other, can say it."""
    usage = reply.usage
    assert usage is not None
    for dialect in dialects:
        if dialect != A:
            usage = replace(usage, cache_write_1h=0)
        if dialect == R:
            usage = replace(usage, reasoning=usage.reasoning or 0)
        if dialect == G:
            usage = replace(usage, cache_write=0)
    return usage


def shown(parts: list[Any]) -> list[Any]:
    """Kinds, names and contents; neighbouring texts are one, and a refusal may have become a text."""
    out: list[Any] = []
    for kind, _, name, text in parts:
        kind = "text" if kind == "refusal" else kind
        if kind == "text" and out and out[-1][0] == "text":
            out[-1] = ("text", None, out[-1][2] + text)
        else:
            out.append((kind, name, json.loads(text) if kind == "tool_call" else text))
    return out


@directions
def test_answers_survive(source: str, target: str) -> None:
    """An answer of ``target``, whole and streamed, is the same answer to a caller of ``source``: its parts, the ids of
    its calls, its end and its usage."""
    for seed in range(EACH):
        reply = answer(seed)
        upstream = CODECS[target].decode_response(CODECS[target].encode_response(reply))
        arrived = CODECS[source].decode_response(CODECS[source].encode_response(upstream))
        ids = [part.id for part in reply.parts if isinstance(part, ToolCall)]
        assert shown(fold(deltas_of(arrived, 99))[0]) == shown(fold(deltas_of(reply, 99))[0]), seed
        assert [part.id for part in arrived.parts if isinstance(part, ToolCall)] == ids, seed
        assert (arrived.finish, arrived.usage) == (reply.finish, told(reply, target, source)), seed
        deltas = deltas_of(reply, 1 + seed % 9)
        through = read(source, [write(source, read(target, [write(target, deltas)]))])
        parts, usage = fold(through)
        assert shown(parts) == shown(fold(deltas)[0]), seed
        assert [call_id for kind, call_id, *_ in parts if kind == "tool_call"] == ids, seed
        assert usage == told(reply, target, source, C), seed  # how long a cache lives is told at the start alone
        ended = through[-1]
        assert isinstance(ended, Finished), seed
        assert ended.finish == reply.finish, seed
