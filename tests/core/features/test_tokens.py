"""Token estimates against counts of the o200k vocabulary that were taken once and written down (S3.12)."""

from __future__ import annotations

import base64

import pytest

from waypost.core.features.tokens import (
    DOCUMENT,
    IMAGE,
    IMAGE_AUTO,
    PER_MESSAGE,
    PER_REPLY,
    estimate,
    estimate_output,
    estimate_prompt,
    spread,
)
from waypost.core.model.conversation import (
    Blob,
    Conversation,
    FileRef,
    Message,
    Opaque,
    Part,
    Sampling,
    Schema,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Uri,
)

TOLERANCE = (75, 140)
"""Per cent of the true count that an estimate of a short text may be; English prose is held closer below."""

COUNTED = [
    (7, "What is the capital of France?"),
    (7, "Qual é a capital da França?"),
    (
        21,
        "The committee met on Monday and approved the budget after a short debate about travel costs and the office.",
    ),
    (
        15,
        "Verteilte Systeme müssen sich zwischen Konsistenz und Verfügbarkeit entscheiden.",
    ),
    (28, "def mean(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total / len(xs)\n"),
    (26, "SELECT name, SUM(total) FROM orders JOIN users ON users.id = orders.user_id GROUP BY name ORDER BY 2 DESC;"),
    (37, '{"id": 8812, "items": [{"sku": "A-17", "qty": 3, "price": 10.5}], "paid": true}'),
    (26, "请解释一下分布式系统中的一致性问题，并举例说明如何在网络分区时保持可用性。"),
    (23, "昨日、友達と一緒に映画を見に行きましたが、とても面白かったです。"),
    (18, "어제 친구와 함께 영화를 보러 갔는데 정말 재미있었어요."),
    (18, "Вчера мы ходили в кино с друзьями, и фильм оказался очень интересным."),
    (15, "ذهبنا أمس إلى السينما مع الأصدقاء وكان الفيلم ممتعا جدا."),
    (10, "कल हम दोस्तों के साथ फिल्म देखने गए थे।"),
    (36, "3.14159 2.71828 1.41421 1.61803 0.57721 299792458 6022140 1380649"),
    (46, "Zm9vYmFyYmF6cXV4IGxvcmVtIGlwc3VtIGRvbG9yIHNpdCBhbWV0IGNvbnNlY3RldHVy"),
    (7, "🎉 done ✅ 🚀🔥"),
]


@pytest.mark.parametrize(("count", "text"), COUNTED, ids=lambda value: str(value)[:16])
def test_estimate_is_within_tolerance_of_the_true_count(count: int, text: str) -> None:
    """S3.12: prose, code, data and seven scripts come out between 75 % and 140 % of the true count."""
    low, high = TOLERANCE
    assert low * count <= 100 * estimate(text) <= high * count


def test_long_english_prose_is_within_five_per_cent() -> None:
    """S3.12: what is only sampled is scaled up: 90,000 characters that count 20,001 tokens."""
    text = "The quick brown fox jumps over the lazy dog. " * 2_000
    assert abs(estimate(text) - 20_001) <= 1_000


def test_empty_text_has_no_tokens_and_any_other_has_one() -> None:
    """A single character is never free."""
    assert (estimate(""), estimate("a"), estimate(" ")) == (0, 1, 1)


def test_a_lone_surrogate_is_counted_not_refused() -> None:
    """Text from JSON may hold what UTF-8 cannot."""
    assert estimate("\ud800") == 1


def test_spread_keeps_both_ends_and_its_limit() -> None:
    """A long text is sampled from its first to its last character."""
    text = "<" + "x" * 99_998 + ">"
    seen = spread(text, 4_096)
    assert (len(seen), seen[0], seen[-1]) == (4_096, "<", ">")


def _of(*parts: Part, **more: object) -> Conversation:
    return Conversation("openai.chat", "auto", (Message("user", parts),), **more)  # type: ignore[arg-type]


def _prompt(*parts: Part, **more: object) -> int:
    return estimate_prompt(_of(*parts, **more), "") - PER_MESSAGE - PER_REPLY


def test_messages_have_an_overhead() -> None:
    """The framing of roles counts per message, and once for the reply."""
    conversation = Conversation("openai.chat", "auto", (Message("user", (Text("hi"),)),) * 3)
    assert estimate_prompt(conversation, "hi\nhi\nhi") == estimate("hi\nhi\nhi") + 3 * PER_MESSAGE + PER_REPLY


