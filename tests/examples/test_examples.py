"""Every example runs as it is printed, against the emulated providers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from waypost.surfaces.demo.emulator import Emulator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def providers() -> Iterator[Emulator]:
    """One emulator for all examples."""
    with Emulator() as emulator:
        yield emulator


def run(providers: Emulator, name: str | Path, home: Path) -> list[str]:
    """The lines that an example prints; a path stands for itself."""
    env = {key: value for key, value in os.environ.items() if not key.endswith("_API_KEY") and "WAYPOST" not in key}
    env.update(providers.environment(), WAYPOST_HOME=str(home), NO_PROXY="127.0.0.1", PYTHONIOENCODING="utf-8")
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, env=env, cwd=home.parent, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short(path: Path) -> None:
    """At most 40 lines, and a docstring that says what it shows."""
    text = path.read_text()

    assert len(text.splitlines()) <= 40
    assert text.startswith('"""')


def test_quickstart(providers: Emulator, tmp_path: Path) -> None:
    """S1.01: one line more than without Waypost, and the answer is there with its receipt."""
    answer, receipt = run(providers, "quickstart.py", tmp_path / "home")

    assert re.fullmatch(r"[\w.-]+: The capital of France is Paris\.", answer)
    assert not answer.startswith("auto:")
    assert re.fullmatch(r"Receipt (wp_[0-9a-f]{32}); see it with: waypost explain \1", receipt)


def test_stream(providers: Emulator, tmp_path: Path) -> None:
    """A receipt is open while its stream runs."""
    before, text, after = run(providers, "02_stream.py", tmp_path / "home")

    assert before == "before the first chunk: open"
    assert text.startswith("OpenTelemetry is one open standard")
    assert after == "after the last chunk: ok"


def test_async_fallback(providers: Emulator, tmp_path: Path) -> None:
    """S2.08: of three questions at once one meets a failing provider and is answered by the next candidate."""
    providers.fail(503)
    lines = run(providers, "03_async_fallback.py", tmp_path / "home")

    assert [line for line in lines if not line.startswith("  ")] == [
        "The capital of France is Paris.",
        "A capital do Brasil é Brasília, desde 21 de abril de 1960.",
        "A leap year has 366 days; the extra one is February 29.",
    ]
    assert sum(" (failed) -> " in line for line in lines) == 1


def test_explain(providers: Emulator, tmp_path: Path) -> None:
    """S2.01: a concrete name runs unchanged, and the explanation says what would have been chosen."""
    lines = run(providers, "04_explain.py", tmp_path / "home")

    assert re.fullmatch(r"answered by openai/gpt-4o, the policy would have chosen \S+/\S+", lines[-2])
    assert "rule.simple-work" in lines[-1]


def test_context_and_policy(providers: Emulator, tmp_path: Path) -> None:
    """A department decides the rule that matches."""
    research, support = run(providers, "05_context_and_policy.py", tmp_path / "home")

    assert re.fullmatch(r"rd: \S+ by rule research", research)
    assert re.fullmatch(r"support: \S+ by rule others", support)


def test_six_queries(providers: Emulator, tmp_path: Path) -> None:
    """S0.06: the demo's program also runs by itself."""
    lines = run(providers, "six_queries.py", tmp_path / "home")

    assert [line.partition(":")[0] for line in lines] == [
        f"[Query {kind}_{number}] {model}"
        for kind, number, model in [
            ("simple", 1, "gpt-5.4-nano"),
            ("simple", 2, "gpt-5.4-nano"),
            ("simple", 3, "gpt-5.4-nano"),
            ("complex", 1, "o3"),
            ("complex", 2, "claude-opus-5"),
            ("complex", 3, "claude-opus-5"),
        ]
    ]


def test_the_readmes_block(providers: Emulator, tmp_path: Path) -> None:
    """What the README shows is what runs."""
    (block,) = re.findall(r"```python\n(.*?)```", (EXAMPLES.parent / "README.md").read_text(), re.DOTALL)
    script = tmp_path / "readme.py"
    script.write_text(block)
    lines = run(providers, script, tmp_path / "home")

    assert len(block.splitlines()) <= 10
    assert re.fullmatch(r"[\w.-]+", lines[0])
    assert lines[0] != "auto"
    assert len(lines) > 10


def test_anthropic(providers: Emulator, tmp_path: Path) -> None:
    """S1.01, S5.04: a message, a stream and a tool of the Anthropic SDK, none of them answered by Anthropic."""
    answer, streamed, called, by = run(providers, "07_anthropic.py", tmp_path / "home")

    assert re.fullmatch(r"Message of (?!claude)[\w.-]+: The capital of France is Paris\.", answer)
    assert streamed.startswith("streamed: OpenTelemetry is one open standard")
    assert called == "calls weather with ['city']"
    assert re.fullmatch(r"answered by (?!anthropic)\w+/\S+", by)


def test_google(providers: Emulator, tmp_path: Path) -> None:
    """S1.01, S5.04: an answer, a stream and a chat of the Google Gen AI SDK, none of them answered by Google."""
    answer, streamed, chatted, by = run(providers, "08_google.py", tmp_path / "home")

    assert re.fullmatch(r"GenerateContentResponse of (?!gemini)[\w.-]+: The capital of France is Paris\.", answer)
    assert streamed.removeprefix("streamed: ") == chatted.removeprefix("chatted: ")
    assert chatted.startswith("chatted: OpenTelemetry is one open standard")
    assert re.fullmatch(r"answered by (?!google)\w+/\S+", by)


def test_responses(providers: Emulator, tmp_path: Path) -> None:
    """S1.01, S5.03: responses that are not stored cross; one that is stays at home."""
    answer, streamed, stored, by = run(providers, "09_responses.py", tmp_path / "home")

    assert re.fullmatch(r"Response of (?!gpt|o\d)[\w.-]+: The capital of France is Paris\.", answer)
    assert streamed.startswith("streamed: OpenTelemetry is one open standard")
    assert stored == "stored at home: openai/gpt-4o-mini"
    assert re.fullmatch(r"answered by (?!openai)\w+/\S+", by)


@pytest.mark.parametrize("name", ["07_anthropic.py", "08_google.py", "09_responses.py"])
def test_an_sdks_example_reads_as_a_notebook(name: str) -> None:
    """Cells (`# %%`, as editors and Jupytext read them), each with a sentence that says what it shows."""
    cells = re.findall(r"(?m)^# %% (.*)$", (EXAMPLES / name).read_text())

    assert len(cells) >= 4
    assert all(cell.endswith(".") and len(cell.split()) > 5 for cell in cells)
