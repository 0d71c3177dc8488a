"""A catalog file's words as records. What a key means stands at the top of policies/catalog.yaml.

Each group of facts names its source, so that a fact without one cannot be written; what the file does not say stays
absent and fails closed in decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import get_args

from waypost.core.catalog.document import FORMAT
from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.needs import MODEL, of_model
from waypost.core.model.target import DIALECTS, Auth, Basis, Endpoint, Provenance, Target, TargetId
from waypost.runtime import yaml
from waypost.runtime.catalog_nodes import Faults, Row, pick, row_of
from waypost.runtime.catalog_targets import DATA, EMBEDDING, TARGET, Flags, Tables, origin_of, read_target

TOP = ("waypost", "name", "sources", "by_default", "endpoints", "capabilities", "targets", "embeddings", "aliases")
ENDPOINT = (
    "provider", "dialect", "base_url", "path", "base_url_env", "auth", "key_env", "max_tokens_field", "drops", "also",
    "signing_domain", "data",
)  # fmt: skip
ISSUED = "2026-11-21"
"""The newest date in the packaged catalog: today is no earlier day, even where a machine's clock says so."""
GROUPS = ("about", "limits", "capabilities", "prices", "priors", "data")


def latest_day() -> str:
    """The last day, ``YYYY-MM-DD``, that a source can have been read on: today, where it is latest on earth."""
    return max(ISSUED, (date.today() + timedelta(days=1)).isoformat())


