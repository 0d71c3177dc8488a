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

SEED = 101
COUNT = 4_000
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
    Mutation("whom a call asks must be known to be able", "own | (spoken &", "(spoken &"),
    Mutation(
        "whom a call asks reads any signature",
        "return _signed(plan, values[SEALED])",
        "return own | _signed(plan, values[SEALED])",
    ),
    Mutation(
        "every model at home paints", "if of_model(flag, auto=values[ASKED] is None) else home", "if False else home"
    ),
    Mutation("a cache is any model's at home", "and not asked_only(flag) else 0", "else 0"),
    Mutation("a pinned call may leave", "granted and not pinned and", "granted and"),
    Mutation(
        "ties go to the last id",
        "rows = sorted(zip(STRATEGIES[strategy].keys(scores), indices, scores, strict=True))[:top]",
        "rows = sorted(zip(STRATEGIES[strategy].keys(scores), indices, scores), key=lambda r: (r[0], -r[1]))[:top]",
    ),
    Mutation(
        "input tokens are taken exactly",
        "            on_grid(features.tokens_input),",
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
    Mutation("what was tried may be tried again", "room = base.open & ~gone", "room = base.open"),
    Mutation("price tiers are ignored", "bisect_left(self._thresholds, tokens_in)", "0"),
    Mutation("a price tier begins on its threshold", "if threshold < tokens_in:", "if threshold <= tokens_in:"),
    Mutation(
        "a price tier begins on its threshold for the catalog",
        "bisect_left(self._thresholds, tokens_in)",
        "__import__('bisect').bisect_right(self._thresholds, tokens_in)",
    ),
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
        "if state != state_of(snapshot):",
        "if not state:",
    ),
    Mutation(
        "half a nano-dollar is always rounded up",
        "_HALF + (line // MTOK & 1)",
        "_HALF + 1",
    ),
    Mutation("a wildcard covers names that end alike", "host.endswith(entry[1:])", "host.endswith(entry[2:])"),
    Mutation(
        "a foreign dialect is believed to say everything",
        "if flag in plan.expresses.get(name, ()):",
        "if True:",
    ),
    Mutation("utilities overrun their scale", "MICRO if worth > MICRO else worth", "worth"),
    Mutation(
        "an unknown cost or latency is the least",
        "return [score if score >= 0 else _LAST for score in found]",
        "return list(found)",
        places=2,
    ),
    # Narrowing
    Mutation("a glob is taken for a name", 'if "*" in entry or "?" in entry:', "if not entry:"),
    Mutation(
        "an unknown price is cheap enough",
        'columns.full & ~columns.sorted(field).compare("<=", limit * MICRO)',
        'columns.sorted(field).compare(">", limit * MICRO)',
    ),
    Mutation(
        "what a call ignores is all that it takes",
        "_any(columns, narrow.ignore)",
        "full & ~_any(columns, narrow.ignore)",
    ),
    Mutation(
        "a model is not named with its provider",
        "for name in {target.id, model, *words}",
        "for name in {target.id, *words}",
    ),
    # Budgets and limits
    Mutation("the first threshold says what happens", "yield budget, actions[-1]", "yield budget, actions[0]"),
    Mutation("a threshold must be passed", "if threshold <= level]", "if threshold < level]"),
    Mutation(
        "a limit of one target stops everybody",
        'case "target":\n                return self.bit(value)',
        'case "target":\n                return columns.full',
    ),
    Mutation(
        "a limit of one provider stops everybody",
        "return columns.providers().get(value, 0)",
        "return columns.full",
    ),
    Mutation("a refusal is of no account", "(*limits, *fails, *refusals)", "(*limits, *fails)"),
    Mutation("one caller's budget is everybody's", "values if due is NO_DUES else (due, values)", "values"),
    Mutation("nobody says that the money is gone", '"budget" if spent else "limit"', '"limit"'),
    # Fallbacks
    Mutation("a fallback comes before the chosen one", "([], rows) if hop else (rows[:1], rows[1:])", "([], rows)"),
    Mutation("on a hop a fallback comes behind", "([], rows) if hop else (rows[:1], rows[1:])", "(rows[:1], rows[1:])"),
    Mutation("a fallback need not survive", "left = view.survivors & ~mask", "left = plan.columns.full & ~mask"),
    Mutation(
        "an alias is no fallback", "return naming(columns, entry) | mask_of", "return naming(columns, entry) & ~mask_of"
    ),
    Mutation("a fallback stands by twice", "if row[0] not in known", "if known is not None"),
    # Setting the shortlist aside
    Mutation(
        "an override outvotes every rule", "if forced is not None and room >> forced & 1:", "if forced is not None:"
    ),
    Mutation(
        "an override is asked after the budgets",
        "if forced is not None and room",
        "if not due.steering and forced is not None and room",
    ),
    Mutation(
        "the loosest budget holds",
        "allowed.bit_count() < found[1].bit_count()",
        "allowed.bit_count() > found[1].bit_count()",
    ),
    Mutation("a tier lets in what lies above it", "LADDER[: LADDER.index(name) + 1]", "LADDER[LADDER.index(name) :]"),
    Mutation(
        "downgrade allows the tier of the best", "*LADDER[: LADDER.index(tier)]", "*LADDER[: LADDER.index(tier) + 1]"
    ),
    Mutation("downgrade goes down to local", "if tier not in LADDER[2:]:", "if tier not in LADDER[1:]:"),
    Mutation("a budget sets aside what is within it", "if order and allowed >> order[0] & 1:", "if not room:"),
    Mutation("a budget may leave nobody", "    if room & allowed:\n", "    if room | allowed:\n"),
    # Rank
    Mutation(
        "a preference stands above a strategy",
        "PREFERRED[preference] if named is None else str(named)",
        "PREFERRED[preference] if preference is not None else str(named)",
    ),
    Mutation(
        "balanced takes the policy's weights",
        'if strategy == "balanced" else rank',
        'if strategy == "balanced" and not rank.weights else rank',
    ),
    # Affinity and select
    Mutation("a warm target must be cheaper", "stay <= switch else None", "stay < switch else None"),
    Mutation("a cache saves nothing", "tier.input if tier.cached_input is None else tier.cached_input", "tier.input"),
    Mutation(
        "who is warm stays without a price", "stay is not None and stay <= switch", "stay is None or stay <= switch"
    ),
    Mutation("affinity needs no policy", "and plan.policy.affinity is not None", ""),
    Mutation(
        "a draw forgets the weights before it",
        "weight * MICRO // whole)\n        left -= weight\n",
        "weight * MICRO // whole)\n",
    ),
    Mutation(
        "only the first eight are a pool",
        "plan.weights if survivors >> pair[0] & 1]",
        "plan.weights if pair[0] in view.order]",
    ),
    Mutation("a target without weight gets calls", "and targets[at].weight > 0]", "]"),
    Mutation("exploring favours the last", "% (count - place) == 0", "% count == 0 or place == count - 1"),
    Mutation("the canary is its own company", "order[1] if order[0] == bird else order[0]", "order[0]"),
    Mutation("a lonely canary has chances", " or view.survivors.bit_count() == 1:", ":"),
    Mutation("a user changes sides", "return seed if value is None else value.encode()", "return seed"),
    Mutation("chance has a part on a hop", "and order and not tried and", "and order and"),
    Mutation("chance has a part where a call is pinned", "and not question.pinned and aside", "and aside"),
    Mutation(
        "who is taken stays where he was",
        "return (index, *order)[: plan.standby]",
        "return (*order, index)[: plan.standby]",
    ),
    # Ranking by blocks
    Mutation("the search stops at a tie", "ideals[turn[at]] > found[-1][0]", "ideals[turn[at]] >= found[-1][0]"),
    Mutation(
        "an ideal is as dear as the dearest",
        "[_least(min, first, block) for block in known]",
        "[_least(max, first, block) for block in known]",
    ),
    Mutation(
        "an ideal is as bad as the worst",
        '_least(max, columns.numbers("quality"), block)',
        '_least(min, columns.numbers("quality"), block)',
    ),
    Mutation("another's advice is followed", "advice is not None and advice.advisor == advisor", "advice is not None"),
    Mutation("equal picks stand as they come", "key=lambda pair: (-pair[1], pair[0])", "key=lambda pair: -pair[1]"),
    Mutation(
        "of two scores of a target the last counts",
        "found.setdefault(index[target], score)",
        "found.update({index[target]: score})",
    ),
    Mutation("a score out of range counts", "if target in index and 0 <= score <= MICRO:", "if target in index:"),
    Mutation(
        "who is put in front stands behind once more",
        "rest = survivors & ~mask_of((index for index, _ in base.lead), plan.columns.size)",
        "rest = survivors",
    ),
    Mutation("who is not named is nowhere", "if len(order) < plan.standby:", "if not order:"),
    Mutation(
        "a list counts from nought",
        "for place, target in enumerate(use, start=1):",
        "for place, target in enumerate(use):",
    ),
    Mutation(
        "a list has no lead where it was set aside",
        "return () if rule is None or rule.use is None else listed.lead(",
        "return () if rule is None or rule.use is None or plan.policy.budgets else listed.lead(",
    ),
    Mutation("a list is an advisor", 'base.strategy == "advisor" and order[0]', "order[0]"),
    Mutation(
        "the best is an advisor's though it names nobody of them",
        'base.strategy == "advisor" and order[0] in dict(base.lead)',
        'base.strategy == "advisor"',
    ),
    Mutation("a sweep has no other direction", "easy, hard = hard, easy", "pass"),
)


