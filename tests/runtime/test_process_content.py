"""Contents of real processes: several at once, forked ones, a home that cannot be written, and a missing library."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from process_site import HOME_RULES, Site
from waypost.adapters.stores.content import ContentStore

KEEPING = HOME_RULES + "privacy: {content: full}\n"
HEAD = """\
import os, sys, time
import openai, waypost
waypost.auto_instrument()
client = openai.OpenAI(max_retries=0)

def ask(user, text="Zanzibar"):
    with waypost.context(user=user):
        return client.chat.completions.create(model="auto", messages=[{"role": "user", "content": text}])
"""


@pytest.fixture
def keeping(site: Site) -> Site:
    site.write("policy.yaml", KEEPING)
    return site


def states(site: Site) -> list[str]:
    store = ContentStore(site.home / "content")
    return [store.get(receipt["id"], time.time_ns()).state for receipt in site.receipts()]


def test_two_processes_share_a_persons_key(keeping: Site) -> None:
    """Both come at once and make it; one key is made, and each reads what the other kept."""
    program = HEAD + "[ask('ana') for _ in range(10)]\n"
    running = [keeping.start(program) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], ends
    assert states(keeping) == ["kept"] * 20
    assert len({receipt["content"]["subject"] for receipt in keeping.receipts()}) == 1
    store = keeping.store()
    assert (store.faults(), store.verify()) == ([], [])
    store.close()


def test_a_process_that_runs_on_does_not_write_under_a_dropped_key(keeping: Site) -> None:
    """Another process forgets a person between two calls: the first cannot be read again, the second can."""
    program = (
        HEAD
        + "ask('ana'); waypost.flush(10)\nos.system(f'{sys.executable} -m waypost forget --user ana')\nask('ana')\n"
    )
    ended = keeping.run(program)
    assert (ended.code, ended.err) == (0, "")
    assert "erased what was kept of 1 call, and the key" in ended.out
    assert states(keeping) == ["erased", "kept"]


def test_forked_children_keep_their_own(keeping: Site) -> None:
    """Connections and what waited stay with the parent."""
    program = HEAD + (
        "ask('ana'); waypost.flush(10)\n"
        "children = []\n"
        "for name in ('bob', 'cem'):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        ask(name); ask('ana'); waypost.flush(10); os._exit(0)\n"
        "    children.append(pid)\n"
        "ask('ana')\n"
        "print([os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children])\n"
    )
    ended = keeping.run(program)
    assert (ended.code, ended.out, ended.err) == (0, "[0, 0]\n", "")
    assert states(keeping) == ["kept"] * 6
    assert len({receipt["content"]["subject"] for receipt in keeping.receipts()}) == 3


def test_a_home_that_cannot_be_written_keeps_contents_elsewhere(keeping: Site) -> None:
    """They rest where the receipts do: in a directory of this process, which the call does not notice."""
    keeping.home.write_text("a file is in the way")
    program = HEAD + (
        "answer = ask('ana'); waypost.flush(10)\n"
        "print(answer.choices[0].message.content, waypost.receipt(answer).to_dict()['content']['level'])\n"
    )
    ended = keeping.run(program)
    assert (ended.code, ended.out) == (0, "Hello. full\n")
    assert ended.said("not writable") == 1


def test_the_end_of_a_process_does_not_lose_the_last_content(keeping: Site) -> None:
    """The worker is drained at exit, as it is for receipts."""
    ended = keeping.run(HEAD + "for chunk in client.chat.completions.create(model='auto', messages=[]): pass\n")
    ended = keeping.run(HEAD + "ask('ana')\n")
    assert (ended.code, ended.err) == (0, "")
    assert states(keeping)[-1] == "kept"


def test_without_the_library_the_policy_is_refused(keeping: Site, tmp_path: Path) -> None:
    """At load, with the remedy; commands that erase and examine work without it."""
    hidden = "import sys\nsys.modules['cryptography'] = None\n"
    ended = keeping.run(hidden + HEAD)
    assert ended.code == 1
    assert "ends" not in ended.out
    assert "pip install '.[content]'" in ended.err
    assert keeping.run(HEAD + "ask('ana')\n").code == 0
    command = hidden + "from waypost.surfaces.cli.main import main\nsys.exit(main(sys.argv[1:]))\n"
    receipt = keeping.receipts()[0]["id"]
    shown = keeping.run(command, "content", receipt)
    assert (shown.code, "pip install '.[content]'" in shown.err) == (2, True)
    assert keeping.run(command, "forget", "--user", "ana").code == 0
    assert states(keeping) == ["erased"]


def test_no_call_imports_the_library(keeping: Site) -> None:
    """It is there when the policy is loaded, and not where no policy keeps content."""
    look = "import sys\nprint('cryptography' in sys.modules, 'sqlite3' in sys.modules)\n"
    begun = "import openai, waypost\nbefore = set(__import__('sys').modules)\nwaypost.auto_instrument()\n"
    assert keeping.run(begun + look).out.startswith("True")
    keeping.write("policy.yaml", HOME_RULES)
    assert keeping.run(begun + look).out.startswith("False")
    assert sys.version_info >= (3, 11)
