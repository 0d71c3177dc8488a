"""A catalog's canonical document and back: integers, text and lists only, what has its default left out.

Fields that a record gains later with a default leave the documents of old catalogs, and so their fingerprints, as
they are. Many targets have the same capabilities and the same provenance: each distinct one stands once, in a sorted
table, and a target names its place there. Provenance is a list of ``[source, as_of, basis, [facts]]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from waypost.core.model.canonical import JSON
from waypost.core.model.target import Auth, Endpoint, Latency, Price, Provenance, Target, TargetId

FORMAT = "catalog/v1"
SHARED = ("capabilities", "provenance")
_OF_TARGET = frozenset(Target.__dataclass_fields__)
_OF_PRICE = frozenset(Price.__dataclass_fields__)
Origins: TypeAlias = "tuple[tuple[str, str, str, tuple[str, ...]], ...]"


def document_of(
    name: str,
    targets: Sequence[Target],
    endpoints: Mapping[str, Endpoint],
    aliases: Mapping[str, TargetId],
    *,
    sources: Mapping[str, Provenance],
    embeddings: Sequence[Target] = (),
) -> dict[str, JSON]:
    """The document of these records, in canonical form's types; its bytes do not depend on their order."""
    every = (*targets, *embeddings)
    flags = sorted({target.capabilities for target in every})
    origins = sorted({_grouped(target.provenance) for target in every})

    def rows(given: Sequence[Target]) -> list[JSON]:
        return [
            _plain(target)
            | {
                "capabilities": flags.index(target.capabilities),
                "provenance": origins.index(_grouped(target.provenance)),
            }
            for target in given
        ]

    return {
        "waypost": FORMAT,
        "name": name,
        "sources": {key: [cited.source, cited.as_of, cited.basis] for key, cited in sources.items()},
        "endpoints": {key: _plain(endpoint) for key, endpoint in endpoints.items()},
        "capabilities": [list(row) for row in flags],
        "provenance": [[[*origin, list(facts)] for *origin, facts in row] for row in origins],
        "targets": rows(targets),
        **({"embeddings": rows(embeddings)} if embeddings else {}),
        "aliases": dict(aliases),
    }


def records_of(
    document: Mapping[str, Any],
) -> tuple[tuple[Target, ...], dict[str, Endpoint], dict[str, TargetId], dict[str, Provenance]]:
    """Targets, endpoints, aliases and sources of a document.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, IndexError: it is not a document of a catalog.
    """
    if document["waypost"] != FORMAT:
        raise ValueError(f"{document['waypost']!r} is not {FORMAT!r}")
    targets = _targets(document, document["targets"])
    endpoints = {key: endpoint_of(row) for key, row in document["endpoints"].items()}
    sources = {key: Provenance(*row) for key, row in document["sources"].items()}
    return targets, endpoints, dict(document["aliases"]), sources


def embeddings_of(document: Mapping[str, Any]) -> tuple[Target, ...]:
    """The embedding models of a document, which has none where it was made before there were any.

    Raises: as `records_of`.
    """
    return _targets(document, document.get("embeddings", ()))


def _targets(document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> tuple[Target, ...]:
    _known(rows, _OF_TARGET)
    _known(_prices(rows), _OF_PRICE)
    flags = [tuple(row) for row in document["capabilities"]]
    origins = [facts_of(row) for row in document["provenance"]]
    return tuple([_target(row, flags, origins) for row in rows])


def _plain(record: Any) -> dict[str, JSON]:
    """The fields of a record that differ from their defaults."""
    out: dict[str, JSON] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if one.name in SHARED or value == (
            one.default_factory() if one.default_factory is not MISSING else one.default
        ):
            continue
        out[one.name] = _value(one.name, value)
    return out


def _value(name: str, value: Any) -> JSON:
    match name:
        case "prices":
            return [_plain(price) for price in value]
        case "above":
            return [[threshold, _plain(price)] for threshold, price in value]
        case "latency" | "auth":
            return _plain(value)
        case "labels":
            return dict(value)
        case "key_env" | "drops":
            return list(value)
        case "extra" | "also":
            return [list(pair) for pair in value]
        case _:
            plain: JSON = value
            return plain


def _grouped(provenance: Mapping[str, Provenance]) -> Origins:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for fact, origin in sorted(provenance.items()):
        groups.setdefault((origin.source, origin.as_of, origin.basis), []).append(fact)
    return tuple((*key, tuple(facts)) for key, facts in sorted(groups.items()))


def facts_of(row: Sequence[Any]) -> dict[str, Provenance]:
    """Where each fact comes from, of one entry of the table of provenance."""
    found: dict[str, Provenance] = {}
    for source, as_of, basis, facts in row:
        found.update(dict.fromkeys(facts, Provenance(source, as_of, basis)))
    return dict(sorted(found.items()))


def _known(rows: Sequence[Mapping[str, Any]], names: frozenset[str]) -> None:
    """Nothing is passed over that another version has put there."""
    strange = frozenset[str]().union(*rows) - names
    if strange:
        raise TypeError(f"unknown facts {sorted(strange)}")


def _prices(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """All of them, tiers too."""
    found = [price for row in rows if "prices" in row for price in row["prices"]]
    tiers = [price for one in found if "above" in one for _, price in one["above"]]
    return found + tiers


def _target(
    row: Mapping[str, Any], flags: Sequence[tuple[str, ...]], origins: Sequence[Mapping[str, Provenance]]
) -> Target:
    """By position, which takes half the time that names take: a start reads hundreds of them."""
    get = row.get
    latency = get("latency")
    return Target(
        row["id"],
        row["provider"],
        row["model"],
        row["endpoint"],
        get("deployment"),
        get("family"),
        get("tier"),
        get("context_window"),
        get("max_output"),
        flags[row["capabilities"]],
        tuple([_price(price) for price in get("prices", ())]),
        get("quality"),
        None if latency is None else Latency(**latency),
        get("region"),
        get("retention"),
        get("weight", 1),
        get("labels", {}),
        origins[row["provenance"]],
    )


def _price(row: Mapping[str, Any]) -> Price:
    get = row.get
    above = get("above")
    return Price(
        row["since"],
        row["input"],
        row["output"],
        get("cached_input"),
        get("cache_write"),
        get("cache_write_1h"),
        () if above is None else tuple([(threshold, _price(price)) for threshold, price in above]),
        get("basis", "source"),
        get("source", ""),
        get("as_of", ""),
    )


def endpoint_of(row: Mapping[str, Any]) -> Endpoint:
    """One entry of the endpoints."""
    values = dict(row)
    for name in ("key_env", "drops"):
        values[name] = tuple(values.get(name, ()))
    values["also"] = tuple((dialect, path) for dialect, path in values.get("also", ()))
    if "auth" in values:
        extra = tuple((key, text) for key, text in values["auth"].get("extra", ()))
        values["auth"] = Auth(**{**values["auth"], "extra": extra})
    return Endpoint(**values)
