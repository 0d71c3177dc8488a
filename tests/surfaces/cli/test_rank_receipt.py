"""`waypost rank --receipt`: a call of the past decided once more (S2.16)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from receipt_cases import DECIDED, QUESTION, RECEIPT, SECOND, SNAPSHOT, T0, single, started
from tools_runner import Run, runner
from waypost.adapters.stores.journal import Journal
from waypost.adapters.stores.objects import ObjectStore
from waypost.core.model.question import Narrow
from waypost.core.model.receipt_lines import attempt_line, settled_line
from waypost.core.policy.decide import decide
from waypost.runtime import bundle, settings

LOST = "wp_" + "cd" * 16
CHEAP = "waypost: policy/v1\nname: cheap\nrank: cheapest\n"


@pytest.fixture(scope="module")
def packaged() -> bundle.Bundle:
    """The packaged policy over the packaged catalog."""
    return bundle.load(settings.read({}))


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, packaged: bundle.Bundle
) -> Run:
    """The command line beside a home with a call that can be decided again, and one whose policy is lost."""
    plan = packaged.routes.plans[0]
    call = started(RECEIPT, T0, policy_fingerprint=plan.policy.fingerprint, catalog=plan.catalog.fingerprint)
    decision = decide(plan, QUESTION, SNAPSHOT, bytes.fromhex(RECEIPT[3:]), frozenset())
    journal = Journal(tmp_path / ".waypost" / "journal")
    for each in (call, started(LOST, T0 + SECOND)):
        decided = replace(
            DECIDED, started=each, decision=decision, target_of=lambda index: plan.catalog.targets[index].id
        )
        attempting, settled = single(each)
        journal.append(attempt_line(replace(attempting, decided=decided), str))
        journal.append(settled_line(settled, str))
    journal.close()
    bundle.keep(packaged, ObjectStore(tmp_path / ".waypost" / "objects"))
    (tmp_path / "cheap.yaml").write_text(CHEAP, encoding="utf-8")
    return runner(capsys, monkeypatch, tmp_path)


def test_the_same_decision_is_confirmed_from_the_store_alone(run: Run) -> None:
    """S2.16: months later, by the policy and the catalog of its fingerprints, without inference."""
    code, out, err = run("rank", "--receipt", RECEIPT[:10])
    document = json.loads(run("rank", "--receipt", RECEIPT, "--json")[1])

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == (f"The same decision as on receipt {RECEIPT}, in every rejection and every score.")
    assert document["recorded"] == {
        "receipt": RECEIPT,
        "selected": document["selected"],
        "same": True,
        "exact": True,
    }


def test_another_policy_shows_who_would_have_answered(run: Run) -> None:
    """Exit code 1 where that is somebody else."""
    code, out, _ = run("rank", "--receipt", RECEIPT, "--policy", "cheap.yaml")
    recorded = json.loads(run("rank", "--receipt", RECEIPT, "--json")[1])["selected"]

    assert code == 1
    assert out.startswith("policy cheap ")
    assert out.splitlines()[-1] == f"Another target: receipt {RECEIPT} has {recorded}."


def test_the_same_target_for_another_reason_is_no_finding(run: Run) -> None:
    """A policy of the same meaning has another fingerprint, hence another decision."""
    Path("mine.yaml").write_text("waypost: policy/v1\nname: mine\nextends: default\n", encoding="utf-8")
    code, out, _ = run("rank", "--receipt", RECEIPT, "--policy", "mine.yaml")

    assert code == 0
    assert out.splitlines()[-1].startswith(f"The same target: receipt {RECEIPT} has ")


def test_a_fingerprint_stands_in_for_one_of_the_two(run: Run, packaged: bundle.Bundle) -> None:
    """--at names a stored policy for a call whose own is lost; its catalog, lost too, is the one in force."""
    code, out, _ = run("rank", "--receipt", LOST, "--at", packaged.routes.plans[0].policy.fingerprint, "--json")
    document = json.loads(out)

    assert code == 0
    assert document["policy"]["name"] == "default"
    assert (document["recorded"]["same"], document["recorded"]["exact"]) == (True, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((LOST,), f"waypost rank: {LOST}: its policy or its catalog is not in the object store; name others by "),
        (("wp_99",), "waypost rank: no receipt, request or response has the id 'wp_99'; "),
        ((RECEIPT, "--task", "debugging"), "waypost rank: --receipt: it has a call already; leave out the call's file"),
        ((RECEIPT, "--seed", "00"), "waypost rank: --receipt: it has a call already; leave out the call's file"),
    ],
)
def test_what_cannot_be_decided_again_is_bad_input(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2 with the remedy."""
    code, out, err = run("rank", "--receipt", *words)

    assert (code, out) == (2, "")
    assert err.startswith(said)


def test_a_call_that_nobody_answered_is_the_same_again(run: Run, packaged: bundle.Bundle, tmp_path: Path) -> None:
    """Exit code 1 says that something differs, not that there is nobody: a replayed refusal is no finding."""
    plan, refused = packaged.routes.plans[0], "wp_" + "ef" * 16
    call = started(refused, T0, policy_fingerprint=plan.policy.fingerprint, catalog=plan.catalog.fingerprint)
    asked = replace(QUESTION, context=replace(QUESTION.context, narrow=Narrow(only=("nobody",))))
    decision = decide(plan, asked, SNAPSHOT, bytes.fromhex(refused[3:]), frozenset())
    decided = replace(DECIDED, started=call, question=asked, decision=decision)
    settled = replace(single(call)[1], question=asked, decided=decided, attempts=())
    journal = Journal(tmp_path / ".waypost" / "journal")
    journal.append(settled_line(settled, str))
    journal.close()

    code, out, err = run("rank", "--receipt", refused)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith(f"The same decision as on receipt {refused}, ")
    assert run("rank", "--receipt", refused, "--policy", "cheap.yaml")[0] == 0
