"""A place where things go wrong: a server for each dialect that may misbehave, one that stands by, and three SDKs.

with Bad(home).on() as bad:
    bad.answer["openai.chat"] = lambda request: json_answer({})
    await bad.ask("sync", ("anthropic.messages", "openai.chat"), stream=True)
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import waypost
from stub_provider import (
    Answer,
    Seen,
    StubProvider,
    chat_body,
    chat_chunks,
    generated_body,
    generated_chunks,
    json_answer,
    message_body,
    message_events,
    response_body,
    response_events,
    sse_answer,
)
from waypost.runtime import instrument

Way: TypeAlias = tuple[str, str]
Call: TypeAlias = dict[str, Any]

C, R, A, G = DIALECTS = ("openai.chat", "openai.responses", "anthropic.messages", "google.generate_content")
WAYS = [(caller, target) for caller in DIALECTS for target in DIALECTS]
"""Who calls, and who answers; the same dialect twice is a call that goes to another endpoint of it."""
CROSSING = [(caller, target) for caller, target in WAYS if caller != target]

_PATHS = {
    C: "/v1/chat/completions",
    R: "/v1/responses",
    A: "/v1/messages",
    G: "/v1beta/models/{model}:{generateContent|streamGenerateContent?alt=sse}",
}
_LIKE = {
    C: "openai/gpt-4o-mini",
    R: "openai/gpt-4o-mini",
    A: "anthropic/claude-haiku-4-5",
    G: "google/gemini-2.5-flash",
}
_POLICY = """\
waypost: policy/v1
name: {name}
mode: route
rules: [{{name: one, use: [{use}]}}]
filter: [quality >= 0]
rank: cheapest
fallback: {{max_attempts: {attempts}}}
on_no_candidates: error
"""
_OTHERS = ("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_")
STANDBY = "openai/gpt-4o@standby"


def short(dialect: str) -> str:
    """A word for a dialect that may stand in a name."""
    return dialect.replace(".", "-").replace("_", "-")


def target_of(dialect: str) -> str:
    """The target that may misbehave in ``dialect``."""
    return f"{_LIKE[dialect]}@{short(dialect)}"


def plain_answer(dialect: str, text: str = "Hello.") -> Any:
    """A whole answer of a dialect."""
    make: Mapping[str, Callable[[str], Any]] = {
        C: chat_body,
        R: response_body,
        A: message_body,
        G: generated_body,
    }
    return make[dialect](text)


def stream_events(dialect: str, words: Sequence[str]) -> list[Any]:
    """The events of a streamed one."""
    if dialect == C:
        return chat_chunks(words, usage=True)
    make: Mapping[str, Callable[[Sequence[str]], list[Any]]] = {
        R: response_events,
        A: message_events,
        G: generated_chunks,
    }
    return make[dialect](words)


@dataclass
class Said:
    """What a caller got: the native object (the last of a stream), its text, its calls, and why it ended."""

    native: Any = None
    text: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    finish: str | None = None
    usage: Any = None


class Bad:
    """Servers by dialect whose answers a test sets, a server that stands by, and where callers are at home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.answer: dict[str, Callable[[Seen], Answer]] = {}
        self.stubs = {name: StubProvider(lambda request, name=name: self.answer[name](request)) for name in DIALECTS}
        self.standby = StubProvider(self._standing_by)
        self.origin = StubProvider(lambda _: json_answer({"error": {"message": "nobody should come here"}}, 500))

    def _standing_by(self, request: Seen) -> Answer:
        if request.body.get("stream"):
            return sse_answer(chat_chunks(["stood ", "by"], usage=True))
        return json_answer(chat_body("stood by"))

    def reset(self) -> None:
        """As at the beginning: everybody answers well, and nobody has been asked."""
        for stub in (*self.stubs.values(), self.standby, self.origin):
            stub.seen.clear()
        engine = instrument.engine()
        if engine is not None:
            engine.state._empty()
        for name in DIALECTS:
            self.answer[name] = lambda request, name=name: self.well(name, request)

    def well(self, dialect: str, request: Seen) -> Answer:
        """The answer of somebody who is well."""
        if request.body.get("stream") or "stream" in request.path:
            return sse_answer(stream_events(dialect, ["Hel", "lo."]))
        return json_answer(plain_answer(dialect))

    def overlay(self) -> Path:
        """The catalog of it."""
        lines = ["waypost: catalog-overlay/v1", "name: bad", "source: the test", "as_of: 2026-06-01", "endpoints:"]
        places = [*((name, short(name), self.stubs[name].url) for name in DIALECTS), (C, "standby", self.standby.url)]
        for dialect, name, url in places:
            auth = "{header: x-api-key}" if dialect == A else '{header: Authorization, prefix: "Bearer "}'
            said = f'base_url: {url}, path: "{_PATHS[dialect]}", auth: {auth}, key_env: [BAD_KEY]'
            lines.append(f"  {name}: {{provider: {name}, dialect: {dialect}, {said}}}")
        lines.append("targets:")
        lines += [f"  {target_of(name)}: {{like: {_LIKE[name]}, endpoint: {short(name)}}}" for name in DIALECTS]
        lines.append(f"  {STANDBY}: {{like: openai/gpt-4o, endpoint: standby}}")
        path = self.home / "overlay.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def policies(self) -> list[Path]:
        """For each dialect one policy that sends there and nowhere else, and one with somebody who stands by."""
        found = []
        for dialect in DIALECTS:
            for name, use in ((short(dialect), [target_of(dialect)]), (f"{short(dialect)}-or", None)):
                path = self.home / f"{name}.yaml"
                listed = use or [target_of(dialect), STANDBY]
                path.write_text(_POLICY.format(name=name, use=", ".join(listed), attempts=len(listed)))
                found.append(path)
        return found

    @contextmanager
    def on(self) -> Iterator[Bad]:
        """Waypost switched on, and clients of the three SDKs."""
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("WAYPOST_HOME", str(self.home / "home"))
            patch.setenv("BAD_KEY", "k-ours")
            for name in [
                name for name in os.environ if name.startswith(("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_"))
            ]:
                patch.delenv(name)
            patch.setattr(instrument, "_engine", None)
            patch.setattr(instrument, "_clients", [])
            for stub in (*self.stubs.values(), self.standby, self.origin):
                stack.enter_context(stub)
            patch.setenv("OPENAI_BASE_URL", f"{self.origin.url}/v1")
            for name in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
                patch.setenv(name, self.origin.url)
            self.reset()
            self._clients(stack)
            waypost.auto_instrument(policy=self.policies(), catalog=self.overlay())
            stack.callback(waypost.uninstrument)
            yield self

    def _clients(self, stack: ExitStack) -> None:
        import anthropic
        import openai
        from google import genai

        chat = stack.enter_context(openai.OpenAI(api_key="k", max_retries=0))
        claude = stack.enter_context(anthropic.Anthropic(api_key="k", max_retries=0))
        gemini = genai.Client(api_key="k")
        stack.callback(gemini.close)
        self.sync: dict[str, Any] = {C: chat, R: chat, A: claude, G: gemini}

    @asynccontextmanager
    async def client(self, style: str, caller: str) -> AsyncIterator[Any]:
        """A client of the dialect's SDK in a colour. An async one belongs to the running loop."""
        if style == "sync":
            yield self.sync[caller]
            return
        async with self._async_client(caller) as client:
            yield client

    def _async_client(self, caller: str) -> Any:
        import anthropic
        import openai
        from google import genai

        if caller == A:
            return anthropic.AsyncAnthropic(api_key="k", max_retries=0)
        return genai.Client(api_key="k").aio if caller == G else openai.AsyncOpenAI(api_key="k", max_retries=0)

    # Calls.

    async def ask(
        self, style: str, way: Way, *, stream: bool = False, standby: bool = False, call: Call | None = None
    ) -> Said:
        """One call from a dialect's SDK to the server of another; its exception where it raises."""
        caller, target = way
        async with self.client(style, caller) as client:
            with waypost.context(policy=short(target) + ("-or" if standby else "")):
                return await _ASK[caller](client, stream, call or {})

    def receipt(self) -> Any:
        """The receipt of the last call."""
        assert waypost.flush()
        engine = instrument.engine()
        assert engine is not None
        found = waypost.receipt(engine.lookup.store().summaries()[0].id)
        assert found is not None
        return found.to_dict()

    def failures(self) -> list[tuple[str | None, str | None, int | None] | None]:
        """Of each attempt of the last call its failure: kind, the provider's word and status."""
        attempts = [hop["attempt"] for hop in self.receipt()["hops"] if hop["attempt"] is not None]
        found = [attempt.get("failure") for attempt in attempts]
        return [each and (each["kind"], each.get("type"), each.get("status")) for each in found]


