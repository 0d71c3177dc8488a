"""What is kept of calls of every SDK and dialect, plain and streamed, at home and by another vendor."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

import waypost
from waypost.adapters.stores.content import ContentStore
from waypost.surfaces.cli.main import main

WORDS = ["Ask ", "ana@exam", "ple.org", " in Zanzibar."]
SAID = "".join(WORDS)
HOME = {"responses": "openai", "messages": "anthropic", "generate": "google"}
ASKED = "Who is in Zanzibar? 4111 1111 1111 1111"


@pytest.fixture
def answering(world: Any) -> Any:
    """All providers say the same, whole or streamed."""
    world.say(WORDS)
    return world


async def ask(dialect: str, stream: bool, colour: str, given: Callable[[str], Any]) -> str:
    """One call, read to its end; what was said."""
    sync = colour == "sync"
    if dialect == "responses":
        client = given("client" if sync else "aclient")
        made = client.responses.create(model="auto", input=ASKED, store=False, stream=stream)
    elif dialect == "messages":
        client = given("claude" if sync else "aclaude")
        turns = [{"role": "user", "content": ASKED}]
        made = client.messages.create(model="auto", max_tokens=99, messages=turns, stream=stream)
    else:
        models = given("gemini").models if sync else given("gemini").aio.models
        made = (models.generate_content_stream if stream else models.generate_content)(model="auto", contents=ASKED)
    value = await made if inspect.isawaitable(made) else made
    if stream:
        _ = list(value) if sync else [event async for event in value]
    assert waypost.flush(10)
    return SAID


def texts(value: Any) -> list[str]:
    """All texts of a body."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in texts(item)]


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("place", ["home", "away"])
@pytest.mark.parametrize("dialect", HOME)
async def test_every_dialect_is_kept_and_redacted(
    dialect: str,
    place: str,
    stream: bool,
    colour: str,
    answering: Any,
    client: Any,
    aclient: Any,
    claude: Any,
    aclaude: Any,
    gemini: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S5.16: bodies of the caller's own dialect, without what is somebody's, shown by the command in full."""
    clients = {"client": client, "aclient": aclient, "claude": claude, "aclaude": aclaude, "gemini": gemini}
    provider = HOME[dialect] if place == "home" else "openai" if dialect == "generate" else "google"
    answering.on(f"filter: [provider == {provider}]\nrank: cheapest\nprivacy: {{content: redacted}}\n")
    await ask(dialect, stream, colour, clients.__getitem__)
    home = answering.home / "home"
    assert main(["list", "--home", str(home), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["receipts"]
    assert (row["outcome"], row["provider"]) == ("ok", "gcp.gemini" if provider == "google" else provider)
    document = json.loads(ContentStore(home / "content").get(row["id"], time.time_ns()).data)
    assert "Who is in Zanzibar? [CARD_1]" in texts(document["asked"])
    assert "Ask [EMAIL_1] in Zanzibar." in "".join(texts(document["answered"]))
    everything = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"Zanzibar" not in everything
    assert main(["content", "--home", str(home), row["id"]]) == 0
    asked, _, answered = capsys.readouterr().out.partition("ANSWERED")
    assert "user: Who is in Zanzibar? [CARD_1]" in asked
    assert ": Ask [EMAIL_1] in Zanzibar.\n" in answered
