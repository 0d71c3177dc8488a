"""One line per ended call for a person who watches a terminal; on standard error, because output is the program's.

waypost auto -> groq/llama-3.1-8b  0.41 s  280 tokens  $0.0001635 (requested $0.0025)  fallback: rate_limited  wp_...
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TextIO

from waypost.core.model.events import Decided, Event, Settled, Started
from waypost.core.model.money import NANO, format_usd
from waypost.core.model.outcome import Cost


class Console:
    """The sink that prints. ``stream()`` is asked for each line, so that a replaced `sys.stderr` is respected."""

    def __init__(self, defer: Callable[..., bool], *, stream: Callable[[], TextIO | None] = lambda: sys.stderr) -> None:
        self.lost = 0
        self._defer = defer
        self._stream = stream

    def event(self, event: Event) -> None:
        """Take a settled call on the caller's thread; other events are ignored."""
        if isinstance(event, Settled) and not self._defer(self.write, event):
            self.lost += 1

    def flush(self, timeout_s: float) -> bool:  # noqa: ARG002 - the worker has what waits, and is drained by its owner
        """Nothing waits here."""
        return True

    def write(self, settled: Settled) -> None:
        """Print one line; a closed or full stream costs the line only."""
        stream = self._stream()
        try:
            if stream is not None:
                # One write, so that lines of several threads stay whole.
                stream.write(f"{line(settled)}\n")
                stream.flush()
        except (OSError, ValueError):
            self.lost += 1


def line(settled: Settled) -> str:
    """The line of one settled call, without its end."""
    return "  ".join(_parts(settled))


def _parts(settled: Settled) -> Iterator[str]:
    settlement, decided = settled.settlement, settled.decided
    yield f"waypost {settled.started.requested or '(none)'} -> {_answer(settled)}"
    yield f"{(settlement.ended_ns - settlement.started_ns) / NANO:.2f} s"
    if settlement.usage is not None:
        about = "~" if settlement.usage.estimated else ""
        yield f"{about}{settlement.usage.input + settlement.usage.output} tokens"
    baselines = ", ".join(f"{each.label} {_money(each.cost)}" for each in settlement.baselines)
    if settlement.attempts:
        yield _money(settlement.cost) + (f" ({baselines})" if baselines else "")
    if decided is not None:
        failures = [each.failure.kind for each in settlement.attempts[:-1] if each.failure is not None]
        yield f"{decided.decision.cause}: {', '.join(failures)}" if failures else _why(settled.started, decided)
        if decided.advised and decided.decision.selected is not None:
            yield f"advised {decided.target_of(decided.decision.selected)}"
    yield settled.started.receipt


def _why(started: Started, decided: Decided) -> str:
    if decided.decision.rule is not None:
        return f"rule {decided.decision.rule}"
    return f"policy {started.policy}" if decided.decision.cause == "policy" else decided.decision.cause


def _answer(settled: Settled) -> str:
    settlement = settled.settlement
    if not settlement.attempts:
        return "nobody: no eligible model" if settlement.outcome == "rejected" else settlement.outcome
    last = settlement.attempts[-1]
    name = last.target or f"{last.provider}/{last.model}"
    match settlement.outcome:
        case "ok" | "rejected":
            return name
        case "error":
            return f"{name} failed" if last.failure is None else f"{name} failed: {last.failure.kind}"
        case "cancelled" | "abandoned":
            return f"{name} ({settlement.outcome})"


def _money(cost: Cost) -> str:
    if cost.nano_usd is None:
        return "unpriced"
    return f"{'~' if cost.basis == 'estimated' else ''}{format_usd(cost.nano_usd)}"
