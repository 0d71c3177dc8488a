"""OpenAI responses: the parts of items, as they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from waypost.core.codecs.wire import IMAGE_MIMES, Draft, as_list, as_map, as_text, data_url, is_fetched, opt_text
from waypost.core.model.conversation import NO_EXT, Blob, Ext, FileRef, Opaque, Part, Refusal, Text, Uri

DIALECT: Final = "openai.responses"

Found = tuple[Ext, str | None]


def read_content(draft: Draft, content: Any, path: str) -> tuple[tuple[Part, ...], bool]:
    """The parts of a content, and whether it was a list."""
    if isinstance(content, str):
        return (Text(content, NO_EXT),), False
    parts = tuple(
        _part(draft, as_map(item, f"{path}[{index}]"), f"{path}[{index}]")
        for index, item in enumerate(as_list(content, path))
    )
    if any(isinstance(part, Text) and part.text and part.text.isspace() for part in parts):
        draft.hint("text.blank", path)
    return parts, True


def is_blank(parts: tuple[Part, ...]) -> bool:
    """Whether ``parts`` say nothing at all."""
    return all(isinstance(part, Text) and not part.text.strip() for part in parts)


def _part(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    kind = raw.get("type")
    reader = _PARTS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        draft.need(f"unknown_field.content.{kind}", path)
        return Opaque(DIALECT, raw)
    return reader(draft, raw, path)


def _marks(draft: Draft, raw: Mapping[str, Any], known: frozenset[str], path: str) -> Found:
    rest = draft.unknown(raw, known, path)
    mark = raw.get("prompt_cache_breakpoint")
    if mark is None:
        return (rest or NO_EXT), None
    cache = opt_text(as_map(mark, f"{path}.prompt_cache_breakpoint").get("ttl"), f"{path}.ttl") or "default"
    draft.hint("cache.breakpoints", f"{path}.prompt_cache_breakpoint", cache)
    return (rest or NO_EXT), cache


_TEXT = frozenset({"type", "text", "prompt_cache_breakpoint"})
_SAID = frozenset({"type", "text", "annotations", "logprobs"})


def _text(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    return Text(as_text(raw.get("text"), f"{path}.text"), *_marks(draft, raw, _TEXT, path))


def _said(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    """A text of an earlier answer. What is known of its tokens is no part of what a model reads."""
    ext: dict[str, Any] = {**draft.unknown(raw, _SAID, path), "type": "output_text"}
    ext.update((name, raw[name]) for name in ("annotations", "logprobs") if raw.get(name) is not None)
    if raw.get("annotations"):
        draft.hint("citations", f"{path}.annotations")
    return Text(as_text(raw.get("text"), f"{path}.text"), ext)


def _refusal(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    draft.unknown(raw, frozenset({"type", "refusal"}), path)
    return Refusal(as_text(raw.get("refusal"), f"{path}.refusal"))


_IMAGE = frozenset({"type", "image_url", "file_id", "detail", "prompt_cache_breakpoint"})


def _image(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = _marks(draft, raw, _IMAGE, path)
    detail, ext = _detail(draft, raw, ext, path)
    if raw.get("file_id") is not None:
        draft.need("input.file_id", path)
        return FileRef("image", as_text(raw["file_id"], f"{path}.file_id"), {"raw": raw})
    url = as_text(raw.get("image_url"), f"{path}.image_url")
    inline = data_url(url)
    if inline is not None:
        mime, start = inline
        draft.need("input.image", path)
        if mime not in IMAGE_MIMES:
            draft.need("input.image.mime", path, mime)
        return Blob("image", mime, url, None, detail, ext, cache, start)
    if not is_fetched(url):
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    draft.need("input.image.url", path)
    return Uri("image", url, None, detail, ext, cache)


def _detail(draft: Draft, raw: Mapping[str, Any], ext: Ext, path: str) -> tuple[str | None, Ext]:
    """A chosen resolution; ``auto`` is the default and has to be said here."""
    detail = opt_text(raw.get("detail"), f"{path}.detail")
    if detail in (None, "auto"):
        return None, ext if detail is None else {**ext, "detail": detail}
    draft.hint("image.detail", f"{path}.detail", detail)
    return detail, ext


_FILE = frozenset({"type", "file_data", "file_id", "file_url", "filename", "detail", "prompt_cache_breakpoint"})


def _file(draft: Draft, raw: Mapping[str, Any], path: str) -> Part:
    ext, cache = _marks(draft, raw, _FILE, path)
    detail, ext = _detail(draft, raw, ext, path)
    name = opt_text(raw.get("filename"), f"{path}.filename")
    if raw.get("file_id") is not None:
        draft.need("input.file_id", path)
        return FileRef("document", as_text(raw["file_id"], f"{path}.file_id"), {"raw": raw})
    if raw.get("file_url") is not None:
        url = as_text(raw["file_url"], f"{path}.file_url")
        if not _names_pdf(url, name):
            draft.need("input.document", path, "url")
            return Uri("document", url, None, detail, ext, cache, name)
        draft.need("input.pdf", path, "application/pdf")
        draft.need("input.pdf.url", path)
        return Uri("document", url, "application/pdf", detail, ext, cache, name)
    data = as_text(raw.get("file_data"), f"{path}.file_data")
    inline = data_url(data)
    if inline is None:
        draft.need("input.data_url", path)
        return Opaque(DIALECT, raw)
    mime, start = inline
    draft.need("input.pdf" if mime == "application/pdf" else "input.file", path, mime)
    return Blob("document", mime, data, name, detail, ext, cache, start)


def _names_pdf(url: str, name: str | None) -> bool:
    path = url.partition("?")[0].partition("#")[0]
    return (name or path).lower().endswith(".pdf")


_PARTS: Mapping[str, Callable[[Draft, Mapping[str, Any], str], Part]] = {
    "input_text": _text,
    "output_text": _said,
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
}
