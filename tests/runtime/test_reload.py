"""A file that changes while the process runs: a good one takes over whole, a bad one leaves the old one in force."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from process_site import HOME_RULES, Site
from stub_provider import Answer, Seen, chat_body, json_answer
from waypost.errors import PolicyError, SettingsError
from waypost.runtime import instrument, reloading

HELLO: Any = [{"role": "user", "content": "Hi"}]
CLAUDE = HOME_RULES.replace("[openai/gpt-4o-mini, anthropic/claude-haiku-4-5]", "[anthropic/claude-haiku-4-5]")


@pytest.fixture
def policy(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a policy that is in force."""
    for name in [name for name in os.environ if name.startswith(("WAYPOST_", "OTEL_"))]:
        monkeypatch.delenv(name)
    for name, value in site.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(instrument, "_engine", None)
    monkeypatch.setattr(instrument, "_clients", [])
    waypost.auto_instrument()
    yield site.folder / "policy.yaml"
    waypost.uninstrument()


def ask() -> str:
    with openai.OpenAI(max_retries=0) as client:
        return client.chat.completions.create(model="auto", messages=HELLO).model


def test_a_good_file_takes_over(policy: Path) -> None:
    """The next call is decided by it, and its receipt names its fingerprint."""
    assert ask() == "gpt-4o-mini"
    policy.write_text(CLAUDE)
    assert ask() == "gpt-4o-mini"
    assert waypost.reload() is True
    assert ask() == "claude-haiku-4-5"


