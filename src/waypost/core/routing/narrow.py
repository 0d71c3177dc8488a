"""What a call says for itself: several such claims as one, and which of them a policy follows. Claims only narrow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, get_args

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Context, Narrow, Override, Question
from waypost.core.model.target import Target, TargetId
from waypost.core.policy.request import glob
from waypost.core.policy.tree import Claim

CLAIMS: tuple[Claim, ...] = get_args(Claim)
NOBODY = "(none in common)"
"""The entry of lists that have no target in common: it names nobody, and so lets nobody through."""
NO_PRICE = -1
"""A ceiling under which nobody is, in nano-USD: one that could not be read."""
_UNREAD = ("(unreadable)",)
UNREADABLE = {
    "models": Narrow(models=_UNREAD),
    "only": Narrow(only=_UNREAD),
    "ignore": Narrow(ignore=("*",)),
    "max_price": Narrow(max_input_price=NO_PRICE, max_output_price=NO_PRICE),
}
"""What each narrowing claim comes to where it cannot be read: of its own kind, and nobody is let in by it."""
_LISTS = ("models", "only")
_OF_NARROW = frozenset(("models", "only", "ignore", "max_price"))


def names(entry: str, target: Target) -> bool:
    """Whether an entry of a call's list names that target: by id, by id without deployment, by model (an entry with a
    slash is an id), provider, endpoint, or as a glob of its id."""
    if entry in (target.id, target.id.partition("@")[0], target.id.partition("/")[0], target.endpoint):
        return True
    if entry == target.model and "/" not in entry:
        return True
    return ("*" in entry or "?" in entry) and glob(entry)(target.id)


def lets(narrow: Narrow | None, target: Target) -> bool:
    """Whether what a call says of who may answer it lets ``target`` through."""
    if narrow is None:
        return True
    price = target.price
    ceilings = (
        (narrow.max_input_price, None if price is None else price.input),
        (narrow.max_output_price, None if price is None else price.output),
    )
    return (
        all(not wanted or any(names(entry, target) for entry in wanted) for wanted in (narrow.models, narrow.only))
        and not any(names(entry, target) for entry in narrow.ignore)
        and all(most is None or (rate is not None and rate <= most) for most, rate in ceilings)
    )


def named(entries: Iterable[str], catalog: Catalog) -> frozenset[TargetId]:
    """The ids of all targets that one of ``entries`` names."""
    written = tuple(entries)
    return frozenset(target.id for target in catalog.targets if any(names(entry, target) for entry in written))


def unmeant(fallbacks: Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """Fallbacks that stand for nothing in the catalog, sorted."""
    return tuple(sorted(entry for entry in fallbacks if entry not in catalog.names and not named((entry,), catalog)))


def nameless(narrow: Narrow, catalog: Catalog) -> tuple[str, ...]:
    """Entries that name nothing in the catalog, sorted."""
    entries = {*narrow.models, *narrow.only, *narrow.ignore} - {NOBODY, *_UNREAD}
    return tuple(sorted(entry for entry in entries if not named((entry,), catalog)))


def strangers(context: Context, catalog: Catalog) -> tuple[str, ...]:
    """All that a call's claims name and the catalog does not have, sorted."""
    narrow = context.narrow
    listed = () if narrow is None else nameless(narrow, catalog)
    return tuple(sorted({*listed, *unmeant(context.fallbacks, catalog)}))


def both(outer: Narrow | None, inner: Narrow) -> Narrow | None:
    """One claim that says what the two say; ``None`` where that takes a catalog (`together`).

    What is ignored adds up and the lower price holds; a list that only one of them has is the list of both.
    """
    if outer is None:
        return inner
    lists: dict[str, tuple[str, ...]] = {}
    for key in _LISTS:
        wide, close = getattr(outer, key), getattr(inner, key)
        if wide and close and not set(close) <= set(wide):
            return None
        lists[key] = close or wide
    return _merged(outer, inner, lists)


def together(layers: Sequence[Narrow], catalog: Catalog) -> Narrow:
    """One claim that says what all of ``layers`` say, the outermost first; lists become the ids that all of them name.

    Raises:
        IndexError: there are no layers.
    """
    merged = layers[0]
    for inner in layers[1:]:
        lists = {key: _common(getattr(merged, key), getattr(inner, key), catalog) for key in _LISTS}
        merged = _merged(merged, inner, lists)
    return merged


def _common(wide: tuple[str, ...], close: tuple[str, ...], catalog: Catalog) -> tuple[str, ...]:
    if not wide or not close:
        return close or wide
    return tuple(sorted(named(wide, catalog) & named(close, catalog))) or (NOBODY,)


def _merged(outer: Narrow, inner: Narrow, lists: dict[str, tuple[str, ...]]) -> Narrow:
    return Narrow(
        **lists,
        ignore=tuple(dict.fromkeys((*outer.ignore, *inner.ignore))),
        max_input_price=_lower(outer.max_input_price, inner.max_input_price),
        max_output_price=_lower(outer.max_output_price, inner.max_output_price),
    )


def _lower(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def withhold(question: Question, refused: Iterable[Claim]) -> Question:
    """The question without the claims among ``refused`` that the call made; they are listed in ``withheld``."""
    made = tuple(claim for claim in refused if _made(question.context, claim))
    if not made:
        return question
    context = question.context
    for claim in made:
        context = _without(context, claim)
    return replace(question, context=context, withheld=tuple(sorted({*question.withheld, *made})))


def _made(context: Context, claim: Claim) -> bool:
    if claim not in _OF_NARROW:
        return getattr(context, claim) not in (None, ())
    narrow = context.narrow
    if narrow is None:
        return False
    if claim == "max_price":
        return narrow.max_input_price is not None or narrow.max_output_price is not None
    return bool(getattr(narrow, claim))


def _without(context: Context, claim: Claim) -> Context:
    gone: dict[str, Any] = {claim: () if claim == "fallbacks" else None}
    if claim not in _OF_NARROW or context.narrow is None:
        return replace(context, **gone)
    gone = {"max_input_price": None, "max_output_price": None} if claim == "max_price" else {claim: ()}
    left = replace(context.narrow, **gone)
    return replace(context, narrow=None if left == Narrow() else left)


def in_force(overrides: Iterable[Override], context: Context, now_ns: int) -> Override | None:
    """The first override that has not expired and whose scope this call is in."""
    return next((item for item in overrides if now_ns < item.until_ns and _within(item.scope, context)), None)


def _within(scope: tuple[tuple[str, str], ...], context: Context) -> bool:
    return all(value_of(context, key) == value for key, value in scope)


def value_of(context: Context, key: str) -> str | None:
    """The context's value of a scope's key: ``department``, ``user``, ..., ``context.<name>``, ``budget_tier``."""
    if key.startswith("context."):
        return context.labels.get(key[8:])
    value: str | None = getattr(context, "tier" if key == "budget_tier" else key)
    return value
