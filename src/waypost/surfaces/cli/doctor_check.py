"""One thing that `waypost doctor` looked at, and whether a distribution is there."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. A ``finding`` is something to mend and makes the exit code 1."""

    topic: str
    state: Literal["ok", "note", "finding"]
    text: str
    remedy: str | None = None


def installed(distribution: str) -> str | None:
    """Its version; ``None`` where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
