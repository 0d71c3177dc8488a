"""Letters that only look like others: a Cyrillic o in a key, a typographic quote, a blank that has no width.

Such a name cannot be told from the right one by reading it, so a message that repeats it helps nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

_LETTERS = dict(
    zip(
        "АВЕКМНОРСТУХЅІЈаеорсухѕіјһԁԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχϲıɡꞌ՝",
        "ABEKMHOPCTYXSIJaeopcyxsijhdqwlABEZHIKMNOPTYXaiKvoptuxcig''",
        strict=True,
    )
)
_SIGNS = {
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "‐": "-", "‑": "-", "‒": "-",
    "–": "-", "—": "-", "−": "-", "≤": "<=", "≥": ">=", "≠": "!=", "⩽": "<=", "⩾": ">=", "×": "*", "∗": "*", "⁎": "*",
    "⁄": "/", "∕": "/", "∈": "in", "∉": "not in", "∧": "and", "∨": "or", "¬": "not",
}  # fmt: skip


def plain_of(text: str) -> str:
    """``text`` with everything that looks like ASCII written in it, and what cannot be seen left out."""
    if text.isascii():
        return text
    import unicodedata  # only who wrote such a letter pays for it

    out = []
    for char in text:
        known = _LETTERS.get(char) or _SIGNS.get(char)
        if known is None and unicodedata.category(char) not in ("Cf", "Mn"):
            known = unicodedata.normalize("NFKC", char)
        out.append(known or "")
    return "".join(out)


def hint(text: str) -> str | None:
    """What to do about the first letter of ``text`` that only looks like another; ``None`` where there is none."""
    for char in text:
        if char.isascii():
            continue
        plain = plain_of(char)
        if not plain:
            return f"remove U+{ord(char):04X}, which cannot be seen"
        if plain != char and plain.isascii() and plain.strip():
            return f"write {plain!r} in place of {char!r} (U+{ord(char):04X})"
    return None


def meant(name: str, known: Iterable[str]) -> str | None:
    """A remedy for a ``name`` that looks exactly like a known one; ``None`` where it does not."""
    if name.isascii():
        return None
    plain = plain_of(name)
    if plain != name and plain in set(known):
        return f"it only looks like {plain!r}: {hint(name)}"
    return None
