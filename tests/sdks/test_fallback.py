"""Fallback over the ranked survivors: before the first content only, with the caller's retries on the last (S3.17)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import openai
import pytest

import waypost
from stub_provider import RESET, chat_body, chat_chunks, json_answer, message_events, sse_answer

HELLO: Any = [{"role": "user", "content": "Hi"}]
BUSY = {"error": {"message": "The server is overloaded", "type": "server_error", "param": None, "code": None}}
TWO = """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
"""
both = pytest.mark.parametrize("style", ["sync", "async"])


async def complete(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, **keys}
    if style == "sync":
        return client.chat.completions.create(**call)
    return await aclient.chat.completions.create(**call)


async def text_of(style: str, client: Any, aclient: Any) -> tuple[str, Any]:
    held = await complete(style, client, aclient, stream=True)
    if style == "sync":
        return "".join(chunk.choices[0].delta.content or "" for chunk in held if chunk.choices), held
    return "".join([chunk.choices[0].delta.content or "" async for chunk in held if chunk.choices]), held


@both
@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_failure_at_home_falls_back(style: str, status: int, world: Any, client: Any, aclient: Any) -> None:
    """A retryable status goes to the next candidate at once; the receipt has both hops and the failure."""
    world.chat = lambda request: json_answer(BUSY, status)
    world.on(TWO)
    answer = await complete(style, client, aclient)
    assert answer.choices[0].message.content == "Bonjour."
    receipt = waypost.receipt(answer).to_dict()
    first, second = (hop["attempt"] for hop in receipt["hops"])
    assert (first["target"], first["failure"]["status"]) == ("openai/gpt-4o-mini", status)
    assert (second["target"], second["failure"], second["reason"]) == ("anthropic/claude-haiku-4-5", None, "fallback")
    assert receipt["hops"][1]["decision"]["cause"] == "fallback"
    assert receipt["status"] == "ok"


@both
@pytest.mark.parametrize(("rank", "expected"), [("best", (1, 3)), ("cheapest", (3, 1))])
async def test_the_policy_owns_retries_until_the_last(
    style: str, rank: str, expected: tuple[int, int], world: Any
) -> None:
    """With max_retries=2 the first candidate is asked once and the last three times: nobody is less reliable."""
    world.chat = lambda request: json_answer(BUSY, 503, retry_after_ms="1")
    world.messages = lambda request: json_answer(
        {"type": "error", "error": {"type": "overloaded_error"}}, 529, retry_after_ms="1"
    )
    world.on(TWO.replace("rank: cheapest", f"rank: {rank}"))
    with openai.OpenAI(max_retries=2) as client:
        async with openai.AsyncOpenAI(max_retries=2) as aclient:
            with pytest.raises(openai.InternalServerError) as caught:
                await complete(style, client, aclient)
    assert (len(world.anthropic.seen), len(world.openai.seen)) == expected
    assert caught.value.status_code == 503
    *attempts, last = caught.value.__notes__
    assert len([note for note in attempts if "attempt" in note]) == len(attempts) >= 2
    receipt = waypost.receipt(caught.value)
    assert receipt is not None
    assert last == f"waypost: `waypost explain {receipt.id}` shows all of it"


@both
async def test_the_callers_own_fault_is_not_retried(style: str, world: Any, client: Any, aclient: Any) -> None:
    """A bad request is the same everywhere: the original exception object, untouched."""
    world.chat = lambda request: json_answer({"error": {"message": "no", "type": "invalid_request_error"}}, 400)
    world.on(TWO)
    with pytest.raises(openai.BadRequestError) as caught:
        await complete(style, client, aclient)
    assert world.anthropic.seen == []
    assert not hasattr(caught.value, "__notes__")
    receipt = waypost.receipt(caught.value)
    assert receipt is not None
    assert receipt.to_dict()["settlement"]["outcome"] == "error"


@both
async def test_a_connection_that_breaks_falls_back(style: str, world: Any, client: Any, aclient: Any) -> None:
    """A reset before the headers."""
    world.chat = lambda request: [RESET]
    world.on(TWO)
    answer = await complete(style, client, aclient)
    assert answer.choices[0].message.content == "Bonjour."
    assert waypost.receipt(answer).to_dict()["hops"][0]["attempt"]["failure"]["kind"] == "connection"


@both
@pytest.mark.parametrize("how", ["error event", "reset", "malformed"])
async def test_a_stream_falls_back_before_its_first_content(
    how: str, style: str, world: Any, client: Any, aclient: Any
) -> None:
    """The role chunk is no content yet; what breaks after it is not the caller's to see."""
    role = chat_chunks([])[0]
    broken = {
        "error event": {"error": {"message": "x", "type": "server_error"}},
        "reset": RESET,
        "malformed": b"data: {]\n\n",
    }
    world.chat = lambda request: sse_answer([role, 0.05, broken[how]])
    world.messages = lambda request: sse_answer(message_events(["Bon", "jour"], request.body["model"]))
    world.on(TWO)
    text, held = await text_of(style, client, aclient)
    assert text == "Bonjour"
    receipt = waypost.receipt(held).to_dict()
    assert [hop["attempt"]["failure"] is None for hop in receipt["hops"]] == [False, True]
    assert receipt["settlement"]["usage"]["output"] == 2


