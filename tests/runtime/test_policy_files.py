"""Policies by path and by the name of a packaged one, and what is said where there is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

import waypost.policy
from waypost.errors import PolicyError
from waypost.runtime import bundle as bundles
from waypost.runtime.documents import load_policy
from waypost.runtime.policy_files import packaged, policy_path
from waypost.runtime.settings import read
from waypost.surfaces.cli import main as cli

ALL = "auto, base, default, finance, hr, marketing, rd, sales, support"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CATALOG", raising=False)
    return tmp_path


def test_a_packaged_policy_is_known_by_its_name_everywhere() -> None:
    """In `auto_instrument`, `WAYPOST_POLICY`, several of them, and in `waypost.policy.load`."""
    file = str(packaged()[0] / "rd.yaml")
    for settings in (read({}, policy="rd"), read({"WAYPOST_POLICY": "rd"}), read({}, policy=[Path("rd")])):
        loaded = bundles.load(settings)
        assert [plan.policy.name for plan in loaded.routes.plans] == ["rd"]
        assert file in loaded.files
    several = bundles.load(read({"WAYPOST_POLICY": "rd:hr"})).routes.plans
    assert [plan.policy.name for plan in several] == ["rd", "hr"]
    assert waypost.policy.load("rd")[0].sources[0] == file


def test_a_file_of_that_name_stands_above_the_package(here: Path) -> None:
    """And whatever has a folder or an ending is a path."""
    assert policy_path("rd") == packaged()[0] / "rd.yaml"
    for name in ("./rd", "rd.yaml", "a/rd", str(here / "rd"), "catalog", "nobody"):
        assert policy_path(name) == Path(name)
    (here / "rd").write_text("waypost: policy/v1\nname: mine\nmode: advise\n")
    assert load_policy("rd", catalog=None).name == "mine"


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("Rd", "did you mean the packaged 'rd'?"),
        ("suport", "did you mean the packaged 'support'?"),
        ("supprt.yaml", "did you mean the packaged 'support'?"),
        ("tem.yaml", "did you mean 'team.yaml'?"),
        ("policies/suport.yaml", "did you mean 'policies/support.yaml'?"),
        ("policies/rd.yaml", "check the path"),
        ("nobody.yaml", "check the path"),
        ("none/at/all.yaml", "check the path"),
        (
            "xyz",
            "check the path, or name a packaged one: auto, base, default, finance, hr, marketing, rd, sales, support",
        ),
    ],
)
def test_what_was_probably_meant(given: str, remedy: str, here: Path) -> None:
    """The nearest of the files there and of the packaged names; test files and the catalog are no policies."""
    (here / "policies").mkdir()
    for name in ("team.yaml", "team.test.yaml", "policies/support.yaml"):
        (here / name).touch()
    with pytest.raises(PolicyError) as caught:
        load_policy(given, catalog=None)
    assert (caught.value.what, caught.value.remedy) == (f"there is no file {given!r}", remedy)


def test_commands_take_names(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that look at policies, whether they are given or stand in the environment."""
    monkeypatch.setenv("WAYPOST_HOME", str(here / "home"))
    assert cli.main(["check", "rd"]) == 0
    assert cli.main(["rank", "--policy", "rd", "--task", "debugging"]) == 0
    assert cli.main(["doctor", "--policy", "rd"]) == 0
    assert "rd (mode " in capsys.readouterr().out
    monkeypatch.setenv("WAYPOST_POLICY", "hr")
    assert cli.main(["rank", "--task", "debugging", "--json"]) == 0
    assert cli.main(["check", "Rd"]) == 2
    assert capsys.readouterr().err == "waypost check: Rd: there is no such file; did you mean the packaged 'rd'?\n"
