"""The command line: each file beside this one that has ``HELP``, ``arguments`` and ``run`` is a subcommand.

A file may have ``EXAMPLES``, which stand under its help. Only the module of the command that was asked for is imported.
Exit codes: 0 fine, 1 a finding, 2 bad input.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from waypost._version import __version__
from waypost.errors import ConfigError, SettingsError, WaypostError

_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)\Z", re.DOTALL)
_LONG = 100
FINE, FINDING, BAD_INPUT = 0, 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = Parser(prog="waypost", description="Routing of LLM calls by policy, with a receipt for every decision.")
    parser.add_argument("--version", action="version", version=f"waypost {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((word for word in words if not word.startswith("-")), None)
    module: ModuleType | None = None
    asked = parser
    for name, (path, text) in _commands().items():
        sub = commands.add_parser(name, help=text)
        if name == wanted:
            module = import_module(f"waypost.surfaces.cli.{path.stem}")
            describe(sub, text, getattr(module, "EXAMPLES", ""))
            module.arguments(sub)
            asked = sub
    if wanted != "run":  # whose output is the program's own
        _show_anything()
    args, strange = parser.parse_known_args(words)
    if strange:  # told beside the usage of the command that was asked for, not beside that of all commands
        meant = _meant(strange[0].partition("=")[0], asked.options()) if strange[0].startswith("--") else ""
        asked.error(f"unrecognized arguments: {' '.join(strange)}{meant}")
    return _run(module, args)


class Parser(argparse.ArgumentParser):
    """One that says what was probably meant."""

    def error(self, message: str) -> NoReturn:
        if (wrong := _CHOICE.search(message)) is not None:
            message += _meant(wrong[1], [word.strip(" '") for word in wrong[2].split(",")])
        super().error(message)

    def options(self) -> list[str]:
        """The long ones."""
        return [name for action in self._actions for name in action.option_strings if name.startswith("--")]


def _meant(word: str, known: Sequence[str]) -> str:
    from waypost.core.policy.fields import nearest  # only who misspelt something pays for it

    remedy = nearest(word, known)
    return f"; {remedy}" if remedy.startswith("did you mean") else ""


def describe(parser: argparse.ArgumentParser, text: str, examples: str = "") -> None:
    """What ``--help`` says above the options, and below them the examples with their line breaks."""
    parser.description = text
    if examples:
        parser.epilog = f"examples:\n{examples.strip(chr(10))}"
        parser.formatter_class = argparse.RawDescriptionHelpFormatter


def _run(module: ModuleType | None, args: argparse.Namespace) -> int:
    if module is None:
        return BAD_INPUT
    try:
        code = int(module.run(args))
        sys.stdout.flush()
        return code
    except WaypostError as error:
        complain(args, error)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader (`| head`) has enough; nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (
        OSError
    ) as error:  # a path that no command expected to be like that: too long a name, a folder that is locked
        where = "" if error.filename is None else str(error.filename)
        what = f"cannot be used: {error.strerror or error}"
        where = where if len(where) <= _LONG else f"{where[:_LONG]}…"
        complain(args, SettingsError(what, where=where, remedy="check the path and its permissions"))
        return BAD_INPUT


def complain(args: argparse.Namespace, error: WaypostError) -> None:
    """Tell ``error`` and its others on standard error; as a document, where one was asked for."""
    print(_as_json(args.command, error) if getattr(args, "json", False) else _as_text(args, error), file=sys.stderr)


def _show_anything() -> None:
    """Letters that a terminal cannot have are written as JSON escapes them, so that no name ends a command."""
    codecs.register_error("waypost", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="waypost")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _as_text(args: argparse.Namespace, error: WaypostError) -> str:
    """With the command in front, unless the place is a command itself."""
    action = f" {args.action}" if isinstance(getattr(args, "action", None), str) else ""
    return str(error) if error.where.startswith("waypost ") else f"waypost {args.command}{action}: {error}"


def _as_json(command: str, error: WaypostError) -> str:
    """``error/v1``: who asked for a document gets one, on standard error."""
    found = (error, *(error.others if isinstance(error, ConfigError) else ()))
    rows = [{"where": one.where or None, "what": one.what, "remedy": one.remedy or None} for one in found]
    return json.dumps({"schema": "error/v1", "command": command, "errors": rows}, ensure_ascii=False, indent=2)


def _commands() -> dict[str, tuple[Path, str]]:
    """Command names, sorted, with their files and what each is for; ``why_not.py`` is ``why-not``."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    found = ((path, _help(path)) for path in files)
    return {path.stem.replace("_", "-"): (path, text) for path, text in found if text}


def _help(path: Path) -> str:
    """``HELP`` of a command's file, read without importing it; empty where the file is no command."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="HELP")], value=ast.Constant(value=str() as text)):
                return text
            case _:
                continue
    return ""
