"""``waypost why-not TARGET``: what would have to change for it to win, in a call that was made or in a dry run."""

from __future__ import annotations

import argparse

from waypost.core.analysis import refusal
from waypost.core.analysis.layout import markdown, text
from waypost.core.catalog.table import Catalog
from waypost.core.policy.plan import Plan
from waypost.core.policy.why_not import WhyNot, why_not
from waypost.errors import SettingsError
from waypost.runtime.lookup import stored_plan
from waypost.runtime.receipts import Receipt
from waypost.surfaces.cli import home, rank, source

HELP = "what would have to change for a target to win: every rule that it failed, and the smallest single change"
EXAMPLES = """
  waypost why-not anthropic/claude-opus-5 --receipt wp_53aa95    in a call that was made
  waypost why-not openai/gpt-5-mini --task debugging --tokens 8k:500    in a dry run, with all flags of `waypost rank`
  waypost why-not o3 request.json --policy support.yaml --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="TARGET", help="a target's id, a model or an alias")
    parser.add_argument("--receipt", metavar="ID", help="a call that was made; without it, a dry run")
    parser.add_argument("--hop", type=int, default=1, metavar="N", help="which decision of the receipt (default: 1)")
    rank.asking(parser)
    parser.add_argument("--format", choices=("text", "markdown", "json"), default="text")
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 where the target was selected, 1 where it was not. Raises ConfigError."""
    found, where = _of_receipt(args) if args.receipt is not None else _of_dry_run(args)
    if args.json or args.format == "json":
        home.print_json(refusal.document(found))
    elif args.format == "markdown":
        print(markdown(refusal.layout(found, where)).rstrip("\n"))
    else:
        title, _, rest = text(refusal.layout(found, where)).partition("\n")
        print(home.bold(title), rest.rstrip("\n"), sep="\n")
    return 0 if found.state == "selected" else 1


def _of_receipt(args: argparse.Namespace) -> tuple[WhyNot, str]:
    record = home.find(home.open_store(args), args.receipt)

    def plan(policy: str, catalog: str) -> Plan | None:
        return stored_plan(home.objects(args), policy, catalog)

    decided = list(Receipt(record, plan).decided())
    if not 0 < args.hop <= len(decided):
        what = f"the receipt has {len(decided)} decisions that can be proved"
        remedy = "its policy and catalog must be in objects/" if not decided else f"give --hop 1 to {len(decided)}"
        raise SettingsError(what, where=record.id, remedy=remedy)
    made, question, snapshot, decision = decided[args.hop - 1]
    target = _target(made.catalog, args.target)
    where = f"receipt {record.id}" + (f", decision {args.hop} of {len(decided)}" if len(decided) > 1 else "")
    return why_not(made, question, snapshot, decision, target), where


def _of_dry_run(args: argparse.Namespace) -> tuple[WhyNot, str]:
    verdict = rank.decided(args)
    target = _target(verdict.plan.catalog, args.target)
    found = verdict.why_not(target)
    keys = ", as if each endpoint had its key" if args.credentials is None else ""
    return found, f"a dry run of policy {verdict.policy.name}{keys}"


def _target(catalog: Catalog, name: str) -> str:
    found = catalog.resolve(name)
    if found is None:
        meant = catalog.names.get(name, ())
        remedy = f"give one of {', '.join(meant)}" if meant else source.target_remedy(name, catalog)
        problem = f"{name!r} means {len(meant)} targets" if meant else f"there is no target {name!r}"
        raise SettingsError(problem, where="TARGET", remedy=remedy)
    return found.id
