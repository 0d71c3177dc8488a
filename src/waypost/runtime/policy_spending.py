"""What a policy lets be spent and asked: ``budgets`` and ``limits``, each for every value of a scope."""

from __future__ import annotations

from typing import Literal, TypeVar, cast

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO, NANO
from waypost.core.policy.tree import ACTIONS, LADDER, Budget, Limit
from waypost.core.policy.units import UNITS, Measure, to_amount
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null
from waypost.runtime.policy_choosing import BY, percents
from waypost.runtime.policy_targets import Targets

SCOPES = (*BY, "policy", "all")
"""Whose calls count together, beside ``context.<name>``."""
OF_TARGETS = ("target", "endpoint", "provider")
"""Scopes of a limit that reject only their own."""
_PER = {"s": NANO, "min": 60 * NANO}
_PERCENT = MICRO // 100
_EXPECTED = {"usd_per_period": "write a sum such as 5 USD/day", "rate": "write a rate such as 60/min or 200k/min"}
_Entry = TypeVar("_Entry", Budget, Limit)


def budgets(read: Reader, node: yaml.Node | None, targets: Targets) -> tuple[Budget, ...]:
    """Each entry of ``budgets``, in the order of the file; no two of one scope and period."""
    found = [_budget(read, item, targets) for item in read.sequence(node, "budgets")]
    return _distinct(read, [budget for budget in found if budget is not None])


def limits(read: Reader, node: yaml.Node | None) -> tuple[Limit, ...]:
    """One limit for each of ``requests`` and ``tokens`` of each entry; no two of one scope and kind."""
    return _distinct(read, [limit for item in read.sequence(node, "limits") for limit in _limits(read, item)])


def _distinct(read: Reader, found: list[_Entry]) -> tuple[_Entry, ...]:
    seen: dict[str, Source] = {}
    for entry in found:
        if entry.key in seen:
            kind = "budget" if isinstance(entry, Budget) else "limit"
            remedy = f"the first is at {seen[entry.key]}; leave one, or write `{kind}s: !replace` in the child"
            read.wrong(entry.at, f"a second {kind} {entry.key}", remedy)
        seen.setdefault(entry.key, entry.at)
    return tuple(entry for entry in found if seen[entry.key] is entry.at)


def _budget(read: Reader, node: yaml.Node, targets: Targets) -> Budget | None:
    body = _entry(read, node, "a budget", ("scope", "limit", "at"))
    if body is None:
        return None
    scope = _scope(read, body, "a budget", SCOPES)
    amount, unit = _amount(read, body.get("limit"), body, "limit", "usd_per_period")
    period = cast("Literal['day', 'week', 'month']", unit.rpartition("/")[2] or "day")
    return Budget(scope, amount, period, _thresholds(read, body.get("at"), targets), body.at)


def _thresholds(read: Reader, node: yaml.Node | None, targets: Targets) -> tuple[tuple[int, str], ...]:
    body = read.mapping(node, "at")
    if body is None:
        return ((MICRO, "fail"),)
    out: dict[int, str] = {}
    for key, value in body.entries:
        part = read.number(key.raw, key.at, "a threshold", "micro")
        if part is None:
            continue
        if part % _PERCENT or not 0 < part <= MICRO:
            remedy = f"write whole percents from 1% to 100%{percents(part)}"
            read.wrong(key.at, f"the threshold {key.raw} is out of range", remedy)
        elif part in out:
            read.wrong(key.at, f"the threshold {key.raw} is twice", "write each threshold once")
        else:
            out[part] = _action(read, value, targets)
    if not body.entries:
        read.wrong(body.at, "`at` has no threshold", "write `{100%: fail}`, or leave `at` out")
    return tuple(sorted(out.items()))


def _action(read: Reader, node: yaml.Node, targets: Targets) -> str:
    """``warn``, ``downgrade``, ``fail`` or a tier that somebody defines."""
    text = read.text(node, "an action")
    if text is None:
        read.wrong(node.at, "the threshold has no action", f"write {', '.join(ACTIONS)}, or a tier")
        return "fail"
    tiers = LADDER if targets.catalog is None else ()
    if text not in (*ACTIONS, *tiers, *targets.known):
        read.wrong(node.at, f"unknown action {text!r}", yaml.suggest(text, {*ACTIONS, *LADDER, *targets.known}))
    return text


def _limits(read: Reader, node: yaml.Node) -> list[Limit]:
    body = _entry(read, node, "a limit", ("scope", "requests", "tokens"))
    if body is None:
        return []
    scope = _scope(read, body, "a limit", (*SCOPES, *OF_TARGETS))
    out = []
    for of in ("requests", "tokens"):
        written = body.get(of)
        if written is not None and not is_null(written):
            amount, unit = _amount(read, written, body, of, "rate")
            per_ns = _PER.get(unit.rpartition("/")[2], NANO)
            out.append(Limit(scope, of, amount, per_ns, body.at))
    if not out:
        read.wrong(body.at, "the limit limits nothing", "write `requests: 60/min` or `tokens: 200k/min`")
    return out


def _entry(read: Reader, node: yaml.Node, what: str, keys: tuple[str, ...]) -> yaml.Mapping | None:
    if is_null(node):
        read.wrong(node.at, f"{what} is empty", "write `{scope: user, ...}`, or remove the line")
    return read.mapping(node, what, keys)


def _scope(read: Reader, body: yaml.Mapping, what: str, known: tuple[str, ...]) -> str:
    node = body.get("scope")
    text = read.text(node, "scope")
    if node is None or text is None:
        read.wrong(body.at, f"{what} has no scope", "write `scope: user`, or `scope: all` for everybody together")
        return "all"
    if text.startswith("context.") and len(text) > len("context."):
        return text
    if text in OF_TARGETS and text not in known:
        remedy = "only limits count by target; write a scope of the caller, such as user"
        read.wrong(node.at, f"{what} cannot have the scope {text!r}", remedy)
        return text
    return read.choice(node, "scope", (*known, "context.<name>")) or "all"


def _amount(read: Reader, node: yaml.Node | None, body: yaml.Mapping, what: str, measure: Measure) -> tuple[int, str]:
    """A literal above 0 in base units, and its unit; ``(1, "")`` where it is wrong."""
    text = read.text(node, what)
    if node is None or text is None:
        read.wrong(body.at, f"the {what} is missing", _EXPECTED[measure])
        return 1, ""
    found = read.literal(text, node.at, what, _EXPECTED[measure])
    if found is None:
        return 1, ""
    digits, unit = found
    try:
        amount = to_amount(digits, unit, measure)
    except ValueError as exc:
        reason = "a fraction is too fine" if "finer" in str(exc) else str(exc)
        read.wrong(node.at, f"{what} is {text}: {reason}", _EXPECTED[measure])
        return 1, ""
    if amount == 0:
        read.wrong(node.at, f"{what} is 0, so nobody could ever be asked", "write an amount above 0")
    return amount or 1, "" if unit is None or UNITS[unit][0] != measure else unit
