"""The differential run has teeth: each of these named faults, put into the compiled path, is caught by it.

A mutant is a copy of the package's own source with one place changed, imported under a name of its own. The place must
be there as often as is written, so that a mutation cannot fall silent when the code moves on: it must be aimed anew.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

import waypost.core.policy
from generators_decision import Case, cases
from oracle.differential import Engine, mismatch

SEED = 99
COUNT = 1_000
HERE = Path(waypost.core.policy.__path__[0])
_numbers = count(1)


class Mutation(NamedTuple):
    """One fault: the text ``old``, which stands at so many ``places`` of the package, becomes ``new``."""

    name: str
    old: str
    new: str
    places: int = 1


MUTATIONS = (
    Mutation(
        "less than takes the limit in",
        'case "<":\n                return self._prefix(below)',
        'case "<":\n                return self._prefix(upto)',
    ),
    Mutation(
        "an unknown fact counts as false",
        "return yes, column.known & ~yes",
        "return yes, columns.full & ~yes",
    ),
    Mutation(
        "a filter whose condition is unknown is left out",
        "line.when(values) is not False",
        "line.when(values) is True",
    ),
    Mutation("a pinned call may leave", "granted and not pinned and", "granted and"),
    Mutation(
        "ties go to the last id",
        "sorted(places, key=keys.__getitem__)",
        "sorted(reversed(places), key=keys.__getitem__)",
    ),
    Mutation(
        "input tokens are taken exactly",
        "            grid(features.tokens_input),",
        "            features.tokens_input,",
    ),
    Mutation(
        "hints reject",
        '{need.flag for need in needs if need.severity == "required"}',
        "{need.flag for need in needs}",
    ),
    Mutation(
        "only the first filter of a name counts",
        "named.setdefault(line.filter.name, []).append(line)",
        "named.setdefault(line.filter.name, [line])",
    ),
    Mutation("what was tried may be tried again", "    if tried:\n", "    if not tried and tried:\n"),
    Mutation("price tiers are ignored", "if price.above:", "if not price:"),
    Mutation("a price tier begins on its threshold", "if threshold < tokens_in:", "if threshold <= tokens_in:"),
    Mutation("a rule matches on unknown", "when(values) is True), None)", "when(values) is not False), None)"),
    Mutation(
        "the order of one answer length serves another",
        "values[TOKENS_OUT] if reads[1] else 0",
        "0",
    ),
    Mutation(
        "costs of one answer length filter another",
        "places |= {TOKENS_IN, TOKENS_OUT}",
        "places |= {TOKENS_IN}",
    ),
    Mutation(
        "the first snapshot stays for ever",
        "if world is None or not world.same(snapshot):",
        "if world is None:",
    ),
    Mutation(
        "half a nano-dollar is always rounded up",
        "rest > _HALF or (rest == _HALF and cost & 1)",
        "rest >= _HALF",
    ),
    Mutation("a wildcard covers names that end alike", "host.endswith(entry[1:])", "host.endswith(entry[2:])"),
    Mutation(
        "a foreign dialect is believed to say everything",
        "if name == dialect or flag in plan.expresses.get(name, ()):",
        "if True:",
    ),
    Mutation("utilities overrun their scale", "MICRO if worth > MICRO else worth", "worth"),
    Mutation(
        "an unknown cost or latency is the least",
        "return [score if score >= 0 else _LAST for score in found]",
        "return list(found)",
        places=2,
    ),
)


LIMITS = (
    ("decide.MAX_VIEWS", 1),
    ("decide.MAX_CELLS", 1),
    ("ordering.MAX_WHOLE", 1),
    ("ordering.MAX_CELLS", 1),
    ("decide.MAX_WORLDS", 1),
    ("columns.MAX_MASKS", 1),
    ("ordering.TOP", 3),
)


def the_run() -> Iterator[Case]:
    """As many questions as the differential test asks, of another seed; a mutant is let go at the first difference."""
    return cases(SEED, COUNT)


@contextmanager
def engine_of(folder: Path, mutation: Mutation | None) -> Iterator[Engine]:
    """The package's source under another name, with one place changed, or none."""
    name = f"waypost_mutant_{next(_numbers)}"
    hits = 0
    for source in sorted(HERE.rglob("*.py")):
        path = source.relative_to(HERE)
        if path == Path("tree.py"):
            continue
        text = source.read_text(encoding="utf-8")
        if mutation is not None:
            hits += text.count(mutation.old)
            text = text.replace(mutation.old, mutation.new)
        copy = folder / name / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(re.sub(r"\bwaypost\.core\.policy\b(?!\.tree)", name, text), encoding="utf-8")
    if mutation is not None:
        assert hits == mutation.places, f"{mutation.old!r} stands {hits} times in the package; aim it anew"
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        compiled = importlib.import_module(f"{name}.compile")
        decided = importlib.import_module(f"{name}.decide")
        yield Engine(compiled.compile_policy, decided.decide)
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[module]


def test_an_unchanged_copy_agrees(tmp_path: Path) -> None:
    """The control: without a fault nothing is caught, so that what is caught below is the fault."""
    with engine_of(tmp_path, None) as engine:
        assert [found for case in the_run() if (found := mismatch(case, engine))] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_a_fault_is_caught(mutation: Mutation, tmp_path: Path) -> None:
    """Some case of the run tells the mutant from the oracle (S2.01, S2.16)."""
    with engine_of(tmp_path, mutation) as engine:
        assert any(mismatch(case, engine) is not None for case in the_run())


def test_memos_that_hold_one_entry_change_nothing(tmp_path: Path) -> None:
    """What a plan remembers, and how far it ranks ahead, is never what makes a decision right."""
    with engine_of(tmp_path, None) as engine:
        package = engine.decide.__module__.partition(".")[0]
        for name, limit in LIMITS:
            module, _, constant = name.partition(".")
            assert getattr(sys.modules[f"{package}.{module}"], constant) > limit
            setattr(sys.modules[f"{package}.{module}"], constant, limit)
        assert [found for case in the_run() if (found := mismatch(case, engine))] == []
