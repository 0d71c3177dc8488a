"""Whatever somebody writes down is a question, or an error of ours with a remedy; never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policy_samples import CATALOG
from waypost.core.codecs import CODECS
from waypost.core.codecs.detect import detect
from waypost.core.model.question import Question
from waypost.errors import SettingsError
from waypost.runtime.asking import KEYS, ask, ask_body

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
    ["user", "assistant", "system", "tool", "text", "tool_use", "image_url", "function", "auto", "8k", "openai", "1e9"]
)  # fmt: skip
_PARTS = (
    "role content type text tool_calls id name input source url function arguments image_url tool_use_id schema "
    "json_schema cache_control data"
)
_TOP = (
    "messages model max_tokens tools system stream tool_choice response_format stop seed temperature reasoning_effort "
    "thinking metadata waypost routing_preference contents input"
)
NAMES = st.sampled_from(_PARTS.split())
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=4)
)
BODY_KEYS = st.sampled_from(_TOP.split())
TURNS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4) | VALUES, max_size=3)
BODIES = st.dictionaries(BODY_KEYS, VALUES, max_size=5) | st.fixed_dictionaries(
    {"messages": TURNS}, optional={"model": LEAVES, "tools": TURNS, "system": VALUES, "waypost": VALUES}
)


def answered(asking: Callable[[], Question]) -> bool:
    """Whether there is a question, or an error that says what is wrong and what to do."""
    try:
        return isinstance(asking(), Question)
    except SettingsError as error:
        return bool(error.what and error.remedy)


@settings(max_examples=300, deadline=None)
@given(BODIES, st.none() | st.sampled_from(sorted(CODECS)))
def test_any_body_is_a_question_or_an_error_with_a_remedy(body: dict[str, Any], dialect: str | None) -> None:
    """Bodies come from logs and editors, half of them broken."""
    assert detect(body) in (None, *CODECS, "openai.responses", "google.generate_content")
    assert answered(lambda: ask_body(body, {}, CATALOG, dialect=dialect))


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*KEYS, "tokens", "tier", "context.team"]) | st.text(max_size=6), VALUES, max_size=4
    )
)
def test_any_features_are_a_question_or_an_error_with_a_remedy(given: dict[str, Any]) -> None:
    """Names and values of any kind."""
    assert answered(lambda: ask(given, CATALOG))
