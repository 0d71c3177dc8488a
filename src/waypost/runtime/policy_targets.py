"""Names of targets and tiers in a policy, checked against the catalog and turned into target ids."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.target import TargetId
from waypost.core.policy.recent import Recent
from waypost.core.policy.tree import ACTIONS
from waypost.core.policy.words import near_target
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null
from waypost.runtime.policy_files import packaged

ANY = "*"
MAX_NAMED = 1_000_000
"""Targets in the shortlists of one policy, all together: a tier that many rules use counts with each."""


class Targets:
    """What the names of one policy mean. The policy's own tiers hide the catalog's of the same name."""

    def __init__(self, reader: Reader, catalog: Catalog | None, tiers: yaml.Node | None) -> None:
        self.reader = reader
        self.catalog = catalog
        self._named = 0
        self.known: dict[str, tuple[TargetId, ...]] = dict(_TIERS.of(catalog)) if catalog else {}
        body = reader.mapping(tiers, "tiers")
        own = {}
        for key, node in body.entries if body else ():
            own[key.raw] = self._ids(node, f"tiers.{key.raw}")
            if key.raw in ACTIONS:
                reader.wrong(key.at, f"`{key.raw}` is what a budget does", "give the tier another name")
        self.tiers = tuple(sorted(own.items()))
        self.known.update(own)

    def one(self, node: yaml.Node | None, what: str) -> TargetId | None:
        """A target's id; an alias of the catalog is resolved."""
        text = self.reader.text(node, what)
        return None if text is None or node is None else self.id(text, node.at)

    def shortlist(self, node: yaml.Node | None) -> tuple[TargetId, ...] | None:
        """A tier's name, or a list of targets and tiers."""
        found = self._shortlist(node)
        self._named += len(found or ())
        if self._named > MAX_NAMED and node is not None:
            self._named = 0
            self.reader.wrong(node.at, f"the rules name more than {MAX_NAMED:,} targets in all", "name fewer")
        return found

    def _shortlist(self, node: yaml.Node | None) -> tuple[TargetId, ...] | None:
        if isinstance(node, yaml.Scalar) and node.value is not None:
            text = self.reader.text(node, "use")
            return self._expanded(text, node.at) if text else ()
        if node is None:
            return None
        if isinstance(node, yaml.Sequence) and not node.items:
            self.reader.wrong(node.at, "`use` is an empty list, so nobody could be chosen", "name targets or a tier")
        found: dict[TargetId, None] = {}
        seen: set[str] = set()
        for text, at in self.reader.texts(node, "use"):
            if text not in seen:
                found.update(dict.fromkeys(self._expanded(text, at)))
            seen.add(text)
        return tuple(found)

    def default(self, node: yaml.Node | None) -> Mapping[str, TargetId]:
        """The default target by the caller's provider; ``*`` for every other."""
        if not isinstance(node, yaml.Mapping):
            found = self.one(node, "default")
            return {} if found is None else {ANY: found}
        out = {}
        for key, value in node.entries:
            if self.catalog is not None and key.raw != ANY:
                providers = {endpoint.provider for endpoint in self.catalog.endpoints.values()}
                providers |= {target.provider for target in self.catalog.targets}
                if key.raw not in providers:
                    self.reader.wrong(key.at, f"unknown provider {key.raw!r}", yaml.suggest(key.raw, providers))
            found = self.one(value, f"default.{key.raw}")
            if found is not None:
                out[key.raw] = found
        return dict(sorted(out.items()))

    def _ids(self, node: yaml.Node, what: str) -> tuple[TargetId, ...]:
        if is_null(node) or (isinstance(node, yaml.Sequence) and not node.items):
            self.reader.wrong(node.at, f"{what} has no targets", "write a list: [provider/model, ...]")
            return ()
        found = (self.id(text, at) for text, at in self.reader.texts(node, what))
        return tuple(dict.fromkeys(item for item in found if item is not None))

    def id(self, text: str, at: Source) -> TargetId | None:
        """The id that ``text`` stands for; ``None``, and an error noted, where nobody has it."""
        if self.catalog is None or text in self.catalog.index:
            return text
        alias = self.catalog.aliases.get(text)
        if alias is not None:
            return alias
        self.reader.wrong(at, f"unknown target {text!r}", self._near(text, (), at))
        return None

    def _expanded(self, text: str, at: Source) -> tuple[TargetId, ...]:
        tier = self.known.get(text)
        if tier is not None:
            return tier
        if "/" in text or (self.catalog is not None and text in self.catalog.aliases):
            found = self.id(text, at)
            return () if found is None else (found,)
        self.reader.wrong(at, f"unknown tier {text!r}", self._near(text, self.known, at))
        return ()

    def _near(self, text: str, tiers: Mapping[str, object] | tuple[()], at: Source) -> str:
        """What to write instead: a tier that is spelt so, a target of that model, or the nearest of either."""
        if self.catalog is not None and Path(at.file).resolve().parent in packaged():
            return (
                f"catalog {self.catalog.name!r} lacks what this packaged policy names: make yours an overlay of the "
                "packaged catalog, or write a policy that does not extend this one"
            )
        near = yaml.suggest(text, tiers)
        target = None if self.catalog is None else near_target(self.catalog, text)
        if target is not None and (target.startswith("write") or not near.startswith("did")):
            return target
        if tiers or self.catalog is None:
            return near
        return f"`waypost catalog show` lists the targets of catalog {self.catalog.name!r}"


def _catalog_tiers(catalog: Catalog) -> dict[str, tuple[TargetId, ...]]:
    tiers: dict[str, list[TargetId]] = {}
    for target in catalog.targets:
        if target.tier is not None:
            tiers.setdefault(target.tier, []).append(target.id)
    return {name: tuple(ids) for name, ids in tiers.items()}


_TIERS = Recent(_catalog_tiers)
