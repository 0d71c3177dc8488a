"""One target of a catalog file, fact by fact, each with the source that its group names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.target import Endpoint, Latency, Price, Provenance, Target, TargetId
from waypost.runtime.catalog_nodes import Faults, Row, pick, row_of

T = TypeVar("T")
TARGET = ("endpoint", "about", "limits", "capabilities", "prices", "priors", "data", "snapshots", "labels", "weight")
EMBEDDING = ("endpoint", "limits", "prices", "data", "labels")
"""What is said of a model that makes vectors."""
ABOUT = ("family", "tier", "status", "source")
LIMITS = ("context_window", "max_output", "source")
DATA = ("region", "retention", "source")
PRIORS = ("quality", "first_token", "per_token", "p95", "source")
RATES = ("input", "output", "cached_input", "cache_write", "cache_write_1h")
TIERS = ("fast_cheap", "balanced", "powerful", "local")
STATUS = ("active", "deprecated", "shut_down")


@dataclass(frozen=True, slots=True)
class Flags:
    """A named set of capabilities."""

    flags: frozenset[str]
    origin: Provenance | None


@dataclass(slots=True)
class Tables:
    """What targets may refer to, filled from the head of the file."""

    faults: Faults
    defaults: dict[str, tuple[str, Source]] = field(default_factory=dict)
    sources: dict[str, Provenance] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    data: dict[str, Row] = field(default_factory=dict)
    sets: dict[str, Flags] = field(default_factory=dict)
    snapshots: list[tuple[str, TargetId, Source]] = field(default_factory=list)


def origin_of(row: Row, group: str, tables: Tables) -> Provenance | None:
    """The source that a group of facts names, else the file's default for that group; a fault where there is none."""
    if "source" in row.nodes:
        name = row.text("source")
        named = None if name is None else (name, row.where("source"))
    else:
        named = tables.defaults.get(group)
        if named is None:
            tables.faults.note(row.at, f"`{group}` has no `source`", "add `source:`, or a default under `by_default`")
    cited = pick(tables.faults, named, tables.sources, "source")
    return None if cited is None or named is None else Provenance(named[0], cited.as_of, cited.basis)


def read_target(id_: TargetId, row: Row, tables: Tables) -> Target | None:
    """The target ``id_``; ``None`` where its id is none."""
    provider, _, rest = id_.partition("/")
    model, _, deployment = rest.partition("@")
    if not provider or not model or id_.endswith("@"):
        tables.faults.note(row.at, f"target {id_!r} is not provider/model", "write provider/model[@deployment]")
        return None
    endpoint = row.text("endpoint") or provider
    pick(tables.faults, (endpoint, row.where("endpoint")), tables.endpoints, "endpoint")
    facts = _Facts(id_, tables)
    about = facts.group(row.child("about", ABOUT), "about")
    limits = facts.group(row.child("limits", LIMITS), "limits")
    data = facts.group(row.child("data", DATA) or tables.data.get(endpoint), "data")
    priors = facts.group(row.child("priors", PRIORS), "priors")
    facts.snapshots(provider, row)
    return Target(
        id=id_,
        provider=provider,
        model=model,
        endpoint=endpoint,
        deployment=deployment or None,
        family=facts.take(about, "family", Row.text),
        tier=facts.word(about, "tier", TIERS),
        context_window=facts.take(limits, "context_window", Row.count),
        max_output=facts.take(limits, "max_output", Row.count),
        capabilities=facts.capabilities(row),
        prices=_prices(row, tables),
        quality=facts.take(priors, "quality", Row.share),
        latency=facts.latency(priors),
        region=facts.take(data, "region", Row.text),
        retention=facts.take(data, "retention", Row.text),
        weight=1 if (weight := row.whole("weight")) is None else weight,
        labels=facts.labels(row, about),
        provenance=dict(sorted(facts.provenance.items())),
    )


_Group = tuple[Row, Provenance | None]


