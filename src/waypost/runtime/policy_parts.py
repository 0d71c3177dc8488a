"""The self-contained parts of a policy: rank, scales and fallback, each with its defaults."""

from __future__ import annotations

from typing import Literal, cast, get_args

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO, NANO
from waypost.core.model.outcome import FailureKind
from waypost.core.policy.fallback import DEFAULTS as REACTIONS
from waypost.core.policy.rank import BALANCED, DEFAULTS, STRATEGIES, lg
from waypost.core.policy.render import render
from waypost.core.policy.tree import Fallback, Predicate, Rank, Reaction, Scale, Unit
from waypost.runtime import advisors, yaml
from waypost.runtime.nodes import Reader, is_null

UNITS: dict[str, Unit] = {"cost": "usd", "latency": "ns", "quality": "micro"}
"""The unit of each ranked field."""
MAX_WEIGHT = 1_000 * MICRO
"""Of one field; beyond it the others have no weight left that a score shows."""
WITHIN_NS = 300_000_000
"""How long an advisor is waited for where a policy does not say."""
LONGEST_NS = 10 * NANO
_STRATEGIES = (*(name for name in STRATEGIES if name != "weighted"), "listed")
_PACKAGED = "heuristic"
_DAY = 86_400 * NANO


def filter_name(tree: Predicate) -> str:
    """What a rejection by this line is called."""
    return render(tree)


def rank(read: Reader, node: yaml.Node | None, at: Source) -> Rank:
    """A strategy's or an advisor's name, a mapping of weights, or one of either with what stands behind it."""
    if isinstance(node, yaml.Mapping):
        if node.get("advisor") is None and node.get("strategy") is None:
            return Rank("weighted", _weights(read, node), node.at)
        return _led(read, node)
    text = read.text(node, "rank")
    if text is None or node is None:
        return Rank("balanced", BALANCED, at)
    if text == "weighted":
        read.wrong(node.at, "`weighted` needs weights", "write `rank: {cost: 0.6, quality: 0.4}`")
    elif text == "listed":
        return Rank("listed", BALANCED, node.at, behind="balanced")
    elif text not in STRATEGIES and _advises(read, text, node.at):
        return Rank("advisor", BALANCED, node.at, behind="balanced", advisor=text, within_ns=WITHIN_NS)
    return Rank(text, BALANCED if text == "balanced" else (), node.at)


def _led(read: Reader, node: yaml.Mapping) -> Rank:
    """``{advisor: heuristic, else: cheapest, within: 300 ms}`` or ``{strategy: listed, else: best}``."""
    asks = node.get("advisor") is not None
    read.mapping(node, "rank", ("advisor", "else", "within") if asks else ("strategy", "else"))
    behind = _behind(read, node.get("else"), node.at)
    if not asks:
        read.choice(node.get("strategy"), "the strategy with an else", ("listed",))
        return Rank("listed", behind.weights, node.at, behind=behind.strategy)
    name, written = node.get("advisor"), node.get("within")
    text = read.text(name, "rank.advisor")
    if name is not None and text is None:
        read.wrong(name.at, "rank.advisor is empty", f"write `advisor: {_PACKAGED}`")
    elif name is not None and text is not None:
        _installed(read, text, name.at)
    within = read.quantity(written, "rank.within", "ns")
    if written is not None and within is not None and not 0 < within <= LONGEST_NS:
        read.wrong(written.at, "rank.within is out of range", "write a duration above 0 and at most 10 s")
    return Rank(
        "advisor", behind.weights, node.at, behind=behind.strategy, advisor=text or "", within_ns=within or WITHIN_NS
    )


def _behind(read: Reader, node: yaml.Node | None, at: Source) -> Rank:
    """What stands behind: a strategy that scores everybody."""
    if isinstance(node, yaml.Mapping):
        return Rank("weighted", _weights(read, node), node.at)
    text = read.text(node, "rank.else")
    if text is None or node is None:
        return Rank("balanced", BALANCED, at)
    if text == "weighted" or text not in STRATEGIES:
        read.wrong(node.at, f"rank.else is {text!r}", _named(text))
    return Rank(text, BALANCED if text == "balanced" else (), node.at)


def _advises(read: Reader, text: str, at: Source) -> bool:
    """Whether it is an advisor's name; notes an error where it is nobody's."""
    if text in advisors.packaged() or text in advisors.names():
        return _usable(read, text, at)
    near = yaml.suggest(text, (*_STRATEGIES, *advisors.names()))
    more = "" if near.startswith("did") else f", or weights: {{cost: 0.6, quality: 0.4}}; {_how(text)}"
    read.wrong(at, f"unknown rank {text!r}", f"{near}{more}")
    return False


def _installed(read: Reader, text: str, at: Source) -> None:
    if text in advisors.packaged() or text in advisors.names():
        _usable(read, text, at)
        return
    read.wrong(at, f"unknown advisor {text!r}", f"{yaml.suggest(text, advisors.names())}; {_how(text)}")


def _usable(read: Reader, text: str, at: Source) -> bool:
    """Whether the advisor can be made, so that no call is the first to find out."""
    try:
        advisors.find(text)
    except Exception as error:
        what = str(error) if isinstance(error, LookupError) else type(error).__name__
        read.wrong(at, f"the advisor {text!r} cannot be used: {what}", "mend or reinstall the package that has it")
        return False
    return True


