"""``waypost policy diff A B``: what changes from one policy to another, and for whom among receipts or test cases."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from waypost.core.analysis.policy_diff import Change, changes
from waypost.core.analysis.words_numbers import change as percent
from waypost.core.catalog.table import Catalog
from waypost.core.model.money import format_usd
from waypost.core.policy.decide import estimates
from waypost.core.policy.tree import Policy
from waypost.errors import SettingsError
from waypost.policy import Verdict
from waypost.surfaces.cli import home, source
from waypost.surfaces.cli.policy_calls import Asked, Pair, decided, of_cases, of_receipts
from waypost.surfaces.cli.table import short, table

WHAT = "what changes from one policy to another, and which decisions change on receipts or on test cases"
EXAMPLES = """
  waypost policy diff support.yaml new.yaml                            key by key, in words
  waypost policy diff 89cc6569 support.yaml                            what changed since a stored fingerprint
  waypost policy diff support.yaml new.yaml --receipts 500             on your own last 500 calls
  waypost policy diff support.yaml new.yaml --cases support.test.yaml  on the cases of a test file
"""
HEAD = ("CALL", "REQUEST", "BEFORE", "AFTER", "RULE")
NO_RULE = "no rule"
_ROWS = 20


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("before", metavar="A", help="a policy's file, a packaged policy's name, or a fingerprint in the object store")
    add("after", metavar="B", help="likewise")
    on = parser.add_mutually_exclusive_group()
    on.add_argument("--receipts", type=int, metavar="N", help="decide the newest N calls of the home under both")
    on.add_argument("--cases", type=Path, metavar="FILE", help="decide the cases of a policy test file under both")
    source.catalog_argument(parser)
    add("--home", type=Path, metavar="DIR", help="where receipts and objects rest (default: $WAYPOST_HOME or .waypost)")
    add("--all", action="store_true", help="a row for each call that is decided otherwise, not only the first 20")
    add("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 where something differs. Raises ConfigError."""
    if args.receipts is not None and args.receipts < 1:
        raise SettingsError(f"{args.receipts} is not above zero", where="--receipts", remedy="give a count")
    catalog = source.catalog(args.catalog)
    before, after = (source.policy(name, home.objects(args), catalog) for name in (args.before, args.after))
    found = changes(before.document, after.document)
    pairs: list[Pair] | None = None
    if args.receipts is not None or args.cases is not None:
        pairs = list(decided(_calls(args, catalog), before, after))
    if args.json:
        home.print_json(_document(before, after, found, pairs))
    else:
        names = (_named(given, policy) for given, policy in ((args.before, before), (args.after, after)))
        print(" -> ".join(names))
        _print(found, pairs, each=args.all)
    return 1 if found or any(pair.differs for pair in pairs or ()) else 0


def _calls(args: argparse.Namespace, catalog: Catalog) -> list[Asked]:
    if args.cases is not None:
        return list(of_cases(args.cases, catalog))
    store, objects = home.open_store(args), home.objects(args)
    calls = list(of_receipts(store, objects, args.receipts, catalog, own=args.catalog is None))
    if not calls:
        remedy = "make some with `waypost run`, or name their directory by --home"
        raise SettingsError("no receipt tells what was asked", where=str(home.directory(args)), remedy=remedy)
    return calls


# What is shown


def _named(given: str, policy: Policy) -> str:
    """``support (new.yaml) dcd24bbdbd63``; the file is left out where the policy was given by name or fingerprint."""
    stored = given == policy.name or policy.fingerprint.startswith(given)
    return " ".join((policy.name, *(() if stored else (f"({given})",)), policy.fingerprint[:12]))


def _print(found: Sequence[Change], pairs: Sequence[Pair] | None, *, each: bool) -> None:
    semantic = [change for change in found if not change.words_only]
    only = [change for change in found if change.words_only]
    if not found:
        print(home.bold("the same policy: no key differs"))
    if semantic:
        print(
            home.bold(f"{_counted(len(semantic), 'change')} of what it says"),
            *(f"  {one}" for one in semantic),
            sep="\n",
        )
    if only:
        print(
            home.bold(f"{_counted(len(only), 'change')} of words and order only"),
            *(f"  {one}" for one in only),
            sep="\n",
        )
    if pairs is not None:
        _print_pairs(pairs, each=each)
    elif found:
        print("no call was decided under both; add --receipts N or --cases FILE")


