"""``waypost catalog``: check, diff, show and update, through the real entry point."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from waypost.adapters.prices import genai_prices
from waypost.adapters.prices.genai_prices import Listing
from waypost.runtime.catalogs import load_catalog, packaged_catalog
from waypost.surfaces.cli.main import main

AT = ("--at", "2026-11-21T17:00")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packaged catalog with one price raised, in a file of one's own."""
    text = packaged_catalog().read_text()
    old = "prices: [{input: 2.50, cached_input: 1.25, output: 10.00}]"
    assert text.count(old) == 1
    file = tmp_path / "mine.yaml"
    file.write_text(text.replace(old, "prices: [{input: 3.00, cached_input: 1.25, output: 10.00}]  # ours"))
    return file


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """The packaged catalog has no contradiction, and no price older than the limit on its own day."""
    assert main(["catalog", "check", "--today", "2026-11-21"]) == 0
    assert capsys.readouterr().out == (
        f"{len(load_catalog())} targets of packaged on 2026-11-21: nothing is stale and nothing contradicts itself.\n"
    )


def test_check_finds_what_got_old(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, one line a target; JSON has the same."""
    assert main(["catalog", "check", "--today", "2027-08-01", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "catalog-check/v1"
    assert {finding["kind"] for finding in document["findings"]} == {"stale"}
    assert main(["catalog", "check", "--today", "tomorrow"]) == 2
    assert capsys.readouterr().err == "waypost catalog check: --today: 'tomorrow' is not a day; write 2026-11-21\n"


def test_diff_is_in_words(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against the packaged catalog by default; nothing differs from itself."""
    assert main(["catalog", "diff", str(copy)]) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert first == "~ openai/gpt-4o: price.input: 2.5 USD/MTok -> 3 USD/MTok"
    assert last.endswith(": 1 difference.")
    assert main(["catalog", "diff", str(copy), str(copy)]) == 0


def test_update_shows_first_and_writes_only_when_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff comes before anything is written; comments and all other lines stay as they are."""
    before = copy.read_text()
    assert main(["catalog", "update", str(copy), *AT]) == 1
    out = capsys.readouterr().out
    assert out.startswith("~ openai/gpt-4o: price.input: 3 USD/MTok -> 2.5 USD/MTok\n")
    assert "nothing written; --write writes it" in out
    assert copy.read_text() == before
    assert main(["catalog", "update", str(copy), *AT, "--write"]) == 1
    after = copy.read_text()
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert changed == ["    prices: [{input: 2.5, cached_input: 1.25, output: 10}]  # ours"]
    capsys.readouterr()
    assert main(["catalog", "update", str(copy), *AT]) == 0


def test_a_new_price_stands_before_the_dated_ones(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in force before stays beside it, with all comments, and calls of that time keep their price."""
    listing = Listing("openai/o3", "[{input: 1.5, output: 7, above: [{tokens: 9000, input: 3, output: 8}]}]")
    monkeypatch.setattr(genai_prices, "differing", lambda *_: iter([listing]))
    assert main(["catalog", "update", str(copy), *AT, "--write"]) == 1
    assert "~ openai/o3: price.input: 2 USD/MTok -> 1.5 USD/MTok\n" in capsys.readouterr().out
    lines = copy.read_text().splitlines()
    at = lines.index("      - {since: 2025-06-10, input: 2.00, cached_input: 0.50, output: 8.00}")
    assert lines[at - 2 : at] == [
        "    prices:",
        "      - {since: 2026-11-21, input: 1.5, output: 7, above: [{tokens: 9000, input: 3, output: 8}]}",
    ]
    assert [price.since for price in load_catalog(copy).targets[load_catalog(copy).index["openai/o3"]].prices] == [
        "2026-11-21", "2025-06-10", "2025-04-16",
    ]  # fmt: skip


def test_show_lists_and_explains(capsys: pytest.CaptureFixture[str]) -> None:
    """S2.12: every fact of a target with where it comes from; a provider's targets; an alias leads on."""
    assert main(["catalog", "show", "gpt-4-mini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "openai/gpt-4o-mini"
    assert any(
        line.split() == ["price.input", "0.15", "USD/MTok", "(genai-prices,", "2026-11-21,", "source)"]
        for line in lines
    )
    assert main(["catalog", "show", "groq", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["targets"]
    assert {row["endpoint"] for row in rows} == {"groq"}
    assert main(["catalog", "show", "opnai"]) == 2
    assert "did you mean 'openai'?" in capsys.readouterr().err
