"""Who is told what, in which order: the journal first, then the sinks; folding and the rest follow on the worker.

Nothing here raises into a call. What breaks is counted and logged once per place; `strict` makes it raise instead.
"""

from __future__ import annotations

import logging
import os
import traceback
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Protocol

from waypost.adapters.stores.journal import Journal
from waypost.core.model.events import Attempting, Event, InternalError, Settled
from waypost.core.model.frozen import dataclass, factory
from waypost.core.model.kept import Kept
from waypost.core.model.receipt_lines import attempt_line, content_line, fault_line, settled_line
from waypost.runtime.worker import Worker

log = logging.getLogger("waypost")
RECENT = 2048
MOST_SAID = 512
_BY_DOCTOR = "`waypost doctor` counts them"
_BY_METRIC = "the metric waypost.dropped counts them"
FOLD_WITHIN_S = 1.0
"""How long a receipt may stand in the journal alone. Who asks for one has what is there folded first."""


class Faults:
    """Counts what of ours broke; logs each place once; raises when strict. A forked child begins at zero."""

    def __init__(self) -> None:
        self.strict = False
        self._reset()
        _faults.add(self)

    def _reset(self) -> None:
        self.counts: dict[str, int] = {}
        self._said: set[str] = set()

    def note(self, layer: str, error: BaseException | None, consequence: str, *, journaled: bool = False) -> None:
        """``error`` broke ``layer``; ``journaled`` is what other processes can count, too. Never raises, unless
        strict."""
        name = type(error).__name__ if error is not None else "error"
        key = f"{layer}:{name}"
        self.count(layer)
        if self.strict and error is not None:
            raise error
        if key not in self._said:
            self._said.add(key)
            counted = _BY_DOCTOR if journaled else _BY_METRIC
            log.warning("%s failed (%s); %s. Said once; %s.", layer, name, consequence, counted)
            log.debug("%s failed at %s", layer, _places(error))

    def count(self, layer: str) -> None:
        """Something was lost there, and whoever lost it has said so."""
        self.counts[layer] = self.counts.get(layer, 0) + 1

    def loss(self, layer: str, error: BaseException, consequence: str) -> None:
        """Something outside refused (disk full, read-only): counted and said once, and no fault of ours."""
        self.count(layer)
        self.say(layer, _reason(error), consequence)

    def say(self, layer: str, reason: str, consequence: str) -> None:
        """Log something that is counted elsewhere, the first time."""
        if layer not in self._said:
            self._said.add(layer)
            log.warning("%s: %s; %s. Said once; %s.", layer, reason, consequence, _BY_METRIC)

    def refuse(self, layer: str, key: str, reason: str, consequence: str = "ignored") -> None:
        """Somebody's ``key`` cannot be read: counted each time, and said once for each key."""
        self.count(layer)
        said = f"{layer}.{key}"
        if said not in self._said and len(self._said) < MOST_SAID:
            self._said.add(said)
            log.warning("%s: %s; %s. Said once for each key; %s.", layer, reason, consequence, _BY_METRIC)

    def mended(self, layer: str) -> None:
        """It works again, so that the next loss there is news."""
        self._said.discard(layer)


_faults: weakref.WeakSet[Faults] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for faults in list(_faults):
        # What the parent counts is reported by the parent; twice would be a lie.
        faults._reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


@dataclass(frozen=True, slots=True)
class Written:
    """A record as it was made, and where it stands in which journal; nowhere, if it could not be written."""

    line: str
    seq: int | None = None
    journal: str = ""

    @property
    def text(self) -> str:
        """The record as it is read back, made when somebody asks: hardly a call's is."""
        if self.seq is None:
            return self.line
        return f'{{"seq":{self.seq},"journal":"{self.journal}",{self.line[1:]}'


_new_written = factory(Written)


class Telling(Protocol):
    def event(self, event: Event) -> None: ...


