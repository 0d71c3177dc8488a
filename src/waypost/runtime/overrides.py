"""Overrides: somebody forces a target for a while. They stand in ``$WAYPOST_HOME/overrides.json``, the operator's own
file, and every change of it is a line of ``overrides.log`` beside it: who, when, why.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Override
from waypost.core.model.target import TargetId
from waypost.errors import SettingsError
from waypost.runtime.home import Home

FILE = Home.OVERRIDES
LOG, LOCK = "overrides.log", "overrides.lock"
FORMAT = "overrides/v1"
SCOPES = ("department", "user", "workflow", "step", "session", "budget_tier")
"""Keys that a scope may have, beside ``context.<name>``."""
_KEYS = frozenset(("id", "target", "author", "reason", "until", "scope"))
_SPAN = re.compile(r"([0-9]+) ?(s|min|h|d)\Z")
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}
_NS = 1_000_000_000


def read(path: Path) -> tuple[Override, ...]:
    """All overrides of the file, in its order, expired ones too; none where there is no file.

    Raises:
        SettingsError: it cannot be read or used; ``where`` is the file, and the entry within it.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise SettingsError(what, where=str(path), remedy="make it readable, or delete it") from None
    except ValueError as error:
        remedy = "mend it, or delete it and set the overrides again"
        raise SettingsError(f"not JSON ({error})", where=str(path), remedy=remedy) from None
    if not isinstance(document, dict) or document.get("waypost") != FORMAT:
        raise SettingsError("not a file of overrides", where=str(path), remedy=f'begin it with "waypost": "{FORMAT}"')
    rows = document.get("overrides")
    if not isinstance(rows, list):
        raise SettingsError("`overrides` is not a list", where=str(path), remedy="write a list, or delete the file")
    found = tuple(_override(row, f"{path}: overrides[{place}]") for place, row in enumerate(rows))
    if len({item.id for item in found}) < len(found):
        raise SettingsError("two overrides have one id", where=str(path), remedy="give each its own")
    return found


def _override(row: Any, where: str) -> Override:
    if not isinstance(row, dict) or not row.keys() >= _KEYS - {"scope"} or not row.keys() <= _KEYS:
        remedy = "give id, target, author, reason and until, and scope where it is not for everybody"
        raise SettingsError("not an override", where=where, remedy=remedy)
    for key in sorted(_KEYS - {"scope"}):
        _text(key, row[key], where)
    scope = row.get("scope", {})
    if not isinstance(scope, dict):
        raise SettingsError("`scope` is not a mapping", where=where, remedy='write {"department": "rd"}')
    until = _moment(row["until"])
    if until is None:
        raise SettingsError(f"`until` is {row['until']!r}", where=where, remedy="write it as in 2026-11-21T18:00:00Z")
    return Override(row["id"], row["target"], row["author"], row["reason"], until, scope_of(scope, where))


