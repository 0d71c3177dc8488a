"""What may be handed over as a client, and for whom: checked where it is said, before any call relies on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from waypost.adapters.senders.client import speaks
from waypost.core.model.target import Endpoint
from waypost.errors import SettingsError
from waypost.runtime.settings import near

BY_PROVIDER = 'give SDK clients by provider, as in {"anthropic": Anthropic(api_key=...)}'
_WANTED = {
    "openai": "openai.OpenAI(...) or openai.AsyncOpenAI(...)",
    "anthropic": "anthropic.Anthropic(...) or anthropic.AsyncAnthropic(...)",
    "google": "google.genai.Client(...)",
}


def each(given: Any) -> tuple[Any, ...]:
    """One client, or several: one for sync calls and one for async ones."""
    return tuple(given) if isinstance(given, list | tuple) and given else (given,)


def shown(client: Any) -> str:
    """The type of what was given: its value may be a key."""
    kind = type(client)
    package = kind.__module__.partition(".")[0]
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def served(name: Any, endpoints: Mapping[str, Endpoint]) -> list[str]:
    """The endpoints that a provider's or an endpoint's name means."""
    return [endpoint for endpoint, item in endpoints.items() if name in (endpoint, item.provider)]


def by_provider(given: Any, where: str, remedy: str = BY_PROVIDER) -> Mapping[str, Any]:
    """``given`` where it is a mapping from names.

    Raises:
        SettingsError: it is something else.
    """
    if not isinstance(given, Mapping):
        raise SettingsError(f"clients is {shown(given)}", where=where, remedy=remedy)
    for name in given:
        if not isinstance(name, str):
            raise SettingsError(f"clients has the name {shown(name)}, not text", where=where, remedy=remedy)
    return given


def fitting(name: str, client: Any, endpoints: Mapping[str, Endpoint] | None, where: str) -> list[str]:
    """The endpoints of provider ``name`` that ``client`` can be used for; none where ``endpoints`` are not known yet.

    Raises:
        SettingsError: it is no client of an SDK, nothing has that name, or nobody there speaks what the SDK speaks.
    """
    said = f"the client for {name!r} is {shown(client)}"
    if endpoints is None:
        if not speaks(client, None):
            raise SettingsError(f"{said}, not a client of an SDK", where=where, remedy=_wanted(()))
        return []
    names = served(name, endpoints)
    if not names:
        raise _nobody(name, endpoints, where)
    dialects = sorted({dialect for one in names for dialect in _dialects(endpoints[one])})
    if not speaks(client, None):
        raise SettingsError(f"{said}, not a client of an SDK", where=where, remedy=_wanted(dialects))
    fit = [one for one in names if speaks(client, endpoints[one])]
    if not fit:
        spoken = ", ".join(dialects)
        raise SettingsError(f"{said}, but {spoken} is spoken there", where=where, remedy=_wanted(dialects))
    return fit


def _dialects(endpoint: Endpoint) -> tuple[str, ...]:
    return (endpoint.dialect, *(dialect for dialect, _ in endpoint.also))


def _wanted(dialects: Iterable[str]) -> str:
    sdks = dict.fromkeys(dialect.partition(".")[0] for dialect in dialects)
    return "give " + ", or ".join(_WANTED[sdk] for sdk in sdks or _WANTED)


def _nobody(name: str, endpoints: Mapping[str, Endpoint], where: str) -> SettingsError:
    known = sorted({*endpoints, *(item.provider for item in endpoints.values())})
    meant = near(name, known)
    hint = "" if meant is None else f"did you mean {meant!r}? "
    remedy = f"{hint}known: {', '.join(sorted(endpoints))}"
    return SettingsError(f"unknown provider {name!r}", where=where, remedy=remedy)
