"""One model at several deployments, each with a key and a weight of its own, through the real SDK (S1.40, S5.02)."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from typing import Any

import pytest

import waypost
from waypost.surfaces.cli.main import main

OVERLAY = """\
waypost: catalog-overlay/v1
name: keys
source: our own accounts
as_of: 2026-06-01
endpoints:
  second:
    provider: openai
    dialect: openai.chat
    base_url: {url}
    path: /chat/completions
    auth: {{header: Authorization, prefix: "Bearer "}}
    key_env: [SECOND_KEY]
targets:
  openai/gpt-4o-mini@second: {{like: openai/gpt-4o-mini, endpoint: second, weight: 3}}
discounts: {{openai: 50 %}}
"""


def test_calls_are_shared_by_weight(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Three of four go to the second key; what they cost is the price that was negotiated."""
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    path = tmp_path / "overlay.yaml"
    path.write_text(OVERLAY.format(url=f"{world.openai.url}/two"))
    world.on(
        "rules: [{name: pool, use: [openai/gpt-4o-mini, openai/gpt-4o-mini@second]}]\nselect: {weighted: deployments}",
        catalog=path,
    )
    answers = [
        client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}]) for _ in range(60)
    ]
    keys = Counter(request.headers["authorization"] for request in world.openai.seen)
    assert set(keys) == {"Bearer sk-caller-secret", "Bearer sk-second"}
    assert 30 <= keys["Bearer sk-second"] <= 58
    receipt = waypost.receipt(answers[0])
    assert receipt is not None
    settled = receipt.to_dict()["settlement"]["cost"]
    assert settled["lines"] == [["input", 12, 75_000_000, 900], ["output", 5, 300_000_000, 1500]]
    assert settled["price_as_of"] == "2026-06-01"
    assert "gpt-4o-mini" in receipt.explain()
    listed = waypost_list(world)
    assert {line.split(" -> ")[1].split()[0] for line in listed} == {
        "openai/gpt-4o-mini",
        "openai/gpt-4o-mini@second",
    }


def waypost_list(world: Any) -> list[str]:
    """The lines of `waypost list` in the home of these calls: an audit reads deployments there, too."""
    assert waypost.flush()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(["list", "--home", str(world.home / "home"), "--limit", "60"]) == 0
    return [line for line in out.getvalue().splitlines() if " -> " in line and "ANSWERED" not in line]
