"""The commands around what is kept of calls: to read it, to erase it, and to be told that it is there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import waypost
from stub_provider import chat_body, json_answer
from waypost.adapters.stores.content import ContentStore
from waypost.adapters.stores.sqlite import SqliteStore
from waypost.surfaces.cli import content as content_command
from waypost.surfaces.cli.main import main

ASKED: Any = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Write to ana@example.org\nand bob@example.org"}]},
]
RULES = "filter: [provider == openai]\nrank: cheapest\nprivacy: {content: redacted, for: 2 d}\n"


class Desk:
    """A world whose receipts are read by commands."""

    def __init__(self, world: Any, client: Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.world, self.client, self.capsys = world, client, capsys
        self.home = world.home / "home"
        world.chat = lambda request: json_answer(chat_body("Written to ana@example.org.", request.body["model"]))

    def ask(self, **context: Any) -> str:
        with waypost.context(**context):
            value = self.client.chat.completions.create(model="auto", messages=ASKED, temperature=0)
        receipt: str = waypost.receipt(value).id
        assert waypost.flush(10)
        return receipt

    def run(self, *words: str) -> tuple[int, str]:
        """Exit code and standard output."""
        self.capsys.readouterr()
        code = main([words[0], "--home", str(self.home), *words[1:]])
        return code, self.capsys.readouterr().out

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out = self.run(*words, "--json")
        return code, json.loads(out)


@pytest.fixture
def desk(world: Any, client: Any, capsys: pytest.CaptureFixture[str]) -> Desk:
    world.on(RULES)
    return Desk(world, client, capsys)


def test_content_is_shown_turn_by_turn(desk: Desk) -> None:
    """What was asked and answered, in the order in which it was said, and what was taken out of it."""
    receipt = desk.ask()
    code, out = desk.run("content", receipt[:9])
    assert code == 0
    head, told, *lines = out.splitlines()
    assert head == f"Content of {receipt}"
    assert told.startswith("What is here is kept redacted until 20")
    assert told.endswith(" UTC (3 e-mail addresses taken out).")
    assert lines == [
        "",
        "ASKED",
        "  system: Be brief.",
        "  user: Write to [EMAIL_1]",
        "    and [EMAIL_2]",
        "  temperature: 0",
        "",
        "ANSWERED",
        "  assistant: Written to [EMAIL_1].",
    ]


def test_content_is_one_json_document(desk: Desk) -> None:
    """Whoever asked for data gets what the receipt says, and both bodies."""
    receipt = desk.ask(user="ana")
    code, found = desk.json("content", receipt)
    assert code == 0
    assert (found["schema"], found["receipt"], found["state"]) == ("content/v1", receipt, "kept")
    assert found["content"] == waypost.receipt(receipt).to_dict()["content"]
    assert found["asked"]["messages"][1]["content"][0]["text"] == "Write to [EMAIL_1]\nand [EMAIL_2]"
    assert found["answered"]["choices"][0]["message"]["content"] == "Written to [EMAIL_1]."


def test_a_person_is_forgotten(desk: Desk) -> None:
    """S5.14: by the name that the program used or by the pseudonym; what is left is a receipt that says so."""
    first, second, other = desk.ask(user="ana"), desk.ask(user="ana"), desk.ask(user="bob")
    subject = waypost.receipt(first).to_dict()["content"]["subject"]
    code, out = desk.run("forget", "--user", "ana")
    assert (code, out) == (0, f"{subject}: erased what was kept of 2 calls, and the key that it was sealed under.\n")
    assert desk.run("forget", "--user", subject) == (1, f"{subject}: nothing is kept.\n")
    for receipt in (first, second):
        code, out = desk.run("content", receipt)
        assert code == 1
        assert "Erased: the key that it was sealed under has been dropped." in out
    assert desk.json("content", first)[1] | {"content": None} == {
        "schema": "content/v1", "receipt": first, "state": "erased", "content": None, "asked": None, "answered": None
    }  # fmt: skip
    assert desk.run("content", other)[0] == 0
    assert desk.run("explain", first)[0] == 0
    assert SqliteStore(desk.home / "receipts.sqlite").verify() == []


def test_any_name_can_be_forgotten(desk: Desk) -> None:
    """As the program wrote it: with blanks, in any script, and with half of a letter."""
    for user in ("Ana Maria ", "محمد", "a\udc80b", "--user"):
        receipt = desk.ask(user=user)
        assert desk.run("forget", f"--user={user}")[0] == 0
        assert desk.json("content", receipt)[1]["state"] == "erased"


def test_single_calls_are_forgotten(desk: Desk) -> None:
    """Of a person's calls one; of nobody's the key with it."""
    first, second, nobodys = desk.ask(user="ana"), desk.ask(user="ana"), desk.ask()
    code, found = desk.json("forget", first[:12], nobodys)
    assert code == 0
    assert found == {
        "schema": "forgotten/v1",
        "forgotten": [
            {"subject": first, "contents": 1, "keys": 0, "logged": False},
            {"subject": nobodys, "contents": 1, "keys": 1, "logged": False},
        ],
        "expired": 0,
    }
    assert [desk.json("content", receipt)[1]["state"] for receipt in (first, second, nobodys)] == [
        "deleted", "kept", "erased"
    ]  # fmt: skip


def test_what_expired_is_said_and_swept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the policy's time it cannot be read, and then it is not there."""
    receipt, nobodys = desk.ask(user="ana"), desk.ask()
    store = ContentStore(desk.home / "content")
    later = time.time_ns() + 3 * 86_400 * 10**9
    assert store.get(receipt, later).state == "expired"
    assert store.get(receipt, later - 2 * 86_400 * 10**9).state == "kept"
    monkeypatch.setattr(content_command.time, "time_ns", lambda: later)
    code, out = desk.run("content", receipt)
    assert (code, "it was kept for as long as the policy 'sdk-tests' says" in out) == (1, True)
    assert desk.json("forget", "--expired")[1] == {"schema": "forgotten/v1", "forgotten": [], "expired": 2}
    assert desk.run("forget", "--expired") == (1, "Expired: removed what was kept of 0 calls.\n")
    assert store.get(nobodys, 0).state == "gone"
    assert desk.json("content", receipt)[1]["state"] == "expired"
    assert store._keys.query("SELECT count(*) FROM keys", ()) == [(1,)]


