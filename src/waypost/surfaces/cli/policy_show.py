"""``waypost policy show``: a policy's file as it is, or the policy after ``extends`` and variables, with its places."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from waypost.core.policy.tree import Policy
from waypost.errors import SettingsError
from waypost.runtime.policy_files import policy_path
from waypost.runtime.policy_show import Line, of_document, resolved
from waypost.surfaces.cli import home, source

WHAT = "a policy's file as it is, packaged ones too; or the whole policy after `extends` and variables"
EXAMPLES = """
  waypost policy show rd                      the file of a packaged policy
  waypost policy show our-rd.yaml --resolved  all that holds, each line with the file it comes from
  waypost policy show 89cc6569                one that a receipt names, from .waypost/objects
"""
_WIDTH = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    what = "a file, a packaged policy's name, or a fingerprint of the object store"
    parser.add_argument("name", metavar="POLICY", help=what)
    parser.add_argument("--resolved", action="store_true", help="after `extends` and variables, with file and line")
    source.catalog_argument(parser)
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="where objects rest (default: $WAYPOST_HOME or .waypost)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document in place of the text")


def run(args: argparse.Namespace) -> int:
    """Raises ConfigError."""
    path = policy_path(args.name)
    if path.is_file() and not args.resolved and not args.json:
        sys.stdout.write(_text(path))
        return 0
    catalog = source.catalog(args.catalog)
    if path.is_file():
        policy, lines = resolved(path, catalog)
    else:
        policy = source.policy(args.name, home.objects(args), catalog)
        lines = of_document(policy)
    text = _text(path) if path.is_file() and not args.resolved else _page(policy, lines)
    if args.json:
        home.print_json(_document(policy, path, lines, text))
    else:
        sys.stdout.write(text)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read: {error}", where=str(path), remedy="check the file") from None


def _page(policy: Policy, lines: Sequence[Line]) -> str:
    """YAML that is a policy again where it comes from a file; places stand behind ``#``."""
    head = [f"# policy {policy.name}, fingerprint {policy.fingerprint}"]
    head += [f"# {Path(file).name}: {file}" for file in policy.sources]
    room = min(max(len(line.text) for line in lines), _WIDTH)
    said = (f"{line.text:<{room}}  # {_place(line)}".rstrip(" #") if line.at.line else line.text for line in lines)
    return "\n".join((*head, *said)) + "\n"


def _place(line: Line) -> str:
    return f"{Path(line.at.file).name}:{line.at.line}"


def _document(policy: Policy, path: Path, lines: Sequence[Line], text: str) -> dict[str, Any]:
    return {
        "schema": "policy-show/v1",
        "name": policy.name,
        "fingerprint": policy.fingerprint,
        "file": str(path) if path.is_file() else None,
        "sources": list(policy.sources),
        "text": text,
        "lines": [{"text": line.text, "file": line.at.file or None, "line": line.at.line or None} for line in lines],
        "document": policy.document,
    }
