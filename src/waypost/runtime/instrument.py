"""Switching on and off, for the process. Everything heavy is built here, once, and never during a call."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waypost.errors import ConfigError, SettingsError
from waypost.runtime import hangup, logs, patch
from waypost.runtime.chosen import Chosen
from waypost.runtime.context import known_by
from waypost.runtime.engine import Engine
from waypost.runtime.lendable import BY_PROVIDER, by_provider, each, fitting
from waypost.runtime.lending import Resolver
from waypost.runtime.settings import Settings, read, unknown

if TYPE_CHECKING:
    from waypost.core.model.question import Override
    from waypost.runtime.receipts import Receipt

log = logging.getLogger("waypost")

_lock = threading.RLock()
_engine: Engine | None = None
_clients: list[tuple[str, Any]] = []
_remarked: set[str] = set()


class _Handler:
    """What wrappers call; it outlives engines, so that a wrapper never has to be replaced."""

    def call(self, sdk: Any, wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
        engine = _engine
        if engine is None:
            return wrapped(*args, **kwargs)
        return engine.call(sdk, wrapped, client, args, kwargs)

    async def acall(self, sdk: Any, wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
        engine = _engine
        if engine is None:
            return await wrapped(*args, **kwargs)
        return await engine.acall(sdk, wrapped, client, args, kwargs)


_handler = _Handler()


def auto_instrument(
    *,
    policy: Any = None,
    catalog: Any = None,
    mode: str | None = None,
    clients: Mapping[str, Any] | Resolver | None = None,
    only: Iterable[Any] | None = None,
    tracer_provider: Any = None,
    meter_provider: Any = None,
) -> None:
    """Route and record the model calls of this process from now on. Calling it again changes what is given.

    Args:
        policy: a path, the name of a packaged policy, a policy of `waypost.policy.load`, or a list of them, tried in
            order. Default: the packaged one.
        catalog: a path or a loaded catalog, or a list of one and its overlays. Default: the packaged one.
        mode: ``off``, ``observe``, ``advise`` or ``route``, in place of what the policies say.
        clients: provider to a client of one's own, or to a list of a sync and an async one, as with `waypost.use`; or a
            function that is given who asks (a `Context`) in each call and returns such clients for it, for tenants with
            keys of their own.
        only: the SDK clients that are meant, copies of them included; all others go on as without us, until
            `uninstrument()`. Default: every client.
        tracer_provider: OpenTelemetry providers to use in place of the global ones, which are never replaced.
        meter_provider: likewise.

    Raises:
        ConfigError: a file or a value that cannot be used, with file, line, column and the remedy. Nothing is on then.
    """
    try:
        chosen = None if only is None else Chosen(only)
        _read_clients(clients)
        _switch_on(policy, catalog, mode, clients=clients, only=chosen, providers=(tracer_provider, meter_provider))
    except ConfigError as error:
        # What is wrong stands in what the caller wrote; frames of ours would only bury the message.
        raise error.with_traceback(None) from None


def _switch_on(
    policy: Any,
    catalog: Any,
    mode: str | None,
    *,
    clients: Mapping[str, Any] | Resolver | None,
    only: Chosen | None,
    providers: tuple[Any, Any],
) -> None:
    global _engine
    with _lock:
        settings = _settings(policy, catalog, mode)
        if not settings.enabled:
            return
        if _engine is None or any(provider is not None for provider in providers):
            logs.level(settings.log_level)
            _remark()
            engine = Engine(settings, tracer_provider=providers[0], meter_provider=providers[1])
        else:
            engine = _engine
            if not engine.active or any(item is not None for item in (policy, catalog, mode)):
                engine.reloader.configure(settings)
        for provider, client in _clients:
            engine.use(provider, client)
        _use_all(engine, {} if clients is None or callable(clients) else clients)
        if only is not None:
            engine.only = only
        engine.active = True
        before, _engine = _engine, engine
        known_by(lambda: engine.bundle.routes.endpoints)
        if callable(clients):
            engine.lending.resolver = clients
        patch.install(_handler)
        hangup.install(_hung_up)
        if before is not None and before is not engine:
            before.retire()


def _use_all(engine: Engine, clients: Mapping[str, Any]) -> None:
    """Register them, and remember those that could be. Raises SettingsError."""
    for provider, given in clients.items():
        for client in each(given):
            engine.use(provider, client, "waypost.auto_instrument")
            _clients.append((provider, client))


def _read_clients(given: Any) -> None:
    """Raises SettingsError where it is neither clients by provider nor a function."""
    if given is None or callable(given):
        return
    where = "waypost.auto_instrument"
    for name, item in by_provider(given, where, f"{BY_PROVIDER}, or a function of a call's context").items():
        for client in each(item):
            fitting(name, client, None, where)


def _hung_up() -> bool:
    engine = _engine
    return engine is not None and engine.active and engine.worker.submit(engine.reloader.reload)


def _settings(policy: Any, catalog: Any, mode: str | None) -> Settings:
    """What is given and what the environment says; what neither says stays as it was chosen before."""
    settings = read(policy=policy, catalog=catalog, mode=mode)
    if _engine is None:
        return settings
    before = _engine.settings
    return replace(
        settings,
        policies=settings.policies if policy is not None else before.policies,
        catalog=settings.catalog if catalog is not None else before.catalog,
        mode=settings.mode if mode is not None else before.mode,
    )


def _remark() -> None:
    """Say once which ``WAYPOST_*`` variables nothing reads: a misspelt one would be missed in silence."""
    strange = [(name, near) for name, near in unknown() if name not in _remarked]
    if strange:
        _remarked.update(name for name, _ in strange)
        said = (name if near is None else f"{name} (did you mean {near}?)" for name, near in strange)
        log.warning("Waypost ignores what is none of its settings: %s; unset it, or mend its name", ", ".join(said))


def uninstrument() -> None:
    """Let calls through untouched again: the SDKs have their own functions back. A wrapper that another library has
    wrapped since stays below that one, switched off."""
    with _lock:
        if _engine is not None:
            _engine.active, _engine.only = False, None
            known_by(None)
            patch.remove()
            _engine.flush(5.0)


def use(provider: str, client: Any) -> None:
    """Send to ``provider`` with ``client``: for proxies, mTLS, Bedrock, Vertex or keys of one's own.

    Raises:
        SettingsError: the catalog has no such provider, or ``client`` is no client of an SDK that can speak to it.
    """
    with _lock:
        if _engine is not None:
            _engine.use(provider, client)
        else:
            fitting(provider, client, None, "waypost.use")
        _clients.append((provider, client))


def flush(timeout_s: float = 5.0) -> bool:
    """Wait until everything recorded so far has been stored and handed to the exporters; ``False`` on time-out."""
    return True if _engine is None else _engine.flush(timeout_s)


def receipt(response: Any) -> Receipt | None:
    """The receipt of a response, stream or raw response, of the exception that a call raised, or of a receipt, request
    or response id.

    ``None`` for what Waypost never saw.
    """
    return None if _engine is None else _engine.lookup.receipt(response)


def feedback(id: str, score: int) -> None:
    """Rate an answer from 1 to 10, by any id that `receipt` takes.

    Raises:
        SettingsError: no such receipt, or a score outside of 1 to 10.
    """
    if not 1 <= score <= 10:
        raise SettingsError(f"score is {score}", where="waypost.feedback", remedy="give 1 to 10")
    found = receipt(id)
    if found is None or _engine is None:
        raise SettingsError(f"no receipt for {id!r}", where="waypost.feedback", remedy="`waypost list` shows them")
    _engine.recorder.feedback(found.id, score)


def reload() -> bool:
    """Read policy and catalog files again; a bad file leaves the old one in force and says so."""
    return _engine is not None and _engine.reloader.reload()


def override(
    target: str,
    *,
    until: str,
    author: str,
    reason: str,
    scope: Mapping[str, str] | None = None,
    home: str | Path | None = None,
) -> Override:
    """Have ``target`` answer all calls of ``scope`` for a while, where nothing but a shortlist speaks against it.

    It is written to ``overrides.json`` in ``home`` (default: of this process), which every process with that home
    reads; this one at once.

    Args:
        target: a target's id in the catalog.
        until: ``2h``, ``30min``, ``1d``, or a moment in ISO 8601.
        author: who answers for it; like ``reason`` it stands on the receipts.
        scope: values of department, user, workflow, step, session, budget_tier or context.<name>. Default: all calls.

    Raises:
        SettingsError: a value that cannot be used, or no such target.
        OSError: the home cannot be written.
    """
    from waypost.runtime import overrides

    now, where = time.time_ns(), "waypost.override"
    settings = _engine.settings if _engine is not None else read()
    ends = overrides.until_ns(until, now, where)
    made = overrides.make(target, until=ends, author=author, reason=reason, scope=scope or {}, where=where)
    overrides.known(target, _engine.bundle.routes.catalog if _engine is not None else settings.catalogs, where)
    overrides.add(settings.home if home is None else Path(home), made, now)
    if _engine is not None:
        _engine.reloader.overrides()
    return made


def clear_override(id: str, *, author: str, home: str | Path | None = None) -> Override:
    """Take an override away before its end, and return it.

    Raises:
        SettingsError: there is none of that id.
        OSError: the home cannot be written.
    """
    from waypost.runtime import overrides

    settings = _engine.settings if _engine is not None else read()
    gone = overrides.clear(settings.home if home is None else Path(home), id, author, time.time_ns())
    if _engine is not None:
        _engine.reloader.overrides()
    return gone


def engine() -> Engine | None:
    """The engine of this process, for `waypost.testing` and `waypost doctor`."""
    return _engine


def post_instrument() -> None:
    """Entry point of ``opentelemetry-instrument``: must not raise, because that would stop the other hooks."""
    try:
        auto_instrument()
    except Exception as error:
        log.error("waypost was not switched on: %s", error)
