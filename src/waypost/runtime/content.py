"""What is kept of calls beside their receipts: taken as it passes by, and redacted, sealed and stored by the worker.

Importing this module imports the library that content is encrypted with, so it is imported when a policy that keeps
content is loaded, and never by a call.
"""

from __future__ import annotations

import os
import time
from typing import Any

from waypost.adapters.sdks.bodies import body_of
from waypost.adapters.stores import sealing as sealing  # so that it is there when the first content comes
from waypost.adapters.stores.content import ContentStore
from waypost.core.model.events import InternalError
from waypost.core.model.kept import Kept
from waypost.core.routing.effects import Call, Keep, Native, Said
from waypost.core.routing.gathering import answer_of
from waypost.core.routing.keeping import document_of
from waypost.core.routing.ports import Codec
from waypost.core.routing.prepare import Routes
from waypost.runtime.home import Home
from waypost.runtime.recording import Recorder
from waypost.runtime.worker import Worker

FRAMES = 8
"""A stream has about so many bytes for each of what it says."""
MOST_WAITING = 64_000_000
"""Characters that wait for the worker; what comes on top is not kept, and is counted."""
SWEEP_S = 3_600.0


class Draft:
    """What is to be kept of one call, as far as it has come."""

    __slots__ = ("answer", "at_ns", "call", "codec", "home", "keep", "watch")

    def __init__(self, call: Call, keep: Keep, routes: Routes) -> None:
        self.call = call
        self.keep = keep
        self.home = routes.codecs[call.dialect]
        self.codec: Codec = self.home
        self.answer: Any = None
        self.watch: Any = None
        self.at_ns = time.time_ns()

    def said(self, effect: Said, limit: int) -> None:
        """Take a whole answer, or begin to take a stream."""
        self.codec = effect.codec
        sent = effect.sent
        if sent.stream is not None:
            self.watch = sent.stream.ending.watch  # type: ignore[attr-defined]  # every stream of ours has one
            self.watch.keep(FRAMES * limit)
        else:
            self.answer = body_of(sent.value) if isinstance(sent, Native) else sent.body

    def end(self) -> tuple[Any, int]:
        """What was answered, and how many bytes of it there was no room for. The stream is let go."""
        if self.watch is None:
            return self.answer, 0
        tape, self.watch = self.watch.kept(), None
        return tape.data, tape.beyond


class Keeper:
    """Keeps contents in a home, each of at most ``limit`` characters. Where it fails the call has long gone on."""

    def __init__(self, home: Home, worker: Worker, recorder: Recorder, limit: int) -> None:
        self.limit = limit
        self._store = ContentStore(home.content)
        self._pseudonym = home.pseudonym()
        self._worker = worker
        self._recorder = recorder
        self._waiting: dict[str, int] = {}
        self._pid = os.getpid()
        self._swept = -SWEEP_S

    def begin(self, call: Call, keep: Keep, routes: Routes) -> Draft:
        return Draft(call, keep, routes)

    def seal(self, draft: Draft) -> None:
        """The call has ended: let the worker keep what there is."""
        if self._pid != os.getpid():  # what waited stayed with the parent
            self._waiting, self._pid = {}, os.getpid()
        answer, beyond = draft.end()
        receipt = draft.call.receipt
        size = len(draft.keep.asked) + (len(answer) if isinstance(answer, bytes) else self.limit)
        if sum(list(self._waiting.values())) + size > MOST_WAITING:
            self._recorder.faults.refuse("content", "waiting", "too much waits to be stored", "some is not kept")
            return
        self._waiting[receipt] = size
        if not self._worker.submit(self._keep, draft, answer, beyond):
            self._waiting.pop(receipt, None)

    def _keep(self, draft: Draft, answer: Any, beyond: int) -> None:
        """On the worker. A fault is counted and journalled, and of this call nothing is kept."""
        try:
            self._recorder.content(draft.call.receipt, self._stored(draft, answer, beyond))
            self._sweep()
        except Exception as error:
            self._recorder.tell(InternalError("content", type(error).__name__, draft.call.receipt), error)
        finally:
            self._waiting.pop(draft.call.receipt, None)

    def _stored(self, draft: Draft, answer: Any, beyond: int) -> Kept:
        receipt, keep, user = draft.call.receipt, draft.keep, draft.call.context.user
        if isinstance(answer, bytes):
            answer = answer_of(answer, draft.codec, draft.home, draft.at_ns // 10**9) if answer else None
        document = document_of(keep.asked, answer, redact=keep.redact, limit=self.limit)
        subject = receipt if user is None else self._pseudonym(user)
        expires_ns = draft.at_ns + keep.for_ns
        return Kept(
            level="redacted" if keep.redact else "full",
            subject=subject,
            digest=self._store.put(receipt, subject, document.data, now_ns=draft.at_ns, expires_ns=expires_ns),
            size=len(document.data),
            expires_ns=expires_ns,
            cut=document.cut + beyond,
            redactions=document.redactions,
        )

    def _sweep(self) -> None:
        """Remove what has expired, now and then."""
        if time.monotonic() - self._swept >= SWEEP_S:
            self._swept = time.monotonic()
            self._store.sweep(time.time_ns())
