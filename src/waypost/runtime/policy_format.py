"""A policy file in its canonical form, comments kept: the keys' order, indentation, spacing. It never changes meaning.

Keys stand in the order in which a decision runs, two blanks a level; what was in flow style stays so while it fits on a
line and has no comment in it. Who calls this compares the fingerprints before and after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from waypost.core.catalog.table import Catalog
from waypost.errors import PolicyError
from waypost.runtime.documents import load_policy, read_policy
from waypost.runtime.policy_reader import KEYS
from waypost.runtime.yaml_outline import Comment, Entry, Outline, Piece, outline

WIDTH = 120
RULE = ("name", "when", "use", "because", "filter")
LINE = ("rule", "when", "because")
_ORDER = {"": KEYS, "rules[]": RULE, "filter[]": LINE, "rules[].filter[]": LINE}
_PREDICATES = frozenset(
    {
        *("match", "filter[]", "filter[].rule", "filter[].when", "rules[].when"),
        *("rules[].filter[]", "rules[].filter[].rule", "rules[].filter[].when"),
    }
)
_TOKEN = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\$\{[^}]*\}|==|!=|<=|>=|[<>()\[\],*]|[^\s<>=!()\[\],*\"'$]+|\S"
)
_PATTERN = re.compile(r"[^\s()\[\],\"'$]+")


def format_policy(text: str) -> str:
    """``text`` in canonical form; formatting it again changes nothing. ``text`` is a policy that can be loaded."""
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    found = outline(text if text.endswith("\n") else f"{text}\n")
    return _Writer(found).whole()


def spaced(predicate: str) -> str:
    """A predicate with single blanks where they belong and none where they do not."""
    out, last, position = "", "", 0
    while position < len(predicate):
        start = position + len(predicate[position:]) - len(predicate[position:].lstrip())
        match = (_PATTERN.match(predicate, start) if last == "matches" else None) or _TOKEN.match(predicate, start)
        if match is None:
            break
        token = match[0]
        tight = not out or out[-1] in "([" or token in (")", "]", ",")
        out += token if tight else f" {token}"
        last, position = token, match.end()
    return out


@dataclass(frozen=True, slots=True)
class Formatted:
    """What a file would be in canonical form; ``fingerprint`` is that of both."""

    path: Path
    before: str
    after: str
    fingerprint: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


def format_file(path: Path, catalog: Catalog) -> Formatted:
    """The policy file at ``path`` in canonical form, with the same fingerprint; nothing is written.

    Raises:
        PolicyError: the policy cannot be used, or its meaning would change (a fault of ours).
    """
    before = load_policy(path, catalog=catalog).fingerprint
    text = path.read_text(encoding="utf-8")
    after = format_policy(text)
    same = False
    with suppress(PolicyError):
        again = read_policy(after, str(path), catalog=catalog, search=(path.parent,))
        same = again.fingerprint == before and format_policy(after) == after
    if not same:
        what = "formatting would change what it means, so it is left as it is"
        raise PolicyError(what, where=str(path), remedy="please report it, with the file")
    return Formatted(path, text, after, before)


class _Writer:
    def __init__(self, found: Outline) -> None:
        self.found = found

    def whole(self) -> str:
        root = self.found.root
        top = root.entries[0] if root.entries else None
        lines: list[str] = []
        if top is not None:  # what stands at the top of the file stays there, whichever key comes first
            lines = [line for comment in top.lead for line in _own(comment, "")] + [""] * top.gap
            top.lead, top.gap = [], False
            self.ordered(root, "")[0].blank = False
        lines += self.block(root, 0, "")
        lines += [line for comment in self.found.tail for line in _own(comment, "")]
        text = "\n".join(line.rstrip() for line in lines).strip("\n")
        return re.sub(r"\n{3,}", "\n\n", text) + "\n"

    def block(self, piece: Piece, indent: int, path: str) -> Iterator[str]:
        """The lines of a mapping or a list in block style."""
        pad = " " * indent
        for entry in self.ordered(piece, path):
            if entry.blank:
                yield ""
            for number, comment in enumerate(entry.lead):
                yield from _own(comment, pad, blank=comment.blank and number > 0)
            if entry.gap:
                yield ""
            yield from self.entry(entry, indent, path)
            for comment in entry.tail:
                yield from _own(comment, pad)

    def ordered(self, piece: Piece, path: str) -> Sequence[Entry]:
        known = _ORDER.get(path)
        if known is None or piece.kind != "map" or self.found.anchored:
            return piece.entries
        places = {name: place for place, name in enumerate(known)}
        return sorted(piece.entries, key=lambda entry: places.get(_plain_key(entry), len(places)))

    def entry(self, entry: Entry, indent: int, path: str) -> Iterator[str]:
        pad = " " * indent
        head = f"{pad}- " if entry.key is None else f"{pad}{entry.key}:"
        inner = f"{path}[]" if entry.key is None else f"{path}.{_plain_key(entry)}".lstrip(".")
        value, gap = entry.value, "" if entry.key is None else " "
        line = self.inline(value, inner)
        if line is not None and (value.kind in ("scalar", "alias") or len(head) + 1 + len(line) <= WIDTH):
            first, *rest = line.split("\n")
            yield _side(f"{head}{gap}{first}" if first else head, entry.side)
            yield from (f"{pad}  {more}" if more.strip() else "" for more in rest)
            return
        mark = f"{gap}{value.mark}" if value.mark else ""
        body = self.block(value, indent + 2, inner)
        if (
            entry.key is None
            and value.kind == "map"
            and not mark
            and entry.side is None
            and not _led(self, value, inner)
        ):
            yield f"{head}{next(body).lstrip()}"
        else:
            yield _side(f"{head}{mark}".rstrip(), entry.side)
        yield from body

    def inline(self, piece: Piece, path: str) -> str | None:
        """A node on one line; ``None`` where it has to be written in lines. A block scalar is its own lines."""
        mark = f"{piece.mark} " if piece.mark else ""
        match piece.kind:
            case "alias":
                return piece.text
            case "scalar":
                return f"{mark}{_scalar(piece, path)}".rstrip()
        if any(entry.lead or entry.side or entry.tail for entry in piece.entries):
            return None
        if piece.entries and not piece.flow:
            return None
        parts = []
        for entry in self.ordered(piece, path):
            inner = f"{path}[]" if entry.key is None else f"{path}.{_plain_key(entry)}".lstrip(".")
            text = self.inline(entry.value, inner)
            if text is None or "\n" in text:
                return None
            parts.append(text if entry.key is None else f"{entry.key}: {text}".rstrip())
        body = ", ".join(parts)
        return f"{mark}[{body}]" if piece.kind == "list" else f"{mark}{{{body}}}"


def _led(writer: _Writer, piece: Piece, path: str) -> bool:
    """Whether something stands above the first entry, so that it cannot share the line of its dash."""
    first = writer.ordered(piece, path)[0]
    return bool(first.lead or (first.blank and first is not piece.entries[0]))


def _plain_key(entry: Entry) -> str:
    return (entry.key or "").strip("\"'")


def _scalar(piece: Piece, path: str) -> str:
    if piece.style in ("|", ">"):
        return _folded(piece)
    text = piece.text
    if "\n" in text:
        text = (
            piece.value if not piece.style and "\n" not in piece.value else json.dumps(piece.value, ensure_ascii=False)
        )
    if path not in _PREDICATES or (better := spaced(piece.value)) == piece.value:
        return text
    return better if not piece.style else json.dumps(better, ensure_ascii=False)


def _folded(piece: Piece) -> str:
    """A block scalar with its lines moved to where its entry's are; one of odd indentation as a quoted text."""
    head, *lines = piece.text.rstrip("\n").split("\n")
    if any(char.isdigit() for char in head.split("#")[0]):
        return json.dumps(piece.value, ensure_ascii=False)
    indent = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return "\n".join([head, *(line[indent:] for line in lines)])


def _own(comment: Comment, pad: str, *, blank: bool | None = None) -> Iterator[str]:
    """A comment on its own line, with the empty line that stood before it."""
    if comment.blank if blank is None else blank:
        yield ""
    yield f"{pad}{_said(comment)}"


def _side(line: str, comment: Comment | None) -> str:
    """A line with the comment behind it, in the column where it was if there is room."""
    return line if comment is None else f"{line.ljust(max(comment.column - 2, 0))}  {_said(comment)}"


def _said(comment: Comment) -> str:
    """One blank behind the ``#``, unless it is a ruler or a shebang-like marker."""
    text = comment.text
    return text if len(text) == 1 or text[1] in " #!-=:" else f"# {text[1:]}"
