"""A policy as it is in force: after ``extends`` and variables, in lines that each know the file they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

from waypost.core.analysis.policy_values import label, quantity
from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.frozen import dataclass
from waypost.core.model.money import MICRO
from waypost.core.policy.document import NOWHERE
from waypost.core.policy.tree import Policy
from waypost.core.policy.units import decimal
from waypost.errors import PolicyError
from waypost.runtime import yaml
from waypost.runtime.documents import load_policy, merge
from waypost.runtime.nodes import Reader
from waypost.runtime.policy_reader import KEYS

WIDTH = 100
_PREDICATES = frozenset(("when", "rule", "match"))
_PLAIN = re.compile(r"[A-Za-z_(][^#:\n\"'\\{}]*(?<! )\Z")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?(?: ?(?:%|[A-Za-z]+(?:/[A-Za-z]+)?))?\Z")
_QUANTITY = re.compile(r"[0-9.]+(?:\.\.[0-9.]+)?(?:%|/[a-z]+| ?[A-Za-z]+(?:/[A-Za-z]+)?)\Z|[0-9.]+\.\.[0-9.]+\Z")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./@+-]*\Z")
_VARIABLE = re.compile(r"\$\{([^}${]*)\}")
_GONE = frozenset(("extends", "vars"))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of YAML, and where it was written; an ``at`` without a line where nobody knows."""

    text: str
    at: Source


def resolved(path: Path, catalog: Catalog) -> tuple[Policy, tuple[Line, ...]]:
    """The policy in ``path``, and the lines of one file without ``extends`` and ``vars`` that means the same.

    Raises:
        PolicyError: the policy cannot be used.
    """
    policy = load_policy(path, catalog=catalog)
    root = _merged(policy.sources)
    entries = (entry for entry in root.entries if entry[0].raw not in _GONE)
    own = yaml.Mapping(tuple(sorted(entries, key=lambda entry: KEYS.index(entry[0].raw))), root.at)
    return policy, tuple(_Writer(_variables(root.get("vars"))).block(own, ""))


def _merged(files: tuple[str, ...]) -> yaml.Mapping:
    """The files of a policy that could be loaded, each overlaid on the next."""
    roots = [yaml.parse(Path(file).read_text(encoding="utf-8"), file, PolicyError) for file in files]
    mappings = [root for root in roots if isinstance(root, yaml.Mapping)]
    return reduce(lambda child, base: merge(child, base, top=True), mappings)


def of_document(policy: Policy) -> tuple[Line, ...]:
    """The lines of a policy that was rebuilt from its canonical document, with the places that were kept beside it."""
    return tuple(_Writer({}).block(_node("", policy.document, policy.positions, NOWHERE), ""))


def _variables(node: yaml.Node | None) -> dict[str, str | tuple[str, ...]]:
    """By name; those that are wrong were refused when the policy was read."""
    reader = Reader(PolicyError)
    out: dict[str, str | tuple[str, ...]] = {}
    for key, value in node.entries if isinstance(node, yaml.Mapping) else ():
        if isinstance(value, yaml.Sequence):
            out[key.raw] = tuple(text for text, _ in reader.texts(value, "vars"))
        else:
            out[key.raw] = reader.text(value, "vars") or ""
    return out


def _node(path: str, value: Any, positions: Mapping[str, str], at: Source) -> yaml.Node:
    """A part of a document as if it had been read; what has no place of its own has that of the part around it."""
    at = _place(positions.get(path) or positions.get(f"{path}#0")) or at if path else NOWHERE
    match value:
        case Mapping():
            items = ((key, item) for key, item in value.items() if item not in (None, [], {}, ()))
            entries = ((key, _node(f"{path}.{key}".lstrip("."), item, positions, at)) for key, item in items)
            named = ((label(key), item) for key, item in entries)
            return yaml.Mapping(tuple((yaml.Scalar(key, key, "str", item.at), item) for key, item in named), at)
        case list() | tuple() if path.endswith(".thresholds"):
            shares = {f"{decimal(share, MICRO // 100)}%": action for share, action in value}
            return _node(f"{path[:-10]}at", shares, positions, at)
        case list() | tuple():
            return yaml.Sequence(
                tuple(_node(f"{path}.{number}", item, positions, at) for number, item in enumerate(value)), at
            )
        case bool():
            return yaml.Scalar(value, str(value).lower(), "bool", at)
        case int():
            return yaml.Scalar(value, quantity(path, value), "int", at)
        case _:
            return yaml.Scalar(value, str(value), "str", at)


