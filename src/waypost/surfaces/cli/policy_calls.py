"""Calls that are decided again under two policies: those of receipts, or the cases of a policy test file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from waypost.adapters.stores.objects import ObjectStore
from waypost.adapters.stores.sqlite import SqliteStore
from waypost.core.catalog.table import Catalog
from waypost.core.model.question import EMPTY_SNAPSHOT, Question, Snapshot
from waypost.core.model.record import seed_of
from waypost.core.policy.tree import Policy
from waypost.errors import ConfigError
from waypost.policy import Policies, Verdict
from waypost.runtime.catalogs import catalog_from_document
from waypost.runtime.policy_tests import load_suite


@dataclass(frozen=True, slots=True)
class Asked:
    """One call to be decided again, with the catalog of its time."""

    name: str
    question: Question
    snapshot: Snapshot
    seed: bytes
    catalog: Catalog
    tried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """What both policies decide about a call; ``None`` where the policy does not apply to it."""

    asked: Asked
    before: Verdict | None
    after: Verdict | None

    @property
    def differs(self) -> bool:
        """Another winner, nobody in place of somebody, or a policy that begins or ceases to apply."""
        return (self.before is None) != (self.after is None) or winner(self.before) != winner(self.after)


def of_cases(file: Path, catalog: Catalog) -> Iterator[Asked]:
    """The cases of a test file, whatever they expect. Raises PolicyError."""
    for case in load_suite(file, catalog=catalog).cases:
        question = replace(case.question, intent=None)
        yield Asked(case.name, question, case.snapshot, case.seed, catalog, case.tried)


def of_receipts(
    store: SqliteStore, objects: ObjectStore, count: int, current: Catalog, *, own: bool = True
) -> Iterator[Asked]:
    """The newest ``count`` calls as they were asked, those that tell it; with ``own`` each over the catalog of its time
    where the object store has it."""
    known: dict[str, Catalog] = {current.fingerprint: current}
    for row in store.summaries(limit=count):
        receipt = store.get(row.id)
        if receipt is None or receipt.question is None:
            continue
        catalog = current
        if own:
            name = receipt.catalog_fingerprint
            catalog = known.setdefault(name, known.get(name) or _stored(objects, name) or current)
        world = next((hop.snapshot for hop in receipt.hops if hop.snapshot is not None), EMPTY_SNAPSHOT)
        question = replace(receipt.question, intent=None, override=None)
        yield Asked(receipt.id, question, world, seed_of(receipt.id), catalog)


def _stored(objects: ObjectStore, fingerprint: str) -> Catalog | None:
    try:
        return catalog_from_document(json.loads(objects.get(fingerprint)))
    except (OSError, KeyError, ValueError, ConfigError):
        return None


def decided(calls: Iterable[Asked], before: Policy, after: Policy) -> Iterator[Pair]:
    """Each call under both; policies are compiled once per catalog."""
    compiled: dict[str, tuple[Policies, Policies]] = {}
    for asked in calls:
        both = compiled.get(asked.catalog.fingerprint)
        if both is None:
            both = Policies([before], asked.catalog), Policies([after], asked.catalog)
            compiled[asked.catalog.fingerprint] = both
        one, other = (_verdict(policies, asked) for policies in both)
        if one is not None or other is not None:
            yield Pair(asked, one, other)


def _verdict(policies: Policies, asked: Asked) -> Verdict | None:
    verdict = policies.answer(asked.question, asked.snapshot, seed=asked.seed, tried=asked.tried)
    return verdict if verdict.plan.matches(verdict.question) else None


def winner(verdict: Verdict | None) -> str | None:
    """Who would answer, if anybody."""
    return None if verdict is None else verdict.selected
