"""Reloading: the files that calls are routed by are looked at now and then, and read again where one has changed.

Looking is a `stat` of each file on the worker's thread, and only while there are calls: without them the pauses double
up to `IDLE_S`, and a process that has never called anybody does not look at all. What is found is put in force whole;
what cannot be used leaves the old in force, and is said once.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from waypost.errors import ConfigError
from waypost.runtime import bundle as bundles
from waypost.runtime.home import Home
from waypost.runtime.recording import Faults
from waypost.runtime.worker import Worker

if TYPE_CHECKING:
    from waypost.core.model.question import Override
    from waypost.core.routing.prepare import Routes
    from waypost.runtime.settings import Settings

log = logging.getLogger("waypost")
IDLE_S = 30.0
"""The longest pause between two looks in a process that has called somebody."""
_TICK_NS = 50_000_000
"""A file younger than this may change again without a new time: clocks of file systems have steps."""
_PLACE = re.compile(r"(.+?)(?::[0-9]+:[0-9]+)?\Z", re.DOTALL)
Stamp: TypeAlias = "tuple[int, int, int] | None"
"""Time of the last change, size and inode; ``None`` where there is nothing."""


def stamp(path: str) -> Stamp:
    """What a file looks like from outside; of a link, what it leads to."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Running(Protocol):
    """What is in force in a process, and how it is exchanged."""

    active: bool
    settings: Settings
    bundle: bundles.Bundle
    home: Home
    worker: Worker
    faults: Faults

    def keep(self, bundle: bundles.Bundle) -> None: ...

    def swap(self, new: bundles.Bundle) -> None: ...


