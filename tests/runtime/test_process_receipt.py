"""A receipt reads the same from the memory of its process and, later, from the store (S2.01, S6.06)."""

from __future__ import annotations

import json

import pytest

from process_site import Site
from stub_provider import chat_chunks, json_answer, sse_answer

PROGRAM = """\
import json, sys, openai, waypost
waypost.auto_instrument(mode=sys.argv[1])
with waypost.context(user="u1", department="rd", request_id="r-1"):
    answer = openai.OpenAI(max_retries=0).chat.completions.create(
        model=sys.argv[2], messages=[{"role": "user", "content": "Hi"}], stream=sys.argv[3] == "stream")
    if sys.argv[3] == "stream":
        list(answer)
print(json.dumps([waypost.receipt(found).to_dict() for found in (answer, "r-1")]))
"""


@pytest.mark.parametrize("mode", ["route", "advise", "observe"])
@pytest.mark.parametrize("style", ["plain", "stream", "fallback"])
def test_memory_and_store_tell_the_same(site: Site, mode: str, style: str) -> None:
    """To the last field, where it stands in the journal included; by the answer and by the request id."""
    busy = iter([json_answer({"error": {"message": "busy"}}, 503)] if style == "fallback" and mode == "route" else [])
    plain = site.chat
    streamed = lambda request: sse_answer(chat_chunks(["Hel", "lo"]))  # noqa: E731
    site.chat = lambda request: next(busy, None) or (streamed if style == "stream" else plain)(request)
    ended = site.run(PROGRAM, mode, "auto" if mode == "route" else "gpt-4o-mini", style)
    assert (ended.code, ended.err) == (0, "")
    by_answer, by_request = json.loads(ended.out)
    (stored,) = site.receipts()
    assert by_answer == by_request == stored
    assert [hop["journal_seq"] for hop in stored["hops"]] == list(range(len(stored["hops"])))
    assert len(stored["hops"]) == (2 if style == "fallback" and mode == "route" else 1)
    assert stored["settlement"]["journal_seq"] == len(stored["hops"])
