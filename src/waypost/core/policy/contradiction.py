"""What a policy says that can never come true: lines that exclude each other, and whom they shut out for good.

Everything here is a warning about a policy that loads. It looks at what holds at every call: lines without a ``when``,
rules by themselves, and the facts of the catalog. A warning that is given is right; not every contradiction is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, islice

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.policy.bits import mask_of
from waypost.core.policy.columns import Columns, columns_of
from waypost.core.policy.constraints import conflict
from waypost.core.policy.contradiction_words import LOOSEN, Contradiction, blamed_of, clash_of, never, shut_out
from waypost.core.policy.folding import may
from waypost.core.policy.render import render
from waypost.core.policy.tree import LADDER, And, Filter, Policy, Predicate, Rule

MAX_FOUND = 100
"""So many contradictions of one policy are told."""
MAX_RULES = 1_000
"""So many rules are looked at, each together with all lines."""
MAX_TERMS = 6
MAX_GIVEN = 100_000
"""So many lines are looked at together with those that hold wherever a line with a ``when`` does."""


def contradictions(policy: Policy, catalog: Catalog | None = None) -> tuple[Contradiction, ...]:
    """All contradictions that are found, in the order of the policy; without a ``catalog``, those of the lines alone.

    For what holds of a policy inside of its envelopes, give the wrapped one.
    """
    return tuple(islice(_Search(policy, None if catalog is None else columns_of(catalog)).found(), MAX_FOUND))


class _Search:
    def __init__(self, policy: Policy, columns: Columns | None) -> None:
        self.policy = policy
        self.columns = columns
        self.always = tuple(line for line in policy.filters if line.when is None)

    def found(self) -> Iterator[Contradiction]:
        if self.policy.match is not None:
            yield from never(self.policy.match, "the policy never applies")
        nobody = self._among(self.always, "nobody can ever be selected")
        if nobody is not None:
            yield nobody
        yield from self._sometimes(nobody is None)
        yield from self._rules(nobody is None)
        if nobody is None and self.columns is not None:
            yield from self._chosen(self.columns)

    # Lines of a filter

    def _among(
        self, lines: Sequence[Filter], result: str, *, shortlist: int | None = None, rule: Rule | None = None
    ) -> Contradiction | None:
        """Why ``lines`` together let nobody pass, or nobody of a ``shortlist``; ``None`` where they may."""
        if rule is None:
            clash = conflict(line.predicate for line in lines)
            if clash is not None:
                return clash_of(clash, result)
        if self.columns is None:
            return None
        start = self.columns.full if shortlist is None else shortlist
        blamed = blamed_of([(line, self._may(line)) for line in lines], start)
        return None if blamed is None else shut_out(blamed, result, rule)

    def _may(self, line: Filter) -> int:
        assert self.columns is not None
        return may(line.predicate, self.columns)[0]

    def _sometimes(self, alive: bool) -> Iterator[Contradiction]:
        """Lines with a ``when``: that it can hold, and that somebody is left where it does."""
        lines = [(frozenset(_terms(line.when)), line) for line in self.policy.filters if line.when is not None]
        sound: list[tuple[frozenset[str], Filter]] = []
        room = MAX_GIVEN // max(len(self.policy.filters), 1)
        for terms, line in lines:
            dead = () if line.when is None else tuple(never(line.when, f"the line `{line.name}` never applies"))
            yield from dead
            room -= 1
            if not alive or dead or room < 0:
                continue
            given = [other for wider, other in lines if wider < terms] + [
                other for same, other in sound if same == terms
            ]
            found = self._together([*self.always, *given], line)
            if found is None:
                sound.append((terms, line))
            else:
                yield found

    def _together(self, given: Sequence[Filter], line: Filter) -> Contradiction | None:
        """Why nobody is left where ``line`` holds, unless it is for what is ``given`` without it."""
        result = "nobody can be selected where its `when` holds"
        if conflict(other.predicate for other in given) is not None:
            return None
        clash = conflict([*(other.predicate for other in given), line.predicate])
        if clash is not None:
            return clash_of(clash, result)
        return self._among([*given, line], result) if self._among(given, result) is None else None

    # Rules

    def _rules(self, alive: bool) -> Iterator[Contradiction]:
        earlier: dict[frozenset[str], Rule] = {}
        for rule in self.policy.rules[:MAX_RULES]:
            dead = () if rule.when is None else tuple(never(rule.when, f"rule {rule.name!r} never matches"))
            yield from dead or self._unmatched(rule)
            terms = frozenset(_terms(rule.when))
            shadow = next((earlier[wider] for wider in _parts(terms) if wider in earlier), None)
            if shadow is not None:
                what = f"rule {rule.name!r} is never reached: rule {shadow.name!r} at {shadow.at} matches before it"
                yield Contradiction(rule.at, shadow.at, what, "put the narrower rule first")
            elif not dead:
                earlier[terms] = rule
                if alive:
                    yield from self._shortlist(rule)

    def _unmatched(self, rule: Rule) -> Iterator[Contradiction]:
        """Whether ``match`` excludes what the rule asks for; of a rule that is inherited nobody need care."""
        match = self.policy.match
        if match is None or rule.when is None or rule.at.file != match.at.file or conflict((match,)) is not None:
            return
        clash = conflict((match, rule.when))
        if clash is not None:
            yield clash_of(clash, f"rule {rule.name!r} matches no call that the policy's `match` lets in")

    def _shortlist(self, rule: Rule) -> Iterator[Contradiction]:
        """Whether the lines that hold where the rule matches leave anybody whom it names."""
        given = frozenset(_terms(rule.when))
        lines = [line for line in self.policy.filters if line.when is None or frozenset(_terms(line.when)) <= given]
        lines += [line for line in rule.filters if line.when is None]
        result = f"rule {rule.name!r} can never select anybody"
        clash = conflict(line.predicate for line in lines)
        if clash is not None:
            yield clash_of(clash, result)
        elif self.columns is not None:
            use = self.columns.full if rule.use is None else self._mask(rule.use)
            found = self._among(lines, result, shortlist=use, rule=rule)
            if found is not None:
                yield found

    def _mask(self, targets: Iterable[str]) -> int:
        assert self.columns is not None
        index = self.columns.catalog.index
        return mask_of((index[target] for target in targets if target in index), self.columns.size)

    # Targets that are named elsewhere

    def _chosen(self, columns: Columns) -> Iterator[Contradiction]:
        """Targets of a select, and tiers of a budget, that a line rejects at every call."""
        for what, at, targets in (*self._selected(), *self._fallen(columns)):
            mask = self._mask(targets)
            line = next((line for line in self.always if mask and not self._may(line) & mask), None)
            if line is not None:
                yield Contradiction(
                    at, line.at, f"{what} is never selected: `{line.name}` at {line.at} rejects it", LOOSEN
                )

    def _selected(self) -> Iterator[tuple[str, Source, tuple[str, ...]]]:
        select = self.policy.select
        if select is not None:
            named = [target for target, _ in select.weights] + ([select.target] if select.target else [])
            for target in named:
                yield f"the {select.kind} target {target!r}", select.at, (target,)

    def _fallen(self, columns: Columns) -> Iterator[tuple[str, Source, tuple[str, ...]]]:
        own = dict(self.policy.tiers)
        for budget in self.policy.budgets:
            for _, action in budget.thresholds:
                if action in own:
                    yield f"the tier {action!r} of a budget", budget.at, own[action]
                elif action in LADDER:
                    below = LADDER[: LADDER.index(action) + 1]
                    allowed = tuple(target.id for target in columns.catalog.targets if target.tier in below)
                    yield f"the tier {action!r} of a budget", budget.at, allowed


def _parts(terms: frozenset[str]) -> Iterator[frozenset[str]]:
    """Terms that are true wherever all of ``terms`` are: every part of few, of many the single ones."""
    most = len(terms) if len(terms) <= MAX_TERMS else 1
    for size in range(most + 1):
        yield from map(frozenset, combinations(sorted(terms), size))
    yield terms


def _terms(predicate: Predicate | None) -> Iterator[str]:
    """The canonical texts of the terms that must all be true."""
    if predicate is None:
        return
    for term in predicate.terms if isinstance(predicate, And) else (predicate,):
        yield render(term)
