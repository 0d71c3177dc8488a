"""Envelopes of reasoning: what is in them comes out, and whatever else stands in their place is lost and no error."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators_conversation import codec_settings
from golden_envelopes import envelope
from waypost.core.codecs import CODECS
from waypost.core.codecs.envelope import LIMIT, PREFIX, is_wrapped, unwrap, wrap
from waypost.core.model.conversation import Reasoning, Sealed

A, G = "anthropic.messages", "google.generate_content"
PART = Reasoning("", A, Sealed("EqQB", A, "anthropic"), True, {}, "call", "c1")
SAID = '["anthropic.messages","anthropic","call","c1",true,null,"EqQB"]'

parts = st.builds(
    lambda dialect, data, domain, item, redacted, of, call: Reasoning(
        "", dialect, Sealed(data, dialect, domain, item), redacted, {}, of, call
    ),
    st.sampled_from([A, G, "openai.responses"]),
    st.text(min_size=1),
    st.text(),
    st.none() | st.text(),
    st.booleans(),
    st.sampled_from(["itself", "turn", "text", "call"]),
    st.none() | st.text(),
)


def test_the_form_is_that_of_its_description() -> None:
    """An envelope is what the description says, made by hand, and is read as that."""
    assert wrap(PART) == envelope(SAID)
    assert unwrap(envelope(SAID)) == PART


@codec_settings
@given(parts)
def test_what_is_wrapped_comes_out(part: Reasoning) -> None:
    """Whatever an origin hands out comes back as it was, in base64 of either alphabet, as SDKs write it anew."""
    text = wrap(part)
    assert text is not None
    assert is_wrapped(text)
    assert unwrap(text) == part
    raw = base64.urlsafe_b64decode(text)
    assert unwrap(base64.b64encode(raw).decode()) == part
    assert base64.urlsafe_b64encode(raw).decode() == text


@codec_settings
@given(parts, st.data())
def test_damage_is_a_loss_and_no_error(part: Reasoning, data: st.DataObject) -> None:
    """Cut anywhere, or with a letter changed, an envelope stands for nothing."""
    text = wrap(part)
    assert text is not None
    at = data.draw(st.integers(len(PREFIX), len(text) - 1))
    assert unwrap(text[:at]) is None
    other = data.draw(st.sampled_from("AZaz09-_=! é").filter(lambda letter: letter != text[at]))
    assert unwrap(text[:at] + other + text[at + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    [
        "waypost",
        "waypost1",
        "waypost2" + envelope(SAID)[8:],
        "waypost1" + "A" * LIMIT,
        *(
            envelope(said)
            for said in (
                *("null", "{}", "[]", '["a"]', "1", "x", '"' + "a" * 50 + '"', "[" * 5_000),
                '["anthropic.messages","anthropic","call","c1",true,null,7]',
                '["anthropic.messages","anthropic","elsewhere","c1",true,null,"x"]',
                '["anthropic.messages","anthropic","call",7,true,null,"x"]',
                '["anthropic.messages","anthropic","call","c1",1,null,"x"]',
                '["anthropic.messages",null,"call","c1",true,null,"x"]',
            )
        ),
    ],
)
def test_what_is_none_is_none(text: str) -> None:
    """Other versions, other documents, and what is too long are ours, and cannot be read."""
    assert is_wrapped(text)
    assert unwrap(text) is None


def test_state_that_is_too_long_is_not_handed_out() -> None:
    """An envelope has an end, and state beyond it is lost on its way out."""
    assert wrap(Reasoning("", A, Sealed("x" * LIMIT, A, "anthropic"))) is None


BODIES: list[tuple[str, Any]] = [
    (
        A,
        lambda text: {
            "model": "m",
            "max_tokens": 9,
            "messages": [
                {"role": "user", "content": "x"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "hm", "signature": text},
                        {"type": "redacted_thinking", "data": text},
                        {"type": "text", "text": "y"},
                    ],
                },
                {"role": "user", "content": "z"},
            ],
        },
    ),
    (
        "openai.responses",
        lambda text: {
            "model": "m",
            "store": False,
            "input": [
                {"role": "user", "content": "x"},
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": text},
                {"role": "assistant", "content": "y"},
                {"role": "user", "content": "z"},
            ],
        },
    ),
    (
        G,
        lambda text: {
            "model": "m",
            "contents": [
                {"role": "user", "parts": [{"text": "x"}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "hm", "thought": True, "thoughtSignature": text},
                        {"text": "y", "thoughtSignature": text},
                    ],
                },
                {"role": "user", "parts": [{"text": "z"}]},
            ],
        },
    ),
]


BROKEN = ["waypost1", "waypost1AAAA", "waypost7" + envelope(SAID)[8:], "waypost1" + "A" * LIMIT]


@pytest.mark.parametrize("text", BROKEN, ids=["empty", "short", "newer", "long"])
@pytest.mark.parametrize(("dialect", "body"), BODIES, ids=[dialect for dialect, _ in BODIES])
def test_a_request_with_a_broken_envelope(dialect: str, body: Any, text: str) -> None:
    """In every slot it is the hint that reasoning was lost, and nothing else of the request suffers."""
    conversation = CODECS[dialect].decode_request(body(text))
    found = [need.severity for need in conversation.needs if need.flag == "reasoning.signature"]
    assert found == ["hint"]
    texts = [getattr(part, "text", "") for message in conversation.messages for part in message.parts]
    assert [text for text in texts if text in ("x", "y", "z")] == ["x", "y", "z"]
