"""Writes new prices into a catalog's file: only the price lists change, every comment and line break stays."""

from __future__ import annotations

import re
from collections.abc import Mapping

from waypost.errors import CatalogError
from waypost.runtime import yaml

_OPEN, _CLOSE = "[{", "]}"


def with_prices(text: str, file: str, prices: Mapping[str, str], since: str) -> str:
    """``text`` with the ``prices`` of some targets, by id, replaced by these lists (``[{input: 1, output: 2}]``).

    Where they are a block with a line for each day, the new one stands before the others, in force ``since`` that day.

    Raises:
        CatalogError: the text is no YAML, or a target is not in it.
    """
    root = yaml.parse(text, file, CatalogError)
    tables = [root.get(name) for name in ("targets", "embeddings")] if isinstance(root, yaml.Mapping) else []
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    spans: list[tuple[int, int, str]] = []
    for target, listed in prices.items():
        rows = (table.get(target) for table in tables if isinstance(table, yaml.Mapping))
        row = next((found for found in rows if found is not None), None)
        node = row.get("prices") if isinstance(row, yaml.Mapping) else None
        if node is None:
            raise CatalogError(f"no prices of {target!r}", where=file, remedy="update the file that has them")
        begin = starts[node.at.line - 1] + node.at.column - 1
        if text[begin] == "[":
            spans.append((begin, _end(text, begin), listed))
        else:
            indent = " " * (node.at.column - 1)
            spans.append((begin, begin, f"- {{since: {since}, {listed[2:-1]}\n{indent}"))
    for begin, end, listed in sorted(spans, reverse=True):
        text = text[:begin] + listed + text[end:]
    return text


def with_source(text: str, name: str, citation: str, as_of: str) -> str:
    """``text`` with another citation and day for the source ``name``, where it is written on one line."""
    pattern = re.compile(rf'(?m)^(\s+{re.escape(name)}: \{{text: )"[^"\n]*"(, as_of: )\d{{4}}-\d\d-\d\d')
    return pattern.sub(lambda found: f'{found[1]}"{citation}"{found[2]}{as_of}', text, count=1)


def _end(text: str, begin: int) -> int:
    """Behind the bracket that closes the one at ``begin``; price lists hold no quotes."""
    depth = 0
    for place in range(begin, len(text)):
        if text[place] in _OPEN:
            depth += 1
        elif text[place] in _CLOSE:
            depth -= 1
            if not depth:
                return place + 1
    return len(text)
