"""A catalog's canonical document and back: integers, text and lists only, what has its default left out.

Fields that a record gains later with a default leave the documents of old catalogs, and so their fingerprints, as
they are. Provenance is grouped: ``[source, as_of, basis, [facts]]``, because many facts share one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from waypost.core.model.canonical import JSON
from waypost.core.model.target import Auth, Endpoint, Latency, Price, Provenance, Target, TargetId

FORMAT = "catalog/v1"
R = TypeVar("R", Auth, Endpoint, Latency, Price, Target)


def document_of(
    name: str,
    targets: Sequence[Target],
    endpoints: Mapping[str, Endpoint],
    aliases: Mapping[str, TargetId],
    *,
    sources: Mapping[str, Provenance],
) -> dict[str, JSON]:
    """The document of these records, in canonical form's types; its bytes do not depend on their order."""
    return {
        "waypost": FORMAT,
        "name": name,
        "sources": {key: [cited.source, cited.as_of, cited.basis] for key, cited in sources.items()},
        "endpoints": {key: _plain(endpoint) for key, endpoint in endpoints.items()},
        "targets": [_plain(target) for target in targets],
        "aliases": dict(aliases),
    }


def records_of(
    document: Mapping[str, Any],
) -> tuple[tuple[Target, ...], dict[str, Endpoint], dict[str, TargetId], dict[str, Provenance]]:
    """Targets, endpoints, aliases and sources of a document.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is not a document of a catalog.
    """
    if document["waypost"] != FORMAT:
        raise ValueError(f"{document['waypost']!r} is not {FORMAT!r}")
    shared: dict[tuple[str, str, str], Provenance] = {}
    targets = tuple(_target(row, shared) for row in document["targets"])
    endpoints = {key: _endpoint(row) for key, row in document["endpoints"].items()}
    sources = {key: Provenance(*row) for key, row in document["sources"].items()}
    return targets, endpoints, dict(document["aliases"]), sources


def _plain(record: Any) -> dict[str, JSON]:
    """The fields of a record that differ from their defaults."""
    out: dict[str, JSON] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if value == (one.default_factory() if one.default_factory is not MISSING else one.default):
            continue
        out[one.name] = _value(one.name, value)
    return out


def _value(name: str, value: Any) -> JSON:
    match name:
        case "provenance":
            return _grouped(value)
        case "prices":
            return [_plain(price) for price in value]
        case "above":
            return [[threshold, _plain(price)] for threshold, price in value]
        case "latency" | "auth":
            return _plain(value)
        case "labels":
            return dict(value)
        case "capabilities" | "key_env" | "drops":
            return list(value)
        case "extra":
            return [list(pair) for pair in value]
        case _:
            plain: JSON = value
            return plain


def _grouped(provenance: Mapping[str, Provenance]) -> list[JSON]:
    groups: dict[tuple[str, str, str], list[str]] = {}
    for fact, origin in sorted(provenance.items()):
        groups.setdefault((origin.source, origin.as_of, origin.basis), []).append(fact)
    return [[*key, facts] for key, facts in sorted(groups.items())]


def _target(row: Mapping[str, Any], shared: dict[tuple[str, str, str], Provenance]) -> Target:
    values = dict(row)
    origins: dict[str, Provenance] = {}
    for source, as_of, basis, facts in values.pop("provenance", ()):
        key = (source, as_of, basis)
        origin = shared.get(key) or shared.setdefault(key, Provenance(source, as_of, basis))
        origins.update(dict.fromkeys(facts, origin))
    values["prices"] = tuple(_price(price) for price in values.get("prices", ()))
    values["capabilities"] = tuple(values.get("capabilities", ()))
    if "latency" in values:
        values["latency"] = Latency(**values["latency"])
    return Target(**values, provenance=dict(sorted(origins.items())))


def _price(row: Mapping[str, Any]) -> Price:
    if "above" not in row:
        return Price(**{"input": None, "output": None, **row})
    above = tuple((threshold, _price(price)) for threshold, price in row["above"])
    return Price(**{"input": None, "output": None, **row, "above": above})


def _endpoint(row: Mapping[str, Any]) -> Endpoint:
    values = dict(row)
    for name in ("key_env", "drops"):
        values[name] = tuple(values.get(name, ()))
    if "auth" in values:
        extra = tuple((key, text) for key, text in values["auth"].get("extra", ()))
        values["auth"] = Auth(**{**values["auth"], "extra": extra})
    return Endpoint(**values)
