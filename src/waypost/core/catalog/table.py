"""The catalog as a table: targets sorted by id, their endpoints, aliases, and one fingerprint over all facts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from waypost.core.catalog.document import document_of
from waypost.core.model.canonical import JSON, fingerprint
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.target import Endpoint, Provenance, Target, TargetId
from waypost.errors import CatalogError

NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Catalog:
    """All targets. ``targets`` is sorted by id, so a candidate's index is its position; ``index`` is the inverse.

    ``aliases`` maps other names to target ids. ``document`` is the canonical form that is fingerprinted and stored.
    ``sources`` says what the name of a source stands for: `Provenance.source` is the citation there.
    ``names`` maps every name that a caller may write to the ids it can mean. ``embeddings`` are models that make
    vectors, sorted by id: they have prices and are nobody's candidates.
    """

    name: str
    targets: tuple[Target, ...]
    endpoints: Mapping[str, Endpoint]
    aliases: Mapping[str, TargetId]
    index: Mapping[TargetId, int]
    document: Mapping[str, JSON]
    fingerprint: str
    sources: Mapping[str, Provenance] = field(default_factory=dict)
    names: Mapping[str, tuple[TargetId, ...]] = field(default_factory=dict)
    embeddings: tuple[Target, ...] = ()

    def __len__(self) -> int:
        return len(self.targets)

    def get(self, target: TargetId) -> Target | None:
        """The target of that id, or ``None``."""
        position = self.index.get(target)
        return None if position is None else self.targets[position]

    def resolve(self, name: str, endpoint: str | None = None, provider: str | None = None) -> Target | None:
        """The target that a caller means by ``name``, only at ``endpoint`` if one is given, else only of ``provider``
        (an endpoint's) if one is: a cloud that serves another vendor's model is not that vendor.

        ``name`` is an id, a model's name, a dated snapshot or an alias. ``None`` where nothing, or more than one
        thing, is meant; of several the one of that very id is meant (a gateway's model is named like another's
        target), else the one without a deployment.
        """
        found = [self.targets[self.index[target]] for target in self.names.get(name, ())]
        if endpoint is not None:
            found = [target for target in found if target.endpoint == endpoint]
        elif provider is not None:
            found = [target for target in found if self.endpoints[target.endpoint].provider == provider]
        if len(found) > 1:
            exact = [target for target in found if target.id == name]
            found = exact or [target for target in found if target.deployment is None]
        return found[0] if len(found) == 1 else None

    def embedding(self, name: str, endpoint: str | None) -> Target | None:
        """The embedding model that a caller at ``endpoint`` means by ``name``, which is its id or its name."""
        found = [one for one in self.embeddings if one.endpoint == endpoint and name in (one.model, one.id)]
        return found[0] if len(found) == 1 else None


def build_catalog(
    name: str,
    targets: Iterable[Target],
    endpoints: Iterable[Endpoint] | Mapping[str, Endpoint],
    aliases: Mapping[str, TargetId] = NONE,
    *,
    sources: Mapping[str, Provenance] | None = None,
    embeddings: Iterable[Target] = (),
) -> Catalog:
    """A catalog of these records; the order in which they are given never matters.

    Raises:
        CatalogError: two targets or endpoints of one name, a target at no endpoint, or an alias that is a target's
            own name or leads to none.
    """
    rows, beside = _by_id(targets), _by_id(embeddings)
    _by_id((*rows, *beside))
    served = _by_name(endpoints.values() if isinstance(endpoints, Mapping) else endpoints)
    cited = dict(sorted((sources or {}).items()))
    document = document_of(name, rows, served, aliases, sources=cited, embeddings=beside)
    digest = fingerprint(document)
    return assemble(name, rows, served, aliases, sources=cited, document=document, digest=digest, embeddings=beside)


def assemble(
    name: str,
    targets: tuple[Target, ...],
    endpoints: Mapping[str, Endpoint],
    aliases: Mapping[str, TargetId],
    *,
    sources: Mapping[str, Provenance],
    document: Mapping[str, JSON],
    digest: str,
    embeddings: tuple[Target, ...] = (),
) -> Catalog:
    """The table over ``targets`` sorted by id, with the document that they make and its fingerprint; ``embeddings``,
    sorted likewise, stand beside it.

    Raises:
        CatalogError: as `build_catalog`.
    """
    index = {target.id: position for position, target in enumerate(targets)}
    names: dict[str, tuple[TargetId, ...]] = {}
    for target in (*targets, *embeddings):
        if target.endpoint not in endpoints:
            remedy = suggest_endpoint(endpoints)
            raise CatalogError(f"endpoint {target.endpoint!r} is unknown", where=target.id, remedy=remedy)
    for target in targets:
        for written in {target.id, target.model}:
            names[written] = (*names.get(written, ()), target.id)
    ordered = dict(sorted(aliases.items()))
    for alias, meant in ordered.items():
        if alias in names:
            raise CatalogError(f"alias {alias!r} is a target's own name", where=alias, remedy="remove the alias")
        if meant not in index:
            raise CatalogError(f"alias of {meant!r}, which is no target", where=alias, remedy="name a target's id")
    for alias, meant in ordered.items():
        provider = targets[index[meant]].provider
        for written in {alias, alias.removeprefix(f"{provider}/")}:
            names[written] = tuple(sorted({*names.get(written, ()), meant}))
    return Catalog(name, targets, endpoints, ordered, index, document, digest, sources, names, embeddings)


def suggest_endpoint(endpoints: Mapping[str, Endpoint]) -> str:
    """What to do about a target at an endpoint that does not exist."""
    return "known: " + ", ".join(endpoints) if endpoints else "add it to `endpoints`"


def _by_id(targets: Iterable[Target]) -> tuple[Target, ...]:
    rows = tuple(sorted(targets, key=lambda target: target.id))
    for one, other in itertools.pairwise(rows):
        if one.id == other.id:
            raise CatalogError("two targets have this id", where=one.id, remedy="give one a @deployment")
    return rows


def _by_name(endpoints: Iterable[Endpoint]) -> dict[str, Endpoint]:
    served: dict[str, Endpoint] = {}
    for endpoint in sorted(endpoints, key=lambda endpoint: endpoint.name):
        if endpoint.name in served:
            raise CatalogError("two endpoints have this name", where=endpoint.name, remedy="rename one")
        served[endpoint.name] = endpoint
    return served
