"""``waypost fields [NAME]``: what a line of a policy may name, with type, unit, source, meaning and known values."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.policy.columns import columns_of
from waypost.core.policy.document import NOWHERE
from waypost.core.policy.fields import FIELDS, Field, Where, lookup, nearest, operators
from waypost.core.policy.render import render_value
from waypost.core.policy.tree import Word
from waypost.core.policy.units import shown
from waypost.errors import SettingsError
from waypost.runtime.feature_names import known_words
from waypost.surfaces.cli import home, source
from waypost.surfaces.cli.table import table

HELP = "every field that a policy may name: type, unit, source, meaning and known values"
EXAMPLES = """
  waypost fields                     all of them
  waypost fields price.input         one, with the values that the catalog has
  waypost fields --source request    only what can stand in `match`, `when` and a rule
  waypost fields task --json         one JSON document
"""
SOURCES: dict[Where, str] = {
    "target": "the catalog's facts about a target",
    "request": "the call: its features and its context",
    "world": "what was measured, else the catalog",
    "mixed": "the catalog and the call together",
}
KINDS = {
    "text": ("text", "-"),
    "set": ("set", "-"),
    "usd": ("number", "USD"),
    "usd_per_mtok": ("number", "USD/MTok"),
    "ns": ("duration", "ms, s, min, h, d"),
    "micro": ("ratio", "0..1 or %"),
    "count": ("number", "count; k, M"),
}
"""Type and unit as they are written, by kind."""
EXAMPLE = {"usd": "0.05 USD", "usd_per_mtok": "5 USD/MTok", "ns": "2 s", "micro": "0.5", "count": "8k"}
_MOST = 40


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog has of a field: how many targets state it, its words, or its least and greatest number."""

    stated: int
    words: tuple[str, ...] = ()
    least: int | None = None
    greatest: int | None = None


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="one field, or the beginning of several: price.")
    parser.add_argument("--source", choices=get_args(Where), help="only those that come from there")
    source.catalog_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """Raises SettingsError for a name that is no field, ConfigError for a catalog that cannot be used."""
    fields = [field for field in _named(args.name) if args.source in (None, field.source)]
    if not fields:
        raise SettingsError(f"{args.name} does not come from there", where="--source", remedy="leave --source out")
    catalog = source.catalog(args.catalog)
    if args.json:
        rows = [_row(field, catalog) for field in fields]
        home.print_json({"schema": "fields/v1", "catalog": catalog.fingerprint, "fields": rows})
    elif len(fields) == 1 and args.name:
        print(*_one(fields[0], catalog), sep="\n")
    else:
        _print(fields)
    return 0


def known(field: Field, catalog: Catalog) -> Known | None:
    """What ``catalog`` has of it; ``None`` for a field that is not a target's. The open corner has its names."""
    if field.source != "target":
        return None
    if "<" in field.name:
        names = sorted({f"labels.{name}" for target in catalog.targets for name in target.labels})
        return Known(sum(bool(target.labels) for target in catalog.targets), tuple(names))
    columns = columns_of(catalog)
    if field.kind == "set":
        flags = sorted({flag for target in catalog.targets for flag in target.capabilities})
        return Known(sum(bool(target.capabilities) for target in catalog.targets), tuple(flags))
    if field.kind == "text":
        texts = [text for text in columns.texts(field.name) if text is not None]
        return Known(len(texts), tuple(sorted(set(texts))))
    numbers = [number for number in columns.numbers(field.name) if number is not None]
    return Known(len(numbers), (), min(numbers, default=None), max(numbers, default=None))


def _named(name: str | None) -> list[Field]:
    if not name:
        return list(FIELDS.values())
    found = FIELDS.get(name) or lookup(name)
    if found is not None:
        return [found]
    begun = [field for field in FIELDS.values() if field.name.startswith(name)]
    if begun:
        return begun
    near = nearest(name, FIELDS)
    remedy = near if near.startswith("did") else "`waypost fields` lists all"
    raise SettingsError(f"there is no field {name!r}", remedy=remedy)


def _print(fields: Sequence[Field]) -> None:
    for where, text in SOURCES.items():
        rows = [(field.name, *KINDS[field.kind], field.meaning) for field in fields if field.source == where]
        if rows:
            head, *lines = table(("FIELD", "TYPE", "UNIT", "MEANING"), rows)
            print(home.bold(f"{where}: {text}"), head, *lines, "", sep="\n")
    print("`waypost fields NAME` shows operators, known values and an example.")


def _one(field: Field, catalog: Catalog) -> Iterable[str]:
    kind, unit = KINDS[field.kind]
    found = known(field, catalog)
    yield home.bold(field.name)
    rows = [
        ("meaning", field.meaning),
        ("type", kind if unit == "-" else f"{kind}, {unit}"),
        ("source", f"{field.source}: {SOURCES[field.source]}"),
        ("where", "match, when, filter" if field.source == "request" else "filter"),
        ("operators", "  ".join(operators(field))),
        ("values", _values(field, found, catalog)),
        ("example", _example(field, found)),
    ]
    for label, text in rows:
        yield from textwrap.wrap(f"  {label:<10} {text}", 110, subsequent_indent=" " * 13, break_on_hyphens=False)


def _values(field: Field, found: Known | None, catalog: Catalog) -> str:
    words = known_words(field.name)
    if words:
        return ", ".join(words)
    if found is None:
        return {"text": "any text", "set": "any words"}.get(field.kind, "any number from 0")
    of = f"{found.stated} of {len(catalog.targets)} targets of catalog {catalog.name}"
    if not found.stated:
        return f"none: no target of catalog {catalog.name} states it"
    if field.unit is not None and found.least is not None and found.greatest is not None:
        return f"{shown(found.least, field.unit)} to {shown(found.greatest, field.unit)}; stated by {of}"
    some = ", ".join(found.words[:_MOST])
    return f"{some}{f' and {len(found.words) - _MOST} more' if len(found.words) > _MOST else ''}; stated by {of}"


def _example(field: Field, found: Known | None) -> str:
    name = field.name.replace("<name>", "team")
    words = known_words(field.name) or (found.words if found and name == field.name else ())
    first = next((word.rstrip(".") for word in words), "search")
    if field.unit is not None:
        more = field.source == "request" or field.name in ("quality", "context_window", "max_output")
        return f"{name} {'>=' if more else '<='} {EXAMPLE[field.unit]}"
    op = "has" if field.kind == "set" else "=="
    return f"{name} {op} {render_value(Word(first, NOWHERE))}"


def _row(field: Field, catalog: Catalog) -> dict[str, Any]:
    found = known(field, catalog)
    return {
        "name": field.name,
        "type": KINDS[field.kind][0],
        "unit": None if field.unit is None else KINDS[field.kind][1],
        "kind": field.kind,
        "source": field.source,
        "meaning": field.meaning,
        "operators": list(operators(field)),
        "values": list(known_words(field.name)) or None,
        "catalog": None
        if found is None
        else {
            "stated": found.stated,
            "of": len(catalog.targets),
            "words": list(found.words),
            "least": found.least,
            "greatest": found.greatest,
        },
        "example": _example(field, found),
    }
