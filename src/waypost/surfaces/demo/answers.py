"""What the emulated models say, by what was asked, so that the demo reads like a conversation.

Only the text is made up. Which model gets to say it is decided by policy and catalog.
"""

from __future__ import annotations

_KNOWN: tuple[tuple[str, str], ...] = (
    ("capital of france", "The capital of France is Paris."),
    ("capital do brasil", "A capital do Brasil é Brasília, desde 21 de abril de 1960."),
    ("leap year", "A leap year has 366 days; the extra one is February 29."),
    (
        "race condition",
        "Root cause: `counter += 1` is three steps (read, add, write), and a thread can be interrupted between them. "
        "Two threads then read the same value and one of the two updates is lost. Fix: hold a `threading.Lock` around "
        "the increment, or let each thread count for itself and add the sums up at the end.",
    ),
    (
        "billing platform",
        "Keep one append-only ledger per region and make a customer's home region its only writer. Other regions "
        "read a replica that lags by seconds; invoices are projections that can be rebuilt from the events. It costs "
        "more storage than one global database, but a failed region stops only its own writes, and no invoice is "
        "ever computed from two disagreeing ledgers.",
    ),
    (
        "square root of 2",
        "Suppose sqrt(2) = p/q in lowest terms. Then p*p = 2*q*q, so p is even, p = 2*r, and q*q = 2*r*r makes q even "
        "as well, a contradiction. In general: if n is no square, some prime divides n an odd number of times, but it "
        "divides p*p and q*q an even number of times, so p*p = n*q*q is impossible.",
    ),
    (
        "opentelemetry",
        "OpenTelemetry is one open standard for traces, metrics and logs, so that an application is instrumented once "
        "and its telemetry can go to any backend.",
    ),
    ("ocean", "The Pacific Ocean is the largest; it covers about a third of the Earth."),
)


def answer_to(prompt: str) -> str | None:
    """The answer to a prompt that the demo knows, else ``None``: the emulator then says something of its own."""
    wanted = prompt.casefold()
    return next((text for part, text in _KNOWN if part in wanted), None)
