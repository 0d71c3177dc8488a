"""Which programming languages a text contains: by the tags of its fences, else by line beginnings typical of each."""

from __future__ import annotations

import re
from functools import cache
from itertools import islice

FENCE = "```"

TAGS = {
    "py": "python", "python3": "python", "pycon": "python", "ipython": "python",
    "js": "javascript", "jsx": "javascript", "mjs": "javascript", "node": "javascript",
    "ts": "typescript", "tsx": "typescript",
    "golang": "go", "rs": "rust", "h": "c", "cpp": "c++", "cc": "c++", "cxx": "c++", "hpp": "c++",
    "cs": "c#", "csharp": "c#", "rb": "ruby", "kt": "kotlin",
    "sh": "bash", "shell": "bash", "zsh": "bash", "console": "bash",
    "postgres": "sql", "postgresql": "sql", "mysql": "sql", "sqlite": "sql", "plsql": "sql",
    "htm": "html", "scss": "css", "less": "css", "yml": "yaml", "jsonc": "json", "json5": "json",
}  # fmt: skip
"""Other names of fence tags to ours."""

KNOWN = frozenset(TAGS.values()) | frozenset(
    [
        "c",
        "diff",
        "dockerfile",
        "elixir",
        "haskell",
        "java",
        "julia",
        "lua",
        "markdown",
        "perl",
        "php",
        "powershell",
        "r",
        "scala",
        "swift",
        "toml",
        "xml",
        "zig",
    ]
)
"""The closed vocabulary of languages. A tag outside of it counts for nothing, so that no text of a prompt gets out."""

# Line beginnings, one tuple per language. A language is believed in the order of its hits, so a shape that two
# languages share stands with the one where it is commoner. Every repeat is bounded; none can explode.
SHAPES: dict[str, tuple[str, ...]] = {
    "python": (
        r"(?:async )?def \w{1,60} ?\(",
        r"class \w{1,60}(?:\([\w., ]{0,60}\))?:",
        r"from [\w.]{1,60} import ",
        r"import [a-z_][\w.]{0,40}(?: as \w{1,20})?[ \t]*$",
        r"Traceback \(most recent",
        r'File "[^"\n]{1,120}", line \d',
        r"print\(",
        r"@(?:dataclass|property|staticmethod|pytest)\b",
        r"(?:if|elif|while|with) [^:\n]{1,60}:[ \t]*$",
        r"for \w{1,20} in [^:\n]{1,60}:",
        r"except\b[^:\n]{0,60}:",
        r"self\.\w",
    ),
    "typescript": (
        r"(?:export )?interface \w{1,60} ?\{",
        r"(?:export )?type \w{1,60} ?=",
        r"(?:export )?enum \w{1,40} \{",
        r"(?:export )?(?:async )?function \w{0,40}\(\w{1,30}\??: ?\w",
        r"(?:const|let) \w{1,40}: ?\w",
    ),
    "javascript": (
        r"(?:export )?(?:const|var) [\w${}\[\], ]{1,60}=(?!=)",
        r"let (?!mut )[\w${}\[\], ]{1,60}=(?!=)",
        r"(?:export default )?(?:async )?function ?\*?\w{0,40}\(",
        r"console\.\w",
        r"module\.exports",
        r"document\.\w",
        r"""import [^\n]{1,80} from ['"]""",
        r"export default ",
    ),
    "java": (
        r"(?:public|private|protected) (?:static |final |abstract ){0,3}[\w<>\[\], ]{1,60}[({;=]",
        r"import java",
        r"package [\w.]{1,60};",
        r"System\.out",
        r"@Override",
        r"(?:public )?(?:final )?class \w{1,40} (?:extends|implements) ",
    ),
    "go": (
        r"func (?:\(\w{1,20} \*?\w{1,40}\) )?\w{1,60}\(",
        r"package \w{1,40}[ \t]*$",
        r"\w{1,30}(?:, \w{1,30})? := ",
        r"type \w{1,40} (?:struct|interface) ?\{",
        r"defer \w",
        r"go func\(",
    ),
    "rust": (
        r"(?:pub(?:\(crate\))? )?(?:async )?fn \w{1,60}",
        r"let mut ",
        r"impl(?:<[^>\n]{1,40}>)? \w",
        r"use \w{1,30}::",
        r"println!",
        r"#\[derive",
        r"pub struct \w",
        r"match \w{1,40} \{",
    ),
    "c++": (
        r"#include <\w{1,20}>",
        r"std::",
        r"using namespace ",
        r"template ?<",
        r"class \w{1,40} (?:: public \w{1,40} )?\{",
    ),
    "c": (
        r'#include [<"][\w/]{1,40}\.h',
        r"#define \w",
        r"(?:static |unsigned |const ){0,3}(?:int|void|char|double|size_t) \*{0,2}\w{1,40} ?[(=;\[]",
        r"printf\(",
        r"struct \w{1,40} \{",
    ),
    "sql": (
        r"(?:SELECT|select) [^;]{1,200}?\b(?:FROM|from)\b",
        r"(?:INSERT INTO|insert into) ",
        r"(?:UPDATE|update) \w{1,40} (?:SET|set) ",
        r"(?:DELETE FROM|delete from) ",
        r"(?:CREATE|ALTER|DROP|create|alter|drop) (?:TABLE|INDEX|VIEW|table|index|view) ",
    ),
    "bash": (
        r"#!/(?:usr/)?bin/(?:env )?(?:ba|z)?sh",
        r"\$ (?:sudo|cd|ls|git|npm|pip|docker|curl|kubectl|export)\b",
        r"export \w{1,40}=",
        r"(?:sudo|apt-get|npm|pip|docker|kubectl) (?:-|install|run|get|apply|build|exec)",
        r"(?:git|curl|chmod|grep|awk|sed) (?:-|clone|commit|push|http)",
        r"if \[\[? ",
        r"(?:then|fi|done)[ \t]*$",
        r'echo ["$]',
    ),
    "html": (
        r"<!DOCTYPE html",
        r"</?(?:html|head|body|div|span|script|style|p|a|ul|li|table|form|input|button|h[1-6])\b[^>\n]{0,120}>",
    ),
    "css": (
        r"[.#]?[a-z][\w .#:>-]{0,60}\{[ \t]*$(?=\s{1,60}[a-z-]{2,30}: ?[^;\n]{1,80};)",
        r"@media ",
    ),
    "json": (
        r'[{\[][ \t]*$(?=\s{1,60}[{"])',
        r'\{ ?"[^"\n]{1,60}" ?:',
        r'"[^"\n]{1,60}" ?: ?["\[{\dtfn]',
    ),
    "yaml": (
        r"(?:- )?[a-z_][\w.-]{0,40}:[ \t]*$(?=\s{1,60}(?:- |[\w-]{1,40}: ))",
        r"---[ \t]*$",
        r"apiVersion: ",
    ),
}

