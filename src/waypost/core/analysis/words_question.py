"""What a decision knew of a call and of the world, in words: one short phrase each. No layout, no decision."""

from __future__ import annotations

from collections.abc import Sequence

from waypost.core.analysis.words_advice import advice
from waypost.core.analysis.words_numbers import percent
from waypost.core.model.decision import CandidateProof
from waypost.core.model.money import MICRO, format_usd, grid
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.no_room import no_room

HINTS = " (what the answering target was not told stands beside it)"


def question(asked: Question, *, features: bool = True) -> list[tuple[str, str]]:
    """What the decision knew of the request and of who asked; without ``features``, where the call has none."""
    rows = [("request", _features(asked))] if features else []
    context = asked.context
    for label, severity, meant in (("needs", "required", ""), ("hints", "hint", HINTS)):
        flags = dict.fromkeys(need.flag for need in asked.needs if need.severity == severity)
        if flags:
            rows.append((label, ", ".join(flags) + meant))
    named = ("department", "user", "workflow", "step", "session", "tier", "preference")
    said = [f"{label} {value}" for label in named if (value := getattr(context, label)) is not None]
    said += [f"{label} {value}" for label, value in sorted(context.labels.items())]
    if said:
        rows.append(("context", ", ".join(said)))
    if asked.advice is not None:
        rows.append(("advice", advice(asked.advice)))
    return rows + _claims(asked)


def _features(asked: Question) -> str:
    """``simple, debugging, ~230 tokens in, ~60 out, en, python``."""
    features = asked.features
    output = "" if features.max_output is None else f", at most {features.max_output:,} out"
    facts = [features.complexity, features.task.replace("_", " ")]
    facts += [f"{counted(features.tokens_input, ' tokens in')}, {counted(features.tokens_output, ' out')}{output}"]
    if features.language is not None:
        facts.append(features.language)
    return ", ".join((*facts, *features.code_languages))


def counted(tokens: int, label: str) -> str:
    """``~8,000 tokens in (counted as 8,192)``: an estimate, and the value on the grid that is compared and priced."""
    there = grid(tokens)
    return f"~{tokens:,}{label}" + ("" if there == tokens else f" (counted as {there:,})")


def _claims(asked: Question) -> list[tuple[str, str]]:
    """What the call says for itself, what the policy makes of it, and what is forced upon it."""
    rows, narrow, forced = [], asked.context.narrow, asked.override
    if narrow is not None:
        lists = (("models", narrow.models), ("only", narrow.only), ("ignore", narrow.ignore))
        said = [f"{label} {', '.join(entries)}" for label, entries in lists if entries]
        ceilings = (("input", narrow.max_input_price), ("output", narrow.max_output_price))
        said += [f"{label} at most {_ceiling(price)}" for label, price in ceilings if price is not None]
        rows.append(("narrowed to", "; ".join(said) or "nothing"))
    if asked.context.fallbacks:
        rows.append(("fallbacks", f"{', '.join(asked.context.fallbacks)}, then the others as ranked"))
    if asked.intent is not None:
        rows.append(("intent", asked.intent))
    if asked.withheld:
        rows.append(("not followed", _withheld(asked.withheld)))
    if forced is not None:
        scope = "".join(f", for {key} {value}" for key, value in forced.scope)
        rows.append(("override", f"{forced.target}, by {forced.author}{scope}: {forced.reason} ({forced.id})"))
    return rows


def _ceiling(price: int) -> str:
    return f"{format_usd(price)}/MTok" if price >= 0 else "what could not be read"


def _withheld(names: Sequence[str]) -> str:
    """``mode, only: the policy does not grant it; department: settled around the call``."""
    ungranted = ", ".join(name for name in names if ": " not in name)
    others = [name for name in names if ": " in name]
    return "; ".join([*([f"{ungranted}: the policy does not grant it"] if ungranted else []), *others])


def world(
    snapshot: Snapshot, candidates: Sequence[CandidateProof] = (), asked: Question | None = None
) -> list[tuple[str, str]]:
    """What of the world the decision was told, where there was anything: breakers, budgets, limits, a warm cache.

    ``candidates`` are the rows of its proof, where there is one.
    """
    rows = []
    for label, names in (("broken", snapshot.broken), ("switched off", snapshot.disabled)):
        if names:
            rows.append((label, ", ".join(names)))
    if snapshot.used:
        rows.append(("budgets used", ", ".join(f"{key} {percent(ppm, MICRO)}" for key, ppm in snapshot.used)))
    if snapshot.limited:
        reached = (f"{rule} of {whose}" if whose else rule for rule, whose in snapshot.limited)
        rows.append(("limits hit", ", ".join(reached)))
    bounded = asked is None or asked.features.max_output is not None
    rows += [("no room", line) for line in no_room(snapshot, candidates, bounded=bounded)]
    if snapshot.warm is not None:
        rows.append(("warm cache", f"{snapshot.warm[0]}, about {snapshot.warm[1]:,} tokens of the prompt"))
    return rows
