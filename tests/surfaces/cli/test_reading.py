"""The reading commands: list, trace, explain, doctor; their text, their JSON, their exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from receipt_cases import (
    ATTEMPTING,
    ATTEMPTING_2,
    DECIDED,
    QUESTION,
    RECEIPT,
    SECOND,
    SETTLED,
    SNAPSHOT,
    T0,
    single,
    started,
)
from waypost._version import __version__
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.model.events import InternalError
from waypost.core.model.receipt_lines import attempt_line, fault_line, settled_line
from waypost.core.policy.decide import decide
from waypost.core.policy.plan import Plan
from waypost.runtime import bundle, settings
from waypost.surfaces.cli import main as cli

OPEN = "wp_" + "cd" * 16
PROVED = "wp_" + "ef" * 16

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def packaged() -> bundle.Bundle:
    """The packaged policy over the packaged catalog."""
    return bundle.load(settings.read({}))


@pytest.fixture
def plan(packaged: bundle.Bundle) -> Plan:
    return packaged.routes.plans[0]


@pytest.fixture
def home(tmp_path: Path, packaged: bundle.Bundle, plan: Plan) -> Path:
    """A home with four calls still in journals: a fallback, an open one, one that can be proved, an older one."""
    journal = Journal(tmp_path / "journal")
    for line in (
        attempt_line(ATTEMPTING, str, "0af7651916cd43dd8448eb211c80319c"),
        attempt_line(ATTEMPTING_2, str),
        settled_line(SETTLED, str),
        attempt_line(single(started(OPEN, T0 + SECOND, policy="support"))[0], str),
    ):
        journal.append(line)
    older, ended = single(started("wp_" + "ac" * 16, T0 - SECOND), response_id="chatcmpl-old")
    journal.append(attempt_line(older, str))
    journal.append(settled_line(ended, str))
    call = started(
        PROVED, T0 + 2 * SECOND, policy_fingerprint=plan.policy.fingerprint, catalog=plan.catalog.fingerprint
    )
    decision = decide(plan, QUESTION, SNAPSHOT, bytes.fromhex(PROVED[3:]), frozenset())
    assert decision.selected is not None
    decided = replace(DECIDED, started=call, decision=decision, target_of=lambda index: plan.catalog.targets[index].id)
    attempting, settled = single(call)
    journal.append(attempt_line(replace(attempting, decided=decided), str))
    journal.append(settled_line(settled, str))
    journal.close()
    bundle.keep(packaged, ObjectStore(tmp_path / "objects"))
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs one command line in this process: exit code, output, errors."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "OTEL_")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)

    def call(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_list_has_a_line_per_receipt(run: Run, home: Path) -> None:
    """S2.19: the newest first, with what was asked, who answered, why, what it cost and how it ended."""
    code, out, err = run("list", "--home", home)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "TIME (UTC)           RECEIPT          ASKED -> ANSWERED         CAUSE          COST  BASELINE  OUTCOME",
        "2026-09-21 14:13:22  wp_efefefefefef  auto -> anthropic/claude  rule      $0.001565      -83%  ok",
        "2026-09-21 14:13:21  wp_cdcdcdcdcdcd  auto -> anthropic/claude  rule              -         -  open",
        "2026-09-21 14:13:20  wp_abababababab  auto -> openai/gpt-4o     fallback  $0.001565      -83%  ok "
        "(2 attempts)",
        "2026-09-21 14:13:19  wp_acacacacacac  auto -> anthropic/claude  rule      $0.001565      -83%  ok",
    ]


def test_list_filters(run: Run, home: Path) -> None:
    """S6.06: open receipts are found; policy, model, department, outcome and limit narrow the list."""

    def ids(*words: str) -> list[str]:
        code, out, _ = run("list", "--home", home, "--json", *words)
        assert code == 0
        document = json.loads(out)
        assert document["schema"] == "receipts/v1"
        return [row["id"] for row in document["receipts"]]

    assert ids("--open") == [OPEN]
    assert ids("--policy", "support") == [OPEN]
    assert ids("--model", "gpt-4o") == [RECEIPT]
    assert ids("--limit", "1") == [PROVED]
    assert len(ids("--outcome", "ok")) == 3
    assert ids("--department", "sales") == []
    assert ids("--workflow", "triage", "--limit", "2") == [PROVED, OPEN]


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("eror", "did you mean 'error'? known: ok, error, cancelled, abandoned, rejected, open"),
        ("xyz", "known: ok, error, cancelled, abandoned, rejected, open"),
    ],
)
def test_an_unknown_outcome_is_bad_input(run: Run, home: Path, word: str, remedy: str) -> None:
    """It would match nothing for ever; the words that there are are named."""
    said = f"waypost list: --outcome: unknown outcome {word!r}; {remedy}\n"
    assert run("list", "--home", home, "--outcome", word) == (2, "", said)


def test_what_the_list_shows_as_outcome_can_be_asked_for(run: Run, home: Path) -> None:
    """A call that is not settled is shown as open."""
    document = json.loads(run("list", "--home", home, "--json", "--outcome", "open")[1])
    assert [row["id"] for row in document["receipts"]] == [OPEN]


def test_a_model_that_nobody_knows_gets_a_remark(run: Run, home: Path) -> None:
    """On standard error, because a script may ask for a model before its first call; known ones get none."""
    remark = "waypost list: no receipt and no target of the catalog has the model 'gtp-4o'; did you mean 'gpt-4o'?\n"
    assert run("list", "--home", home, "--model", "gtp-4o") == (0, "No receipts match.\n", remark)
    assert json.loads(run("list", "--home", home, "--model", "gtp-4o", "--json")[1])["receipts"] == []
    for known in ("gpt-4.1", "openai/gpt-4.1"):
        assert run("list", "--home", home, "--model", known) == (0, "No receipts match.\n", "")
    assert run("list", "--home", home, "--model", "anthropic/claude", "--policy", "x")[2] == ""


def test_list_shows_what_was_advised(run: Run, tmp_path: Path) -> None:
    """S2.01: beside a call that ran unchanged no rule is named as its cause."""
    journal = Journal(tmp_path / "journal")
    for number, mode in enumerate(("advise", "route")):
        call = started(f"wp_{number}{'0' * 31}", T0 - number * SECOND, mode=mode)
        attempting, settled = single(call)
        decided = None if attempting.decided is None else replace(attempting.decided, advised=mode == "advise")
        journal.append(attempt_line(replace(attempting, decided=decided), str))
        journal.append(settled_line(settled, str))
    journal.close()
    lines = run("list", "--home", tmp_path)[1].splitlines()

    assert "auto -> anthropic/claude  advised anthropic/claude  $" in lines[1]
    assert "auto -> anthropic/claude  rule                      $" in lines[2]


def test_list_names_targets_as_a_policy_does(run: Run, tmp_path: Path) -> None:
    """What is shown can be written into `use:` and asked for by `--model`; the provider has another name in spans."""
    journal = Journal(tmp_path / "journal")
    settled = single(started(OPEN, T0))[1]
    tried = settled.settlement.attempts[-1]
    ended = replace(tried, target="google/gemini-2.5-flash", provider="gcp.gemini", model="gemini-2.5-flash")
    line = settled_line(replace(settled, settlement=replace(settled.settlement, attempts=(ended,))), str, alone=True)
    journal.append(line)
    journal.close()

    assert " -> google/gemini-2.5-flash " in run("list", "--home", tmp_path)[1].splitlines()[1]
    assert OPEN[:15] in run("list", "--home", tmp_path, "--model", "google/gemini-2.5-flash")[1]


def test_an_empty_list_says_why(run: Run, home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No match, nothing open, nothing at all and no home are different answers."""
    assert run("list", "--home", home, "--policy", "none")[:2] == (0, "No receipts match.\n")
    empty = tmp_path_factory.mktemp("empty")
    assert run("list", "--home", empty)[:2] == (0, "No receipts yet.\n")
    assert run("list", "--home", empty, "--open")[:2] == (0, "No open receipts.\n")
    code, out, err = run("list", "--home", empty / "absent")
    assert (code, out) == (2, "")
    assert err == (
        f"waypost list: {empty / 'absent'}: no such directory, so no receipts; "
        "make some with `waypost run`, or name their directory by --home or WAYPOST_HOME\n"
    )
    assert not (empty / "absent").exists()
    assert run("list", "--home", home, "--limit", "0")[0] == 2
    empty.joinpath("file").touch()
    assert run("list", "--home", empty / "file")[2] == (
        f"waypost list: {empty / 'file'}: this is a file, not a directory; "
        "name the directory of the receipts by --home or WAYPOST_HOME\n"
    )


