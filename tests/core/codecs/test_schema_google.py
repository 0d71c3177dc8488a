"""JSON Schema as Google takes it, and its older notation as JSON Schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generators_conversation import codec_settings, schemas
from waypost.core.codecs.schema_google import closed, for_google, from_openapi, google_drops

OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        (
            {"type": "STRING", "format": "enum", "enum": ["a", "b"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", "b", None]},
        ),
        (
            {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "2"},
            {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        ),
        ({"any_of": [{"type": "STRING"}, {"type": "NULL"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"ref": "#/defs/x", "nullable": True}, {"anyOf": [{"$ref": "#/$defs/x"}, {"type": "null"}]}),
        (
            {"type": "OBJECT", "defs": {"x": {"type": "STRING"}}, "properties": {"min_length": {"ref": "#/defs/x"}}},
            {"type": "object", "$defs": {"x": {"type": "string"}}, "properties": {"min_length": {"$ref": "#/$defs/x"}}},
        ),
        (
            {"type": "OBJECT", "additionalProperties": {"type": "STRING"}},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ),
        ({"type": "OBJECT", "additional_properties": True}, {"type": "object", "additionalProperties": True}),
        ({"type": "STRING", "example": "x", "title": None}, {"type": "string", "examples": ["x"]}),
        ({"type": "string", "min_length": "3", "max_length": 9}, {"type": "string", "minLength": 3, "maxLength": 9}),
    ],
)
def test_the_older_notation(written: dict[str, Any], meant: dict[str, Any]) -> None:
    """Types in capitals, what may be null, counts that are texts, definitions, names in either case (S6.05)."""
    assert from_openapi(written, "p") == meant
    Draft202012Validator.check_schema(meant)


def test_properties_stand_in_their_order() -> None:
    """The order that is asked for comes first, whatever stands in it; what it does not name follows."""
    written = {"type": "OBJECT", "properties": {"a": {}, "b": {}, "c": {}}, "propertyOrdering": ["c", "x", "a", "c", 7]}
    assert list(from_openapi(written, "p")["properties"]) == ["c", "a", "b"]
    plain = {"type": "object", "properties": {"a": {}, "b": {}}, "propertyOrdering": ["b"]}
    assert list(closed(plain)["properties"]) == ["b", "a"]
    assert "propertyOrdering" not in closed(plain)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"items": 7}, "p.items: expected an object, not int"),
        ({"properties": []}, "p.properties: expected an object, not list"),
        ({"anyOf": [3]}, "p.anyOf[0]: expected an object, not int"),
        ([], "p: expected an object, not list"),
    ],
)
def test_what_is_no_schema(written: Any, said: str) -> None:
    """A schema out of shape is refused by its place."""
    with pytest.raises(ValueError, match="expected") as caught:
        from_openapi(written, "p")
    assert str(caught.value) == said


def test_a_schema_without_a_bottom() -> None:
    """One that is nested too deeply is refused, and does not end us."""
    deep: dict[str, Any] = {"type": "STRING"}
    for _ in range(500):
        deep = {"type": "ARRAY", "items": deep}
    for read in (from_openapi, closed):
        with pytest.raises(ValueError, match="at most 64 levels"):
            read(deep, "p")


@pytest.mark.parametrize(
    ("schema", "lost"),
    [
        ({**OBJECT, "additionalProperties": False, "title": "t", "$schema": "s"}, ()),
        ({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "maxItems": 3}, ()),
        ({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, ()),
        ({"const": "a"}, ()),
        ({"const": None}, ("const",)),
        ({"enum": ["a", 1, True]}, ("enum",)),
        ({"type": "string", "format": "email"}, ("format",)),
        ({"type": "string", "pattern": "^a", "minLength": 1}, ("minLength", "pattern")),
        ({"oneOf": [OBJECT], "allOf": [OBJECT], "not": OBJECT}, ("allOf", "not", "oneOf")),
        ({"properties": {"pattern": {"type": "string", "multipleOf": 2}}}, ("multipleOf",)),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, ("$ref",)),
    ],
)
def test_what_is_not_held(schema: dict[str, Any], lost: tuple[str, ...]) -> None:
    """Keywords that Google's decoding does not hold an answer to are told, and only they."""
    assert google_drops(schema) == lost


@pytest.mark.parametrize(
    ("schema", "meant"),
    [
        (OBJECT, OBJECT),
        ({"$schema": "s", "const": 3}, {"enum": [3]}),
        ({"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}),
        (
            {"properties": {"a": {"$ref": "#/$defs/a", "description": "d"}}},
            {"properties": {"a": {"anyOf": [{"$ref": "#/$defs/a"}], "description": "d"}}},
        ),
        ({"items": {"const": "x"}, "anyOf": [{"const": 1}]}, {"items": {"enum": ["x"]}, "anyOf": [{"enum": [1]}]}),
    ],
)
def test_the_same_in_words_that_google_knows(schema: dict[str, Any], meant: dict[str, Any]) -> None:
    """A constant is a choice of one, and a reference stands alone."""
    assert for_google(schema) == meant


def test_an_object_is_closed_where_it_does_not_say_otherwise() -> None:
    """Google writes the properties that are named and no others; who asks for others keeps them."""
    nested = {"type": "object", "properties": {"a": OBJECT, "b": {"type": "array", "items": OBJECT}}}
    found = closed(nested)
    assert found["additionalProperties"] is False
    assert found["properties"]["a"]["additionalProperties"] is False
    assert found["properties"]["b"]["items"]["additionalProperties"] is False
    assert closed({**OBJECT, "additionalProperties": True})["additionalProperties"] is True
    assert "additionalProperties" not in closed({"type": "object"})
    assert "additionalProperties" not in OBJECT


def test_what_may_be_null_is_never_missing() -> None:
    """An optional property that may be null is required, so that it crosses to dialects without optional ones."""
    null, either = {"type": ["string", "null"]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}
    properties = {"a": {"type": "string"}, "b": null, "c": either, "d": {"type": "string"}, "e": null}
    found = closed({"type": "object", "properties": properties, "required": ["a", "e"]})
    assert found["required"] == ["a", "e", "b", "c"]
    defaulted = {"type": "object", "properties": {"b": {**null, "default": None}}}
    assert closed(defaulted) == {
        "type": "object",
        "properties": {"b": null},
        "required": ["b"],
        "additionalProperties": False,
    }
    assert "default" in defaulted["properties"]["b"]
    assert "required" not in closed({"type": "object", "properties": {"d": {"type": "string"}}})
    for value in ({"a": "", "e": None, "b": None, "c": "x"}, {"a": "", "e": "x", "b": "", "c": None, "d": ""}):
        Draft202012Validator(found).validate(value)
        Draft202012Validator({"type": "object", "properties": properties, "required": ["a", "e"]}).validate(value)


def capitals(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of the generator in the older notation."""
    inner = {name: {"type": one["type"].upper()} for name, one in schema["properties"].items()}
    return {"type": "OBJECT", "properties": inner, "required": schema["required"], "propertyOrdering": list(inner)}


@codec_settings
@given(schemas, st.randoms(use_true_random=False))
def test_both_notations_mean_the_same(schema: dict[str, Any], dice: Any) -> None:
    """A closed schema comes back from the older notation, in the order that was asked for."""
    order = list(schema["properties"])
    written = capitals(schema)
    dice.shuffle(shuffled := list(written["properties"].items()))
    found = closed(from_openapi({**written, "properties": dict(shuffled)}, "p"))
    assert found == schema
    assert list(found["properties"]) == order
