"""The demo's choices are computed from policy and catalog: each query by its id, again after a price has changed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NANO = "openai/gpt-5.4-nano"
IDS = ["simple_1", "simple_2", "simple_3", "complex_1", "complex_2", "complex_3"]


def demo(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """One run of `waypost demo`."""
    command = [sys.executable, "-m", "waypost", "demo", "--home", str(home), *args]
    return subprocess.run(command, cwd=home.parent, capture_output=True, text=True, timeout=120, check=False)


def told(home: Path, *args: str) -> Any:
    """The JSON document of one run."""
    done = demo(home, "--json", *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def chosen(document: Any) -> dict[str, str]:
    """Target by query id."""
    return {row["id"]: row["target"] for row in document["queries"]}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The demo as it comes."""
    return told(tmp_path_factory.mktemp("demo") / "home")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The demo as a person sees it."""
    done = demo(tmp_path_factory.mktemp("printed") / "home")
    assert done.returncode == 0, done.stderr
    return done.stdout


def repriced(folder: Path, target: str, before: str, after: str) -> Path:
    """A copy of the packaged catalog with one target's price list changed."""
    lines = (ROOT / "policies" / "catalog.yaml").read_text().splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.strip() == f"{target}:")
    price = next(number for number in range(start, start + 8) if "prices:" in lines[number])
    assert before in lines[price]
    lines[price] = lines[price].replace(before, after)
    copy = folder / "catalog.yaml"
    copy.write_text("".join(lines))
    return copy


def test_each_query_goes_where_the_policy_says(usual: Any) -> None:
    """S0.31, S0.09: per id, simple ones to the cheap model and complex ones to strong ones, not only a count."""
    assert chosen(usual) == {
        "simple_1": NANO,
        "simple_2": NANO,
        "simple_3": NANO,
        "complex_1": "openai/o3",
        "complex_2": "anthropic/claude-opus-5",
        "complex_3": "anthropic/claude-opus-5",
    }
    assert [(row["id"], row["rule"]) for row in usual["queries"]] == [
        ("simple_1", "simple-questions"),
        ("simple_2", "simple-questions"),
        ("simple_3", "simple-questions"),
        ("complex_1", "hard-bugs"),
        ("complex_2", "system-design"),
        ("complex_3", "hard-thinking"),
    ]
    assert {row["asked"] for row in usual["queries"]} == {"auto"}


def test_a_dearer_price_moves_the_simple_queries(usual: Any, tmp_path: Path) -> None:
    """Issue 3, point 2: nothing is scripted; ten times the price of the winner, and the next one wins."""
    catalog = repriced(tmp_path, NANO, "input: 0.20, cached_input: 0.02, output: 1.25", "input: 2.00, output: 12.50")
    changed = chosen(told(tmp_path / "home", "--catalog", str(catalog)))

    assert {name: changed[name] for name in IDS[:3]} == dict.fromkeys(IDS[:3], "openai/gpt-5-nano")
    assert {name: changed[name] for name in IDS[3:]} == {name: chosen(usual)[name] for name in IDS[3:]}


def test_a_lower_price_wins_a_complex_query(usual: Any, tmp_path: Path) -> None:
    """The other way round, and across vendors: a cheaper o1 takes the bug, and nothing else changes."""
    catalog = repriced(
        tmp_path, "openai/o1", "input: 15.00, cached_input: 7.50, output: 60.00", "input: 0.02, output: 0.05"
    )
    changed = chosen(told(tmp_path / "home", "--catalog", str(catalog)))

    assert changed["complex_1"] == "openai/o1"
    assert {name: changed[name] for name in IDS[:3]} == {name: chosen(usual)[name] for name in IDS[:3]}


def test_another_vendor_answers_in_the_callers_types(usual: Any) -> None:
    """S1.04: the Anthropic model's text arrives through the OpenAI SDK, whole."""
    row = next(row for row in usual["queries"] if row["id"] == "complex_3")

    assert row["target"].startswith("anthropic/")
    assert row["answered_model"] == "claude-opus-5"
    assert row["response"].startswith("Suppose sqrt(2) = p/q in lowest terms.")
    assert row["response"].endswith("so p*p = n*q*q is impossible.")


def test_answers_fit_their_questions(usual: Any) -> None:
    """The emulator does not say the same to everybody."""
    said = {row["id"]: row["response"] for row in usual["queries"]}

    assert said["simple_1"] == "The capital of France is Paris."
    assert said["simple_2"].startswith("A capital do Brasil é Brasília")
    assert len(set(said.values())) == 6


