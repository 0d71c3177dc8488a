"""Where a command takes policies and catalogs from: files, the environment, or the object store by fingerprint."""

from __future__ import annotations

import argparse
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.adapters.stores.objects import ObjectStore
from waypost.core.catalog.document import FORMAT
from waypost.core.catalog.table import Catalog
from waypost.core.policy.document import VERSION, policy_from_document
from waypost.core.policy.fields import nearest
from waypost.core.policy.tree import Policy
from waypost.errors import ConfigError, SettingsError
from waypost.runtime.bundle import packaged_policy, places_file
from waypost.runtime.catalogs import catalog_from_document, load_catalog
from waypost.runtime.documents import load_policy
from waypost.runtime.policy_files import policy_path

FINGERPRINT = re.compile(r"[0-9a-f]{8,64}\Z")
_REMEDY = "`waypost explain ID` shows the fingerprints of a receipt; --home names another store"


@dataclass(frozen=True, slots=True)
class Stored:
    """What fingerprints of the object store resolve to; ``None`` for what was not asked for."""

    policy: Policy | None = None
    catalog: Catalog | None = None


def catalog_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--catalog", metavar="FILE", help="with overlays behind `:`; default: WAYPOST_CATALOG, else packaged"
    )


def catalog(given: str | None) -> Catalog:
    """The catalog in ``given``, else the one that would be in force here. Raises ConfigError."""
    return load_catalog(given or os.environ.get("WAYPOST_CATALOG") or None)


def catalog_files(given: str | None) -> frozenset[Path]:
    """The files that `catalog` reads."""
    named = (given or os.environ.get("WAYPOST_CATALOG") or "").split(os.pathsep)
    return frozenset(Path(part).resolve() for part in named if part)


def target_remedy(name: str, table: Catalog) -> str:
    """What to do about a target that there is not: the nearest by model or id, and where all of them are listed."""
    said = nearest(name, {*table.index, *(target.model for target in table.targets)})
    where = "`waypost catalog show` lists them"
    return f"{said} {where}" if said.startswith("did you mean") else where


def policies(given: list[str] | None) -> list[str | Path]:
    """Paths of policies: those given, one each or several with `:` between them, else those in force here."""
    if given:
        return [path_of(part) for name in given for part in _parts(name)]
    named = [part for part in os.environ.get("WAYPOST_POLICY", "").split(os.pathsep) if part]
    return [*named] if named else [packaged_policy()]


def _parts(name: str) -> list[str]:
    """As in ``WAYPOST_POLICY``, unless there is a file of that very name."""
    parts = [part for part in name.split(os.pathsep) if part]
    return [name] if Path(name).is_file() or not parts else parts


def path_of(name: str) -> Path:
    """The file ``name``; the packaged policy of that name where there is no such file."""
    return policy_path(name)


def stored(objects: ObjectStore, names: list[str]) -> Stored:
    """The policy and the catalog of these fingerprints, or of their first eight digits or more.

    Raises:
        SettingsError: no object or several of that name, one that is neither, or two of a kind.
    """
    found = Stored()
    for name in names:
        digest, document = _object(objects, name)
        match document.get("waypost"):
            case version if version == VERSION and found.policy is None:
                found = Stored(_policy(objects, digest, document), found.catalog)
            case version if version == FORMAT and found.catalog is None:
                found = Stored(found.policy, catalog_from_document(document))
            case version if version in (VERSION, FORMAT):
                raise SettingsError(f"{name} is a second {version}", where="--at", remedy="give one of each")
            case _:
                raise SettingsError(f"{name} is neither a policy nor a catalog", where="--at", remedy=_REMEDY)
    return found


def policy(given: str, objects: ObjectStore, table: Catalog | None) -> Policy:
    """A policy by the path of its file, its fingerprint in the object store, or its name among the packaged ones.

    Raises:
        ConfigError: no such file and no such policy, or one that cannot be used.
    """
    path = path_of(given)
    if path.is_file() or not FINGERPRINT.match(given):
        return load_policy(path, catalog=table)
    found = stored(objects, [given]).policy
    if found is None:
        raise SettingsError(f"{given} is a catalog", where=given, remedy="give the fingerprint of a policy")
    return found


def _object(objects: ObjectStore, name: str) -> tuple[str, dict[str, Any]]:
    if not FINGERPRINT.match(name):
        what = f"{name!r} is no fingerprint: 8 to 64 of the digits 0-9 and a-f"
        raise SettingsError(what, where="--at", remedy=_REMEDY)
    found = [path for path in objects.directory.glob(f"{name[:2]}/{name[2:]}*") if "." not in path.name]
    if len(found) != 1:
        many = ", ".join(f"{path.parent.name}{path.name}"[:16] for path in sorted(found)[:4])
        what = f"{len(found)} objects begin with {name}: {many}" if found else f"nothing is stored as {name}"
        where = str(objects.directory)
        raise SettingsError(what, where=where, remedy="give more digits" if found else _REMEDY)
    digest = f"{found[0].parent.name}{found[0].name}"
    try:
        document = json.loads(objects.get(digest))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot be read: {error}", where=digest[:16], remedy="restore it from a copy") from None
    return digest, document if isinstance(document, dict) else {}


def _policy(objects: ObjectStore, digest: str, document: dict[str, Any]) -> Policy:
    try:
        positions = json.loads(places_file(objects, digest).read_bytes())
    except (OSError, ValueError):  # the rules are as true without the places of their lines
        positions = None
    try:
        return policy_from_document(document, positions)
    except (ConfigError, ValueError, KeyError, TypeError) as error:
        what = f"this version of Waypost cannot read it: {type(error).__name__} {error}"
        raise SettingsError(what, where=digest[:16], remedy="use the version that stored it") from None
