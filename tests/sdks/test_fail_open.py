"""Something of ours breaks during a call: the caller is unharmed, and nothing is made up (DESIGN §7, S1.11, S1.32)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_chunks, sse_answer
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
BLIND = "filter: [target == openai/gpt-4o-mini]\non_internal_error: closed\ndefault: {openai: openai/gpt-4o-mini}\n"
FACTS = "filter: [estimated.cost <= 1 USD, provider == openai]\non_internal_error: {on}\ndefault: openai/gpt-4o-mini\n"
PAIR = """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: best
"""
both = pytest.mark.parametrize("style", ["sync", "async"])


class Broken(Exception):
    """Not an exception that any SDK raises."""


def broken(*_: Any, **__: Any) -> Any:
    raise Broken("secret prompt text")


BEFORE = {
    "features": "waypost.core.routing.prepare.extract",
    "decode": "waypost.core.codecs.openai_chat.decode_request",
    "choose": "waypost.core.routing.prepare.choose",
    "decide": "waypost.core.routing.answering.decide",
}
BESIDE: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "journal": lambda engine: (engine.recorder.journal, "append"),
    "sink": lambda engine: (engine.spans, "event"),
    "store": lambda engine: (engine.lookup, "fold"),
    "worker": lambda engine: (engine.worker, "submit"),
    "state": lambda engine: (engine.state, "look"),
    "settle": lambda engine: (engine.state, "settle"),
}


async def complete(style: str, client: Any, aclient: Any, model: str) -> Any:
    call: dict[str, Any] = {"model": model, "messages": HELLO}
    if style == "sync":
        return client.chat.completions.create(**call)
    return await aclient.chat.completions.create(**call)


@both
@pytest.mark.parametrize("mode", ["observe", "advise", "route"])
@pytest.mark.parametrize("layer", BEFORE)
async def test_a_concrete_model_gets_the_original_call(
    layer: str, mode: str, style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks before the send: the caller's own model at the caller's own endpoint."""
    world.on(BLIND, mode)
    monkeypatch.setattr(BEFORE[layer], broken)
    answer = await complete(style, client, aclient, "gpt-4o")
    assert answer.choices[0].message.content == "Hello."
    assert [request.body for request in world.openai.seen] == [{"messages": HELLO, "model": "gpt-4o"}]
    counts = instrument.engine().faults.counts
    assert sum(counts.values()) == (0 if layer == "decide" and mode == "observe" else 1)


@both
@pytest.mark.parametrize("layer", ["features", "decode", "decide"])
async def test_auto_gets_the_default_at_its_own_endpoint(
    layer: str, style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy whose hard rules need the catalog alone: its default is safe to take."""
    world.on(BLIND)
    monkeypatch.setattr(BEFORE[layer], broken)
    answer = await complete(style, client, aclient, "auto")
    assert answer.model == "gpt-4o-mini"


@both
@pytest.mark.parametrize("layer", ["features", "decide"])
@pytest.mark.parametrize("on", ["open", "closed"])
async def test_auto_fails_closed_where_a_hard_rule_needs_the_call(
    on: str, layer: str, style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit on the call's own cost cannot be checked any more: closed with a native error, or open if it says so."""
    world.on(FACTS.format(on=on))
    monkeypatch.setattr(BEFORE[layer], broken)
    if on == "open":
        assert (await complete(style, client, aclient, "auto")).model == "gpt-4o-mini"
        return
    with pytest.raises(openai.InternalServerError) as caught:
        await complete(style, client, aclient, "auto")
    assert "fails closed" in str(caught.value)
    assert "secret prompt text" not in str(caught.value)
    assert world.openai.seen == []


@both
@pytest.mark.parametrize("layer", BESIDE)
@pytest.mark.parametrize("model", ["gpt-4o", "auto"])
async def test_what_breaks_beside_a_call_leaves_it_alone(
    model: str, layer: str, style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journal, sinks, store, worker, state: the call is answered, the loss is counted."""
    world.on(BLIND)
    owner, name = BESIDE[layer](instrument.engine())
    monkeypatch.setattr(owner, name, broken)
    answer = await complete(style, client, aclient, model)
    assert answer.choices[0].message.content == "Hello."
    monkeypatch.undo()


@both
async def test_a_broken_encoder_takes_the_next_candidate(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other vendor's codec breaks: that candidate is passed over."""
    from waypost.core.codecs import CODECS

    world.on(PAIR)
    monkeypatch.setattr(type(CODECS["anthropic.messages"]), "encode_request", broken)
    answer = await complete(style, client, aclient, "auto")
    assert answer.model == "gpt-4o-mini"
    assert world.anthropic.seen == []
    assert instrument.engine().faults.counts["encode"] == 1


@both
async def test_a_broken_sender_takes_the_next_candidate(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own HTTP sender breaks before anything was sent."""
    world.on(PAIR)
    monkeypatch.setattr(instrument.engine().http, "send", broken)
    answer = await complete(style, client, aclient, "auto")
    assert answer.model == "gpt-4o-mini"
    assert waypost.receipt(answer).to_dict()["hops"][0]["attempt"]["failure"]["kind"] == "internal"


def test_a_fault_is_logged_once_and_without_text(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line per place, with the class and not the message: a message may hold a prompt."""
    world.on(BLIND)
    monkeypatch.setattr(BEFORE["features"], broken)
    with caplog.at_level(logging.WARNING, "waypost"):
        for _ in range(3):
            client.chat.completions.create(model="gpt-4o", messages=HELLO)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert "Broken" in lines[0]
    assert "secret prompt text" not in lines[0]


def test_strict_makes_it_raise(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`waypost.testing.strict()` is for tests: nothing is hidden there."""
    world.on(BLIND)
    monkeypatch.setattr(BEFORE["features"], broken)
    with waypost.testing.strict(), pytest.raises(Broken):
        client.chat.completions.create(model="gpt-4o", messages=HELLO)


@both
async def test_a_broken_settlement_leaves_the_stream_alone(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every chunk arrives, although the end cannot be settled."""
    world.chat = lambda request: sse_answer(chat_chunks(["a", "b"], usage=True))
    world.on(BLIND)
    monkeypatch.setattr("waypost.core.routing.settle.price_usage", broken)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "stream": True}
    if style == "sync":
        chunks = list(client.chat.completions.create(**call))
    else:
        chunks = [chunk async for chunk in await aclient.chat.completions.create(**call)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "ab"


def test_a_broken_binding_lets_the_call_through(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter itself breaks: the SDK's own method is called with what it was given."""
    world.on(BLIND)
    monkeypatch.setattr("waypost.adapters.sdks.stainless._place_of", broken)
    assert client.chat.completions.create(model="gpt-4o", messages=HELLO).choices[0].message.content == "Hello."


def test_another_process_can_count_the_faults(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are journalled by layer and class, so that `waypost doctor` sees them."""
    world.on(BLIND)
    monkeypatch.setattr(BEFORE["features"], broken)
    client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert waypost.flush(10)
    (fault,) = instrument.engine().lookup.store().faults()
    assert "Broken" in str(fault)
    assert "secret prompt text" not in str(fault)
