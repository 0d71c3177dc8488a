"""What two policies say differently, key by key and in words. It compares canonical documents and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, assert_never

from waypost.core.analysis.policy_values import joined, label, percent, rank, shown
from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.tree import Compare, Number
from waypost.errors import PolicyError

_WORDS = frozenset(("description", "because"))
_NAMED = {
    "rules": ("name",),
    "filter": ("rule", "when"),
    "budgets": ("scope", "period"),
    "limits": ("scope", "of"),
    "envelopes": ("name",),
}
"""What tells the items of a list apart, by the list's name; any other list is one of words."""

_OPEN = ("aliases", "tiers", "default")
_NOWHERE = Source("", 0, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``before`` and ``after`` are as people read them, ``None`` where there is nothing.

    ``words_only`` says that no decision can depend on it. ``effect`` is ``stricter`` or ``looser`` where one limit of a
    line moved.
    """

    path: str
    kind: Literal["added", "removed", "changed", "moved"]
    before: str | None
    after: str | None
    words_only: bool = False
    effect: Literal["", "stricter", "looser"] = ""

    def __str__(self) -> str:
        where = label(self.path)
        match self.kind:
            case "added":
                return f"{where}: now also {self.after}"
            case "removed":
                return f"{where}: no longer {self.before}"
            case "moved":
                return f"{where}: the order {self.before} becomes {self.after}"
            case "changed" if self.path == "match" and self.after is None:
                return f"match: no longer only calls with {self.before}, but every call"
            case "changed" if self.path == "match" and self.before is None:
                return f"match: no longer every call, but only calls with {self.after}"
            case "changed":
                effect = f" ({self.effect})" if self.effect else ""
                return f"{where}: {self.before or 'nothing'} becomes {self.after or 'nothing'}{effect}"
            case _:
                assert_never(self.kind)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """All differences of two canonical policy documents, in the order of the document; none for equal ones."""
    return tuple(_mappings("", before, after))


def _mappings(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one != other:
            yield from _differ(f"{path}.{key}" if path else key, key, one, other)


def _differ(path: str, key: str, one: Any, other: Any) -> Iterator[Change]:
    lists = all(item is None or isinstance(item, list | tuple) for item in (one, other))
    if key == "rank" and one and other and (one["strategy"] != other["strategy"] or "behind" in one):
        yield Change(path, "changed", rank(one), rank(other))
    elif key == "thresholds" and lists:
        yield from _mappings(path, _by_share(one), _by_share(other))
    elif key in _NAMED and lists:
        yield from _items(path, key, one or (), other or ())
    elif key == "grants" and lists and (one is None or other is None):
        yield Change(path, "changed", _granted(one), _granted(other), effect="looser" if other is None else "stricter")
    elif lists and not (one is None or other is None):
        yield from _list(path, one, other)
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        yield from _mappings(path, one, other)
    elif key in _OPEN and all(item is None or isinstance(item, Mapping) for item in (one, other)):
        yield from _mappings(path, one or {}, other or {})
    else:
        words = path.rpartition(".")[2] in _WORDS
        yield Change(path, "changed", shown(path, one), shown(path, other), words)


def _granted(grants: Sequence[Any] | None) -> str:
    return "every claim" if grants is None else joined(grants) or "none"


def _by_share(thresholds: Sequence[Any] | None) -> dict[str, Any]:
    return {percent(share): action for share, action in thresholds or ()}


def _list(path: str, one: Sequence[Any], other: Sequence[Any]) -> Iterator[Change]:
    """Words that came, words that went, and where neither did, their order."""
    gone = [item for item in one if item not in other]
    new = [item for item in other if item not in one]
    if gone:
        yield Change(path, "removed", joined(gone), None)
    if new:
        yield Change(path, "added", None, joined(new))
    kept = [item for item in one if item in other], [item for item in other if item in one]
    if kept[0] != kept[1]:
        yield Change(path, "moved", joined(kept[0]), joined(kept[1]))


def _items(path: str, key: str, one: Sequence[Any], other: Sequence[Any]) -> Iterator[Change]:
    """Items that are told apart by their names; a line of a filter whose limit alone moved is the same line."""
    old, new = _named(key, one), _named(key, other)
    gone, came = [name for name in old if name not in new], [name for name in new if name not in old]
    for name in list(gone):
        twin = next((candidate for candidate in came if _twins(key, old[name], new[candidate])), None)
        if twin is not None:
            gone.remove(name)
            came.remove(twin)
            yield _moved_limit(path, old[name], new[twin])
            yield from _mappings(f"{path}[{new[twin]['rule']}]", _rest(old[name]), _rest(new[twin]))
    for name in gone:
        yield Change(path, "removed", _item(key, old[name]), None)
    for name in came:
        yield Change(path, "added", None, _item(key, new[name]))
    for name in old:
        if name in new and old[name] != new[name]:
            yield from _mappings(f"{path}[{name}]", old[name], new[name])
    kept = [name for name in old if name in new], [name for name in new if name in old]
    if kept[0] != kept[1]:  # only among rules does the order say who is chosen
        order = ", ".join(kept[0]), ", ".join(kept[1])
        yield Change(path, "moved", *order, words_only=key not in ("rules", "envelopes"))


def _named(key: str, items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Items by what tells them apart; a second one of the same name gets a number."""
    out: dict[str, Mapping[str, Any]] = {}
    for item in items:
        parts = [str(item[part]) for part in _NAMED[key] if item.get(part) is not None]
        name = " when ".join(parts) if key == "filter" else "/".join(parts)
        count = sum(known == name or known.startswith(f"{name} #") for known in out)
        out[f"{name} #{count + 1}" if count else name] = item
    return out


def _item(key: str, item: Mapping[str, Any]) -> str:
    match key:
        case "filter":
            return f"`{item['rule']}`" + (f" when `{item['when']}`" if item.get("when") else "")
        case "rules":
            when = f" when `{item['when']}`" if item.get("when") else ""
            use = f", using {joined(item['use'])}" if item.get("use") else ""
            lines = "".join(f", requiring `{line['rule']}`" for line in item.get("filter", ()))
            return f"`{item['name']}`{when}{use}{lines}"
        case _:
            name = _NAMED[key]
            rest = [f"{label(part)} {shown(part, value)}" for part, value in item.items() if part not in name]
            return (
                f"{'/'.join(str(item[part]) for part in name)} ({', '.join(rest)})"
                if key != "envelopes"
                else item["name"]
            )


# Limits of one line


def _twins(key: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two lines differ in one number alone."""
    if key != "filter" or one.get("when") != other.get("when"):
        return False
    a, b = _number(one["rule"]), _number(other["rule"])
    return a is not None and b is not None and (a[0], a[1]) == (b[0], b[1])


def _number(text: str) -> tuple[str, str, int] | None:
    try:
        tree = parse_predicate(text, _NOWHERE)
    except PolicyError:  # of another version's language: shown as it stands
        return None
    if isinstance(tree, Compare) and isinstance(tree.value, Number):
        return tree.field, tree.op, tree.value.value
    return None


def _moved_limit(path: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Change:
    a, b = _number(one["rule"]), _number(other["rule"])
    effect: Literal["", "stricter", "looser"] = ""
    if a is not None and b is not None and a[1] in ("<", "<=", ">", ">="):
        effect = "stricter" if (b[2] > a[2]) is (a[1] in (">", ">=")) else "looser"
    return Change(path, "changed", f"`{one['rule']}`", f"`{other['rule']}`", effect=effect)


def _rest(line: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in ("rule", "when")}
