"""``waypost policy fmt`` and ``waypost policy diff``: a file in canonical form, and what two policies differ in."""

from __future__ import annotations

import argparse

from waypost.surfaces.cli import policy_diff, policy_fmt
from waypost.surfaces.cli.main import describe

HELP = "format a policy, or compare two of them"
EXAMPLES = """
  waypost policy fmt support.yaml --check
  waypost policy diff support.yaml new.yaml --receipts 500
"""
COMMANDS = {"diff": policy_diff, "fmt": policy_fmt}


def arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.WHAT)
        describe(sub, module.WHAT, module.EXAMPLES)
        module.arguments(sub)


def run(args: argparse.Namespace) -> int:
    """Raises ConfigError."""
    return int(COMMANDS[args.action].run(args))