def _how(text: str) -> str:
    """How to come by an advisor."""
    return f"an advisor comes with the package that has an entry point {text!r} in the group {advisors.GROUP}"


def _named(text: str) -> str:
    """The strategies by name: weights are written as a mapping, never as the word that they are called by."""
    near = yaml.suggest(text, [name for name in STRATEGIES if name != "weighted"])
    return near if near.startswith("did") else f"{near}, or weights: {{cost: 0.6, quality: 0.4}}"


def _weights(read: Reader, node: yaml.Mapping) -> tuple[tuple[str, int], ...]:
    read.mapping(node, "rank", UNITS)
    weights = {key.raw: read.quantity(value, f"rank.{key.raw}", "micro") for key, value in node.entries}
    for key, value in node.entries:
        if (weights[key.raw] or 0) > MAX_WEIGHT:
            read.wrong(value.at, f"the weight of {key.raw} is more than 1,000", "weights only count against each other")
    out = tuple(sorted((field, weight) for field, weight in weights.items() if weight is not None))
    if not any(weight for _, weight in out) and None not in weights.values():
        read.wrong(node.at, "no weight is above 0", "write `rank: {cost: 0.6, quality: 0.4}`")
    return out


def scales(read: Reader, node: yaml.Node | None, at: Source) -> tuple[Scale, ...]:
    """All three scales, the written ones over the defaults."""
    body = read.mapping(node, "scales", UNITS)
    out = []
    for field, unit in sorted(UNITS.items()):
        written = body.get(field) if body else None
        found = None if written is None else _scale(read, written, field, unit)
        low, high = found or (DEFAULTS[field].low, DEFAULTS[field].high)
        out.append(Scale(field, low, high, at if written is None else written.at))
    return tuple(out)


def _scale(read: Reader, node: yaml.Node, field: str, unit: Unit) -> tuple[int, int] | None:
    """``low..high UNIT``; the low end takes the high end's unit where it has none."""
    what = f"scales.{field}"
    text = read.text(node, what)
    if text is None:
        return None
    first, dots, second = (part.strip() for part in text.partition(".."))
    if not dots:
        read.wrong(node.at, f"{what} is {text!r}, not a range", "write `low..high` with one unit: 0.2..20 s")
        return None
    suffix = second.lstrip("0123456789.").strip()
    if suffix and first.replace(".", "", 1).isdigit():
        first = f"{first} {suffix}"
    low, high = read.number(first, node.at, what, unit), read.number(second, node.at, what, unit)
    if low is None or high is None:
        return None
    if low >= high or (field != "quality" and (low < 1 or lg(low) >= lg(high))):
        read.wrong(node.at, f"{what} is {text!r}", "its low end must be above 0 and clearly below its high end")
        return None
    return low, high


def fallback(read: Reader, node: yaml.Node | None, at: Source) -> Fallback:
    """Attempts, deadline, and a reaction to every kind of failure."""
    body = read.mapping(node, "fallback", ("max_attempts", "deadline", "failures"))
    attempts = read.integer(body.get("max_attempts"), "max_attempts", 1, 20) if body else None
    deadline = read.quantity(body.get("deadline"), "deadline", "ns") if body else None
    if deadline == 0 and body:
        read.wrong(body.at, "a deadline of 0", "leave it out to have none")
    failures = read.mapping(body.get("failures"), "failures", get_args(FailureKind)) if body else None
    reactions = {reaction.kind: reaction for reaction in REACTIONS}
    for key, value in failures.entries if failures else ():
        if key.raw in reactions and not is_null(value):
            kind = key.raw
            reactions[kind] = _reaction(read, kind, value, reactions[kind])
    ordered = tuple(reactions[kind] for kind in sorted(reactions))
    return Fallback(3 if attempts is None else attempts, deadline, ordered, body.at if body else at)


def _reaction(read: Reader, kind: FailureKind, node: yaml.Node, default: Reaction) -> Reaction:
    words = ("next_candidate", "abort")
    if not isinstance(node, yaml.Mapping):
        then = read.choice(node, kind, words) or "abort"
        disable = default.disable_provider_ns if then == "next_candidate" else 0
        return Reaction(kind, cast("Literal['next_candidate', 'abort']", then), disable_provider_ns=disable)
    read.mapping(node, kind, ("retry_same", "backoff", "then", "disable_provider"))
    then = read.choice(node.get("then"), f"{kind}.then", words) or default.then
    disable_ns = read.quantity(node.get("disable_provider"), f"{kind}.disable_provider", "ns") or 0
    backoff = read.quantity(node.get("backoff"), f"{kind}.backoff", "ns") or 0
    if disable_ns > 30 * _DAY or backoff > _DAY:
        read.wrong(node.at, f"{kind} waits too long", "a backoff is at most 1 d, a pause of a provider 30 d")
    return Reaction(
        kind,
        cast("Literal['next_candidate', 'abort']", then),
        retry_same=read.integer(node.get("retry_same"), f"{kind}.retry_same", 0, 10) or 0,
        backoff_ns=backoff,
        disable_provider_ns=disable_ns,
    )
