"""Calls of the three SDKs in every style, sync and async by one text, and what came of each.

A style is an async function; with a sync client it never waits, so that it is run without an event loop.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

import pydantic

from faults.wire import CHAT, GOOGLE, MESSAGES, MODELS, RESPONSES

QUESTION = "Where is Paris?"
HELLO: Any = [{"role": "user", "content": QUESTION}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
SDKS = {CHAT: "openai", RESPONSES: "openai", MESSAGES: "anthropic", GOOGLE: "google.genai"}


def there(package: str) -> bool:
    """Whether a package is installed."""
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


class City(pydantic.BaseModel):
    """What structured calls ask for."""

    name: str
    country: str


@dataclass
class Came:
    """What came of a call, in data that can be compared."""

    error: tuple[str, ...] = ()
    """The classes of what was raised, from its own to `Exception`; empty where nothing was."""
    said: dict[str, Any] = field(default_factory=dict)
    """Text, fields, cause and notes of what was raised."""
    given: list[Any] = field(default_factory=list)
    """What the caller was given, in the order in which it was given."""
    warned: list[str] = field(default_factory=list)
    raised: BaseException | None = field(default=None, compare=False, repr=False)


Give = Callable[[Any], None]
Style = Callable[["Asking", Give], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Asking:
    """Who calls: a client, with options of the call, and a question by which the server knows the call again."""

    client: Any
    question: str
    is_async: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    def put(self, call: Any) -> Any:
        """``call`` with the question in its place."""
        if isinstance(call, dict):
            return {name: self.put(item) for name, item in call.items()}
        if isinstance(call, list):
            return [self.put(item) for item in call]
        return self.question if isinstance(call, str) and call == QUESTION else call


def came_of(style: Style, asking: Asking, runner: asyncio.Runner) -> Came:
    """Run one call to its end."""
    came = Came()

    def give(value: Any) -> None:
        came.given.append(plain(value))

    call = style(asking, give)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("always", UserWarning)
        _run(call, asking, runner, came)
    came.warned = [f"{item.category.__name__}: {item.message}" for item in warned]
    return came


def _run(call: Coroutine[Any, Any, None], asking: Asking, runner: asyncio.Runner, came: Came) -> None:
    try:
        if not asking.is_async:
            try:
                call.send(None)
            except StopIteration:
                pass
            else:
                raise AssertionError("a sync client waited")
        else:
            runner.run(call)
    except Exception as error:
        came.error = tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
        came.said = _said(error)
        came.raised = error.with_traceback(None)


def _said(error: BaseException) -> dict[str, Any]:
    fields = {name: value for name, value in vars(error).items() if isinstance(value, str | int | dict | list | None)}
    response = getattr(error, "response", None)
    fields.pop("__notes__", None)
    return {
        "text": str(error),
        "fields": {name: value for name, value in fields.items() if not name.startswith("_")},
        "cause": type(error.__cause__).__qualname__,
        "notes": getattr(error, "__notes__", []),
        "status": getattr(response, "status_code", None),
        "response": type(response).__module__.partition(".")[0],
    }


OURS = ("x-waypost-receipt", "x-perpetuo-routing-decision", "x-perpetuo-router-decision")
"""Headers with which an answer tells its receipt, by design."""


def plain(value: Any) -> Any:
    """What the caller can see of ``value``; not what tells our receipt."""
    if isinstance(value, pydantic.BaseModel):
        dumped = value.model_dump(mode="json", warnings=False)
        if "sdk_http_response" in dumped:
            headers = (dumped.pop("sdk_http_response") or {}).get("headers") or {}
            dumped["headers"] = {name: text for name, text in headers.items() if name not in OURS}
        return {"": type(value).__name__, **dumped}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict | str | int | float | bytes | None):
        return value
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


def headers_of(response: Any) -> dict[str, str]:
    return {name: text for name, text in response.headers.items() if name.lower() not in OURS}


VARYING = ("id", "created", "created_at", "completed_at", "response_id", "item_id", "call_id", "headers", "doc", "pos")
DECIDED = "x-perpetuo-routing-decision"
"""The field of a routed answer that says who answered; it is different by design."""


def steady(value: Any) -> Any:
    """What was given, without ids and times, of which some are made anew each time, nor our decision."""
    if isinstance(value, dict):
        return {name: steady(item) for name, item in value.items() if name not in (*VARYING, DECIDED)}
    return [steady(item) for item in value] if isinstance(value, list) else value


# --- sync and async alike


async def now(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def each(items: Any) -> AsyncIterator[Any]:
    if hasattr(items, "__aiter__"):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


class Within:
    """A context manager of either colour."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._asynchronous = hasattr(manager, "__aenter__")

    async def __aenter__(self) -> Any:
        return await self._manager.__aenter__() if self._asynchronous else self._manager.__enter__()

    async def __aexit__(self, *exc: Any) -> Any:
        return await self._manager.__aexit__(*exc) if self._asynchronous else self._manager.__exit__(*exc)