_FENCED = 100
_HITS = 64
_MARKS = re.compile(r"[({<;=:$#\"\[]")
_SQL_WORDS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")
_SQL_INLINE = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE)\b[^;\n]{1,200}?\b(?:FROM|VALUES|SET)\b")
_TAG = re.compile(r"[ \t]*\{?\.?([A-Za-z][\w+#-]{0,15})")


def languages(text: str) -> tuple[str, ...]:
    """Languages from `KNOWN`, those with the most evidence first; empty where nothing looks like code."""
    found: dict[str, int] = {}
    if FENCE in text:
        pieces = text.split(FENCE)
        for piece in pieces[1::2]:
            tag = _tag(piece)
            if tag is None:
                _shapes(piece, found)
            else:
                found[tag] = found.get(tag, 0) + _FENCED
        text = "\n".join(pieces[0::2])
    if _MARKS.search(text) is not None:
        _shapes(text, found)
    return tuple(sorted(found, key=lambda name: (-found[name], name))) if found else ()


def prose(text: str) -> str:
    """``text`` without its fenced blocks."""
    return "\n".join(text.split(FENCE)[0::2]) if FENCE in text else text


def _tag(block: str) -> str | None:
    match = _TAG.match(block)
    if match is None:
        return None
    name = match.group(1).lower()
    name = TAGS.get(name, name)
    return name if name in KNOWN else None


def _shapes(text: str, found: dict[str, int]) -> None:
    pattern, owners = _pattern()
    for match in islice(pattern.finditer("\n" + text), _HITS):
        name = owners[match.lastindex or 0]
        found[name] = found.get(name, 0) + 1
    if "sql" not in found and any(word in text for word in _SQL_WORDS) and _SQL_INLINE.search(text):
        found["sql"] = 1


@cache
def _pattern() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """Compiled on first use: most prompts have no mark of code, and importing stays cheap.

    The empty group that names the shape stands at its end, so that each alternative begins with a literal and is
    refused by its first character.
    """
    owners = ("", *(name for name, shapes in SHAPES.items() for _ in shapes))
    shapes = "|".join(f"{shape}()" for group in SHAPES.values() for shape in group)
    return re.compile(rf"\n[ \t]*+(?:{shapes})", re.MULTILINE), owners