async def _got(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _each(values: Any) -> AsyncIterator[Any]:
    if hasattr(values, "__aiter__"):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value


async def _ask_chat(client: Any, stream: bool, call: Call) -> Said:
    call = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}], **call}
    api = client.chat.completions
    if not stream:
        answer = await _got(api.create(**call))
        choice = answer.choices[0]
        calls = [(one.id, one.function.name, one.function.arguments) for one in choice.message.tool_calls or ()]
        return Said(answer, choice.message.content or "", calls, choice.finish_reason, answer.usage)
    said = Said()
    pieces: dict[int, list[Any]] = {}
    held = await _got(api.create(stream=True, stream_options={"include_usage": True}, **call))
    async for chunk in _each(held):
        said.native = chunk
        said.usage = chunk.usage or said.usage
        for choice in chunk.choices:
            said.text += choice.delta.content or ""
            said.finish = choice.finish_reason or said.finish
            for one in choice.delta.tool_calls or ():
                piece = pieces.setdefault(one.index, [one.id, one.function.name, ""])
                piece[2] += one.function.arguments or ""
    said.calls = [(one[0], one[1], one[2]) for one in pieces.values()]
    return said


async def _ask_responses(client: Any, stream: bool, call: Call) -> Said:
    call = {"model": "auto", "input": "Hi", "store": False, **call}
    answer = await _got(client.responses.create(stream=stream, **call))
    said = Said(answer)
    if stream:
        said.native = None
        async for event in _each(answer):
            said.native = event
            if event.type == "response.output_text.delta":
                said.text += event.delta
        if not hasattr(said.native, "response"):
            return said
        answer = said.native.response
        assert said.text == answer.output_text
    details = answer.incomplete_details
    said.text, said.usage = answer.output_text, answer.usage
    said.finish = details.reason if details else answer.status
    said.calls = [(one.call_id, one.name, one.arguments) for one in answer.output if one.type == "function_call"]
    return said


