"""A page of headings, fields and rows, as plain text of at most 100 columns or as Markdown. Knows no receipts."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TypeAlias, assert_never

WIDTH = 100
LABEL = 13
NAME = 34


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    text: str


@dataclass(frozen=True, slots=True)
class Fields:
    """``label  value`` pairs."""

    rows: tuple[tuple[str, str], ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list: a name and what is said of it."""

    title: str
    rows: tuple[tuple[str, str], ...]


Block: TypeAlias = Heading | Line | Fields | Rows


@dataclass(frozen=True, slots=True)
class Layout:
    title: str
    blocks: tuple[Block, ...]


def text(layout: Layout) -> str:
    """Plain text; a heading is in capitals, so that it stands out without colour."""
    lines = [layout.title, "=" * len(layout.title)]
    for block in layout.blocks:
        lines += _text(block)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _text(block: Block) -> list[str]:
    match block:
        case Heading():
            return ["", block.text.upper()]
        case Line():
            return _wrapped("  ", block.text, 4)
        case Fields():
            head = ["", block.title.upper()] if block.title else []
            return head + [line for label, value in block.rows for line in _field(label, value)]
        case Rows():
            head = [f"  {block.title}"] if block.title else []
            width = min(max((len(name) for name, _ in block.rows), default=0), NAME)
            return head + [line for name, value in block.rows for line in _row(name, value, width)]
        case _:
            assert_never(block)


def _field(label: str, value: str) -> list[str]:
    return _wrapped(f"  {label:<{LABEL}} ", value, LABEL + 3)


def _row(name: str, value: str, width: int) -> list[str]:
    if len(name) > width:
        if len(name) + len(value) + 6 <= WIDTH:
            return [f"    {name}  {value}"]
        return [f"    {name}", *_wrapped(" " * (width + 6), value, width + 8)] if value else [f"    {name}"]
    return _wrapped(f"    {name:<{width}}  ", value, width + 8)


def _wrapped(head: str, value: str, indent: int) -> list[str]:
    """``head`` and ``value``, continued under the value; long words (fingerprints, ids) are never broken."""
    return textwrap.wrap(
        head + value,
        WIDTH,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    ) or [head]


def markdown(layout: Layout) -> str:
    """Markdown: headings, bold labels, tables; what users wrote cannot break out of a cell."""
    lines = [f"# {_escaped(layout.title)}", ""]
    for block in layout.blocks:
        lines += _markdown(block)
    return "\n".join(lines).rstrip() + "\n"


def _markdown(block: Block) -> list[str]:
    match block:
        case Heading():
            return [f"## {_escaped(block.text)}", ""]
        case Line():
            return [_escaped(block.text), ""]
        case Fields():
            head = [f"## {block.title}", ""] if block.title else []
            return [
                *head,
                *(
                    f"- **{label}**: {_escaped(value)}" if label else f"- {_escaped(value)}"
                    for label, value in block.rows
                ),
                "",
            ]
        case Rows():
            head = [f"**{_escaped(block.title)}**", ""] if block.title else []
            if not block.rows:
                return head
            rows = [f"| {_escaped(name)} | {_escaped(value)} |" for name, value in block.rows]
            return [*head, "| | |", "| --- | --- |", *rows, ""]
        case _:
            assert_never(block)


_MARKS = re.compile(r"[\\`*|<\[]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def _escaped(value: str) -> str:
    return " ".join(_MARKS.sub(r"\\\g<0>", value).splitlines())
