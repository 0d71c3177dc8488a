"""Plans, catalog, endpoints and credentials as one frozen bundle, swapped whole; running calls keep theirs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from waypost.adapters.senders.auth import Credentials
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.catalog.table import Catalog
from waypost.core.codecs import EXPRESSES, READ
from waypost.core.model.canonical import canonical
from waypost.core.model.frozen import dataclass, field
from waypost.core.model.question import Override
from waypost.core.model.target import Endpoint
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy
from waypost.core.routing.prepare import Routes
from waypost.errors import PolicyError, SettingsError
from waypost.runtime.catalogs import load_catalog, packaged_catalog
from waypost.runtime.documents import load_policy, packaged
from waypost.runtime.home import Home
from waypost.runtime.memory import ReasoningMemory
from waypost.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything that calls are routed with. ``places`` maps ``(dialect, normalised base URL)`` to ``(endpoint,
    provider)``; registered clients add to it."""

    routes: Routes
    credentials: Credentials
    places: dict[tuple[str, str], tuple[str, str]]
    registered: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """The places among them that came with registered clients."""
    files: tuple[str, ...] = ()
    """The files that it was made of."""
    off: bool = False
    """Whether the mode is off in every policy, or by the operator, so that no call need be looked at."""


def load(settings: Settings, cache: Path | None = None, *, forced: tuple[Override, ...] | None = None) -> Bundle:
    """Read, check and compile what the settings name; ``forced`` are the overrides where they have been read.

    Raises:
        ConfigError: with file, line, column and the remedy; nothing has been switched on then.
    """
    catalog, files = _catalog(settings, cache)
    given = settings.policies or (packaged_policy(),)
    others = [item for item in given if isinstance(item, str | Path)]
    policies = [_policy(item, catalog, cache, others) for item in given]
    for item, policy in zip(given, policies, strict=True):
        files += [] if isinstance(item, Policy) else [file for file in policy.sources if not file.startswith("<")]
    if any(policy.envelope for policy in policies):
        policies = _wrapped(policies, catalog, cache)
    plans = tuple(compile_policy(policy, catalog, EXPRESSES) for policy in policies)
    _can_keep(plans)
    forced = overrides(settings) if forced is None else forced
    return assemble(plans, catalog, settings, forced=forced, files=tuple(files))


def _can_keep(plans: tuple[Plan, ...]) -> None:
    """Import what seals content where a policy keeps some, so that no call has to.

    Raises:
        PolicyError: the library for that is not there.
    """
    policy = next((plan.policy for plan in plans if plan.policy.content in ("redacted", "full")), None)
    if policy is None:
        return
    try:
        import waypost.runtime.content  # noqa: F401  # few keep any
    except ImportError as error:
        what = f"`privacy: {{content: {policy.content}}}` encrypts what it keeps, and {error.name} cannot be imported"
        raise PolicyError(
            what, where=str(policy.at), remedy="pip install '.[content]' in a checkout of Waypost"
        ) from error


def overrides(settings: Settings) -> tuple[Override, ...]:
    """Those that are written down in the home. Raises SettingsError."""
    path = settings.home / Home.OVERRIDES
    if not os.path.exists(path):
        return ()
    from waypost.runtime.overrides import read  # few have any, and a start need not pay for it

    return read(path)


def _wrapped(policies: list[Policy], catalog: Catalog, cache: Path | None) -> list[Policy]:
    """Inside of the envelopes among them; the packaged policy where there are only those."""
    from waypost.runtime.enclosing import enclosed  # few have any

    found = list(enclosed(policies, catalog))
    if not found:  # nobody wrote the defaults of the packaged one, so that they are no mistake of anybody's
        from waypost.core.policy.wrap import wrapped

        found = list(wrapped([_policy(packaged_policy(), catalog, cache), *policies]))
    return found


