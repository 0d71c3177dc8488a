"""``waypost policy show``, ``fmt`` and ``diff``: what a policy says, in canonical form, and beside another one."""

from __future__ import annotations

import argparse

from waypost.surfaces.cli import policy_diff, policy_fmt, policy_show
from waypost.surfaces.cli.main import describe

HELP = "show a policy, format it, or compare two of them"
EXAMPLES = """
  waypost policy show rd --resolved
  waypost policy fmt support.yaml --check
  waypost policy diff support.yaml new.yaml --receipts 500
"""
COMMANDS = {"diff": policy_diff, "fmt": policy_fmt, "show": policy_show}


def arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.WHAT)
        describe(sub, module.WHAT, module.EXAMPLES)
        module.arguments(sub)


def run(args: argparse.Namespace) -> int:
    """Raises ConfigError."""
    return int(COMMANDS[args.action].run(args))
