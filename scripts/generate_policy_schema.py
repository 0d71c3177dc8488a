"""Make policies/policy.schema.json, by which editors complete and check policies, from the reader's own vocabulary.

    python scripts/generate_policy_schema.py            write it
    python scripts/generate_policy_schema.py --check    exit 1 where the written one differs

The schema says what a file may look like. What names mean, and whether they exist in a catalog, only loading says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

if not __package__:  # run as a file: make the package importable by its name
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.policy_schema_shapes import (
    NULL,
    SOME_TEXT,
    TEXT,
    Schema,
    default,
    definitions,
    described,
    fallback,
    listed,
    mapping,
    match_mapping,
    mode,
    ref,
    select,
    text,
    words,
)
from waypost.core.policy.document import VERSION
from waypost.core.policy.rank import STRATEGIES
from waypost.core.policy.tree import ACTIONS, Claim
from waypost.runtime import advisors, policy_choosing, policy_grants
from waypost.runtime.policy_reader import KEYS

ROOT = Path(__file__).resolve().parents[1]
_HOST = r"^(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*$"
FILE = ROOT / "policies" / "policy.schema.json"


def keys() -> Schema:
    weights = mapping({"cost": ref("weight"), "latency": ref("weight"), "quality": ref("weight")}, minProperties=1)
    scored = [name for name in STRATEGIES if name != "weighted"]
    behind = {"anyOf": [words(scored), weights]}
    leading = (
        mapping({"advisor": SOME_TEXT, "else": behind, "within": ref("duration")}, ["advisor"]),
        mapping({"strategy": words(("listed",)), "else": behind}, ["strategy"]),
    )
    span = text(r"^\s*[0-9.]+\s*[A-Za-z%/]*\s*\.\.\s*[0-9.]+\s*[A-Za-z%/]*\s*$")
    affinity_by = words(("conversation", *policy_choosing.BY), {"type": "string", "pattern": r"^context\.."})
    return {
        "waypost": described({"const": VERSION}, "the version of the language"),
        "name": described(SOME_TEXT, "what receipts call the policy; not inherited", "support"),
        "extends": described(
            {"type": "string", "minLength": 1}, "a policy beside this file, or a packaged one", "base"
        ),
        "description": described(TEXT, "for people; not inherited"),
        "mode": described(
            mode(), "off, observe, advise or route; or a share of the calls: {route: 25%, by: user}", "route"
        ),
        "baseline": described(ref("target"), "what every receipt is priced against"),
        "match": described(
            {"anyOf": [ref("request_predicate"), match_mapping()]},
            "which calls this policy is for; without it, all",
            {"department": "support"},
        ),
        "vars": described(
            {"type": "object", "additionalProperties": {"anyOf": [ref("word"), listed(ref("word"))]}},
            "constants, written ${name}",
            {"floor": 0.5},
        ),
        "tiers": described(
            {
                "type": "object",
                "additionalProperties": ref("targets"),
                "propertyNames": {"not": {"enum": list(ACTIONS)}},
            },
            "shortlists by name, for `use` and for budgets; the catalog's tiers exist too",
            {"cheap": ["openai/gpt-4o-mini"]},
        ),
        "rules": described(listed(ref("rule")), "the first whose `when` is true chooses the shortlist"),
        "filter": described(ref("filter"), "hard lines: every one holds for whoever answers"),
        "rank": described(
            {"anyOf": [words((*scored, "listed", *advisors.packaged())), weights, *leading]},
            "in which order the survivors stand: a name, weights, or an advisor with what stands behind it",
            "cheapest",
            {"cost": 0.6, "quality": 0.4},
            {"advisor": "heuristic", "else": "balanced", "within": "300 ms"},
        ),
        "scales": described(
            mapping({"cost": span, "latency": span, "quality": span}),
            "the fixed range on which each weighed field is measured",
            {"cost": "0.0000001..1 USD", "latency": "0.2..20 s", "quality": "0..1"},
        ),
        "select": described(select(), "how one of the ranked survivors is taken", "best", {"explore": "5%"}),
        "fallback": described(fallback(), "what happens when an attempt fails"),
        "on_no_candidates": described(words(("error", "default")), "what a call gets when nobody survives"),
        "on_internal_error": described(words(("open", "closed")), "what `auto` gets when Waypost itself breaks"),
        "default": described(default(), "who answers where nobody can be chosen: a target, or one for each provider"),
        "cross_origin": described(words(("auto", "never")), "never: no call leaves its own endpoint"),
        "leave": described(
            listed(text(_HOST, {"type": "number"})),
            "own hosts that calls may leave",
            ["gateway.corp.example", "*.corp.example"],
        ),
        "affinity": described(
            mapping({"by": affinity_by, "for": ref("duration")}, ["for"]),
            "stay with the target that answered last, while its cache is worth it",
            {"by": "conversation", "for": "1 h"},
        ),
        "budgets": described(listed(ref("budget")), "what may be spent, for each value of a scope"),
        "limits": described(listed(ref("limit")), "how often and how much may be asked, for each value of a scope"),
        "privacy": described(
            mapping({"content": words(policy_grants.CONTENTS), "for": ref("duration")}),
            "what of prompts and answers may be kept, and for how long",
            {"content": "redacted", "for": "30 d"},
        ),
        "envelope": described(
            {"enum": [True, False, "true", "false"]}, "its lines hold in every other policy; it chooses nothing itself"
        ),
        "grants": described(
            listed({"enum": list(get_args(Claim))}), "what a call may say for itself; all where it is left out"
        ),
        "aliases": described(
            {"type": "object", "additionalProperties": SOME_TEXT},
            "what requested models stand for; rules read it as `intent`",
            {"gpt-4": "chat"},
        ),
    }  # fmt: skip


def schema() -> Schema:
    """The whole schema; its keys are those of the reader, in the reader's order."""
    found = keys()
    if tuple(found) != tuple(KEYS):
        different = sorted(set(found) ^ set(KEYS)) or "the order"
        raise SystemExit(f"the schema and the reader have different keys: {different}")
    body = mapping(found, ["waypost", "name"])
    body["properties"]["grants"] = found["grants"]  # nothing and none are not the same here
    chooses = dict.fromkeys(policy_grants.NOT_IN_AN_ENVELOPE, NULL)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://waypost.dev/schemas/policy/v1",
        "title": "Waypost policy, version 1",
        "description": "Which model answers a call: match, rules, filter, rank, select, fallback. "
        "docs/policy.md explains every key; `waypost check` finds what a schema cannot see.",
        **body,
        "if": {"properties": {"envelope": {"enum": [True, "true"]}}, "required": ["envelope"]},
        "then": {"properties": chooses},
        "$defs": definitions(),
    }


def rendered() -> str:
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    made = rendered()
    if "--check" in arguments:
        if FILE.is_file() and FILE.read_text(encoding="utf-8") == made:
            return 0
        print(f"{FILE.relative_to(ROOT)} is not what scripts/generate_policy_schema.py makes")
        return 1
    FILE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
