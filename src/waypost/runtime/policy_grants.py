"""What a policy lets calls say for themselves, what may be kept of them, and what an envelope may hold."""

from __future__ import annotations

from typing import Literal, cast, get_args

from waypost.core.policy.tree import Claim
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null

NOT_IN_AN_ENVELOPE = (
    "rules", "rank", "select", "affinity", "default", "fallback", "tiers", "aliases",
    "mode", "baseline", "scales", "on_no_candidates", "on_internal_error",
)  # fmt: skip
"""Keys that choose, or that nobody would read there; an envelope only narrows what others choose."""
CONTENTS = ("none", "hash", "redacted", "full")
KEPT = ("none", "hash")


def content(read: Reader, node: yaml.Node | None) -> Literal["none", "hash"]:
    """``{content: none}`` or ``hash``; more than that is not kept by this version, and said so."""
    body = read.mapping(node, "privacy", ("content",))
    written = body.get("content") if body else None
    word = read.choice(written, "privacy.content", CONTENTS)
    if written is not None and word is not None and word not in KEPT:
        what = f"`privacy: {{content: {word}}}` is not enforced by this version of Waypost"
        read.wrong(written.at, what, "write `privacy: {content: none}` or `{content: hash}`")
    return "hash" if word == "hash" else "none"


def grants(read: Reader, node: yaml.Node | None) -> tuple[Claim, ...] | None:
    """The claims that are followed, sorted; ``None`` where nothing is written, which is all of them."""
    if node is None:
        return None
    if is_null(node):
        read.wrong(node.at, "`grants` is empty", "write `[]` to follow no claim, or leave the key out to follow all")
    known = get_args(Claim)
    found = []
    for text, at in read.texts(node, "grants"):
        if text in known:
            found.append(cast("Claim", text))
        else:
            read.wrong(at, f"unknown claim {text!r}", yaml.suggest(text, known))
    return tuple(sorted(set(found)))


def aliases(read: Reader, node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
    """Requested model to intent, by model."""
    body = read.mapping(node, "aliases")
    out = []
    for key, value in body.entries if body else ():
        text = read.text(value, f"aliases.{key.raw}")
        if text:
            out.append((key.raw, text))
        else:
            read.wrong(value.at, f"aliases.{key.raw} stands for nothing", "write an intent: `{gpt-4: chat}`")
    return tuple(sorted(out))


def envelope(read: Reader, root: yaml.Mapping) -> bool:
    """Whether it is one; then the keys that choose are errors."""
    if read.choice(root.get("envelope"), "envelope", ("true", "false")) != "true":
        return False
    for key, value in root.entries:
        if key.raw in NOT_IN_AN_ENVELOPE and not is_null(value):
            remedy = "remove it, and do not extend a policy that has it; an envelope only narrows what others choose"
            read.wrong(key.at, f"an envelope has no `{key.raw}`", remedy)
    return True