@both
async def test_no_fallback_after_the_first_content(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Content has reached the caller: the stream breaks as it does on the bare SDK of this major; nobody is asked."""
    world.chat = lambda request: sse_answer([*chat_chunks(["Hel"])[:2], 0.05, RESET])
    world.on(TWO)
    with waypost.suppress(), pytest.raises(Exception, match=r"$") as bare:
        await text_of(style, client, aclient)
    with pytest.raises(type(bare.value)):
        await text_of(style, client, aclient)
    assert world.anthropic.seen == []


@both
async def test_cancelled_streams_close_upstream(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Closing early closes the provider's connection and settles the receipt as cancelled."""
    world.chat = lambda request: sse_answer([*chat_chunks(["a"] * 50)[:20], 0.2, *chat_chunks(["b"] * 2000)])
    world.on("filter: [target == openai/gpt-4o-mini]")
    held = await complete(style, client, aclient, stream=True)
    if style == "sync":
        next(iter(held))
        held.close()
    else:
        await held.__anext__()
        await held.close()
    assert waypost.receipt(held).to_dict()["status"] == "cancelled"


def test_an_abandoned_stream_settles(world: Any, client: Any) -> None:
    """A stream that is dropped unread is settled when it is collected."""
    import gc

    world.chat = lambda request: sse_answer(chat_chunks(["a"] * 50))
    world.on("filter: [target == openai/gpt-4o-mini]")
    held = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
    receipt_id = waypost.receipt(held).id
    del held
    gc.collect()
    assert waypost.receipt(receipt_id).status in ("abandoned", "cancelled")


async def test_cancellation_passes_through(world: Any, aclient: Any) -> None:
    """A cancelled task sees CancelledError; nobody else is asked; the receipt says cancelled."""
    world.chat = lambda request: [2.0]
    world.on(TWO)
    with waypost.context(request_id="cancel-me"):
        task = asyncio.ensure_future(complete("async", None, aclient))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.anthropic.seen == []
    assert waypost.receipt("cancel-me").status == "cancelled"


@both
async def test_one_deadline_over_all_hops(style: str, world: Any, client: Any, aclient: Any) -> None:
    """The policy's deadline is shorter than the caller's timeout: the slow first candidate does not eat it all."""
    world.chat = lambda request: [5.0]
    world.messages = lambda request: [5.0]
    world.on(TWO + "fallback: {deadline: 600 ms}")
    begun = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        await complete(style, client, aclient)
    assert time.monotonic() - begun < 2.0


@both
async def test_a_long_stream_outlives_the_deadline(style: str, world: Any, client: Any, aclient: Any) -> None:
    """The deadline counts until the first content; after it only the native read timeout does."""
    chunks = chat_chunks(["a", "b"])
    world.chat = lambda request: sse_answer([chunks[0], chunks[1], 0.9, chunks[2], chunks[3], "[DONE]"])
    world.on(TWO + "fallback: {deadline: 500 ms}")
    text, _ = await text_of(style, client, aclient)
    assert text == "ab"


@both
async def test_fresh_idempotency_key_each(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Two targets at home never share a key: another body under the same key would be refused."""
    world.chat = lambda request: (
        json_answer(BUSY, 503)
        if request.body["model"] == "gpt-4.1-nano"
        else json_answer(chat_body("ok", "gpt-4o-mini"))
    )
    world.on(
        "rules: [{name: two, use: [openai/gpt-4.1-nano, openai/gpt-4o-mini]}]\nfilter: [quality >= 0]\nrank: cheapest"
    )
    answer = await complete(style, client, aclient)
    assert answer.choices[0].message.content == "ok"
    keys = [request.headers.get("idempotency-key") for request in world.openai.seen]
    assert len(keys) == 2
    assert keys[0] is None or keys[0] != keys[1]