async def _ask_messages(client: Any, stream: bool, call: Call) -> Said:
    call = {"model": "auto", "max_tokens": 64, "messages": [{"role": "user", "content": "Hi"}], **call}
    api = client.messages
    if not stream:
        answer = await _got(api.create(**call))
    elif hasattr(manager := api.stream(**call), "__aenter__"):
        async with manager as held:
            answer = await held.get_final_message()
    else:
        with manager as held:
            answer = held.get_final_message()
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = [(block.id, block.name, block.input) for block in answer.content if block.type == "tool_use"]
    return Said(answer, text, calls, answer.stop_reason, answer.usage)


async def _ask_google(client: Any, stream: bool, call: Call) -> Said:
    call = {"model": "auto", "contents": "Hi", **call}
    api = client.models
    if not stream:
        answers = [await _got(api.generate_content(**call))]
    else:
        answers = [answer async for answer in _each(await _got(api.generate_content_stream(**call)))]
    said = Said()
    for answer in answers:
        said.native = answer
        said.usage = answer.usage_metadata or said.usage
        for candidate in answer.candidates or ():
            said.finish = candidate.finish_reason.value if candidate.finish_reason else said.finish
            for part in (candidate.content.parts if candidate.content else None) or ():
                said.text += part.text or ""
                if part.function_call:
                    said.calls.append((part.function_call.id or "", part.function_call.name, part.function_call.args))
    return said


_ASK: Mapping[str, Callable[[Any, bool, Call], Awaitable[Said]]] = {
    C: _ask_chat,
    R: _ask_responses,
    A: _ask_messages,
    G: _ask_google,
}
