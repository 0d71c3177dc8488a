"""Advisors by name: found, asked, waited for, and left alone for a while where they fail again and again.

Those of this package are files in `waypost.adapters.advisors`; those of others are entry points of the group
``waypost.advisors``. No list has to be edited, and nothing is looked for unless a policy names one.
"""

from __future__ import annotations

import asyncio
import pkgutil
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from inspect import isawaitable
from typing import Any

from waypost.adapters import advisors as own
from waypost.core.model.advice import Advice, AdviceFailure, Picks
from waypost.core.model.inquiry import MAX_BECAUSE, Opinion, picked
from waypost.core.model.target import Target
from waypost.core.policy.bits import remember
from waypost.core.routing.effects import Consult
from waypost.core.routing.ports import Advisor, MaybeAwaitable, Mode
from waypost.runtime.context import suppress

GROUP = "waypost.advisors"
PATIENCE = 3
"""So many failures in a row, and the advisor is left alone."""
REST_NS = 30_000_000_000
"""For so long; then one call asks again."""
_MEMO = 256
_PLAIN = str.maketrans(dict.fromkeys(map(chr, (*range(32), 127)), " "))

Lost = Callable[[Exception], None]


class Counsel:
    """One advisor of this process, and how it has been doing."""

    def __init__(self, name: str, advisor: Advisor, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.name = name
        self.advisor = advisor
        self.failures = 0
        self.rests_until_ns = 0
        self._clock = clock
        self._read: dict[int, tuple[Opinion, tuple[Target, ...], Picks, str]] = {}

    def ask(self, effect: Consult, mode: Mode, lost: Lost) -> MaybeAwaitable[Advice]:
        """What it says; whatever goes wrong is told to ``lost`` and stands in the advice."""
        begun = self._clock()
        if self.failures >= PATIENCE and begun < self.rests_until_ns:
            return self._without("resting", begun)
        if self.failures >= PATIENCE:  # others do without it until this call knows more
            self.rests_until_ns = begun + REST_NS
        try:
            with suppress():  # what it asks of a model is no call of this application
                said: Any = self.advisor.advise(effect.inquiry, effect.within_ns, mode)
            if isawaitable(said):
                if mode == "async":
                    return self._awaited(said, effect, begun, lost)
                _close(said)
                said = None  # nobody here could wait for it
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            return self._failed(_kind(error), error, begun, lost)
        return self._heard(said, effect, begun, lost)

    async def _awaited(self, said: Any, effect: Consult, begun: int, lost: Lost) -> Advice:
        try:
            with suppress():
                async with asyncio.timeout(effect.within_ns / 1e9):
                    said = await said
        except (Exception, asyncio.CancelledError, SystemExit) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise  # it is the caller's own call that is cancelled
            return self._failed(_kind(error), error, begun, lost)
        return self._heard(said, effect, begun, lost)

    def _heard(self, said: Any, effect: Consult, begun: int, lost: Lost) -> Advice:
        """What counts of an answer. One that came late was waited for and is used, but counts against the advisor."""
        try:
            picks, because = self._reading(said, effect.inquiry.targets)
        except Exception as error:
            return self._failed("malformed", error, begun, lost)
        took = self._clock() - begun
        if took > effect.within_ns:
            self._count()
        else:
            self.failures = 0
        if not picks:
            return self._without("empty", begun)
        return Advice(self.name, self.version, picks, because=because, took_ns=took)

    def _reading(self, said: Any, targets: tuple[Target, ...]) -> tuple[Picks, str]:
        """Whom it names and why. An opinion that comes again about the same targets is not read again."""
        known = self._read.get(id(said))
        if known is not None and known[0] is said and known[1] is targets:
            return known[2:]
        if not isinstance(said, Opinion) or not isinstance(said.because, str):
            raise TypeError(f"an answer of type {type(said).__name__}")
        picks = picked(said.picks, [target.id for target in targets])
        because = " ".join(said.because.translate(_PLAIN).split())[:MAX_BECAUSE]
        remember(self._read, id(said), (said, targets, picks, because), _MEMO)
        return picks, because

    def _failed(self, failure: AdviceFailure, error: BaseException, begun: int, lost: Lost) -> Advice:
        self._count()
        lost(error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__} of an advisor"))
        return self._without(failure, begun)

    def _count(self) -> None:
        self.failures += 1
        if self.failures >= PATIENCE:
            self.rests_until_ns = self._clock() + REST_NS

    def _without(self, failure: AdviceFailure, begun: int) -> Advice:
        return Advice(self.name, self.version, failure=failure, took_ns=self._clock() - begun)

    @property
    def version(self) -> str:
        return str(getattr(self.advisor, "version", ""))[:64]


def _kind(error: BaseException) -> AdviceFailure:
    return "timeout" if isinstance(error, TimeoutError) else "error"


_found: dict[str, Counsel] = {}


def ask(effect: Consult, mode: Mode, lost: Lost) -> MaybeAwaitable[Advice]:
    """What the advisor of that name says of a call. Never raises."""
    try:
        counsel = find(effect.advisor)
    except Exception as error:  # policies are checked when they are loaded; this one came from elsewhere
        lost(error)
        return Advice(effect.advisor, failure="missing")
    return counsel.ask(effect, mode, lost)


def find(name: str) -> Counsel:
    """The advisor of that name, the same for the whole process.

    Raises:
        LookupError: there is none; whatever its module raises when it is imported or made.
    """
    counsel = _found.get(name)
    if counsel is None:
        counsel = _found.setdefault(name, Counsel(name, _made(name)))
    return counsel


def _made(name: str) -> Advisor:
    made: Any
    if name in packaged():
        made = import_module(f"{own.__name__}.{name}").Advisor
    else:
        entry = next((entry for entry in _entries() if entry.name == name), None)
        if entry is None:
            raise LookupError(f"no advisor {name!r}")
        made = entry.load()
    advisor = made() if isinstance(made, type) else made
    if not callable(getattr(advisor, "advise", None)):
        raise LookupError(f"the entry point {name!r} of {GROUP} has no method `advise`")
    return advisor  # type: ignore[no-any-return]


def packaged() -> tuple[str, ...]:
    """The names of those that come with this package."""
    return tuple(sorted(item.name for item in pkgutil.iter_modules(own.__path__)))


def names() -> tuple[str, ...]:
    """The names of all that are installed, sorted."""
    return tuple(sorted({*packaged(), *(entry.name for entry in _entries())}))


def _entries() -> Any:
    return _installed(tuple(sys.path))


@lru_cache(maxsize=8)
def _installed(_path: tuple[str, ...]) -> Any:
    from importlib.metadata import entry_points  # reads the metadata of everything on the path

    return entry_points(group=GROUP)


def _close(said: Any) -> None:
    close = getattr(said, "close", None)
    if close is not None:
        close()
