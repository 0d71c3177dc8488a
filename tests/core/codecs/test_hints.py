"""What a target is not told of a call is exactly what is said of it: held against the request that is sent there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from golden.fidelity.make import able, at, features, spoken
from golden.fidelity.samples import CHAT, MESSAGES, RESPONSES, body
from waypost.core.codecs import CODECS
from waypost.core.codecs.hints import untold
from waypost.core.model.conversation import Conversation
from waypost.core.model.needs import MODEL, Need
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.errors import Untranslatable


def sent(asked: Conversation, raw: Mapping[str, Any], target: Target, endpoint: Endpoint) -> dict[str, Any]:
    """The request that the target gets."""
    codec = CODECS[endpoint.dialect]
    if endpoint.dialect == asked.dialect:
        return codec.retarget(raw, target, endpoint)
    return codec.encode_request(asked, target, endpoint)


def bare(asked: Conversation) -> Target:
    """A model that can do no more than what the call needs."""
    needed = {need.flag for need in asked.needs if need.severity == "required"}
    return replace(able(), capabilities=tuple(sorted(needed & {*MODEL})))


def hinting() -> Iterator[tuple[str, Dialect, Mapping[str, Any]]]:
    for _, name, sample in features():
        for source in spoken():
            if source in sample:
                yield name, source, body(source, sample[source])


@pytest.mark.parametrize("model", ["able", "bare"])
@pytest.mark.parametrize("to", spoken())
def test_a_hint_is_in_the_request_or_is_named(to: Dialect, model: str) -> None:
    """S6.15: every feature of the fidelity table, to a model that can do everything and to one that can do little."""
    seen = 0
    for name, source, raw in hinting():
        asked = CODECS[source].decode_request(raw)
        hints = {need.flag for need in asked.needs if need.severity == "hint"}
        target = able() if model == "able" else bare(asked)
        try:
            told = sent(asked, raw, target, at(to))
        except Untranslatable:
            continue
        there = {need.flag for need in CODECS[to].decode_request(told).needs}
        if asked.shared.get("service_tier") == "default":
            there.add("service_tier")  # the usual one, which is no hint when it is read again and may go without saying
        found = untold(asked, target, at(to), CODECS[to].expresses)
        assert {*found} == hints - there, (name, source)
        seen += bool(hints)
    assert seen >= 10


@pytest.mark.parametrize(
    ("source", "to", "drops", "raw", "expected"),
    [
        (CHAT, CHAT, "metadata", {"metadata": {"a": "b"}, "user": "ann"}, ("metadata",)),
        (CHAT, CHAT, "prompt_cache_key", {"prompt_cache_key": "k", "metadata": {"a": "b"}}, ("cache.key",)),
        (RESPONSES, CHAT, "prompt_cache_key", {"prompt_cache_key": "k", "user": "ann"}, ("cache.key",)),
        (MESSAGES, CHAT, "user", {"metadata": {"user_id": "ann"}}, ("user",)),
        (MESSAGES, CHAT, "seed", {"metadata": {"user_id": "ann"}}, ()),
        (
            MESSAGES,
            CHAT,
            "prompt_cache_breakpoint",
            {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
            ("cache.breakpoints",),
        ),
    ],
)
def test_what_a_server_refuses_is_not_told(
    source: Dialect, to: Dialect, drops: str, raw: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """S6.15: the fields that a catalog's `drops` names."""
    whole = body(source, raw)
    asked = CODECS[source].decode_request(whole)
    endpoint = replace(at(to), drops=(drops,))
    assert untold(asked, able(), endpoint, CODECS[to].expresses) == expected
    assert f"'{drops}':" not in str(sent(asked, whole, able(), endpoint))


def test_reasoning_goes_back_to_who_sealed_it_and_is_told_to_nobody_else() -> None:
    signed = Need("reasoning.signature", "messages[1]", "hint", "anthropic")
    asked = replace(CODECS[CHAT].decode_request(body(CHAT, {})), needs=(signed,))
    told = {
        domain: untold(asked, able(), replace(at(MESSAGES), signing_domain=domain), CODECS[MESSAGES].expresses)
        for domain in ("anthropic", "aws.bedrock")
    }
    assert told == {"anthropic": (), "aws.bedrock": ("reasoning.signature",)}


@pytest.mark.parametrize("reasons", [True, False])
def test_a_model_that_does_not_reason_is_not_asked_for_thoughts(reasons: bool) -> None:
    """OpenAI refuses such a call: 'Encrypted content is not supported with this model'."""
    raw = body(
        RESPONSES, {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content", "file_search_call"]}
    )
    asked = CODECS[RESPONSES].decode_request(body(RESPONSES, {"reasoning": {"summary": "auto"}}))
    target = replace(able(), capabilities=("reasoning.effort",) if reasons else ())
    told = CODECS[RESPONSES].retarget(raw, target, at(RESPONSES))

    assert untold(asked, target, at(RESPONSES), frozenset()) == (() if reasons else ("reasoning.display",))
    assert told.get("reasoning") == ({"summary": "auto"} if reasons else None)
    assert told["include"] == [*(["reasoning.encrypted_content"] if reasons else []), "file_search_call"]
    assert raw["include"] == ["reasoning.encrypted_content", "file_search_call"]
