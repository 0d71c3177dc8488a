"""What one's own contract changes in a catalog: discounts, prices, weights, and further deployments of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.money import MICRO
from waypost.core.model.target import Endpoint, Price, Provenance, Target, TargetId

RATES = ("input", "output", "cached_input", "cache_write", "cache_write_1h")
PLACE = ("region", "retention")
"""Facts of where a target is served: another endpoint does not share them."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A target that serves the model of ``like`` elsewhere. ``facts`` are fields of `Target` that it has of its own."""

    id: TargetId
    like: TargetId
    endpoint: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overlay:
    """``source`` is where all of it comes from, ``since`` the day from which its prices are in force.

    ``discounts`` are parts per million of what a provider, as in ids, charges. ``prices`` leave ``None`` what stays as
    it is listed. ``weights`` are those of `Target.weight`.
    """

    name: str
    source: Provenance
    since: str
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    targets: tuple[Deployment, ...] = ()
    discounts: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[TargetId, Price] = field(default_factory=dict)
    weights: Mapping[TargetId, int] = field(default_factory=dict)


def lay(overlay: Overlay, catalog: Catalog) -> Catalog:
    """The catalog with the overlay on it: deployments first, then discounts, then prices, then weights.

    Raises:
        KeyError: it names a target that is not there.
        CatalogError: an endpoint or a target that is there already, or a target at no endpoint.
    """
    targets = {target.id: target for target in (*catalog.targets, *catalog.embeddings)}
    beside = {target.id for target in catalog.embeddings}
    added = [_deployed(one, targets[one.like], overlay) for one in overlay.targets]
    beside |= {one.id for one in overlay.targets if one.like in beside}
    rows = {target.id: _discounted(target, overlay) for target in (*targets.values(), *added)}
    for id_, price in overlay.prices.items():
        rows[id_] = _priced(rows[id_], price, overlay)
    for id_, weight in overlay.weights.items():
        rows[id_] = replace(rows[id_], weight=weight, provenance=_cited(rows[id_], ("weight",), overlay))
    sources = {**catalog.sources, overlay.name: overlay.source}
    endpoints = (*catalog.endpoints.values(), *overlay.endpoints.values())
    every = [target for target in rows.values() if target.id not in beside]
    vectors = [target for target in rows.values() if target.id in beside]
    name = f"{catalog.name}+{overlay.name}"
    return build_catalog(name, every, endpoints, catalog.aliases, sources=sources, embeddings=vectors)


def _deployed(one: Deployment, like: Target, overlay: Overlay) -> Target:
    """What is true of a model is true of it elsewhere; what is true of a place or a contract is not."""
    provider, _, rest = one.id.partition("/")
    model, _, deployment = rest.partition("@")
    elsewhere = one.endpoint != like.endpoint
    unknown = dict.fromkeys(PLACE if elsewhere else ())
    base = replace(
        like, id=one.id, provider=provider, model=model, deployment=deployment or None, endpoint=one.endpoint, weight=1,
        prices=like.prices if provider == like.provider else (),
        provenance={fact: origin for fact, origin in like.provenance.items() if fact not in (*unknown, "weight")},
    )  # fmt: skip
    own = {**unknown, **one.facts}
    return replace(base, **own, provenance=_cited(base, tuple(one.facts), overlay))


def _cited(target: Target, facts: tuple[str, ...], overlay: Overlay) -> dict[str, Provenance]:
    origin = Provenance(overlay.name, overlay.source.as_of, "overlay")
    return dict(sorted({**target.provenance, **dict.fromkeys(facts, origin)}.items()))


def _discounted(target: Target, overlay: Overlay) -> Target:
    """Every price of the contract's time, and one that begins with it, at the part that is left to pay."""
    ppm = overlay.discounts.get(target.id.partition("/")[0])
    if ppm is None or not target.prices:
        return target
    later = [_mine(_less(price, ppm), overlay) for price in target.prices if price.since >= overlay.since]
    older = [price for price in target.prices if price.since < overlay.since]
    if older and not any(price.since == overlay.since for price in later):
        later.append(replace(_mine(_less(older[0], ppm), overlay), since=overlay.since))
    return replace(target, prices=(*later, *older))


def _less(price: Price, ppm: int) -> Price:
    rates: dict[str, Any] = {
        name: None if (rate := getattr(price, name)) is None else _left(rate, ppm) for name in RATES
    }
    return replace(price, **rates, above=tuple((tokens, _less(tier, ppm)) for tokens, tier in price.above))


def _left(rate: int, ppm: int) -> int:
    """Rounded up to a nano-USD: never less than what is charged."""
    return -(-rate * (MICRO - ppm) // MICRO)


def _mine(price: Price, overlay: Overlay) -> Price:
    return replace(price, basis="overlay", source=overlay.name, as_of=overlay.source.as_of)


def _priced(target: Target, price: Price, overlay: Overlay) -> Target:
    """The contract's price in front. It is what is paid, also where the list has a newer one; older ones stay."""
    base = target.price or Price(overlay.since, None, None)
    rates: dict[str, Any] = {name: rate for name in RATES if (rate := getattr(price, name)) is not None}
    if price.above:
        rates["above"] = price.above
    mine = replace(_mine(base, overlay), since=price.since, **rates)
    return replace(target, prices=(mine, *(old for old in target.prices if old.since < price.since)))