def _print_pairs(pairs: Sequence[Pair], *, each: bool) -> None:
    differ = [pair for pair in pairs if pair.differs]
    print(home.bold(f"{len(differ)} of {_counted(len(pairs), 'call')} would get another answer"))
    costs = _costs(pairs)
    if costs is not None:
        one, other, count = costs
        change = f" ({percent(other, one)})" if one else ""
        of = f"estimated for the {count} that both answer"
        print(f"  {of}: {format_usd(one)} -> {format_usd(other)}{change}")
    routed = _routed(pairs)
    if routed[0] != routed[1]:
        print(f"  of them routed, the rest runs unchanged: {routed[0]} -> {routed[1]}")
    rows = [_row(pair) for pair in (differ if each else differ[:_ROWS])]
    if rows:
        head, *lines = table(HEAD, rows)
        print("", home.bold(head), *lines, sep="\n")
    if len(rows) < len(differ):
        print(f"and {len(differ) - len(rows)} more; --all has a row for each")


def _row(pair: Pair) -> tuple[str, ...]:
    features = pair.asked.question.features
    rules = [NO_RULE if one is None or one.decision.rule is None else one.decision.rule for one in _both(pair)]
    return (
        short(pair.asked.name, 28),
        f"{features.complexity} {features.task}",
        short(_said(pair.before), 34),
        short(_said(pair.after), 34),
        rules[0] if rules[0] == rules[1] else f"{rules[0]} -> {rules[1]}",
    )


def _both(pair: Pair) -> tuple[Verdict | None, Verdict | None]:
    return pair.before, pair.after


def _said(verdict: Verdict | None) -> str:
    return "(does not apply)" if verdict is None else verdict.selected or "(nobody)"


def _costs(pairs: Sequence[Pair]) -> tuple[int, int, int] | None:
    """What the winners of both are estimated to cost, where both have a priced one; and how many calls that are."""
    known = []
    for pair in pairs:
        one, other = (_estimate(verdict) for verdict in _both(pair))
        if one is not None and other is not None:
            known.append((one, other))
    return (sum(one for one, _ in known), sum(other for _, other in known), len(known)) if known else None


def _estimate(verdict: Verdict | None) -> int | None:
    if verdict is None or verdict.decision.selected is None:
        return None
    return estimates(verdict.plan, verdict.question, [verdict.decision.selected])[0]


def _routed(pairs: Sequence[Pair]) -> tuple[int, int]:
    """How many calls each would route rather than advise or observe."""
    modes = [[None if verdict is None else verdict.mode for verdict in _both(pair)] for pair in pairs]
    return sum(one == "route" for one, _ in modes), sum(other == "route" for _, other in modes)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _document(before: Policy, after: Policy, found: Sequence[Change], pairs: Sequence[Pair] | None) -> dict[str, Any]:
    costs = None if pairs is None else _costs(pairs)
    return {
        "schema": "policy-diff/v1",
        "before": {"name": before.name, "fingerprint": before.fingerprint},
        "after": {"name": after.name, "fingerprint": after.fingerprint},
        "changes": [
            {
                "path": one.path,
                "kind": one.kind,
                "before": one.before,
                "after": one.after,
                "words_only": one.words_only,
                "effect": one.effect or None,
                "text": str(one),
            }
            for one in found
        ],
        "decisions": None
        if pairs is None
        else {
            "calls": len(pairs),
            "differ": sum(pair.differs for pair in pairs),
            "routed": dict(zip(("before", "after"), _routed(pairs), strict=True)),
            "estimated_nano_usd": None if costs is None else {"before": costs[0], "after": costs[1], "calls": costs[2]},
            "rows": [
                {"call": pair.asked.name, "before": _told(pair.before), "after": _told(pair.after)}
                for pair in pairs
                if pair.differs
            ],
        },
    }


def _told(verdict: Verdict | None) -> dict[str, Any] | None:
    """``None`` where the policy does not apply."""
    if verdict is None:
        return None
    decision = verdict.decision
    return {"selected": verdict.selected, "rule": decision.rule, "cause": decision.cause, "standby": verdict.standby}
