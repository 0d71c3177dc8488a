"""Shapes of the parts of a policy file, as JSON Schema; scripts/generate_policy_schema.py puts them together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from scripts import policy_schema_predicates as predicates
from waypost.core.features.classify import LANGUAGES
from waypost.core.features.privacy import DataClass
from waypost.core.model.money import MICRO
from waypost.core.model.outcome import FailureKind
from waypost.core.model.question import Mode
from waypost.core.policy.fields import FIELDS
from waypost.core.policy.tree import ACTIONS, LADDER
from waypost.core.policy.units import UNITS
from waypost.runtime import policy_choosing, policy_parts, policy_spending

Schema = dict[str, Any]
NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": ["string", "number", "boolean"]}
"""What is read as text: a name may be 5."""
SOME_TEXT: Schema = {**TEXT, "minLength": 1}
VARIABLE: Schema = {"type": "string", "pattern": r"\$\{"}
"""A constant of the policy stands for any text, so that no list of words and no pattern holds where one is written."""
CLOSED = {"data_class": get_args(DataClass), "language": LANGUAGES}


def described(schema: Schema, description: str, *examples: Any) -> Schema:
    return {"description": description, **schema, **({"examples": list(examples)} if examples else {})}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def words(known: Iterable[str], *others: Schema) -> Schema:
    """One of ``known``, or of the ``others``, or a variable."""
    return {"anyOf": [{"enum": list(known)}, *others, VARIABLE]}


def text(pattern: str, *more: Schema) -> Schema:
    return {"anyOf": [{"type": "string", "pattern": pattern}, *more, VARIABLE]}


def mapping(properties: Schema, required: Iterable[str] = (), **more: Any) -> Schema:
    """An object with these keys alone; an empty value is an absent one where it is not required."""
    needed = list(required)
    optional = {
        key: value if key in needed or value == NULL else {"anyOf": [value, NULL]} for key, value in properties.items()
    }
    out: Schema = {"type": "object", "properties": optional, "additionalProperties": False, **more}
    return {**out, "required": needed} if needed else out


def listed(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def quantity(*measures: str, bare: bool = False) -> Schema:
    """A number above or at zero with a unit of one of ``measures``, or without one where ``bare``."""
    units = "|".join(re.escape(unit) for unit, (measure, _) in UNITS.items() if measure in measures)
    unit = rf"\s*(?:{units})" + ("" if not bare else "|")
    more = ({"type": "number", "minimum": 0},) if bare else ()
    return text(rf"^\s*[0-9]+(?:\.[0-9]+)?(?:{unit})\s*$", *more)


def weight() -> Schema:
    """A share, or a number that is not beyond what the reader takes."""
    found = quantity("share", bare=True)
    most = policy_parts.MAX_WEIGHT // MICRO
    found["anyOf"] = [{**one, "maximum": most} if one.get("type") == "number" else one for one in found["anyOf"]]
    return found


def match_mapping() -> Schema:
    """One request field to the word that it must have, or to a list of words of which it must have one."""
    properties: Schema = {}
    for field in predicates.REQUEST:
        if field.name == "intent" or field.kind != "text" or "<" in field.name:
            continue
        known = field.values or CLOSED.get(field.name, ())
        word = words(known) if known else ref("word")
        if set(known) == {"true", "false"}:
            word["anyOf"].append({"type": "boolean"})
        one_or_more = {"anyOf": [word, listed(word, minItems=1)]}
        properties[field.name] = described(one_or_more, field.meaning)
    any_word = {"anyOf": [ref("word"), listed(ref("word"), minItems=1)]}
    return mapping(properties, patternProperties={r"^context\..": any_word}, minProperties=1)


def definitions() -> Schema:
    targets = described(listed(ref("target"), minItems=1), "targets, ordered from cheap to powerful")
    return {
        "word": TEXT,
        "target": described(
            {"type": "string", "minLength": 1},
            "provider/model, provider/model@deployment, or an alias of the catalog",
            "openai/gpt-4o-mini",
        ),
        "targets": targets,
        "predicate": described(
            predicates.predicate(predicates.ALL),
            "field op value, joined by and, or, not and parentheses. Fields: " + ", ".join(FIELDS),
            "region in [eu] and retention == none",
            *predicates.examples(predicates.ALL),
        ),
        "request_predicate": described(
            predicates.predicate(predicates.REQUEST),
            "a predicate over the request: " + ", ".join(field.name for field in predicates.REQUEST),
            "task == debugging and complexity == complex",
            *predicates.examples(predicates.REQUEST),
        ),
        "share": described(quantity("share", bare=True), "a part of the calls: 5% or 0.05", "5%"),
        "weight": weight(),
        "duration": described(quantity("ns"), "a duration with its unit", "200 ms", "30 s", "1 h"),
        "by": described(
            words(policy_choosing.BY, {"type": "string", "pattern": r"^context\.."}),
            "whose calls stay together: all of one value go to one side",
            "user",
        ),
        "filter_line": {
            "anyOf": [
                ref("predicate"),
                mapping(
                    {
                        "rule": ref("predicate"),
                        "when": described(ref("request_predicate"), "the line holds only where this does"),
                        "because": described(TEXT, "why; receipts quote it"),
                    },
                    ["rule"],
                ),
            ]
        },
        "filter": listed(ref("filter_line")),
        "rule": rule(),
        "reaction": reaction(),
        "budget": budget(),
        "limit": limit(),
    }


def rule() -> Schema:
    schema = mapping(
        {
            "name": described(SOME_TEXT, "receipts show it as rule.<name>"),
            "when": described(ref("request_predicate"), "the rule matches where this is true; without it, always"),
            "use": described(
                {"anyOf": [{"type": "string", "minLength": 1}, listed({"type": "string"}, minItems=1)]},
                "who may answer: a tier, or a list of targets and tiers",
                "fast_cheap",
            ),
            "filter": described(ref("filter"), "further hard lines where the rule matches"),
            "because": described(TEXT, "why; receipts quote it"),
        },
        ["name"],
    )
    return {**schema, "anyOf": [{"required": ["use"]}, {"required": ["filter"]}]}


def reaction() -> Schema:
    then = ("next_candidate", "abort")
    return {
        "anyOf": [
            words(then),
            mapping(
                {
                    "retry_same": described(
                        {"type": "integer", "minimum": 0, "maximum": 10}, "repeats at the same target"
                    ),
                    "backoff": described(ref("duration"), "what is waited before a repeat"),
                    "then": words(then),
                    "disable_provider": described(ref("duration"), "nobody of the endpoint is asked for so long"),
                }
            ),
        ]
    }


def fallback() -> Schema:
    attempts = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 20}, VARIABLE]}
    failures = mapping(dict.fromkeys(get_args(FailureKind), ref("reaction")))
    return mapping(
        {
            "max_attempts": described(attempts, "attempts of one call"),
            "deadline": described(ref("duration"), "no attempt begins after it"),
            "failures": described(failures, "what each kind of failure causes"),
        }
    )


def budget() -> Schema:
    action = words((*ACTIONS, *LADDER), {"type": "string", "minLength": 1})
    at = {
        "type": "object",
        "propertyNames": {"pattern": r"^(?:[1-9]|[1-9][0-9]|100)(?:\.0+)?\s*%$|^(?:0?\.[0-9]+|0\.[0-9]+|1(?:\.0+)?)$"},
        "additionalProperties": described(action, "warn, downgrade, fail, or a tier"),
        "minProperties": 1,
    }
    return mapping(
        {
            "scope": described(scope(policy_spending.SCOPES), "whose calls are counted together"),
            "limit": described(quantity("usd_per_period"), "what each value of the scope may spend", "5 USD/day"),
            "at": described(
                at, "what happens at which part of the limit; {100%: fail} where it is left out", {"80%": "downgrade"}
            ),
        },
        ["scope", "limit"],
    )


def limit() -> Schema:
    rate = quantity("rate")
    schema = mapping(
        {
            "scope": described(
                scope((*policy_spending.SCOPES, *policy_spending.OF_TARGETS)),
                "whose calls are counted together; target, endpoint and provider reject only their own",
            ),
            "requests": described(rate, "calls", "60/min"),
            "tokens": described(rate, "tokens of prompts and answers", "200k/min"),
        },
        ["scope"],
    )
    return {**schema, "anyOf": [{"required": ["requests"]}, {"required": ["tokens"]}]}


def scope(known: tuple[str, ...]) -> Schema:
    return words(known, {"type": "string", "pattern": r"^context\.."})


def select() -> Schema:
    weights = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [{"type": "integer", "minimum": 1, "maximum": policy_choosing.MAX_WEIGHT}, VARIABLE]
        },
    }
    canary = mapping({"target": ref("target"), "share": ref("share"), "by": ref("by")}, ["target", "share"])
    return {
        "anyOf": [
            words(["best"]),
            mapping(
                {
                    "weighted": described(
                        {"anyOf": [{"const": "deployments"}, weights]},
                        "by weight among these targets; `deployments`: by the catalog's weights among the best model's",
                        "deployments",
                        {"openai/gpt-4o": 3, "openai/gpt-4o-mini": 1},
                    ),
                    "by": ref("by"),
                },
                ["weighted"],
            ),
            mapping(
                {"explore": described(ref("share"), "so many calls try one of the eight best"), "by": ref("by")},
                ["explore"],
            ),
            mapping(
                {"canary": described(canary, "this share of the calls goes to the target"), "by": ref("by")}, ["canary"]
            ),
        ]
    }


def mode() -> Schema:
    rollout = mapping({"route": ref("share"), "by": ref("by")}, ["route"])
    return {"anyOf": [words(get_args(Mode)), rollout]}


def default() -> Schema:
    by_provider = {"type": "object", "additionalProperties": ref("target")}
    return {"anyOf": [ref("target"), by_provider]}
