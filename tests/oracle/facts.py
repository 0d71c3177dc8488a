"""What every field of the policy language is worth, one at a time: written from docs/decision.md, not from src.

Only record types come from the package. Slow and plain on purpose; nothing is cached, nothing is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Question, Snapshot
from waypost.core.model.target import Price, Target

Fact = int | str | frozenset[str] | None
"""A number, a text, a set of words, or unknown."""


@dataclass(frozen=True)
class View:
    """Everything that one field can be read from; ``target`` is ``None`` where only request fields may be."""

    catalog: Catalog
    question: Question
    snapshot: Snapshot
    target: Target | None = None


def grid(n: int) -> int:
    """Exact below 16; from there each doubling is cut into eight steps, and ``n`` moves up to the next."""
    if n < 16:
        return n
    doubling = 16
    while doubling * 2 <= n:
        doubling *= 2
    step = doubling // 8
    whole_steps = n // step
    if whole_steps * step < n:
        whole_steps += 1
    return whole_steps * step


def line_cost(tokens: int, nano_usd_per_mtok: int) -> int:
    """Nano-USD, rounded half to even, as ``round`` does to a fraction."""
    return round(Fraction(tokens * nano_usd_per_mtok, 1_000_000))


def lg(x: int) -> int:
    """The page's piecewise linear base-2 logarithm, in millionths."""
    if x < 1:
        return 0
    e, power = 0, 1
    while power * 2 <= x:
        e, power = e + 1, power * 2
    return e * 1_000_000 + (x - power) * 1_000_000 // power


def price_at(price: Price, tokens: int) -> Price:
    """The tier that ``tokens`` input tokens are billed at."""
    chosen = price
    for threshold, dearer in price.above:
        if threshold < tokens:
            chosen = dearer
    return chosen


def estimated_cost(target: Target, tokens_input: int, tokens_output: int) -> int | None:
    """Nano-USD for those token counts, as given; the grid is the caller's business."""
    if not target.prices:
        return None
    price = price_at(target.prices[0], tokens_input)
    if price.input is None or price.output is None:
        return None
    return line_cost(tokens_input, price.input) + line_cost(tokens_output, price.output)


def warm_cost(target: Target, cached: int, tokens_input: int, tokens_output: int) -> int | None:
    """`estimated_cost` where ``cached`` of the prompt are read from the provider's cache: three lines, each rounded."""
    if estimated_cost(target, tokens_input, tokens_output) is None:
        return None
    price = price_at(target.prices[0], tokens_input)
    assert price.input is not None
    assert price.output is not None
    read = min(cached, tokens_input)
    per_read = price.input if price.cached_input is None else price.cached_input
    fresh = line_cost(tokens_input - read, price.input)
    return fresh + line_cost(read, per_read) + line_cost(tokens_output, price.output)


def estimated_latency(target: Target, tokens_output: int) -> int | None:
    """Nanoseconds for that many output tokens."""
    if target.latency is None:
        return None
    return target.latency.first_token_ns + target.latency.per_token_ns * tokens_output


def fact(name: str, view: View) -> Fact:
    """The value of the field ``name``; ``KeyError`` where the vocabulary has no such field."""
    if name.startswith("context."):
        return view.question.context.labels.get(name.removeprefix("context."))
    if name in REQUEST:
        return REQUEST[name](view.question)
    if view.target is None:
        raise KeyError(f"{name} is not a field of the request")
    if name.startswith("labels."):
        return view.target.labels.get(name.removeprefix("labels."))
    return TARGET[name](view, view.target)


def is_request_field(name: str) -> bool:
    """Whether ``match`` and ``when`` may use it."""
    return name in REQUEST or name.startswith("context.")


def _price(part: str) -> Callable[[View, Target], Fact]:
    def read(view: View, target: Target) -> Fact:
        if not target.prices:
            return None
        value: int | None = getattr(target.prices[0], part)
        return value

    return read


def _cost(view: View, target: Target) -> Fact:
    features = view.question.features
    return estimated_cost(target, grid(features.tokens_input), grid(features.tokens_output))


def _p95(view: View, target: Target) -> Fact:
    for measured, nanoseconds in view.snapshot.latency_p95_ns:
        if measured == target.id:
            return nanoseconds
    if target.latency is None:
        return None
    stated = target.latency.p95_ns
    return stated if stated is not None else target.latency.first_token_ns + target.latency.first_token_ns


def _word(flag: bool) -> str:
    return "true" if flag else "false"


TARGET: dict[str, Callable[[View, Target], Fact]] = {
    "target": lambda v, t: t.id,
    "provider": lambda v, t: t.provider,
    "model": lambda v, t: t.model,
    "family": lambda v, t: t.family,
    "tier": lambda v, t: t.tier,
    "endpoint": lambda v, t: t.endpoint,
    "dialect": lambda v, t: v.catalog.endpoints[t.endpoint].dialect,
    "region": lambda v, t: t.region,
    "retention": lambda v, t: t.retention,
    "quality": lambda v, t: t.quality,
    "price.input": _price("input"),
    "price.output": _price("output"),
    "price.cached_input": _price("cached_input"),
    "price.cache_write": _price("cache_write"),
    "context_window": lambda v, t: t.context_window,
    "max_output": lambda v, t: t.max_output,
    "latency.first_token": lambda v, t: t.latency.first_token_ns if t.latency is not None else None,
    "capabilities": lambda v, t: frozenset(t.capabilities),
    "estimated.cost": _cost,
    "estimated.latency": lambda v, t: estimated_latency(t, grid(v.question.features.tokens_output)),
    "latency.p95": _p95,
}

REQUEST: dict[str, Callable[[Question], Fact]] = {
    "task": lambda q: q.features.task,
    "complexity": lambda q: q.features.complexity,
    "language": lambda q: q.features.language,
    "data_class": lambda q: q.features.data_class,
    "intent": lambda q: q.intent,
    "requested.model": lambda q: q.requested,
    "origin.provider": lambda q: q.origin.provider,
    "origin.sdk": lambda q: q.origin.sdk,
    "origin.dialect": lambda q: q.dialect,
    "department": lambda q: q.context.department,
    "user": lambda q: q.context.user,
    "workflow": lambda q: q.context.workflow,
    "step": lambda q: q.context.step,
    "session": lambda q: q.context.session,
    "preference": lambda q: q.context.preference,
    "budget_tier": lambda q: q.context.tier,
    "streaming": lambda q: _word(q.streaming),
    "code": lambda q: _word(q.features.has_code),
    "auto": lambda q: _word(q.auto),
    "tokens.input": lambda q: grid(q.features.tokens_input),
    "tokens.output": lambda q: grid(q.features.tokens_output),
    "tokens.total": lambda q: grid(q.features.tokens_input) + grid(q.features.tokens_output),
    "tokens.max_output": lambda q: q.features.max_output,
    "turns": lambda q: q.features.turns,
    "messages": lambda q: q.features.messages,
    "code_language": lambda q: frozenset(q.features.code_languages),
    "needs": lambda q: frozenset(need.flag for need in q.needs if need.severity == "required"),
    "signals": lambda q: frozenset(q.features.signals),
}
