"""What the user set, by argument or by environment variable; arguments stand above variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from waypost.core.model.question import Mode
from waypost.errors import SettingsError

MODES = ("off", "observe", "advise", "route")
_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off", ""))
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. ``policies`` are paths or objects, in the order in which they are tried."""

    home: Path
    policies: tuple[Any, ...] = ()
    catalog: Any = None
    mode: Mode | None = None
    jsonl: Path | None = None
    console: bool = False
    log_level: str = "WARNING"
    enabled: bool = True


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
        catalog=catalog if catalog is not None else env.get("WAYPOST_CATALOG") or None,
        mode=_mode(mode, "auto_instrument(mode=...)") or _mode(env.get("WAYPOST_MODE"), "WAYPOST_MODE"),
        jsonl=Path(jsonl) if jsonl else None,
        console=flag(env, "WAYPOST_CONSOLE", default=False),
        log_level=level,
        enabled=flag(env, "WAYPOST_ENABLED", default=True),
    )


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