def test_costs_stand_beside_the_baseline(usual: Any) -> None:
    """S2.10: every call has its cost and what one strong model for all would have cost; the summary adds them up."""
    rows = [*usual["queries"], usual["streamed"], usual["fallback"]]
    summary = usual["summary"]

    assert {row["baseline"] for row in rows} == {"openai/gpt-5.5"}
    assert all(0 < row["cost"] < row["baseline_cost"] for row in usual["queries"])
    assert summary["cost"] == sum(row["cost"] for row in rows)
    assert summary["baseline_cost"] == sum(row["baseline_cost"] for row in rows)
    assert summary["calls"] == 8
    assert sum(summary["models"].values()) == 8


def test_the_stream_arrives_whole(usual: Any) -> None:
    """A streamed call is routed and settled like any other."""
    row = usual["streamed"]

    assert row["response"].startswith("OpenTelemetry is one open standard")
    assert row["response"].endswith("can go to any backend.")
    assert row["cost"] > 0


def test_the_fallback_answers_after_one_failure(usual: Any) -> None:
    """S2.08: the first choice failed once with 503, the next candidate answered."""
    row = usual["fallback"]

    assert row["tried"] == [f"{NANO}: 503 overloaded"]
    assert row["target"] == "openai/gpt-5-nano"
    assert row["response"].startswith("The Pacific Ocean")


def test_the_audit_trail_has_a_row_a_call(usual: Any) -> None:
    """S0.10, S0.11: one JSON row per decision, in the file that the summary names."""
    rows = [json.loads(line) for line in Path(usual["audit"]).read_text().splitlines()]

    assert Path(usual["audit"]).name == "routing_audit.jsonl"
    assert [row["receipt"] for row in rows] == [
        *[row["receipt"] for row in usual["queries"]],
        usual["streamed"]["receipt"],
        usual["fallback"]["receipt"],
    ]


@pytest.mark.parametrize("name", IDS)
def test_a_person_sees_each_query(printed: str, name: str) -> None:
    """S0.08: query, decision, session and response, under these labels and in this order."""
    block = printed.partition(f"[Query {name}] ")[2].partition("[Query ")[0]
    labels = re.findall(r"^\[(.*?)\]", block, re.MULTILINE)

    assert labels == ["Router Decision", "Why", "Cost", "Session ID", "Response"]


def test_a_person_sees_why_and_where_to_look(printed: str) -> None:
    """S2.01, S0.10: one receipt in full with its rejected candidates, the counts, and commands to paste."""
    assert "openai/gpt-4o-mini" in printed
    assert "on the list of rule system-design" in printed
    assert re.search(rf"{re.escape(NANO)} +4\n", printed)
    assert re.search(r"Audit trail saved to: .*/routing_audit\.jsonl\n", printed)
    assert re.findall(r"^  \S*waypost (\w+) ", printed, re.MULTILINE) == [
        "list",
        "explain",
        "explain",
        "trace",
        "demo",
    ]


def test_the_output_fits_a_terminal(printed: str) -> None:
    """At 100 columns nothing wraps: not what the demo says itself, up to the paths at its end."""
    before, _, rest = printed.partition("-- Why: ")
    summary = rest.partition("-- Summary ")[2].partition("Audit trail")[0]

    assert len(summary) > 100
    assert [line for line in (before + summary).splitlines() if len(line) > 100] == []


def test_a_broken_policy_is_told_with_its_place(tmp_path: Path) -> None:
    """A typo ends the demo with file, line and column and exit code 2, before anything has run."""
    policy = tmp_path / "broken.yaml"
    policy.write_text("waypost: policy/v1\nname: broken\nfilter:\n  - qualty >= 0.5\n")
    done = demo(tmp_path / "home", "--policy", str(policy))

    assert done.returncode == 2
    assert f"{policy}:4:5" in done.stderr
    assert "quality" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_query_says_where_its_receipt_is(tmp_path: Path) -> None:
    """As the tutorial has it: a floor that no cheap model reaches."""
    policy = tmp_path / "strict.yaml"
    text = (ROOT / "examples" / "demo-policy.yaml").read_text()
    assert "floor: 0.5" in text
    policy.write_text(text.replace("floor: 0.5", "floor: 0.7"))
    done = demo(tmp_path / "home", "--policy", str(policy))

    assert done.returncode == 1
    assert "no eligible model" in done.stderr
    assert done.stderr.rstrip().endswith(f" list --home {tmp_path / 'home'}")