def test_what_was_never_kept_is_said(world: Any, client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """By the policy that kept none; where it kept a digest that is told, too."""
    for privacy, end in (
        ("none", "kept no content of this call."),
        ("hash", "kept no content of this call; a digest of what was asked stands on the receipt."),
    ):
        world.on(RULES.replace("{content: redacted, for: 2 d}", f"{{content: {privacy}}}"))
        desk = Desk(world, client, capsys)
        receipt = desk.ask()
        code, out = desk.run("content", receipt)
        assert code == 1
        assert out.splitlines()[1] == f"Never kept: the policy 'sdk-tests' {end}"
        assert not (desk.home / "content").exists()
        assert desk.run("forget", "--user", "ana")[0] == 1
        waypost.uninstrument()


def test_what_was_changed_is_not_shown(desk: Desk) -> None:
    """Of two receipts neither opens the other's content, and a byte more or less is noticed."""
    one, two = desk.ask(user="ana"), desk.ask(user="ana")
    store = ContentStore(desk.home / "content")
    with store._contents.transaction() as db:
        (sealed,) = db.execute("SELECT sealed FROM contents WHERE receipt = ?", (two,)).fetchone()
        db.execute("UPDATE contents SET sealed = ? WHERE receipt = ?", (sealed, one))
    assert desk.json("content", one)[1]["state"] == "changed"
    assert store.get(one, 0).state == "changed"
    assert desk.run("content", one)[1].splitlines()[1].startswith("Changed: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("forget",), "nobody is named"),
        (("forget", "--user", " "), "--user is empty"),
        (("forget", "wp_nobody"), "has the id 'wp_nobody'"),
        (("content", "wp_nobody"), "has the id 'wp_nobody'"),
    ],
)
def test_bad_input_is_named(desk: Desk, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, with what to do."""
    desk.ask()
    assert main([words[0], "--home", str(desk.home), *words[1:]]) == 2
    assert said in desk.capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_read_and_not_erased(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a read-only copy everything can be shown; who wants to erase there is told that it cannot be."""
    receipt = desk.ask(user="ana")
    monkeypatch.setattr("os.access", lambda *_: False)
    assert desk.run("content", receipt)[0] == 0
    assert main(["forget", "--home", str(desk.home), "--user", "ana"]) == 2
    assert f"{desk.home}: cannot be written, so nothing can be erased; permit it" in desk.capsys.readouterr().err
    assert desk.run("content", receipt)[0] == 0


def test_explain_says_that_content_is_kept(desk: Desk) -> None:
    """And how to see it."""
    receipt = desk.ask()
    out = " ".join(desk.run("explain", receipt)[1].split())
    assert "content kept redacted until 20" in out
    assert f"(3 e-mail addresses taken out); `waypost content {receipt[:9]}` shows it" in out
    assert desk.json("explain", receipt)[1]["receipt"]["content"]["redactions"] == {"email": 3}


def test_doctor_says_what_is_kept(desk: Desk) -> None:
    """What the policy keeps and for how long, and how much is there."""
    desk.ask()
    _, found = desk.json("doctor", "--policy", str(desk.world.home / "policy.yaml"))
    texts = {check["topic"]: check["text"] for check in found["checks"] if check["topic"].startswith("content")}
    assert texts["content"] == (
        "policy sdk-tests keeps what is asked and answered, redacted, encrypted, for 2 d; "
        "`waypost content ID` shows it, `waypost forget --user U` erases it"
    )
    assert texts["contents"] == "1 can be read, 0 kB encrypted"


def test_a_disputed_request_is_found_where_its_words_are_kept(desk: Desk, tmp_path: Path) -> None:
    """The digest of what was asked stands on the receipt as with `hash`."""
    receipt = desk.ask()
    asked = tmp_path / "request.json"
    asked.write_text(json.dumps({"model": "anything", "messages": ASKED, "temperature": 0}))
    found = desk.json("list", "--content", str(asked))[1]
    assert [row["id"] for row in found["receipts"]] == [receipt]
