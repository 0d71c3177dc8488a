"""When a weight lets one candidate overtake another: exactly, though scores are rounded down.

A score is ``floor(a(w) / MICRO)`` with ``a`` linear in the weight, so near the crossing two scores take turns. How
often the one is ahead in a stretch of weights is a difference of sums of floors, which are had without walking it.
"""

from __future__ import annotations

from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO


@dataclass(frozen=True, slots=True)
class Race:
    """Sums of weighted utilities before the rounding, now and per step of the weight.

    ``wins_ties`` says that ``mine`` comes first by id.
    """

    mine: int
    my_step: int
    theirs: int
    their_step: int
    wins_ties: bool


def first_ahead(race: Race, most: int) -> int | None:
    """The first of the steps ``1..most`` after which mine is ahead; it is behind now. ``None`` where it never is."""
    lead, gain = race.mine - race.theirs, race.my_step - race.their_step
    sure = 0 if race.wins_ties else MICRO
    first_sure = None if gain <= 0 else max(1, -((lead - sure) // gain))
    last = most if first_sure is None else min(most, first_sure - 1)
    start, last = _perhaps(lead, gain, sure - MICRO, last=last)
    if start <= last and _ahead(race, start, last):
        low, high = start, last
        while low < high:
            middle = (low + high) // 2
            if _ahead(race, start, middle):
                high = middle
            else:
                low = middle + 1
        return low
    return first_sure if first_sure is not None and first_sure <= most else None


def _perhaps(lead: int, gain: int, floor: int, *, last: int) -> tuple[int, int]:
    """The steps after which the lead is above ``floor``, so that rounding may put mine ahead."""
    if gain > 0:
        return max(1, (floor - lead) // gain + 1), last
    if gain == 0:
        return (1, last) if lead > floor else (1, 0)
    return 1, min(last, (lead - floor - 1) // -gain)


def _ahead(race: Race, start: int, last: int) -> bool:
    """Whether mine is ahead after any of these steps, in each of which it is ahead by one place or not at all."""
    count = last - start + 1
    mine = floor_sum(count, race.my_step, race.mine + start * race.my_step)
    theirs = floor_sum(count, race.their_step, race.theirs + start * race.their_step)
    return mine - theirs + (count if race.wins_ties else 0) > 0


def floor_sum(count: int, step: int, start: int) -> int:
    """The sum of ``floor((start + i * step) / MICRO)`` for ``i`` in ``range(count)``."""
    if step < 0:
        return floor_sum(count, -step, start + step * (count - 1))
    total, modulus = 0, MICRO
    while True:
        total += (count - 1) * count // 2 * (step // modulus) + count * (start // modulus)
        step, start = step % modulus, start % modulus
        end = step * count + start
        if end < modulus:
            return total
        count, start = divmod(end, modulus)
        modulus, step = step, modulus
