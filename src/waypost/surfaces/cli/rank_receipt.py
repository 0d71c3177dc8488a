"""A call that was made, decided once more: by policy and catalog as they stood, or by others in their place."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Decision
from waypost.core.model.receipt import Hop, Receipt
from waypost.core.model.record import seed_of
from waypost.errors import SettingsError
from waypost.policy import Policies, Verdict
from waypost.runtime.lookup import stored_plan
from waypost.surfaces.cli import home, source


@dataclass(frozen=True, slots=True)
class Past:
    """``verdict`` is the new decision; ``recorded`` the receipt's own, of the target ``selected``."""

    receipt: str
    verdict: Verdict
    recorded: Decision
    selected: str | None

    @property
    def same(self) -> bool:
        """Whether the same target is selected."""
        return self.selected == self.verdict.selected

    @property
    def exact(self) -> bool:
        """Whether it is the same decision in every rejection and every score."""
        return self.recorded == self.verdict.decision

    def sentence(self) -> str:
        """What became of the recorded decision."""
        if self.exact:
            return f"The same decision as on receipt {self.receipt}, in every rejection and every score."
        was = f"receipt {self.receipt} has {self.selected or 'nobody'}"
        if self.same:
            return f"The same target: {was}; what it was chosen among, or why, is not the same."
        drawn = "; part of it was drawn, and users are pseudonyms on a receipt" if self.recorded.chance else ""
        return f"Another target: {was}{drawn}."

    def document(self) -> dict[str, Any]:
        return {"receipt": self.receipt, "selected": self.selected, "same": self.same, "exact": self.exact}


def again(args: argparse.Namespace, *, asked: bool) -> Past:
    """The first decision of the receipt ``args.receipt``, made once more.

    Raises:
        ConfigError: no such receipt, one that was not decided, or a policy or catalog that cannot be had.
    """
    if asked:
        raise SettingsError("it has a call already", where="--receipt", remedy="leave out the call's file and flags")
    receipt = home.find(home.open_store(args), args.receipt)
    hop, recorded = _decided(receipt)
    question = hop.question or receipt.question
    if question is None or hop.snapshot is None:
        raise SettingsError("it does not tell what was asked", where=receipt.id, remedy="choose another one")
    seed, tried = seed_of(receipt.id), frozenset(recorded.tried)
    if args.policy or args.catalog or args.at:
        policies = _others(args, receipt)
        verdict = policies.answer(replace(question, intent=None), hop.snapshot, seed=seed, tried=tried)
    else:
        plan = stored_plan(home.objects(args), receipt.policy_fingerprint, receipt.catalog_fingerprint)
        if plan is None:
            what = "its policy or its catalog is not in the object store"
            raise SettingsError(what, where=receipt.id, remedy=_OTHERS)
        verdict = Verdict(plan, question, hop.snapshot, seed, tried)
    return Past(receipt.id, verdict, recorded, hop.selected)


def _others(args: argparse.Namespace, receipt: Receipt) -> Policies:
    """The policies and the catalog that are named; what is not named is the receipt's own."""
    objects = home.objects(args)
    named = source.stored(objects, args.at or [])
    catalog = named.catalog or (source.catalog(args.catalog) if args.catalog else _catalog(args, receipt))
    if args.policy:
        return Policies([source.policy(name, objects, catalog) for name in args.policy], catalog)
    own = named.policy or source.stored(objects, [receipt.policy_fingerprint]).policy
    return Policies([] if own is None else [own], catalog)


_OTHERS = "name others by --policy and --catalog, or the right home by --home"


def _decided(receipt: Receipt) -> tuple[Hop, Decision]:
    for hop in receipt.hops:
        if hop.decision is not None:
            return hop, hop.decision
    raise SettingsError("it was not decided, only observed", where=receipt.id, remedy="choose another one")


def _catalog(args: argparse.Namespace, receipt: Receipt) -> Catalog:
    """As it stood, else the one in force here."""
    try:
        found = source.stored(home.objects(args), [receipt.catalog_fingerprint]).catalog
    except SettingsError:
        found = None
    return found or source.catalog(None)
