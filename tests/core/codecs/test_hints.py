"""What a target is not told of a call is exactly what is said of it: held against the request that is sent there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from golden.fidelity.make import able, at, features, spoken
from golden.fidelity.samples import CHAT, GENERATE, MESSAGES, RESPONSES, body
from waypost.core.codecs import CODECS
from waypost.core.codecs.envelope import wrap
from waypost.core.codecs.hints import untold
from waypost.core.codecs.unwrapping import Place, unwrapped
from waypost.core.model.conversation import Conversation, Reasoning, Sealed
from waypost.core.model.needs import MODEL
from waypost.core.model.target import Dialect, Endpoint, Target
from waypost.errors import Untranslatable

THOUGHT: list[Any] = [
    {"role": "user", "content": "Hi"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "A greeting.", "signature": "c2lnbmVk"},
            {"type": "text", "text": "Hello."},
        ],
    },
]
ASK: Any = {"role": "user", "content": "Hi"}
ANSWER: Any = {"role": "assistant", "content": "Hello."}


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
        found = untold(asked, target, at(to), CODECS[to].words, at(source).domain)
        assert {*found} == hints - there, (name, source)
        if source == to:
            assert {need.flag for need in asked.needs if need.severity == "required"} <= there, name
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
    assert untold(asked, able(), endpoint, CODECS[to].words, at(source).domain) == expected
    assert f"'{drops}':" not in str(sent(asked, whole, able(), endpoint))


@pytest.mark.parametrize("domain", ["anthropic", "aws.bedrock"])
def test_reasoning_goes_back_to_who_sealed_it_and_to_nobody_else(domain: str) -> None:
    """In a turn that is closed, where it is a hint; whole and by the caller's own dialect, and in an envelope."""
    endpoint = replace(at(MESSAGES), signing_domain=domain)
    native = body(MESSAGES, {"messages": [*THOUGHT, {"role": "user", "content": "Why?"}]})
    own = CODECS[MESSAGES].decode_request(native)
    told = unwrapped(native, Place(MESSAGES, domain, own=domain == "anthropic"))
    assert ("c2lnbmVk" in str(told)) is (domain == "anthropic")

    envelope = wrap(Reasoning("", "thinking", Sealed("c2lnbmVk", MESSAGES, "anthropic")))
    items = [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": envelope}, ANSWER]
    foreign = CODECS[RESPONSES].decode_request(body(RESPONSES, {"input": [ASK, *items, ASK]}))
    there = CODECS[MESSAGES].encode_request(foreign, able(), endpoint)
    assert ("c2lnbmVk" in str(there)) is (domain == "anthropic")

    for asked, home in ((own, "anthropic"), (foreign, "openai")):
        assert "reasoning.signature" in {need.flag for need in asked.needs if need.severity == "hint"}
        found = untold(asked, able(), endpoint, CODECS[MESSAGES].words, home)
        assert ("reasoning.signature" in found) is (domain != "anthropic")


@pytest.mark.parametrize("reasons", [True, False])
def test_a_model_that_does_not_reason_is_not_asked_for_thoughts(reasons: bool) -> None:
    """OpenAI refuses such a call: 'Encrypted content is not supported with this model'."""
    raw = body(
        RESPONSES, {"reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content", "file_search_call"]}
    )
    asked = CODECS[RESPONSES].decode_request(body(RESPONSES, {"reasoning": {"summary": "auto"}}))
    target = replace(able(), capabilities=("reasoning.effort",) if reasons else ())
    told = CODECS[RESPONSES].retarget(raw, target, at(RESPONSES))

    assert untold(asked, target, at(RESPONSES), CODECS[RESPONSES].words, None) == (
        () if reasons else ("reasoning.display",)
    )
    assert told.get("reasoning") == ({"summary": "auto"} if reasons else None)
    assert told["include"] == [*(["reasoning.encrypted_content"] if reasons else []), "file_search_call"]
    assert raw["include"] == ["reasoning.encrypted_content", "file_search_call"]


def test_what_is_relied_on_stays_in_the_request() -> None:
    """Its provider judges: a mode of reasoning, and what is not known here."""
    raw = body(RESPONSES, {"reasoning": {"mode": "pro", "summary": "auto", "new": 1}})
    told = CODECS[RESPONSES].retarget(raw, replace(able(), capabilities=()), at(RESPONSES))
    assert told["reasoning"] == {"mode": "pro", "new": 1}


@pytest.mark.parametrize(
    ("dialect", "raw"),
    [
        (MESSAGES, {"max_tokens": 2000, "thinking": {"type": "adaptive", "display": "summarized"}}),
        (GENERATE, {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}),
    ],
)
def test_in_their_own_dialect_others_judge_of_thoughts(dialect: Dialect, raw: dict[str, Any]) -> None:
    whole = body(dialect, raw)
    asked, target = CODECS[dialect].decode_request(whole), replace(able(), capabilities=())
    assert "reasoning.display" in {need.flag for need in asked.needs}
    told = CODECS[dialect].retarget(whole, target, at(dialect))
    assert {name: value for name, value in told.items() if name != "model"} == {
        name: value for name, value in whole.items() if name != "model"
    }
    assert untold(asked, target, at(dialect), CODECS[dialect].words, None) == ()


@pytest.mark.parametrize(
    ("name", "drops", "expected"),
    [
        ("prompt_cache_retention", "prompt_cache_retention", ("cache.key",)),
        ("prompt_cache_retention", "prompt_cache_key", ()),
        ("prompt_cache_key", "prompt_cache_key", ("cache.key",)),
    ],
)
def test_a_hint_of_several_fields_is_of_the_one_that_was_used(name: str, drops: str, expected: tuple[str, ...]) -> None:
    """OpenRouter and vLLM refuse some of them."""
    asked = CODECS[RESPONSES].decode_request(body(RESPONSES, {name: "24h"}))
    endpoint = replace(at(CHAT), drops=(drops,))
    assert untold(asked, able(), endpoint, CODECS[CHAT].words, None) == expected
    assert (name in CODECS[CHAT].encode_request(asked, able(), endpoint)) is (not expected)