def scope_of(scope: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
    """A scope as pairs, by key. Raises SettingsError."""
    for key, value in scope.items():
        if key not in SCOPES and not (key.startswith("context.") and len(key) > 8):
            remedy = "use " + ", ".join(SCOPES) + " or context.<name>"
            raise SettingsError(f"{key!r} is no scope", where=where, remedy=remedy)
        _text(key, value, where)
    return tuple(sorted(scope.items()))


def _text(key: str, value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"`{key}` is {value!r}, not text", where=where, remedy="say it in a few words")
    return value


def until_ns(text: str, now_ns: int, where: str) -> int:
    """``2h``, ``30min``, ``1d`` from now, or a moment in ISO 8601 (local where it has no zone), in epoch nanoseconds.

    Raises:
        SettingsError: it is neither, or not in the future.
    """
    span = _SPAN.match(text.strip())
    found = now_ns + int(span[1]) * _SECONDS[span[2]] * _NS if span else _moment(text.strip())
    if found is None or found > _moment("9999-12-31T00:00:00Z"):  # type: ignore[operator]
        raise SettingsError(f"{text!r} is no time", where=where, remedy="give 2h, 30min, 1d, or 2026-11-21T18:00Z")
    if found <= now_ns:
        raise SettingsError(f"{text!r} is not in the future", where=where, remedy="give a later time")
    return found


def _moment(text: str) -> int | None:
    try:
        when = datetime.fromisoformat(text)
        seconds = (when if when.tzinfo else when.astimezone()).timestamp()
    except (ValueError, OverflowError):
        return None
    return int(seconds) * _NS


def written(until: int) -> str:
    """Epoch nanoseconds as in the file: ``2026-11-21T18:00:00Z``."""
    return datetime.fromtimestamp(until // _NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make(
    target: TargetId, *, until: int, author: str, reason: str, scope: Mapping[str, Any], where: str = "override"
) -> Override:
    """A new override with an id of its own; its end loses what is finer than a second. Raises SettingsError."""
    name = "ov_" + secrets.token_hex(4)
    return Override(
        name, _text("target", target, where), _text("author", author, where), _text("reason", reason, where),
        until // _NS * _NS, scope_of(scope, where),
    )  # fmt: skip


def known(target: TargetId, given: Catalog | Sequence[Any], where: str) -> None:
    """Whether the catalog, or the one that is loaded from there, has such a target. Raises ConfigError where not."""
    from waypost.runtime import yaml  # only who sets one pays for it
    from waypost.runtime.catalogs import load_catalog

    catalog = given if isinstance(given, Catalog) else load_catalog(given or None)
    if catalog.get(target) is None:
        raise SettingsError(f"unknown target {target!r}", where=where, remedy=yaml.suggest(target, catalog.index))


def add(home: Path, override: Override, now_ns: int) -> None:
    """Write it down as the last of the file, from which those that have expired are taken; log it.

    Raises:
        SettingsError: the file cannot be used as it is.
        OSError: it cannot be written.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(home):
        kept = [item for item in read(home / FILE) if now_ns < item.until_ns]
        _log(home, "set", override, override.author, now_ns)
        _write(home, [*kept, override])


def clear(home: Path, name: str, author: str, now_ns: int) -> Override:
    """Take the override of that id away, and log who did.

    Raises:
        SettingsError: there is none, or the file cannot be used as it is.
        OSError: it cannot be written.
    """
    _find(home, name)  # so that nothing is made in a home that has none
    with _locked(home):
        gone = _find(home, name)
        _log(home, "clear", gone, author, now_ns)
        _write(home, [item for item in read(home / FILE) if item.id != name])
    return gone


def _find(home: Path, name: str) -> Override:
    there = read(home / FILE)
    for item in there:
        if item.id == name:
            return item
    remedy = "there are " + ", ".join(item.id for item in there) if there else "there are none"
    raise SettingsError(f"no override has the id {name!r}", where=str(home / FILE), remedy=remedy)


def plain(override: Override) -> dict[str, Any]:
    """As in the file."""
    return {
        "id": override.id,
        "target": override.target,
        "author": override.author,
        "reason": override.reason,
        "until": written(override.until_ns),
        "scope": dict(override.scope),
    }


def _write(home: Path, overrides: list[Override]) -> None:
    """Beside it and moved into place, so that nobody reads half a file."""
    document = {"waypost": FORMAT, "overrides": [plain(item) for item in overrides]}
    unborn = home / f"{FILE}.{os.getpid()}-{secrets.token_hex(4)}.new"
    try:
        with os.fdopen(os.open(unborn, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
            out.flush()
            os.fsync(out.fileno())
        unborn.replace(home / FILE)
    finally:
        unborn.unlink(missing_ok=True)


def _log(home: Path, did: str, override: Override, author: str, now_ns: int) -> None:
    line = {"at": written(now_ns), "did": did, "by": author, "override": plain(override)}
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
    fd = os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One writer at a time; where the platform has no such lock, the last one wins."""
    fd = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            from fcntl import LOCK_EX, flock
        except ImportError:
            pass
        else:
            flock(fd, LOCK_EX)
        yield
    finally:
        os.close(fd)
