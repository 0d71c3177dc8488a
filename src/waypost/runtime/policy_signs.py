"""Signs that no text of a policy may have, because what people read would not be what the policy says.

Names and reasons of a policy stand on terminals, in logs and on receipts: a control character could clear the screen or
forge a line there, and a mark of the reading order shows another text than the one that was checked.
"""

from __future__ import annotations

import re

from waypost.runtime import yaml
from waypost.runtime.nodes import Reader

_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_TURNING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_BAD = re.compile(f"[{_CONTROL}{_TURNING}]")
_BAD_ON_A_LINE = re.compile(f"[\\t\\n{_CONTROL}{_TURNING}]")
_ORDER = re.compile(f"[{_TURNING}]")
_BLANK = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_NUMBER = re.compile(r"\s*[0-9.]+[^\w]*\s")
_PROSE = frozenset(("because", "description"))
_PREDICATES = frozenset(("filter", "match", "rule", "when"))
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)


def check_signs(reader: Reader, root: yaml.Mapping) -> None:
    """Note every such sign in a key or a value of the document, by its code point. Breaks of lines are no fault in
    prose, which is folded, and between the words of a predicate."""
    for key, value in root.entries:
        _check(reader, key, "")
        _walk(reader, value, key.raw)


def _walk(reader: Reader, node: yaml.Node, key: str) -> None:
    match node:
        case yaml.Mapping():
            for name, value in node.entries:
                _check(reader, name, "")
                _walk(reader, value, name.raw)
        case yaml.Sequence():
            for item in node.items:
                _walk(reader, item, key)
        case yaml.Scalar():
            _check(reader, node, key)


def _check(reader: Reader, node: yaml.Scalar, key: str) -> None:
    raw = node.raw
    if raw.isprintable():
        return
    found = _BAD.search(raw) if key in _PROSE or key in _PREDICATES else _BAD_ON_A_LINE.search(raw)
    if found is None and key in _PREDICATES:
        found = next((bad for text in _QUOTED.findall(raw) if (bad := _BAD_ON_A_LINE.search(text))), None)
    if found is None:
        _check_blanks(reader, node, key)
        return
    point, turns = f"U+{ord(found[0]):04X}", _ORDER.match(found[0])
    what = f"{point} changes the order in which the text is read" if turns else f"the text has the character {point}"
    reader.wrong(node.at, what, "write it on one line" if found[0] in "\t\n" else "remove it; it cannot be seen")


def _check_blanks(reader: Reader, node: yaml.Scalar, key: str) -> None:
    """Note what only looks like a blank where one separates words; inside of a name it may be meant."""
    outside = _QUOTED.sub("", node.raw) if key in _PREDICATES else node.raw
    counts = key in _PREDICATES or (key not in _PROSE and _NUMBER.match(outside) is not None)
    found = _BLANK.search(outside) if counts else None
    if found is not None:
        reader.wrong(node.at, f"U+{ord(found[0]):04X} only looks like a blank", "write an ordinary blank")
