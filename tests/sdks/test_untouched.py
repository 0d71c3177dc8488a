"""What is neither a chat nor an embedding passes by: the same bytes go out, the same object comes back, no receipt."""

from __future__ import annotations

import inspect
import io
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import waypost
from stub_provider import Seen, json_answer, sse_answer, text_answer

MODES = ["off", "observe", "advise", "route"]
SAID = {"id": "x-1", "object": "thing", "type": "thing", "name": "things/1", "text": "heard", "input_tokens": 3}
CHUNK = {"id": "cmpl-1", "object": "text_completion", "choices": [{"index": 0, "text": "a", "finish_reason": "stop"}]}


def form(name: str = "a.jsonl") -> tuple[str, io.BytesIO]:
    return name, io.BytesIO(b'{"custom_id": "1"}\n')


OPENAI: dict[str, Callable[[Any], Any]] = {
    "models": lambda c: c.models.list(),
    "model": lambda c: c.models.retrieve("gpt-4o"),
    "completions": lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt="Say a", max_tokens=3),
    "completions streamed": lambda c: c.completions.create(model="davinci-002", prompt="Say a", stream=True),
    "images": lambda c: c.images.generate(model="gpt-image-1", prompt="a cat"),
    "image edit": lambda c: c.images.edit(model="gpt-image-1", image=form("a.png"), prompt="a dog"),
    "speech": lambda c: c.audio.speech.create(model="tts-1", voice="alloy", input="hello"),
    "transcription": lambda c: c.audio.transcriptions.create(model="whisper-1", file=form("a.wav")),
    "translation": lambda c: c.audio.translations.create(model="whisper-1", file=form("a.wav")),
    "moderation": lambda c: c.moderations.create(model="omni-moderation-latest", input="hello"),
    "files": lambda c: c.files.create(file=form(), purpose="batch"),
    "file list": lambda c: c.files.list(),
    "batch": lambda c: c.batches.create(
        input_file_id="file-1", endpoint="/v1/chat/completions", completion_window="24h"
    ),
    "batch back": lambda c: c.batches.retrieve("batch_1"),
    "fine-tuning": lambda c: c.fine_tuning.jobs.create(model="gpt-4o-mini", training_file="file-1"),
    "response back": lambda c: c.responses.retrieve("resp_1"),
    "response cancelled": lambda c: c.responses.cancel("resp_1"),
    "chats kept": lambda c: c.chat.completions.list(),
    "chat kept": lambda c: c.chat.completions.update("chatcmpl-1", metadata={"a": "b"}),
    "realtime secret": lambda c: c.realtime.client_secrets.create(
        session={"type": "realtime", "model": "gpt-realtime"}
    ),
    "any path": lambda c: c.post("/anything", cast_to=object, body={"model": "auto", "messages": []}),
}
ANTHROPIC: dict[str, Callable[[Any], Any]] = {
    "models": lambda c: c.models.list(),
    "count tokens": lambda c: c.messages.count_tokens(
        model="claude-haiku-4-5", messages=[{"role": "user", "content": "Hi"}]
    ),
    "batch": lambda c: c.messages.batches.create(
        requests=[
            {
                "custom_id": "1",
                "params": {
                    "model": "claude-haiku-4-5",
                    "max_tokens": 3,
                    "messages": [{"role": "user", "content": "Hi"}],
                },
            }
        ]
    ),
    "batch back": lambda c: c.messages.batches.retrieve("msgbatch_1"),
    "batch list": lambda c: c.messages.batches.list(),
    "files": lambda c: c.beta.files.upload(file=form()),
    "file list": lambda c: c.beta.files.list(),
    "any path": lambda c: c.post("/v1/anything", cast_to=object, body={"model": "auto", "messages": []}),
}
GOOGLE: dict[str, Callable[[Any], Any]] = {
    "model": lambda m: m.models.get(model="gemini-2.5-flash"),
    "count tokens": lambda m: m.models.count_tokens(model="gemini-2.5-flash", contents="Hi"),
    "cache": lambda m: m.caches.create(model="gemini-2.5-flash", config={"contents": "Hi"}),
    "cache back": lambda m: m.caches.get(name="cachedContents/1"),
    "file": lambda m: m.files.get(name="files/1"),
    "batch": lambda m: m.batches.create(
        model="gemini-2.5-flash", src=[{"contents": [{"parts": [{"text": "Hi"}], "role": "user"}]}]
    ),
    "batch back": lambda m: m.batches.get(name="batches/1"),
}


def answer(request: Seen) -> Any:
    if request.path.endswith("/audio/speech"):
        return text_answer("sound", 200, "audio/mpeg")
    if isinstance(request.body, dict) and request.body.get("stream"):
        return sse_answer([CHUNK, "[DONE]"])
    return json_answer(SAID)


def same(raw: bytes) -> bytes:
    """A request without what is drawn anew for each: the boundary of a form."""
    found = re.search(rb"boundary=([0-9a-zA-Z'()+_,./:=?-]+)", raw)
    return raw if found is None else raw.replace(found[1], b"-")


async def outcome(call: Callable[[Any], Any], client: Any, returned: list[Any]) -> str:
    """What a caller sees of it, without addresses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            value = call(client)
            value = await value if inspect.isawaitable(value) else value
        returned.append(value)
        if hasattr(value, "__aiter__") and not hasattr(value, "model_fields"):
            seen = [item async for item in value]
        elif hasattr(value, "__next__"):
            seen = list(value)
        else:
            seen = value.content if type(value).__name__.endswith("BinaryResponseContent") else value
    except Exception as error:
        seen = error
    return re.sub("0x[0-9a-f]+", "", repr(seen))


async def passed(table: dict[str, Callable[[Any], Any]], client: Any, stub: Any) -> tuple[dict[str, Any], list[Any]]:
    """Each call's requests and outcome, and what came back."""
    found: dict[str, Any] = {}
    returned: list[Any] = []
    for name, call in table.items():
        stub.seen.clear()
        seen = await outcome(call, client, returned)
        found[name] = [same(request.raw) for request in stub.seen], seen
    return found, returned


async def all_pass(table: dict[str, Callable[[Any], Any]], client: Any, stub: Any, world: Any, mode: str) -> None:
    """Bare, then on: one and the same requests and outcomes, and nothing in the home."""
    world.chat = world.messages = world.generate = answer
    bare, _ = await passed(table, client, stub)
    assert [name for name, (sent, _) in bare.items() if not sent] == []
    world.on("filter: [provider == deepseek]", mode)
    switched_on, returned = await passed(table, client, stub)
    for name in table:
        assert switched_on[name] == bare[name], name
    assert [waypost.receipt(value) for value in returned] == [None] * len(returned)
    assert waypost.flush()
    home = world.home / "home"
    assert [file for file in home.rglob("*.jsonl") if b"wp_" in file.read_bytes()] == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_openai(style: str, mode: str, world: Any, client: Any, aclient: Any) -> None:
    """S2.19: what OpenAI's SDK does beside chats, responses and embeddings."""
    await all_pass(OPENAI, client if style == "sync" else aclient, world.openai, world, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_anthropic(style: str, mode: str, world: Any, claude: Any, aclaude: Any) -> None:
    """S2.19: what Anthropic's SDK does beside messages."""
    await all_pass(ANTHROPIC, claude if style == "sync" else aclaude, world.anthropic, world, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("style", ["sync", "async"])
async def test_google(style: str, mode: str, world: Any, gemini: Any) -> None:
    """S2.19: what Google's SDK does beside generating and embedding."""
    await all_pass(GOOGLE, gemini if style == "sync" else gemini.aio, world.google, world, mode)
