"""What a policy lets calls say for themselves, what may be kept of them, and what an envelope may hold."""

from __future__ import annotations

from importlib import util
from typing import Literal, TypeAlias, cast, get_args

from waypost.core.policy.tree import Claim
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null

Content: TypeAlias = Literal["none", "hash", "redacted", "full"]

NOT_IN_AN_ENVELOPE = (
    "rules", "rank", "select", "affinity", "default", "fallback", "tiers", "aliases",
    "mode", "baseline", "scales", "on_no_candidates", "on_internal_error",
)  # fmt: skip
"""Keys that choose, or that nobody would read there; an envelope only narrows what others choose."""
CONTENTS = ("none", "hash", "redacted", "full")
KEEPS = ("redacted", "full")
"""Of these the words themselves are kept, which takes a library to encrypt them."""
MAX_FOR = 3_650 * 86_400 * 10**9


def privacy(read: Reader, root: yaml.Mapping) -> tuple[Content, int | None]:
    """``{content: redacted, for: 30 d}``: what may be kept, and for how many ns (``None`` where nothing is said).

    An envelope that says nothing of it leaves to the others what they keep.
    """
    node = root.get("privacy")
    body = read.mapping(node, "privacy", ("content", "for"))
    outer = _is_envelope(root)
    written, lasting = (body.get("content"), body.get("for")) if body else (None, None)
    word = read.choice(written, "privacy.content", CONTENTS)
    if written is not None and word in KEEPS and not outer and not installed():
        what = f"`privacy: {{content: {word}}}` encrypts what it keeps, and the library for that is not installed"
        read.wrong(written.at, what, "pip install '.[content]' in a checkout of Waypost, or write `{content: hash}`")
    content = cast("Content", word or ("full" if outer else "none"))
    return content, None if lasting is None or is_null(lasting) else _lasting(read, lasting, written, content)


def _lasting(read: Reader, node: yaml.Node, content: yaml.Node | None, word: Content) -> int | None:
    for_ns = read.quantity(node, "privacy.for", "ns")
    if for_ns is not None and not 0 < for_ns <= MAX_FOR:
        read.wrong(node.at, "privacy.for is out of range", "write a duration above 0 and at most 3650 d")
    if word not in KEEPS and (content is None or content.at.file == node.at.file):  # else it was inherited
        remedy = "remove it, or write `{content: redacted, for: 30 d}`"
        read.wrong(node.at, f"`privacy.for` has nothing to end: `content` is {word}", remedy)
    return for_ns


def installed() -> bool:
    """Whether the library is there that content is encrypted with."""
    return util.find_spec("cryptography") is not None


def _is_envelope(root: yaml.Mapping) -> bool:
    node = root.get("envelope")
    return isinstance(node, yaml.Scalar) and node.raw == "true"


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
