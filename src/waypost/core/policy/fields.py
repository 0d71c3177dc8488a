"""The closed vocabulary of fields, as data: what a predicate may name, of which kind, from where, and its meaning.

``labels.<name>`` and ``context.<name>`` are the two open corners; their values are text. Nothing here reads a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias, get_args

from waypost.core.model.frozen import dataclass
from waypost.core.model.needs import DIALECT, ENDPOINT, MODEL
from waypost.core.model.question import Complexity, Preference, Task
from waypost.core.model.target import DIALECTS
from waypost.core.policy.lookalikes import meant
from waypost.core.policy.tree import Op, Unit

Kind: TypeAlias = Literal["text", "set"] | Unit
Where: TypeAlias = Literal["target", "request", "world", "mixed"]


@dataclass(frozen=True, slots=True)
class Field:
    """One name of the vocabulary.

    ``kind`` is ``text``, ``set`` or the base unit of a number. ``source`` says what it depends on: the catalog, the
    call, the catalog and the measured world, or the catalog and the call. ``values`` are the only words that the
    field can have, empty where it is open; one that ends with a dot begins a family of words.
    """

    name: str
    kind: Kind
    source: Where
    meaning: str
    values: tuple[str, ...] = ()

    @property
    def unit(self) -> Unit | None:
        """The base unit of a number, ``None`` for text and sets."""
        return None if self.kind == "text" or self.kind == "set" else self.kind

    def can_be(self, word: str) -> bool:
        """Whether the field can ever have ``word``."""
        if not self.values or (word in self.values and not word.endswith(".")):
            return True
        return any(end.endswith(".") and word.startswith(end) and word != end for end in self.values)


MAX_NAME = 200
"""So much of a misspelt name is compared with the known ones."""
MAX_LISTED = 100
"""So many known names are listed."""
MAX_MEANT = 5
"""So many names of which the given one is a part are offered."""
MAX_COMPARED = 200
"""With so many known names, not all but some of those that begin alike and are as long are compared."""
NEEDS = tuple(sorted({*MODEL, *DIALECT, *ENDPOINT}))
_BOOL = ("true", "false")
_ALL = (
    Field("target", "text", "target", "id of the target: provider/model, or provider/model@deployment"),
    Field("provider", "text", "target", "who serves it"),
    Field("model", "text", "target", "the model's name at its provider"),
    Field("family", "text", "target", "family of the model"),
    Field("tier", "text", "target", "the catalog's tier: fast_cheap, balanced, powerful, local"),
    Field("endpoint", "text", "target", "name of the endpoint that serves it"),
    Field("dialect", "text", "target", "wire format of its endpoint", DIALECTS),
    Field("region", "text", "target", "where the data is processed"),
    Field("retention", "text", "target", "how long the provider keeps prompts"),
    Field("labels.<name>", "text", "target", "a user-defined fact of the catalog"),
    Field("quality", "micro", "target", "quality prior, 0 to 1"),
    Field("price.input", "usd_per_mtok", "target", "price of input tokens, base tier"),
    Field("price.output", "usd_per_mtok", "target", "price of output tokens, base tier"),
    Field("price.cached_input", "usd_per_mtok", "target", "price of cached input tokens, base tier"),
    Field("price.cache_write", "usd_per_mtok", "target", "price of tokens written to the prompt cache, base tier"),
    Field("context_window", "count", "target", "tokens of prompt and answer together"),
    Field("max_output", "count", "target", "most tokens of one answer"),
    Field("latency.first_token", "ns", "target", "expected time to the first token"),
    Field("capabilities", "set", "target", "what the model can do", tuple(sorted(MODEL))),
    Field("estimated.cost", "usd", "mixed", "cost of the estimated tokens, both on the grid"),
    Field("estimated.latency", "ns", "mixed", "time to the end of the estimated answer, on the grid"),
    Field("latency.p95", "ns", "world", "measured 95th percentile of latency, else the catalog's prior"),
    Field("task", "text", "request", "what kind of work it is", get_args(Task)),
    Field("complexity", "text", "request", "how hard it is", get_args(Complexity)),
    Field("language", "text", "request", "natural language, ISO 639-1"),
    Field("data_class", "text", "request", "most sensitive class of data found"),
    Field("requested.model", "text", "request", "the model name as the caller wrote it"),
    Field("intent", "text", "request", "what the policy's aliases say that the requested model stands for"),
    Field("origin.provider", "text", "request", "provider of the caller's own endpoint"),
    Field("origin.sdk", "text", "request", "the SDK that was called"),
    Field("origin.dialect", "text", "request", "wire format of the call", DIALECTS),
    Field("department", "text", "request", "context: who pays"),
    Field("user", "text", "request", "context: who asks"),
    Field("workflow", "text", "request", "context: the workflow it belongs to"),
    Field("step", "text", "request", "context: the step of the workflow"),
    Field("session", "text", "request", "context: the session"),
    Field("preference", "text", "request", "context: quality, cost or latency", get_args(Preference)),
    Field("budget_tier", "text", "request", "context: the caller's budget tier"),
    Field("context.<name>", "text", "request", "a user-defined fact of the call"),
    Field("streaming", "text", "request", "whether the answer is streamed", _BOOL),
    Field("code", "text", "request", "whether the prompt has code in it", _BOOL),
    Field("auto", "text", "request", "whether the caller asked to be routed", _BOOL),
    Field("tokens.input", "count", "request", "estimated tokens of the prompt, on the grid"),
    Field("tokens.output", "count", "request", "estimated tokens of the answer, on the grid"),
    Field("tokens.total", "count", "request", "the sum of the two"),
    Field("tokens.max_output", "count", "request", "most tokens that the caller allows for the answer"),
    Field("turns", "count", "request", "user turns in the conversation"),
    Field("messages", "count", "request", "messages in the conversation"),
    Field("code_language", "set", "request", "programming languages in the prompt"),
    Field("needs", "set", "request", "what the request requires of a target", NEEDS),
    Field("signals", "set", "request", "keyword rules that fired"),
)
FIELDS: dict[str, Field] = {field.name: field for field in _ALL}
"""The whole vocabulary by name; the two open corners stand under ``labels.<name>`` and ``context.<name>``."""

TEXT_OPS: tuple[Op, ...] = ("==", "!=", "in", "not in", "matches")
NUMBER_OPS: tuple[Op, ...] = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
SET_OPS: tuple[Op, ...] = ("has",)
_OPEN = re.compile(r"(labels|context)\.[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


def lookup(name: str) -> Field | None:
    """The field of that name, or ``None``. ``labels.team`` and ``context.team`` are text fields of that very name."""
    found = FIELDS.get(name)
    if found is not None:
        return found if "<" not in name else None
    match = _OPEN.match(name)
    if match is None:
        return None
    corner = FIELDS[f"{match[1]}.<name>"]
    return Field(name, corner.kind, corner.source, corner.meaning)


def operators(field: Field) -> tuple[Op, ...]:
    """The operators that make sense for ``field``."""
    match field.kind:
        case "text":
            return TEXT_OPS
        case "set":
            return SET_OPS
        case _:
            return NUMBER_OPS


def nearest(name: str, known: Iterable[str]) -> str:
    """A remedy for an unknown name: the one that it looks like, the nearest known one, or the list of all."""
    import difflib  # only who misspelt something pays for it

    names = sorted(known)
    if (looks := meant(name, names)) is not None:
        return looks
    if inside := _inside(name, names):
        return f"did you mean {inside}?"
    alike = names
    if len(names) > MAX_COMPARED:
        alike = [one for one in names if one[:1] == name[:1] and abs(len(one) - len(name)) <= 2][:MAX_COMPARED]
    near = difflib.get_close_matches(name[:MAX_NAME], alike, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return "none is known here"
    more = f", and {len(names) - MAX_LISTED:,} more" if len(names) > MAX_LISTED else ""
    return f"known: {', '.join(names[:MAX_LISTED])}{more}"


def _inside(name: str, names: Sequence[str]) -> str:
    """The known names that differ from ``name`` in large letters alone, else the dotted ones of which it is a part."""
    lower = name.lower()
    found = [one for one in names if one.lower() == lower] or [
        one for one in names if "." in one and "/" not in one and lower in one.lower().split(".")
    ]
    return " or ".join(map(repr, found)) if len(found) <= MAX_MEANT else ""
