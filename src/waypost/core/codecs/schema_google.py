"""JSON Schema as Google takes it, and its older notation (a subset of OpenAPI's) as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from waypost.core.codecs.schema import recursive, subschemas
from waypost.core.codecs.wire import as_list, as_map, camel

# Facts of `responseJsonSchema`: its reference lists what is held; notes hold nothing and are lost by nobody.
_NOTES = frozenset({"title", "description", "default", "examples", "deprecated", "$comment", "$schema", "$id"})
_HELD = _NOTES | frozenset(
    {
        *(
            "$defs",
            "$ref",
            "$anchor",
            "type",
            "format",
            "enum",
            "const",
            "items",
            "prefixItems",
            "minItems",
            "maxItems",
        ),
        *("minimum", "maximum", "anyOf", "properties", "additionalProperties", "required", "propertyOrdering"),
    }
)
_FORMATS = frozenset({"date-time", "date", "time", "int32", "int64", "float", "double"})
_NAMED = ("properties", "$defs")
_LISTED = ("anyOf", "prefixItems")
_SINGLE = ("items", "additionalProperties")


def google_drops(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The keywords of ``schema`` that Google's constrained decoding does not hold, sorted; empty if it holds all."""
    found: set[str] = set()
    for node in subschemas(schema):
        found.update(key for key in node if key not in _HELD)
        if "format" in node and str(node["format"]) not in _FORMATS:
            found.add("format")
        found.update(key for key in ("enum", "const") if key in node and not _plain_words(node[key]))
    if recursive(schema):
        found.add("$ref")
    return tuple(sorted(found))


def _plain_words(value: Any) -> bool:
    items = value if isinstance(value, list | tuple) else (value,)
    return all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items)


def for_google(schema: Mapping[str, Any]) -> dict[str, Any]:
    """``schema`` with the same meaning in the words that Google knows; meant for one without `google_drops`.

    A constant is a choice of one, and a reference stands alone: what stands beside it goes around it.
    """
    node = {key: _inner(key, value) for key, value in schema.items() if key != "$schema"}
    if "const" in node:
        node["enum"] = [node.pop("const")]
    if "$ref" in node and len(node) > 1:
        return {"anyOf": [{"$ref": node.pop("$ref")}], **node}
    return node


def _inner(key: str, value: Any) -> Any:
    if key in _NAMED and isinstance(value, Mapping):
        return {name: for_google(sub) if isinstance(sub, Mapping) else sub for name, sub in value.items()}
    if key in _LISTED and isinstance(value, list | tuple):
        return [for_google(sub) if isinstance(sub, Mapping) else sub for sub in value]
    if key in _SINGLE and isinstance(value, Mapping):
        return for_google(value)
    return value


def closed(schema: Mapping[str, Any], path: str = "schema", depth: int = 0) -> dict[str, Any]:
    """``schema`` as Google holds an answer to it: an object has the properties that are named and no others.

    Properties stand in the order that ``propertyOrdering`` asks for, in which every provider writes them; what may be
    null is never missing.

    Raises:
        ValueError: it is nested too deeply to be one.
    """
    _check_depth(path, depth)
    inner = (path, depth + 1)
    node = {key: _closed_inner(key, value, *inner) for key, value in schema.items() if key != "propertyOrdering"}
    if isinstance(node.get("properties"), dict):
        _order(node, schema.get("propertyOrdering"))
        node.setdefault("additionalProperties", False)
        _require_nullable(node)
    return node


def _require_nullable(node: dict[str, Any]) -> None:
    """A property that may be null and may be missing is null where it would be missing; every answer stays valid."""
    required = node.get("required", ())
    if isinstance(required, list | tuple):
        more = [name for name, sub in node["properties"].items() if name not in required and _may_be_null(sub)]
        if more:
            node["required"] = [*required, *more]
        for name in more:
            # Nobody falls back to a default of what is never missing, and strict decoding elsewhere refuses one.
            node["properties"][name].pop("default", None)


def _may_be_null(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    kind, either = schema.get("type"), schema.get("anyOf")
    if isinstance(kind, list | tuple) and "null" in kind:
        return True
    return isinstance(either, list | tuple) and any(
        isinstance(one, Mapping) and one.get("type") == "null" for one in either
    )


def _closed_inner(key: str, value: Any, path: str, depth: int) -> Any:
    if key in _NAMED and isinstance(value, Mapping):
        return {name: closed(sub, path, depth) if isinstance(sub, Mapping) else sub for name, sub in value.items()}
    if key in _LISTED and isinstance(value, list | tuple):
        return [closed(sub, path, depth) if isinstance(sub, Mapping) else sub for sub in value]
    if key in _SINGLE and isinstance(value, Mapping):
        return closed(value, path, depth)
    return value


def _check_depth(path: str, depth: int) -> None:
    if depth > _DEPTH:
        raise ValueError(f"{path}: expected a schema of at most {_DEPTH} levels, not a deeper one")


_RENAMED = {"defs": "$defs", "ref": "$ref"}
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_DEPTH = 64


def from_openapi(value: Any, path: str, depth: int = 0) -> dict[str, Any]:
    """JSON Schema out of the older notation: types in capitals, ``nullable``, an order of properties.

    Raises:
        ValueError: it is no schema of that notation, or is nested too deeply to be one.
    """
    _check_depth(path, depth)
    raw = camel(as_map(value, path))
    node: dict[str, Any] = {}
    for key, item in raw.items():
        if item is not None and key not in ("nullable", "propertyOrdering"):
            name = _RENAMED.get(key, key)
            node[name] = _converted(name, item, f"{path}.{key}", depth + 1)
    if node.get("type") == "type_unspecified":
        del node["type"]
    if "example" in node:
        node["examples"] = [node.pop("example")]
    if node.get("format") == "enum":
        del node["format"]
    _order(node, raw.get("propertyOrdering"))
    return _nullable(node) if raw.get("nullable") else node


def _converted(key: str, item: Any, path: str, depth: int) -> Any:
    if key == "type":
        return item.lower() if isinstance(item, str) else [str(one).lower() for one in as_list(item, path)]
    if key in _NAMED:
        return {name: from_openapi(sub, f"{path}.{name}", depth) for name, sub in as_map(item, path).items()}
    if key in _LISTED:
        return [from_openapi(sub, f"{path}[{index}]", depth) for index, sub in enumerate(as_list(item, path))]
    if key == "items" or (key == "additionalProperties" and isinstance(item, Mapping)):
        return from_openapi(item, path, depth)
    if key == "$ref" and isinstance(item, str):
        return item.replace("#/defs/", "#/$defs/")
    # Whole numbers of 64 bits are texts in Google's JSON.
    return int(item) if key in _COUNTS and isinstance(item, str) and item.isdecimal() else item


def _order(node: dict[str, Any], order: Any) -> None:
    properties = node.get("properties")
    if isinstance(properties, dict) and isinstance(order, list | tuple):
        first = [name for name in order if isinstance(name, str) and name in properties]
        node["properties"] = {name: properties[name] for name in dict.fromkeys([*first, *properties])}


def _nullable(node: dict[str, Any]) -> dict[str, Any]:
    if "enum" in node and isinstance(node["enum"], list):
        node["enum"] = [*node["enum"], None]
    kind = node.get("type")
    if isinstance(kind, str):
        node["type"] = [kind, "null"]
    elif "anyOf" in node:
        node["anyOf"] = [*node["anyOf"], {"type": "null"}]
    elif "$ref" in node:
        return {"anyOf": [{"$ref": node.pop("$ref")}, {"type": "null"}], **node}
    return node
