"""``waypost catalog``: what may be chosen, whether its facts still hold, and what changed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from waypost.core.catalog.difference import Change, changes, target_facts
from waypost.core.catalog.drift import MAX_AGE_DAYS, findings
from waypost.core.catalog.table import Catalog
from waypost.core.model.target import Price, Provenance, Target
from waypost.errors import CatalogError, SettingsError
from waypost.runtime.catalogs import load_catalog, packaged_catalog, read_catalog
from waypost.runtime.settings import near
from waypost.surfaces.cli import home, source
from waypost.surfaces.cli.table import table

HELP = "what may be chosen: check its facts, show them, compare two catalogs, take over new prices"
EXAMPLES = """
  waypost catalog check                        prices that are too old, facts that contradict each other
  waypost catalog show                         one line a target
  waypost catalog show openai/gpt-4o           every fact of one target, with its source
  waypost catalog show groq                    the targets of one provider
  waypost catalog diff mine.yaml               the packaged catalog against your file
  waypost catalog diff 1f3a5b7c old.yaml       a stored catalog, by the beginning of its fingerprint
  waypost catalog update mine.yaml             what genai-prices says otherwise; nothing is written
  waypost catalog update mine.yaml --write     ... and write it, with all comments kept
"""
HEAD = ("TARGET", "TIER", "INPUT", "OUTPUT", "WINDOW", "QUALITY", "AS OF", "ENDPOINT")
NUMBERS = frozenset((2, 3, 4, 5))


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="exit 1 where a price is too old or facts contradict each other")
    check.add_argument(
        "file", nargs="?", metavar="FILE", help="a catalog (default: WAYPOST_CATALOG, else the packaged)"
    )
    check.add_argument("--max-age", type=int, default=MAX_AGE_DAYS, metavar="DAYS", help="(default: %(default)s)")
    check.add_argument("--today", metavar="YYYY-MM-DD", help="another day than today")
    diff = actions.add_parser("diff", help="exit 1 where two catalogs differ")
    diff.add_argument("catalogs", nargs="+", metavar="FILE|FINGERPRINT", help="one (against the packaged) or two")
    show = actions.add_parser("show", help="one line a target, or every fact of one")
    show.add_argument("name", nargs="?", metavar="TARGET|PROVIDER")
    show.add_argument("--catalog", metavar="FILE", help="(default: WAYPOST_CATALOG, else the packaged)")
    update = actions.add_parser("update", help="compare prices with genai-prices; --write takes them over")
    update.add_argument("file", nargs="?", metavar="FILE", help="(default: the packaged catalog)")
    update.add_argument("--write", action="store_true", help="write the file; without it nothing is changed")
    update.add_argument("--at", metavar="YYYY-MM-DDTHH:MM", help="the day that prices are asked for (default: now)")
    for action in (check, diff, show, update):
        home.arguments(action)


def run(args: argparse.Namespace) -> int:
    actions = {"check": _check, "diff": _diff, "show": _show, "update": _update}
    return actions[args.action](args)


def _check(args: argparse.Namespace) -> int:
    catalog = source.catalog(args.file)
    today = args.today or datetime.now(UTC).date().isoformat()
    try:
        found = findings(catalog, today, args.max_age)
    except ValueError:
        raise SettingsError(f"{today!r} is not a day", where="--today", remedy="write 2026-11-21") from None
    if args.json:
        document = {"schema": "catalog-check/v1", "catalog": catalog.fingerprint, "today": today}
        home.print_json({**document, "targets": len(catalog), "findings": [asdict(item) for item in found]})
        return int(bool(found))
    for item in found:
        print(f"{item.kind}: {item}")
    said = "nothing is stale and nothing contradicts itself" if not found else f"{len(found)} findings"
    print(f"{len(catalog)} targets of {catalog.name} on {today}: {said}.")
    return int(bool(found))


def _diff(args: argparse.Namespace) -> int:
    if len(args.catalogs) > 2:
        raise SettingsError("more than two catalogs", where="catalog diff", remedy="name one or two")
    first = _named(args, args.catalogs[0]) if len(args.catalogs) == 2 else load_catalog()
    second = _named(args, args.catalogs[-1])
    found = changes(first, second)
    if args.json:
        document = {"schema": "catalog-diff/v1", "before": first.fingerprint, "after": second.fingerprint}
        home.print_json({**document, "changes": [asdict(change) for change in found]})
        return int(bool(found))
    _print(found)
    print(f"{first.name} {first.fingerprint[:12]} -> {second.name} {second.fingerprint[:12]}: {_count(found)}.")
    return int(bool(found))


def _print(found: Sequence[Change]) -> None:
    for change in found:
        print(change)


def _count(found: Sequence[Change]) -> str:
    return "no difference" if not found else "1 difference" if len(found) == 1 else f"{len(found)} differences"


def _show(args: argparse.Namespace) -> int:
    catalog = source.catalog(args.catalog)
    if args.name is None:
        return _list(args, catalog, catalog.targets, catalog.embeddings)
    every = (*catalog.targets, *catalog.embeddings)
    beside = (item for item in catalog.embeddings if args.name in (item.id, item.model))
    target = catalog.resolve(args.name) or catalog.get(args.name) or next(beside, None)
    if target is not None:
        return _one(args, catalog, target)
    served = [item for item in every if args.name in (item.provider, item.endpoint)]
    if served:
        return _list(args, catalog, served)
    names = {name for item in every for name in (item.id, item.provider, item.model)}
    found = near(args.name, sorted(names))
    remedy = f"did you mean {found!r}?" if found else "`waypost catalog show` lists all"
    raise SettingsError(f"no target and no provider {args.name!r}", where=catalog.name, remedy=remedy)


def _list(
    args: argparse.Namespace, catalog: Catalog, targets: Sequence[Target], embeddings: Sequence[Target] = ()
) -> int:
    if args.json:
        rows, beside = ([{"id": item.id, **target_facts(item)} for item in items] for items in (targets, embeddings))
        document = {"schema": "catalog/v1", "catalog": catalog.fingerprint, "targets": rows}
        home.print_json({**document, "embeddings": beside} if beside else document)
        return 0
    head, *lines = table(HEAD, [_row(target) for target in (*targets, *embeddings)], right=NUMBERS)
    print(home.bold(head), *lines, sep="\n")
    more = f" and {len(embeddings)} embedding models" if embeddings else ""
    said = f"{len(targets)} targets{more} of {catalog.name}, fingerprint {catalog.fingerprint[:12]}"
    print(f"{said}; prices in USD per MTok.")
    return 0


def _row(target: Target) -> tuple[str, ...]:
    facts = target_facts(target)

    def rate(name: str) -> str:
        return facts.get(f"price.{name}", "-").removesuffix(" USD/MTok")

    return (
        target.id,
        target.tier or "-",
        rate("input"),
        rate("output"),
        "-" if target.context_window is None else f"{target.context_window:,}",
        facts.get("quality", "-"),
        target.price.as_of if target.price is not None and target.price.as_of else "-",
        target.endpoint,
    )


def _one(args: argparse.Namespace, catalog: Catalog, target: Target) -> int:
    facts = target_facts(target)
    sources = {fact: _cited(origin) for fact, origin in sorted(target.provenance.items())}
    if target.price is not None:
        sources["price"] = _cited(target.price)
    names = sorted(alias for alias, meant in catalog.aliases.items() if meant == target.id)
    if args.json:
        document = {"schema": "catalog-target/v1", "catalog": catalog.fingerprint, "id": target.id}
        home.print_json({**document, "facts": facts, "sources": sources, "aliases": names})
        return 0
    print(home.bold(target.id))
    width = max(len(fact) for fact in facts)
    for fact, value in facts.items():
        origin = sources.get(fact) or sources.get(fact.partition(".")[0].partition(" ")[0])
        print(f"  {fact.ljust(width)}  {value}" + (f"  ({origin})" if origin else ""))
    if names:
        print(f"  {'also called'.ljust(width)}  {', '.join(names)}")
    return 0


def _cited(origin: Provenance | Price) -> str:
    return f"{origin.source}, {origin.as_of}, {origin.basis}"


def _update(args: argparse.Namespace) -> int:
    from waypost.adapters.prices import genai_prices  # an extra

    file = Path(args.file) if args.file else packaged_catalog()
    at = _time(args.at)
    catalog = load_catalog(file)
    found = list(genai_prices.differing(catalog, at))
    lines = {item.target: item.line for item in found if item.line is not None}
    gone = [item.target for item in found if item.line is None]
    text = file.read_text(encoding="utf-8")
    after, new = catalog, text
    if lines:
        from waypost.runtime.catalog_update import with_prices, with_source

        new = with_prices(text, str(file), lines, at.date().isoformat())
        citation = f"genai-prices {genai_prices.installed()}, standard price of the vendor's own API"
        new = with_source(new, genai_prices.SOURCE, citation, at.date().isoformat())
        after = read_catalog(new, str(file))
    found_changes = changes(catalog, after)
    wrote = bool(args.write and lines)
    if wrote:
        _replace(file, new)
    if args.json:
        document: dict[str, Any] = {"schema": "catalog-update/v1", "file": str(file), "at": at.isoformat()}
        home.print_json({**document, "wrote": wrote, "gone": gone, "changes": [asdict(item) for item in found_changes]})
        return int(bool(found))
    _print(found_changes)
    for target in gone:
        print(f"? {target}: no longer on the list; look at it", file=sys.stderr)
    tail = "written" if wrote else "nothing written; --write writes it" if lines else "nothing to write"
    print(f"{file} against genai-prices {genai_prices.installed()}: {_count(found_changes)}, {tail}.")
    return int(bool(found))


def _replace(file: Path, text: str) -> None:
    partial = file.with_name(f"{file.name}.new")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        remedy = "give a file that may be written"
        raise CatalogError(f"cannot be written ({type(error).__name__})", where=str(file), remedy=remedy) from None


def _time(given: str | None) -> datetime:
    if given is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise SettingsError(f"{given!r} is no time", where="--at", remedy="write 2026-11-04T02:00 (UTC)") from None
    return at.replace(tzinfo=at.tzinfo or UTC)


def _named(args: argparse.Namespace, name: str) -> Catalog:
    """A file, or a stored catalog by the beginning of its fingerprint."""
    if Path(name).exists() or not source.FINGERPRINT.match(name):
        return load_catalog(name)
    found = source.stored(home.objects(args), [name]).catalog
    if found is None:
        raise SettingsError(f"{name} is a policy", where=name, remedy="give the fingerprint of a catalog")
    return found