@pytest.mark.parametrize(
    ("detail", "tokens"), [("low", IMAGE["low"]), ("high", IMAGE["high"]), ("auto", IMAGE_AUTO), (None, IMAGE_AUTO)]
)
def test_an_image_costs_by_its_detail(detail: str | None, tokens: int) -> None:
    """An inline image and one by address cost the same, whatever their size in bytes."""
    assert _prompt(Blob("image", "image/png", "A" * 10_000, detail=detail)) == tokens
    assert _prompt(Uri("image", "https://example.com/a.png", detail=detail)) == tokens


def test_other_media_cost_by_their_size() -> None:
    """A large PDF costs more than a small one; what cannot be measured counts as a document."""
    large = base64.b64encode(bytes(750_000)).decode()
    assert _prompt(Blob("document", "application/pdf", large)) == len(large) // 60
    assert _prompt(Blob("document", "application/pdf", "AAAA")) == DOCUMENT // 2
    assert _prompt(Blob("audio", "audio/wav", "A" * 200_000)) == 100
    assert _prompt(Uri("document", "https://example.com/a.pdf")) == DOCUMENT
    assert _prompt(FileRef("image", "file-1")) == IMAGE_AUTO
    assert _prompt(FileRef("document", "file-1")) == DOCUMENT


def test_tool_traffic_and_opaque_parts_count() -> None:
    """A call and its result have framing; an image inside a result counts; an opaque part counts by its shape."""
    assert _prompt(ToolCall("c1", "f", "{}")) == 8
    assert _prompt(ToolResult("c1", (Uri("image", "https://example.com/a.png"),))) == 8 + IMAGE_AUTO
    assert _prompt(Opaque("openai.responses", {"type": "web_search_call"})) == len("typeweb_search_call") // 4 + 2 * 3


def test_tool_schemas_and_output_schemas_count() -> None:
    """More properties, more tokens; a schema for the answer counts too."""
    properties = {f"field_{i}": {"type": "string", "description": "a short description"} for i in range(10)}
    small = Tool("f", None, {"type": "object", "properties": {}})
    large = Tool("f", None, {"type": "object", "properties": properties})
    assert 15 <= _prompt(tools=(small,)) <= 50
    assert 150 <= _prompt(tools=(large,)) <= 300
    assert 130 <= _prompt(output=Schema({"type": "object", "properties": properties})) <= 280
    assert _prompt(output=Schema(None)) == 0


def test_an_endless_schema_is_extrapolated() -> None:
    """The walk over a schema stops at a number of nodes and guesses the rest in proportion."""
    wide = {"enum": ["word"] * 100_000}
    assert 350_000 <= _prompt(tools=(Tool("f", None, wide),)) <= 450_000


def _output(task: str, complexity: str, tokens_input: int = 10, **sampling: object) -> int:
    conversation = _of(sampling=Sampling(**sampling))  # type: ignore[arg-type]
    return estimate_output(conversation, task, complexity, tokens_input=tokens_input)  # type: ignore[arg-type]


def test_output_grows_with_complexity() -> None:
    """The estimate of the answer follows task and complexity."""
    assert (
        _output("question_answer", "simple")
        < _output("question_answer", "medium")
        < _output("question_answer", "complex")
    )
    assert _output("code_generation", "simple") > _output("question_answer", "simple")


def test_output_is_held_by_what_the_caller_allows_and_multiplied_by_choices() -> None:
    """max_output bounds each choice, also with reasoning; ``n`` multiplies."""
    assert _output("architecture_design", "complex", max_output=100) == 100
    assert _output("architecture_design", "complex", max_output=100, n=3) == 300
    assert _output("math_reasoning", "complex", reasoning_effort="high") == 4 * _output("math_reasoning", "complex")
    assert _output("math_reasoning", "complex", reasoning_effort="low") == _output("math_reasoning", "complex")
    assert _output("math_reasoning", "complex", max_output=0) == 0


def test_a_translation_is_as_long_as_what_is_translated() -> None:
    """A long text to translate makes a long answer."""
    assert _output("translation", "simple", tokens_input=5_000) == 5_000
