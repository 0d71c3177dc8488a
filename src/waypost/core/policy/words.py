"""Words that a predicate compares with, against what the catalog in force has: a misspelt name would never be true.

What a line asks for must exist. What it keeps out need not: a guard such as ``provider not in [deepseek]`` stands
with a smaller catalog too, unless the word is so near a known one that it must be a slip. Of regions and retentions,
which belong to the world rather than to the catalog, a list needs one that some target has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass, field
from waypost.core.policy.columns import columns_of
from waypost.core.policy.fields import nearest
from waypost.core.policy.recent import Recent
from waypost.core.policy.request import glob
from waypost.core.policy.tree import And, Compare, Items, Not, Or, Predicate, Word

OF_CATALOG = ("target", "provider", "model", "family", "tier", "endpoint", "dialect", "region", "retention")
_WORLD = ("region", "retention")
_ASKS = ("==", "in", "matches", "has")
_MOST = 12
_NO_INTENT = "say what requested models stand for: `aliases: {requested-model: chat}`"
_ELSEWHERE = "remove the line, or load a catalog that has it"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A word that nothing in force has. ``fatal`` unless the line can still do what it says."""

    at: Source
    what: str
    remedy: str
    fatal: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What words can be true: the values of the ``catalog`` where there is one, and ``closed`` vocabularies by field.

    ``tiers`` are the policy's own shortlists, which no predicate sees.
    """

    catalog: Catalog | None = None
    closed: Mapping[str, Iterable[str]] = field(default_factory=dict)
    tiers: Iterable[str] = ()

    def doubts(self, predicate: Predicate, *, wanted: bool = True) -> Iterator[Doubt]:
        """All doubts about ``predicate``, which is ``wanted`` to be true."""
        match predicate:
            case Compare():
                yield from self._compared(predicate, wanted)
            case Not():
                yield from self.doubts(predicate.term, wanted=not wanted)
            case And() | Or():
                for term in predicate.terms:
                    yield from self.doubts(term, wanted=wanted)
            case _:
                assert_never(predicate)

    def _compared(self, compare: Compare, wanted: bool) -> Iterator[Doubt]:
        name = compare.field
        if name in self.closed:
            known = frozenset(self.closed[name])
            for word in _missing(compare, known):
                remedy = nearest(word.value, known) if known or name != "intent" else _NO_INTENT
                yield Doubt(word.at, f"{name} is never {word.value!r}", remedy, True)
        elif self.catalog is not None and name in OF_CATALOG:
            yield from self._of_catalog(self.catalog, compare, asks=wanted is (compare.op in _ASKS))
        elif self.catalog is not None and name == "origin.provider":
            known = _callers(self.catalog)
            for word in _missing(compare, known):
                if compare.op != "matches" and _slip(word.value, known):
                    yield Doubt(word.at, f"unknown provider {word.value!r}", nearest(word.value, known), True)

    def _of_catalog(self, catalog: Catalog, compare: Compare, *, asks: bool) -> Iterator[Doubt]:
        name = compare.field
        known = _KNOWN.of(catalog)[name]
        missing = _missing(compare, known)
        if not known and missing:
            what = f"no target of the catalog states its {name}, so that `{compare.text}` can never be known"
            yield Doubt(compare.at, what, f"add `{name}` to the catalog, or remove the line", name not in _WORLD)
            return
        nobody = len(missing) == len(_words(compare))
        for word in missing:
            text = word.value
            if compare.op != "matches":
                fatal = (asks and (nobody or name not in _WORLD)) or _slip(text, known)
                what = f"no target of the catalog has the {name} {text!r}"
                yield Doubt(word.at, what, self._remedy(catalog, name, text), fatal)
            elif asks:
                what = f"no target of the catalog has a {name} that matches {text!r}"
                remedy = _ELSEWHERE if len(known) > _MOST else f"known: {', '.join(sorted(known))}"
                yield Doubt(word.at, what, remedy, True)

    def _remedy(self, catalog: Catalog, name: str, text: str) -> str:
        known = _KNOWN.of(catalog)[name]
        meant: str | None = None
        if name == "target":
            return near_target(catalog, text) or _ELSEWHERE
        if name == "tier" and text in self.tiers:
            return f"`tier` is the catalog's; the policy's own shortlist is chosen by a rule: `use: {text}`"
        if name == "provider":
            served = [target for target in catalog.targets if catalog.endpoints[target.endpoint].provider == text]
            meant = served[0].provider if served else None
        elif name == "model" and (target := catalog.resolve(text)) is not None:
            meant = target.model
        if meant is not None:
            return f"write {meant!r}"
        remedy = nearest(text, known)
        return remedy if remedy.startswith("did") or len(known) <= _MOST else _ELSEWHERE


def _known(catalog: Catalog) -> dict[str, frozenset[str]]:
    columns = columns_of(catalog)
    return {name: frozenset(filter(None, columns.texts(name))) for name in OF_CATALOG}


_KNOWN = Recent(_known)
"""The values that the targets of a catalog have, by field."""


def near_target(catalog: Catalog, text: str) -> str | None:
    """What to write for ``text``, which is no target's id: all targets of that model, else of the nearest one."""
    provider, slash, model = text.partition("/")
    if text in catalog.aliases:
        return f"write {catalog.aliases[text]!r}"
    if found := _served(catalog, text):
        return f"write {' or '.join(map(repr, found))}"
    names = {target.model for target in catalog.targets} | set(catalog.aliases)
    near = _close(model if slash else text, names, 0.6)
    if not near:
        return None
    found = _served(catalog, near[0]) or [near[0]]
    return f"did you mean {next((id for id in found if id.startswith(f'{provider}/')), found[0])!r}?"


def _served(catalog: Catalog, model: str) -> list[str]:
    return [target.id for target in catalog.targets if target.model == model]


def _words(compare: Compare) -> list[Word]:
    items = compare.value.items if isinstance(compare.value, Items) else (compare.value,)
    return [item for item in items if isinstance(item, Word)]


def _missing(compare: Compare, known: frozenset[str]) -> list[Word]:
    words = _words(compare)
    if compare.op == "matches":
        return [word for word in words if not any(map(glob(word.value), known))]
    return [word for word in words if word.value not in known]


def _callers(catalog: Catalog) -> frozenset[str]:
    """Providers that a caller can be at."""
    served = {endpoint.provider for endpoint in catalog.endpoints.values()}
    return frozenset(served | {target.provider for target in catalog.targets})


def _slip(text: str, known: Iterable[str]) -> bool:
    """Whether a known word was surely meant. Names with numbers in them are near each other and yet distinct."""
    known = list(known)
    if text.lower() in (word.lower() for word in known):
        return True
    return not any(char.isdigit() for char in text) and bool(_close(text, known, 0.8))


def _close(text: str, known: Iterable[str], cutoff: float) -> list[str]:
    import difflib  # only who misspelt something pays for it

    return difflib.get_close_matches(text, sorted(known), n=1, cutoff=cutoff)