def test_each_swap_is_one_line(policy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the old and the new fingerprints, at INFO; so is one that changes nothing, and changed overrides."""
    engine = instrument.engine()
    assert engine is not None
    old = engine.bundle.routes.plans[0].policy.fingerprint[:8]
    other = tmp_path / "other.yaml"
    other.write_text(CLAUDE.replace("name: site", "name: other"))
    with caplog.at_level(logging.INFO, "waypost"):
        policy.write_text(CLAUDE)
        waypost.reload()
        waypost.reload()
        new = engine.bundle.routes.plans[0].policy.fingerprint[:8]
        waypost.auto_instrument(policy=[other, policy])
        second = engine.bundle.routes.plans[0].policy.fingerprint[:8]
        waypost.auto_instrument(policy=[policy, other])
        waypost.override("openai/gpt-4o", until="2h", author="ann", reason="trial")
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.INFO] == [
        f"reload: site {old} -> {new}",
        f"reload: nothing differs (site {new})",
        f"reload: other none -> {second}",
        "reload: now in the order site, other",
        "overrides: 0 -> 1",
    ]


def test_a_bad_file_leaves_the_old_one_in_force(policy: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each fault is said once with its place and counted each time; that it is mended is said, too (S3.28)."""
    policy.write_text(CLAUDE.replace("rank:", "rnak:"))
    with caplog.at_level(logging.WARNING, "waypost"):
        assert [waypost.reload() for _ in range(3)] == [False] * 3
    (record,) = caplog.records
    assert f"{policy}:7:1: unknown key 'rnak' in a policy; did you mean 'rank'?" in record.getMessage()
    assert "the old policy stays in force" in record.getMessage()
    engine = instrument.engine()
    assert engine is not None
    assert engine.dropped()["reload"] == 3
    assert ask() == "gpt-4o-mini"
    policy.write_text(CLAUDE.replace("rank:", "ranks:"))
    assert waypost.reload() is False
    assert "unknown key 'ranks' in a policy" in caplog.records[-1].getMessage()
    policy.write_text(CLAUDE)
    assert [waypost.reload(), waypost.reload()] == [True, True]
    assert caplog.records[-1].getMessage() == "reload: the files can be used again; in force: site"
    assert ask() == "claude-haiku-4-5"
    policy.write_text(CLAUDE.replace("filter:", "fliter:"))
    assert waypost.reload() is False
    assert "unknown key 'fliter' in a policy; did you mean 'filter'?" in caplog.records[-1].getMessage()
    assert len(caplog.records) == 4


@pytest.mark.parametrize("how", ["deleted", "a directory", "not text"])
def test_a_file_that_cannot_be_read_leaves_the_old_one(policy: Path, how: str) -> None:
    """Editors and mounts do such things for a moment."""
    policy.unlink()
    if how == "a directory":
        policy.mkdir()
    elif how == "not text":
        policy.write_bytes(b"\xff\xfe\x00waypost")
    assert waypost.reload() is False
    assert ask() == "gpt-4o-mini"


def test_instrumenting_again_with_a_bad_file_keeps_what_was(policy: Path, tmp_path: Path) -> None:
    """The error is raised as at the start, and calls go on under the old policy."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("waypost: policy/v1\n")
    with pytest.raises(PolicyError, match=r"bad\.yaml:1:1"):
        waypost.auto_instrument(policy=bad)
    assert ask() == "gpt-4o-mini"
    with pytest.raises(SettingsError, match=r"'fast' is no mode"):
        waypost.auto_instrument(mode="fast")
    assert ask() == "gpt-4o-mini"


def test_instrumenting_again_changes_what_is_given(policy: Path, tmp_path: Path) -> None:
    """Idempotent without arguments; with a policy that one holds."""
    waypost.auto_instrument()
    assert ask() == "gpt-4o-mini"
    other = tmp_path / "other.yaml"
    other.write_text(CLAUDE)
    waypost.auto_instrument(policy=other)
    assert ask() == "claude-haiku-4-5"


def test_a_running_call_keeps_what_it_began_with(policy: Path, site: Site) -> None:
    """The policy changes while the first candidate is asked: the call falls back as the old one says, the next does
    not know it any more (S3.28)."""
    asked = []

    def busy(request: Seen) -> Answer:
        if not asked:
            asked.append(request)
            policy.write_text(HOME_RULES.replace("[openai/gpt-4o-mini, anthropic/claude-haiku-4-5]", "[openai/gpt-4o]"))
            assert waypost.reload() is True
            return json_answer({"error": {"message": "busy", "type": "server_error"}}, status=503)
        return json_answer(chat_body("Hello.", request.body["model"]))

    site.chat = busy
    engine = instrument.engine()
    assert engine is not None
    old = engine.bundle.routes.plans[0].policy.fingerprint
    with openai.OpenAI(max_retries=0) as client:
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert answer.model == "claude-haiku-4-5"
    receipt = waypost.receipt(answer)
    assert receipt is not None
    assert receipt.to_dict()["policy"]["fingerprint"] == old
    assert ask() == "gpt-4o"


def test_calls_beside_reloads_all_succeed(policy: Path) -> None:
    """Each under one policy or the other, whole: who answered is whom its own policy names."""
    texts = (HOME_RULES, CLAUDE)
    models: list[tuple[str, str]] = []
    done = threading.Event()

    def calls() -> None:
        with openai.OpenAI(max_retries=0) as client:
            while not done.is_set():
                answer = client.chat.completions.create(model="auto", messages=HELLO)
                receipt = waypost.receipt(answer)
                assert receipt is not None
                models.append((receipt.to_dict()["policy"]["fingerprint"], answer.model))

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(calls) for _ in range(3)]
        try:
            for number in range(12):
                policy.write_text(texts[number % 2])
                assert waypost.reload() is True
                before = len(models)
                while len(models) < before + 4 and not any(each.done() for each in running):
                    time.sleep(0.005)
        finally:
            done.set()
        for each in running:
            each.result()
    assert len(set(models)) == len({name for name, _ in models}) == 2


# --- looking at the files


class Clock:
    """A worker's clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def looking(policy: Path) -> Any:
    """The reloader of the engine, with nobody else's looks, and files that are older than a clock's step."""
    engine = instrument.engine()
    assert engine is not None
    engine.worker.on_work = None
    old(policy)
    assert engine.reloader.reload()
    return engine.reloader


def old(path: Path) -> None:
    """As if it had been written an hour ago."""
    then = path.stat().st_mtime_ns - 3_600_000_000_000
    os.utime(path, ns=(then, then))


def rename(path: Path) -> None:
    other = path.with_name("new.yaml")
    other.write_text(CLAUDE)
    other.replace(path)


def edit(path: Path) -> None:
    with path.open("r+") as file:
        file.write(CLAUDE)
        file.truncate()


@pytest.mark.parametrize("how", [rename, edit])
def test_a_changed_file_is_seen_by_a_look(policy: Path, looking: Any, how: Any) -> None:
    """Replaced by rename, as editors do, and edited in place, as `cp` does."""
    looking.check()
    assert ask() == "gpt-4o-mini"
    how(policy)
    looking.check()
    assert ask() == "claude-haiku-4-5"


def test_nothing_is_read_again_without_a_change(looking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look is a stat of each file."""
    monkeypatch.setattr(looking, "reload", lambda: pytest.fail("read again"))
    looking.check()


def test_a_swapped_link_is_seen(policy: Path, looking: Any, tmp_path: Path) -> None:
    """As a ConfigMap is renewed: the file is a link through `..data`, and only that one is swapped (S3.28)."""
    for name, text in (("1", HOME_RULES), ("2", CLAUDE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(text)
        old(tmp_path / name / "policy.yaml")
    (tmp_path / "..data").symlink_to("1")
    policy.unlink()
    policy.symlink_to("..data/policy.yaml")
    looking.check()
    assert ask() == "gpt-4o-mini"
    (tmp_path / "..data_tmp").symlink_to("2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    looking.check()
    assert ask() == "claude-haiku-4-5"


def test_a_deleted_file_leaves_the_old_one_until_it_is_back(
    policy: Path, looking: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once however often it is looked for, and that it is back is said, too."""
    policy.unlink()
    with caplog.at_level(logging.WARNING, "waypost"):
        for _ in range(3):
            looking.check()
        assert ask() == "gpt-4o-mini"
        policy.write_text(CLAUDE)
        looking.check()
    assert ask() == "claude-haiku-4-5"
    assert [record.getMessage()[:40] for record in caplog.records] == [
        "reload: PolicyError; the old policy stay",
        "reload: the files can be used again; in ",
    ]


def test_a_bad_file_is_read_once(policy: Path, looking: Any) -> None:
    """Until something changes: a fault must not cost a parse with every look."""
    policy.write_text(CLAUDE.replace("rank:", "rnak:"))
    old(policy)
    old(policy.parent)
    for _ in range(3):
        looking.check()
    engine = instrument.engine()
    assert engine is not None
    assert engine.dropped()["reload"] == 1
    policy.write_text(CLAUDE)
    looking.check()
    assert ask() == "claude-haiku-4-5"


def forced(policy: Path, text: str | None = None) -> None:
    """An override to Claude in the home, or any text in its place."""
    until = "2099-01-01T00:00:00Z"
    row = {"id": "ov_1", "target": "anthropic/claude-haiku-4-5", "author": "a", "reason": "r", "until": until}
    home = Path(os.environ["WAYPOST_HOME"])
    rows = json.dumps({"waypost": "overrides/v1", "overrides": [row]})
    (home / "overrides.json").write_text(rows if text is None else text)


@pytest.mark.parametrize("by", ["check", "reload"])
def test_an_override_holds_while_a_policy_is_broken(policy: Path, looking: Any, by: str) -> None:
    """That is when it is needed; and a broken file of overrides keeps no policy from being read (S3.29)."""
    policy.write_text("waypost: policy/v1\n")
    forced(policy)
    getattr(looking, by)()
    assert ask() == "claude-haiku-4-5"
    forced(policy, "{")
    policy.write_text(HOME_RULES.replace("name: site", "name: mended"))
    getattr(looking, by)()
    engine = instrument.engine()
    assert engine is not None
    assert [plan.policy.name for plan in engine.bundle.routes.plans] == ["mended"]
    assert ask() == "claude-haiku-4-5"
    assert {name: engine.dropped().get(name) for name in ("reload", "overrides")} == {"reload": 1, "overrides": 1}
    forced(policy, '{"waypost": "overrides/v1", "overrides": []}')
    getattr(looking, by)()
    assert ask() == "gpt-4o-mini"


def test_a_file_that_is_extended_is_looked_at(policy: Path, looking: Any) -> None:
    """The whole chain, and what a chain misses: a base that is not there yet."""
    policy.write_text(HOME_RULES.replace("name: site\n", "name: site\nextends: ours\n"))
    looking.check()
    base = policy.with_name("ours.yaml")
    base.write_text("waypost: policy/v1\nname: ours\nfilter: [provider == nobody-yet]\n")
    looking.check()
    assert ask() == "gpt-4o-mini"
    base.write_text("waypost: policy/v1\nname: ours\nfilter: [provider == anthropic]\n")
    looking.check()
    assert ask() == "claude-haiku-4-5"
    base.write_text("waypost: policy/v1\nname: ours\nfilter: [provider == openai]\n")
    looking.check()
    assert ask() == "gpt-4o-mini"


def test_a_change_within_a_clocks_step_is_not_missed(policy: Path, looking: Any) -> None:
    """Same size, same inode, same time: a file that was new when it was read is read once more."""
    policy.write_text(CLAUDE)
    looking.check()
    assert ask() == "claude-haiku-4-5"
    before = policy.stat()
    with policy.open("r+") as file:
        file.write(CLAUDE.replace("claude-haiku-4-5", "claude-opus-4-5 ")[: len(CLAUDE)])
    os.utime(policy, ns=(before.st_atime_ns, before.st_mtime_ns))
    looking.check()
    assert ask() == "claude-opus-4-5"


def test_every_fingerprint_of_a_receipt_resolves(policy: Path, looking: Any) -> None:
    """Those of policies that were in force once, too."""
    asked = []
    for text in (HOME_RULES, CLAUDE, HOME_RULES.replace("name: site", "name: third")):
        policy.write_text(text)
        looking.check()
        with openai.OpenAI(max_retries=0) as client:
            asked.append(client.chat.completions.create(model="auto", messages=HELLO))
    found = [waypost.receipt(answer) for answer in asked]
    names = [item.to_dict()["policy"]["fingerprint"] for item in found if item is not None]
    assert len(set(names)) == 3
    engine = instrument.engine()
    assert engine is not None
    for item, name in zip(found, names, strict=True):
        assert item is not None
        plan = engine.lookup.plan(name, item.to_dict()["catalog"]["fingerprint"])
        assert plan is not None
        assert plan.policy.fingerprint == name


def test_when_it_is_looked(policy: Path) -> None:
    """After each pause while there are calls, ever more seldom without, at once with the first call after that."""
    engine = instrument.engine()
    assert engine is not None
    clock, looks, waits = Clock(), [], []
    reloader = reloading.Reloader(engine, monotonic=clock)
    reloader.check = lambda: looks.append(clock.now)  # type: ignore[method-assign]
    engine.worker.again = lambda job, within: waits.append(within)  # type: ignore[method-assign]
    clock.now += 1
    reloader.woken()
    assert (looks, waits) == ([], [1.0])
    clock.now += 1
    reloader.woken()
    assert (looks, waits[1:]) == ([1002.0], [2.0])
    for _ in range(6):
        clock.now += waits[-1]
        reloader._look()
    assert waits[2:] == [4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    clock.now += 5
    reloader.woken()
    assert (looks[-1], waits[-1]) == (clock.now, 2.0)
    waypost.uninstrument()
    clock.now += 99
    reloader.woken()
    assert looks[-1] != clock.now


def test_a_child_is_not_kept_from_looking(policy: Path, looking: Any) -> None:
    """A fork may come while the parent reads its files: the child's lock is nobody's."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with looking._lock:
            held.set()
            free.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    pid = os.fork()
    if not pid:
        signal.alarm(10)
        looking.check()
        os._exit(0)
    free.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_switched_off_nobody_looks(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`WAYPOST_RELOAD=0`: only who asks has the files read again."""
    monkeypatch.setenv("WAYPOST_RELOAD", "off")
    monkeypatch.setattr(instrument, "_engine", None)
    waypost.auto_instrument()
    engine = instrument.engine()
    assert engine is not None
    assert engine.worker.on_work is None


def test_a_look_comes_by_itself(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no call in between: the worker wakes for it."""
    monkeypatch.setenv("WAYPOST_RELOAD", "0.05")
    monkeypatch.setattr(instrument, "_engine", None)
    waypost.auto_instrument()
    assert ask() == "gpt-4o-mini"
    policy.write_text(CLAUDE)
    engine = instrument.engine()
    assert engine is not None
    before = engine.bundle
    deadline = time.monotonic() + 20
    while engine.bundle is before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ask() == "claude-haiku-4-5"
