"""Committed files that nobody executes still have to hold what they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ADRS = sorted((ROOT / "docs" / "adr").glob("0*.md"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)

ELSEWHERE = re.compile(
    r"pypi\.org|pythonhosted|proxy\.golang|sum\.golang|registry\.npmjs|(?<!emit-)index-url|find-links"
    r"|(?<![\w.])/(?:root|home|Users|work)/\w|/opt/wheels"
)
"""Hosts of registries, and paths that exist on one machine only."""


def tracked() -> list[Path]:
    """What is committed; without git (an unpacked archive) there is nothing to ask."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    """The checkout must work from any registry and in any folder."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path != Path(__file__).resolve() and path.suffix not in (".sum", ".png")
        for match in [ELSEWHERE.search(path.read_text(encoding="utf-8"))]
        if match
    ]

    assert found == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_pin_has_hashes_and_no_address(path: Path) -> None:
    """A requirement without a hash would be installed from whoever answers."""
    blocks = re.split(r"\n(?=[a-z])", path.read_text().strip())

    assert blocks
    assert [block for block in blocks if not (PIN.match(block) and "--hash=sha256:" in block)] == []
    assert "://" not in path.read_text()


def test_the_demo_installs_what_the_tests_run_with() -> None:
    """`make demo` and `make test` share .venv: the same package must not be pinned twice."""
    dev = dict(PIN.findall((ROOT / "requirements" / "dev.txt").read_text()))
    demo = dict(PIN.findall((ROOT / "requirements" / "demo.txt").read_text()))

    assert {name: version for name, version in demo.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize(("name", "version"), [("openai-1", "1.109.1"), ("openai-2", "2.54.0")])
def test_older_majors_come_without_httpx2(name: str, version: str) -> None:
    """Issue 3, point 4: each major in its own environment, without httpx2 where that major lacks it."""
    pins = dict(PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text()))

    assert pins["openai"] == version
    assert "httpx2" not in pins
    assert "httpx" in pins


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_an_adr_has_its_sections(path: Path) -> None:
    """Context, decision and consequences, in this order, under a numbered title with date and status."""
    text = path.read_text()

    assert re.match(rf"# {path.stem[:4]} \S", text)
    assert re.search(r"^Date: \d{4}-\d{2}-\d{2}\. Status: \w+", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_adrs_are_numbered_and_listed() -> None:
    """The list of decisions is complete."""
    readme = (ROOT / "docs" / "adr" / "README.md").read_text()

    assert [path.stem[:4] for path in ADRS] == [f"{number:04d}" for number in range(1, len(ADRS) + 1)]
    assert [path.name for path in ADRS if f"({path.name})" not in readme] == []


def test_the_changelog_has_a_place_for_what_comes() -> None:
    """Keep a Changelog: Unreleased stands first, and entries are under known headings."""
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = set(re.findall(r"^### (.*)$", text, re.MULTILINE))

    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "[Unreleased]"
    assert headings <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/tutorial.md"])
def test_pages_name_only_what_exists(page: str) -> None:
    """Links lead somewhere, and every `make` target and source folder that is named is there."""
    text = (ROOT / page).read_text()
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:core|adapters|runtime|surfaces|tests|docs|policies|telemetry|scripts)/[\w./-]*\w)`", text)
    folders = ("", "src/waypost")

    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
    assert set(re.findall(r"(?:^|`)make ([a-z0-9]+)", text, re.MULTILINE)) <= targets
    assert [name for name in named if not any((ROOT / folder / name).exists() for folder in folders)] == []


def test_the_readme_fits_one_screen_and_has_a_place_for_the_table() -> None:
    """STYLE 6: one screen; the table of `make bench` stands between its marks."""
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) <= 100
    assert re.search(r"<!-- bench -->\n.+\n<!-- /bench -->", text, re.DOTALL)


def test_runtime_dependencies_are_those_of_the_adr() -> None:
    """ADR 0002: a further runtime dependency needs a decision."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert [re.split(r"[<>=]", each)[0] for each in project["dependencies"]] == ["opentelemetry-api", "PyYAML"]
    assert not any(
        re.search(r"[<>=]", each)
        for name in ("openai", "anthropic", "google")
        for each in project["optional-dependencies"][name]
    )


def test_ci_runs_make_test_and_requires_the_backends() -> None:
    """Issue 3, point 2: CI is `make test` where the backends must not be missing; the script is executable."""
    script = ROOT / ".ci" / "run"
    text = script.read_text()

    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in text
    assert "export WAYPOST_REQUIRE_BACKENDS=1" in text
    assert text.rstrip().endswith("make test")


def test_the_pre_commit_hooks_use_the_pinned_tools() -> None:
    """No hook fetches anything: all are local and run from .venv."""
    document = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

    assert [repo["repo"] for repo in document["repos"]] == ["local"]
    assert [hook["id"] for hook in document["repos"][0]["hooks"] if not hook["entry"].startswith(".venv/bin/")] == []
