"""The maintenance tool that compares the catalog's prices with genai-prices."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from waypost.core.catalog.table import build_catalog
from waypost.runtime.catalogs import load_catalog, read_catalog

SCRIPT = Path(__file__).parents[2] / "scripts" / "catalog_from_genai_prices.py"
SPEC = importlib.util.spec_from_file_location("catalog_from_genai_prices", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)

CATALOG = load_catalog()
PEAK = datetime(2026, 11, 4, 2, tzinfo=UTC)


def test_the_packaged_prices_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    """With the pinned version nothing differs; the exit code says so."""
    assert tool.main([]) == 0
    assert capsys.readouterr().out == ""


def test_a_stale_price_is_printed_in_the_catalogs_form() -> None:
    """What it prints can be pasted: the loader reads it back to genai-prices' rates."""
    target = CATALOG.get("openai/gpt-5.5")
    assert target is not None
    stale = replace(target, prices=(replace(target.prices[0], output=1),))
    table = build_catalog("t", [stale], CATALOG.endpoints)
    (line,) = tool.differences(table, PEAK)
    rates = (
        "{input: 5, cached_input: 0.5, output: 30, above: [{tokens: 272000, input: 10, cached_input: 1, output: 45}]}"
    )
    assert line == f"openai/gpt-5.5: [{rates}]"
    text = f"""
waypost: catalog/v1
name: pasted
sources: {{s: {{text: S, as_of: 2026-11-04}}}}
by_default: {{prices: s}}
endpoints: {{openai: {{provider: openai, dialect: openai.chat, base_url: "https://o.example", path: /}}}}
targets: {{"openai/gpt-5.5": {{prices: [{rates}]}}}}
"""
    pasted = read_catalog(text, "c.yaml").targets[0].prices[0]
    assert pasted == replace(target.prices[0], source="s")


def test_a_model_that_left_the_list_is_said() -> None:
    """A price whose source no longer has it is to be looked at."""
    target = CATALOG.get("openai/gpt-5.5")
    assert target is not None
    gone = replace(target, id="openai/gone", model="gone")
    assert list(tool.differences(build_catalog("t", [gone], CATALOG.endpoints), PEAK)) == [
        "openai/gone: unknown to genai-prices"
    ]


def test_the_time_of_day_matters() -> None:
    """Off peak DeepSeek's models cost less than the catalog says; nothing else changes with the hour."""
    differing = [line.partition(":")[0] for line in tool.differences(CATALOG, datetime(2026, 11, 4, 20, tzinfo=UTC))]
    assert differing == [
        "deepseek/deepseek-chat",
        "deepseek/deepseek-reasoner",
        "deepseek/deepseek-v4-flash",
        "deepseek/deepseek-v4-pro",
    ]
    assert tool.row({0: {"input": Decimal("0.10")}}) == "{input: 0.1}"
