"""JSON Schema between dialects: what is lost has a name, what is rewritten means the same."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.core.codecs.schema import (
    anthropic_drops,
    for_anthropic,
    object_root,
    openai_strict,
    plain_object_root,
)

STRING = {"type": "string"}
REF_A = {"$ref": "#/$defs/A"}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "lost"),
    [
        (closed(a=STRING), ()),
        (closed(a={"type": "integer", "minimum": 1, "maximum": 9}), ("maximum", "minimum")),
        (closed(a={"type": "string", "pattern": "^x"}), ("pattern",)),
        (closed(a={"type": "string", "format": "date"}), ()),
        (closed(a={"type": "string", "format": "iri"}), ("format",)),
        (closed(a={"type": "array", "items": STRING, "minItems": 1}), ()),
        (closed(a={"type": "array", "items": STRING, "minItems": 2, "maxItems": 3}), ("maxItems", "minItems")),
        (closed(a={"oneOf": [STRING, {"type": "null"}]}), ("oneOf",)),
        (closed(a={"anyOf": [STRING, {"type": "number", "multipleOf": 2}]}), ("multipleOf",)),
        (closed(a={"enum": ["x", {"y": 1}]}), ("enum",)),
        (closed(a={"type": "object"}), ("additionalProperties",)),
        (closed(a={"type": "object", "properties": {}, "additionalProperties": STRING}), ("additionalProperties",)),
        (closed(a={"description": "anything"}), ("type",)),
        (closed(a={"$ref": "https://example.org/a.json"}), ("$ref",)),
        ({**closed(a=REF_A), "$defs": {"A": STRING}}, ()),
        ({**closed(a=REF_A), "$defs": {"A": closed(b=REF_A)}}, ("$ref",)),
        (
            {
                **closed(a=REF_A),
                "$defs": {"A": closed(b={"$ref": "#/$defs/B"}), "B": closed(a=REF_A)},
            },
            ("$ref",),
        ),
        # Properties that are called like keywords are properties.
        (closed(minimum=STRING, pattern=STRING, properties=STRING, type=STRING), ()),
        ({"$schema": "s", "$id": "i", "$comment": "c", **closed(a=STRING)}, ()),
    ],
)
def test_what_anthropic_drops(schema: dict[str, Any], lost: tuple[str, ...]) -> None:
    """Each keyword that Anthropic's constrained decoding would not hold is named, and no other."""
    assert anthropic_drops(schema) == lost


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (closed(a=STRING), True),
        ({**closed(a=STRING), "required": []}, False),
        ({**closed(a=STRING), "additionalProperties": True}, False),
        ({"type": "object", "properties": {}, "required": []}, False),
        ({"type": "array", "items": STRING}, False),
        ({"anyOf": [closed(a=STRING)]}, False),
        (closed(a={"type": "array", "items": {"type": "object", "properties": {}}}), False),
        (closed(a={"allOf": [STRING]}), False),
        (closed(a={"type": ["string", "null"]}), True),
    ],
)
def test_what_openai_holds_strictly(schema: dict[str, Any], strict: bool) -> None:
    """OpenAI's strict mode takes closed objects with all properties required, and an object at the root."""
    assert openai_strict(schema) is strict


def test_roots_of_tools() -> None:
    """A tool's schema is an object at its root; one that says nothing is said to be one."""
    assert plain_object_root({"type": "object", "properties": {}})
    assert plain_object_root({"properties": {"a": STRING}})
    assert not plain_object_root({"type": "array"})
    assert not plain_object_root({"anyOf": []})
    assert object_root(None) == {"type": "object", "properties": {}}
    assert object_root({"properties": {"a": STRING}}) == {"type": "object", "properties": {"a": STRING}}
    schema = {"type": "object"}
    assert object_root(schema) is schema


def test_the_callers_schema_is_not_changed() -> None:
    """Rewriting makes new objects where it changes something."""
    schema = {"type": "object", "properties": {"a": {"type": ["object", "null"], "properties": {"b": STRING}}}}
    before = repr(schema)
    assert for_anthropic(schema) == {
        "type": "object",
        "properties": {
            "a": {
                "anyOf": [
                    {"type": "object", "properties": {"b": STRING}, "additionalProperties": False},
                    {"type": "null"},
                ]
            }
        },
        "additionalProperties": False,
    }
    assert repr(schema) == before


_kinds = st.sampled_from(["string", "integer", "number", "boolean", "null"])
_leaf = st.one_of(
    st.builds(lambda kind: {"type": kind}, _kinds),
    st.builds(lambda kinds: {"type": kinds}, st.lists(_kinds, min_size=1, max_size=3, unique=True)),
    st.builds(lambda values: {"enum": values}, st.lists(st.sampled_from(["a", 1, None]), min_size=1, unique=True)),
    st.just({"type": ["string", "null"], "enum": ["a", None], "description": "d"}),
)
_schemas = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(lambda properties: closed(**properties)),
        st.builds(lambda items: {"type": ["array", "null"], "items": items, "minItems": 1}, inner),
        st.builds(lambda branches: {"anyOf": branches}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=6,
)
_values = st.recursive(
    st.sampled_from(["a", "b", 1, 2.5, True, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_schemas, _values)
def test_rewriting_keeps_the_meaning(schema: dict[str, Any], value: Any) -> None:
    """A value is valid by the rewritten schema exactly if it is by the caller's, whose objects are closed."""
    before = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert jsonschema.Draft202012Validator(for_anthropic(schema)).is_valid(value) is before