class Reloader:
    """Looks, loads and swaps for one engine. ``every_s`` of 0 looks at nothing by itself."""

    def __init__(self, engine: Running, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._stamps: dict[str, Stamp] = {}
        self._faults: dict[str, str] = {}
        self._worked = False
        self._pause = self.every_s = engine.settings.reload_s
        self._last = monotonic()
        _all.add(self)
        self._watch(engine.bundle.files, time.time_ns(), {})
        if self.every_s > 0:
            engine.worker.on_work = self.woken

    def after_fork(self) -> None:
        """In a child: the thread that may have held the lock is not there."""
        self._lock = threading.RLock()

    # --- when to look

    def woken(self) -> None:
        """The worker did something, so there are calls: look where that is due, else when it is."""
        self._worked = True
        if not self._engine.active or self._engine.worker.closed:
            return
        left = self._last + self.every_s - self._monotonic()
        if left <= 0:
            self._look()
        elif not self._engine.worker.waits(self._look):
            self._engine.worker.again(self._look, left)

    def _look(self) -> None:
        if not self._engine.active or self._engine.worker.closed:
            return
        self._last = self._monotonic()
        self._pause = self.every_s if self._worked else max(min(self._pause * 2, IDLE_S), self.every_s)
        self._worked = False
        self._engine.worker.again(self._look, self._pause)
        self.check()

    # --- what to do

    def check(self) -> None:
        """Read again what has changed since it was read last."""
        with self._lock:
            changed = [path for path, known in self._stamps.items() if stamp(path) != known]
            if changed == [self._overrides()]:
                self.overrides()
            elif changed:
                self.reload()

    def configure(self, settings: Settings, forced: tuple[Override, ...] | None = None) -> None:
        """Swap in what ``settings`` name, with the overrides ``forced`` if they have been read. Raises ConfigError; the
        old bundle stays in force then."""
        with self._lock:
            began, before = time.time_ns(), self._seen(settings)
            engine = self._engine
            new = bundles.load(settings, engine.home.cache if engine.home.persistent else None, forced=forced)
            engine.keep(new)
            old = engine.bundle
            engine.swap(new)
            engine.settings = settings
            log.info("reload: %s", difference(old.routes, new.routes))
            self._watch(new.files, began, before)

    def reload(self) -> bool:
        """Read the same files again. A bad file leaves the old one in force, is said and is counted; it keeps neither
        policies nor overrides from what is good of the other."""
        with self._lock:
            fine = self.overrides()
            try:
                self.configure(self._engine.settings, self._engine.bundle.routes.overrides)
            except ConfigError as error:
                self._say("reload", error, "the old policy stays in force")
                self._watch_refused(error)
                return False
            self._mended("reload")
            return fine

    def overrides(self) -> bool:
        """Read the overrides alone."""
        with self._lock:
            path, engine = self._overrides(), self._engine
            self._stamps[path] = _sure(stamp(path), time.time_ns())
            try:
                found = bundles.overrides(engine.settings)
            except ConfigError as error:
                self._say("overrides", error, "the old overrides stay in force")
                return False
            before = engine.bundle.routes.overrides
            engine.bundle = replace(engine.bundle, routes=replace(engine.bundle.routes, overrides=found))
            if found != before:
                log.info("overrides: %d -> %d", len(before), len(found))
            self._mended("overrides")
            return True

    def _say(self, layer: str, error: ConfigError, consequence: str) -> None:
        text = str(error)
        if text != self._faults.get(layer):
            self._engine.faults.mended(layer)
            self._faults[layer] = text
        self._engine.faults.loss(layer, error, f"{consequence}: {text}")

    def _mended(self, layer: str) -> None:
        if self._faults.pop(layer, None) is not None:
            self._engine.faults.mended(layer)
            names = ", ".join(plan.policy.name for plan in self._engine.bundle.routes.plans)
            log.warning("%s: the files can be used again; in force: %s", layer, names)

    def _watch_refused(self, error: ConfigError) -> None:
        began = time.time_ns()
        blamed = [_PLACE.sub(r"\1", fault.where) for fault in (error, *error.others)]
        named = (*self._engine.bundle.files, *_named(self._engine.settings), *blamed)
        files = {os.path.abspath(path) for path in named if path}
        # What is missing may come, beside what is there.
        self._watch((*files, *map(os.path.dirname, files)), began, {})

    # --- files

    def _overrides(self) -> str:
        return os.path.abspath(self._engine.settings.home / Home.OVERRIDES)

    def _seen(self, settings: Settings) -> dict[str, Stamp]:
        """How the files that are known so far look before they are read."""
        return {path: stamp(path) for path in {*self._stamps, *map(os.path.abspath, _named(settings))}}

    def _watch(self, files: Iterable[str], began: int, before: Mapping[str, Stamp]) -> None:
        paths = {*map(os.path.abspath, files), self._overrides()}
        self._stamps = {path: _sure(before[path] if path in before else stamp(path), began) for path in paths}


def difference(old: Routes, new: Routes) -> str:
    """What is another than it was, by the beginnings of fingerprints: ``rd 1a2b3c4d -> 5e6f7a8b, catalog ...``."""
    before = {plan.policy.name: plan.policy.fingerprint for plan in old.plans}
    after = {plan.policy.name: plan.policy.fingerprint for plan in new.plans}
    pairs = [(name, before.get(name), after.get(name)) for name in dict.fromkeys((*after, *before))]
    pairs.append(("catalog", old.catalog.fingerprint, new.catalog.fingerprint))
    changed = [f"{name} {_begun(was)} -> {_begun(now)}" for name, was, now in pairs if was != now]
    if not changed and list(before) != list(after):
        changed = [f"now in the order {', '.join(after)}"]
    return (
        ", ".join(changed) or f"nothing differs ({', '.join(f'{name} {_begun(now)}' for name, now in after.items())})"
    )


def _begun(fingerprint: str | None) -> str:
    return "none" if fingerprint is None else fingerprint[:8]


def _sure(found: Stamp, began: int) -> Stamp:
    """A stamp that no further change can have; one that changed just now is looked at once more."""
    if found is not None and -_TICK_NS < found[0] - began + _TICK_NS < 2 * _TICK_NS:
        return (-1, found[1], found[2])
    return found


def _named(settings: Settings) -> list[str]:
    return [os.fspath(item) for item in (*settings.policies, *settings.catalogs) if bundles.is_path(item)]


_all: weakref.WeakSet[Reloader] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for reloader in list(_all):
        reloader.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
