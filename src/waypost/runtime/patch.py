"""Puts the wrapper onto the SDKs' `request()`, now or when they are imported; never imports one itself.

Switching off is a flag, and takes our wrappers away, but those that another library has wrapped since: its own would go
with them. Where another library has put a wrapper of the base class's method onto a subclass, ours goes on top of it
there: the base class is never asked then.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import logging
import pkgutil
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, Protocol

import waypost.adapters.sdks as sdks

log = logging.getLogger("waypost")
MARK = "_waypost_wrapped"

_laid: list[tuple[weakref.ref[type], str, Callable[..., Any]]] = []
"""Class, method and wrapper of ours on it."""
_left_alone: weakref.WeakSet[ModuleType] = weakref.WeakSet()


class Sdk(Protocol):
    """An adapter of `waypost.adapters.sdks`: a module with these names."""

    MODULE: str
    POINTS: tuple[tuple[str, str, bool], ...]
    fits: Callable[[ModuleType], str | None]
    prepare: Callable[..., Any] | None
    """Arguments of a call to options that can be read twice, to an awaitable of them, or to ``None``."""
    silent: Callable[..., bool]
    """Wrapped method, client and arguments to whether there is nothing of ours in the call."""
    bind: Callable[..., Any]


class Handler(Protocol):
    """Who answers wrapped calls."""

    def call(self, sdk: Sdk, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any: ...

    async def acall(self, sdk: Sdk, wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any: ...


def adapters() -> list[Any]:
    """All adapters, found by their files: modules of the room that have patch points."""
    names = sorted(item.name for item in pkgutil.iter_modules(sdks.__path__))
    modules = (importlib.import_module(f"{sdks.__name__}.{name}") for name in names)
    return [module for module in modules if hasattr(module, "POINTS")]


def install(handler: Handler) -> None:
    """Wrap what has been imported and wait for the rest. Idempotent."""
    waiting: dict[str, Any] = {}
    for sdk in adapters():
        module = sys.modules.get(sdk.MODULE)
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            wrap(sdk, module, handler)
        else:
            waiting[sdk.MODULE] = sdk
    if waiting:
        _Finder.wait(waiting, handler)


def wrap(sdk: Sdk, module: ModuleType, handler: Handler) -> bool:
    """Wrap one SDK's points; says once why not, where the version does not fit."""
    try:
        problem = sdk.fits(module)
    except Exception as error:
        problem = f"the self-test failed ({type(error).__name__})"
    if problem is not None:
        if module not in _left_alone:
            _left_alone.add(module)
            log.warning("%s is left alone: %s. Calls go through unrouted and without receipts.", sdk.MODULE, problem)
        return False
    for class_name, method, is_async in sdk.POINTS:
        kind = getattr(module, class_name)
        for owner in (kind, *_bypassing(kind, method)):
            original = owner.__dict__[method]
            if not getattr(original, MARK, False):
                wrapper = _wrapper(sdk, original, handler, is_async=is_async)
                setattr(owner, method, wrapper)
                _laid.append((weakref.ref(owner), method, wrapper))
    return True


def remove() -> None:
    """Put back the very functions that were there, and wait for no import any more. Idempotent."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
    kept = []
    for place, method, wrapper in reversed(_laid):
        owner = place()
        if owner is not None and owner.__dict__.get(method) is wrapper:
            setattr(owner, method, wrapper.__wrapped__)
        elif owner is not None:
            kept.append((place, method, wrapper))
    _laid[:] = reversed(kept)


def _bypassing(kind: type, method: str) -> Iterator[type]:
    """Subclasses whose own ``method`` is the base's original in somebody's wrapper, so that ours is not below it."""
    bottom = inspect.unwrap(kind.__dict__[method])
    for subclass in _subclasses(kind):
        own = subclass.__dict__.get(method)
        if own is not None and inspect.unwrap(own, stop=_ends_the_way) is bottom:
            yield subclass


def _ends_the_way(function: Any) -> bool:
    """Ours, or a function that asks ``super()`` and so comes to ours, whatever it says that it wraps."""
    code = getattr(function, "__code__", None) if inspect.isfunction(function) else None
    return getattr(function, MARK, False) or (code is not None and "__class__" in code.co_freevars)


def _subclasses(kind: type) -> Iterator[type]:
    """All of them, parents first, each once."""
    seen: dict[type, None] = {}
    waiting = [kind]
    while waiting:
        subclass: type
        for subclass in type.__subclasses__(waiting.pop()):
            if subclass not in seen:
                seen[subclass] = None
                waiting.append(subclass)
    return iter(seen)


def _wrapper(sdk: Sdk, original: Callable[..., Any], handler: Handler, *, is_async: bool) -> Callable[..., Any]:
    """A plain function, so that it binds, and a true coroutine function where the original is one."""
    if is_async:

        @functools.wraps(original)
        async def arequest(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await handler.acall(sdk, original.__get__(self), self, args, kwargs)

        wrapper: Callable[..., Any] = arequest
    else:

        @functools.wraps(original)
        def request(self: Any, *args: Any, **kwargs: Any) -> Any:
            return handler.call(sdk, original.__get__(self), self, args, kwargs)

        wrapper = request
    setattr(wrapper, MARK, True)
    return wrapper


class _Finder(importlib.abc.MetaPathFinder):
    """Notices the import of a module that is waited for, and wraps it right after it has run."""

    def __init__(self, waiting: dict[str, Any], handler: Handler) -> None:
        self.waiting = waiting
        self.handler = handler
        self._inside: set[str] = set()

    @classmethod
    def wait(cls, waiting: dict[str, Any], handler: Handler) -> None:
        for finder in sys.meta_path:
            if isinstance(finder, cls):
                finder.waiting.update(waiting)
                return
        sys.meta_path.insert(0, cls(waiting, handler))

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the protocol's
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in self.waiting or fullname in self._inside:
            return None
        self._inside.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._inside.discard(fullname)
        if spec is None or spec.loader is None:
            return spec
        spec.loader = _Loader(spec.loader, self.waiting.pop(fullname), self.handler)
        return spec


class _Loader(importlib.abc.Loader):
    """The module's own loader, with our wrapping after it; a fault of ours never breaks the import."""

    def __init__(self, loader: Any, sdk: Any, handler: Handler) -> None:
        self._loader = loader
        self._sdk = sdk
        self._handler = handler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        try:
            wrap(self._sdk, module, self._handler)
        except Exception as error:
            log.warning("%s is left alone: wrapping it failed (%s)", module.__name__, type(error).__name__)
