"""Budgets that had no room, each told once: how far it is used, who did not fit, and what the cheapest would cost."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.model.ask import Standing, minute_of
from waypost.core.model.decision import CandidateProof, Rejection
from waypost.core.model.money import NANO, format_usd
from waypost.core.model.question import Snapshot
from waypost.core.policy.spending import share

UNBOUNDED = "; state max_tokens: without it each is reserved at the longest answer that it can give"


def no_room(snapshot: Snapshot, candidates: Sequence[CandidateProof], *, bounded: bool = True) -> list[str]:
    """One line for each budget that refused a reservation, in the order of the refusals:
    ``budget.user (99% used): none of 39 fits in the rest of $0.02 per day; the cheapest is openai/mini, about $0.004``.

    ``bounded`` is whether the call says how long its answer may get; where it does not, that is the remedy.
    """
    nobody = all(row.state != "selected" for row in candidates)
    rules = dict.fromkeys(rule for rule, _ in snapshot.refused)
    return [_told(rule, snapshot, candidates, nobody, bounded=bounded) for rule in rules]


def spent(snapshot: Snapshot, standings: Sequence[Standing]) -> list[str]:
    """One line for each budget that stops everybody or refused a reservation, without whose it is:
    ``budget.user: 4.98 of 5.00 USD per day used; resets at 2026-11-22T00:00Z``."""
    rules = {rule for rule, _ in snapshot.refused}
    return [_stands(item) for item in standings if item.reached or item.account.rule in rules]


def _stands(standing: Standing) -> str:
    account = standing.account
    stops = account.ceiling if account.ceiling is not None else account.limit
    early = "" if stops >= account.limit else f" ({_usd(stops, account.limit)} may be)"
    sums = f"{_usd(standing.used, account.limit)} of {_usd(account.limit, account.limit)} USD"
    return f"{account.rule}: {sums} per {account.period} used{early}; resets at {minute_of(standing.resets_ns)}"


def _usd(nano_usd: int, limit: int) -> str:
    """Cents, or as many digits as a hundredth of the limit has; rounded down."""
    hundredths = -(-100 * NANO // max(limit, 1))
    digits = min(max(len(str(hundredths - 1)), 2), 9)
    whole, rest = divmod(nano_usd, NANO)
    return f"{whole}.{f'{rest:09d}'[:digits]}"


def _told(rule: str, snapshot: Snapshot, candidates: Sequence[CandidateProof], nobody: bool, *, bounded: bool) -> str:
    refused = {target for name, target in snapshot.refused if name == rule}
    rows = [row for row in candidates if row.target in refused]
    rooms = [item.limit for row in rows for item in row.rejections if _is_room(item, rule)]
    scope = rule.partition(".")[2]
    used = [f"{share(ppm)} used" for key, ppm in snapshot.used if key.rpartition("/")[0] == scope]
    who = f"none of {len(refused)} fits" if nobody and len(refused) > 1 else f"{len(refused)} did not fit"
    room = f" in {rooms[0]}" if rooms else ""
    priced = [(row.estimated_nano_usd, row.target) for row in rows if row.estimated_nano_usd is not None]
    least = min(priced, default=None)
    cheapest = "" if least is None else f"; the cheapest is {least[1]}, about {format_usd(least[0])}"
    spent = f" ({', '.join(used)})" if used else ""
    return f"{rule}{spent}: {who}{room}{cheapest if bounded else UNBOUNDED}"


def _is_room(item: Rejection, rule: str) -> bool:
    return item.rule == rule and item.field == "estimated.cost"
