"""How a ranked survivor is taken: ``select``, ``affinity``, and the ``by`` that keeps one caller on one side."""

from __future__ import annotations

from waypost.core.model.decision import Source
from waypost.core.model.money import MICRO, NANO
from waypost.core.model.target import TargetId
from waypost.core.policy.tree import Affinity, Select
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null, spoken
from waypost.runtime.policy_targets import Targets

BY = ("user", "session", "department", "workflow", "step")
"""Keys of the context that a share can be kept by, beside ``context.<name>``."""
KINDS = ("weighted", "explore", "canary")
MAX_WEIGHT = 1_000_000
_MAX_FOR = 30 * 86_400 * NANO
_SHAPES = {
    "weighted": "write `{weighted: deployments}`, or targets with weights: `{weighted: {openai/gpt-4o: 3}}`",
    "explore": "write `{explore: 5%}`",
    "canary": "write `{canary: {target: provider/model, share: 10%}}`",
}


def by(read: Reader, node: yaml.Node | None, *, known: tuple[str, ...] = BY) -> str | None:
    """A key of the context, ``None`` where nothing is written."""
    text = read.text(node, "by")
    if text is None or (text.startswith("context.") and len(text) > len("context.")):
        return text
    return read.choice(node, "by", (*known, "context.<name>"))


def percents(found: int) -> str:
    """``; did you mean 10%?``, where a number above 1 was written without its sign."""
    bare, rest = divmod(found, MICRO)
    return f"; did you mean {bare}%?" if not rest and 1 < bare <= 100 else ""


def share(read: Reader, node: yaml.Node | None, what: str) -> int:
    """A part of the calls in ppm, 0 where it is wrong or absent."""
    found = read.quantity(node, what, "micro")
    if found is not None and node is not None and found > MICRO:
        read.wrong(node.at, f"{what} is more than 100%", f"write a share from 0% to 100%{percents(found)}")
        return 0
    return found or 0


def select(read: Reader, node: yaml.Node | None, targets: Targets) -> Select | None:
    """``best``, or a mapping of one kind to its settings; ``None`` is best."""
    if node is None or is_null(node):
        return None
    if not isinstance(node, yaml.Mapping):
        text = read.text(node, "select")
        if text in KINDS:
            read.wrong(node.at, f"`{text}` needs its settings", _SHAPES[text])
        elif text is not None and text != "best":
            read.wrong(node.at, f"unknown select {text!r}", yaml.suggest(text, ("best", *KINDS)))
        return None
    read.mapping(node, "select", (*KINDS, "by"))
    kinds = [(key, value) for key, value in node.entries if key.raw in KINDS]
    if len(kinds) != 1:
        if any(key.raw not in (*KINDS, "by") for key, _ in node.entries):
            return None
        what = "`select` names no kind" if not kinds else "`select` names more than one kind"
        read.wrong(node.at, what, f"write one of {', '.join(KINDS)}, or `select: best`")
        return None
    key, value = kinds[0]
    side = by(read, node.get("by"))
    match key.raw:
        case "weighted":
            return _weighted(read, value, targets, side, node.at)
        case "explore":
            return _explore(read, value, side, node.at)
        case _:
            return _canary(read, value, targets, side, node)


def _weighted(read: Reader, node: yaml.Node, targets: Targets, side: str | None, at: Source) -> Select | None:
    if not isinstance(node, yaml.Mapping):
        text = read.text(node, "select.weighted")
        if text != "deployments":
            read.wrong(node.at, f"select.weighted is {spoken(node)}", _SHAPES["weighted"])
        return Select("weighted", at, by=side)
    weights: dict[TargetId, int] = {}
    for key, value in node.entries:
        weight = None if _is_zero(value) else read.integer(value, f"the weight of {key.raw}", 1, MAX_WEIGHT)
        if is_null(value):
            read.wrong(value.at, f"the weight of {key.raw} is missing", f"write a whole number from 1 to {MAX_WEIGHT}")
        if _is_zero(value):
            read.wrong(value.at, f"the weight of {key.raw} is 0", "leave the target out, or give it a weight above 0")
        target = targets.id(key.raw, key.at)
        if target in weights:
            read.wrong(key.at, f"a second weight of {target!r}", "leave one of the two")
        if target is not None and weight:
            weights[target] = weight
    if not node.entries:
        read.wrong(node.at, "no target has a weight", _SHAPES["weighted"])
    return Select("weighted", at, weights=tuple(sorted(weights.items())), by=side)


def _is_zero(node: yaml.Node) -> bool:
    return isinstance(node, yaml.Scalar) and node.raw == "0"


def _explore(read: Reader, node: yaml.Node, side: str | None, at: Source) -> Select | None:
    if is_null(node):
        read.wrong(node.at, "`explore` has no share", _SHAPES["explore"])
    return Select("explore", at, share_ppm=share(read, node, "the share of explore"), by=side)


def _canary(read: Reader, node: yaml.Node, targets: Targets, side: str | None, whole: yaml.Mapping) -> Select | None:
    body = read.mapping(node, "canary", ("target", "share", "by"))
    if body is None:
        if is_null(node):
            read.wrong(node.at, "`canary` has no target", _SHAPES["canary"])
        return None
    own = by(read, body.get("by"))
    if own is not None and side is not None:
        read.wrong(body.at, "`by` is given twice", "leave the one inside of `canary`")
    target = targets.one(body.get("target"), "canary.target")
    for key in ("target", "share"):
        written = body.get(key)
        if written is None or is_null(written):
            read.wrong(body.at, f"the canary has no {key}", _SHAPES["canary"])
    ppm = share(read, body.get("share"), "the share of the canary")
    return Select("canary", whole.at, share_ppm=ppm, target=target, by=own or side)


def affinity(read: Reader, node: yaml.Node | None) -> Affinity | None:
    """``{by: conversation, for: 1 h}``; by conversation where nothing else is said."""
    body = read.mapping(node, "affinity", ("by", "for"))
    if body is None:
        return None
    side = by(read, body.get("by"), known=("conversation", *BY)) or "conversation"
    written = body.get("for")
    for_ns = read.quantity(written, "affinity.for", "ns")
    if written is None or is_null(written):
        read.wrong(body.at, "`affinity` does not say for how long", "write `{by: conversation, for: 1 h}`")
    elif for_ns is not None and not 0 < for_ns <= _MAX_FOR:
        read.wrong(written.at, "affinity.for is out of range", "write a duration above 0 and at most 30 d")
    return Affinity(side, for_ns or 0, body.at)