_OPENAIS_ALONE = (
    *("store", "metadata", "safety_identifier", "service_tier"),
    *("prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "prompt_cache_breakpoint"),
)
"""Fields without which a call means the same, and which servers of the dialect may refuse."""


class CatalogReader:
    """Reads one document; every fault is kept, so that a file is mended in one go."""

    def __init__(self, root: yaml.Node) -> None:
        self.faults = Faults()
        self.root = root
        self.tables = Tables(self.faults)

    def catalog(self) -> Catalog:
        """Raises CatalogError, whose ``others`` are the further faults."""
        top = row_of(self.faults, self.root, TOP, "the file")
        targets: list[Target] = []
        embeddings: list[Target] = []
        aliases: dict[str, TargetId] = {}
        name = ""
        if top is not None:
            name = top.text("name") or ""
            self._head(top)
            for id_, row in self._rows(top, "targets", TARGET):
                if target := read_target(id_, row, self.tables):
                    targets.append(target)
            if "targets" not in top.misspelt:
                if not targets:
                    self.faults.note(top.where("targets"), "no targets", "list at least one under `targets`")
                aliases = self._aliases(top, targets)
            embeddings = self._embeddings(top, targets)
        self.faults.raise_all()
        return build_catalog(
            name, targets, self.tables.endpoints, aliases, sources=self.tables.sources, embeddings=embeddings
        )

    def _embeddings(self, top: Row, targets: Iterable[Target]) -> list[Target]:
        """Models that make vectors. They stand apart, so that no decision has them among its candidates."""
        ids = {target.id for target in targets}
        found = []
        for id_, row in self._rows(top, "embeddings", EMBEDDING):
            if id_ in ids:
                self.faults.note(row.at, f"{id_!r} is a target already", "keep it in one of the two tables")
            elif target := read_target(id_, row, self.tables):
                found.append(target)
        return found

    def _head(self, top: Row) -> None:
        version = top.text("waypost")
        if version != FORMAT and "waypost" not in top.misspelt:
            self.faults.note(top.where("waypost"), f"`waypost` is {version!r}", f"write `waypost: {FORMAT}`")
        top.need("name", "the file")
        for name, row in self._rows(top, "sources", ("text", "as_of", "basis")):
            self._source(name, row)
        by_default = top.child("by_default", GROUPS)
        for group in by_default.nodes if by_default else ():
            if by_default is not None and (word := by_default.text(group)) is not None:
                self.tables.defaults[group] = named = (word, by_default.where(group))
                pick(self.faults, named, self.tables.sources, "source")
        for name, row in self._rows(top, "endpoints", ENDPOINT):
            self._endpoint(name, row)
        for name, row in self._rows(top, "capabilities", ("extends", "flags", "without", "source")):
            self._flag_set(name, row)

    def _rows(self, top: Row, key: str, known: Iterable[str]) -> Iterable[tuple[str, Row]]:
        table = top.child(key, None)
        for name, node in table.nodes.items() if table else ():
            row = row_of(self.faults, node, known, name)
            if row is not None:
                yield name, row

    def _source(self, name: str, row: Row) -> None:
        for key in ("text", "as_of"):
            row.need(key, f"source {name!r}")
        basis = self._basis(row)
        as_of = row.day("as_of") or ""
        if as_of > (last := latest_day()):
            what = f"`as_of` {as_of} of source {name!r} lies in the future"
            self.faults.note(row.where("as_of"), what, f"write the day on which it was read, at the latest {last}")
        self.tables.sources[name] = Provenance(row.text("text") or "", as_of, basis)

    def _basis(self, row: Row) -> Basis:
        word = row.text("basis")
        known: Mapping[str, Basis] = {basis: basis for basis in get_args(Basis)}
        named = None if word is None else (word, row.where("basis"))
        return pick(self.faults, named, known, "basis") or "source"

    def _endpoint(self, name: str, row: Row) -> None:
        for key in ("provider", "dialect", "base_url", "path"):
            row.need(key, f"endpoint {name!r}")
        dialect = row.text("dialect")
        if dialect is not None and dialect not in DIALECTS:
            self.faults.note(row.where("dialect"), f"unknown dialect {dialect!r}", yaml.suggest(dialect, DIALECTS))
        base_url = row.text("base_url") or ""
        if base_url and not base_url.startswith(("http://", "https://")):
            self.faults.note(row.where("base_url"), f"{base_url!r} is no address", "begin with https:// or http://")
        # Who only speaks OpenAI's dialect knows what everybody does, unless the row says more.
        provider = row.text("provider") or ""
        own = dialect != "openai.chat" or provider in ("openai", "azure.ai.openai", "azure.ai.inference")
        data = row.child("data", DATA)
        also = row.child("also", DIALECTS)
        if also is not None and dialect in also.nodes:
            self.faults.note(also.where(dialect), f"{dialect!r} is the endpoint's dialect already", "leave it out")
        if data is not None:
            self.tables.data[name] = data
        self.tables.endpoints[name] = Endpoint(
            name=name,
            provider=provider,
            dialect=dialect or "",
            base_url=base_url,
            path=row.text("path") or "",
            auth=self._auth(row),
            key_env=tuple(word for word, _ in row.words("key_env")),
            base_url_env=row.text("base_url_env"),
            max_tokens_field=row.text("max_tokens_field") or ("max_completion_tokens" if own else "max_tokens"),
            drops=tuple(word for word, _ in row.words("drops")) if own or "drops" in row.nodes else _OPENAIS_ALONE,
            signing_domain=row.text("signing_domain"),
            also=tuple((key, also.text(key) or "") for key in sorted(also.nodes)) if also else (),
        )

    def _auth(self, row: Row) -> Auth | None:
        auth = row.child("auth", ("header", "prefix", "extra"))
        if auth is None:
            return None
        auth.need("header", "`auth`")
        extra = auth.child("extra", None)
        pairs = tuple((key, extra.text(key) or "") for key in extra.nodes) if extra else ()
        return Auth(auth.text("header") or "", auth.text("prefix") or "", pairs)

    def _flag_set(self, name: str, row: Row) -> None:
        origin = origin_of(row, "capabilities", self.tables)
        base = row.text("extends")
        inherited = pick(
            self.faults, None if base is None else (base, row.where("extends")), self.tables.sets, "capability set"
        )
        flags = inherited.flags if inherited else frozenset()
        without = self._flags(row, "without")
        for flag in sorted(without - flags):
            self.faults.note(row.where("without"), f"{flag!r} is not inherited", "remove it from `without`")
        self.tables.sets[name] = Flags((flags - without) | self._flags(row, "flags"), origin)

    def _flags(self, row: Row, key: str) -> frozenset[str]:
        words = row.words(key)
        known = {flag: flag for flag in (*MODEL, *(word for word, _ in words if of_model(word, auto=False)))}
        return frozenset(flag for word in words if (flag := pick(self.faults, word, known, "capability")))

    def _aliases(self, top: Row, targets: Iterable[Target]) -> dict[str, TargetId]:
        """What `aliases` and the targets' `snapshots` say, checked against ids and models of their own."""
        ids = {target.id: target.id for target in targets}
        own = {*ids, *(target.model for target in targets)}
        table = top.child("aliases", None)
        written = [(alias, (table.text(alias), table.where(alias))) for alias in table.nodes] if table else []
        said = [(alias, (meant, at)) for alias, meant, at in self.tables.snapshots]
        found: dict[str, TargetId] = {}
        for alias, (meant, at) in [*written, *said]:
            if meant is None:
                continue
            if alias in own:
                self.faults.note(at, f"alias {alias!r} is a target's own name", "remove the alias or the target")
            elif found.get(alias, meant) != meant:
                self.faults.note(at, f"{alias!r} stands for {found[alias]!r} already", "keep one of the two")
            elif pick(self.faults, (meant, at), ids, "target"):
                found[alias] = meant
        return found
