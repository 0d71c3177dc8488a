"""Receipts of this process and of its store, by receipt id, request id, response id or native result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from waypost.adapters.stores.objects import ObjectStore
from waypost.adapters.stores.quiet import Quiet
from waypost.core.codecs import EXPRESSES
from waypost.core.codecs.ids import INFIX
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.plan import Plan
from waypost.runtime.bundle import Bundle, places_file
from waypost.runtime.catalogs import catalog_from_document
from waypost.runtime.home import Home
from waypost.runtime.put_off import PutOff
from waypost.runtime.recording import Recorder
from waypost.runtime.results import Results, response_id
from waypost.runtime.worker import Worker

if TYPE_CHECKING:
    from waypost.adapters.stores.sqlite import SqliteStore
    from waypost.runtime.receipts import Receipt


_importing = Quiet()
"""Held while the store's modules are imported: a child that is forked meanwhile would have half of them for ever."""


class Records(Protocol):
    """Where a process has what it remembers of its calls."""

    bundle: Bundle
    home: Home
    recorder: Recorder
    results: Results
    worker: Worker
    put_off: PutOff


class Lookup:
    """Recent receipts come from memory, older ones from the store, which is folded first.

    What reads and stores them is imported by the first who reads or folds, which no call does: it is the worker, or
    who asks for a receipt.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._store: SqliteStore | None = None

    def receipt(self, value: Any) -> Receipt | None:
        """The receipt of a native result, or of an id; ``None`` for what we never saw."""
        with _importing:
            from waypost.core.model.receipt_fold import fold
            from waypost.runtime.receipts import Receipt

        self._records.put_off.settle()
        recorder = self._records.recorder
        name = value if isinstance(value, str) else self._records.results.find(value) or response_id(value)
        if name is None:
            return None
        names = (name, name.partition(INFIX)[2]) if INFIX in name else (name,)
        for known in names:
            records = [json.loads(line) for line in recorder.lines(recorder.names.get(known, known))]
            # Of a call that took longer than many others the beginning is no longer there.
            if any("call" in record for record in records):
                return Receipt(fold(records), self.plan)
        self._records.worker.drain(5.0)
        self.fold()
        found = next((item for item in map(self.store().get, names) if item is not None), None)
        return None if found is None else Receipt(found, self.plan)

    def fold(self) -> None:
        """Take what the journals hold into the store."""
        self.store().fold(self._records.home.journal)

    def store(self) -> SqliteStore:
        """The store of this process's home. Two threads that come first at once get one each, as two processes do."""
        if self._store is None:
            with _importing:
                from waypost.adapters.stores.sqlite import SqliteStore

            self._store = SqliteStore(self._records.home.store)
        return self._store

    def close(self) -> None:
        """Let go of the store; whoever asks for it again opens it anew."""
        if self._store is not None:
            self._store.close()

    def plan(self, policy: str, catalog: str) -> Plan | None:
        """The plan of two fingerprints: one in force, else compiled anew from the object store."""
        for plan in self._records.bundle.routes.plans:
            if plan.policy.fingerprint == policy and plan.catalog.fingerprint == catalog:
                return plan
        return stored_plan(ObjectStore(self._records.home.objects), policy, catalog)


def stored_plan(objects: ObjectStore, policy: str, catalog: str) -> Plan | None:
    """A plan compiled from stored objects; ``None`` where one of them is not there."""
    try:
        documents = [json.loads(objects.get(name)) for name in (policy, catalog)]
    except (OSError, KeyError):
        return None
    try:
        positions = json.loads(places_file(objects, policy).read_bytes())
    except (OSError, ValueError):  # without places the rules are as true as with them
        positions = None
    return compile_policy(policy_from_document(documents[0], positions), catalog_from_document(documents[1]), EXPRESSES)
