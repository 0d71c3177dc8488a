"""A YAML text as an outline: every node with its own piece of the text, and every comment at the entry it belongs to.

For rewriting a file that people edit: what a loader throws away (comments, quotes, flow or block style) is kept here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml as pyyaml

_MARKS = re.compile(r"\A(?:[&!]\S*(?:\s+|\Z))+")


@dataclass(slots=True)
class Comment:
    """``text`` begins with ``#``. ``column`` counts from 0; ``blank`` says that an empty line stands before it."""

    text: str
    column: int
    blank: bool


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (no key), with the comments around it.

    ``lead`` stands above it, ``side`` behind it on its line, ``tail`` below all of it. ``blank``: an empty line before
    all of that; ``gap``: one between the comments above it and itself. ``opened`` is where its dash or key stands.
    """

    key: str | None
    value: Piece
    start: int
    opened: int
    column: int
    within: Piece
    owner: Entry | None
    blank: bool = False
    gap: bool = False
    lead: list[Comment] = field(default_factory=list)
    side: Comment | None = None
    tail: list[Comment] = field(default_factory=list)


@dataclass(slots=True)
class Piece:
    """A node. ``text`` is what stands in the file for a scalar or an alias, ``value`` what a scalar means.

    ``style`` is pyyaml's: ``'``, ``"``, ``|``, ``>`` or empty for plain. ``mark`` is its tag and anchor as written.
    """

    kind: str
    text: str
    value: str
    style: str
    flow: bool
    mark: str
    start: int
    end: int
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """The whole text. ``tail`` are comments below everything; ``anchored`` says that there are anchors or aliases."""

    root: Piece
    tail: list[Comment]
    anchored: bool


def outline(text: str) -> Outline:
    """The outline of the one document in ``text``. Raises pyyaml's YAMLError; a loader has been here before."""
    builder = _Builder(text)
    root = builder.root()
    out = Outline(root, [], builder.anchored)
    _attach(text, builder.entries, out)
    return out


class _Builder:
    """Reads the parser's events; ``entries`` are all in the order of the text, outer ones first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events: Iterator[Any] = iter(pyyaml.parse(text, Loader=pyyaml.SafeLoader))
        self.entries: list[Entry] = []
        self.anchored = False

    def root(self) -> Piece:
        event = next(self.events)
        while not isinstance(event, pyyaml.NodeEvent):
            event = next(self.events)
        root = self.piece(event, None)
        for _ in self.events:
            pass
        return root

    def piece(self, event: Any, owner: Entry | None) -> Piece:
        start, end = event.start_mark.index, event.end_mark.index
        anchor = getattr(event, "anchor", None)
        self.anchored = self.anchored or anchor is not None
        if isinstance(event, pyyaml.AliasEvent):
            return Piece("alias", self.text[start:end], "", "", False, "", start, end)
        tag = event.tag if event.tag is not None and event.tag.startswith("!") and event.tag != "!" else None
        mark = " ".join(part for part in (tag, None if anchor is None else f"&{anchor}") if part)
        if isinstance(event, pyyaml.ScalarEvent):
            own = _MARKS.sub("", self.text[start:end]) if mark else self.text[start:end]
            return Piece("scalar", own, event.value, event.style or "", False, mark, start, end)
        kind = "map" if isinstance(event, pyyaml.MappingStartEvent) else "list"
        out = Piece(kind, "", "", "", bool(event.flow_style), mark, start, end)
        self._fill(out, owner)
        return out

    def _fill(self, piece: Piece, owner: Entry | None) -> None:
        event: Any = next(self.events)
        while not isinstance(event, pyyaml.CollectionEndEvent):
            at = event.start_mark
            opened = at.index if piece.kind == "map" or piece.flow else self.text.rfind("-", 0, at.index)
            column = opened - self.text.rfind("\n", 0, opened) - 1
            entry = Entry(None, piece, at.index, opened, column, piece, owner)
            self.entries.append(entry)
            piece.entries.append(entry)
            if piece.kind == "map":
                entry.key = self.text[at.index : event.end_mark.index]
                event = next(self.events)
            entry.value = self.piece(event, entry)
            event = next(self.events)
        end: Any = event
        piece.end = end.end_mark.index


def _attach(text: str, entries: list[Entry], out: Outline) -> None:
    """Each comment to the entry that it stands above, beside or below."""
    starts = [entry.start for entry in entries]
    lines = text.split("\n")
    seen: set[int] = set()
    for index, line, column, said in _comments(text):
        own_line = not lines[line][:column].strip()
        before = bisect_right(starts, index) - 1
        comment = Comment(said, column, own_line and line > 0 and not lines[line - 1].strip())
        if not own_line and before >= 0:
            _outside(entries[before], index).side = comment
            continue
        after = before + 1
        if after < len(entries) and (before < 0 or _begins(entries[after], index, column)):
            entries[after].lead.append(comment)
            seen.add(after)
            continue
        above = next((entry for entry in reversed(entries[: before + 1]) if _holds(entry, column)), None)
        (out.tail if above is None or (column == 0 and after >= len(entries)) else above.tail).append(comment)
    for place, entry in enumerate(entries):
        number = text.count("\n", 0, entry.start)
        empty = number > 0 and not lines[number - 1].strip()
        entry.gap = empty and place in seen
        entry.blank = entry.lead[0].blank if place in seen else empty


def _begins(entry: Entry, index: int, column: int) -> bool:
    """Whether a comment before ``entry`` stands above it rather than below what was before."""
    return entry.column >= column or entry.within.flow or entry.opened < index


def _holds(entry: Entry, column: int) -> bool:
    return not entry.within.flow and entry.column <= column


def _outside(entry: Entry, index: int) -> Entry:
    """The entry on whose line a comment at ``index`` stands: not one inside of a flow collection that has ended."""
    while entry.within.flow and entry.within.end <= index and entry.owner is not None:
        entry = entry.owner
    return entry


def _comments(text: str) -> Iterator[tuple[int, int, int, str]]:
    """``(index, line, column, text)`` of each: what is no white space between the tokens is one."""
    last = 0
    tokens: Iterable[Any] = pyyaml.scan(text, Loader=pyyaml.SafeLoader)
    for token in tokens:
        yield from _between(text, last, token.start_mark.index)
        last = max(last, token.end_mark.index)
    yield from _between(text, last, len(text))


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, int, int, str]]:
    index = text.find("#", start, end)
    while index >= 0:
        stop = text.find("\n", index)
        stop = len(text) if stop < 0 else stop
        begin = text.rfind("\n", 0, index) + 1
        yield index, text.count("\n", 0, index), index - begin, text[index:stop].rstrip()
        index = text.find("#", stop, end)
