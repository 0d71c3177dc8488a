"""Long streams: what a reader and a writer hold does not grow with what has passed."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from waypost.core.codecs import CODECS

C, A = "openai.chat", "anthropic.messages"
OPENING: dict[str, list[dict[str, Any]]] = {
    C: [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}],
    A: [
        {
            "type": "message_start",
            "message": {"id": "m", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ],
}
MORE: dict[str, dict[str, Any]] = {
    C: {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "word "}}]},
    A: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "word "}},
}


@pytest.mark.parametrize(("upstream", "caller"), [(C, A), (A, C)])
def test_memory_is_constant(upstream: str, caller: str) -> None:
    """Ten thousand deltas go through both machines and leave nothing behind."""
    reader = CODECS[upstream].reader()
    writer = CODECS[caller].writer(include_usage=True)
    for event in OPENING[upstream]:
        for delta in reader.feed(None, json.dumps(event)):
            assert writer.feed(delta) is not None
    data = json.dumps(MORE[upstream])

    def pump(times: int) -> int:
        return sum(len(writer.feed(delta)) for _ in range(times) for delta in reader.feed(None, data))

    pump(100)
    tracemalloc.start()
    assert pump(10_000) > 10_000 * len("word ")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20_000
