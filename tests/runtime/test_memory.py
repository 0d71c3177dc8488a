"""What is kept for calls of tools: bounded in entries and bytes, shared by threads, and of this process alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from waypost.core.model.conversation import Reasoning, Sealed
from waypost.runtime.memory import ReasoningMemory


def part(data: str, text: str = "") -> Reasoning:
    return Reasoning(text, "anthropic.messages", Sealed(data, "anthropic.messages", "anthropic"))


def test_what_is_kept_is_recalled_for_each_call() -> None:
    """By id and name together; a call of another tool with that id is another call."""
    memory = ReasoningMemory()
    assert not memory
    memory.keep([("c1", "f"), ("c2", "g")], [part("x")])
    assert memory
    assert memory.recall("c1", "f") == memory.recall("c2", "g") == (part("x"),)
    assert memory.recall("c1", "g") == ()


def test_the_oldest_goes_first() -> None:
    """What was not asked back for longest is forgotten where there are too many."""
    memory = ReasoningMemory(entries=2)
    for name in ("a", "b"):
        memory.keep([(name, "f")], [part(name)])
    assert memory.recall("a", "f")
    memory.keep([("c", "f")], [part("c")])
    assert [bool(memory.recall(name, "f")) for name in ("a", "b", "c")] == [True, False, True]


def test_bytes_are_bounded() -> None:
    """Long state pushes out old state, and what alone is too long is not kept."""
    memory = ReasoningMemory(limit=10)
    memory.keep([("a", "f")], [part("x" * 6)])
    memory.keep([("b", "f")], [part("x" * 3, "yy")])
    assert (memory.size, memory.recall("a", "f")) == (5, ())
    memory.keep([("c", "f")], [part("x" * 11)])
    assert (memory.size, memory.recall("c", "f")) == (5, ())
    memory.keep([("b", "f")], [part("x")])
    assert memory.size == 1


def test_many_threads_keep_and_recall() -> None:
    """Nothing is lost or counted twice, whoever comes at the same time."""
    memory = ReasoningMemory(entries=50)

    def work(at: int) -> None:
        for step in range(200):
            memory.keep([(f"{at}-{step}", "f")], [part("x")])
            memory.recall(f"{at}-{step}", "f")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert memory.size == 50
