"""How a contradiction is said: which lines are to blame, both with their places, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.policy.constraints import Conflict, conflict
from waypost.core.policy.tree import Filter, Predicate, Rule

LOOSEN = "loosen or remove one of the two"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that can never come true, at ``at``; ``other`` is the line that it contradicts, where there is one.

    ``what`` names both lines, the other with its place; ``remedy`` says what to write instead.
    """

    at: Source
    other: Source | None
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.at}: {self.what}; {self.remedy}"


def blamed_of(lines: Sequence[tuple[Filter, int]], start: int) -> list[Filter] | None:
    """The fewest lines found that leave nobody of ``start``: one, else two, else what cannot be done without."""
    left = start
    for _, mask in lines:
        left &= mask
    if left or not start:
        return None
    for line, mask in lines:
        if not start & mask:
            return [line]
    kept = list(lines)
    for entry in lines:
        rest = [other for other in kept if other is not entry]
        left = start
        for _, mask in rest:
            left &= mask
        if not left:
            kept = rest
    return [line for line, _ in kept]


def shut_out(lines: list[Filter], result: str, rule: Rule | None) -> Contradiction:
    whom = "target of the catalog" if rule is None or rule.use is None else "target of its shortlist"
    *others, last = lines
    if not others:
        at, other = (last.at, None) if rule is None else (rule.at, last.at)
        place = "" if rule is None else f" at {last.at}"
        what = f"{result}: no {whom} can pass `{last.name}`{place}"
        return Contradiction(at, other, what, "loosen the line, or let somebody else be chosen")
    named = " and ".join(f"`{line.name}` at {line.at}" for line in others)
    place = "" if rule is None else f" at {last.at}"
    what = f"{result}: no {whom} can pass both `{last.name}`{place} and {named}"
    if len(others) > 1:
        what = what.replace(" can pass both ", " can pass all of ", 1)
    return Contradiction(last.at if rule is None else rule.at, others[0].at, what, LOOSEN)


def never(predicate: Predicate, result: str) -> Iterator[Contradiction]:
    clash = conflict((predicate,))
    if clash is not None:
        yield clash_of(clash, result)


def clash_of(clash: Conflict, result: str) -> Contradiction:
    first, second = clash.first, clash.second
    one = f"`{'not ' if clash.negated[0] else ''}{first.text}`"
    if second is None:
        what = f"{result}: {one} is never true"
        return Contradiction(first.at, None, what, "write a value that the field can have")
    other = f"`{'not ' if clash.negated[1] else ''}{second.text}`"
    more = [f"`{'not ' if negated else ''}{compare.text}` at {compare.at}" for compare, negated in clash.more]
    together = f" together with {' and '.join(more)}" if more else ""
    what = f"{result}: {one} contradicts {other} at {second.at}{together}"
    return Contradiction(first.at, second.at, what, "loosen or remove one of them" if more else LOOSEN)