def closed(stream: Any) -> Any:
    """What closes a stream when it has been read or has failed."""
    return getattr(stream, "close", None) or (lambda: None)


# --- the openai and anthropic SDKs: one way of being called


def creating(resource: Callable[[Any], Any], call: dict[str, Any]) -> Style:
    """A whole answer by ``create``."""

    async def style(asking: Asking, give: Give) -> None:
        give(await now(resource(asking.client).create(**asking.put(call))))

    return style


def parsing(resource: Callable[[Any], Any], call: dict[str, Any]) -> Style:
    async def style(asking: Asking, give: Give) -> None:
        give(await now(resource(asking.client).parse(**asking.put(call))))

    return style


def streaming(resource: Callable[[Any], Any], call: dict[str, Any]) -> Style:
    """Chunks of ``create(stream=True)``."""

    async def style(asking: Asking, give: Give) -> None:
        stream = await now(resource(asking.client).create(**asking.put(call), stream=True))
        if isinstance(stream, str):
            give(stream)
            return
        async for chunk in each(stream):
            give(chunk)

    return style


def helping(resource: Callable[[Any], Any], call: dict[str, Any], final: str) -> Style:
    """The ``stream()`` helper, its events and what it accumulates."""

    async def style(asking: Asking, give: Give) -> None:
        async with Within(resource(asking.client).stream(**asking.put(call))) as stream:
            async for event in each(stream):
                give(event)
            give(await now(getattr(stream, final)()))

    return style


def raw(resource: Callable[[Any], Any], call: dict[str, Any], *, stream: bool = False) -> Style:
    """``with_raw_response``: status, headers, and what is parsed of it."""
    extra = {"stream": True} if stream else {}

    async def style(asking: Asking, give: Give) -> None:
        response = await now(resource(asking.client).with_raw_response.create(**asking.put(call), **extra))
        give([response.status_code, headers_of(response), response.http_response])
        parsed = await now(response.parse())
        if not stream or isinstance(parsed, str):
            give(parsed)
            return
        async for chunk in each(parsed):
            give(chunk)

    return style


def by_hand(resource: Callable[[Any], Any], call: dict[str, Any], *, stream: bool = False) -> Style:
    """``with_streaming_response``: the body as it comes, in lines."""
    extra = {"stream": True} if stream else {}

    async def style(asking: Asking, give: Give) -> None:
        held = resource(asking.client).with_streaming_response.create(**asking.put(call), **extra)
        async with Within(held) as response:
            give([response.status_code, headers_of(response)])
            async for line in each(response.iter_lines()):
                if line:
                    give(line)

    return style


def _openai_chat() -> dict[str, Style]:
    call: dict[str, Any] = {"model": MODELS[CHAT], "messages": HELLO}
    tool = {"type": "function", "function": {"name": "where_is", "strict": True, "parameters": PARAMETERS}}
    tool["function"]["parameters"] = {**PARAMETERS, "additionalProperties": False}  # type: ignore[index]
    tools = {**call, "tools": [tool]}

    def resource(client: Any) -> Any:
        return client.chat.completions

    return {
        "plain": creating(resource, call),
        "tools": creating(resource, tools),
        "parse": parsing(resource, {**call, "response_format": City}),
        "raw": raw(resource, call),
        "by_hand": by_hand(resource, call),
        "stream": streaming(resource, call),
        "stream_tools": streaming(resource, tools),
        "stream_usage": streaming(resource, {**call, "stream_options": {"include_usage": True}}),
        "stream_raw": raw(resource, call, stream=True),
        "stream_by_hand": by_hand(resource, call, stream=True),
        "helper": helping(resource, call, "get_final_completion"),
        "helper_tools": helping(resource, tools, "get_final_completion"),
    }


