"""``waypost run app.py``: a program of yours with Waypost switched on first, in this very process."""

from __future__ import annotations

import argparse
import io
import os
import runpy
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType

from waypost.errors import SettingsError
from waypost.runtime.instrument import auto_instrument
from waypost.runtime.settings import MODES

HELP = "run a Python program with its model calls routed and recorded"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; everything after the program belongs to the program."""
    parser.usage = "%(prog)s [option ...] program [argument ...]\n       %(prog)s [option ...] -m module [argument ...]"
    parser.add_argument(
        "--policy", metavar="FILE", help="or a packaged policy's name; default: WAYPOST_POLICY, else the packaged one"
    )
    parser.add_argument("--catalog", metavar="FILE", help="default: WAYPOST_CATALOG, else the packaged catalog")
    parser.add_argument(
        "--mode", choices=MODES, metavar="MODE", help="off, observe, advise or route, above what the policy says"
    )
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="keep receipts here (default: $WAYPOST_HOME or .waypost)"
    )
    parser.add_argument("-m", dest="module", action="store_true", help="the program is a module, as with python -m")
    parser.add_argument("program", help="a file, or with -m a module")
    rest = parser.add_argument("args", nargs=argparse.REMAINDER, help="the program's own arguments")
    rest.required = False  # else a missing program is told as if arguments were missing too


def run(args: argparse.Namespace) -> int:
    """Run the program as ``__main__``; its exit code, its exceptions and its output are its own.

    Raises:
        ConfigError: a policy, a catalog or a program that cannot be used.
    """
    if not args.module and not Path(args.program).exists():
        raise SettingsError(f"there is no file {args.program!r}", remedy="check the path")
    if args.home is not None:
        os.environ["WAYPOST_HOME"] = str(args.home.absolute())
    auto_instrument(policy=args.policy, catalog=args.catalog, mode=args.mode)
    sys.argv = [args.program, *args.args]
    sys.path.insert(0, "" if args.module else str(Path(args.program).resolve().parent))
    try:
        _run_program(args.program, module=args.module)
    except SystemExit:
        raise
    except BaseException as error:
        return _uncaught(error)
    return 0


def _run_program(program: str, *, module: bool) -> None:
    if module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    elif Path(program).is_file() and not program.endswith((".pyc", ".zip", ".pyz")):
        _run_file(os.path.abspath(program))
    else:
        runpy.run_path(program, run_name="__main__")


def _run_file(path: str) -> None:
    """A source file as Python itself runs it: it stays ``__main__`` until the process ends."""
    main = ModuleType("__main__")
    vars(main).update(__file__=path, __builtins__=__builtins__, __cached__=None)
    main.__loader__ = SourceFileLoader("__main__", path)
    try:
        with io.open_code(path) as source:
            text = source.read()
    except OSError as error:
        raise _Unusable(f"cannot read {path!r}: {error.strerror}") from None
    sys.modules["__main__"] = main
    exec(compile(text, path, "exec", dont_inherit=True), vars(main))


class _Unusable(Exception):
    """The program could not even be begun."""


def _uncaught(error: BaseException) -> int:
    """Report as Python does, through the program's own ``sys.excepthook``, without the frames that are not its.

    Raises:
        SettingsError: there was no program to run.
        KeyboardInterrupt: and the like: how the process ends then is the interpreter's business.
    """
    frames = _own(error.__traceback__)
    if isinstance(error, _Unusable) or (frames is None and isinstance(error, ImportError)):
        said = str(error)
        raise SettingsError(said[:1].lower() + said[1:], remedy="check its name") from None
    error.__traceback__ = frames
    if isinstance(error, Exception):
        sys.excepthook(type(error), error, frames)
        return 1
    theirs = sys.excepthook

    def hook(kind: type[BaseException], again: BaseException, _: TracebackType | None) -> None:
        again.__traceback__ = frames
        theirs(kind, again, frames)

    sys.excepthook = hook
    raise error


def _own(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins with the program's first frame."""
    while trace is not None and trace.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
        trace = trace.tb_next
    return trace
