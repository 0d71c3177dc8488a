"""docs/policy.md: every key is explained, and every example on the page is a policy that loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools_runner import runner
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


def test_the_first_policy_answers_what_the_page_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """S2.01: put together, its parts are checked without a remark and decide over the packaged catalog."""
    section = PAGE.partition("## Your first policy")[2].partition("\n## ")[0]
    run = runner(capsys, monkeypatch, tmp_path)
    head, filters, rules, _ = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    Path("support.yaml").write_text(head + filters + rules, encoding="utf-8")
    commands = re.findall(r"^waypost (.*?)  ", section + "  ", re.MULTILINE)
    codes, texts = zip(*(run(*command.split())[:2] for command in commands), strict=True)
    (shown,) = re.findall(r"```text\n(.*?)```", section, re.DOTALL)

    assert codes == (0, 0, 0)
    assert texts[0].endswith("1 file: no errors, no warnings\n")
    assert shown in texts[2]


def test_the_page_says_how_many_targets_state_a_region() -> None:
    """A first line that rejects nearly everybody is the reader's first disappointment."""
    in_eu = sum(target.region == "eu" for target in CATALOG.targets)
    assert (in_eu, len(CATALOG)) == (2, 131)
    assert "`region in [eu]` leaves two of its 131 targets" in PAGE
