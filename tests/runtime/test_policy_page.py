"""docs/policy.md: every key is explained, and every example on the page is a policy that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import read_policy
from waypost.runtime.policy_reader import KEYS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CELLS = re.findall(r"^\| `(select: .*?)` \|", PAGE, re.MULTILINE)
CATALOG = load_catalog(ROOT / "policies" / "catalog.yaml")


def test_every_key_has_a_section() -> None:
    """And no section is about a key that nobody reads."""
    titles = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)
    assert sorted(titles) == sorted(KEYS)


def test_there_are_examples() -> None:
    """The page would otherwise be checked for nothing."""
    assert len(BLOCKS) > 20
    assert len(CELLS) == 5


@pytest.mark.parametrize("text", [*BLOCKS, *CELLS])
def test_every_example_loads(text: str) -> None:
    """Over the packaged catalog; what is a part of a file is put below a head."""
    whole = text if "waypost: policy/v1" in text else f"waypost: policy/v1\nname: page\n{text}\n"
    assert read_policy(whole, "page.yaml", catalog=CATALOG).name in ("page", "support")
