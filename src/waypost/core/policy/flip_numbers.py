"""The facts that a flip may change: prices, quality, latencies and sizes of one target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.model.target import Price, Target
from waypost.core.policy.case import Case
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.flip_knobs import Knob, top
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Unit


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of a target. ``fields`` are those of the language that read it."""

    name: str
    unit: Unit
    fields: frozenset[str]
    get: Callable[[Target], int | None]
    put: Callable[[Target, int], Target]


def _priced(name: str, *fields: str) -> Fact:
    def put(target: Target, value: int) -> Target:
        changed: dict[str, Any] = {name: value}
        return replace(target, prices=(replace(target.prices[0], **changed), *target.prices[1:]))

    def get(target: Target) -> int | None:
        value: int | None = None if target.price is None else getattr(target.price, name)
        return value

    return Fact(f"price.{name}", "usd_per_mtok", frozenset(fields), get, put)


def _plain(name: str, unit: Unit) -> Fact:
    def put(target: Target, value: int) -> Target:
        changed: dict[str, Any] = {name: value}
        return replace(target, **changed)

    return Fact(name, unit, frozenset((name,)), lambda target: getattr(target, name), put)


def _timed(label: str, name: str, *fields: str) -> Fact:
    def put(target: Target, value: int) -> Target:
        changed: dict[str, Any] = {name: value}
        return target if target.latency is None else replace(target, latency=replace(target.latency, **changed))

    def get(target: Target) -> int | None:
        value: int | None = None if target.latency is None else getattr(target.latency, name)
        return value

    return Fact(label, "ns", frozenset(fields), get, put)


FACTS = (
    _priced("input", "price.input", "estimated.cost"),
    _priced("output", "price.output", "estimated.cost"),
    _priced("cached_input", "price.cached_input"),
    _plain("quality", "micro"),
    _timed("latency.first_token", "first_token_ns", "latency.first_token", "estimated.latency", "latency.p95"),
    _timed("latency per output token", "per_token_ns", "estimated.latency"),
    _timed("latency.p95", "p95_ns", "latency.p95"),
    _plain("context_window", "count"),
    _plain("max_output", "count"),
)


def tier_facts(target: Target, tokens_in: int) -> tuple[Fact, ...]:
    """The prices that hold instead of the base ones for that many tokens, where the target has such a tier."""
    price = target.price
    places = [] if price is None else [at for at, (limit, _) in enumerate(price.above) if limit < tokens_in]
    return tuple(_tiered(places[-1], name) for name in ("input", "output")) if places else ()


def _tiered(place: int, name: str) -> Fact:
    def tier(target: Target) -> tuple[int, Price]:
        return target.prices[0].above[place]

    def put(target: Target, value: int) -> Target:
        limit, price = tier(target)
        changed: dict[str, Any] = {name: value}
        above = target.prices[0].above
        above = (*above[:place], (limit, replace(price, **changed)), *above[place + 1 :])
        return replace(target, prices=(replace(target.prices[0], above=above), *target.prices[1:]))

    label = f"price.{name} of long prompts"
    return Fact(
        label, "usd_per_mtok", frozenset(("estimated.cost",)), lambda target: getattr(tier(target)[1], name), put
    )


def facts_of(case: Case, target: Target) -> Iterator[tuple[Fact, Knob]]:
    """The numbers of a target that are known and not zero."""
    for fact in FACTS + tier_facts(target, case.facts.grid[0]):
        value = fact.get(target)
        if value:
            high = min(top(value), MICRO) if fact.name == "quality" else top(value)
            what = f"{fact.name} of {target.id}"
            yield fact, Knob("fact", what, None, value, fact.unit, high, _refacted(case.plan, target, fact))


def _refacted(plan: Plan, target: Target, fact: Fact) -> Callable[[int], Plan]:
    def changed(value: int) -> Plan:
        targets = list(plan.catalog.targets)
        targets[plan.catalog.index[target.id]] = fact.put(target, value)
        catalog = replace(plan.catalog, targets=tuple(targets))
        return compile_policy(plan.policy, catalog, plan.expresses)

    return changed
