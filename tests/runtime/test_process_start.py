"""The ways to switch on without a line of code, and what a broken start leaves (S4.02)."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from process_site import CALL, Site

ROOT = Path(__file__).resolve().parents[2]
PLAIN = CALL.replace("waypost.auto_instrument()\n", "")
ARGUMENTS = PLAIN + "import sys\nprint(sys.argv[1:], __name__)\nraise SystemExit(4)\n"
RUN = [sys.executable, "-m", "waypost", "run"]


def test_run_routes_a_program_that_knows_nothing_of_it(site: Site) -> None:
    """`waypost run app.py args`: its own arguments, name, output and exit code; and a receipt for its call."""
    app = site.write("app.py", ARGUMENTS)
    ended = site.execute([*RUN, str(app), "--verbose", "-m", "x"])
    assert (ended.code, ended.err) == (4, "")
    assert ended.lines == ["Hello.", "['--verbose', '-m', 'x'] __main__"]
    (receipt,) = site.receipts()
    assert (receipt["status"], receipt["policy"]["name"], receipt["mode"]) == ("ok", "site", "route")


def test_run_takes_a_module_and_a_mode(site: Site) -> None:
    """`waypost run --mode observe -m app`: options before the program are ours."""
    site.write("app.py", PLAIN.replace('"auto"', '"gpt-4o-mini"'))
    ended = site.execute([*RUN, "--mode", "observe", "-m", "app"])
    assert (ended.code, ended.out, ended.err) == (0, "Hello.\n", "")
    (receipt,) = site.receipts()
    assert (receipt["mode"], receipt["hops"][0]["decision"]) == ("observe", None)


def test_disabled_leaves_calls_alone(site: Site) -> None:
    """WAYPOST_ENABLED=0 is stronger than the line in the code: `auto` goes to the provider as it is, unseen."""
    ended = site.run(CALL, WAYPOST_ENABLED="0")
    assert (ended.code, ended.out, ended.err) == (0, "Hello.\n", "")
    assert site.openai.seen[0].body["model"] == "auto"
    assert not site.home.exists()


def test_the_entry_point_is_declared() -> None:
    """`opentelemetry-instrument` finds us in the group that runs after all instrumentors."""
    (found,) = importlib.metadata.entry_points(group="opentelemetry_post_instrument", name="waypost")
    assert found.value == "waypost.runtime.instrument:post_instrument"


BY_ENTRY_POINT = """\
from importlib.metadata import entry_points
for found in entry_points(group="opentelemetry_post_instrument"):
    found.load()()
"""


def test_the_entry_point_switches_on(site: Site) -> None:
    """What `opentelemetry-instrument` does with it, before the application begins."""
    ended = site.run(BY_ENTRY_POINT + PLAIN)
    assert (ended.code, ended.out, ended.err) == (0, "Hello.\n", "")
    assert [receipt["status"] for receipt in site.receipts()] == ["ok"]


def test_the_entry_point_never_stops_the_program(site: Site) -> None:
    """A broken policy is logged with its place; other hooks and the program run, unrouted."""
    site.write("policy.yaml", "waypost: policy/v1\nname: x\nrnak: cheapest\n")
    ended = site.run(BY_ENTRY_POINT + PLAIN)
    assert (ended.code, ended.out) == (0, "Hello.\n")
    assert ended.said(f"waypost was not switched on: {site.folder / 'policy.yaml'}:3:1: unknown key 'rnak'") == 1
    assert site.openai.seen[0].body["model"] == "auto"


# -- a broken file at the start ---------------------------------------------------------------------------------------

BROKEN = """\
import openai, waypost
from waypost.errors import ConfigError
try:
    waypost.auto_instrument()
except ConfigError as error:
    print(type(error).__name__, error)
print(openai.OpenAI(max_retries=0).chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "Hi"}]).choices[0].message.content)
print(waypost.flush(), waypost.receipt("wp_1"))
"""


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (
            "waypost: policy/v1\nname: x\nrnak: cheapest\n",
            "3:1",
            "unknown key 'rnak' in a policy; did you mean 'rank'?",
        ),
        ("waypost: policy/v1\nname: x\nrank: cheapst\n", "3:7", "unknown rank 'cheapst'; did you mean 'cheapest'?"),
        ("waypost: policy/v1\nname: [x\n", "2:7", "the bracket '[' is not closed"),
    ],
)
def test_a_broken_policy_is_raised_with_its_place(site: Site, text: str, where: str, what: str) -> None:
    """file:line:column and the remedy; nothing is switched on, and the program may go on without."""
    path = site.write("policy.yaml", text)
    ended = site.run(BROKEN)
    assert ended.code == 0, ended.err
    assert ended.lines[0].startswith(f"PolicyError {path}:{where}: {what}")
    assert ended.lines[1:] == ["Hello.", "True None"]
    assert site.openai.seen[0].body["model"] == "auto"


def test_a_broken_catalog_is_raised_with_its_place(site: Site) -> None:
    """The same for a catalog."""
    text = (ROOT / "policies" / "catalog.yaml").read_text()
    path = site.write("catalog.yaml", text.replace("    priors: {quality: 0.36,", "    priros: {quality: 0.36,", 1))
    line = path.read_text().splitlines().index(next(x for x in path.read_text().splitlines() if "priros" in x)) + 1
    ended = site.run(BROKEN, WAYPOST_CATALOG=str(path))
    assert ended.code == 0, ended.err
    assert ended.lines[0].startswith(f"CatalogError {path}:{line}:5: unknown key 'priros'; did you mean 'priors'?")
    assert ended.lines[1:] == ["Hello.", "True None"]


@pytest.mark.parametrize("name", ["WAYPOST_POLICY", "WAYPOST_CATALOG"])
def test_a_file_that_is_not_there_is_named(site: Site, name: str) -> None:
    """The path as it was given, and nothing is on."""
    ended = site.run(BROKEN, **{name: "nowhere.yaml"})
    assert ended.code == 0, ended.err
    assert "nowhere.yaml" in ended.lines[0]
    assert ended.lines[1:] == ["Hello.", "True None"]
