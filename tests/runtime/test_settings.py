"""What may be set, which of two settings holds, and what a bad value is told."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from waypost.errors import SettingsError
from waypost.runtime.settings import VARIABLES, flag, read, unknown


def test_without_anything_set() -> None:
    """The defaults that the documentation names."""
    found = read({})
    assert (found.home, found.policies, found.catalog, found.mode) == (Path(".waypost"), (), None, None)
    assert (found.jsonl, found.console, found.log_level, found.enabled) == (None, False, "WARNING", True)


def test_the_environment_is_read() -> None:
    """Every variable has its field; several policies are separated as paths are on this system."""
    found = read(
        {
            "WAYPOST_HOME": "/var/w",
            "WAYPOST_POLICY": os.pathsep.join(("a.yaml", "", "b.yaml")),
            "WAYPOST_CATALOG": "c.yaml",
            "WAYPOST_MODE": "advise",
            "WAYPOST_JSONL": "rows.jsonl",
            "WAYPOST_CONSOLE": "yes",
            "WAYPOST_LOG_LEVEL": "debug",
            "WAYPOST_ENABLED": "off",
        }
    )
    assert (found.home, found.policies, found.catalog) == (Path("/var/w"), ("a.yaml", "b.yaml"), "c.yaml")
    assert (found.mode, found.jsonl, found.console) == ("advise", Path("rows.jsonl"), True)
    assert (found.log_level, found.enabled) == ("DEBUG", False)


def test_arguments_stand_above_variables() -> None:
    """One by one: what is not given still comes from the environment."""
    env = {"WAYPOST_POLICY": "env.yaml", "WAYPOST_CATALOG": "env-catalog.yaml", "WAYPOST_MODE": "observe"}
    found = read(env, policy="arg.yaml")
    assert (found.policies, found.catalog, found.mode) == (("arg.yaml",), "env-catalog.yaml", "observe")
    found = read(env, catalog="arg-catalog.yaml", mode="route")
    assert (found.policies, found.catalog, found.mode) == (("env.yaml",), "arg-catalog.yaml", "route")
    assert read(env, policy=["one.yaml", "two.yaml"]).policies == ("one.yaml", "two.yaml")
    assert read(env, policy=("one.yaml",)).policies == ("one.yaml",)


def test_a_bad_variable_does_not_matter_below_an_argument() -> None:
    """`mode="route"` is meant, whatever the environment has in its place."""
    assert read({"WAYPOST_MODE": "advise"}, mode="route").mode == "route"


@pytest.mark.parametrize("name", ["WAYPOST_HOME", "WAYPOST_POLICY", "WAYPOST_CATALOG", "WAYPOST_MODE", "WAYPOST_JSONL"])
def test_an_empty_variable_is_none(name: str) -> None:
    """As it is where somebody unsets one in a container."""
    assert read({name: ""}) == read({})


def test_recording_names_its_file() -> None:
    """WAYPOST_RECORD writes into WAYPOST_RECORDING_PATH, and WAYPOST_JSONL is more exact (S0.12)."""
    assert read({"WAYPOST_RECORD": "1"}).jsonl == Path("waypost-recording/decisions.jsonl")
    found = read({"WAYPOST_RECORD": "1", "WAYPOST_RECORDING_PATH": "audit"})
    assert found.jsonl == Path("audit/decisions.jsonl")
    assert read({"WAYPOST_RECORD": "0", "WAYPOST_RECORDING_PATH": "audit"}).jsonl is None
    assert read({"WAYPOST_RECORD": "1", "WAYPOST_JSONL": "rows.jsonl"}).jsonl == Path("rows.jsonl")


@pytest.mark.parametrize(
    ("env", "arguments", "message"),
    [
        (
            {"WAYPOST_MODE": "rout"},
            {},
            "WAYPOST_MODE: 'rout' is no mode; use off, observe, advise, route",
        ),
        (
            {},
            {"mode": "ROUTE"},
            "auto_instrument(mode=...): 'ROUTE' is no mode; use off, observe, advise, route",
        ),
        (
            {"WAYPOST_LOG_LEVEL": "loud"},
            {},
            "WAYPOST_LOG_LEVEL: 'LOUD' is no level; use DEBUG, INFO, WARNING, ERROR, CRITICAL",
        ),
        ({"WAYPOST_ENABLED": "maybe"}, {}, "WAYPOST_ENABLED: 'maybe' is neither yes nor no; use 1 or 0"),
        ({"WAYPOST_CONSOLE": "2"}, {}, "WAYPOST_CONSOLE: '2' is neither yes nor no; use 1 or 0"),
        ({"WAYPOST_RECORD": "dir"}, {}, "WAYPOST_RECORD: 'dir' is neither yes nor no; use 1 or 0"),
    ],
)
def test_a_bad_value_is_named_with_its_choices(env: dict[str, str], arguments: dict[str, Any], message: str) -> None:
    """Where it was set, what it is, and what it may be."""
    with pytest.raises(SettingsError) as caught:
        read(env, **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", True),
        ("true", True),
        (" Yes ", True),
        ("ON", True),
        ("0", False),
        ("no", False),
        ("False", False),
        ("", False),
    ],
)
def test_yes_and_no_have_many_spellings(text: str, value: bool) -> None:
    """And a variable that is not there has the default."""
    assert flag({"X": text}, "X", default=not value) is value
    assert flag({}, "X", default=value) is value


def test_variables_that_nothing_reads_are_named_with_what_was_meant() -> None:
    """A misspelt variable would be missed in silence; those of the containers and tests are not ours to judge."""
    env = dict.fromkeys((*VARIABLES, "WAYPOST_PORT_JAEGER", "WAYPOST_REQUIRE_BACKENDS", "WAYPOSTS", "PATH"), "1")
    assert unknown(env) == ()
    env |= {"WAYPOST_POLCY": "x", "WAYPOST_Q": "x", "WAYPOST_LOGLEVEL": "x"}
    assert unknown(env) == (
        ("WAYPOST_LOGLEVEL", "WAYPOST_LOG_LEVEL"),
        ("WAYPOST_POLCY", "WAYPOST_POLICY"),
        ("WAYPOST_Q", None),
    )


def test_every_variable_that_the_sources_read_is_known_and_documented() -> None:
    """The list, the sources and the table of docs/settings.md name the same."""
    root = Path(__file__).resolve().parents[2]
    sources = "".join(path.read_text() for path in (root / "src").rglob("*.py"))
    read_somewhere = set(re.findall(r"""(?:get\(|environ\[|flag\(\w+, )"(WAYPOST_[A-Z_]+)""", sources))
    assert read_somewhere == set(VARIABLES)
    table = re.findall(r"^\| `(WAYPOST_[A-Z_]+)` \|", (root / "docs" / "settings.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(VARIABLES)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 2.0), ("0", 0.0), ("off", 0.0), ("No", 0.0), ("5", 5.0), ("0.5", 0.5), ("10 s", 10.0), (" 3s ", 3.0)],
)
def test_the_pause_between_two_looks(text: str, seconds: float) -> None:
    """`WAYPOST_RELOAD`: seconds, or never."""
    assert read({"WAYPOST_RELOAD": text}).reload_s == seconds


@pytest.mark.parametrize("text", ["fast", "-1", "0.001", "1e3", "99999", "2 min", "nan"])
def test_what_is_no_pause(text: str) -> None:
    """A process that looks all the time, or once a month, is hardly meant."""
    with pytest.raises(SettingsError, match=r"^WAYPOST_RELOAD: .* is no pause; give seconds, as in 2 or 0.5, or off$"):
        read({"WAYPOST_RELOAD": text})


@pytest.mark.parametrize(
    ("text", "size"), [("", 256_000), ("1000", 1_000), ("64k", 64_000), (" 2 M ", 2_000_000), ("16M", 16_000_000)]
)
def test_how_much_of_a_call_is_kept(text: str, size: int) -> None:
    """`WAYPOST_CONTENT_SIZE`: characters, thousands or millions of them."""
    assert read({"WAYPOST_CONTENT_SIZE": text}).content_size == size


@pytest.mark.parametrize("text", ["0", "999", "17M", "1.5M", "-1", "1 GB", "all", "64K"])
def test_what_is_no_size(text: str) -> None:
    """Neither nothing nor everything: `privacy` says whether, and a bound is a bound."""
    with pytest.raises(SettingsError, match=r"^WAYPOST_CONTENT_SIZE: .* is no size; give characters from 1k to 16M"):
        read({"WAYPOST_CONTENT_SIZE": text})


def test_several_catalogs_in_the_environment() -> None:
    """A catalog and its overlays, as in `PATH`; one is just that, and none is the packaged one."""
    assert read({"WAYPOST_CATALOG": os.pathsep.join(["a", "b"])}).catalogs == ("a", "b")
    assert read({"WAYPOST_CATALOG": "a"}).catalogs == ("a",)
    assert read({}).catalogs == ()
    assert read({"WAYPOST_CATALOG": "a"}, catalog=["b", "c"]).catalogs == ("b", "c")
    assert read({}, catalog=os.pathsep.join(["b", "c"])).catalogs == ("b", "c")


def test_a_file_of_a_strange_name_is_one_file(tmp_path: Path) -> None:
    """A colon may stand in a file's name."""
    path = tmp_path / f"a{os.pathsep}b.yaml"
    path.write_text("")
    assert read({"WAYPOST_CATALOG": str(path)}).catalogs == (str(path),)
