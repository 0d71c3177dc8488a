"""Makes the golden vectors anew with the slow oracle, and shows how they differ from those that are checked in.

    export PYTHONPATH=src:tests
    python -m golden.decisions.make            # only the difference; exit status 1 where there is one
    python -m golden.decisions.make --write    # after reading it

The expected side never comes from the compiled engine. Read every line of the difference before you write it: each is
a change of meaning, and needs a line in docs/decision.md and, if decisions of old receipts change, a new `ENGINE`.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from golden.decisions import front, hard, soft
from golden.decisions.world import EXPRESSES, Vector, catalog, policy_document, question_record
from oracle import modes
from oracle.canonical import canonical, fingerprint
from oracle.chance import draw
from oracle.envelopes import granted, wrap
from oracle.facts import grid, lg, line_cost
from oracle.oracle import OracleDecision, World, decide
from waypost.core.model.record_question import question_of, snapshot_of
from waypost.core.policy.document import policy_from_document

HERE = Path(__file__).parent
WIDTH = 140

SECTIONS: Mapping[str, tuple[str, Sequence[Vector]]] = {
    "01-fields": ("Fields", hard.FIELDS),
    "02-predicates": ("Predicates", hard.PREDICATES),
    "03-evaluation": ("Evaluation", hard.EVALUATION),
    "04-narrowing": ("Narrowing", hard.NARROWING),
    "05-budgets-and-limits": ("Budgets and limits", hard.SPENDING),
    "06-setting-aside": ("Setting the shortlist aside", soft.ASIDE),
    "07-rank": ("Rank", soft.RANK),
    "08-affinity": ("Affinity", soft.AFFINITY),
    "09-select": ("Select", soft.SELECT),
    "10-envelopes": ("Envelopes", soft.ENVELOPES),
    "11-which-policy-which-mode": ("Which policy, which mode", soft.CHOICE),
    "12-putting-some-in-front": ("Putting some in front", front.FRONT),
}
FORMS: tuple[tuple[str, Any], ...] = (
    (
        "no white space, keys by code point",
        {"b": 1, "a": [True, None, -7], "A": {}, "é": "", "\U0001f600": 0, "\uffff": 1},
    ),
    ("text in NFC, keys too", {"e\u0301": "A\u030a"}),
    ("only quote, backslash and controls are escaped", '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028é'),
    ("integers of any size", [0, -1, 2**53 + 1, 10**30]),
)
REFUSED = (
    ("a float", '{"a":1.5}'),
    ("a float that is whole", "[1.0]"),
    ("an exponent", "[1e3]"),
    ("two keys that are one in NFC", '{"e\\u0301":1,"\\u00e9":2}'),
)
NUMBERS = (0, 1, 15, 16, 17, 31, 32, 33, 1000, 1024, 1025, 200_000)


def files() -> dict[str, Any]:
    """Every file of vectors by its name, as JSON has it."""
    found: dict[str, Any] = {"00-forms": forms(), "00-world": the_world()}
    for name, (title, vectors) in SECTIONS.items():
        found[name] = {"section": title, "cases": [case(vector) for vector in vectors]}
    return found


def forms() -> dict[str, Any]:
    """Canonical form v1, the grid, the logarithm, money, and draws."""
    keys = ((b"\0" * 16, "rollout"), ("ção".encode(), "openai/mini"))
    return {
        "canonical": [
            {"says": says, "value": value, "canonical": canonical(value).decode(), "fingerprint": fingerprint(value)}
            for says, value in FORMS
        ],
        "refused": [{"says": says, "json": text} for says, text in REFUSED],
        "grid": [[n, grid(n)] for n in NUMBERS],
        "lg": [[n, lg(n)] for n in (0, 1, 2, 3, 4, 5, 1000, 2_880_000)],
        "line_cost": [[1, p, line_cost(1, p)] for p in (499_999, 500_000, 1_500_000, 1_500_001, 2_500_000)],
        "hash": [[key.hex(), "ab" * 32, label, draw(key, "ab" * 32, label)] for key, label in keys],
    }


def the_world() -> dict[str, Any]:
    """The catalog and what the dialects express, the same for all cases."""
    document = catalog().document
    return {
        "expresses": {dialect: list(flags) for dialect, flags in EXPRESSES.items()},
        "catalog": {
            "document": document,
            "canonical": canonical(document).decode(),
            "fingerprint": fingerprint(document),
        },
    }


def case(vector: Vector) -> dict[str, Any]:
    """One case with what the oracle expects of it."""
    documents = [policy_document(parts) for parts in (vector.policy, *vector.others)]
    envelopes = [policy_document(parts) for parts in vector.envelopes]
    question = question_record(vector.question)
    return {
        "name": vector.name,
        "says": vector.says,
        "policies": documents,
        "envelopes": envelopes,
        "question": question,
        "snapshot": {"epoch": 0, "at_ns": 0, **vector.snapshot},
        "seed": vector.seed,
        "tried": list(vector.tried),
        "expected": expected(vector, documents, envelopes, question),
    }


def expected(
    vector: Vector, documents: Sequence[Any], envelopes: Sequence[Any], record: Mapping[str, Any]
) -> dict[str, Any]:
    table = catalog()
    outer = [policy_from_document(document) for document in envelopes]
    policies = [wrap(policy_from_document(document), outer) for document in documents]
    question, seed = question_of(record), bytes.fromhex(vector.seed)
    chosen = modes.choose(policies, table, question)
    grants = policies[chosen].grants
    followed = replace(policies[chosen], grants=None if grants is None else (*grants, "policy"))
    question = granted(followed, question)
    world = World(policies[chosen], table, {name: frozenset(flags) for name, flags in EXPRESSES.items()})
    decision = decide(world, question, snapshot_of(vector.snapshot), seed, vector.tried)
    return {
        "canonical": [canonical(policy.document).decode() for policy in policies],
        "fingerprints": [fingerprint(policy.document) for policy in policies],
        "chosen": chosen,
        "withheld": list(question.withheld),
        "mode": list(modes.mode_of(policies[chosen], table, question, seed)),
        "decision": told(decision),
    }


def told(decision: OracleDecision) -> dict[str, Any]:
    """By ids, so that a person can read it."""
    return {
        "selected": decision.selected,
        "order": list(decision.order),
        "scores": list(decision.scores),
        "survivors": list(decision.survivors),
        "rejections": [
            [name, [target for target, failed in decision.rejections.items() if name in failed]]
            for name in decision.names
        ],
        "cause": decision.cause,
        "rule": decision.rule,
        "because": decision.because,
        "rank": decision.rank,
        "chance": decision.chance,
        "propensity_ppm": decision.propensity_ppm,
        "aside": decision.aside,
    }


def text_of(content: Any) -> str:
    """As it is checked in: what fits on a line is on one, what does not has a line for each of its parts."""
    return laid_out(content, 0) + "\n"


def laid_out(value: Any, depth: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or len(flat) + depth <= WIDTH:
        return flat
    inner = " " * (depth + 1)
    if isinstance(value, list):
        parts = [inner + laid_out(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(parts) + "\n" + " " * depth + "]"
    parts = [
        f"{inner}{json.dumps(key, ensure_ascii=False)}: {laid_out(item, depth + 1)}" for key, item in value.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n" + " " * depth + "}"


def main(arguments: Sequence[str]) -> int:
    """Print the difference; write it where asked."""
    changed = 0
    made = {f"{name}.json": text_of(content) for name, content in files().items()}
    for gone in {path.name for path in HERE.glob("*.json")} - set(made):
        print(f"{gone}: no longer made; remove it")
        changed += 1
    for name, text in made.items():
        path = HERE / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = list(difflib.unified_diff(old.splitlines(), text.splitlines(), name, f"{name} (made now)", lineterm=""))
        print(*lines, sep="\n", end="\n" if lines else "")
        changed += bool(lines)
        if lines and "--write" in arguments:
            path.write_text(text, encoding="utf-8")
    return int(changed > 0 and "--write" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
