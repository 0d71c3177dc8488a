"""The published JSON Schema of receipts against receipts as they are."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from receipt_cases import ATTEMPTING, ATTEMPTING_2, SETTLED, calls
from waypost.core.model.advice import Advice, AdviceFailure
from waypost.core.model.decision import Cause, Decision
from waypost.core.model.outcome import CostBasis, FailureKind, Outcome
from waypost.core.model.question import (
    Complexity,
    Context,
    Features,
    Mode,
    Narrow,
    Override,
    Question,
    Snapshot,
    Strategy,
    Task,
)
from waypost.core.model.receipt import SCHEMA
from waypost.core.model.receipt_fold import fold
from waypost.core.model.receipt_lines import attempt_record, settled_record

FILE = Path(__file__).parents[3] / "policies" / "receipt.schema.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text())
VALIDATOR = Draft202012Validator(DOCUMENT)


def closed(schema: Any) -> Any:
    """The same schema, refusing every key that it does not declare."""
    match schema:
        case dict():
            out = {key: closed(value) for key, value in schema.items()}
            return {**out, "additionalProperties": False} if "properties" in schema else out
        case list():
            return [closed(item) for item in schema]
        case _:
            return schema


STRICT = Draft202012Validator(closed(DOCUMENT))


def document() -> dict[str, Any]:
    records = [
        attempt_record(ATTEMPTING, str),
        attempt_record(ATTEMPTING_2, str),
        settled_record(SETTLED, str),
    ]
    return fold(records).to_dict()


def test_the_schema_is_a_schema() -> None:
    """S2.14: the file is valid Draft 2020-12 and names its version."""
    Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["properties"]["schema"] == {"const": SCHEMA}


@given(call=calls())
@settings(max_examples=80)
def test_every_receipt_fits_and_has_no_undeclared_key(call: Any) -> None:
    """S2.14, S2.22: whatever happens in a call, its receipt is as published."""
    sends, settled = call
    for records in (
        [settled_record(settled, str, alone=True)],
        [*(attempt_record(send, str) for send in sends), settled_record(settled, str, alone=True)],
        [attempt_record(send, str) for send in sends],
    ):
        if records:
            STRICT.validate(fold(records).to_dict())


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every key in ``value``."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(key, str):
            yield (*path, key)
        yield from paths(item, (*path, key))


OPTIONAL = {
    *("needs", "context", "max_output", "language", "code_languages", "signals", "broken", "disabled"),
    *("latency_p95_ns", "rule", "because", "tried", "propensity_ppm", "question", "labels"),
    *("intent", "override", "withheld", "narrow", "used", "limited", "refused", "warm", "chance", "aside", "scope"),
    *Context.__dataclass_fields__,
    *("advice", "picks"),
}


def test_each_required_key_is_missed() -> None:
    """A receipt without one of its keys does not fit, so that the schema says something about each."""
    whole = document()
    missed = 0
    for path in paths(whole):
        parent, key = path[:-1], path[-1]
        if "labels" in path or (key in OPTIONAL and path not in (("question",), ("policy",), ("mode",))):
            continue
        broken = copy.deepcopy(whole)
        at = broken
        for step in parent:
            at = at[step]
        del at[key]
        assert not VALIDATOR.is_valid(broken), path
        missed += 1
    assert missed > 100


@pytest.mark.parametrize(
    ("path", "vocabulary"),
    [
        (("decision", "cause"), Cause),
        (("failure", "kind"), FailureKind),
        (("cost", "basis"), CostBasis),
        (("settlement", "outcome"), Outcome),
        (("features", "task"), Task),
        (("features", "complexity"), Complexity),
        (("context", "mode"), Mode),
        (("context", "strategy"), Strategy),
        (("advice", "failure"), AdviceFailure),
        (("decision", "chance"), get_type_hints(Decision)["chance"]),
    ],
)
def test_vocabularies_are_those_of_the_records(path: tuple[str, str], vocabulary: Any) -> None:
    """A word that is added to a record's vocabulary is added to the schema."""
    name, key = path
    assert DOCUMENT["$defs"][name]["properties"][key]["enum"] == list(get_args(vocabulary))


def test_features_and_context_are_complete() -> None:
    """A field that is added to the question is published."""
    assert set(DOCUMENT["$defs"]["features"]["properties"]) == set(get_type_hints(Features))
    assert set(DOCUMENT["$defs"]["context"]["properties"]) == set(get_type_hints(Context))


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("question", Question),
        ("snapshot", Snapshot),
        ("decision", Decision),
        ("narrow", Narrow),
        ("override", Override),
        ("advice", Advice),
    ],
)
def test_what_decides_is_published_whole(name: str, record: type) -> None:
    """S2.22: a field that is added to what a decision reads or yields is published."""
    assert set(DOCUMENT["$defs"][name]["properties"]) == set(get_type_hints(record))


def test_floats_are_refused() -> None:
    """DESIGN §9: integers only."""
    broken = document()
    broken["settlement"]["cost"]["nano_usd"] = 0.5
    assert not VALIDATOR.is_valid(broken)
