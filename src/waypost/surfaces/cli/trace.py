"""``waypost trace ID``: what happened in one call, in order, with times from its beginning."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from waypost.core.analysis import words_numbers, words_outcome
from waypost.core.analysis.calendar import utc
from waypost.core.model.receipt import Hop, Receipt
from waypost.surfaces.cli import home
from waypost.surfaces.cli.table import table

HELP = "what happened in one call, in order, with timings"


def arguments(parser: argparse.ArgumentParser) -> None:
    home.arguments(parser)
    parser.add_argument("id", metavar="ID", help="a receipt id or its beginning, a request id or a response id")


def run(args: argparse.Namespace) -> int:
    receipt = home.find(home.open_store(args), args.id)
    if args.json:
        home.print_json(document(receipt))
        return 0
    print(home.bold(f"{receipt.id}  {words_outcome.status(receipt)}  {utc(receipt.call.at_ns)}"))
    rows = [(_offset(receipt, at_ns), what, text) for at_ns, what, text in steps(receipt)]
    print(*table(("AT", "STEP", ""), rows, right=frozenset((0,)))[1:], sep="\n")
    if receipt.trace_id is not None:
        print(f"trace {receipt.trace_id}")
    return 0


def document(receipt: Receipt) -> dict[str, Any]:
    """The steps as JSON."""
    return {
        "schema": "trace/v1",
        "receipt": receipt.id,
        "status": receipt.status,
        "trace_id": receipt.trace_id,
        "steps": [{"at_ns": at_ns, "step": what, "text": text} for at_ns, what, text in steps(receipt)],
    }


def steps(receipt: Receipt) -> Iterator[tuple[int, str, str]]:
    """``(epoch ns, step, sentence)``: the call, each decision and attempt, the settlement."""
    call = receipt.call
    yield call.at_ns, "call", f"{call.requested} at {call.provider} ({call.sdk}, {call.dialect}), policy {call.policy}"
    for hop in receipt.hops:
        yield from _hop(receipt, hop)
    settlement = receipt.settlement
    if settlement is not None:
        # A call ends with its last attempt, after which it may still have been decided that nobody is left.
        last = max((hop.decided_ns or 0 for hop in receipt.hops), default=0)
        ended = max(settlement.ended_ns, last)
        yield ended, "settled", f"{settlement.outcome}, {words_outcome.spent(receipt)}"


def _hop(receipt: Receipt, hop: Hop) -> Iterator[tuple[int, str, str]]:
    decision, attempt = hop.decision, hop.attempt
    if decision is not None:
        took = "" if hop.duration_ns is None else f" in {words_numbers.duration(hop.duration_ns)}"
        chosen = hop.selected or "nobody"
        word = "advised" if hop.advised else "decided"
        yield hop.decided_ns or receipt.call.at_ns, word, f"{chosen}{took}; {decision.cause}"
    if attempt is None:
        return
    where = "" if hop.host is None else f" at {hop.host}"
    yield (
        attempt.started_ns,
        "sent",
        f"attempt {attempt.number} ({attempt.reason}): {words_outcome.name(attempt)}{where}",
    )
    if attempt.first_chunk_ns is not None:
        yield attempt.first_chunk_ns, "content", "the first content arrived"
    if attempt.ended_ns:
        yield attempt.ended_ns, "ok" if attempt.failure is None else "failed", words_outcome.ended(attempt)


def _offset(receipt: Receipt, at_ns: int) -> str:
    return f"+{max(at_ns - receipt.call.at_ns, 0) / 1_000_000:.1f} ms"
