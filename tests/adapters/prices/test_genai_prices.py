"""The price list of genai-prices against the packaged catalog, and its lines taken over into a file."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from waypost.adapters.prices.genai_prices import Listing, differing, installed, line
from waypost.core.catalog.table import build_catalog
from waypost.errors import SettingsError
from waypost.runtime.catalogs import load_catalog, read_catalog

CATALOG = load_catalog()
PEAK = datetime(2026, 11, 4, 2, tzinfo=UTC)
STALE = CATALOG.targets[CATALOG.index["openai/gpt-5.5"]]
RATES = "{input: 5, cached_input: 0.5, output: 30, above: [{tokens: 272000, input: 10, cached_input: 1, output: 45}]}"


def test_the_packaged_prices_are_those_of_the_pinned_list() -> None:
    """S2.12: nothing differs."""
    assert list(differing(CATALOG, PEAK)) == []


def test_a_stale_price_comes_in_the_catalogs_own_form() -> None:
    """What it says can be pasted: the loader reads it back to the list's rates."""
    stale = replace(STALE, prices=(replace(STALE.prices[0], output=1),))
    assert list(differing(build_catalog("t", [stale], CATALOG.endpoints), PEAK)) == [
        Listing("openai/gpt-5.5", f"[{RATES}]")
    ]
    text = f"""
waypost: catalog/v1
name: pasted
sources: {{s: {{text: S, as_of: 2026-11-04}}}}
by_default: {{prices: s}}
endpoints: {{openai: {{provider: openai, dialect: openai.chat, base_url: "https://o.example", path: /}}}}
targets: {{"openai/gpt-5.5": {{prices: [{RATES}]}}}}
"""
    assert read_catalog(text, "c.yaml").targets[0].prices[0] == replace(STALE.prices[0], source="s")


def test_a_model_that_left_the_list_has_no_line() -> None:
    """A price whose source no longer has it is to be looked at."""
    gone = replace(STALE, id="openai/gone", model="gone")
    assert list(differing(build_catalog("t", [gone], CATALOG.endpoints), PEAK)) == [Listing("openai/gone", None)]


def test_prices_of_ones_own_are_left_alone() -> None:
    """S5.10: what was negotiated is not the list's business, whatever it says."""
    own = replace(STALE, prices=(replace(STALE.prices[0], input=1, source="contract"),))
    assert list(differing(build_catalog("t", [own], CATALOG.endpoints), PEAK)) == []


def test_the_time_of_day_matters() -> None:
    """Off peak DeepSeek's models cost less than the catalog says; nothing else changes with the hour."""
    assert [item.target for item in differing(CATALOG, datetime(2026, 11, 4, 20, tzinfo=UTC))] == [
        "deepseek/deepseek-chat",
        "deepseek/deepseek-reasoner",
        "deepseek/deepseek-v4-flash",
        "deepseek/deepseek-v4-pro",
    ]
    assert line({0: {}}) == "{}"


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to guess what to install."""
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)
    with pytest.raises(SettingsError, match=r"pip install 'waypost\[prices\]'"):
        installed()