class _Facts:
    """The facts of one target, and where each comes from."""

    def __init__(self, id_: TargetId, tables: Tables) -> None:
        self.id = id_
        self.tables = tables
        self.provenance: dict[str, Provenance] = {}

    def group(self, row: Row | None, what: str) -> _Group | None:
        return None if row is None else (row, origin_of(row, what, self.tables))

    def take(self, group: _Group | None, key: str, read: Callable[[Row, str], T | None]) -> T | None:
        """The fact ``key`` of a group, if it is there."""
        if group is None:
            return None
        row, origin = group
        value = read(row, key)
        if value is not None and origin is not None:
            self.provenance[key] = origin
        return value

    def word(self, group: _Group | None, key: str, known: tuple[str, ...]) -> str | None:
        """A fact that is one of few words."""
        said = self.take(group, key, Row.text)
        if said is None or group is None:
            return None
        return pick(self.tables.faults, (said, group[0].where(key)), {word: word for word in known}, key)

    def labels(self, row: Row, about: _Group | None) -> dict[str, str]:
        """The target's own labels, and its status as one."""
        found: dict[str, str] = {}
        status = self.word(about, "status", STATUS)
        origin = self.provenance.pop("status", None)
        if status is not None and origin is not None:
            found["status"] = status
            self.provenance["labels.status"] = origin
        own = row.child("labels", None)
        for key in own.nodes if own else ():
            if own is not None and (text := own.text(key)) is not None:
                found[key] = text
        return dict(sorted(found.items()))

    def latency(self, group: _Group | None) -> Latency | None:
        """Both parts or none: a first token without a speed estimates nothing."""
        if group is None:
            return None
        row, origin = group
        first, each, p95 = row.duration("first_token"), row.duration("per_token"), row.duration("p95")
        if ("first_token" in row.nodes) != ("per_token" in row.nodes):
            self.tables.faults.note(row.at, "one of `first_token` and `per_token` is missing", "give both or none")
        if first is None or each is None:
            return None
        if origin is not None:
            self.provenance["latency"] = origin
        return Latency(first, each, p95)

    def capabilities(self, row: Row) -> tuple[str, ...]:
        word = row.text("capabilities")
        named = None if word is None else (word, row.where("capabilities"))
        found = pick(self.tables.faults, named, self.tables.sets, "capability set")
        if found is None:
            return ()
        if found.origin is not None:
            self.provenance["capabilities"] = found.origin
        return tuple(sorted(found.flags))

    def snapshots(self, provider: str, row: Row) -> None:
        """Dated names that the provider answers under: aliases of this target at its provider."""
        for word, at in row.words("snapshots"):
            self.tables.snapshots.append((f"{provider}/{word}", self.id, at))


def _prices(row: Row, tables: Tables) -> tuple[Price, ...]:
    """The dated list, newest first."""
    found: list[Price] = []
    for node in row.items("prices"):
        one = row_of(tables.faults, node, ("since", *RATES, "above", "source"), "a price")
        price = None if one is None else _price(one, tables)
        if one is None or price is None:
            continue
        if found and price.since >= found[-1].since:
            tables.faults.note(
                one.where("since"), f"`since` {price.since} is not before {found[-1].since}", "put the newest first"
            )
        found.append(price)
    return tuple(found)


def _price(row: Row, tables: Tables) -> Price | None:
    cited = origin_of(row, "prices", tables)
    if "input" not in row.nodes and "output" not in row.nodes:
        tables.faults.note(row.at, "a price with neither `input` nor `output`", "give one, or remove the price")
    if cited is None:
        return None
    since = row.day("since") or cited.as_of
    if cited.as_of and since > cited.as_of:
        remedy = f"a price cannot begin after {cited.as_of}, the day of its source"
        tables.faults.note(row.where("since"), f"`since` {since} lies in the future", remedy)
    rates = rates_of(row, since)
    return replace(rates, above=above_of(row, tables), basis=cited.basis, source=cited.source, as_of=cited.as_of)


def rates_of(row: Row, since: str) -> Price:
    """The rates of a row as a price of its own."""
    return Price(
        since=since,
        input=row.price("input"),
        output=row.price("output"),
        cached_input=row.price("cached_input"),
        cache_write=row.price("cache_write"),
        cache_write_1h=row.price("cache_write_1h"),
    )


def above_of(row: Row, tables: Tables) -> tuple[tuple[int, Price], ...]:
    """Dearer tiers: the threshold in input tokens, ascending, and the rates above it."""
    found: list[tuple[int, Price]] = []
    for node in row.items("above"):
        one = row_of(tables.faults, node, ("tokens", *RATES), "a tier")
        if one is None:
            continue
        one.need("tokens", "a tier")
        threshold = one.count("tokens")
        if threshold is None:
            continue
        if found and threshold <= found[-1][0]:
            tables.faults.note(one.where("tokens"), "tiers are not ascending", "sort them by `tokens`")
        found.append((threshold, rates_of(one, "")))
    return tuple(found)
