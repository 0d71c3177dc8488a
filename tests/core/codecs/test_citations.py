"""Pages that an answer refers to, in each dialect's words, whole and streamed; what cannot cross is named (S6.05)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bad_world import plain_answer, stream_events
from codec_meaning import read, write
from generators_seeded import DIALECTS, A, C, G, R
from golden_validators import read_response, read_stream
from waypost.core.codecs import CODECS
from waypost.core.codecs.citations import left_out
from waypost.core.codecs.framing import frame
from waypost.core.model.conversation import Citation, Reply, Text
from waypost.core.model.deltas import Cited, Finished

TEXT = "É assim: Lisbon is west."
START, END = 9, 24
URL, TITLE = "https://example.org/lisbon", "Lisbon"
PAGE = {"start_index": START, "end_index": END, "title": TITLE, "url": URL}
SEALED = {
    "type": "web_search_result_location",
    "url": URL,
    "title": TITLE,
    "encrypted_index": "Eo8BCioIAhgBIiQ",
    "cited_text": "Lisbon lies in the west",
}
GROUNDING = {
    "groundingChunks": [{"web": {"uri": URL, "title": TITLE}}],
    "groundingSupports": [
        {
            "segment": {"partIndex": 0, "startIndex": START + 1, "endIndex": END + 1, "text": TEXT[START:END]},
            "groundingChunkIndices": [0],
        }
    ],
}
"""Google counts bytes: the first letter has two."""
CITING = [C, R, G]
whole = pytest.mark.parametrize("target", DIALECTS)


def answer(dialect: str) -> Any:
    """A whole answer that cites a page."""
    body = plain_answer(dialect, TEXT)
    if dialect == C:
        body["choices"][0]["message"]["annotations"] = [{"type": "url_citation", "url_citation": PAGE}]
    elif dialect == R:
        body["output"][0]["content"][0]["annotations"] = [{"type": "url_citation", **PAGE}]
    elif dialect == A:
        body["content"][0]["citations"] = [SEALED]
    else:
        body["candidates"][0]["groundingMetadata"] = GROUNDING
    return body


def cited(reply: Reply) -> list[Citation]:
    return [page for part in reply.parts if isinstance(part, Text) for page in part.citations]


@whole
@pytest.mark.parametrize("caller", DIALECTS)
def test_pages_cross(target: str, caller: str) -> None:
    """A caller gets the page with its address, its title and its place; one of Anthropic's cannot, and so is told."""
    upstream = CODECS[target].decode_response(answer(target))
    span = (0, 0) if target == A else (START, END)
    assert cited(upstream) == [Citation(URL, TITLE, *span)]
    assert upstream.left_out == ()
    body = CODECS[caller].encode_response(upstream)
    read_response(caller, body)
    arrived = cited(CODECS[caller].decode_response(body))
    if caller == A:
        assert arrived == []
        assert "citations.response" not in CODECS[A].expresses
        return
    assert arrived == [Citation(URL, TITLE, *(span if target != A else (0, len(TEXT))))]
    assert "citations.response" in CODECS[caller].expresses


OTHERS: Mapping[str, Any] = {
    C: {"type": "file_citation", "file_citation": {"file_id": "f"}},
    R: {"type": "file_citation", "file_id": "f", "filename": "a.pdf", "index": 0},
    A: {"type": "char_location", "cited_text": "x", "document_index": 0, "start_char_index": 0, "end_char_index": 1},
    G: {"retrievedContext": {"uri": "gs://b/a", "title": "A"}},
}


@whole
def test_what_is_no_page_is_named(target: str) -> None:
    """A file, or a place in a document of the request, is known at its origin alone."""
    body = answer(target)
    if target == C:
        body["choices"][0]["message"]["annotations"] = [OTHERS[C]]
    elif target == R:
        body["output"][0]["content"][0]["annotations"] = [OTHERS[R]]
    elif target == A:
        body["content"][0]["citations"] = [OTHERS[A]]
    else:
        body["candidates"][0]["groundingMetadata"] = {"groundingChunks": [OTHERS[G]]}
    reply = CODECS[target].decode_response(body)
    assert (cited(reply), reply.left_out) == ([], ("citations.response",))


