"""The world beside a call: probes of a breaker, states that answer over a network, calls that are cut."""

from __future__ import annotations

import asyncio
import gc
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_body, chat_chunks, json_answer, message_body, sse_answer
from waypost.core.model.ask import Account, Sight
from waypost.core.model.question import Snapshot
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
BUSY = {"error": {"message": "x", "type": "server_error"}}
PAIR = """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
"""
ONE = """
rules: [{name: one, use: [openai/gpt-4o]}]
filter: [quality >= 0]
"""
BUDGET = "budgets: [{scope: all, limit: 1 USD/day}]\n"
both = pytest.mark.parametrize("style", ["sync", "async"])


def spent(state: Any) -> int:
    """Nano-USD spent and reserved today."""
    now: int = instrument.engine().bundle.routes.now()
    used: int = state.used(Account("all/day", "budget.all", "", 1, "day", (), None), now)
    return used


def one(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    call = {"model": "auto", "messages": HELLO, **keys}
    if style == "sync":
        return asyncio.to_thread(client.chat.completions.create, **call)
    return aclient.chat.completions.create(**call)


@both
async def test_one_call_tries_what_was_broken(style: str, world: Any, client: Any, aclient: Any) -> None:
    """When a breaker's time is over one of many calls at once is sent there; it closes, and then all are."""
    world.on(PAIR)
    engine = instrument.engine()
    engine.state._breaker = (1, 200_000_000, 10**9)
    world.chat = lambda request: json_answer(BUSY, 503)
    await one(style, client, aclient)
    assert len(world.openai.seen) == 1
    await asyncio.sleep(0.25)
    world.chat = lambda request: [0.4, *json_answer(chat_body("Hello.", request.body["model"]))]
    answers = await asyncio.gather(*(one(style, client, aclient) for _ in range(6)))
    texts = sorted(answer.choices[0].message.content for answer in answers)
    assert texts == ["Bonjour."] * 5 + ["Hello."]
    assert len(world.openai.seen) == 2
    world.chat = lambda request: json_answer(chat_body("Hello.", request.body["model"]))
    answers = await asyncio.gather(*(one(style, client, aclient) for _ in range(3)))
    assert [answer.choices[0].message.content for answer in answers] == ["Hello."] * 3


@both
async def test_who_looked_too_early_decides_again(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is taken between look and send: the target is broken for this call, and the next one answers."""
    world.on(PAIR)
    state = instrument.engine().state
    state._breaker = (1, 1, 10**9)
    world.chat = lambda request: json_answer(BUSY, 503)
    await one(style, client, aclient)
    world.chat = lambda request: json_answer(chat_body("Hello."))
    breaker = state._breakers["openai/gpt-4o-mini"]
    breaker.claim("somebody", 1 << 62)
    monkeypatch.setattr(state, "look", lambda ask, now, mode: Sight(Snapshot(0, now), ("openai/gpt-4o-mini",)))
    answer = await one(style, client, aclient)
    told = waypost.receipt(answer).to_dict()["hops"][-1]
    assert answer.choices[0].message.content == "Bonjour."
    assert told["snapshot"]["broken"] == ["openai/gpt-4o-mini"]


class Remote:
    """A state that answers over a network: in mode async every method is awaited."""

    def __init__(self, state: Any, down: str = "") -> None:
        self.state, self.down = state, down

    def __getattr__(self, name: str) -> Any:
        def method(*args: Any) -> Any:
            if name == self.down:
                raise OSError("down")
            return getattr(self.state, name)(*args)

        async def later(*args: Any) -> Any:
            await asyncio.sleep(0)
            return method(*args)

        return lambda *args: later(*args) if args and args[-1] == "async" else method(*args)


@pytest.mark.parametrize("down", ["", "busy"])
async def test_the_end_of_a_stream_is_settled_without_waiting(down: str, world: Any, aclient: Any) -> None:
    """Whoever closes it cannot await: such a state is asked to answer at once. One that cannot say whether it is busy
    is left alone until the worker comes."""
    world.chat = lambda request: sse_answer(chat_chunks(["a"], "gpt-4o", usage=True))
    world.on(ONE + BUDGET)
    engine = instrument.engine()
    engine.state = Remote(engine.state, down)
    stream = await one("async", None, aclient, stream=True)
    assert len([chunk async for chunk in stream]) >= 2
    assert not down or engine.flush(5.0)
    assert spent(engine.state.state) == 12 * 2_500 + 1 * 10_000


async def test_a_state_may_be_awaited(world: Any, aclient: Any) -> None:
    """The same flow over an asynchronous state: looked at, reserved, settled, refused."""
    body = chat_body("Hello.", "gpt-4o", prompt=400_000, completion=0)
    world.chat = lambda request: json_answer(body)
    world.on(ONE + BUDGET)
    engine = instrument.engine()
    engine.state = Remote(engine.state)
    await one("async", None, aclient)
    assert spent(engine.state.state) == 1_000_000_000
    with pytest.raises(openai.RateLimitError):
        await one("async", None, aclient)


@pytest.mark.parametrize("method", ["look", "reserve", "release", "settle"])
async def test_an_awaited_state_that_is_down_harms_nobody(method: str, world: Any, aclient: Any) -> None:
    """What it raises is counted, and the call is decided without the world."""
    world.chat = lambda request: json_answer(BUSY, 503)
    world.on(PAIR + BUDGET)
    engine = instrument.engine()
    engine.state = Remote(engine.state, method)
    answer = await one("async", None, aclient)
    assert answer.choices[0].message.content == "Bonjour."
    assert engine.faults.counts["state"] >= 1


@both
async def test_what_fails_everywhere_costs_nothing(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Every reservation is given back."""
    world.chat = lambda request: json_answer(BUSY, 503)
    world.messages = lambda request: json_answer({"error": {"type": "overloaded_error"}}, 529)
    world.on(PAIR + BUDGET)
    with pytest.raises(openai.InternalServerError):
        await one(style, client, aclient)
    assert spent(instrument.engine().state) == 0


@both
async def test_each_hop_reserves_for_itself(style: str, world: Any, client: Any, aclient: Any) -> None:
    """While the second target answers, what the first might have cost is free again."""
    held = []

    def answer(failing: bool) -> Any:
        held.append(spent(instrument.engine().state))
        return json_answer(BUSY, 503) if failing else json_answer(message_body())

    world.chat = lambda request: answer(True)
    world.messages = lambda request: answer(False)
    world.on(PAIR + BUDGET)
    await one(style, client, aclient, max_tokens=10_000)
    first, second = held  # 10,000 tokens at 0.60 and at 5.00 USD per million
    assert (first // 1_000_000, second // 1_000_000) == (6, 50)


@both
async def test_who_costs_more_than_what_found_no_room_is_not_asked(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cheapest has no room in the budget: one more decision, and nobody is left."""
    world.on(PAIR + "budgets: [{scope: all, limit: 0.0001 USD/day}]\n")
    state, looks = instrument.engine().state, []
    look = state.look
    monkeypatch.setattr(state, "look", lambda *args: looks.append(args) or look(*args))
    with pytest.raises(openai.RateLimitError):
        await one(style, client, aclient, max_tokens=10_000)
    assert len(looks) == 2


@pytest.mark.parametrize(("n", "reserved"), [(1, 6), (3, 18)])
def test_every_answer_that_is_asked_for_is_reserved(n: int, reserved: int, world: Any, client: Any) -> None:
    """Three answers of 10,000 tokens may cost three times as much as one."""
    held = []

    def answer(request: Any) -> Any:
        held.append(spent(instrument.engine().state))
        return json_answer(chat_body("Hello.", request.body["model"]))

    world.chat = answer
    world.on(PAIR + BUDGET)
    client.chat.completions.create(model="auto", messages=HELLO, max_tokens=10_000, n=n)
    assert [amount // 1_000_000 for amount in held] == [reserved]


async def test_a_cancelled_call_is_charged_its_estimate(world: Any, aclient: Any) -> None:
    """It was sent, and nobody knows what became of it; its reservation ends all the same."""
    world.chat = lambda request: [5.0]
    world.on(ONE + BUDGET)
    call = asyncio.create_task(aclient.chat.completions.create(model="auto", messages=HELLO, max_tokens=10_000))
    while not world.openai.seen:
        await asyncio.sleep(0.01)
    state = instrument.engine().state
    reserved = spent(state)
    assert reserved > 100_000_000  # 10,000 tokens at 10 USD per million
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    charged = spent(state)
    assert 0 < charged < reserved // 10
    (settled,) = (json.loads(lines[-1].text) for lines in instrument.engine().recorder.recent.values())
    assert settled["settlement"]["cost"]["basis"] == "unpriced"
    assert settled["settlement"]["charged_nano_usd"] == charged


@both
@pytest.mark.parametrize("how", ["closed", "dropped"])
async def test_a_stream_that_is_cut_is_charged_what_came(
    how: str, style: str, world: Any, client: Any, aclient: Any
) -> None:
    """An estimate of its text, marked as such on the receipt; nothing stays reserved."""
    words = [f"word{index} and more " for index in range(40)]
    world.chat = lambda request: sse_answer([*chat_chunks(words, "gpt-4o")[:30], 0.3, "[DONE]"])
    world.on(ONE + BUDGET)
    stream = await one(style, client, aclient, stream=True, max_tokens=10_000)
    receipt = waypost.receipt(stream).id
    if style == "sync":
        for _, _chunk in zip(range(20), stream, strict=False):
            pass
        stream.close() if how == "closed" else None
    else:
        steps = stream.__aiter__()
        for _ in range(20):
            await anext(steps)
        await stream.close() if how == "closed" else None
        del steps
    del stream
    gc.collect()
    await asyncio.sleep(0.05)
    gc.collect()
    usage = waypost.receipt(receipt).to_dict()["settlement"]["usage"]
    assert usage["estimated"] is True
    assert 0 < spent(instrument.engine().state) < 10_000_000


def test_threads_share_the_world(world: Any, client: Any) -> None:
    """Many calls at once: what is spent is exactly what was answered."""
    world.chat = lambda request: json_answer(chat_body("Hello.", "gpt-4o", prompt=100, completion=10))
    world.on(ONE + BUDGET)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: client.chat.completions.create(model="auto", messages=HELLO), range(24)))
    assert spent(instrument.engine().state) == 24 * (100 * 2_500 + 10 * 10_000)