def _openai_responses() -> dict[str, Style]:
    call: dict[str, Any] = {"model": MODELS[RESPONSES], "input": QUESTION, "store": False}
    parameters = {**PARAMETERS, "additionalProperties": False}
    tools = {**call, "tools": [{"type": "function", "name": "where_is", "strict": True, "parameters": parameters}]}

    def resource(client: Any) -> Any:
        return client.responses

    return {
        "plain": creating(resource, call),
        "tools": creating(resource, tools),
        "parse": parsing(resource, {**call, "text_format": City}),
        "raw": raw(resource, call),
        "by_hand": by_hand(resource, call),
        "stream": streaming(resource, call),
        "stream_tools": streaming(resource, tools),
        "stream_raw": raw(resource, call, stream=True),
        "stream_by_hand": by_hand(resource, call, stream=True),
        "helper": helping(resource, call, "get_final_response"),
        "helper_tools": helping(resource, tools, "get_final_response"),
    }


def _anthropic_messages() -> dict[str, Style]:
    call: dict[str, Any] = {"model": MODELS[MESSAGES], "max_tokens": 64, "messages": HELLO}
    tools = {**call, "tools": [{"name": "where_is", "input_schema": PARAMETERS}]}

    def resource(client: Any) -> Any:
        return client.messages

    styles = {
        "plain": creating(resource, call),
        "tools": creating(resource, tools),
        "raw": raw(resource, call),
        "by_hand": by_hand(resource, call),
        "stream": streaming(resource, call),
        "stream_tools": streaming(resource, tools),
        "stream_raw": raw(resource, call, stream=True),
        "stream_by_hand": by_hand(resource, call, stream=True),
        "helper": helping(resource, call, "get_final_message"),
        "helper_tools": helping(resource, tools, "get_final_message"),
    }
    if there("anthropic"):
        from anthropic.resources.messages import Messages

        if hasattr(Messages, "parse"):
            styles["parse"] = parsing(resource, {**call, "output_format": City})
    return styles


def _google() -> dict[str, Style]:
    def generating(config: dict[str, Any], *, stream: bool = False) -> Style:
        async def style(asking: Asking, give: Give) -> None:
            models = asking.client.aio.models if asking.is_async else asking.client.models
            call = {
                "model": MODELS[GOOGLE],
                "contents": asking.question,
                "config": {**config, "http_options": asking.options},
            }
            if not stream:
                give(await now(models.generate_content(**call)))
                return
            async for chunk in each(await now(models.generate_content_stream(**call))):
                give(chunk)

        return style

    tool = {"name": "where_is", "parameters_json_schema": PARAMETERS}
    tools = {"tools": [{"function_declarations": [tool]}], "automatic_function_calling": {"disable": True}}
    structured = {"response_mime_type": "application/json", "response_schema": City}
    return {
        "plain": generating({}),
        "tools": generating(tools),
        "parse": generating(structured),
        "stream": generating({}, stream=True),
        "stream_tools": generating(tools, stream=True),
        "stream_parse": generating(structured, stream=True),
    }


STYLES: dict[str, dict[str, Style]] = {
    CHAT: _openai_chat(),
    RESPONSES: _openai_responses(),
    MESSAGES: _anthropic_messages(),
    GOOGLE: _google(),
}
"""Every style of each dialect by name. Those that stream begin with ``stream`` or ``helper``."""

INSTALLED = tuple(dialect for dialect in STYLES if there(SDKS[dialect]))
"""The dialects whose SDK is there: older majors have an environment of their own each."""


def streams(style: str) -> bool:
    return style.startswith(("stream", "helper"))


def what_of(style: str) -> str:
    """What kind of answer a style waits for."""
    kind = re.search(r"tools|parse", style)
    return {"tools": "tools", "parse": "json"}.get(kind[0] if kind else "", "text")
