"""What a rollout's share drew is known afterwards, with how likely it was, for off-policy estimates (S2.18, S6.14)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import waypost

HELLO: Any = [{"role": "user", "content": "Hi"}]
SCHEMA = json.loads((Path(__file__).parents[2] / "policies" / "receipt.schema.json").read_text())
MINI = "rules: [{name: mini, use: [openai/gpt-4o-mini]}]\n"


def ask(client: Any, **keys: Any) -> Any:
    receipt = waypost.receipt(client.chat.completions.create(model="gpt-4o", messages=HELLO, **keys))
    assert receipt is not None
    return receipt


def test_both_sides_say_how_likely_they_were(
    world: Any, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Routed with the share, held back with the rest: on the receipt, in its explanation, and in the audit rows."""
    rows_at = tmp_path / "rows.jsonl"
    monkeypatch.setenv("WAYPOST_JSONL", str(rows_at))
    world.on(MINI, "{route: 25%, by: user}")
    receipts = []
    for number in range(40):
        with waypost.context(user=f"u{number}"):
            receipts.append(ask(client))
    seen = {(found.to_dict()["mode"], found.to_dict()["call"]["drawn_ppm"]) for found in receipts}
    assert seen == {("route", 250_000), ("advise", 750_000)}
    texts = {found.to_dict()["mode"]: " ".join(found.explain().split()) for found in receipts}
    assert "mode route; drawn by the rollout's share, with probability 25%" in texts["route"]
    held = "mode advise: the call ran unchanged beside the decision; held back by the rollout's share"
    assert f"{held}, with probability 75%" in texts["advise"]
    for found in receipts[:8]:
        jsonschema.validate(found.to_dict(), SCHEMA)
    waypost.uninstrument()
    rows = [json.loads(line) for line in rows_at.read_text().splitlines()]
    assert {(row["mode"], row["drawn"], row["drawn_ppm"]) for row in rows} == {
        ("route", True, 250_000),
        ("advise", True, 750_000),
    }
    assert len(rows) == 40


@pytest.mark.parametrize(("mode", "said"), [("route", {}), ("advise", {}), ("{route: 25%}", {"mode": "advise"})])
def test_where_no_share_decided_nothing_is_said(mode: str, said: dict[str, Any], world: Any, client: Any) -> None:
    """Neither a whole mode nor the caller's own is a draw."""
    world.on(MINI, mode)
    with waypost.context(**said):
        found = ask(client)
    call = found.to_dict()["call"]
    assert ("drawn" in call, "drawn_ppm" in call) == (False, False)
    assert "rollout" not in found.explain()


def test_rows_have_what_a_choice_was_drawn_with(
    world: Any, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A canary's share likewise, so that rows alone are enough for an estimate."""
    rows_at = tmp_path / "rows.jsonl"
    monkeypatch.setenv("WAYPOST_JSONL", str(rows_at))
    pair = "rules: [{name: pair, use: [openai/gpt-4o-mini, openai/gpt-4.1-mini]}]\nrank: cheapest\n"
    world.on(pair + "select: {canary: {target: openai/gpt-4.1-mini, share: 20%}}\n")
    for _ in range(40):
        ask(client)
    waypost.uninstrument()
    rows = [json.loads(line) for line in rows_at.read_text().splitlines()]
    assert {(row["selected"], row["chance"], row["propensity_ppm"]) for row in rows} == {
        ("openai/gpt-4.1-mini", "canary", 200_000),
        ("openai/gpt-4o-mini", "canary", 800_000),
    }
