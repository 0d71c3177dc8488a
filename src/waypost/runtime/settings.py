"""What the user set, by argument or by environment variable; arguments stand above variables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from waypost.core.model.frozen import dataclass
from waypost.core.model.question import Mode
from waypost.errors import SettingsError
from waypost.runtime.zones import UTC, offset_of

MODES = ("off", "observe", "advise", "route")
VARIABLES = (
    "WAYPOST_CATALOG",
    "WAYPOST_CONSOLE",
    "WAYPOST_CONTENT_SIZE",
    "WAYPOST_ENABLED",
    "WAYPOST_HOME",
    "WAYPOST_JSONL",
    "WAYPOST_LOG_LEVEL",
    "WAYPOST_MODE",
    "WAYPOST_POLICY",
    "WAYPOST_RECORD",
    "WAYPOST_RECORDING_PATH",
    "WAYPOST_RELOAD",
    "WAYPOST_TIME_ZONE",
)
"""Every variable of the environment that is read; docs/settings.md has a table of them."""
_OTHERS = (
    "BACKENDS_",
    "COLLECTOR_",
    "EXHAUSTIVE",
    "JAEGER_",
    "PORT_",
    "PROMETHEUS_",
    "REQUIRE_BACKENDS",
    "TRACE_PERCENT",
)
"""Beginnings of those that the repository's containers and tests read."""
_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off", ""))
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?s?\Z")
_CHARACTERS = re.compile(r"([0-9]{1,9}) ?([kM])?\Z")
_SCALES = {"": 1, "k": 1_000, "M": 1_000_000}
CONTENT_SIZE = 256_000
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. ``policies`` are paths or objects, in the order in which they are tried; ``catalog`` is
    one, or a list of one and its overlays. ``reload_s`` are seconds between two looks at the files, 0 for none;
    ``time_zone`` is whose days, weeks and months budgets follow; ``content_size`` are the characters that are kept of a
    call where a policy keeps its content."""

    home: Path
    policies: tuple[Any, ...] = ()
    catalog: Any = None
    mode: Mode | None = None
    jsonl: Path | None = None
    console: bool = False
    log_level: str = "WARNING"
    enabled: bool = True
    reload_s: float = 2.0
    time_zone: str = UTC
    content_size: int = CONTENT_SIZE

    @property
    def catalogs(self) -> tuple[Any, ...]:
        """The catalog and its overlays, as paths or objects; none where the packaged one is meant."""
        if self.catalog is None:
            return ()
        return tuple(self.catalog) if isinstance(self.catalog, list | tuple) else (self.catalog,)


def read(
    environ: Mapping[str, str] | None = None, *, policy: Any = None, catalog: Any = None, mode: str | None = None
) -> Settings:
    """Settings from arguments and from ``WAYPOST_*`` variables.

    Raises:
        SettingsError: a value that is not one of its choices; ``where`` names the argument or the variable.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("WAYPOST_HOME") or ".waypost")
    jsonl = env.get("WAYPOST_JSONL") or _recording(env)
    level = env.get("WAYPOST_LOG_LEVEL", "WARNING").upper()
    if level not in _LEVELS:
        raise SettingsError(f"{level!r} is no level", where="WAYPOST_LOG_LEVEL", remedy="use " + ", ".join(_LEVELS))
    return Settings(
        home=home,
        policies=_policies(policy, env),
        catalog=_catalogs(env.get("WAYPOST_CATALOG", "") if catalog is None else catalog),
        mode=_mode(mode, "auto_instrument(mode=...)") or _mode(env.get("WAYPOST_MODE"), "WAYPOST_MODE"),
        jsonl=Path(jsonl) if jsonl else None,
        console=flag(env, "WAYPOST_CONSOLE", default=False),
        log_level=level,
        enabled=flag(env, "WAYPOST_ENABLED", default=True),
        reload_s=_seconds(env.get("WAYPOST_RELOAD", ""), "WAYPOST_RELOAD", default=2.0),
        time_zone=_zone(env.get("WAYPOST_TIME_ZONE", "")),
        content_size=_size(env.get("WAYPOST_CONTENT_SIZE", ""), "WAYPOST_CONTENT_SIZE", default=CONTENT_SIZE),
    )


