"""A changed policy reaches every process: by looking, by signal; an override likewise (S3.28, S3.29)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from process_site import HOME_RULES, Site
from waypost.surfaces.cli import main as cli

CLAUDE = HOME_RULES.replace("[openai/gpt-4o-mini, anthropic/claude-haiku-4-5]", "[anthropic/claude-haiku-4-5]")
MINI, HAIKU = "gpt-4o-mini", "claude-haiku-4-5"

HEAD = """\
import os, signal, sys, time
import openai, waypost
from waypost.runtime.instrument import engine

def ask():
    with openai.OpenAI(max_retries=0) as client:
        return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}]).model

def until(wanted, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ask() == wanted:
            return True
        time.sleep(0.1)
    return False

def wait():
    sys.stdin.readline()
"""

FORKED = (
    HEAD
    + """
waypost.auto_instrument()
children = []
for _ in range(4):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            first = ask()
            os.write(1, f"ready {first}\\n".encode())
            code = 0 if until("claude-haiku-4-5") else 2
        finally:
            os._exit(code)
    children.append(pid)
print("codes", *(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children), flush=True)
"""
)

ALONE = (
    HEAD
    + """
waypost.auto_instrument()
print("ready", ask(), flush=True)
print("codes", 0 if until("claude-haiku-4-5") else 2, flush=True)
"""
)


@pytest.fixture(autouse=True)
def hangup() -> Iterator[None]:
    """The signal as a program finds it that is not run by `nohup`, which these tests may be: children inherit that."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@contextmanager
def started(site: Site, program: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A program without a terminal, which the test ends."""
    process = subprocess.Popen(
        site.command(program),
        cwd=site.folder,
        env={**site.env, "WAYPOST_RELOAD": "0.1", **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def replace(site: Site, text: str) -> None:
    site.write("policy.new", text).replace(site.folder / "policy.yaml")


def test_four_forked_processes_pick_a_change_up(site: Site) -> None:
    """Forked after the parent was instrumented; each by its own looks."""
    with started(site, FORKED) as process:
        assert [line(process) for _ in range(4)] == [f"ready {MINI}"] * 4
        replace(site, CLAUDE)
        assert line(process) == "codes 0 0 0 0"


def test_four_processes_of_their_own_pick_a_change_up(site: Site) -> None:
    """Started apart, as spawned workers are; an override reaches them the same way."""
    with ExitStack() as stack:
        processes = [stack.enter_context(started(site, ALONE)) for _ in range(4)]
        assert [line(process) for process in processes] == [f"ready {MINI}"] * 4
        said = ["--until", "1h", "--author", "ann", "--reason", "outage"]
        assert cli.main(["override", "set", "anthropic/claude-haiku-4-5", *said, "--home", str(site.home)]) == 0
        assert [line(process) for process in processes] == ["codes 0"] * 4


HANGUP = (
    HEAD
    + """
{before}
waypost.auto_instrument()
print("ready", ask(), flush=True)
wait()
os.kill(os.getpid(), signal.SIGHUP)
engine().worker.drain(20)
print("after", ask(), flush=True)
"""
)


@pytest.mark.parametrize("before", ["", "signal.signal(signal.SIGHUP, lambda *_: print('theirs', flush=True))"])
def test_sighup_reads_the_files_again(site: Site, before: str) -> None:
    """Without looks; a handler that was there is called as well."""
    with started(site, HANGUP.replace("{before}", before), WAYPOST_RELOAD="off") as process:
        assert line(process) == f"ready {MINI}"
        replace(site, CLAUDE)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        if before:
            assert line(process) == "theirs"
        assert line(process) == f"after {HAIKU}"


ELSEWHERE = """\
import signal, sys, threading
import waypost
{before}
def on():
    waypost.auto_instrument()
{start}
print(signal.getsignal(signal.SIGHUP))
"""


@pytest.mark.parametrize(
    ("before", "start", "handler"),
    [
        ("", "", "0"),
        ("signal.signal(signal.SIGHUP, signal.SIG_IGN)", "on()", "1"),
        ("", "thread = threading.Thread(target=on); thread.start(); thread.join()", "0"),
    ],
)
def test_sighup_is_left_alone(site: Site, before: str, start: str, handler: str) -> None:
    """By the import, where it is ignored, and outside of the main thread."""
    program = ELSEWHERE.replace("{before}", before).replace("{start}", start)
    with started(site, program) as process:
        assert line(process) == handler


def test_with_a_terminal_sighup_keeps_its_meaning(site: Site) -> None:
    """Closing the terminal ends the program, as it would without us."""
    program = ELSEWHERE.replace("{before}", "").replace("{start}", "on()")
    wrapper = (
        "import os, pty, sys\n"
        "code = pty.spawn(sys.argv[1:], lambda fd: os.read(fd, 1024))\n"
        "sys.exit(os.waitstatus_to_exitcode(code))\n"
    )
    ended = site.execute([sys.executable, "-c", wrapper, *site.command(program)])
    assert ended.code == 0, ended.err
    assert ended.lines[-1].strip() == "0"


def test_after_switching_off_sighup_ends_the_program(site: Site) -> None:
    """What the signal meant before us."""
    program = HEAD + "waypost.auto_instrument(); waypost.uninstrument()\nos.kill(os.getpid(), signal.SIGHUP)\n"
    with started(site, program + "time.sleep(5)\nprint('alive')\n") as process:
        assert process.wait(40) == -signal.SIGHUP


def test_at_the_end_nobody_looks(site: Site) -> None:
    """A program may take its files away before it ends; that is no news."""
    program = HEAD + "waypost.auto_instrument()\nask()\ntime.sleep(1)\nos.unlink('policy.yaml')\n"
    ended = site.run(program, WAYPOST_RELOAD="60")
    assert (ended.code, ended.err) == (0, "")


def test_an_override_stands_on_the_receipt(site: Site) -> None:
    """As its own cause, with the word of who set it (S3.29)."""
    program = HEAD + (
        "waypost.auto_instrument()\n"
        "made = waypost.override('anthropic/claude-haiku-4-5', until='1h', author='ann', reason='outage',"
        " scope={'user': 'zoe@corp.example'})\n"
        "with waypost.context(user='zoe@corp.example'): print(ask())\n"
        "waypost.clear_override(made.id, author='bob')\n"
        "print(ask())\n"
    )
    ended = site.run(program)
    assert ended.lines == [HAIKU, MINI], ended.err
    forced, free = site.receipts()
    assert forced["question"]["override"]["author"] == "ann"
    assert forced["question"]["override"]["id"].startswith("ov_")
    assert forced["question"]["override"]["reason"] == "outage"
    assert "override" not in free["question"]
    causes = [receipt["hops"][-1]["decision"]["cause"] for receipt in (forced, free)]
    assert causes == ["override", "rule"]
    assert (site.home / "overrides.log").read_text().count("\n") == 2
    assert "zoe" not in json.dumps(forced)
    assert "zoe" in (site.home / "overrides.log").read_text()