def _place(text: str | None) -> Source | None:
    if text is None:
        return None
    file, line, column, length = text.rsplit(":", 3)
    return Source(file, int(line), int(column), int(length))


class _Writer:
    def __init__(self, variables: Mapping[str, str | tuple[str, ...]]) -> None:
        self.variables = variables

    def block(self, node: yaml.Node, pad: str, key: str = "") -> Iterator[Line]:
        """The lines of a mapping or a list that does not fit on the line of its key."""
        if isinstance(node, yaml.Mapping):
            for name, value in node.entries:
                yield from self.entry(f"{pad}{_word(name.raw)}:", value, f"{pad}  ", name.raw, name.at)
        elif isinstance(node, yaml.Sequence):
            for item in node.items:
                yield from self.item(item, pad, key)

    def entry(self, head: str, value: yaml.Node, pad: str, key: str, at: Source) -> Iterator[Line]:
        text = self.inline(value, key, flow=False)
        if isinstance(value, yaml.Scalar) or (text is not None and len(head) + len(text) < WIDTH):
            yield Line(f"{head} {text}".rstrip(), value.at)
        else:
            yield Line(head, at)
            yield from self.block(value, pad, key)

    def item(self, item: yaml.Node, pad: str, key: str) -> Iterator[Line]:
        text = self.inline(item, key, flow=False)
        if text is not None and (isinstance(item, yaml.Scalar) or len(pad) + len(text) + 2 < WIDTH):
            yield Line(f"{pad}- {text}", item.at)
            return
        first, *rest = self.block(item, f"{pad}  ", key)
        yield replace(first, text=f"{pad}- {first.text.lstrip()}")
        yield from rest

    def inline(self, node: yaml.Node, key: str, *, flow: bool) -> str | None:
        """On one line, as long as all of it comes from one line or one list of words; ``None`` otherwise."""
        match node:
            case yaml.Scalar():
                return self.scalar(node, key, flow=flow)
            case yaml.Sequence():
                if any(not isinstance(item, yaml.Scalar) for item in node.items) or key in ("filter", "rules"):
                    return None if node.items else "[]"
                return f"[{', '.join(self.scalar(item, key, flow=True) for item in node.items)}]"  # type: ignore[arg-type]
            case yaml.Mapping():
                places = {(value.at.file, value.at.line) for _, value in node.entries}
                parts = [(name.raw, self.inline(value, name.raw, flow=True)) for name, value in node.entries]
                if len(places) > 1 or any(text is None for _, text in parts):
                    return None
                return "{" + ", ".join(f"{_word(name)}: {text}" for name, text in parts) + "}"

    def scalar(self, node: yaml.Scalar, key: str, *, flow: bool) -> str:
        if node.kind != "str":
            return node.raw
        predicate = key in _PREDICATES or key == "filter"
        text = _VARIABLE.sub(lambda match: self.value(match, predicate=predicate), node.raw)
        return _word(text, flow=flow)

    def value(self, match: re.Match[str], *, predicate: bool) -> str:
        found = self.variables.get(match[1], match[0])
        if isinstance(found, tuple):
            return f"[{', '.join(_constant(one) for one in found)}]"
        return _constant(found) if predicate else found


def _constant(text: str) -> str:
    """A variable's value in a predicate, where what is neither a word nor an amount stands in quotes."""
    return text if _WORD.match(text) or _AMOUNT.match(text.strip()) else json.dumps(text, ensure_ascii=False)


def _word(text: str, *, flow: bool = False) -> str:
    """Quoted where YAML would read something else."""
    plain = (_QUANTITY.match(text) or _PLAIN.match(text)) is not None and text.lower() not in _WORDS
    if flow and any(char in "[],{}" for char in text):
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)
