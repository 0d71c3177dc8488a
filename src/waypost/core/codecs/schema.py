"""JSON Schema as the providers take it: what each dialect drops, and rewriting that keeps the meaning.

A constraint that a dialect drops weakens the caller's guarantee, so it is reported by keyword, never removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# Facts of Anthropic's structured outputs, as its SDK's schema transformation has them.
_ANTHROPIC_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_ANTHROPIC_KEYWORDS = frozenset(
    {
        *("$defs", "definitions", "$ref", "type", "anyOf", "allOf", "enum", "const", "description", "title"),
        *("properties", "required", "additionalProperties", "items", "format", "minItems", "default"),
    }
)
_ALTERNATIVES = frozenset({"anyOf", "oneOf", "allOf", "not", "enum", "const", "$ref"})
_NO_MEANING = frozenset({"$schema", "$id", "$comment"})
_NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """``schema`` and every schema inside it, parents first. Properties named like keywords are not mistaken."""
    stack: list[Mapping[str, Any]] = [schema]
    while stack:
        node = stack.pop()
        yield node
        for key in _NAMED:
            inner = node.get(key)
            if isinstance(inner, Mapping):
                stack += [value for value in inner.values() if isinstance(value, Mapping)]
        for key in _LISTED:
            inner = node.get(key)
            if isinstance(inner, list | tuple):
                stack += [value for value in inner if isinstance(value, Mapping)]
        stack += [value for key in _SINGLE if isinstance(value := node.get(key), Mapping)]


def anthropic_drops(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The keywords of ``schema`` that Anthropic's constrained decoding does not hold, sorted; empty if it holds all."""
    found: set[str] = set()
    for node in subschemas(schema):
        found.update(key for key in node if key not in _ANTHROPIC_KEYWORDS and key not in _NO_MEANING)
        if node.get("minItems", 0) not in (0, 1):
            found.add("minItems")
        if "format" in node and str(node["format"]) not in _ANTHROPIC_FORMATS:
            found.add("format")
        if _open_object(node):
            found.add("additionalProperties")
        ref = node.get("$ref")
        if isinstance(ref, str) and not ref.startswith(("#/$defs/", "#/definitions/")):
            found.add("$ref")
        if any(isinstance(value, Mapping | list | tuple) for value in _members(node, "enum")):
            found.add("enum")
        if not _typed(node):
            found.add("type")
    if recursive(schema):
        found.add("$ref")
    return tuple(sorted(found))


def _members(node: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    value = node.get(key)
    return tuple(value) if isinstance(value, list | tuple) else ()


def _typed(node: Mapping[str, Any]) -> bool:
    return any(key in node for key in ("type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"))


def _is_object(node: Mapping[str, Any]) -> bool:
    kind = node.get("type")
    return kind == "object" or (isinstance(kind, list | tuple) and "object" in kind)


def _open_object(node: Mapping[str, Any]) -> bool:
    if not _is_object(node):
        return False
    return node.get("additionalProperties", False) is not False or "properties" not in node


def recursive(schema: Mapping[str, Any]) -> bool:
    """Whether a definition of ``schema`` reaches itself."""
    definitions = {
        f"#/{room}/{name}": node
        for room in ("$defs", "definitions")
        for name, node in _definitions(schema, room)
        if isinstance(node, Mapping)
    }
    edges = {
        name: {inner["$ref"] for inner in subschemas(node) if isinstance(inner.get("$ref"), str)}
        for name, node in definitions.items()
    }
    return any(_reaches(edges, name, name) for name in edges)


def _definitions(schema: Mapping[str, Any], room: str) -> Iterable[tuple[str, Any]]:
    value = schema.get(room)
    return value.items() if isinstance(value, Mapping) else ()


def _reaches(edges: Mapping[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    stack = list(edges[start])
    while stack:
        name = stack.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            stack += edges.get(name, ())
    return False


def for_anthropic(schema: Mapping[str, Any]) -> dict[str, Any]:
    """``schema`` in the form that Anthropic demands: objects closed, type lists as ``anyOf``; the rest as it is.

    Meant for a schema without `anthropic_drops`.
    """
    node: dict[str, Any] = {key: _inner(key, value) for key, value in schema.items() if key not in _NO_MEANING}
    kind = node.get("type")
    if isinstance(kind, list | tuple):
        node = _one_type_each(node, kind)
    elif kind == "object":
        node["additionalProperties"] = False
    return node


def _inner(key: str, value: Any) -> Any:
    if key in _NAMED and isinstance(value, Mapping):
        return {name: for_anthropic(sub) if isinstance(sub, Mapping) else sub for name, sub in value.items()}
    if key in _LISTED and isinstance(value, list | tuple):
        return [for_anthropic(sub) if isinstance(sub, Mapping) else sub for sub in value]
    if key in _SINGLE and isinstance(value, Mapping):
        return for_anthropic(value)
    return value


_OF_TYPE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "minItems"),
    "string": ("format",),
}


def _one_type_each(node: dict[str, Any], kinds: list[str] | tuple[str, ...]) -> dict[str, Any]:
    if "enum" in node or "const" in node:
        return {key: value for key, value in node.items() if key != "type"}
    special = {key for keys in _OF_TYPE.values() for key in keys}
    outer = {key: value for key, value in node.items() if key != "type" and key not in special}
    branches: list[dict[str, Any]] = []
    for kind in kinds:
        branch: dict[str, Any] = {"type": kind}
        branch.update((key, node[key]) for key in _OF_TYPE.get(kind, ()) if key in node)
        if kind == "object":
            branch["additionalProperties"] = False
        branches.append(branch)
    if "anyOf" in outer:
        return {**outer, "allOf": [*outer.get("allOf", ()), {"anyOf": branches}]}
    return {**outer, "anyOf": branches}


def openai_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI's strict mode takes ``schema``: closed objects, all properties required, an object at the root."""
    if not _is_object(schema) or "anyOf" in schema:
        return False
    for node in subschemas(schema):
        if "oneOf" in node or "allOf" in node or "not" in node:
            return False
        if _is_object(node):
            properties = node.get("properties")
            if node.get("additionalProperties", True) is not False or not isinstance(properties, Mapping):
                return False
            if not all(name in _members(node, "required") for name in properties):
                return False
    return True


def plain_object_root(schema: Mapping[str, Any]) -> bool:
    """Whether ``schema`` is an object at its root, as tools must be; one that says nothing counts."""
    if not _ALTERNATIVES.isdisjoint(schema):
        return False
    return bool(schema.get("type", "object") == "object")


def object_root(schema: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """``schema`` with its root said to be an object; the schema itself where it says so already."""
    if not schema:
        return {"type": "object", "properties": {}}
    return schema if "type" in schema else {"type": "object", **schema}
