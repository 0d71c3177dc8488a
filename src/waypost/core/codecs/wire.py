"""What all codecs need while they read a wire dict: the needs found, and errors that say where. No dialect is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from waypost.core.model.conversation import NO_EXT, NO_SAMPLING, Conversation, Sampling, ToolCall
from waypost.core.model.needs import Need, Severity
from waypost.core.model.target import Dialect

IMAGE_MIMES = frozenset({"image/jpeg", "image/jpg", "image/png", "image/gif", "image/webp"})


_TEMPERATURE: Final = ("sampling.temperature", None, "required")
_TOP_P: Final = ("sampling.top_p", None, "required")


class Draft:
    """A conversation while it is read: fields so far, needs so far, and what only the origin understands."""

    __slots__ = ("ext", "fields", "found", "sampling", "signed")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self.sampling: dict[str, Any] = {}
        self.ext: dict[str, Any] = {}
        self.found: dict[tuple[str, str | None, Severity], Need] = {}
        self.signed: str | None = None
        """Where the history first has signed reasoning; `signed_history` says what that means."""

    def need(self, flag: str, path: str, value: str | None = None, severity: Severity = "required") -> None:
        """Record a need, once for each flag and value, at the first place that raised it."""
        self.found.setdefault((flag, value, severity), Need(flag, path, severity, value))

    def hint(self, flag: str, path: str, value: str | None = None) -> None:
        """Record something that may be dropped."""
        self.need(flag, path, value, "hint")

    def keep(self, name: str, value: Any) -> None:
        """Hold a top-level field that has no common meaning, for its origin."""
        self.ext.setdefault("fields", {})[name] = value

    def share(self, name: str, value: Any) -> None:
        """Hold a top-level field that the dialects of one platform say alike."""
        self.fields.setdefault("shared", {})[name] = value

    def unknown(self, where: Mapping[str, Any], known: frozenset[str], path: str) -> dict[str, Any]:
        """The members of ``where`` that are not known and not null, each a need."""
        rest: dict[str, Any] = {}
        if where.keys() <= known:
            return rest
        for name, value in where.items():
            if name not in known and value is not None:
                rest[name] = value
                self.need(f"unknown_field.{name}", f"{path}.{name}" if path else name)
        return rest

    def conversation(self, dialect: Dialect) -> Conversation:
        """What has been read, as a record."""
        top_p = self.found.get(_TOP_P)
        if top_p is not None and _TEMPERATURE in self.found:
            self.need("sampling.temperature_and_top_p", top_p.path)
        needs = tuple(sorted(self.found.values(), key=_by_flag)) if self.found else ()
        sampling = Sampling(**self.sampling) if self.sampling else NO_SAMPLING
        return Conversation(dialect=dialect, sampling=sampling, needs=needs, ext=self.ext or NO_EXT, **self.fields)


def _by_flag(need: Need) -> tuple[str, str]:
    return need.flag, need.path


Handler = Callable[[Draft, Any], None]


def read_fields(draft: Draft, body: Mapping[str, Any], handlers: Mapping[str, Handler]) -> None:
    """Hand every field that is not null to its handler; one without a handler is a need and is kept."""
    for name, value in body.items():
        handler = handlers.get(name)
        if handler is not None:
            if value is not None:
                handler(draft, value)
        elif value is not None:
            draft.need(f"unknown_field.{name}", name)
            draft.keep(name, value)


def kept(
    name: str, flag: str | None = None, *, hint: bool = False, shared: bool = False, plain: tuple[Any, ...] = ()
) -> Handler:
    """A field without a common meaning: kept for its origin, and a need unless its value is one of ``plain``.

    One that is ``shared`` is kept for the other dialects of its platform too.
    """

    def handle(draft: Draft, value: Any) -> None:
        if shared:
            draft.share(name, value)
        else:
            draft.keep(name, value)
        if flag is not None and value not in plain:
            word = value if isinstance(value, str) and len(value) <= 32 else None
            draft.need(flag, name, word, "hint" if hint else "required")

    return handle


def undeclared_tools(draft: Draft, at: str | None = None) -> None:
    """Tool calls in the history of a request that declares no tools; ``at`` names the history where it is not
    ``messages``."""
    if "tools" in draft.fields or "other_tools" in draft.ext:
        return
    for index, message in enumerate(draft.fields["messages"]):
        if message.role == "tool" or any(isinstance(part, ToolCall) for part in message.parts):
            draft.need("tools.undeclared", at or f"messages[{index}]")
            draft.need("tools", at or f"messages[{index}]")
            return


def wrong(path: str, expected: str, got: object) -> ValueError:
    """An error that says where, what was expected and what came instead, never its value."""
    return ValueError(f"{path}: expected {expected}, not {type(got).__name__}")


def as_map(value: Any, path: str) -> Mapping[str, Any]:
    """``value`` if it is an object. Raises ValueError otherwise."""
    # The exact type first: a look at the abstract one costs ten times as much.
    if type(value) is dict or isinstance(value, Mapping):
        return value
    raise wrong(path, "an object", value)


def as_list(value: Any, path: str) -> Sequence[Any]:
    """``value`` if it is an array. Raises ValueError otherwise."""
    if isinstance(value, list | tuple):
        return value
    raise wrong(path, "an array", value)


def as_text(value: Any, path: str) -> str:
    """``value`` if it is a string. Raises ValueError otherwise."""
    if isinstance(value, str):
        return value
    raise wrong(path, "a string", value)


def opt_map(value: Any, path: str) -> Mapping[str, Any]:
    """``value`` if it is an object, an empty one for null. Raises ValueError otherwise."""
    return NO_EXT if value is None else as_map(value, path)


def opt_list(value: Any, path: str) -> Sequence[Any]:
    """``value`` if it is an array, an empty one for null. Raises ValueError otherwise."""
    return () if value is None else as_list(value, path)


def opt_text(value: Any, path: str) -> str | None:
    """``value`` if it is a string or null. Raises ValueError otherwise."""
    return None if value is None else as_text(value, path)


def as_int(value: Any, path: str) -> int:
    """``value`` if it is a whole number. Raises ValueError otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong(path, "a whole number", value)


def as_number(value: Any, path: str) -> float:
    """``value`` if it is a number. Raises ValueError otherwise."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise wrong(path, "a number", value)


def is_fetched(url: str) -> bool:
    """Whether a provider would fetch what ``url`` names; anything else only its origin can make something of."""
    return url[:8].lower().startswith(("http://", "https://"))


def data_url(url: str) -> tuple[str, int] | None:
    """MIME type of a base64 data URL, and where its base64 begins; ``None`` for any other URL."""
    comma = url.find(",", 5, 256) if url[:5].lower() == "data:" else -1
    if comma < 0:
        return None
    mime, _, options = url[5:comma].lower().partition(";")
    return (mime, comma + 1) if options == "base64" or options.endswith(";base64") else None


_SNAKE = re.compile(r"_([a-z0-9])")


def camel(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """``raw`` with its members' names in camel case; protobuf's JSON may be written in either."""
    # One look at all names at once, because most need no change and streams are made of small records.
    if "_" not in "".join(raw):
        return raw
    return {_SNAKE.sub(lambda found: found[1].upper(), name): value for name, value in raw.items()}


def count(value: Any) -> int:
    """A token count out of a provider's answer; 0 where it is absent or not a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
