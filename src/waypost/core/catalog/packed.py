"""A catalog's records as they are read fastest: a document whose targets are rows, each fact at its field's place.

For caches alone. It has no meaning beyond the version that wrote it: the fields are named once, in front, and where
they are others now it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeAlias

from waypost.core.catalog.document import endpoint_of, facts_of
from waypost.core.catalog.table import Catalog
from waypost.core.model.canonical import JSON
from waypost.core.model.target import Endpoint, Latency, Price, Provenance, Target, TargetId

FIELDS = [[field.name for field in fields(kind)] for kind in (Target, Price, Latency)]
_CAPABILITIES, _PRICES, _LATENCY, _PROVENANCE = map(
    FIELDS[0].index, ("capabilities", "prices", "latency", "provenance")
)
_ABOVE = FIELDS[1].index("above")
_BESIDE = ("name", "capabilities", "provenance", "endpoints", "aliases", "sources")
Records: TypeAlias = (
    "tuple[tuple[Target, ...], dict[str, Endpoint], dict[str, TargetId], dict[str, Provenance], tuple[Target, ...]]"
)
"""Targets, endpoints, aliases, sources and embedding models."""


def packed(catalog: Catalog) -> dict[str, JSON]:
    """The packed form of ``catalog``."""
    document = catalog.document
    rows: Any = document["targets"]
    beside: Any = document.get("embeddings", ())
    return {
        "fields": FIELDS,
        **{key: document[key] for key in _BESIDE},
        "targets": [_row(target, row) for target, row in zip(catalog.targets, rows, strict=True)],
        "embeddings": [_row(target, row) for target, row in zip(catalog.embeddings, beside, strict=True)],
    }


def unpacked(found: Mapping[str, Any]) -> Records:
    """The records of a packed form, which is used up: its lists become what they stand for.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, IndexError: it is not of this version.
    """
    if found["fields"] != FIELDS:
        raise ValueError("other fields")
    flags = [tuple(row) for row in found["capabilities"]]
    origins = [facts_of(row) for row in found["provenance"]]
    targets = [_target(row, flags, origins) for row in found["targets"]]
    embeddings = [_target(row, flags, origins) for row in found["embeddings"]]
    endpoints = {key: endpoint_of(row) for key, row in found["endpoints"].items()}
    sources = {key: Provenance(*row) for key, row in found["sources"].items()}
    return tuple(targets), endpoints, dict(found["aliases"]), sources, tuple(embeddings)


def _target(row: list[Any], flags: Sequence[tuple[str, ...]], origins: Sequence[Mapping[str, Provenance]]) -> Target:
    row[_CAPABILITIES] = flags[row[_CAPABILITIES]]
    row[_PRICES] = tuple([_price(price) for price in row[_PRICES]])
    if row[_LATENCY] is not None:
        row[_LATENCY] = Latency(*row[_LATENCY])
    row[_PROVENANCE] = origins[row[_PROVENANCE]]
    return Target(*row)


def _row(target: Target, row: Mapping[str, Any]) -> list[JSON]:
    """``row`` is the target's in the document, where it has the places of what it shares."""
    out: list[Any] = [getattr(target, name) for name in FIELDS[0]]
    out[_CAPABILITIES], out[_PROVENANCE] = row["capabilities"], row["provenance"]
    out[_PRICES] = [_rates(price) for price in target.prices]
    out[FIELDS[0].index("labels")] = dict(target.labels)
    if target.latency is not None:
        out[_LATENCY] = [getattr(target.latency, name) for name in FIELDS[2]]
    return out


def _rates(price: Price) -> list[JSON]:
    out: list[Any] = [getattr(price, name) for name in FIELDS[1]]
    out[_ABOVE] = [[threshold, _rates(tier)] for threshold, tier in price.above]
    return out


def _price(row: list[Any]) -> Price:
    above: Sequence[Any] = row[_ABOVE]
    row[_ABOVE] = tuple([(threshold, _price(tier)) for threshold, tier in above]) if above else ()
    return Price(*row)
