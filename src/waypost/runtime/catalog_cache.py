"""Compiled catalogs, kept so that the next start reads rows and not YAML.

One file per content of a catalog's file: a line with the sha256 of that file, of the canonical document (which is the
catalog's fingerprint) and of the packed records, and the length of these; then the records; then the document. All
three are checked on reading, so that a stale or damaged cache costs only the time to parse again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from waypost._version import __version__
from waypost.core.catalog.packed import packed, unpacked
from waypost.core.catalog.table import Catalog, assemble
from waypost.core.model.canonical import canonical
from waypost.errors import CatalogError

CACHE = f"2-{__version__}"
"""Whose cache file it is: another version may read the same text differently."""


class Stored(Mapping[str, Any]):
    """A document that is read when somebody asks for it, which few do."""

    __slots__ = ("_read", "content")

    def __init__(self, content: bytes) -> None:
        self.content = content
        """Canonical bytes."""
        self._read: dict[str, Any] | None = None

    @property
    def whole(self) -> dict[str, Any]:
        if self._read is None:
            self._read = json.loads(self.content)
        return self._read

    def __getitem__(self, key: str) -> Any:
        return self.whole[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole)

    def __len__(self) -> int:
        return len(self.whole)

    def __reduce__(self) -> tuple[Any, ...]:
        return Stored, (self.content,)


def place(cache: Path, digest: str) -> Path:
    """Where the catalog of a file of that sha256 is kept."""
    return cache / f"catalog-{digest[:32]}-{CACHE}.json"


def read(stored: Path, digest: str) -> Catalog | None:
    """What is kept there of the file of that sha256; ``None`` where that is nothing that can be used."""
    try:
        with open(stored, "rb", buffering=0) as file:  # unbuffered: copied once, and that is enough
            whole = file.readall()
        end = whole.index(b"\n")
        source, fingerprint, seal, length = whole[:end].decode().split(" ")
        parts = memoryview(whole)[end + 1 :]
        rows, document = parts[: int(length)], parts[int(length) :]
        if (source, fingerprint, seal) != (digest, _sha256(document), _sha256(rows)):
            return None
        found = json.loads(str(rows, "utf-8"))
        targets, endpoints, aliases, sources, embeddings = unpacked(found)
        kept = Stored(bytes(document))
        name = found["name"]
        return assemble(
            name, targets, endpoints, aliases,
            sources=sources, document=kept, digest=fingerprint, embeddings=embeddings,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, CatalogError):
        return None


def write(stored: Path, digest: str, catalog: Catalog) -> None:
    """Written beside and moved into place; a directory that cannot be written is no fault."""
    partial = stored.with_name(f"{stored.name}.{os.getpid()}")
    try:
        rows = json.dumps(packed(catalog), separators=(",", ":")).encode()
        head = f"{digest} {catalog.fingerprint} {_sha256(rows)} {len(rows)}\n"
        stored.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(head.encode() + rows + canonical(catalog.document))
        partial.replace(stored)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()


def _sha256(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()
