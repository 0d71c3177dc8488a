"""What a start keeps: the catalog, the policies and their places, each once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waypost.adapters.stores.objects import ObjectStore
from waypost.core.model.canonical import canonical
from waypost.runtime import bundle as bundles
from waypost.runtime.lookup import stored_plan
from waypost.runtime.settings import read


def test_what_is_kept_already_is_not_written_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second start writes the places alone; a lost object comes back under the fingerprint of receipts."""
    bundle = bundles.load(read())
    objects, written = ObjectStore(tmp_path), list[Any]()

    def noted(value: Any) -> bytes:
        written.append(value)
        return canonical(value)

    monkeypatch.setattr(bundles, "canonical", noted)
    catalog, policy = bundle.routes.catalog, bundle.routes.plans[0].policy
    bundles.keep(bundle, objects)
    assert written == [catalog.document, policy.document, policy.positions]
    assert json.loads(objects.get(policy.fingerprint)) == policy.document
    assert json.loads(objects.get(catalog.fingerprint)) == catalog.document
    written.clear()
    bundles.keep(bundle, objects)
    assert written == [policy.positions]
    (tmp_path / catalog.fingerprint[:2] / catalog.fingerprint[2:]).unlink()
    bundles.keep(bundle, objects)
    found = stored_plan(objects, policy.fingerprint, catalog.fingerprint)
    assert found is not None
    assert (found.policy.fingerprint, found.catalog.fingerprint) == (policy.fingerprint, catalog.fingerprint)


def test_a_caller_is_at_home_in_every_dialect_of_an_endpoint() -> None:
    """S5.03: calls of the responses API at OpenAI's own address are OpenAI's, as chat completions are."""
    found = bundles.places(bundles.load(read()).routes.endpoints)
    place = "https://api.openai.com/v1"
    assert [found.get((dialect, place)) for dialect in ("openai.chat", "openai.responses", "anthropic.messages")] == [
        ("openai", "openai"),
        ("openai", "openai"),
        None,
    ]
