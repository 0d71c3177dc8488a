"""The runner of the SDKs' own suites: what counts as lost, and the policy under which nothing may move."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy

ROOT = Path(__file__).resolve().parents[2]

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="one"/>
<testcase classname="tests.a" name="two"><failure>no</failure></testcase>
<testcase classname="tests.a" name="three"><skipped/></testcase>
<testcase classname="tests.a" name="two"/>
<testcase classname="tests.b" name="four"><error>no</error></testcase>
</testsuite></testsuites>"""


@pytest.fixture(scope="module")
def suites() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("suites", ROOT / "scripts" / "suites.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_outcomes_of_a_report(suites: ModuleType, tmp_path: Path) -> None:
    """Errors are failures, and who failed once has failed."""
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert suites.outcomes(report) == {
        "tests.a::one": "passed",
        "tests.a::two": "failed",
        "tests.a::three": "skipped",
        "tests.b::four": "failed",
    }


def test_what_is_lost(suites: ModuleType) -> None:
    """A test that passes without Waypost and not with it; what fails anyway is not."""
    bare = suites.record("1.0", {"a": "passed", "b": "passed", "c": "failed", "d": "skipped"})
    assert bare == {"version": "1.0", "passed": 2, "failed": ["c"], "skipped": ["d"]}
    assert suites.lost(bare, {"a": "passed", "b": "passed", "c": "failed", "d": "skipped"}) == []
    assert suites.lost(bare, {"a": "passed", "b": "failed", "c": "passed", "d": "skipped"}) == ["b"]
    assert suites.lost(bare, {"a": "passed", "b": "skipped", "c": "failed", "d": "skipped"}) == ["b"]
    meant = {**bare, "differs": {"route": ["b"]}}
    broken = {"a": "passed", "b": "failed", "c": "failed", "d": "skipped"}
    assert (suites.lost(meant, broken, "route"), suites.lost(meant, broken, "observe")) == ([], ["b"])
    assert suites.lost(bare, {"a": "passed"}) == ["only 1 tests passed, and 2 do so without Waypost"]


def test_the_policy_that_moves_nothing(suites: ModuleType, tmp_path: Path) -> None:
    """It loads, and each model that a test names is alone on its rule's shortlist, at every known address."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_x.py").write_text('create(model="gpt-x"); {"model": "m/y"}; create(model="auto")')
    policy_file, catalog_file = suites.same_endpoint(tests, tmp_path)
    catalog = load_catalog(str(catalog_file))
    policy = load_policy(str(policy_file), catalog=catalog)
    assert [rule.name for rule in policy.rules] == ["model-0", "model-1"]
    assert sorted({target.model for target in catalog.targets}) == ["gpt-x", "m/y"]
    assert len(catalog.targets) == 2 * len(suites._PLACES)


def test_the_stored_baseline(suites: ModuleType) -> None:
    """Every suite has one, with the version that its environment is pinned to."""
    stored = json.loads(suites.BASELINE.read_text())
    assert stored.keys() == suites.SUITES.keys()
    for name, suite in suites.SUITES.items():
        pins = (suites.ROOT / "requirements" / f"suite-{name}.txt").read_text()
        assert f"\n{suite.package}=={stored[name]['version']} " in f"\n{pins}"
        assert stored[name]["passed"] > 1_500


def test_a_missing_environment_is_said(
    suites: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, and what makes it."""
    monkeypatch.setattr(suites, "ENVIRONMENTS", Path("/nowhere"))
    assert suites.main(["openai"]) == 2
    assert "`make suites` makes it" in capsys.readouterr().err
