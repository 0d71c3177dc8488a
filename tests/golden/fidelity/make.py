"""What becomes of each feature on its way from one dialect to another, found by sending it there and back.

    PYTHONPATH=src:tests python -m golden.fidelity.make [--write]

A cell is computed by the codecs: *need* where the request relies on what the target's dialect cannot say, so that
such a target is rejected by that name; *hint* where something is left out that only advises, which the receipt says;
*exact* where the target's request, read again by its own codec, means the same in every part; else *equivalent*, and
`HOW` says how. Without ``--write`` nothing is written, and the exit code is 1 where the page is not what it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from golden.fidelity.how import HOW
from golden.fidelity.samples import CHAT, GENERATE, GROUPS, MESSAGES, RESPONSES, Sample, body
from waypost.core.codecs import CODECS
from waypost.core.codecs.hints import untold
from waypost.core.model.conversation import Blob, Conversation, Tool, ToolResult, Uri
from waypost.core.model.frozen import dataclass
from waypost.core.model.needs import MODEL, Need
from waypost.core.model.target import Dialect, Endpoint, Target

PAGE = Path(__file__).parents[3] / "docs" / "fidelity.md"
ORDER: tuple[Dialect, ...] = (CHAT, RESPONSES, MESSAGES, GENERATE)
SILENT = frozenset({"ext", "dialect", "needs", "model", "include_usage", "origin", "shows_reasoning", "domain", "call"})
"""What is told from dialect to dialect in its own way, and is no part of what a request means."""

Kind: TypeAlias = Literal["as it is", "exact", "equivalent", "hint", "need"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What becomes of one feature in one direction. ``detail`` names the needs or hints, or says how."""

    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        return self.kind if not self.detail else f"{self.kind}: {self.detail}"


def spoken() -> tuple[Dialect, ...]:
    """The dialects that have a codec, in the order of the page."""
    return tuple(dialect for dialect in ORDER if dialect in CODECS)


def features() -> Iterator[tuple[str, str, Sample]]:
    """Group, name and samples of every feature."""
    for group, table in GROUPS.items():
        for name, sample in table.items():
            yield group, name, sample


def cell(feature: str, sample: Sample, source: Dialect, target: Dialect) -> Cell | None:
    """``None`` where the source's dialect has no word for it, so that nobody can ask for it there."""
    if source not in sample:
        return None
    if source == target:
        return Cell("as it is")
    asked = CODECS[source].decode_request(body(source, sample[source]))
    told = CODECS[target].expresses
    lost = [need for need in asked.needs if need.flag not in told and not given_back(need, target)]
    required = sorted({need.flag for need in lost if need.severity == "required"})
    if required:
        return Cell("need", ", ".join(f"`{flag}`" for flag in required))
    hints = sorted(untold(asked, able(), at(target), CODECS[target].words, at(source).domain))
    if hints:
        return Cell("hint", ", ".join(f"`{flag}`" for flag in hints))
    arrived = CODECS[target].decode_request(CODECS[target].encode_request(asked, able(), at(target)))
    if meaning(asked) == meaning(arrived, limited=asked.sampling.max_output is not None):
        return Cell("exact")
    return Cell("equivalent", HOW.get((feature, source, target)) or HOW.get((feature, target), ""))


def given_back(need: Need, target: Dialect) -> bool:
    """Whether reasoning has to go back to just this target: the one in whose dialect it was sealed."""
    return need.flag == "reasoning.signature" and need.value == at(target).domain


def able() -> Target:
    """A model that can do all that a catalog can say of one."""
    return Target("p/m", "p", "m", "e", max_output=64_000, context_window=200_000, capabilities=tuple(sorted(MODEL)))


def at(dialect: Dialect) -> Endpoint:
    return Endpoint("e", "p", dialect, "https://e.example", "/x", signing_domain=f"the signer of {dialect}")


def meaning(value: Any, *, limited: bool = True) -> Any:
    """A conversation without what each dialect tells in its own way, and where the caller set no limit without one."""
    if isinstance(value, Conversation) and not limited:
        plain = meaning(value)
        return {**plain, "sampling": {**plain["sampling"], "max_output": None}}
    if isinstance(value, Blob):
        parts = {one.name: meaning(getattr(value, one.name)) for one in fields(value) if one.name not in SILENT}
        return {**parts, "data": value.base64, "start": 0, "detail": None if value.detail == "auto" else value.detail}
    if isinstance(value, Tool) and value.strict is False:
        return meaning(replace(value, strict=None))  # the default of all but one dialect, which so has to say it
    if isinstance(value, ToolResult) and value.name is not None:
        return meaning(replace(value, name=None))  # the call's id says it, too
    if isinstance(value, Uri) and value.detail == "auto":
        return meaning(replace(value, detail=None))
    if is_dataclass(value) and not isinstance(value, type):
        kept = {one.name: meaning(getattr(value, one.name)) for one in fields(value) if one.name not in SILENT}
        return {"is": type(value).__name__, **kept}
    if isinstance(value, Mapping):
        return {key: meaning(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [meaning(item) for item in value]
    return value


HEAD = """\
# What crosses from dialect to dialect

A call may be answered by a target that speaks another dialect than the caller. This page says of each feature what
becomes of it then. It is made by the codecs themselves (`make fidelity`): each cell is one request, translated and
read again.

* **as it is**: the same dialect; the request is sent as it was written, with another model where the policy chose one.
* **exact**: the target's dialect says the same.
* **equivalent**: it is said in another way, with the same effect; the cell says how.
* **hint**: it only advises, and is left out; the receipt names it.
* **need**: the target's dialect cannot say it, so such a target is rejected by the rule `need.<name>`, and the call
  goes to one that can. Nothing that a request relies on is ever dropped.

What a *model* can do is another question, which the catalog answers: here the model can do everything.

The tables are of what is asked. Of what is answered, whole or streamed, texts, calls, refusals, the reason of the end
and usage reach every caller in its dialect's own words; pages that a text refers to reach all but Anthropic's, whose
references are sealed by Anthropic and could not be handed back. What else an answer says (files that it refers to,
parts that only its provider has) is named under `left_out` of the attempt on the receipt.
"""


def page() -> str:
    """The whole page: a table for each dialect of a caller."""
    parts = [HEAD]
    for source in spoken():
        parts.append(f"\n## Callers of `{source}`\n")
        for group, table in GROUPS.items():
            rows = [
                (name, [cell(name, sample, source, target) for target in spoken()])
                for name, sample in table.items()
                if source in sample
            ]
            if rows:
                parts.append(f"\n| {group} | " + " | ".join(f"`{name}`" for name in spoken()) + " |\n")
                parts.append("|---|" + "---|" * len(spoken()) + "\n")
                parts += [f"| {name} | " + " | ".join(map(str, cells)) + " |\n" for name, cells in rows]
        absent = [name for _, name, sample in features() if source not in sample]
        parts.append(f"\nNot to be said in this dialect: {', '.join(absent)}.\n")
    return "".join(parts)


def main(arguments: list[str]) -> int:
    text = page()
    if "--write" in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
