"""`waypost doctor`: what is installed here, what the environment switches, and what no seam covers."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Literal

from waypost._version import __version__
from waypost.runtime import settings
from waypost.runtime.patch import adapters
from waypost.surfaces.cli.doctor_check import Check, installed

SDKS = {"openai": "openai", "anthropic": "anthropic", "google-genai": "google.genai"}
LIBRARIES = ("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http", "httpx", "httpx2")
UNCOVERED = (
    ("openai", "batch jobs, the realtime API, file and fine-tuning endpoints"),
    ("anthropic", "message batches"),
    ("google-genai", "live sessions, interactions, batch jobs"),
)


def environment() -> Iterator[Check]:
    """Versions of ourselves, Python and the libraries that matter here."""
    yield Check("waypost", "ok", f"{__version__}, Python {platform.python_version()}, {sys.platform}")
    found = [f"{name} {version}" for name in LIBRARIES if (version := installed(name)) is not None]
    yield Check("libraries", "ok", ", ".join(found))
    if os.environ.get("WAYPOST_ENABLED", "1").strip().lower() in ("0", "false", "no", "off"):
        yield Check("enabled", "finding", "WAYPOST_ENABLED switches Waypost off", "unset it")
    for name, near in settings.unknown():
        remedy = f"did you mean {near}?" if near is not None else "known: " + ", ".join(settings.VARIABLES)
        yield Check("variable", "finding", f"{name} is ignored, because no such setting is known", remedy)


def sdks() -> Iterator[Check]:
    """Each SDK: installed, its version, and whether the seam fits it."""
    known = {adapter.MODULE.rpartition(".")[0]: adapter for adapter in adapters()}
    for name, module in SDKS.items():
        version = installed(name)
        if version is None:
            yield Check(f"sdk {name}", "note", "not installed")
        elif module not in known:
            yield Check(f"sdk {name}", "note", f"{version}; its calls are not routed and leave no receipts")
        else:
            problem = _fits(known[module])
            state: Literal["ok", "finding"] = "ok" if problem is None else "finding"
            remedy = None if problem is None else f"install a version of {name} that Waypost knows"
            yield Check(f"sdk {name}", state, f"{version}{'' if problem is None else f': {problem}'}", remedy)


def uncovered() -> Iterator[Check]:
    """What the seam does not see, so that no receipt and no budget claims it."""
    for name, what in UNCOVERED:
        if installed(name) is not None:
            yield Check("uncovered", "note", f"{name}: {what}")


def _fits(adapter: Any) -> str | None:
    try:
        problem: str | None = adapter.fits(import_module(adapter.MODULE))
    except Exception as error:
        return f"cannot be imported ({type(error).__name__})"
    return problem
