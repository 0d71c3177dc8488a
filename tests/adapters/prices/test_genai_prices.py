"""The price list of genai-prices against the packaged catalog, and its lines taken over into a file."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from waypost.adapters.prices.genai_prices import Listing, differing, installed, line
from waypost.core.catalog.table import build_catalog
from waypost.errors import SettingsError
from waypost.runtime.catalogs import load_catalog, read_catalog

CATALOG = load_catalog()
DAY = datetime(2026, 11, 21, 2, tzinfo=UTC)
STALE = CATALOG.targets[CATALOG.index["openai/gpt-5.5"]]
RATES = "{input: 5, cached_input: 0.5, output: 30, above: [{tokens: 272000, input: 10, cached_input: 1, output: 45}]}"


@pytest.mark.parametrize("hour", [0, 2, 5, 12, 17, 21])
def test_the_packaged_prices_are_those_of_the_pinned_list(hour: int) -> None:
    """S2.12: nothing differs, and off peak neither, when DeepSeek asks for half of the standard price."""
    assert list(differing(CATALOG, DAY.replace(hour=hour))) == []


def test_a_day_is_one_of_utc() -> None:
    """A price that begins on the 9th is not in force late on the 8th, whatever the clock at hand says."""
    late = datetime(2026, 11, 9, 1, tzinfo=timezone(timedelta(hours=2)))
    ids = [item.target for item in differing(CATALOG, late)]
    assert ids == [
        "openrouter/deepseek/deepseek-v3.2",
        "openrouter/meta-llama/llama-3.3-70b-instruct",
        "openrouter/minimax/minimax-m2.7",
    ]


def test_a_stale_price_comes_in_the_catalogs_own_form() -> None:
    """What it says can be pasted: the loader reads it back to the list's rates."""
    stale = replace(STALE, prices=(replace(STALE.prices[0], output=1),))
    assert list(differing(build_catalog("t", [stale], CATALOG.endpoints), DAY)) == [
        Listing("openai/gpt-5.5", f"[{RATES}]")
    ]
    text = f"""
waypost: catalog/v1
name: pasted
sources: {{s: {{text: S, as_of: 2026-11-21}}}}
by_default: {{prices: s}}
endpoints: {{openai: {{provider: openai, dialect: openai.chat, base_url: "https://o.example", path: /}}}}
targets: {{"openai/gpt-5.5": {{prices: [{RATES}]}}}}
"""
    assert read_catalog(text, "c.yaml").targets[0].prices[0] == replace(STALE.prices[0], source="s")


def test_a_model_that_left_the_list_has_no_line() -> None:
    """A price whose source no longer has it is to be looked at."""
    gone = replace(STALE, id="openai/gone", model="gone")
    assert list(differing(build_catalog("t", [gone], CATALOG.endpoints), DAY)) == [Listing("openai/gone", None)]


def test_prices_of_ones_own_are_left_alone() -> None:
    """S5.10: what was negotiated is not the list's business, whatever it says."""
    own = replace(STALE, prices=(replace(STALE.prices[0], input=1, source="contract"),))
    assert list(differing(build_catalog("t", [own], CATALOG.endpoints), DAY)) == []


def test_off_peak_prices_are_no_standard_prices() -> None:
    """An hour's price that a file has by mistake is mended at every hour, and with the dearest of the day."""
    flash = CATALOG.targets[CATALOG.index["deepseek/deepseek-v4-flash"]]
    half = replace(flash, prices=(replace(flash.prices[0], input=150_000_000, output=600_000_000),))
    cheap = build_catalog("t", [half], CATALOG.endpoints)
    wanted = [Listing(flash.id, "[{input: 0.3, cached_input: 0.006, output: 1.2}]")]
    assert [list(differing(cheap, DAY.replace(hour=hour))) for hour in (2, 20)] == [wanted, wanted]
    assert line({0: {}}) == "{}"


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to guess what to install."""
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)
    with pytest.raises(SettingsError, match=r"pip install '\.\[prices\]' in a checkout of Waypost"):
        installed()
