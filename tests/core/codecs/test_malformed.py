"""Damaged bodies, answers and events: a codec reads them or says where they are wrong, and never anything else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codec_damage import damage, read_damaged, refusal
from generators_conversation import chat_bodies_of_any_kind, codec_settings, messages_bodies_of_any_kind, replies
from waypost.core.codecs import CODECS

C, A = "openai.chat", "anthropic.messages"


@codec_settings
@given(damage(chat_bodies_of_any_kind()))
def test_damaged_chat_request(body: Any) -> None:
    """A damaged chat request is read or refused with a ValueError that names a place."""
    assert ":" in refusal(lambda: CODECS[C].decode_request(body))


@codec_settings
@given(damage(messages_bodies_of_any_kind()))
def test_damaged_messages_request(body: Any) -> None:
    """A damaged messages request is read or refused with a ValueError that names a place."""
    assert ":" in refusal(lambda: CODECS[A].decode_request(body))


@codec_settings
@given(st.sampled_from([C, A]), st.data())
def test_damaged_answer(dialect: str, data: st.DataObject) -> None:
    """A damaged answer is read or refused with a ValueError; its usage and its failure are always readable."""
    body = data.draw(damage(replies().map(CODECS[dialect].encode_response)))
    CODECS[dialect].usage(body)
    CODECS[dialect].failure(400, body)
    assert ":" in refusal(lambda: CODECS[dialect].decode_response(body))


EVENTS = {
    C: [
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "x"}}]},
        {
            "choices": [
                {"delta": {"tool_calls": [{"index": 0, "id": "i", "function": {"name": "f", "arguments": "{"}}]}}
            ]
        },
        {"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    ],
    A: [
        {
            "type": "message_start",
            "message": {"id": "m", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
        {"type": "message_stop"},
    ],
}


@codec_settings
@given(st.sampled_from([C, A]), st.data())
def test_damaged_stream(dialect: str, data: st.DataObject) -> None:
    """A damaged event is read or refused with a ValueError, and whatever was read can be written everywhere."""
    read_damaged(dialect, EVENTS[dialect], data)


@pytest.mark.parametrize("dialect", CODECS)
@pytest.mark.parametrize("data", ["", "{", "<h1>502</h1>", "[]", "7"])
def test_event_that_is_no_object(dialect: str, data: str) -> None:
    """An event that is not a JSON object is a ValueError, as a malformed chunk natively is."""
    with pytest.raises(ValueError):
        CODECS[dialect].reader().feed(None, data)
