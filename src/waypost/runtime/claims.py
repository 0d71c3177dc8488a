"""What a call says of who may answer it, as it is written: in `waypost.context(...)`, a header or a body's key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from functools import lru_cache
from typing import Any

from waypost.core.model.money import NANO, decimal_to_int
from waypost.core.model.question import Context, Narrow
from waypost.errors import SettingsError

LISTS = ("models", "only", "ignore")
MAX_PRICE = "max_price"
NARROWING = frozenset((*LISTS, MAX_PRICE))
"""The keys that make a `Narrow`."""
FALLBACKS = "fallbacks"
OF_CONTEXT = frozenset(field.name for field in fields(Context)) - {"labels", "narrow", FALLBACKS}
REQUEST_ID = "request_id"
LABELS = "labels"
CLIENTS = "clients"
KEYS = frozenset((*OF_CONTEXT, *NARROWING, REQUEST_ID, CLIENTS, FALLBACKS))
"""Every key of ours; any other is a label, but for `LABELS`, which holds some."""
_KNOWN = tuple(sorted(KEYS))
_UNIT = "USD/MTok"
_SIDES = ("input", "output")
_MOST = 2**53
_LEAST = Decimal("1e-9")
_ALIKE = 0.8


def narrow_of(keys: Mapping[str, Any], where: str) -> Narrow | None:
    """The narrowing keys among ``keys`` as one claim; ``None`` where they say nothing.

    Raises:
        SettingsError: a value that cannot be read.
    """
    lists = {key: entries(keys[key], key, where) for key in LISTS if keys.get(key) is not None}
    price = max_price(keys[MAX_PRICE], where) if keys.get(MAX_PRICE) is not None else (None, None)
    if not any(lists.values()) and price == (None, None):
        return None
    return Narrow(**lists, max_input_price=price[0], max_output_price=price[1])


def entries(value: Any, key: str, where: str) -> tuple[str, ...]:
    """A list of names, or their comma-separated text, in order and each once.

    Raises:
        SettingsError: it is no such thing, or empty: nobody could answer, which is hardly meant. An ``ignore`` without
            a name leaves nobody out, which says nothing.
    """
    remedy = 'give names as in ["openai/gpt-4o", "anthropic"], or leave it out'
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(item, str) for item in value):
        raise SettingsError(f"{key} is {_shown(value)}, not names", where=where, remedy=remedy)
    items = sorted(value) if isinstance(value, set | frozenset) else value
    found = tuple(dict.fromkeys(text for item in items if (text := item.strip())))
    if not found and key != "ignore":
        raise SettingsError(f"{key} has no name in it", where=where, remedy=remedy)
    return found


def max_price(value: Any, where: str) -> tuple[int | None, int | None]:
    """The highest prices of input and output in nano-USD per million tokens; one price holds for both.

    A price is a number of USD per million tokens or text (``5``, ``5 USD/MTok``); two are a mapping, or text as in
    ``input=5, output=15``.

    Raises:
        SettingsError: it cannot be read, is negative or finer than a nano-USD.
    """
    if isinstance(value, str) and "=" in value:
        pairs = [(side.strip(), text.strip()) for side, _, text in (part.partition("=") for part in value.split(","))]
        if len({side for side, _ in pairs}) < len(pairs):
            raise SettingsError(f"{MAX_PRICE} names a side twice", where=where, remedy="give each side once")
        value = dict(pairs)
    if not isinstance(value, Mapping):
        price = _price(value, MAX_PRICE, where)
        return price, price
    strange = [side for side in value if side not in _SIDES]
    if strange or not value:
        what = f"{MAX_PRICE} has {strange[0]!r}" if strange else f"{MAX_PRICE} is empty"
        raise SettingsError(what, where=where, remedy="give input, output, or one price for both")
    read = {side: _price(price, f"{MAX_PRICE}.{side}", where) for side, price in value.items()}
    return read.get("input"), read.get("output")


def no_mapping(value: Any) -> SettingsError:
    """What is wrong with a body's reserved key that has no claims by name in it."""
    remedy = 'give claims by name, as in {"waypost": {"only": ["openai"]}}'
    return SettingsError(f"`waypost` is {type(value).__name__}, not a mapping", where="extra_body", remedy=remedy)


def narrowing(name: str) -> str | None:
    """The key that keeps somebody out which ``name`` is, or was probably meant to be."""
    meant = name if name in NARROWING else misspelt(name)
    return meant if meant in NARROWING else None


@lru_cache(maxsize=512)
def misspelt(name: str) -> str | None:
    """The claim that was probably meant by a key that is none: taken as a label, a misspelt narrowing would let
    everybody answer. Words that merely look a little like one (code, version, workload) are labels."""
    import difflib  # only who has labels pays for it

    written = name.lower()
    for known in difflib.get_close_matches(written, _KNOWN, n=3, cutoff=0.6):
        alike = difflib.SequenceMatcher(None, known, written).ratio() >= _ALIKE
        if alike or sorted(written) == sorted(known) or _one_other(written, known):
            return known
    return None


def _one_other(written: str, known: str) -> bool:
    """Whether one letter is another, the first aside: that one is seldom mistyped."""
    if len(written) != len(known) or written[:1] != known[:1]:
        return False
    return sum(one != other for one, other in zip(written, known, strict=True)) == 1


def _price(value: Any, key: str, where: str) -> int:
    digits = ""
    if isinstance(value, str):
        digits = value.strip().removesuffix(_UNIT).strip()
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        digits = _digits(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    try:
        price = decimal_to_int(digits, NANO)
    except ValueError:
        price = -1
    if not 0 <= price <= _MOST:
        remedy = f'give USD per million tokens, as in 5 or "2.50 {_UNIT}"'
        raise SettingsError(f"{key} is {_shown(value)}, not a price", where=where, remedy=remedy)
    return price


def _digits(number: Decimal) -> str:
    """Plain digits; nothing for what is no price, of whose exponent many gigabytes of digits could be made."""
    if not number.is_finite() or not (number == 0 or _LEAST <= number <= _MOST):
        return ""
    return format(number, "f") if number else "0"


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _MOST:
        return "a number beyond all prices"
    text = repr(value) if isinstance(value, str | int | float | Decimal) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."
