"""An overlay's file as a record, checked against the catalog that it lies on. docs/calls.md says what its keys mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from waypost.core.catalog.overlay import RATES, Deployment, Overlay
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.target import Price, Provenance, TargetId
from waypost.runtime import yaml
from waypost.runtime.catalog_nodes import Row, pick, row_of
from waypost.runtime.catalog_reader import ENDPOINT, CatalogReader, latest_day
from waypost.runtime.catalog_targets import TIERS, above_of, rates_of

FORMAT = "catalog-overlay/v1"
TOP = ("waypost", "name", "source", "as_of", "since", "endpoints", "targets", "discounts", "prices", "weights")
OWN = ("family", "tier", "quality", "capabilities")
"""What a model of one's own is, where it is not as ``like`` is."""
TARGET = ("like", "endpoint", "weight", "region", "retention", "context_window", "max_output", "labels", "price", *OWN)
PRICE = (*RATES, "above", "since")
_MARK = re.compile(rb"^waypost:[ \t]*[\"']?catalog-overlay/", re.MULTILINE)


def is_overlay(raw: bytes) -> bool:
    """Whether a file's bytes are those of an overlay, of whatever version."""
    return _MARK.search(raw) is not None


class OverlayReader(CatalogReader):
    """Reads one overlay; every fault is kept, so that a file is mended in one go."""

    def __init__(self, root: yaml.Node, catalog: Catalog) -> None:
        super().__init__(root)
        self.base = catalog
        self.listed = {target.id: target for target in (*catalog.targets, *catalog.embeddings)}
        self.ids: dict[TargetId, TargetId] = {id_: id_ for id_ in self.listed}
        self.prices: dict[TargetId, Price] = {}
        self.since = ""

    def overlay(self) -> Overlay:
        """Raises CatalogError, whose ``others`` are the further faults."""
        top = row_of(self.faults, self.root, TOP, "the file")
        found = None if top is None else self._overlay(top)
        self.faults.raise_all()
        assert found is not None
        return found

    def _overlay(self, top: Row) -> Overlay:
        version = top.text("waypost")
        if version != FORMAT:
            self.faults.note(top.where("waypost"), f"`waypost` is {version!r}", f"write `waypost: {FORMAT}`")
        for key in ("name", "source", "as_of"):
            top.need(key, "the overlay")
        name = top.text("name") or ""
        if name in self.base.sources:
            remedy = "the catalog has a source of that name: write another"
            self.faults.note(top.where("name"), f"`name` is {name!r}", remedy)
        as_of = self._day(top, "as_of") or ""
        self.since = self._day(top, "since") or as_of
        for word, row in self._rows(top, "endpoints", tuple(key for key in ENDPOINT if key != "data")):
            if word in self.base.endpoints:
                self.faults.note(row.at, f"endpoint {word!r} is in the catalog already", "write another name")
            self._endpoint(word, row)
        deployments = tuple(one for id_, row in self._rows(top, "targets", TARGET) if (one := self._target(id_, row)))
        return Overlay(
            name=name,
            source=Provenance(top.text("source") or "", as_of, "overlay"),
            since=self.since,
            endpoints=dict(self.tables.endpoints),
            targets=deployments,
            discounts=self._discounts(top),
            prices={**self.prices, **self._listed(top)},
            weights=self._weights(top),
        )

    def _day(self, row: Row, key: str) -> str | None:
        day = row.day(key)
        if day is not None and day > (last := latest_day()):
            self.faults.note(row.where(key), f"`{key}` {day} lies in the future", f"at the latest {last}")
        return day

    def _target(self, id_: TargetId, row: Row) -> Deployment | None:
        provider, _, rest = id_.partition("/")
        if not provider or not rest.partition("@")[0] or id_.endswith("@"):
            self.faults.note(row.at, f"target {id_!r} is not provider/model", "write provider/model[@deployment]")
            return None
        if id_ in self.ids:
            self.faults.note(row.at, f"target {id_!r} is in the catalog already", "give it a @deployment of its own")
            return None
        row.need("like", f"target {id_!r}")
        like = pick(self.faults, _named(row, "like"), self.listed, "target")
        known = {name: name for name in (*self.base.endpoints, *self.tables.endpoints)}
        endpoint = pick(self.faults, _named(row, "endpoint"), known, "endpoint")
        if like is None:
            return None
        self.ids[id_] = id_
        price = self._price(row.child("price", PRICE))
        if price is not None:
            self.prices[id_] = price
        return Deployment(id_, like.id, endpoint or like.endpoint, self._facts(row))

    def _facts(self, row: Row) -> dict[str, Any]:
        labels = row.child("labels", None)
        facts = {
            "weight": row.whole("weight"),
            "region": row.text("region"),
            "retention": row.text("retention"),
            "context_window": row.count("context_window"),
            "max_output": row.count("max_output"),
            "labels": {key: labels.text(key) or "" for key in sorted(labels.nodes)} if labels else None,
            "family": row.text("family"),
            "tier": pick(self.faults, _named(row, "tier"), {word: word for word in TIERS}, "tier"),
            "quality": row.share("quality"),
            "capabilities": tuple(sorted(self._flags(row, "capabilities"))) if "capabilities" in row.nodes else None,
        }
        return {key: value for key, value in facts.items() if value is not None}

    def _discounts(self, top: Row) -> dict[str, int]:
        providers = {id_.partition("/")[0] for id_ in self.ids}
        rows = self._entries(top, "discounts", providers, "provider")
        return {word: ppm for word, row in rows if (ppm := row.percent(word)) is not None}

    def _weights(self, top: Row) -> dict[TargetId, int]:
        rows = self._entries(top, "weights", self.ids, "target")
        return {word: weight for word, row in rows if (weight := row.whole(word)) is not None}

    def _listed(self, top: Row) -> dict[TargetId, Price]:
        rows = self._entries(top, "prices", self.ids, "target")
        return {word: price for word, row in rows if (price := self._price(row.child(word, PRICE))) is not None}

    def _price(self, row: Row | None) -> Price | None:
        if row is None:
            return None
        if not row.nodes.keys() - {"since"}:
            self.faults.note(row.at, "a price without any rate", "give `input`, `output`, ... or remove it")
        return replace(rates_of(row, self._day(row, "since") or self.since), above=above_of(row, self.tables))

    def _entries(self, top: Row, key: str, known: Collection[str], what: str) -> Iterator[tuple[str, Row]]:
        """The names in a table, each with the table; one that is not known is a fault."""
        table = top.child(key, None)
        for word in table.nodes if table else ():
            if table is not None and word in known:
                yield word, table
            elif table is not None:
                self.faults.note(table.keys[word], f"unknown {what} {word!r}", yaml.suggest(word, known))


def _named(row: Row, key: str) -> tuple[str, Source] | None:
    word = row.text(key)
    return None if word is None else (word, row.where(key))