# Streams.


def stream(dialect: str, item: Any = None) -> bytes:
    """A stream whose text cites a page, or ``item``."""
    events = stream_events(dialect, [TEXT[:5], TEXT[5:]])
    if dialect == C:
        raw = item or {"type": "url_citation", "url_citation": PAGE}
        choice = {**events[2]["choices"][0], "delta": {"annotations": [raw]}}
        events.insert(3, {**events[2], "choices": [choice]})
    elif dialect == R:
        at = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "annotation_index": 0, "sequence_number": 99}
        raw = item or {"type": "url_citation", **PAGE}
        events.insert(5, {"type": "response.output_text.annotation.added", "annotation": raw, **at})
    elif dialect == A:
        delta = {"type": "citations_delta", "citation": item or SEALED}
        events.insert(5, {"type": "content_block_delta", "index": 0, "delta": delta})
    else:
        raw = {"groundingChunks": [item]} if item else GROUNDING
        events[-1]["candidates"][0]["groundingMetadata"] = raw
    return b"".join(
        frame(None, event) if isinstance(event, str) else frame(event.get("type"), json.dumps(event))
        for event in events
    )


@whole
@pytest.mark.parametrize("caller", DIALECTS)
def test_pages_cross_in_streams(target: str, caller: str) -> None:
    """The page reaches the caller while its text is open, in a stream that the SDK's own types take."""
    deltas = read(target, [stream(target)])
    (told,) = [delta for delta in deltas if isinstance(delta, Cited)]
    span = (START, END) if target in (C, R) else (0, 0)
    assert told.citations == (Citation(URL, TITLE, *span),)
    wire = write(caller, deltas)
    assert read_stream(caller, wire)
    arrived = [page for delta in read(caller, [wire]) if isinstance(delta, Cited) for page in delta.citations]
    assert [(page.url, page.title) for page in arrived] == ([] if caller == A else [(URL, TITLE)])
    if target in (C, R) and caller in (C, R):
        assert [(page.start, page.end) for page in arrived] == [(START, END)]
    if caller == R:
        last = read_stream(R, wire)[-1].response.output[0].content[0]
        assert [(note.url, note.start_index) for note in last.annotations] == [(URL, span[0])]


@whole
def test_what_is_no_page_is_named_at_the_end(target: str) -> None:
    """In a stream, too."""
    end = read(target, [stream(target, OTHERS[target])])[-1]
    assert isinstance(end, Finished)
    assert end.left_out == ("citations.response",)


PARTS: Mapping[str, Any] = {
    R: {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
    A: {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    G: {"executableCode": {"language": "PYTHON", "code": "1"}},
}
"""What only its provider has."""


@pytest.mark.parametrize("target", PARTS)
def test_parts_that_only_their_provider_has_are_named(target: str) -> None:
    """They are passed over, whole and streamed, and it is said that they are."""
    body, events = plain_answer(target), stream_events(target, ["Hel", "lo."])
    part = PARTS[target]
    if target == R:
        body["output"].insert(0, part)
        events.insert(1, {"type": "response.output_item.added", "output_index": 9, "item": part})
    elif target == A:
        body["content"].insert(0, part)
        events.insert(1, {"type": "content_block_start", "index": 9, "content_block": part})
    else:
        body["candidates"][0]["content"]["parts"].insert(0, part)
        events[0]["candidates"][0]["content"]["parts"].insert(0, part)
    reply = CODECS[target].decode_response(body)
    assert left_out(reply, CODECS[C].expresses) == ("answer.parts",)
    assert CODECS[C].encode_response(reply)["choices"][0]["message"]["content"] == "Hello."
    end = read(target, [b"".join(frame(event.get("type"), json.dumps(event)) for event in events)])[-1]
    assert isinstance(end, Finished)
    assert end.left_out == ("answer.parts",)
