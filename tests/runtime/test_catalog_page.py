"""docs/catalog.md: every snippet is a file that loads, and means what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from waypost.core.catalog.pricing import price_usage
from waypost.core.catalog.table import Catalog
from waypost.core.model.outcome import Usage
from waypost.errors import CatalogError
from waypost.runtime.catalogs import load_catalog

PAGE = Path(__file__).parents[2] / "docs" / "catalog.md"
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
OWN = "corp/large"
HEAD = "waypost: catalog-overlay/v1\nname: ours\nsource: us\nas_of: 2026-11-01\ntargets:\n"


def loaded(tmp_path: Path, text: str) -> Catalog:
    """A catalog, or an overlay over the packaged one."""
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    return load_catalog([path])


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_snippet_of_the_page_loads(tmp_path: Path, text: str) -> None:
    """S5.02: as it stands there, so each says which format it has."""
    assert loaded(tmp_path, text).targets


@pytest.mark.parametrize("text", [text for text in SNIPPETS if f"  {OWN}:" in text])
def test_both_forms_say_the_same_of_a_model_of_ones_own(tmp_path: Path, text: str) -> None:
    """S5.02: as an overlay and as a catalog."""
    found = loaded(tmp_path, text).get(OWN)

    assert found is not None
    assert (found.family, found.tier, found.quality, found.endpoint) == ("corp", "balanced", 500_000, "corp")
    assert (found.context_window, found.max_output) == (32768, 4096)
    assert found.capabilities == (
        *("output.json_object", "output.json_schema", "sampling.temperature", "sampling.top_p"),
        *("stop", "stream", "tools", "tools.parallel", "tools.strict"),
    )
    assert found.price is not None
    assert (found.price.input, found.price.output) == (400_000_000, 1_200_000_000)


def test_both_forms_are_on_the_page() -> None:
    """S5.02: or the test above would look at nothing."""
    assert len([text for text in SNIPPETS if f"  {OWN}:" in text]) == 2


@pytest.mark.parametrize(
    ("row", "basis"),
    [("{like: ollama/llama3.2}", "local"), ("{like: ollama/llama3.2, price: {input: 0, output: 0}}", "computed")],
)
def test_a_further_model_of_ones_own_machine_is_local_without_a_price(tmp_path: Path, row: str, basis: str) -> None:
    """S2.10: a price that a contract says is one, though it is nothing."""
    found = loaded(tmp_path, f"{HEAD}  ollama/phi4: {row}\n").get("ollama/phi4")

    spent = price_usage(found, Usage(10, 10))
    assert (spent.nano_usd, spent.basis) == (0, basis)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("capabilities: [toolz]", "unknown capability 'toolz'"),
        ("tier: huge", "unknown tier 'huge'"),
        ("quality: 7", "`quality`"),
    ],
)
def test_what_a_model_of_ones_own_cannot_be_is_said(tmp_path: Path, own: str, said: str) -> None:
    """S5.02: with the line of the overlay."""
    with pytest.raises(CatalogError) as caught:
        loaded(tmp_path, f"{HEAD}  corp/x: {{like: openai/gpt-4o, {own}}}\n")
    assert said in str(caught.value)
    assert "ours.yaml:6" in str(caught.value)
