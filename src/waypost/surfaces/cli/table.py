"""Columns of text for a terminal: as wide as their content, shortened in the middle where there is no room."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """Lines of aligned columns under ``head``; columns in ``right`` are right-aligned."""
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    return [_line(row, widths, right) for row in [head, *rows]]


def _line(row: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    cells = [
        cell.rjust(width) if index in right else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def short(text: str, width: int) -> str:
    """``text``, with an ellipsis in the middle where it is longer than ``width``."""
    if len(text) <= width:
        return text
    head = (width - 1) // 2
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"
