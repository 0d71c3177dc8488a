"""The places of a policy's parts beside its canonical document, which has none.

Each part's place stands by its path in the document, and that of each node of a predicate behind a ``#``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from waypost.core.model.decision import Source
from waypost.core.policy.tree import And, Compare, Filter, Not, Or, Policy, Predicate


def positions_of(policy: Policy) -> dict[str, str]:
    """``file:line:column:length`` by path into the document, and the files under ``sources``."""
    places = {"": policy.at, "mode": policy.mode.at, "rank": policy.rank.at, "fallback": policy.fallback.at}
    places.update((f"scales.{scale.field}", scale.at) for scale in policy.scales)
    places.update((f"budgets.{index}", budget.at) for index, budget in enumerate(policy.budgets))
    places.update((f"limits.{index}", limit.at) for index, limit in enumerate(policy.limits))
    places.update((key, part.at) for key, part in (("select", policy.select), ("affinity", policy.affinity)) if part)
    places.update(_predicate_places(policy.match, "match"))
    places.update(_filter_places(policy.filters, "filter"))
    for index, rule in enumerate(policy.rules):
        path = f"rules.{index}"
        places[path] = rule.at
        places.update(_predicate_places(rule.when, f"{path}.when"))
        places.update(_filter_places(rule.filters, f"{path}.filter"))
    out = {path: f"{at}:{at.length}" for path, at in places.items() if at.line}
    if policy.sources:
        out["sources"] = "\n".join(policy.sources)
    return out


def _filter_places(filters: tuple[Filter, ...], path: str) -> Iterator[tuple[str, Source]]:
    for index, line in enumerate(filters):
        yield f"{path}.{index}", line.at
        yield from _predicate_places(line.predicate, f"{path}.{index}")
        yield from _predicate_places(line.when, f"{path}.{index}.when")


def _predicate_places(predicate: Predicate | None, path: str) -> Iterator[tuple[str, Source]]:
    nodes = () if predicate is None else _walk(predicate)
    return ((f"{path}#{number}", node.at) for number, node in enumerate(nodes))


def _walk(predicate: Predicate) -> Iterator[Predicate]:
    """All nodes, parents first."""
    yield predicate
    match predicate:
        case Compare():
            return
        case Not():
            yield from _walk(predicate.term)
        case And() | Or():
            for term in predicate.terms:
                yield from _walk(term)
        case _:
            assert_never(predicate)
