"""Token estimates by arithmetic on classes of bytes; no vocabulary, no word lists.

The weights approximate the o200k vocabulary on prose, code and data in some twenty languages, and lean a little
upwards, because too low an estimate lets a request through that does not fit. Work is bounded: a long text is looked
at in evenly spaced windows, a long tool schema up to a number of nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from waypost.core.model.conversation import (
    Blob,
    Conversation,
    FileRef,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Uri,
)
from waypost.core.model.question import Complexity, Task

PER_MESSAGE = 4
PER_REPLY = 3
PER_CALL = 8
PER_TOOL = 10
TOOLS_PREAMBLE = 12
IMAGE = {"low": 85, "high": 1_105}
IMAGE_AUTO = 765
DOCUMENT = 3_000
"""A document or medium of unknown size; a PDF of about two pages."""

_LOOK, _WINDOWS = 4_096, 8
_SCHEMA_NODES = 2_048
_PER_NODE = 3

# Base64 characters per token: sound at 128 kbit/s and ten tokens a second, compressed video, PDF with its fonts.
_BASE64 = {"audio": 2_000, "video": 5_000, "document": 60}
_LEAST = {"audio": 20, "video": 300, "document": DOCUMENT // 2}

_SPANS = (
    (range(0x30, 0x3A), "0"),
    (range(0x41, 0x5B), "A"),
    (range(0x61, 0x7B), "a"),
    (range(0xC2, 0xC3), "u"),
    (range(0xC3, 0xCC), "e"),  # Latin with marks
    (range(0xCC, 0xE0), "y"),  # Greek, Cyrillic, Hebrew, Arabic
    (range(0xE0, 0xE2), "i"),  # Indic, Thai, Georgian
    (range(0xE2, 0xE3), "u"),  # typographic and mathematical signs
    (range(0xE3, 0xEA), "c"),  # kana and Han
    (range(0xEA, 0xEE), "k"),  # Hangul
    (range(0xEE, 0xF0), "u"),
    (range(0xF0, 0xF8), "m"),  # beyond the basic plane, mostly emoji
)
# Thousandths of a token. A word costs its start and then a little per letter, so that base64 and long rare words come
# out dearer than prose of the same length; a start that no blank precedes costs more, because it cannot merge with one.
_WORD, _JOINED, _CAMEL = 480, 860, 700
_SMALL, _CAPITAL, _FIGURE, _SIGN, _LINE = 140, 300, 640, 540, 500
_OTHERS = (
    (b"e", 740),
    (b"y", 110),
    (b" y", 1_250),
    (b"i", 390),
    (b"c", 740),
    (b"k", 740),
    (b"u", 1_000),
    (b"m", 1_700),
)
_TASK_OUTPUT: dict[Task, tuple[int, int, int]] = {
    "code_generation": (300, 1_000, 3_000),
    "code_review": (250, 700, 1_500),
    "debugging": (250, 700, 1_800),
    "architecture_design": (500, 1_200, 2_500),
    "documentation": (200, 900, 2_000),
    "question_answer": (80, 500, 1_200),
    "data_analysis": (250, 800, 2_000),
    "math_reasoning": (100, 600, 1_800),
    "summarization": (120, 300, 800),
    "translation": (80, 300, 1_000),
    "extraction": (80, 300, 800),
    "creative_writing": (150, 800, 2_000),
    "conversation": (60, 300, 800),
}
_EFFORT = {"medium": 2, "high": 4, "xhigh": 6, "max": 6}
"""How many times the visible answer a reasoning effort adds up to, roughly; absent and lower efforts are once."""


def _classes() -> tuple[bytes, bytes]:
    """A class letter for each UTF-8 lead byte; and classes to runs: ``a`` in a word, blank, or ``.``."""
    table = bytearray(b"." * 256)
    for span, letter in _SPANS:
        for byte in span:
            table[byte] = ord(letter)
    table[0x20] = table[0x09] = ord(" ")
    table[0x0A] = table[0x0D] = ord("\n")
    return bytes(table), bytes.maketrans(b"Ae0\nuicky", b"aa.......")


_CLASS, _RUN = _classes()
_CONTINUATION = bytes(range(0x80, 0xC0))


def spread(text: str, limit: int) -> str:
    """``text``, or evenly spaced windows of it, first and last included, of about ``limit`` characters in all."""
    if len(text) <= limit:
        return text
    size = limit // _WINDOWS
    last = len(text) - size
    starts = (last * i // (_WINDOWS - 1) for i in range(_WINDOWS))
    return "".join(text[start : start + size] for start in starts)


def estimate(text: str) -> int:
    """Tokens of ``text``, rounded up; 0 only for the empty text."""
    if not text:
        return 0
    seen = spread(text, _LOOK)
    # The leading blank makes the first word start like any other.
    classes = b" " + seen.encode("utf-8", "surrogatepass").translate(_CLASS, _CONTINUATION)
    count, runs = classes.count, classes.translate(_RUN).count
    capitals = count(b"A")
    milli = (
        runs(b" a") * _WORD
        + runs(b".a") * _JOINED
        + count(b"a") * _SMALL
        + capitals * _CAPITAL
        + count(b"0") * _FIGURE
        + count(b".") * _SIGN
        + count(b"\n") * _LINE
    )
    if capitals * 8 > len(seen):
        milli += count(b"aA") * _CAMEL
    if not seen.isascii():
        for pattern, weight in _OTHERS:
            milli += count(pattern) * weight
    if len(seen) < len(text):
        milli = milli * len(text) // len(seen)
    return max(-(-milli // 1_000), 1)


def estimate_prompt(conversation: Conversation, text: str) -> int:
    """Tokens of the whole request; ``text`` is all its text joined, without media and tool schemas."""
    total = estimate(text) + PER_MESSAGE * len(conversation.messages) + PER_REPLY
    for message in conversation.messages:
        for part in message.parts:
            if not isinstance(part, Text):
                total += _beyond_text(part)
    if conversation.tools:
        total += TOOLS_PREAMBLE
        total += sum(PER_TOOL + _schema((t.name, t.description, t.parameters)) for t in conversation.tools)
    if conversation.output is not None and conversation.output.schema is not None:
        total += _schema(conversation.output.schema)
    return total


def estimate_output(conversation: Conversation, task: Task, complexity: Complexity, *, tokens_input: int) -> int:
    """Tokens of the answer, all ``n`` choices and the reasoning that was asked for included.

    By task and complexity, and at most what the caller allowed for each choice.
    """
    simple, medium, complex_ = _TASK_OUTPUT[task]
    one = simple if complexity == "simple" else medium if complexity == "medium" else complex_
    if task == "translation":
        one = max(one, tokens_input)
    sampling = conversation.sampling
    if sampling.reasoning_effort is not None:
        one *= _EFFORT.get(sampling.reasoning_effort, 1)
    if sampling.max_output is not None:
        one = max(min(one, sampling.max_output), 0)
    return one * max(sampling.n or 1, 1)


def _beyond_text(part: Part) -> int:
    match part:
        case Text() | Reasoning() | Refusal():
            return 0
        case ToolCall():
            return PER_CALL
        case ToolResult(parts=parts):
            return PER_CALL + sum(_beyond_text(inner) for inner in parts)
        case Blob(modality=modality, data=data, detail=detail):
            if modality == "image":
                return IMAGE.get(detail or "", IMAGE_AUTO)
            return max(len(data) // _BASE64[modality], _LEAST[modality])
        case Uri(modality=modality, detail=detail):
            return IMAGE.get(detail or "", IMAGE_AUTO) if modality == "image" else DOCUMENT
        case FileRef(modality=modality):
            return IMAGE_AUTO if modality == "image" else DOCUMENT
        case Opaque(value=value):
            return _schema(value)
        case _:
            assert_never(part)


def _schema(value: Any) -> int:
    """Tokens of a JSON value by its shape: a few per node, a quarter per character of text."""
    stack, nodes, characters = [value], 0, 0
    while stack and nodes < _SCHEMA_NODES:
        item = stack.pop()
        nodes += 1
        if isinstance(item, str):
            characters += len(item)
        elif isinstance(item, Mapping):
            for key, inner in item.items():
                characters += len(key) if isinstance(key, str) else 4
                stack.append(inner)
        elif isinstance(item, list | tuple):
            stack.extend(item)
    size = characters // 4 + nodes * _PER_NODE
    return size if not stack else size * (nodes + len(stack)) // nodes
