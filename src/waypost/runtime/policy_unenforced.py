"""What the policy language has and this version does not enforce: refused, so that nobody believes that it holds."""

from __future__ import annotations

from waypost.runtime import yaml
from waypost.runtime.nodes import Reader, is_null


def refuse_unenforced(reader: Reader, root: yaml.Mapping) -> None:
    """Note an error for each key whose meaning would be ignored."""
    remedy = "remove it; a key is never accepted and ignored"
    for key in ("affinity", "budgets", "limits"):
        node = root.get(key)
        if node is not None and not is_null(node):
            reader.wrong(node.at, f"`{key}` is not enforced by this version of Waypost", remedy)
    envelope = root.get("envelope")
    if envelope is not None and reader.choice(envelope, "envelope", ("true", "false")) == "true":
        reader.wrong(envelope.at, "`envelope: true` is not enforced by this version of Waypost", remedy)
    select = root.get("select")
    if select is not None and not is_null(select) and not (isinstance(select, yaml.Scalar) and select.raw == "best"):
        what = f"`select: {select.raw}`" if isinstance(select, yaml.Scalar) else "`select` other than best"
        reader.wrong(select.at, f"{what} is not enforced by this version of Waypost", "write `select: best`")
    _refuse_privacy(reader, root.get("privacy"))


def _refuse_privacy(reader: Reader, node: yaml.Node | None) -> None:
    body = reader.mapping(node, "privacy", ("content",))
    content = body.get("content") if body else None
    if content is None:
        return
    word = reader.choice(content, "privacy.content", ("none", "hash", "redacted", "full"))
    if word in ("hash", "redacted", "full"):
        what = f"`privacy: {{content: {word}}}` is not enforced by this version of Waypost"
        reader.wrong(content.at, what, "write `privacy: {content: none}`")
