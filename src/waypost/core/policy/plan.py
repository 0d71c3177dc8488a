"""A compiled policy: what `decide` walks through, with memos for everything that repeats.

Memos are plain dictionaries bounded by `remember`; a race computes a value twice and never a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Cause
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.question import Question
from waypost.core.model.target import Dialect, Target, TargetId
from waypost.core.policy.columns import Columns
from waypost.core.policy.rank.ask import Lead
from waypost.core.policy.request import Reader, Truth, Values
from waypost.core.policy.tree import Filter, Policy, Rule, Select
from waypost.core.policy.world import World

STANDBY = 8
"""How many ranked survivors a decision names."""
MAX_CELLS = 16_384
"""The bound of every memo of a plan that is keyed by facts of calls."""
Entries: TypeAlias = tuple[tuple[str, int], ...]


Failing: TypeAlias = tuple[Entries, int]
"""Named masks of candidates that fail, and all of them or-ed."""


class Base(NamedTuple):
    """One class of questions, evaluated but for the shortlist.

    ``above`` and ``below`` are the entries before and after the shortlist's place; ``open`` are the candidates that
    fail none of them but the call's own claims, ``claimed`` those that fail these. ``lead`` comes first in every order,
    the others as ``behind`` ranks them; without a lead that is the ``strategy``.
    """

    program: Program
    strategy: str
    behind: str
    lead: Lead
    values: Values
    above: Entries
    below: Entries
    open: int
    claimed: int


class View(NamedTuple):
    """What decides one class of questions in one world: everything but chance."""

    rejections: Entries
    survivors: int
    order: tuple[int, ...]
    scores: tuple[int, ...]
    cause: Cause
    aside: str | None
    because: str | None
    base: Base


@dataclass(eq=False, slots=True)
class Dues:
    """What budgets and limits say of one caller. Entries that fail nobody keep the place of their name.

    ``steering`` are the reached budgets that ask for other candidates, with those that they allow; ``None`` is
    `downgrade`, which depends on who is best. ``cause`` is the decision's where nobody survives.
    """

    entries: Entries
    dead: int
    steering: tuple[tuple[str, int | None], ...]
    cause: Cause | None

    @property
    def meaning(self) -> Hashable:
        """What makes two of them the same."""
        return self.entries, self.steering, self.cause


@dataclass(eq=False, slots=True)
class Line:
    """One filter, compiled. ``fixed`` is the mask of its failing candidates where the catalog alone decides.

    Else ``evaluate`` gives those for whom it is true and those for whom it is false.
    """

    number: int
    filter: Filter
    fixed: int | None
    places: frozenset[int]
    key: Callable[[Values], Any] | None
    of_world: bool
    evaluate: Callable[[Values, World], tuple[int, int]] | None
    when: Callable[[Values], Truth] | None
    memo: dict[Any, int] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Step:
    """The lines of one name, at the place of the first: a mask known at once, or-ed with what must be evaluated."""

    name: str
    fixed: int
    lines: tuple[Line, ...]


@dataclass(eq=False, slots=True)
class Ranked:
    """The best candidates of a grid cell, best first, with their scores; ``complete`` when none is left out."""

    order: Sequence[int]
    scores: Sequence[int]
    complete: bool


@dataclass(eq=False, slots=True)
class Program:
    """What holds once it is known which rule matched and which lines apply.

    ``dead`` is the mask of candidates that cannot survive in it, whatever the call is, while the shortlist is the
    rule's own; only the others are ranked ahead.
    """

    rule: Rule | None
    shortlist: Entries
    """The rule's own, as the one entry that it makes; none where the rule has no ``use``."""
    unlisted: int
    """Those who are not on it."""
    steps: tuple[Step, ...]
    dead: int
    key: Callable[[Values], Any] | None
    """What its lines read of a question that is not fixed in it."""


class Plan:
    """A policy compiled against a catalog. Made by `compile_policy`; read by `decide`, `prove` and `act`."""

    def __init__(
        self,
        policy: Policy,
        catalog: Catalog,
        expresses: Mapping[Dialect, frozenset[str]],
        *,
        columns: Columns,
        reader: Reader,
        needs_call_facts: bool,
    ) -> None:
        self.policy = policy
        self.catalog = catalog
        self.expresses = expresses
        self.standby = STANDBY
        self.needs_call_facts = needs_call_facts
        self.columns = columns
        self.reader = reader
        self.match: Callable[[Values], Truth] | None = None
        self.lines: tuple[Line, ...] = ()
        self.rule_lines: tuple[tuple[Line, ...], ...] = ()
        self.whens: tuple[Callable[[Values], Truth] | None, ...] = ()
        self.when_key: Callable[[Values], Any] | None = None
        self.fixed = 0
        self.selects = False
        self.select: Select | None = None
        self.weights: tuple[tuple[int, int], ...] = ()
        self.unowed = Dues((), 0, (), None)
        self.levels: dict[tuple[str, int], tuple[Any, ...]] = {}
        self.dues: dict[Any, Dues] = {}
        self.duties: dict[Any, Dues] = {}
        self.current: tuple[tuple[Any, ...], World, Dues] = ((), World.empty(columns), Dues((), 0, (), None))
        self.worlds: dict[Any, World] = {}
        self.outcomes: dict[Any, Program] = {}
        self.programs: dict[Any, Program] = {}
        self.origins: dict[Any, Failing] = {}
        self.needs: dict[Any, Failing] = {}
        self.windows: dict[int, int] = {}
        self.outputs: dict[int, int] = {}
        self.reads: dict[str, tuple[bool, bool]] = {}
        self.ranked: dict[tuple[Program, str, int, int], Ranked] = {}
        self.pools: dict[int, tuple[Target, ...]] = {}

    def matches(self, question: Question) -> bool:
        """Whether the policy's ``match`` is true for ``question``; a policy without one matches."""
        return self.match is None or self.match(self.reader.read(question)) is True

    def default_for(self, provider: str) -> TargetId | None:
        """The policy's default target for a caller at ``provider``.

        ``provider`` is an endpoint's, by OpenTelemetry's name (``gcp.gemini``); a policy may also write the one that
        stands in the ids of its targets (``google``). ``None`` where there is none, or where a rule that depends on the
        catalog alone rejects it.
        """
        named = self.policy.default
        target = named.get(provider) or self._default_by_targets(provider) or named.get("*")
        position = None if target is None else self.catalog.index.get(target)
        return None if position is None or self.fixed >> position & 1 else target

    def _default_by_targets(self, provider: str) -> TargetId | None:
        named, endpoints = self.policy.default, self.catalog.endpoints
        served = (target for target in self.catalog.targets if endpoints[target.endpoint].provider == provider)
        return next((named[target.provider] for target in served if target.provider in named), None)
