"""Why a target was not chosen, as people read it and as one JSON document, ``why_not/v1``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from waypost.core.analysis import words_decision
from waypost.core.analysis.document import flip_document, rejection_document, source_document
from waypost.core.analysis.layout import Block, Fields, Heading, Layout, Line, Rows
from waypost.core.policy.why_not import WhyNot

SCHEMA = "why_not/v1"
SHOWN = 12
"""So many of those that come before it have a row."""
SHOWN_OF_REJECTED = 3
"""Of one that failed a rule they are not the reason."""


def layout(found: WhyNot, where: str) -> Layout:
    """The page; ``where`` names the call or the dry run."""
    return Layout(f"Why not {found.target}?", tuple(_blocks(found, where)))


def _blocks(found: WhyNot, where: str) -> Iterator[Block]:
    state = words_decision.STATES[found.state]
    yield Fields((("in", where), ("selected", found.selected or "nobody"), ("this one", state)))
    if found.state == "selected":
        return
    if found.rejections:
        rows = tuple((item.rule, words_decision.rejection(item)) for item in found.rejections)
        yield Rows(f"It failed ({len(rows)})", rows)
    yield from _needed(found)
    if found.ahead:
        shown = SHOWN_OF_REJECTED if found.rejections else SHOWN
        title = "Ahead of it" if not found.rejections else "Ahead of it if it had passed"
        yield Rows(f"{title} ({len(found.ahead)})", found.ahead[:shown])
        if len(found.ahead) > shown:
            yield Line(f"and {len(found.ahead) - shown} more")


def _needed(found: WhyNot) -> Iterator[Block]:
    yield Heading("What would have to change")
    if found.single.kind != "none":
        yield Line(f"One number suffices: {words_decision.flip(found.single)}")
        return
    many = len(found.together) > 1
    yield Line(f"No single number suffices. {'All of this together:' if many else 'But this does:'}")
    for number, change in enumerate(found.together, 1):
        yield Line(f"{number}. {change.text} {words_decision.place(change.source)}".rstrip())


def document(found: WhyNot) -> dict[str, Any]:
    """``why_not/v1``; docs/receipts.md has the shape."""
    return {
        "schema": SCHEMA,
        "target": found.target,
        "selected": found.selected,
        "state": found.state,
        "rejections": [rejection_document(item) for item in found.rejections],
        "ahead": [{"target": target, "why": why} for target, why in found.ahead],
        "single": None if found.single.kind == "none" else flip_document(found.single),
        "together": [{"text": item.text, "source": source_document(item.source)} for item in found.together],
    }