def test_the_home_is_the_environments(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAYPOST_HOME, else .waypost in the current directory."""
    monkeypatch.setenv("WAYPOST_HOME", str(home))
    assert run("list")[0] == 0
    monkeypatch.delenv("WAYPOST_HOME")
    monkeypatch.chdir(home)
    assert run("list")[0] == 2
    home.joinpath(".waypost").mkdir()
    assert run("list")[:2] == (0, "No receipts yet.\n")


def test_trace_tells_a_call_in_order(run: Run, home: Path) -> None:
    """S2.08: each decision, send, failure and answer with its time from the beginning."""
    code, out, _ = run("trace", "--home", home, RECEIPT)
    assert code == 0
    assert out.splitlines() == [
        f"{RECEIPT}  ok  2026-09-21 14:13:20.000 UTC",
        "   +0.0 ms  call     auto at openai (openai, openai.chat), policy default",
        "   +0.0 ms  decided  anthropic/claude in 15 us; rule",
        "   +0.0 ms  sent     attempt 1 (primary): anthropic/claude at api.anthropic.com",
        " +250.0 ms  failed   rate_limited (429 rate_limit_error, retry after 2.00 s), 250 ms",
        " +250.0 ms  decided  openai/gpt-4o in 15 us; fallback",
        " +250.0 ms  sent     attempt 2 (fallback): openai/gpt-4o at api.openai.com",
        " +500.0 ms  content  the first content arrived",
        "+1000.0 ms  ok       ok, 750 ms, 230 in, 99 out, $0.001565 (computed, prices of 2026-01-01), "
        "provider's request id req_9",
        "+1000.0 ms  settled  ok, $0.001565 (computed, prices of 2026-01-01)",
        "trace 0af7651916cd43dd8448eb211c80319c",
    ]
    document = json.loads(run("trace", "--home", home, RECEIPT, "--json")[1])
    assert (document["schema"], document["receipt"], document["status"]) == ("trace/v1", RECEIPT, "ok")
    assert [step["step"] for step in document["steps"]][-2:] == ["ok", "settled"]


@pytest.mark.parametrize("name", [RECEIPT, "wp_ab", "abab", "chatcmpl-123"])
def test_a_receipt_is_named_by_any_id_or_a_beginning(run: Run, home: Path, name: str) -> None:
    """S2.15: support has a response id, a developer the first digits."""
    assert run("trace", "--home", home, name)[1].startswith(RECEIPT)


def test_unknown_and_ambiguous_ids_name_the_nearest(run: Run, home: Path) -> None:
    """Exit code 2, with what could have been meant."""
    code, out, err = run("explain", "--home", home, "wp_a")
    assert (code, out) == (2, "")
    assert err == f"waypost explain: 'wp_a' begins 2 ids; one of {RECEIPT}, wp_{'ac' * 16}\n"
    code, _, err = run("trace", "--home", home, RECEIPT[:-1] + "0")
    assert code == 2
    assert err.endswith(f"; nearest: {RECEIPT}\n")
    assert run("trace", "--home", home, "nonsense")[2] == (
        "waypost trace: no receipt, request or response has the id 'nonsense'; `waypost list` shows the newest\n"
    )
    assert run("explain", "--home", home, "") == (
        2,
        "",
        "waypost explain: an id is needed; `waypost list` shows the newest\n",
    )


def test_explain_proves_the_decision_from_stored_objects(run: Run, home: Path, plan: Plan) -> None:
    """S2.12, S2.16: policy and catalog are found by the receipt's fingerprints, and every candidate has its row."""
    code, out, _ = run("explain", "--home", home, PROVED)
    assert code == 0
    decision = decide(plan, QUESTION, SNAPSHOT, bytes.fromhex(PROVED[3:]), frozenset())
    assert decision.selected is not None
    chosen = plan.catalog.targets[decision.selected].id
    assert f"  selected      {chosen}  " in out
    rejected = len(plan.catalog) - decision.survivors.bit_count()
    assert f"  Rejected ({rejected})\n" in out
    assert "(base.yaml:" in out
    document = json.loads(run("explain", "--home", home, "--json", PROVED)[1])
    assert document["receipt"]["id"] == PROVED
    assert {row["target"] for row in document["proofs"][0]["candidates"]} == {t.id for t in plan.catalog.targets}
    assert run("explain", "--home", home, "--format", "markdown", PROVED)[1].startswith("# Receipt wp_efef")


def test_explain_without_the_objects_says_so(run: Run, home: Path) -> None:
    """A receipt of fingerprints that nobody kept is still explained as far as it goes."""
    code, out, _ = run("explain", "--home", home, RECEIPT)
    assert code == 0
    assert "is not in the object store" in out


def test_a_store_that_is_broken_is_bad_input(run: Run, home: Path) -> None:
    """Said in one line with the remedy, without a traceback."""
    (home / "receipts.sqlite").write_text("nonsense" * 200)
    code, out, err = run("list", "--home", home)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "receipts.sqlite: file is not a database; move the file away" in err


def checks(out: str) -> dict[str, dict[str, Any]]:
    document = json.loads(out)
    assert document["schema"] == "doctor/v1"
    return {check["topic"]: check for check in document["checks"]}


def test_doctor_finds_nothing_to_mend(run: Run, home: Path) -> None:
    """Versions, SDKs, policy, catalog, store, open receipts, telemetry, and what is not covered."""
    code, out, _ = run("doctor", "--home", home)
    assert code == 0
    assert out.splitlines()[-1].startswith("Nothing to mend.")
    found = checks(run("doctor", "--home", home, "--json")[1])
    assert found["sdk openai"]["state"] == "ok"
    assert found["receipts"]["text"] == "4 in receipts.sqlite"
    assert found["open receipts"]["text"] == "1 sent and not settled"
    assert found["endpoint openai"] == {
        "topic": "endpoint openai",
        "state": "note",
        "text": "no key in OPENAI_API_KEY",
        "remedy": None,
    }
    assert "batch" in found["uncovered"]["text"]
    assert found["traces"]["state"] == "note"


def test_doctor_names_variables_and_never_their_values(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is found by its variable's name; what it holds is not printed."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:password@127.0.0.1:9/v1")
    out = run("doctor", "--home", home, "--json")[1]
    found = checks(out)
    assert found["endpoint openai"]["text"] == (
        "key in OPENAI_API_KEY; moved to http://127.0.0.1:9/v1 by OPENAI_BASE_URL"
    )
    assert "secret" not in out
    assert "password" not in out


def test_doctor_findings_are_exit_code_1(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that does not load, a broken store, internal errors, an endpoint without an exporter."""
    broken = home / "broken.yaml"
    broken.write_text("waypost: policy/v1\nname: x\nfilter:\n  - qualty >= 0.5\n")
    journal = Journal(home / "journal")
    journal.append(fault_line(InternalError("features", "KeyError")))
    journal.close()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    code, out, _ = run("doctor", "--home", home, "--policy", broken, "--json")
    found = checks(out)
    assert code == 1
    assert {topic for topic, check in found.items() if check["state"] == "finding"} == {
        "policy",
        "internal errors",
        "traces",
        "metrics",
    }
    assert "broken.yaml:4:5" in found["policy"]["text"]
    assert found["internal errors"]["text"] == "features: KeyError, 1 times"
    (home / "receipts.sqlite").write_text("nonsense" * 200)
    code, out, _ = run("doctor", "--home", home)
    assert (code, out.splitlines()[-1]) == (1, "3 to mend. But no provider key was found: see `keys`.")


def test_a_home_that_is_not_there_yet_is_no_finding(run: Run, home: Path) -> None:
    """Doctor makes nothing, and says that nothing is there."""
    code, out, _ = run("doctor", "--home", home / "later", "--json")
    assert (code, checks(out)["home"]["state"]) == (0, "note")
    assert not (home / "later").exists()


def test_help_lists_commands_and_imports_none(run: Run) -> None:
    """Commands are found by their files; a typing error is bad input."""
    code, out, _ = run("--help")
    assert code == 0
    assert {"demo", "doctor", "explain", "list", "run", "trace"} <= set(out.split())
    assert run("list", "--help")[0] == 0
    assert run("lsit")[0] == 2
    assert run()[0] == 2
    assert run("--version")[:2] == (0, f"waypost {__version__}\n")


def test_a_command_imports_only_itself() -> None:
    """`waypost list` starts without the SDKs, the demo or YAML."""
    program = (
        "import sys; from waypost.surfaces.cli.main import main\n"
        "try: main(['list', '--home', '/nonexistent'])\n"
        "finally: print([name for name in sys.modules if name in {'openai', 'yaml', 'waypost.surfaces.cli.demo'}])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n"


def test_a_reader_that_has_enough_is_no_error(home: Path) -> None:
    """`waypost list | head -1` ends quietly."""
    command = f"{sys.executable} -m waypost explain --home {home} {PROVED} --json | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_a_home_that_may_only_be_read_shows_its_store(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An auditor's copy, whose journals belong to another user: what has been read before is listed, and it is said
    that the rest is not."""
    assert run("list", "--home", home)[0] == 0
    kept = os.access
    monkeypatch.setattr(os, "access", lambda place, mode: mode != os.W_OK and kept(place, mode))

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied", str(home / "journal" / "x.jsonl"))

    monkeypatch.setattr("waypost.adapters.stores.sqlite.SqliteStore.fold", refused)
    code, out, err = run("list", "--home", home)
    assert (code, len(out.splitlines())) == (0, 5)
    assert "that nobody has read yet, are left out: copy the directory to where it can be written" in err


def test_of_several_calls_of_one_id_the_newest_is_shown_and_the_others_are_named(run: Run, tmp_path: Path) -> None:
    """A request id is the caller's own; nobody is to take one call for another (S2.19)."""
    journal = Journal(tmp_path / "journal")
    receipts = ["wp_" + letter * 32 for letter in "abc"]
    for number, receipt in enumerate(receipts):
        call = started(receipt, T0 + number * SECOND, request_id="req-7")
        attempting, settled = single(call, response_id=f"chatcmpl-{number}")
        journal.append(attempt_line(attempting, str))
        journal.append(settled_line(settled, str))
    code, out, err = run("trace", "req-7", "--home", tmp_path)
    assert (code, receipts[2] in out) == (0, True)
    assert err == (
        f"waypost: 'req-7' is the id of several calls; this is {receipts[2]}, the newest; "
        f"others: {receipts[1]}, {receipts[0]}\n"
    )
    assert run("trace", "chatcmpl-0", "--home", tmp_path)[2] == ""
    assert run("trace", receipts[0], "--home", tmp_path)[2] == ""


def test_a_trace_ends_with_its_end(run: Run, tmp_path: Path) -> None:
    """The call ended with its only attempt; that nobody was left was decided a moment later, and stands before it."""
    journal = Journal(tmp_path / "journal")
    journal.append(attempt_line(ATTEMPTING, str))
    nobody = replace(DECIDED, at_ns=T0 + 2 * SECOND, hop=2, decision=replace(DECIDED.decision, order=(), selected=None))
    failed = SETTLED.attempts[0]
    settlement = replace(
        SETTLED.settlement, outcome="error", ended_ns=failed.attempt.ended_ns, attempts=(failed.attempt,)
    )
    journal.append(settled_line(replace(SETTLED, decided=nobody, attempts=(failed,), settlement=settlement), str))
    code, out, err = run("trace", ATTEMPTING.started.receipt, "--home", tmp_path, "--json")
    assert (code, err) == (0, "")
    steps = json.loads(out)["steps"]
    assert [step["step"] for step in steps][-3:] == ["failed", "decided", "settled"]
    assert [step["at_ns"] for step in steps] == sorted(step["at_ns"] for step in steps)
