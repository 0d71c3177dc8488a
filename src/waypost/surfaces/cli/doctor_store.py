"""`waypost doctor`: where receipts go, and where spans and metrics do."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from importlib import util
from pathlib import Path

from waypost.adapters.stores.content import ContentStore
from waypost.adapters.stores.sqlite import SqliteStore, StoreError
from waypost.runtime import otlp
from waypost.runtime.home import Home
from waypost.surfaces.cli import home
from waypost.surfaces.cli.doctor_check import Check


def store(directory: Path) -> Iterator[Check]:
    """Whether receipts can be written and read, how many are open, and what of ours broke."""
    if directory.exists() and not directory.is_dir():
        named = "set WAYPOST_HOME or --home to a directory"
        yield Check("home", "finding", f"{directory}: is a file, not a directory", named)
        return
    if not directory.exists():
        ready = os.access(_existing(directory), os.W_OK)
        remedy = None if ready else "set WAYPOST_HOME or --home to a directory that can be written"
        yield Check("home", "note" if ready else "finding", f"{directory}: not there yet", remedy)
        return
    writable = os.access(directory, os.W_OK)
    free = shutil.disk_usage(directory).free
    remedy = None if writable else "set WAYPOST_HOME or --home to a directory that can be written"
    text = f"{directory}: {'writable' if writable else 'not writable'}, {free // 1_000_000:,} MB free"
    yield Check("home", "ok" if writable else "finding", text, remedy)
    receipts = SqliteStore(directory / home.STORE, readonly=not writable)
    try:
        if writable:
            receipts.fold(directory / home.JOURNAL)
        yield from _contents(directory, writable)
        waiting = len(receipts.open_receipts())
        yield Check("receipts", "ok", f"{receipts.count():,} in {home.STORE}")
        if waiting:
            remedy = "`waypost list --open` shows them; a process that died leaves them open"
            yield Check("open receipts", "note", f"{waiting:,} sent and not settled", remedy)
        for layer, error, count in receipts.faults():
            yield Check("internal errors", "finding", f"{layer}: {error}, {count:,} times", "please report it")
    except StoreError as error:
        yield Check("receipts", "finding", str(error), error.remedy)
    finally:
        receipts.close()


def _contents(directory: Path, writable: bool) -> Iterator[Check]:
    """How much is kept beside receipts."""
    place = directory / Home.CONTENT
    if place.is_dir():
        count, size = ContentStore(place, readonly=not writable).count(time.time_ns())
        yield Check("contents", "ok", f"{count:,} can be read, {size // 1000:,} kB encrypted")


def _existing(directory: Path) -> Path:
    path = directory.absolute()
    while not path.exists():
        path = path.parent
    return path


def telemetry() -> Iterator[Check]:
    """Where the environment sends spans and metrics; an SDK that the application sets up itself is not seen here."""
    sdk = util.find_spec("opentelemetry.sdk") is not None
    signals: tuple[otlp.Signal, ...] = ("traces", "metrics")
    for signal in signals:
        place = otlp.endpoint(signal, os.environ)
        if place is None:
            text = "no OTLP endpoint is named in the environment; an SDK that the application configures is used"
            yield Check(signal, "note", text)
        elif otlp.wanted(signal, os.environ):
            yield Check(signal, "ok", "to the OTLP endpoint of OTEL_EXPORTER_OTLP_*")
        else:
            text = "an OTLP endpoint is named, but not exported to" + ("" if sdk else ": no SDK is installed")
            yield Check(
                signal, "finding", text, "pip install '.[otlp]' in a checkout of Waypost, or check the OTEL_* variables"
            )
