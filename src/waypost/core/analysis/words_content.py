"""What is kept of a call as people read it: that it is kept, and what was asked and answered, turn by turn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from waypost.core.analysis.calendar import utc
from waypost.core.model.kept import Kept
from waypost.core.model.receipt import Receipt

State: TypeAlias = Literal["kept", "erased", "expired", "deleted", "gone", "changed", "never", "open"]

NAMES: Mapping[str, tuple[str, str]] = {
    "birth": ("date of birth", "dates of birth"),
    "card": ("card", "cards"),
    "cnpj": ("CNPJ", "CNPJs"),
    "cpf": ("CPF", "CPFs"),
    "data": ("piece of data", "pieces of data"),
    "email": ("e-mail address", "e-mail addresses"),
    "iban": ("IBAN", "IBANs"),
    "id": ("identity number", "identity numbers"),
    "ip": ("IP address", "IP addresses"),
    "mac": ("MAC address", "MAC addresses"),
    "phone": ("phone number", "phone numbers"),
    "secret": ("secret", "secrets"),
    "ssn": ("SSN", "SSNs"),
}
_TURNS = ("messages", "contents", "input")
_SAID = ("content", "parts", "output")
_TEXTS = ("text", "content", "output", "thinking", "refusal")


def noted(receipt: str, kept: Kept) -> str:
    """That content of that receipt is kept, and how to see it, on one line."""
    return f"{sentence(kept)}; `waypost content {receipt[:9]}` shows it"


def sentence(kept: Kept) -> str:
    """``kept redacted until 2026-12-21 11:04 UTC (2 e-mail addresses taken out)``."""
    notes = []
    if kept.level == "redacted":
        notes.append(f"{removed(kept)} taken out" if kept.redactions else "nothing to take out")
    if kept.cut:
        notes.append(f"{kept.cut:,} characters cut off")
    text = f"kept {'redacted' if kept.level == 'redacted' else 'in full'} until {utc(kept.expires_ns)[:16]} UTC"
    return f"{text} ({', '.join(notes)})" if notes else text


def removed(kept: Kept) -> str:
    """How often what was taken out."""
    return ", ".join(f"{count:,} {NAMES.get(kind, (kind, kind))[count != 1]}" for kind, count in kept.redactions)


def missing(receipt: Receipt, state: State) -> str:
    """Why there is nothing to be shown."""
    kept = receipt.content
    match state:
        case "erased":
            return "Erased: the key that it was sealed under has been dropped. Nobody can read it any more, in no copy."
        case "deleted":
            return (
                "Deleted from this home. A copy that was made before can still be read, as long as that person's key is"
                " here: `waypost forget --user` drops it."
            )
        case "expired":
            until = "" if kept is None else f" on {utc(kept.expires_ns)[:10]}"
            return f"Expired{until}: it was kept for as long as the policy {receipt.policy!r} says."
        case "gone":
            return "Not here: the receipt says that content was kept, but this home does not have it."
        case "changed":
            return "Changed: what is here is not what was sealed for this receipt."
        case "open":
            return "Nothing yet: the call has not been settled. Content is kept when it ends."
        case _:
            digest = "; a digest of what was asked stands on the receipt" if receipt.call.content is not None else ""
            return f"Never kept: the policy {receipt.policy!r} kept no content of this call{digest}."


def shown(document: Mapping[str, Any]) -> Iterator[str]:
    """Lines: what was asked, then what was answered."""
    yield "ASKED"
    yield from _asked(document.get("asked"))
    yield ""
    yield "ANSWERED"
    yield from _answered(document.get("answered"))


def _asked(body: Any) -> Iterator[str]:
    if not isinstance(body, Mapping):
        yield _text(body)
        return
    for name in ("system", "instructions", "system_instruction", "systemInstruction"):
        if body.get(name):
            yield from _turn("system", body[name])
    turns = next((body[name] for name in _TURNS if body.get(name)), ())
    for turn in [turns] if isinstance(turns, str) else turns:
        yield from _message(turn, "user")
    known = {"system", "instructions", "system_instruction", "systemInstruction", *_TURNS}
    for name in sorted(set(body) - known):
        yield f"  {name}: {_compact(body[name])}"


def _answered(body: Any) -> Iterator[str]:
    if body is None:
        yield "  nothing"
        return
    if not isinstance(body, Mapping):
        yield _text(body)
        return
    many = body.get("choices") or body.get("candidates")
    if isinstance(many, Sequence):
        for one in many:
            found = one.get("message") or one.get("content") if isinstance(one, Mapping) else one
            yield from _message(found, "assistant")
        return
    said = next((body[name] for name in _SAID if body.get(name)), None)
    yield from _turn("assistant", said) if said is not None else [_text(body)]


def _message(turn: Any, role: str) -> Iterator[str]:
    if not isinstance(turn, Mapping):
        yield from _turn(role, turn)
        return
    who = str(turn.get("role") or turn.get("type") or role)
    said = next((turn[name] for name in (*_SAID, *_TEXTS) if turn.get(name)), None)
    yield from _turn(who, said)
    calls = turn.get("tool_calls")
    for call in calls if isinstance(calls, Sequence) else ():
        yield f"    calls {_compact(call.get('function') if isinstance(call, Mapping) else call)}"


def _turn(who: str, said: Any) -> Iterator[str]:
    lines = _text(said).splitlines() or [""]
    yield f"  {who}: {lines[0]}"
    yield from (f"    {line}" for line in lines[1:])


def _text(said: Any) -> str:
    """The text of a turn; parts that are none as JSON."""
    if said is None:
        return ""
    if isinstance(said, str):
        return said
    if isinstance(said, Mapping):
        text = next((said[name] for name in _TEXTS if isinstance(said.get(name), str) and said[name]), None)
        inner = said.get("content") or said.get("parts")
        return text if text is not None else _text(inner) if isinstance(inner, Sequence) else _compact(said)
    if isinstance(said, Sequence):
        return "\n".join(map(_text, said))
    return _compact(said)


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
