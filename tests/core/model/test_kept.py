"""What a receipt says of the content that is kept: written, read back, published, and never a word of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from receipt_cases import ATTEMPTING, SETTLED
from waypost.core.features.redaction import KINDS
from waypost.core.model.kept import Kept, kept_of, kept_record
from waypost.core.model.receipt_fold import fold, receipt_of
from waypost.core.model.receipt_lines import attempt_record, content_line, settled_record

SCHEMA = json.loads((Path(__file__).parents[3] / "policies" / "receipt.schema.json").read_text())
HEX = "0123456789abcdef"
KEPT = st.builds(
    Kept,
    level=st.sampled_from(["redacted", "full"]),
    subject=st.text(HEX, min_size=32, max_size=32).map(lambda digits: f"p_{digits}"),
    digest=st.text(HEX, min_size=64, max_size=64),
    size=st.integers(0, 10**7),
    expires_ns=st.integers(0, 2**62),
    cut=st.integers(0, 9),
    redactions=st.dictionaries(st.sampled_from(KINDS), st.integers(1, 9)).map(
        lambda counts: tuple(sorted(counts.items()))
    ),
)


def records(kept: Kept) -> list[dict[str, Any]]:
    written: dict[str, Any] = json.loads(content_line(SETTLED.started.receipt, kept))
    return [attempt_record(ATTEMPTING, str), settled_record(SETTLED, str, alone=True), written]


@given(KEPT)
def test_it_is_read_back_as_it_was_written(kept: Kept) -> None:
    """By itself, out of the journal's record, and out of the published receipt."""
    assert kept_of(json.loads(json.dumps(kept_record(kept)))) == kept
    receipt = fold(records(kept))
    assert receipt.content == kept
    assert receipt_of(json.loads(json.dumps(receipt.to_dict()))).content == kept


@given(KEPT)
def test_it_is_as_published(kept: Kept) -> None:
    """S2.14: every key is declared, and a receipt without content has none of it."""
    published = {**SCHEMA["properties"]["content"], "additionalProperties": False}
    document = fold(records(kept)).to_dict()
    Draft202012Validator(SCHEMA).validate(document)
    Draft202012Validator(published).validate(document["content"])
    assert "content" not in fold(records(kept)[:2]).to_dict()
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate({**document, "content": {**document["content"], "level": "hash"}})