LIMITS = (
    ("decide.MAX_VIEWS", 1),
    ("decide.MAX_WORLDS", 1),
    ("gates.MAX_CELLS", 1),
    ("programs.MAX_CELLS", 1),
    ("ordering.MAX_CELLS", 1),
    ("columns.MAX_MASKS", 1),
    ("narrowing.MAX_MASKS", 1),
    ("dues.MAX_DUES", 1),
    ("ordering.TOP", 3),
)
SMALL = (("ordering.FEW", 5), ("ordering.TOP", 16), ("blocks.SIZE", 2), ("rates.BLOCK", 2))
"""What makes a small catalog be ranked and compared as a large one is."""


def the_run() -> Iterator[Case]:
    """As many questions as the differential test asks, of another seed; a mutant is let go at the first difference."""
    return cases(SEED, COUNT)


def limit(package: str, limits: tuple[tuple[str, int], ...]) -> None:
    """Lower constants of a copy."""
    for name, value in limits:
        module, _, constant = name.partition(".")
        place = importlib.import_module(f"{package}.{module}")
        assert getattr(place, constant) > value
        setattr(place, constant, value)


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
        limit(name, SMALL)
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
        limit(package, LIMITS)
        assert [found for case in the_run() if (found := mismatch(case, engine))] == []
