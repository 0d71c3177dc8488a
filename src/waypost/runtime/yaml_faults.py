"""What is wrong with a text that is not YAML, in plain words: the place, the fault, and what to write instead.

A parser tells where it stopped; a writer wants to know what to mend. So the line is read again, and the parser's own
words are repeated only where nothing better is known. Both parsers of PyYAML are understood.
"""

from __future__ import annotations

import re

import yaml as pyyaml

from waypost.core.model.frozen import dataclass

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_FORBIDDEN = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GLUED = re.compile(r"\s*(?:-\s+)*([A-Za-z_][\w.-]*):([^\s:/][^#]*)")
_VALUE = re.compile(r"\s*(?:-\s+)*[^\s:#]+:\s")
_QUOTE_IT = "quote the whole value"
_CLOSERS = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Fault:
    """``line`` and ``column`` count from 1, and that line exists."""

    line: int
    column: int
    what: str
    remedy: str


def fault_of(text: str, error: Exception) -> Fault:
    """What the parser's ``error`` about ``text`` comes from."""
    lines = _BREAK.split(text)
    if isinstance(error, pyyaml.MarkedYAMLError) and (error.problem_mark or error.context_mark):
        found = _Search(lines, error).fault()
    elif bad := _FORBIDDEN.search(text):
        before = _BREAK.split(text[: bad.start()])
        what = f"the character U+{ord(bad[0]):04X} cannot stand in YAML"
        found = Fault(len(before), len(before[-1]) + 1, what, "remove it")
    elif isinstance(error, RecursionError):
        found = Fault(1, 1, "the values are nested too deep", "write it flatter")
    else:
        found = Fault(1, 1, f"not YAML: {str(error).splitlines()[0] if str(error) else error!r}", "mend the syntax")
    last = len(lines) - (len(lines) > 1 and not lines[-1])
    if found.line <= last:
        return found
    return Fault(last, len(lines[last - 1]) + 1, found.what, found.remedy)


class _Search:
    """Looks at the text around the place where a parser stopped."""

    def __init__(self, lines: list[str], error: pyyaml.MarkedYAMLError) -> None:
        self.lines = lines
        self.problem = error.problem or ""
        self.context = error.context or ""
        mark = error.problem_mark or error.context_mark
        assert mark is not None  # asked for by the caller
        start = error.context_mark or mark
        self.at = (mark.line, mark.column)
        self.start = (start.line, start.column)
        self.line = self.line_of(mark.line)
        self.char = self.line[mark.column : mark.column + 1]

    def line_of(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""

    def fault(self) -> Fault:
        """The first explanation that fits; the order goes from the particular to the general."""
        for look in (
            self.tab,
            self.colon,
            self.keyless,
            self.flow,
            self.quote,
            self.opening,
            self.block,
            self.document,
        ):
            found = look()
            if found is not None:
                return found
        return self.here(f"not YAML: {self.problem or self.context}", "mend the syntax there")

    def here(self, what: str, remedy: str, at: tuple[int, int] | None = None) -> Fault:
        line, column = at or self.at
        return Fault(line + 1, column + 1, what, remedy)

    def tab(self) -> Fault | None:
        indent = self.line[: len(self.line) - len(self.line.lstrip(" \t"))]
        if "\t" in indent and ("tab" in self.problem or "start any token" in self.problem):
            what = "a tab in the indentation"
            return self.here(what, "indent with blanks only", (self.at[0], indent.index("\t")))
        if self.char == "\t" and "start any token" in self.problem:
            return self.here("a tab where a value begins", "write blanks")
        return None

    def glued(self, number: int) -> Fault | None:
        """A key and its value without a blank between them."""
        found = _GLUED.match(self.line_of(number))
        if found is None:
            return None
        shown = f"{found[1]}: {found[2].strip()[:40]}"
        return self.here("no blank after the colon", f"write `{shown}`", (number, found.end(1)))

    def colon(self) -> Fault | None:
        if "mapping values are not allowed" not in self.problem:
            return None
        if _VALUE.match(self.line[: self.at[1]]):
            return self.here("an unquoted value with a colon in it", _QUOTE_IT)
        above = next((number for number in range(self.at[0] - 1, -1, -1) if self.line_of(number).strip()), None)
        if above is not None and (found := self.glued(above)):
            return found
        column = len(self.line) - len(self.line.lstrip())
        what = "the line is indented below a value, as if it went on with it"
        return self.here(what, "indent it as far as the key above", (self.at[0], column))

    def keyless(self) -> Fault | None:
        if "could not find expected ':'" not in self.problem:
            return None
        what = "the line is neither `key: value` nor `- item`"
        return self.glued(self.start[0]) or self.here(what, "write `key: value`", self.start)

    def flow(self) -> Fault | None:
        if "flow" not in self.context:
            return None
        if self.char in ("{", "[") and self.line[: self.at[1]].strip():
            return self.here(f"an unquoted value in brackets with {self.char!r} in it", _QUOTE_IT)
        if self.char == "," and "content" in self.problem:
            return self.here("nothing stands before the comma", "remove it, or write a value")
        opened = self.opened()
        if opened is None:
            return None
        bracket = self.line_of(opened[0])[opened[1]]
        return self.here(f"the bracket {bracket!r} is not closed", f"close it with {_CLOSERS[bracket]!r}", opened)

    def opened(self) -> tuple[int, int] | None:
        """The innermost bracket that is open where the parser stopped."""
        line, column = self.start
        if self.line_of(line)[column : column + 1] in _CLOSERS and self.start != self.at:
            return self.start
        for number in range(min(self.at[0], len(self.lines) - 1), -1, -1):
            part = self.lines[number][: self.at[1]] if number == self.at[0] else self.lines[number]
            place = max(part.rfind("["), part.rfind("{"))
            if place >= 0:
                return number, place
        return None

    def quote(self) -> Fault | None:
        if "quoted" not in self.context or "plain" in self.context:
            return None
        if "escape" in self.problem or "hexdecimal" in self.problem or "hexadecimal" in self.problem:
            return self.here("an escape that YAML does not know", "double the backslash, or use single quotes")
        line, column = self.start
        sign = self.line_of(line)[column : column + 1]
        return self.here("the quote is not closed", f"close it with {sign}", self.start)

    def opening(self) -> Fault | None:
        """A value that begins with a sign of YAML's own."""
        if "undefined alias" in self.problem or "alias" in self.context:
            at = self.at if "undefined" in self.problem else self.start
            return self.here("`*` begins an alias, and nothing has that name", "quote it if the sign is meant", at)
        if "anchor" in self.context:
            return self.here("`&` begins an anchor without a name", "quote it if the sign is meant", self.start)
        if "block scalar" in self.context:
            line, column = self.start
            sign = self.line_of(line)[column : column + 1]
            return self.here(f"`{sign}` begins a block of text", "quote it if the sign is meant", self.start)
        starts = ("start any token", "node content", "are not allowed")
        if self.char and any(words in self.problem for words in starts):
            return self.here(f"a value cannot begin with {self.char!r}", "quote it")
        return None

    def block(self) -> Fault | None:
        if "block" not in self.context:
            return None
        if self.line[: self.at[1]].strip():
            return self.here("the value has ended before this", _QUOTE_IT)
        return self.here("the indentation fits nothing above", "indent it as far as its neighbours")

    def document(self) -> Fault | None:
        if "single document" not in self.context:
            return None
        return self.here("a second document begins here", "keep one document in a file")
