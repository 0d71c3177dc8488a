"""Loads a catalog: the packaged one or a file, by way of a compiled cache if a directory for it is given."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from waypost.core.catalog.document import FORMAT, embeddings_of, records_of
from waypost.core.catalog.table import Catalog, assemble
from waypost.core.model.canonical import fingerprint
from waypost.errors import CatalogError
from waypost.runtime import catalog_cache


def packaged_catalog() -> Path:
    """The file of the catalog that comes with Waypost: in the wheel, else in the checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "policies" / "catalog.yaml"
    return inside if inside.is_file() else package.parent.parent / "policies" / "catalog.yaml"


def load_catalog(
    path: str | Path | Sequence[str | Path | Catalog] | None = None, *, cache: Path | None = None
) -> Catalog:
    """The catalog in ``path``, or the packaged one; ``cache`` is a directory that may be written.

    Several paths (a list, or text as in ``PATH``) are a catalog and the overlays on it, in their order; overlays alone
    lie on the packaged catalog.

    Raises:
        CatalogError: not readable, or faults in it; the first in the file, the rest in ``others``.
    """
    catalog, overlays = None, []
    for item in _parts(path):
        if isinstance(item, Catalog):
            raw, base = b"", item
        elif (raw := _bytes(item)) and _marked(raw):
            overlays.append((raw, item))
            continue
        else:
            base = _load(raw, item, cache)
        if catalog is not None:
            remedy = "give one; what lies on it begins with `waypost: catalog-overlay/v1`"
            raise CatalogError("a second catalog", where=str(item) if raw else base.name, remedy=remedy)
        catalog = base
    if catalog is None:
        catalog = _load(_bytes(packaged_catalog()), packaged_catalog(), cache)
    for raw, file in overlays:
        catalog = _overlaid(catalog, _text(raw, file), str(file), cache)
    return catalog


def _parts(path: str | Path | Sequence[str | Path | Catalog] | None) -> list[Path | Catalog]:
    if path is None:
        return [packaged_catalog()]
    if isinstance(path, str) and os.pathsep in path and not Path(path).exists():
        path = [part for part in path.split(os.pathsep) if part]
    given = [path] if isinstance(path, str | Path) else path
    return [item if isinstance(item, Catalog) else Path(item) for item in given]


def _marked(raw: bytes) -> bool:
    if b"catalog-overlay/" not in raw:
        return False
    from waypost.runtime.catalog_overlay import is_overlay  # few have any

    return is_overlay(raw)


def _overlaid(catalog: Catalog, text: str, file: str, cache: Path | None) -> Catalog:
    from waypost.core.catalog.overlay import lay
    from waypost.runtime import yaml_cache
    from waypost.runtime.catalog_overlay import OverlayReader

    return lay(OverlayReader(yaml_cache.parse(text, file, CatalogError, cache), catalog).overlay(), catalog)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        what = f"cannot be read ({getattr(exc, 'strerror', None) or type(exc).__name__})"
        raise CatalogError(what, where=str(file), remedy="give the path of a catalog file") from None


def _text(raw: bytes, file: Path) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise CatalogError("not UTF-8", where=str(file), remedy="give the path of a catalog file") from None


def _load(raw: bytes, file: Path, cache: Path | None) -> Catalog:
    if cache is None:
        return read_catalog(_text(raw, file), str(file))
    digest = hashlib.sha256(raw).hexdigest()
    stored = catalog_cache.place(cache, digest)
    found = catalog_cache.read(stored, digest)
    if found is None:
        found = read_catalog(_text(raw, file), str(file))
        catalog_cache.write(stored, digest, found)
    return found


def read_catalog(text: str, file: str) -> Catalog:
    """The catalog that ``text`` says; ``file`` is its name in errors.

    Raises:
        CatalogError: the first fault in the file, the rest in ``others``.
    """
    from waypost.runtime import yaml  # a catalog from the cache needs no reader
    from waypost.runtime.catalog_reader import CatalogReader

    return CatalogReader(yaml.parse(text, file, CatalogError)).catalog()


def catalog_from_document(document: Mapping[str, Any]) -> Catalog:
    """The catalog of a stored document, with the fingerprint that it was stored under.

    Raises:
        CatalogError: it is not a document of a catalog.
    """
    return _rebuild(document, fingerprint(document))


def _rebuild(document: Mapping[str, Any], digest: str) -> Catalog:
    try:
        targets, endpoints, aliases, sources = records_of(document)
        name = document["name"]
        return assemble(
            name, targets, endpoints, aliases,
            sources=sources, document=document, digest=digest, embeddings=embeddings_of(document),
        )  # fmt: skip
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as exc:
        raise CatalogError(
            f"not a {FORMAT} document: {type(exc).__name__} {exc}", where="document", remedy="load the catalog's file"
        ) from None
