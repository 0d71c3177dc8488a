"""The page of what crosses is what the codecs do, and its samples are what the SDKs send."""

from __future__ import annotations

import pytest

from golden.fidelity import make
from golden.fidelity.how import HOW
from golden.fidelity.samples import body
from golden_validators import check_request

SAMPLES = [
    pytest.param(dialect, name, id=f"{dialect}-{name}")
    for _, name, sample in make.features()
    for dialect in make.spoken()
    if dialect in sample
]


def test_the_page_is_true() -> None:
    """S6.05: `make fidelity` would change nothing."""
    assert make.PAGE.read_text(encoding="utf-8") == make.page()


@pytest.mark.parametrize(("dialect", "name"), SAMPLES)
def test_a_sample_is_what_the_sdk_sends(dialect: str, name: str) -> None:
    """By the SDK's own types, strictly, with no member that they do not know."""
    sample = next(sample for _, known, sample in make.features() if known == name)
    check_request(dialect, body(dialect, sample[dialect]))


def test_what_is_said_in_another_way_says_how() -> None:
    """No equivalent without its words, and no words for what is none."""
    used = set()
    for _, name, sample in make.features():
        for source in make.spoken():
            for target in make.spoken():
                found = make.cell(name, sample, source, target)
                if found is not None and found.kind == "equivalent":
                    assert found.detail, (name, source, target)
                    used.add((name, source, target) if (name, source, target) in HOW else (name, target))
    assert used == set(HOW)


def test_nothing_of_the_core_of_a_conversation_is_refused() -> None:
    """Safety is not refusal: these cross between all dialects that have a word for them."""
    core = {
        *("text", "system prompt", "several turns", "several text parts", "image in the request", "tools"),
        *("call and result", "several calls in one turn", "choice: a call is required", "choice: this tool"),
        *("streaming", "limit of the answer", "answer held to a schema", "temperature", "top_p"),
    }
    refused = [
        (name, source, target)
        for _, name, sample in make.features()
        if name in core
        for source in make.spoken()
        for target in make.spoken()
        if (found := make.cell(name, sample, source, target)) is not None and found.kind in ("hint", "need")
    ]
    assert refused == []
    assert core <= {name for _, name, _ in make.features()}
