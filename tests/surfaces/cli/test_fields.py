"""`waypost fields`: the whole vocabulary with type, unit, source, meaning and known values (S2.12, S2.17)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tools_runner import Run, runner
from waypost.core.model.decision import Source
from waypost.core.policy.fields import FIELDS
from waypost.core.policy.language import parse_predicate


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The command line over the packaged catalog."""
    return runner(capsys, monkeypatch, tmp_path)


def test_the_document_has_every_field_of_the_language(run: Run) -> None:
    """S2.17: name, type, unit, source and meaning of each, in the order of the language."""
    code, out, _ = run("fields", "--json")
    document = json.loads(out)
    rows = {row["name"]: row for row in document["fields"]}

    assert (code, document["schema"], list(rows)) == (0, "fields/v1", list(FIELDS))
    assert all(row["type"] and row["source"] and row["meaning"] and row["operators"] for row in rows.values())
    price = rows["price.input"]
    assert (price["type"], price["unit"], price["source"]) == ("number", "USD/MTok", "target")
    assert price["operators"] == ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
    assert 0 <= price["catalog"]["least"] < price["catalog"]["greatest"]
    assert "debugging" in rows["task"]["values"]
    assert rows["data_class"]["values"] == ["financial", "health", "none", "personal", "secret"]


def test_every_example_can_be_written_in_a_policy(run: Run) -> None:
    """What is shown is read back by the language's own parser."""
    rows = json.loads(run("fields", "--json")[1])["fields"]

    for row in rows:
        only = row["source"] == "request"
        assert parse_predicate(row["example"], Source("", 1, 1), request_only=only) is not None


def test_one_field_shows_its_range_in_the_catalog(run: Run) -> None:
    """S2.12: every rule points at a field that can be looked into, with what the catalog has of it."""
    code, out, _ = run("fields", "quality")
    shown = dict(line.split(maxsplit=1) for line in out.splitlines()[1:])

    assert (code, out.splitlines()[0]) == (0, "quality")
    assert shown["type"] == "ratio, 0..1 or %"
    assert shown["where"] == "filter"
    assert " to " in shown["values"]
    assert shown["values"].endswith(" targets of catalog packaged")
    assert shown["example"] == "quality >= 0.5"


def test_text_is_grouped_by_source_and_can_be_filtered(run: Run) -> None:
    """A `when` may use request fields only; this lists them."""
    text = run("fields")[1]
    headings = [before for before, line in pairwise(text.splitlines()) if line.startswith("FIELD ")]
    request = run("fields", "--source", "request")[1]

    assert [line.partition(":")[0] for line in headings] == ["target", "request", "world", "mixed"]
    assert "\ntokens.input " in request
    assert "price.input" not in request


def test_a_beginning_names_several_and_an_open_corner_one(run: Run) -> None:
    """`price.` lists the prices; `context.team` is a field of its own."""
    names = [row["name"] for row in json.loads(run("fields", "price.", "--json")[1])["fields"]]

    assert names == ["price.input", "price.output", "price.cached_input", "price.cache_write"]
    assert run("fields", "context.team")[1].splitlines()[-1] == "  example    context.team == search"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("qualty",), "waypost fields: there is no field 'qualty'; did you mean 'quality'?\n"),
        (
            ("task", "--source", "target"),
            "waypost fields: --source: task does not come from there; leave --source out\n",
        ),
    ],
)
def test_a_name_that_is_no_field_is_bad_input(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, with the nearest name."""
    assert run("fields", *words) == (2, "", said)
