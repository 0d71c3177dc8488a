"""``waypost rank``: who would answer a call, without making it; every candidate with score, cost and failed rules."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from waypost.core.analysis import verdict as told
from waypost.core.codecs import CODECS
from waypost.errors import SettingsError
from waypost.policy import Policies, Verdict, load
from waypost.runtime.asking import KEYS
from waypost.runtime.catalogs import load_catalog
from waypost.surfaces.cli import home, rank_receipt, source
from waypost.surfaces.cli.rank_here import here
from waypost.surfaces.cli.rank_show import show

HELP = "who would answer a call, without making it: every candidate with score, cost and failed rules"
EXAMPLES = """
  waypost rank --task debugging --complexity complex --tokens 8k:500 --needs tools
  waypost rank request.json --policy support.yaml         a real request body, in any dialect
  cat features.json | waypost rank -                      features by their names in `waypost fields`
  waypost rank --feature department=legal --only anthropic --max-price 5
  waypost rank request.json --at 89cc6569 --at 99129e42   policy and catalog as they stood, from .waypost/objects
  waypost rank --receipt wp_53aa95                        once more, as it stood: is it still the same decision?
  waypost rank request.json --explain                     why, in full; --json for one document
"""
_FLAGS = (
    "task",
    "complexity",
    "tokens",
    "needs",
    "model",
    "department",
    "user",
    "preference",
    "strategy",
    "only",
    "ignore",
    "fallbacks",
)
_SHAPES = ("messages", "contents", "input", "prompt")


def arguments(parser: argparse.ArgumentParser) -> None:
    asking(parser)
    what = "decide a call that was made once more: as it stood, or under --policy, --catalog, --at"
    parser.add_argument("--receipt", metavar="ID", help=what)
    add = parser.add_argument_group("the answer").add_argument
    add("--all", action="store_true", help="a row for each rejected candidate")
    add("--explain", action="store_true", help="the whole proof in place of the table")
    add("--format", choices=told.FORMATS, default="text", help="of --explain (default: text)")
    add("--json", action="store_true", help="one JSON document in place of the text")


def asking(parser: argparse.ArgumentParser) -> None:
    """What a dry run is made of: policy, catalog, the call, its claims, and the world's side of it."""
    add = parser.add_argument
    add("file", nargs="?", metavar="FILE", help="JSON: a request body, or features by name; - is standard input")
    add(
        "--policy",
        action="append",
        metavar="FILE",
        help="a file or a packaged name, several with `:` or one each; default: WAYPOST_POLICY, else packaged",
    )
    source.catalog_argument(parser)
    add("--at", action="append", metavar="FINGERPRINT", help="a stored policy or catalog, its first 8 digits or more")
    add("--home", type=Path, metavar="DIR", help="where --at looks (default: $WAYPOST_HOME or .waypost)")
    asked = parser.add_argument_group("the call")
    add = asked.add_argument
    add("--dialect", choices=sorted(CODECS), help="of a request body; recognised where it is left out")
    add("--task", metavar="WORD", help="see `waypost fields task`")
    add("--complexity", metavar="WORD", help="simple, medium or complex")
    add("--tokens", metavar="IN[:OUT]", help="estimated tokens, as in 8k:300")
    add("--needs", metavar="FLAG,...", help="see `waypost fields needs`")
    add("--model", metavar="NAME", help="what the call asks for (default: auto)")
    add("--department", metavar="NAME")
    add("--user", metavar="NAME")
    add(
        "--feature",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other request field, as context.team=x",
    )
    claims = parser.add_argument_group("what the call says for itself, as far as the policy grants it")
    add = claims.add_argument
    add("--preference", metavar="WORD", help="quality, cost or latency")
    add("--strategy", metavar="WORD", help="cheapest, fastest, best or balanced")
    add("--only", metavar="NAME,...", help="only these targets, models, providers or globs of ids")
    add("--ignore", metavar="NAME,...", help="none of these")
    add("--fallbacks", metavar="NAME,...", help="who stands by first, in order")
    add("--max-price", metavar="USD", help="per million tokens: 5, or input=5,output=15")
    add = parser.add_argument_group("what else decides").add_argument
    add("--credentials", metavar="NAME,...", help="only these endpoints have keys (default: all of them)")
    add("--seed", metavar="HEX", help="for random choices: 32 hex digits, as in a receipt's id (default: zeros)")
    add("--advice", metavar="NAME=SCORE,...", help="what the rank's advisor says: scores from 0 to 1, or a failure")
    add("--tried", metavar="NAME,...", help="targets that have failed already: who is next")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 where somebody would answer (of a receipt: as it was recorded), 1 otherwise. Raises ConfigError."""
    past = None if args.receipt is None else rank_receipt.again(args, asked=_asked(args))
    verdict = decided(args) if past is None else past.verdict
    page = verdict.told(flip=args.json or args.explain)
    if past is None:
        page = here(page, verdict, home.directory(args))
    if args.json:
        home.print_json(told.document(page) | ({} if past is None else {"recorded": past.document()}))
    elif args.explain:
        text = told.explain(page, args.format, each=args.all)
        title, _, rest = text.partition("\n")
        print(home.bold(title) if args.format == "text" else title, rest.rstrip("\n"), sep="\n")
    else:
        show(verdict, page, each=args.all)
    if past is not None and not args.json:
        print("", past.sentence(), sep="\n")
    return int(verdict.selected is None if past is None else not past.same)


def decided(args: argparse.Namespace) -> Verdict:
    """The decision about the call that the arguments of `asking` describe. Raises ConfigError."""
    policies = _policies(args)
    body, features = _given(args.file)
    features |= _features(args)
    return policies.decide(
        features,
        body=body,
        dialect=args.dialect,
        seed=_seed(args.seed),
        credentials=_names(args.credentials),
        tried=_tried(policies, args.tried),
        advice=args.advice,
    )


def _asked(args: argparse.Namespace) -> bool:
    """Whether a call is described beside the receipt."""
    beside = (args.file, args.dialect, args.credentials, args.seed, args.tried, args.advice)
    return bool(_features(args)) or any(item is not None for item in beside)


def _policies(args: argparse.Namespace) -> Policies:
    """What is to decide: files, or what the object store has under the fingerprints."""
    if not args.at:
        return load(source.policies(args.policy), load_catalog(args.catalog) if args.catalog else source.catalog(None))
    stored = source.stored(home.objects(args), args.at)
    if stored.policy is not None and args.policy:
        raise SettingsError("it has a policy, and --policy names another", where="--at", remedy="leave out one of them")
    if stored.catalog is not None and args.catalog:
        raise SettingsError(
            "it has a catalog, and --catalog names another", where="--at", remedy="leave out one of them"
        )
    catalog = stored.catalog or source.catalog(args.catalog)
    if stored.policy is not None:
        return Policies([stored.policy], catalog)
    return load(source.policies(args.policy), catalog)


def _given(file: str | None) -> tuple[Mapping[str, Any] | None, dict[str, Any]]:
    """A request body, or features, or neither."""
    if file is None:
        return None, {}
    where = "standard input" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}", where=where, remedy="check the path") from None
    except UnicodeDecodeError:
        raise SettingsError("is not UTF-8", where=where, remedy="save it as UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"{where}:{error.lineno}:{error.colno}"
        raise SettingsError(f"not JSON: {error.msg}", where=place, remedy="give a JSON object") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or lists in lists without end
        raise SettingsError(f"not readable: {error}", where=where, remedy="give a request body as it is sent") from None
    if not isinstance(document, dict):
        raise SettingsError("not a JSON object", where=where, remedy="give a request body, or features by name")
    is_body = any(isinstance(document.get(name), list | str) for name in _SHAPES)
    return (document, {}) if is_body else (None, document)


def _features(args: argparse.Namespace) -> dict[str, Any]:
    out = {name: value for name in _FLAGS if (value := getattr(args, name)) is not None}
    if args.max_price is not None:
        out["max_price"] = args.max_price
    for pair in args.feature:
        name, equals, value = pair.partition("=")
        if not equals:
            remedy = "write --feature NAME=VALUE; names: " + ", ".join(KEYS[:6]) + ", ... (`waypost fields`)"
            raise SettingsError(f"{pair!r} has no value", where="--feature", remedy=remedy)
        out[name] = value
    return out


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name for part in text.split(",") if (name := part.strip())]


def _tried(policies: Policies, text: str | None) -> list[str]:
    names = _names(text) or []
    for name in names:
        if name not in policies.catalog.index:
            raise SettingsError(
                f"there is no target {name!r}", where="--tried", remedy=source.target_remedy(name, policies.catalog)
            )
    return names


def _seed(text: str | None) -> bytes:
    """A seed, or the id of a receipt, which has one in it."""
    try:
        return bytes(16) if text is None else bytes.fromhex(text.removeprefix("wp_"))
    except ValueError:
        raise SettingsError(f"{text!r} is not hex", where="--seed", remedy="give 32 hex digits") from None