def assemble(
    plans: tuple[Plan, ...],
    catalog: Catalog,
    settings: Settings,
    *,
    forced: tuple[Override, ...] = (),
    files: tuple[str, ...] = (),
) -> Bundle:
    """A bundle of what has been compiled, with the endpoints where the environment puts them."""
    endpoints = {name: _resolved(endpoint) for name, endpoint in catalog.endpoints.items()}
    credentials = Credentials(endpoints)
    routes = Routes(
        plans=plans,
        catalog=catalog,
        endpoints=endpoints,
        codecs=READ,
        mode=settings.mode,
        now=time.time_ns,
        credentials=credentials.names,
        overrides=forced,
        memory=MEMORY,
    )
    off = all(plan.policy.mode.mode == "off" for plan in plans) if settings.mode is None else settings.mode == "off"
    return Bundle(routes, credentials, places(endpoints), files=files, off=off)


def is_path(item: object) -> bool:
    """Whether a policy or catalog is given by the path of its file."""
    return isinstance(item, Path) or (isinstance(item, str) and "\n" not in item)


def places(endpoints: Mapping[str, Endpoint]) -> dict[tuple[str, str], tuple[str, str]]:
    """Dialect and base URL to endpoint. Of two endpoints at one place the first by name is meant."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name in sorted(endpoints):
        endpoint = endpoints[name]
        for dialect in (endpoint.dialect, *(also for also, _ in endpoint.also)):
            found.setdefault((dialect, normal(endpoint.base_url)), (name, endpoint.provider))
    return found


def normal(base_url: str) -> str:
    """A base URL without the differences that mean nothing: case of the host, the last slash, default ports."""
    scheme, _, rest = base_url.strip().partition("://")
    host, slash, path = rest.partition("/")
    host = host.lower()
    for kind, port in (("http", ":80"), ("https", ":443")):
        if scheme.lower() == kind:
            host = host.removesuffix(port)
    return f"{scheme.lower()}://{host}{slash}{path}".rstrip("/")


def packaged_policy() -> Path:
    """The default policy that comes with the package."""
    return packaged()[0] / "default.yaml"


def keep(bundle: Bundle, objects: ObjectStore) -> None:
    """Store the policies and the catalog by their fingerprints, and where the lines of each policy stand.

    Places are not part of what is fingerprinted: the same policy in another file is the same policy, and the newest
    places are shown. Raises OSError.
    """
    catalog = bundle.routes.catalog
    if catalog.fingerprint not in objects:  # most starts find both, and writing them out takes milliseconds
        objects.put(canonical(catalog.document))
    for plan in bundle.routes.plans:
        if plan.policy.fingerprint not in objects:
            objects.put(canonical(plan.policy.document))  # type: ignore[arg-type]  # a JSON value by construction
        path = places_file(objects, plan.policy.fingerprint)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unborn = path.with_name(f"{path.name}.{os.getpid()}.new")
        unborn.write_bytes(canonical(plan.policy.positions))
        unborn.replace(path)


def places_file(objects: ObjectStore, policy: str) -> Path:
    """Where the places of the lines of the policy of that fingerprint are kept."""
    return objects.directory / "places" / f"{policy}.json"


MEMORY = ReasoningMemory()
"""One for the process: what was kept before a reload is asked back after it."""


def _resolved(endpoint: Endpoint) -> Endpoint:
    moved = os.environ.get(endpoint.base_url_env) if endpoint.base_url_env else None
    return replace(endpoint, base_url=moved) if moved else endpoint


def _catalog(settings: Settings, cache: Path | None) -> tuple[Catalog, list[str]]:
    """The catalog with its overlays, and their files."""
    given = settings.catalogs
    for item in given:
        if not isinstance(item, Catalog | str | Path):
            what, remedy = f"catalog is {type(item).__name__}", "give a path, a loaded catalog, or a list"
            raise SettingsError(what, where="auto_instrument", remedy=remedy)
    files = [os.fspath(item) for item in given if not isinstance(item, Catalog)]
    if len(given) == 1 and isinstance(given[0], Catalog):
        return given[0], files
    return load_catalog(given or None, cache=cache), files or [os.fspath(packaged_catalog())]


def _policy(given: Any, catalog: Catalog, cache: Path | None, others: Sequence[str | Path] = ()) -> Policy:
    if isinstance(given, Policy):
        return given
    if isinstance(given, str | Path):
        return load_policy(given, catalog=catalog, cache=cache, others=others)
    raise SettingsError(
        f"policy is {type(given).__name__}",
        where="auto_instrument",
        remedy="give a path, a policy of waypost.policy.load, or a list of them",
    )