class Recorder:
    """Tells one event to everybody."""

    def __init__(
        self,
        journal: Journal,
        sinks: Sequence[Telling],
        worker: Worker,
        faults: Faults,
        *,
        pseudonym: Callable[[str], str],
        fold: Callable[[], object],
        activate: Callable[[str], AbstractContextManager[Any]] | None = None,
        trace_id: Callable[[str], str | None] = lambda _: None,
        restore: Callable[[], object] = lambda: None,
    ) -> None:
        self.journal = journal
        self.sinks = list(sinks)
        self.worker = worker
        self.faults = faults
        self.recent: OrderedDict[str, list[Written]] = OrderedDict()
        self.names: OrderedDict[str, str] = OrderedDict()
        self._pseudonym = pseudonym
        self._fold = fold
        self._activate = activate
        self._trace_id = trace_id
        self._restore = restore
        self._unwritten: set[str] = set()

    def tell(self, event: Event, error: BaseException | None = None) -> None:
        """The journal, then each sink; a fault of one does not keep the others from it."""
        kind = event.__class__
        if kind is Attempting or kind is Settled:
            self._write(event)  # type: ignore[arg-type]
        elif kind is InternalError:
            self._fault(event, error)  # type: ignore[arg-type]
        for sink in self.sinks:
            try:
                sink.event(event)
            except Exception as fault:
                self.faults.note("sink", fault, f"{type(sink).__name__} missed an event")
        if kind is Settled:
            self._later()

    def active(self, receipt: str) -> AbstractContextManager[Any]:
        """What is entered around a send: the attempt's span as the current one."""
        if self._activate is None:
            return nullcontext()
        try:
            return self._activate(receipt)
        except Exception as error:
            self.faults.note("sink", error, "the call is not in its span")
            return nullcontext()

    def lines(self, receipt: str) -> list[str]:
        """The journal's records of a recent receipt of this process, as JSON text."""
        return [written.text for written in self.recent.get(receipt, ())]

    def feedback(self, receipt: str, score: int) -> None:
        """Journal a rating of an answer, from 1 to 10. Raises OSError."""
        self.journal.append({"kind": "feedback", "receipt": receipt, "score": score})
        self._later()

    def content(self, receipt: str, kept: Kept) -> None:
        """Journal what is kept of a call, and remember it. Raises OSError."""
        line = content_line(receipt, kept)
        seq = self.journal.append(line)
        lines = self.recent.get(receipt)
        if lines is not None:
            lines.append(_new_written(line, seq, self.journal.name))
        self._later()

    def _write(self, event: Attempting | Settled) -> None:
        receipt = event.started.receipt
        try:
            trace_id = self._trace_id(receipt)
            if isinstance(event, Attempting):
                line = attempt_line(event, self._pseudonym, trace_id)
            else:
                line = settled_line(event, self._pseudonym, trace_id, alone=receipt in self._unwritten)
            lines = self._remember(receipt, line, event)
            seq = self.journal.append(line)
            lines[-1] = _new_written(line, seq, self.journal.name)
            self._unwritten.discard(receipt)
        except OSError as error:
            self._missed(receipt)
            self.faults.loss("journal", error, "receipts are being lost; free the disk, or set WAYPOST_HOME")
        except Exception as error:
            self._missed(receipt)
            self.faults.note("journal", error, "a receipt is being lost")

    def _fault(self, event: InternalError, error: BaseException | None) -> None:
        """Count it, and journal it for `waypost doctor`, which looks from another process. Where the journal cannot be
        written that is said with the receipts that are lost."""
        with suppress(Exception):
            self.journal.append(fault_line(event))
            self._later()
        self.faults.note(event.layer, error, "the call went on without it", journaled=True)

    def _missed(self, receipt: str) -> None:
        if len(self._unwritten) < RECENT:
            self._unwritten.add(receipt)

    def _remember(self, receipt: str, line: str, event: Attempting | Settled) -> list[Written]:
        lines = self.recent.get(receipt)
        if lines is None:
            lines = self.recent[receipt] = []
            while len(self.recent) > RECENT:
                self.recent.popitem(last=False)
        lines.append(_new_written(line))
        if event.started.request_id:
            self.names[event.started.request_id] = receipt
        if event.__class__ is Settled:
            for attempt in event.settlement.attempts:
                if attempt.response_id:
                    self.names[attempt.response_id] = receipt
        while len(self.names) > 2 * RECENT:
            self.names.popitem(last=False)
        return lines

    def fold(self) -> None:
        """Fold soon, or before the worker has been drained; on this thread where the worker has ended."""
        if self.worker.closed:
            self._fold_once()
        else:
            self._later()

    def _later(self) -> None:
        """Fold soon: one transaction for all calls of a while, because that costs hardly more than one for a call."""
        try:
            self.worker.soon(self._fold_once, FOLD_WITHIN_S)
        except Exception as error:
            self.faults.note("worker", error, "receipts stay in the journal until the next fold")

    def _fold_once(self) -> None:
        try:
            if self.journal.renew_if_removed():
                self.faults.count("journal")
                self.faults.say("removed", "the journal was deleted while it was in use", "a new one is begun")
                self._restore()
            self._fold()
        except Exception as error:
            self.faults.loss("store", error, "receipts stay in the journal until it can be written again")


def _places(error: BaseException | None) -> str:
    """Where it broke, innermost first, without a word of the message: that may quote a prompt."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    return " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