def unknown(environ: Mapping[str, str] | None = None) -> tuple[tuple[str, str | None], ...]:
    """``WAYPOST_*`` variables that nothing reads, sorted, each with the known one that was probably meant."""
    prefix = "WAYPOST_"
    env = os.environ if environ is None else environ
    strange = (name for name in env if name.startswith(prefix) and name not in VARIABLES)
    strangers = sorted(name for name in strange if not name[len(prefix) :].startswith(_OTHERS))
    known = [name[len(prefix) :] for name in VARIABLES]
    nearest = [(name, near(name[len(prefix) :], known)) for name in strangers]
    return tuple((name, None if found is None else prefix + found) for name, found in nearest)


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if there is one."""
    import difflib  # only who mistyped pays for it

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A yes or no variable. Raises SettingsError."""
    text = env.get(name)
    if text is None:
        return default
    if text.strip().lower() in _TRUE:
        return True
    if text.strip().lower() in _FALSE:
        return False
    raise SettingsError(f"{text!r} is neither yes nor no", where=name, remedy="use 1 or 0")


def _policies(policy: Any, env: Mapping[str, str]) -> tuple[Any, ...]:
    if policy is None:
        text = env.get("WAYPOST_POLICY", "")
        return tuple(part for part in text.split(os.pathsep) if part)
    return tuple(policy) if isinstance(policy, list | tuple) else (policy,)


def _catalogs(given: Any) -> Any:
    """Text as in ``PATH`` as several; the path of a file that is there is one, whatever it is called."""
    if not isinstance(given, str):
        return given
    paths = (given,) if Path(given).is_file() else tuple(part for part in given.split(os.pathsep) if part)
    return (paths[0] if len(paths) == 1 else paths) if paths else None


def _seconds(text: str, name: str, *, default: float) -> float:
    """Seconds, ``0`` or ``off`` for never."""
    text = text.strip().lower()
    if not text:
        return default
    if text in ("off", "no", "false"):
        return 0.0
    found = _SECONDS.match(text)
    value = float(found[1]) if found else -1.0
    if not (value == 0.0 or 0.05 <= value <= 86_400.0):
        raise SettingsError(f"{text!r} is no pause", where=name, remedy="give seconds, as in 2 or 0.5, or off")
    return value


def _size(text: str, name: str, *, default: int) -> int:
    """Characters, in thousands or millions where ``k`` or ``M`` says so."""
    text = text.strip()
    if not text:
        return default
    found = _CHARACTERS.match(text)
    value = int(found[1]) * _SCALES[found[2] or ""] if found else 0
    if not 1_000 <= value <= 16_000_000:
        raise SettingsError(f"{text!r} is no size", where=name, remedy="give characters from 1k to 16M, as in 256k")
    return value


def _zone(text: str) -> str:
    zone = text.strip() or UTC
    offset_of(zone, "WAYPOST_TIME_ZONE")
    return zone


def _mode(text: str | None, where: str) -> Mode | None:
    if not text:
        return None
    if text not in MODES:
        raise SettingsError(f"{text!r} is no mode", where=where, remedy="use " + ", ".join(MODES))
    return cast("Mode", text)


def _recording(env: Mapping[str, str]) -> str | None:
    """``WAYPOST_RECORD=1 WAYPOST_RECORDING_PATH=dir`` writes ``dir/decisions.jsonl``."""
    if not flag(env, "WAYPOST_RECORD", default=False):
        return None
    return str(Path(env.get("WAYPOST_RECORDING_PATH") or "waypost-recording") / "decisions.jsonl")
