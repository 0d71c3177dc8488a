"""What a real call meets here beside the policy: the mode that the environment asks for, and overrides in force."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

from waypost.core.analysis.verdict import Told
from waypost.core.model.question import Mode, Override
from waypost.core.routing.narrow import in_force
from waypost.core.routing.prepare import effective_mode
from waypost.errors import SettingsError
from waypost.policy import Verdict
from waypost.runtime import overrides
from waypost.runtime.settings import MODES


def here(page: Told, verdict: Verdict, home: Path) -> Told:
    """``page`` with the mode of ``WAYPOST_MODE`` and with the override of ``home`` that such a call would be under.

    Raises:
        SettingsError: ``WAYPOST_MODE`` is no mode.
    """
    operator = _operator(os.environ.get("WAYPOST_MODE"))
    mode, _ = effective_mode(verdict.plan, verdict.question, verdict.seed, operator)
    return replace(page, mode=mode, operator=operator, forced=_forced(verdict, home))


def _operator(text: str | None) -> Mode | None:
    if not text:
        return None
    if text not in MODES:
        raise SettingsError(f"{text!r} is no mode", where="WAYPOST_MODE", remedy="use " + ", ".join(MODES))
    return cast("Mode", text)


def _forced(verdict: Verdict, home: Path) -> Override | None:
    """A file that cannot be used keeps nobody from asking; that it would force nothing is said."""
    try:
        found = overrides.read(home / overrides.FILE)
    except SettingsError as error:
        print(f"waypost: {error}", file=sys.stderr)
        return None
    return in_force(found, verdict.question.context, time.time_ns())
