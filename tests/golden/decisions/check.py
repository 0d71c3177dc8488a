"""Holds the compiled engine against the golden vectors beside this file; docs/vectors.md says what is in them.

    PYTHONPATH=src python tests/golden/decisions/check.py [--backwards]

It needs Python's standard library and nothing else. ``--backwards`` hands over everything that has no order in reverse:
targets, endpoints, keys of objects. Each difference is a line; the exit status is 1 where there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from waypost.core.catalog.document import records_of
from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.canonical import canonical, fingerprint
from waypost.core.model.decision import Decision
from waypost.core.model.money import grid, line_cost
from waypost.core.model.record_question import question_of, snapshot_of
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import choose, decide, mode_of
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.draw import draw
from waypost.core.policy.wrap import wrap
from waypost.core.routing.narrow import CLAIMS, withhold

HERE = Path(__file__).parent
Found = Iterator[tuple[str, Any, Any]]
"""Where, what was found, and what is expected."""


def turned(value: Any) -> Any:
    """The same objects with their keys in reverse."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


def forms(vectors: Mapping[str, Any]) -> Found:
    """Canonical form v1 and the functions of whole numbers."""
    for item in vectors["canonical"]:
        yield item["says"], canonical(item["value"]).decode(), item["canonical"]
        yield item["says"], fingerprint(item["value"]), item["fingerprint"]
    for item in vectors["refused"]:
        yield item["says"], refused(item["json"]), True
    for n, expected in vectors["grid"]:
        yield f"grid({n})", grid(n), expected
    for tokens, price, expected in vectors["line_cost"]:
        yield f"line_cost({tokens}, {price})", line_cost(tokens, price), expected
    for key, digits, label, expected in vectors["hash"]:
        yield f"hash of {label}", draw(bytes.fromhex(key), digits, label), expected


def refused(text: str) -> bool:
    try:
        canonical(json.loads(text))
    except (TypeError, ValueError):
        return True
    return False


def catalog_of(vectors: Mapping[str, Any], *, backwards: bool) -> Catalog:
    """The catalog out of its document."""
    document = vectors["document"]
    targets, endpoints, aliases, sources = records_of(document)
    order: Callable[[Any], Any] = (lambda items: list(reversed(items))) if backwards else list
    return build_catalog(document["name"], order(targets), order(list(endpoints.values())), aliases, sources=sources)


def case(vectors: Mapping[str, Any], catalog: Catalog, expresses: Mapping[str, frozenset[str]]) -> Found:
    """One question: the policies as they are compiled, who answers, in which mode, and what is decided."""
    expected = vectors["expected"]
    outer = [policy_from_document(document) for document in vectors["envelopes"]]
    inner = [policy_from_document(document) for document in vectors["policies"]]
    for policy, document in zip([*inner, *outer], [*vectors["policies"], *vectors["envelopes"]], strict=True):
        yield "document", policy.document, document
    policies = [wrap(policy, outer) for policy in inner]
    yield "canonical", [canonical(policy.document).decode() for policy in policies], expected["canonical"]  # type: ignore[arg-type]
    yield "fingerprints", [policy.fingerprint for policy in policies], expected["fingerprints"]
    plans = tuple(compile_policy(policy, catalog, expresses) for policy in policies)
    question, seed = question_of(vectors["question"]), bytes.fromhex(vectors["seed"])
    plan = choose(plans, question)
    yield "chosen", plans.index(plan), expected["chosen"]
    grants = CLAIMS if plan.policy.grants is None else plan.policy.grants
    question = withhold(question, [claim for claim in CLAIMS if claim not in (*grants, "policy")])
    yield "withheld", list(question.withheld), expected["withheld"]
    yield "mode", list(mode_of(plan, question, seed)), expected["mode"]
    decision = decide(plan, question, snapshot_of(vectors["snapshot"]), seed, frozenset(vectors["tried"]))
    for name, found in told(decision, catalog).items():
        yield name, found, expected["decision"][name]
    yield "fingerprint of the policy", decision.policy, expected["fingerprints"][expected["chosen"]]
    yield "fingerprint of the catalog", decision.catalog, catalog.fingerprint


def told(decision: Decision, catalog: Catalog) -> dict[str, Any]:
    """By ids."""
    ids = [target.id for target in catalog.targets]

    def members(mask: int) -> list[str]:
        return [target for place, target in enumerate(ids) if mask >> place & 1]

    return {
        "selected": None if decision.selected is None else ids[decision.selected],
        "order": [ids[place] for place in decision.order],
        "scores": list(decision.scores),
        "survivors": members(decision.survivors),
        "rejections": [[name, members(mask)] for name, mask in decision.rejections],
        "cause": decision.cause,
        "rule": decision.rule,
        "because": decision.because,
        "rank": decision.rank,
        "chance": decision.chance,
        "propensity_ppm": decision.propensity_ppm,
        "aside": decision.aside,
    }


def everything(*, backwards: bool) -> Found:
    """All comparisons over all files."""
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.json"))}
    if backwards:
        files = {name: turned(content) for name, content in files.items()}
    yield from forms(files.pop("00-forms"))
    world = files.pop("00-world")
    catalog = catalog_of(world["catalog"], backwards=backwards)
    yield "catalog", canonical(catalog.document).decode(), world["catalog"]["canonical"]
    yield "catalog", catalog.fingerprint, world["catalog"]["fingerprint"]
    expresses = {dialect: frozenset(flags) for dialect, flags in world["expresses"].items()}
    for name, content in files.items():
        for vectors in content["cases"]:
            for what, found, expected in case(vectors, catalog, expresses):
                yield f"{name}: {vectors['name']}: {what}", found, expected


def main() -> int:
    """Print what differs, then how much was compared."""
    compared = differences = 0
    for where, found, expected in everything(backwards="--backwards" in sys.argv[1:]):
        compared += 1
        if found != expected:
            differences += 1
            print(f"{where}\n  found    {found!r}\n  expected {expected!r}")
    print(f"{compared} compared, {differences} differ")
    return int(differences > 0)


if __name__ == "__main__":
    sys.exit(main())
