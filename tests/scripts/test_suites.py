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
<testcase classname="tests.a" file="tests/a.py" name="one"/>
<testcase classname="tests.a" file="tests/a.py" name="two"><failure message="no">why</failure></testcase>
<testcase classname="tests.a" file="tests/a.py" name="three"><skipped/></testcase>
<testcase classname="tests.a" file="tests/a.py" name="two"/>
<testcase classname="tests.b.TestB" file="tests/b.py" name="four[a.b]"><error message="bad">why</error></testcase>
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


def cases(suites: ModuleType, **states: str) -> dict[str, object]:
    return {name: suites.Case(state) for name, state in states.items()}


def test_outcomes_of_a_report(suites: ModuleType, tmp_path: Path) -> None:
    """Errors are failures, who failed once has failed, and each can be run again by its id."""
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    assert suites.outcomes(report) == {
        "tests.a::one": suites.Case("passed", "tests/a.py::one"),
        "tests.a::two": suites.Case("failed", "tests/a.py::two", "no"),
        "tests.a::three": suites.Case("skipped", "tests/a.py::three"),
        "tests.b.TestB::four[a.b]": suites.Case("failed", "tests/b.py::TestB::four[a.b]", "bad"),
    }


def test_what_is_lost(suites: ModuleType) -> None:
    """A test that passes without Waypost and not with it; what fails anyway is not."""
    found = cases(suites, a="passed", b="passed", c="failed", d="skipped")
    bare = suites.record("1.0", {"core": found})
    assert bare == {"version": "1.0", "passed": {"core": 2}, "failed": ["c"], "skipped": ["d"]}

    def lost(mode: str = "observe", of: dict[str, object] = bare, **states: str) -> list[str]:
        lines: list[str] = suites.lost(of, "core", cases(suites, **states), mode)
        return lines

    assert lost(a="passed", b="passed", c="failed", d="skipped") == []
    assert lost(a="passed", b="failed", c="passed", d="skipped") == ["b"]
    assert lost(a="passed", b="skipped", c="failed", d="skipped") == ["b"]
    assert lost(a="passed") == ["only 1 tests passed, and 2 should"]
    meant = {**bare, "differs": {"route": {"it is meant to": ["b"]}}}
    broken = {"a": "passed", "b": "failed", "c": "failed", "d": "skipped"}
    assert (lost("route", meant, **broken), lost("observe", meant, **broken)) == ([], ["b"])
    assert lost("route", meant, a="passed", b="passed") == ["b (passes, and is listed)"]
    assert lost("route", meant, b="failed") == ["only 0 tests passed, and 1 should"]


@pytest.mark.parametrize(
    ("name", "mode", "quick", "parts"),
    [
        ("openai", None, False, ("core", "rest", "stub")),
        ("openai", "route", True, ("core", "stub")),
        ("openai", "reroute", True, ("stub",)),
        ("anthropic", "reroute-google", False, ("stub",)),
        ("google", "observe", False, ("core", "rest")),
        ("google", "reroute", False, ()),
    ],
)
def test_the_parts_of_a_run(
    suites: ModuleType, name: str, mode: str | None, quick: bool, parts: tuple[str, ...]
) -> None:
    """Where every call goes elsewhere, only the tests that look at nothing but types can be asked."""
    assert suites.parts_of(name, mode, quick) == parts


def test_the_policy_that_moves_nothing(suites: ModuleType, tmp_path: Path) -> None:
    """It loads, and each model that a test names is alone on its rule's shortlist, at every known address."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_x.py").write_text('create(model="gpt-x"); {"model": "m/y"}; create(model="auto")')
    policy_file, catalog_file = suites.same_endpoint(tests, tmp_path, "http://127.0.0.1:5")
    catalog = load_catalog(str(catalog_file))
    policy = load_policy(str(policy_file), catalog=catalog)
    assert [rule.name for rule in policy.rules] == ["model-0", "model-1"]
    assert sorted({target.model for target in catalog.targets}) == ["gpt-x", "m/y"]
    assert len(catalog.targets) == 2 * 5
    assert sum("//127.0.0.1:5" in endpoint.base_url for endpoint in catalog.endpoints.values()) == 2


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_the_policy_that_moves_everything(suites: ModuleType, provider: str, tmp_path: Path) -> None:
    """It loads, and one model of another dialect is all that it leaves."""
    policy_file, catalog_file = suites.rerouted(tmp_path, "http://127.0.0.1:5", provider)
    catalog = load_catalog(str(catalog_file))
    load_policy(str(policy_file), catalog=catalog)
    (away,) = (target for target in catalog.targets if target.endpoint.endswith("-away"))
    assert (away.provider, away.model) == (provider, "stub")
    others = {"openai", "anthropic", "google"} - {provider}
    assert catalog.endpoints.keys() == {f"{provider}-away", *(f"{name}-home" for name in others)}


@pytest.mark.parametrize(
    ("version", "own", "besides"),
    [("3.3.1", "]==3.3.1", False), ("2.54.0", "]==2.54.0", True)],
)
def test_the_requirements_of_a_pin(suites: ModuleType, version: str, own: str, besides: bool) -> None:
    """The suite's own group at another version, with what the tests of older majors import besides."""
    wanted = suites.requirements("openai", version)
    assert wanted[0].startswith("openai[")
    assert wanted[0].endswith(own)
    assert ("nest-asyncio" in wanted) is besides
    assert {"pytest>=9", "hatchling>=1.27", "PyYAML"} <= set(wanted)


def test_the_stored_baseline(suites: ModuleType) -> None:
    """Every suite has one, with the version that its environment is pinned to."""
    stored = json.loads(suites.BASELINE.read_text())
    assert stored.keys() == suites.SUITES.keys()
    for name, suite in suites.SUITES.items():
        pins = (suites.ROOT / "requirements" / f"suite-{name}.txt").read_text()
        assert f"\n{suite.package}=={stored[name]['version']} " in f"\n{pins}"
        assert sum(stored[name]["passed"].values()) > 1_500
        assert stored[name]["passed"].keys() == set(suites.parts_of(name, None, False))


def test_a_missing_environment_is_said(
    suites: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is missing, and what makes it."""
    monkeypatch.setattr(suites, "ENVIRONMENTS", Path("/nowhere"))
    assert suites.main(["openai"]) == 2
    assert "`make suites` makes it" in capsys.readouterr().err
