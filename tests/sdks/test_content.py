"""``privacy: {content: hash}``: equal requests can be recognised on receipts, and nothing can be read there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import waypost
from waypost.surfaces.cli.main import main

HERE = "filter: [provider == openai]\nrank: cheapest\n"
ONE: Any = [{"role": "user", "content": "The patient is called Ada."}]
OTHER: Any = [{"role": "user", "content": "The patient is called Bob."}]


def content(answer: Any) -> str | None:
    found: str | None = waypost.receipt(answer).to_dict()["call"].get("content")
    return found


@pytest.mark.parametrize("mode", ["observe", "advise", "route"])
async def test_equal_requests_have_equal_digests(mode: str, world: Any, client: Any, aclient: Any) -> None:
    """S0.24: whoever was asked, sync or async; another word is another digest, and no word is in the home."""
    world.on(HERE + "privacy: {content: hash}", mode)
    first = content(client.chat.completions.create(model="gpt-4o", messages=ONE))
    again = content(await aclient.chat.completions.create(model="gpt-4o-mini", messages=ONE))
    other = content(client.chat.completions.create(model="gpt-4o", messages=OTHER))
    assert first is not None
    assert len(first) == 64
    assert (first == again, first == other) == (True, False)
    assert waypost.flush(10)
    kept = b"".join(path.read_bytes() for path in (world.home / "home").rglob("*") if path.is_file())
    assert b"patient" not in kept


def test_without_the_key_nothing_is_kept(world: Any, client: Any) -> None:
    """The default keeps nothing of a request."""
    world.on(HERE)
    assert content(client.chat.completions.create(model="gpt-4o", messages=ONE)) is None


def test_a_disputed_request_is_found(
    world: Any, client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`waypost list --content` computes the digest anew under the home's key."""
    world.on(HERE + "privacy: {content: hash}")
    receipt = waypost.receipt(client.chat.completions.create(model="gpt-4o", messages=ONE)).id
    client.chat.completions.create(model="gpt-4o", messages=OTHER)
    assert waypost.flush(10)
    asked = tmp_path / "request.json"
    asked.write_text(json.dumps({"model": "anything", "stream": True, "messages": ONE}))
    assert main(["list", "--home", str(world.home / "home"), "--content", str(asked), "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["receipts"]] == [receipt]
    asked.write_text("[]")
    assert main(["list", "--home", str(world.home / "home"), "--content", str(asked)]) == 2
    assert "give a request's body as JSON" in capsys.readouterr().err
