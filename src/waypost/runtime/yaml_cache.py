"""Parsed policy files, kept so that the next start needs no parser: positioned nodes by the sha256 of their text.

One file per content and version of Waypost: a line that names the text's and the nodes' sha256, then the nodes. Only
what could be parsed is kept, and all checks after parsing run every time, so that errors are the same with and without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from waypost._version import __version__
from waypost.core.model.decision import Source
from waypost.errors import ConfigError
from waypost.runtime import yaml

CACHE = f"1-{__version__}"
"""Whose cache file it is: another version may read the same text differently."""


def parse(text: str, file: str, error: type[ConfigError], cache: Path | None) -> yaml.Node:
    """As `waypost.runtime.yaml.parse`; ``cache`` is a directory that may be written, ``None`` for no cache."""
    if cache is None:
        return yaml.parse(text, file, error)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    stored = cache / f"nodes-{digest[:32]}-{CACHE}.json"
    found = _from_cache(stored, digest, file)
    if found is None:
        found = yaml.parse(text, file, error)
        _to_cache(stored, digest, found)
    return found


def _from_cache(stored: Path, digest: str, file: str) -> yaml.Node | None:
    try:
        head, _, body = stored.read_bytes().partition(b"\n")
        if head.decode() != f"{digest} {hashlib.sha256(body).hexdigest()}":
            return None
        return _node(json.loads(body), file)
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _to_cache(stored: Path, digest: str, node: yaml.Node) -> None:
    """Written beside and moved into place; a directory that cannot be written is no fault."""
    partial = stored.with_name(f"{stored.name}.{os.getpid()}")
    try:
        body = json.dumps(_plain(node), separators=(",", ":")).encode()
        stored.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_bytes(f"{digest} {hashlib.sha256(body).hexdigest()}\n".encode() + body)
        partial.replace(stored)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()


def _plain(node: yaml.Node) -> list[Any]:
    place = [node.at.line, node.at.column, node.at.length, node.tag]
    match node:
        case yaml.Scalar():
            return [*place, node.kind, node.raw, node.value]
        case yaml.Sequence():
            return [*place, "[]", [_plain(item) for item in node.items]]
        case yaml.Mapping():
            return [*place, "{}", [[_plain(key), _plain(value)] for key, value in node.entries]]


def _node(plain: list[Any], file: str) -> yaml.Node:
    line, column, length, tag, kind, *rest = plain
    at = Source(file, line, column, length)
    if kind == "[]":
        return yaml.Sequence(tuple(_node(item, file) for item in rest[0]), at, tag)
    if kind == "{}":
        return yaml.Mapping(tuple((_key(key, file), _node(value, file)) for key, value in rest[0]), at, tag)
    raw, value = rest
    return yaml.Scalar(value, raw, kind, at, tag)


def _key(plain: list[Any], file: str) -> yaml.Scalar:
    line, column, length, tag, kind, raw, value = plain
    return yaml.Scalar(value, raw, kind, Source(file, line, column, length), tag)
