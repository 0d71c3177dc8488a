"""Google generate content: media of a request, inline or by address, as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from waypost.core.codecs.wire import IMAGE_MIMES, Draft, as_map, as_text, camel, opt_map, opt_text
from waypost.core.model.conversation import Blob, FileRef, Part, Uri

_INLINE = frozenset({"mimeType", "data", "displayName"})
_FILE = frozenset({"mimeType", "fileUri", "displayName"})
_SOUNDS = {"audio/wav": "audio/wav", "audio/x-wav": "audio/wav", "audio/mp3": "audio/mp3", "audio/mpeg": "audio/mp3"}
# Google's file store and buckets; whatever stands there is reached with its owner's credentials only.
_STORED = ("gs://", "https://generativelanguage.googleapis.com/", "files/")
_VIDEOS = ("https://www.youtube.com/", "https://youtube.com/", "https://youtu.be/")
_STANDARD = str.maketrans("-_", "+/")

Modality = Literal["image", "audio", "video", "document"]


MEDIA = ("inlineData", "fileData")
OPTIONS = (
    *("videoMetadata", "mediaProcessing", "speechMetadata"),
    *("documentMetadata", "spreadsheetMetadata", "audioMetadata"),
)
"""Members of a part that say how its medium is to be read."""
_DETAILS = {
    "MEDIA_RESOLUTION_LOW": "low",
    "MEDIA_RESOLUTION_HIGH": "high",
    "MEDIA_RESOLUTION_ULTRA_HIGH": "high",
}


def read_options(draft: Draft, raw: Mapping[str, Any], path: str) -> None:
    """What a part says of how it is to be taken."""
    for name in OPTIONS:
        if raw.get(name):
            draft.need("input.media_options", f"{path}.{name}", name)
    if raw.get("partMetadata"):
        draft.hint("metadata.labels", f"{path}.partMetadata")


def read_media(draft: Draft, raw: Mapping[str, Any], kind: str, path: str, ext: Mapping[str, Any]) -> Part:
    """The medium under ``kind``, one of `MEDIA`, of the part ``raw``."""
    medium = camel(as_map(raw.get(kind), f"{path}.{kind}"))
    detail = _detail(draft, raw, medium, f"{path}.mediaResolution")
    read = _inline_data if kind == "inlineData" else _file_data
    return read(draft, medium, f"{path}.{kind}", ext, detail=detail)


def _detail(draft: Draft, raw: Mapping[str, Any], medium: Mapping[str, Any], path: str) -> str | None:
    """How closely a picture is to be looked at, where others say that too."""
    resolution = opt_map(raw.get("mediaResolution"), path)
    if not resolution:
        return None
    level = camel(resolution).get("level")
    detail = _DETAILS.get(level) if isinstance(level, str) and _is_image(medium.get("mimeType")) else None
    draft.hint("input.media_resolution" if detail is None else "image.detail", path, detail)
    return detail


def _is_image(mime: Any) -> bool:
    return isinstance(mime, str) and mime.startswith("image/")


def _inline_data(
    draft: Draft, raw: Mapping[str, Any], path: str, ext: Mapping[str, Any], *, detail: str | None
) -> Part:
    """A blob. The URL-safe alphabet of base64, which Google's SDK writes, becomes the one that everybody reads."""
    draft.unknown(raw, _INLINE, path)
    mime = as_text(raw.get("mimeType"), f"{path}.mimeType").partition(";")[0].strip().lower()
    data = as_text(raw.get("data"), f"{path}.data")
    if "-" in data or "_" in data:
        data = data.translate(_STANDARD)
    name = opt_text(raw.get("displayName"), f"{path}.displayName")
    modality = _needs(draft, mime, path)
    if name is not None and modality != "document":
        draft.hint("document.title", f"{path}.displayName")
    return Blob(modality, _SOUNDS.get(mime, mime), data, name, detail, ext)


def _file_data(draft: Draft, raw: Mapping[str, Any], path: str, ext: Mapping[str, Any], *, detail: str | None) -> Part:
    draft.unknown(raw, _FILE, path)
    uri = as_text(raw.get("fileUri"), f"{path}.fileUri")
    mime = opt_text(raw.get("mimeType"), f"{path}.mimeType")
    name = opt_text(raw.get("displayName"), f"{path}.displayName")
    if name is not None:
        draft.hint("document.title", f"{path}.displayName")
    if uri.startswith(_STORED) or not uri.startswith(("https://", "http://")):
        draft.need("input.file_id", path)
        return FileRef("document", uri, ext)
    kind = "video/mp4" if mime is None and uri.startswith(_VIDEOS) else (mime or "").lower()
    if kind.startswith("image/"):
        draft.need("input.image.url", path)
        return Uri("image", uri, mime, detail, ext, None, name)
    modality = _needs(draft, kind, path)
    draft.need("input.pdf.url" if kind == "application/pdf" else "input.media_url", path)
    return Uri(modality, uri, mime, None, ext, None, name)


def _needs(draft: Draft, mime: str, path: str) -> Modality:
    kind = mime.partition("/")[0]
    if kind == "image":
        draft.need("input.image", path)
        if mime not in IMAGE_MIMES:
            draft.need("input.image.mime", path, mime)
        return "image"
    if kind == "audio":
        draft.need("input.audio", path, mime)
        if mime not in _SOUNDS:
            draft.need("input.audio.mime", path, mime)
        return "audio"
    if kind == "video":
        draft.need("input.video", path, mime)
        return "video"
    if mime == "application/pdf":
        draft.need("input.pdf", path, mime)
    else:
        draft.need("input.document", path, mime)
    return "document"
