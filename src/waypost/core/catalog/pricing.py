"""From usage to money: a cost with its basis, or ``unpriced``; an unknown price is never zero."""

from __future__ import annotations

from typing import Literal

from waypost.core.model.frozen import factory
from waypost.core.model.money import line_cost
from waypost.core.model.outcome import UNPRICED, Cost, CostBasis, CostLine, Usage
from waypost.core.model.target import Price, Target

_new_line, _new_cost = factory(CostLine), factory(Cost)

Kind = Literal["input", "cached_input", "cache_write", "cache_write_1h", "output"]


def price_usage(target: Target | None, usage: Usage | None) -> Cost:
    """What ``usage`` costs at ``target`` by its newest price, in nano-USD.

    One line per kind of token, each rounded half to even once; a line without tokens is left out. The tier is chosen
    by all input tokens. `UNPRICED` without a target, a usage or a price, where a line with tokens has no price, and
    where the counts contradict each other (more cached than there are).
    """
    price = None if target is None else target.price
    if price is None or usage is None:
        return UNPRICED
    rates = tier_of(price, usage.input) if price.above else price
    lines = []
    total = 0
    for kind, tokens in _tokens(usage):
        if tokens:
            rate: int | None = getattr(rates, kind)
            if tokens < 0 or rate is None:
                return UNPRICED
            cost = line_cost(tokens, rate)
            lines.append(_new_line(kind, tokens, rate, cost))
            total += cost
    return _new_cost(total, _basis(price, usage), tuple(lines), price.as_of or price.since)


def tier_of(price: Price, input_tokens: int) -> Price:
    """The tier in force for so many input tokens: the last whose threshold is below them, else the base price."""
    tier = price
    for threshold, dearer in price.above:
        if threshold < input_tokens:
            tier = dearer
    return tier


def _tokens(usage: Usage) -> tuple[tuple[Kind, int], ...]:
    """Each token once: input holds cache reads and writes, and the writes those that are kept for an hour."""
    if not (usage.cache_read or usage.cache_write or usage.cache_write_1h):
        return ("input", usage.input), ("output", usage.output)
    return (
        ("input", usage.input - usage.cache_read - usage.cache_write),
        ("cached_input", usage.cache_read),
        ("cache_write", usage.cache_write - usage.cache_write_1h),
        ("cache_write_1h", usage.cache_write_1h),
        ("output", usage.output),
    )


def _basis(price: Price, usage: Usage) -> CostBasis:
    if price.basis == "local":
        return "local"
    return "estimated" if usage.estimated else "computed"
