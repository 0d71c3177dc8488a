"""A target: one (provider, model, deployment) with its facts; and the endpoint it is served at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Literal, TypeAlias

from waypost.core.model.frozen import dataclass, field

TargetId: TypeAlias = str
"""``provider/model`` or ``provider/model@deployment``."""

Dialect: TypeAlias = str
"""One of `DIALECTS`."""

DIALECTS: tuple[Dialect, ...] = ("openai.chat", "openai.responses", "anthropic.messages", "google.generate_content")
"""Every wire format that a catalog may name."""

Basis: TypeAlias = Literal["source", "prior", "measured", "local", "overlay"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact comes from. ``as_of`` is ``YYYY-MM-DD``; ``basis`` ``prior`` means an estimate of ours."""

    source: str
    as_of: str
    basis: Basis = "source"


@dataclass(frozen=True, slots=True)
class Auth:
    """How a key is presented: ``header`` carries ``prefix + key``; ``extra`` headers are constant."""

    header: str
    prefix: str = ""
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where targets are served. ``base_url`` is the SDK's own form; ``path`` is appended to it;
    in it ``{model}`` stands for the model, and ``{a|b}`` for ``a`` or, where the answer is streamed, ``b``.

    ``base_url_env`` names the variable that moves the endpoint; where ``base_url`` has a ``{blank}`` it is nowhere
    before that. ``key_env`` names those that may hold the key, first found wins; no ``key_env`` means that the endpoint
    needs no key. ``provider`` is OpenTelemetry's ``gen_ai.provider.name``.
    """

    name: str
    provider: str
    dialect: Dialect
    base_url: str
    path: str
    auth: Auth | None = None
    key_env: tuple[str, ...] = ()
    base_url_env: str | None = None
    max_tokens_field: str = "max_completion_tokens"
    drops: tuple[str, ...] = ()
    """Top-level request fields that this endpoint refuses and that carry no meaning there (data, not code)."""
    also: tuple[tuple[Dialect, str], ...] = ()
    """Further dialects that are spoken at ``base_url``, each with its path."""
    signing_domain: str | None = None
    """Whom else it shares signatures of reasoning with, where it does: endpoints of one signing domain read those of
    each other."""

    @property
    def domain(self) -> str:
        """Its signing domain; its own name where it shares none."""
        return self.signing_domain or self.name

    def speaks(self, dialect: Dialect) -> bool:
        """Whether a call in ``dialect`` is understood here as it is."""
        return dialect == self.dialect or any(name == dialect for name, _ in self.also)

    def addressed(self, dialect: Dialect) -> Endpoint:
        """This endpoint as a call in ``dialect`` meets it: spoken to in that where it can be, else in its own."""
        for name, path in self.also:
            if name == dialect:
                return replace(self, dialect=dialect, path=path)
        return self


@dataclass(frozen=True, slots=True)
class Price:
    """Prices in force since ``since``, in nano-USD per million tokens; ``None`` is unknown, never zero.

    ``above`` holds dearer tiers as ``(input tokens above which it applies, price)``, ascending.
    """

    since: str
    input: int | None
    output: int | None
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    above: tuple[tuple[int, Price], ...] = ()
    basis: Basis = "source"
    source: str = ""
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """Expected latency in nanoseconds: to the first token, and per output token."""

    first_token_ns: int
    per_token_ns: int
    p95_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One candidate that a policy may choose. Absent facts are ``None`` and fail closed.

    ``prices`` is newest first. ``quality`` is in micro-units of 0..1. ``capabilities`` are flags of
    `waypost.core.model.needs` on the level of the model, sorted.
    """

    id: TargetId
    provider: str
    model: str
    endpoint: str
    deployment: str | None = None
    family: str | None = None
    tier: str | None = None
    context_window: int | None = None
    max_output: int | None = None
    capabilities: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()
    quality: int | None = None
    latency: Latency | None = None
    region: str | None = None
    retention: str | None = None
    weight: int = 1
    """Its share of the calls among the deployments of one model, where a policy selects by weight."""
    labels: Mapping[str, str] = field(default_factory=dict)
    provenance: Mapping[str, Provenance] = field(default_factory=dict)

    @property
    def price(self) -> Price | None:
        """The newest price, or ``None`` for an unpriced target."""
        return self.prices[0] if self.prices else None


@lru_cache(maxsize=256)
def host_and_port(base_url: str) -> tuple[str, int | None]:
    """A URL's host in lower case, IPv6 without its brackets, and its port where it names one.

    A user and a password in front of them are left out, because hosts go into receipts and telemetry.
    """
    rest = base_url.partition("://")[2]
    for end in "/?#":
        rest = rest.partition(end)[0]
    place = rest.rpartition("@")[2].lower()
    host, colon, port = place.rpartition(":")
    if colon and port.isdecimal() and (host.endswith("]") or ":" not in host):
        return host.strip("[]"), int(port)
    return place.strip("[]"), None
