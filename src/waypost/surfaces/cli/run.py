"""``waypost run app.py``: a program of yours with Waypost switched on first, in this very process."""

from __future__ import annotations

import argparse
import runpy
import sys
from pathlib import Path

from waypost.errors import SettingsError
from waypost.runtime.instrument import auto_instrument

HELP = "run a Python program with its model calls routed and recorded"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; everything after the program belongs to the program."""
    parser.add_argument("--policy", metavar="FILE", help="default: WAYPOST_POLICY, else the packaged policy")
    parser.add_argument("--catalog", metavar="FILE", help="default: WAYPOST_CATALOG, else the packaged catalog")
    parser.add_argument("--mode", metavar="MODE", help="off, observe, advise or route, above what the policy says")
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module, as with python -m")
    parser.add_argument("program", help="a file, or with -m a module")
    parser.add_argument("args", nargs=argparse.REMAINDER, help="the program's own arguments")


def run(args: argparse.Namespace) -> int:
    """Run the program as ``__main__``; its exit code, its exceptions and its output are its own.

    Raises:
        ConfigError: a policy, a catalog or a program that cannot be used.
    """
    if not args.module and not Path(args.program).exists():
        raise SettingsError(f"there is no file {args.program!r}", where="waypost run", remedy="check the path")
    auto_instrument(policy=args.policy, catalog=args.catalog, mode=args.mode)
    sys.argv = [args.program, *args.args]
    if args.module:
        sys.path.insert(0, "")
        runpy.run_module(args.program, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(args.program).resolve().parent))
        runpy.run_path(args.program, run_name="__main__")
    return 0
