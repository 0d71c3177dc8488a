"""`waypost doctor` before anything works: no key, moved addresses, misspelt variables, a home that is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from waypost.surfaces.cli import main as cli

Doctor = Callable[..., tuple[int, str]]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Doctor:
    """Runs the command without any variable of the surroundings: exit code and output."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "OTEL_")) or name.endswith(("_API_KEY", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        code = cli.main(["doctor", *words])
        return code, capsys.readouterr().out

    return call


def checks(doctor: Doctor, *words: str) -> list[dict[str, Any]]:
    """The checks of the JSON document."""
    found: list[dict[str, Any]] = json.loads(doctor("--json", *words)[1])["checks"]
    return found


def test_misspelt_variables_are_findings_with_what_was_meant(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reads them, so nobody else would say it."""
    monkeypatch.setenv("WAYPOST_POLCY", "my.yaml")
    monkeypatch.setenv("WAYPOST_Q", "1")
    found = [check for check in checks(doctor) if check["topic"] == "variable"]

    assert doctor()[0] == 1
    assert [check["state"] for check in found] == ["finding", "finding"]
    assert found[0]["text"] == "WAYPOST_POLCY is ignored, because no such setting is known"
    assert found[0]["remedy"] == "did you mean WAYPOST_POLICY?"
    assert found[1]["remedy"].startswith("known: WAYPOST_CATALOG, WAYPOST_CONSOLE, ")


def test_switching_on_says_once_what_it_ignores(tmp_path: Path) -> None:
    """One line on the logger, however often auto_instrument() is called."""
    program = "import waypost; waypost.auto_instrument(); waypost.auto_instrument(mode='observe')"
    env = {**os.environ, "WAYPOST_HOME": str(tmp_path / "home"), "WAYPOST_POLCY": "x", "WAYPOST_Q": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.stderr == (
        "Waypost ignores what is none of its settings: WAYPOST_POLCY (did you mean WAYPOST_POLICY?), WAYPOST_Q; "
        "unset it, or mend its name\n"
    )


def test_without_any_key_it_says_what_was_looked_for_and_what_happens(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No finding, because a program may hold its key itself; but never just "Nothing to mend."."""
    code, out = doctor()
    text = next(check["text"] for check in checks(doctor) if check["topic"] == "keys")

    assert (code, out.splitlines()[-1]) == (0, "Nothing to mend. But no provider key was found: see `keys`.")
    assert text.startswith("no provider key was found; looked for ANTHROPIC_API_KEY, AZURE_OPENAI_API_KEY, ")
    assert "provider.credentials" in text
    monkeypatch.setenv("GROQ_API_KEY", "x")
    assert doctor()[1].splitlines()[-1] == "Nothing to mend."
    assert "keys" not in {check["topic"] for check in checks(doctor)}


@pytest.mark.parametrize(
    ("variable", "value", "endpoint", "text"),
    [
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1", "openai", "http://127.0.0.1:9/v1"),
        ("ANTHROPIC_BASE_URL", "https://me:pw@proxy.test/a?key=s#f", "anthropic", "https://proxy.test/a"),
        ("GOOGLE_GEMINI_BASE_URL", "https://g.test", "google", "https://g.test"),
        ("OLLAMA_BASE_URL", "http://localhost:11434/v1", "ollama", "http://localhost:11434/v1"),
    ],
)
def test_a_moved_endpoint_says_where_to(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, endpoint: str, text: str
) -> None:
    """Per endpoint, by which variable, and without the credentials that an address may hold."""
    monkeypatch.setenv(variable, value)
    found = {check["topic"]: check["text"] for check in checks(doctor)}

    assert found[f"endpoint {endpoint}"].endswith(f"; moved to {text} by {variable}")
    assert [name for name, said in found.items() if "moved" in said] == [f"endpoint {endpoint}"]


def test_an_address_that_no_endpoint_of_the_catalog_has_is_told_too(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a catalog of one's own the SDK still follows its variable."""
    packaged = Path(__file__).resolve().parents[3] / "policies" / "catalog.yaml"
    (tmp_path / "c.yaml").write_text(packaged.read_text().replace("    base_url_env: OPENAI_BASE_URL\n", ""))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    found = {check["topic"]: check["text"] for check in checks(doctor, "--catalog", "c.yaml")}

    assert found["address"] == "no endpoint of the catalog; moved to http://127.0.0.1:9/v1 by OPENAI_BASE_URL"


@pytest.mark.parametrize("value", ["secret-and-no-address", "http://[secret", "http://x:y"])
@pytest.mark.parametrize(
    ("variable", "topic"), [("GROQ_BASE_URL", "endpoint groq"), ("OPENAI_BASE_URL", "endpoint openai")]
)
def test_an_endpoint_moved_to_no_address_is_to_be_mended(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, variable: str, topic: str, value: str
) -> None:
    """No call reaches it, key or none; what the variable holds may be a secret and is not shown."""
    monkeypatch.setenv(variable, value)
    found = next(check for check in checks(doctor) if check["topic"] == topic)
    code, out = doctor()

    assert (code, found["state"]) == (1, "finding")
    assert found["text"].endswith(f"; moved to what is no http(s) address by {variable}")
    assert found["remedy"] == f"write {variable} as http(s)://host/path, or unset it"
    assert value not in out


def test_an_address_that_no_endpoint_has_and_is_none_is_to_be_mended_too(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The SDK reads the variable, whatever the catalog says."""
    packaged = Path(__file__).resolve().parents[3] / "policies" / "catalog.yaml"
    (tmp_path / "c.yaml").write_text(packaged.read_text().replace("    base_url_env: OPENAI_BASE_URL\n", ""))
    monkeypatch.setenv("OPENAI_BASE_URL", "notaurl")
    found = {check["topic"]: check["state"] for check in checks(doctor, "--catalog", "c.yaml")}

    assert found["address"] == "finding"


@pytest.mark.parametrize("name", ["openai", "anthropic", "google-genai"])
def test_every_sdk_whose_calls_are_routed_is_ok(doctor: Doctor, name: str) -> None:
    """S6.01: what is patched is not said to leave no receipts."""
    found = next(check for check in checks(doctor) if check["topic"] == f"sdk {name}")
    assert (found["state"], found["text"]) == ("ok", metadata.version(name))


def test_a_file_in_the_place_of_the_home_is_a_finding(doctor: Doctor, tmp_path: Path) -> None:
    """It is not "not there yet", and nothing can be written into it."""
    (tmp_path / "file").touch()
    home = next(check for check in checks(doctor, "--home", "file") if check["topic"] == "home")

    assert (home["state"], home["text"]) == ("finding", "file: is a file, not a directory")
    assert home["remedy"] == "set WAYPOST_HOME or --home to a directory"


def test_a_policy_that_does_not_load_is_told_to_be_mended_once(doctor: Doctor) -> None:
    """The mark says MEND; the remedy is the error's own."""
    said = " ".join(doctor("--policy", "none.yaml")[1].split())

    assert "there is no file 'none.yaml'; check the path; auto_instrument() raises the same error" in said
    assert "mend it" not in said


def test_policies_that_all_have_a_match_are_noted(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """S2.02: which one decides the calls that match none, and what to do about it."""
    policies = Path(__file__).resolve().parents[3] / "policies"
    rd, hr, default = (str(policies / f"{name}.yaml") for name in ("rd", "hr", "default"))
    monkeypatch.setenv("WAYPOST_POLICY", os.pathsep.join((rd, hr)))
    noted = [check for check in checks(doctor) if check["topic"] == "policy" and check["state"] == "note"]
    monkeypatch.setenv("WAYPOST_POLICY", os.pathsep.join((rd, hr, default)))

    assert [check["text"] for check in noted] == [
        "every policy has a `match`: calls that match none are decided by the last one, 'hr'"
    ]
    assert not [check for check in checks(doctor) if check["topic"] == "policy" and check["state"] == "note"]


@pytest.mark.parametrize(
    ("body", "topic"),
    [
        ("budgets: [{scope: user, limit: 5 USD/day}]", "budgets"),
        ("limits: [{scope: user, requests: 60/min}]", "limits"),
        ("budgets: [{scope: all, limit: 5 USD/day}]\nlimits: [{scope: user, tokens: 1k/min}]", "budgets and limits"),
        ("filter: [quality >= 0.1]", None),
    ],
)
def test_counts_that_each_process_keeps_are_noted(doctor: Doctor, tmp_path: Path, body: str, topic: str | None) -> None:
    """S6.09: who relies on a budget learns that several workers do not share it; who has none reads nothing of it."""
    (tmp_path / "p.yaml").write_text(f"waypost: policy/v1\nname: spent\n{body}\n")
    found = [check for check in checks(doctor, "--policy", "p.yaml") if "counted in the memory" in check["text"]]
    assert [(check["topic"], check["state"], check["text"]) for check in found] == (
        []
        if topic is None
        else [
            (
                topic,
                "note",
                f"policy spent: {topic} are counted in the memory of each process, from zero when it starts; "
                "several processes count apart, so that four workers may use four times as much",
            )
        ]
    )


def test_the_advisors_of_policies_are_named(doctor: Doctor, tmp_path: Path) -> None:
    """S1.38: with their versions and the policies that ask them; nothing where none does."""
    (tmp_path / "p.yaml").write_text("waypost: policy/v1\nname: mine\nrank: heuristic\n", encoding="utf-8")
    found = [check["text"] for check in checks(doctor, "--policy", "p.yaml") if check["topic"] == "advisor"]

    assert found == ["heuristic (heuristic/1), asked by mine"]
    assert not any(check["topic"] == "advisor" for check in checks(doctor))
