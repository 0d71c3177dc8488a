"""Pages that a text refers to, as each dialect says it. What is no page (a file, a place in a document of the request)
has a meaning at its origin alone, and is left out of what goes to others; the receipt says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from waypost.core.codecs.json_text import cut_off
from waypost.core.codecs.wire import as_map, camel, opt_list, opt_map
from waypost.core.model.conversation import Citation, Opaque, Part, Reasoning, Reply, Text, ToolCall

LEFT_OUT: Final = "citations.response"
PARTS: Final = "answer.parts"
CALL: Final = "answer.tool_call"
CHOICES: Final = "answer.choices"
AUDIO: Final = "answer.audio"
ENDING: Final = "answer.finish"
REASONING: Final = "answer.reasoning"
"""What is left out of an answer where a dialect cannot say it, by these names."""

Found = tuple[tuple[Citation, ...], bool]
"""The pages, and whether there was something else that is left out."""


def _at(raw: Mapping[str, Any], name: str) -> int:
    value = raw.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _page(raw: Mapping[str, Any], start: int, end: int) -> Citation | None:
    url = raw.get("url", raw.get("uri"))
    title = raw.get("title")
    return Citation(url, title if isinstance(title, str) else "", start, end) if isinstance(url, str) and url else None


def _of(found: Sequence[Citation | None]) -> Found:
    pages = tuple(page for page in found if page is not None)
    return pages, len(pages) < len(found)


def left_out(reply: Reply, expresses: frozenset[str], *, shown: bool = False) -> tuple[str, ...]:
    """What of an answer is not said in a dialect that ``expresses`` that much. ``shown``: the caller asked to see
    reasoning."""
    names = {*reply.left_out}
    if reply.finish == "other" and reply.raw_finish and ENDING not in expresses:
        names.add(ENDING)
    hidden = not shown or REASONING not in expresses
    if hidden and any(isinstance(part, Reasoning) and part.text for part in reply.parts):
        names.add(REASONING)
    if any(isinstance(part, Opaque) for part in reply.parts):
        names.add(PARTS)
    if "tool_arguments.invalid_json" not in expresses and any(
        isinstance(part, ToolCall) and cut_off(part, reply.finish) for part in reply.parts
    ):
        names.add(CALL)
    if LEFT_OUT not in expresses and any(isinstance(part, Text) and part.citations for part in reply.parts):
        names.add(LEFT_OUT)
    return tuple(sorted(names))


# OpenAI: chat says the page one level deeper than responses do.


def from_openai(annotations: Any, path: str) -> Found:
    """Annotations of a text, of either dialect. Raises ValueError where they are no list of objects."""
    found = []
    for index, item in enumerate(opt_list(annotations, path)):
        raw = as_map(item, f"{path}[{index}]")
        page = opt_map(raw.get("url_citation"), f"{path}[{index}].url_citation") or raw
        named = _page(page, _at(page, "start_index"), _at(page, "end_index"))
        found.append(named if raw.get("type") == "url_citation" else None)
    return _of(found)


def to_openai(citations: Sequence[Citation], length: int, *, nested: bool, shift: int = 0) -> list[dict[str, Any]]:
    """The same of a text of ``length`` characters that begins at ``shift``."""
    out = []
    for one in citations:
        start, end = (one.start, one.end) if one.end else (0, length)
        page = {"start_index": shift + start, "end_index": shift + end, "title": one.title, "url": one.url}
        out.append({"type": "url_citation", "url_citation": page} if nested else {"type": "url_citation", **page})
    return out


# Anthropic: a block as a whole cites. What a caller of it gets would come back with the next turn, where only the
# provider's own sealed references are taken, so nothing is written.


def from_anthropic(citations: Any, path: str) -> Found:
    """Citations of a block. Raises ValueError where they are no list of objects."""
    items = [as_map(item, f"{path}[{at}]") for at, item in enumerate(opt_list(citations, path))]
    return _of([_page(raw, 0, 0) if raw.get("type") == "web_search_result_location" else None for raw in items])


# Google: sources, and which stretches of the text rest on which of them, counted in bytes.


def others_of_google(candidate: Mapping[str, Any]) -> bool:
    """Whether an answer refers to anything that is no page."""
    path = "candidates[0].groundingMetadata"
    chunks = _each(camel(opt_map(candidate.get("groundingMetadata"), path)), "groundingChunks", path)
    return bool(candidate.get("citationMetadata")) or any(_source(item, path) is None for _, item in chunks)


def from_google(grounding: Any, path: str) -> list[tuple[int, Citation, int, int]]:
    """Citations of an answer with the index of their part, and where they begin and end in bytes."""
    raw = camel(opt_map(grounding, path))
    pages = [_source(item, f"{path}.groundingChunks[{at}]") for at, item in _each(raw, "groundingChunks", path)]
    found: list[tuple[int, Citation, int, int]] = []
    for at, item in _each(raw, "groundingSupports", path):
        support = camel(as_map(item, f"{path}.groundingSupports[{at}]"))
        segment = camel(opt_map(support.get("segment"), f"{path}.groundingSupports[{at}].segment"))
        for index in opt_list(support.get("groundingChunkIndices"), f"{path}.groundingSupports[{at}]"):
            page = pages[index] if isinstance(index, int) and 0 <= index < len(pages) else None
            if page is not None:
                found.append((_at(segment, "partIndex"), page, _at(segment, "startIndex"), _at(segment, "endIndex")))
    supported = {page for _, page, _, _ in found}
    return [*found, *((0, page, 0, 0) for page in pages if page is not None and page not in supported)]


def _each(raw: Mapping[str, Any], name: str, path: str) -> Iterator[tuple[int, Any]]:
    return enumerate(opt_list(raw.get(name), f"{path}.{name}"))


def _source(item: Any, path: str) -> Citation | None:
    raw = camel(as_map(item, path))
    web = raw.get("web")
    return _page(web, 0, 0) if isinstance(web, Mapping) else None


def placed(parts: Sequence[Part], grounding: Any, path: str) -> tuple[Part, ...]:
    """``parts`` with what an answer of Google's rests on."""
    out = list(parts)
    for index, page, start, end in from_google(grounding, path):
        part = out[index] if index < len(out) else None
        if not isinstance(part, Text):
            part = next((one for one in out if isinstance(one, Text)), None)
        if part is None:
            continue
        text = part.text.encode(errors="surrogatepass")
        span = (_characters(text, start), _characters(text, end)) if end else (0, 0)
        one = Citation(page.url, page.title, *span)
        out[out.index(part)] = Text(part.text, part.ext, part.cache, (*part.citations, one))
    return tuple(out)


def _characters(text: bytes, end: int) -> int:
    return len(text[:end].decode(errors="ignore"))


def to_google(texts: Sequence[tuple[int, str, Sequence[Citation]]]) -> dict[str, Any] | None:
    """Texts by the index of their part, with their citations; ``None`` where there is none."""
    pages: dict[tuple[str, str], int] = {}
    supports = []
    for index, text, citations in texts:
        for one in citations:
            source = pages.setdefault((one.url, one.title), len(pages))
            start, end = (one.start, one.end) if one.end else (0, len(text))
            segment = {
                "partIndex": index,
                "startIndex": len(text[:start].encode(errors="surrogatepass")),
                "endIndex": len(text[:end].encode(errors="surrogatepass")),
                "text": text[start:end],
            }
            supports.append({"segment": segment, "groundingChunkIndices": [source]})
    if not pages:
        return None
    return {"groundingChunks": sources(list(pages)), "groundingSupports": supports}


def sources(pages: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Pages as sources, by address and title."""
    return [{"web": {"uri": url, "title": title}} for url, title in pages]
