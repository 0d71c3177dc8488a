"""Streams that nobody reads to their ends, dropped or closed while their thread is in the middle of something of ours.

The garbage collector runs wherever something is allocated: with the state's lock held, for one. A finaliser that
settled there would wait for a lock that its own thread holds.
"""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

import waypost
from stub_provider import chat_chunks, message_events, sse_answer
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
PAIR = """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-opus-4-5]}]
rank: RANK
budgets: [{scope: all, limit: 1000 USD/day}]
"""
both = pytest.mark.parametrize("frozen", ["", "handler"], ids=["thread", "no_thread"])
ranks = pytest.mark.parametrize("rank", ["cheapest", "best"], ids=["home", "away"])


SILENCE_S = 3.0
CUT = ("cancelled", "abandoned")
FROZEN = "AWS_LAMBDA_FUNCTION_NAME"
"""Set where threads stop between calls, so that every job runs at once."""


def started(world: Any, client: Any, rank: str) -> tuple[list[Any], str]:
    """A stream of which the first chunk was read, in a list that is its only owner, and its receipt's id."""
    for name, events in (("chat", chat_chunks(["Hel", "lo"])), ("messages", message_events(["Bon", "jour"]))):
        begun = [*list(sse_answer(events))[:-3], SILENCE_S]
        setattr(world, name, lambda _, begun=begun: begun)
    world.on(PAIR.replace("RANK", rank))
    return again(client)


def again(client: Any) -> tuple[list[Any], str]:
    stream = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
    next(iter(stream))
    receipt = waypost.receipt(stream)
    assert receipt is not None
    return [stream], receipt.id


def in_the_lock(work: Callable[[], object]) -> bool:
    """Whether ``work`` comes to its end in a thread that is inside of the state's lock."""
    engine = instrument._engine
    assert engine is not None
    lock = engine.state._lock  # type: ignore[attr-defined]

    def run() -> None:
        with lock:
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(5.0)
    return not thread.is_alive()


def drop(held: list[Any]) -> None:
    held.clear()
    gc.collect()


@ranks
@pytest.mark.parametrize("way", ["dropped", "closed"])
def test_it_waits_for_no_lock_of_ours(way: str, rank: str, world: Any, client: Any) -> None:
    """The worker settles it, or whoever asks for its receipt first."""
    held, name = started(world, client, rank)

    assert in_the_lock(lambda: drop(held) if way == "dropped" else held[0].close())

    receipt = waypost.receipt(name)
    assert receipt is not None
    assert receipt.status in CUT


@both
@ranks
def test_the_next_call_settles_it(
    rank: str, frozen: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it cost is spent when the next call is decided, whether the worker has come to it or not."""
    monkeypatch.setenv(FROZEN, frozen)
    held, name = started(world, client, rank)
    engine = instrument._engine
    assert engine is not None
    if not frozen:
        monkeypatch.setattr(engine.worker, "defer", lambda *_: True)

    assert in_the_lock(lambda: drop(held))
    assert len(engine.put_off) == 1
    world.say(["whole"])
    client.chat.completions.create(model="auto", messages=HELLO)

    assert not engine.put_off
    assert waypost.receipt(name).status in CUT  # type: ignore[union-attr]


@ranks
@pytest.mark.parametrize("way", ["dropped", "closed"])
def test_elsewhere_it_is_settled_at_once(
    way: str, rank: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may end without another word after its last answer, as those of `multiprocessing` do; and another
    thread in the lock is nothing to wait for long."""
    held, name = started(world, client, rank)
    engine = instrument._engine
    assert engine is not None
    monkeypatch.setattr(engine.worker, "defer", lambda *_: pytest.fail("it was put off"))
    drop(held) if way == "dropped" else held[0].close()
    assert "settled" in {json.loads(line)["kind"] for line in journal(world) if json.loads(line)["receipt"] == name}


def journal(world: Any) -> list[str]:
    folder = world.home / "home" / "journal"
    return [line for file in folder.glob("*.jsonl") for line in file.read_text().splitlines() if "receipt" in line]


@both
def test_a_flush_settles_it(frozen: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FROZEN, frozen)
    held, _ = started(world, client, "best")
    assert in_the_lock(lambda: drop(held))
    engine = instrument._engine
    assert engine is not None
    settled: list[Any] = []
    engine.put_off._settle = lambda *ended: settled.append(ended)

    assert waypost.flush()

    assert (len(settled), len(engine.put_off)) == (1, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_a_child_settles_nothing_of_its_parents(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a copy of what waits, and the parent settles that."""
    monkeypatch.setenv(FROZEN, "handler")
    held, _ = started(world, client, "best")
    assert in_the_lock(lambda: drop(held))
    engine = instrument._engine
    assert engine is not None

    def settled_in_child() -> int:
        settled: list[Any] = []
        engine.put_off._settle = lambda *ended: settled.append(ended)
        engine.put_off.settle()
        return len(settled)

    child = os.fork()
    if child == 0:
        os._exit(settled_in_child())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert settled_in_child() == 1
