"""Names in a test file, checked against the catalog, and lists that may be a single word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.target import TargetId
from waypost.core.policy.words import near_target
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null


class Names:
    """What the names of one test file mean; what is wrong with them is noted at ``reader``."""

    def __init__(self, reader: Reader, catalog: Catalog) -> None:
        self.reader = reader
        self.catalog = catalog

    def listed(self, node: yaml.Node | None, what: str) -> list[tuple[str, Source]]:
        """The texts of a list; one alone need not be in brackets."""
        if isinstance(node, yaml.Scalar) and not is_null(node):
            text = self.reader.text(node, what)
            return [] if text is None else [(text, node.at)]
        return list(self.reader.texts(node, what))

    def words(self, node: yaml.Node | None, what: str, known: Sequence[str]) -> list[str]:
        found = []
        for text, at in self.listed(node, what):
            if text in known:
                found.append(text)
            else:
                self.reader.wrong(at, f"unknown {what} {text!r}", yaml.suggest(text, known))
        return found

    def flag(self, node: yaml.Node | None, what: str) -> bool:
        return self.reader.choice(node, what, ("true", "false")) == "true"

    def targets(self, node: yaml.Node | None, what: str) -> tuple[TargetId, ...]:
        found = (self.named(text, at) for text, at in self.listed(node, what))
        return tuple(target for target in found if target is not None)

    def target(self, node: yaml.Node | None, what: str) -> TargetId | None:
        text = self.reader.text(node, what)
        return None if text is None or node is None else self.named(text, node.at)

    def named(self, text: str, at: Source) -> TargetId | None:
        """The id that ``text`` means in the catalog."""
        if text in self.catalog.index:
            return text
        alias = self.catalog.aliases.get(text)
        if alias is None:
            remedy = near_target(self.catalog, text) or yaml.suggest(text, self.catalog.index)
            self.reader.wrong(at, f"unknown target {text!r}", remedy)
        return alias


def plain(node: yaml.Node) -> Any:
    """A node as plain data, as a JSON parser would give it."""
    match node:
        case yaml.Mapping():
            return {key.raw: plain(value) for key, value in node.entries}
        case yaml.Sequence():
            return [plain(item) for item in node.items]
        case yaml.Scalar():
            return float(node.raw) if node.kind == "float" else node.value
        case _:
            assert_never(node)
