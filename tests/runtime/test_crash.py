"""What is left of a call whose process was killed with ``kill -9`` in the middle of it (S6.06, S6.10, S2.21)."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable

import pytest

from process_site import CALL, Site
from stub_provider import chat_chunks, json_answer, sse_answer
from waypost.adapters.stores.journal import verify

FOREVER = 60.0
STREAM = """\
import openai, waypost
waypost.auto_instrument()
for chunk in openai.OpenAI(max_retries=0).chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "Hi"}], stream=True):
    for choice in chunk.choices:
        if choice.delta.content:
            print(choice.delta.content, flush=True)
"""
SUICIDE = CALL + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"


def until(probe: Callable[[], object]) -> None:
    """Wait until ``probe`` says so."""
    end = time.monotonic() + 30
    while not probe():
        assert time.monotonic() < end
        time.sleep(0.02)


def killed(site: Site, program: str, when: Callable[[], object]) -> None:
    """Kill a program as soon as ``when()`` holds."""
    process = site.start(program)
    try:
        until(lambda: when() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_a_call_killed_before_its_answer_is_an_open_receipt(site: Site) -> None:
    """The decision and the send were journaled first: the receipt is there, open, with all that was known."""
    site.chat = lambda request: [FOREVER]
    killed(site, CALL, lambda: site.openai.seen)
    (receipt,) = site.receipts()
    assert receipt["status"] == "open"
    assert receipt["settlement"] is None
    (hop,) = receipt["hops"]
    assert hop["selected"] == "openai/gpt-4o-mini"
    assert (hop["attempt"]["target"], hop["attempt"]["ended_ns"]) == ("openai/gpt-4o-mini", 0)
    assert hop["decision"]["seed"] == receipt["id"].removeprefix("wp_")
    assert hop["host"] == "127.0.0.1"


def test_an_open_receipt_is_listed_as_open(site: Site) -> None:
    """Beside a settled one of the same home; the dead owner's journal is folded once and removed."""
    assert site.run(CALL).code == 0
    site.chat = lambda request: [FOREVER]
    killed(site, CALL, lambda: len(site.openai.seen) == 2)
    store = site.store()
    assert [(each.outcome, each.selected) for each in store.open_receipts()] == [(None, "openai/gpt-4o-mini")]
    assert store.count() == 2
    assert store.fold(site.home / "journal") == 0
    assert store.verify() == []
    assert list((site.home / "journal").iterdir()) == []
    store.close()


def test_list_open_shows_a_killed_call(site: Site) -> None:
    """`waypost list --open` in another process, as text and as JSON; a settled call of the same home is not in it."""
    assert site.run(CALL).code == 0
    site.chat = lambda request: [FOREVER]
    killed(site, CALL, lambda: len(site.openai.seen) == 2)
    command = [sys.executable, "-m", "waypost", "list", "--open", "--home", str(site.home)]
    ended = site.execute([*command, "--json"])
    assert (ended.code, ended.err) == (0, "")
    (row,) = json.loads(ended.out)["receipts"]
    assert (row["outcome"], row["selected"], row["requested"]) == (None, "openai/gpt-4o-mini", "auto")
    ended = site.execute(command)
    assert (ended.code, ended.err) == (0, "")
    assert row["id"][:15] in ended.out
    assert len(site.execute(command[:4] + command[5:]).lines) == 3


def test_a_call_killed_in_its_fallback_shows_both_sends(site: Site) -> None:
    """Each send has a line of its own in front of it."""
    site.chat = lambda request: json_answer({"error": {"message": "busy"}}, 503)
    site.messages = lambda request: [FOREVER]
    killed(site, CALL, lambda: site.anthropic.seen)
    (receipt,) = site.receipts()
    assert receipt["status"] == "open"
    sent = [(hop["attempt"]["target"], hop["attempt"]["reason"]) for hop in receipt["hops"]]
    assert sent == [("openai/gpt-4o-mini", "primary"), ("anthropic/claude-haiku-4-5", "fallback")]


def test_a_call_killed_in_its_stream_is_open(site: Site) -> None:
    """The caller has read a part and the usage is unknown: nothing is made up."""
    site.chat = lambda request: sse_answer([*chat_chunks(["Hel", "lo"])[:3], FOREVER])
    process = site.start(STREAM)
    try:
        assert process.stdout is not None
        assert [process.stdout.readline(), process.stdout.readline()] == ["Hel\n", "lo\n"]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    (receipt,) = site.receipts()
    assert (receipt["status"], receipt["settlement"]) == ("open", None)
    assert receipt["hops"][0]["attempt"]["usage"] is None


def test_a_process_killed_after_its_answer_has_lost_nothing(site: Site) -> None:
    """Settled before the caller had the answer: no flush, no exit handler and no worker is needed for that."""
    ended = site.run(SUICIDE.replace("content)", "content, flush=True)"))
    assert (ended.code, ended.out) == (-signal.SIGKILL, "Hello.\n")
    (receipt,) = site.receipts()
    assert receipt["status"] == "ok"
    assert receipt["settlement"]["cost"]["nano_usd"] == 4_800


@pytest.mark.parametrize("cut", [1, 40])
def test_a_torn_line_loses_only_itself(site: Site, cut: int) -> None:
    """A journal that ends within a line (power loss, a full disk) gives every line before it."""
    ended = site.run(SUICIDE.replace("content)", "content, flush=True)"))
    assert ended.code == -signal.SIGKILL
    (journal,) = (site.home / "journal").glob("*.jsonl")
    journal.write_bytes(journal.read_bytes()[:-cut])
    assert [str(each).partition(": ")[2] for each in verify(journal)] == ["torn: the file ends within a line"]
    (receipt,) = site.receipts()
    assert receipt["status"] == "open"
