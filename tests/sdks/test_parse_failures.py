"""Answers that came whole and that the SDK, or a validator of the caller's, breaks at: they are paid for, so that the
receipt has their usage and cost beside the error (issue 5, S2.04)."""

from __future__ import annotations

import json
from typing import Any

import pytest

import waypost
from stub_provider import chat_body, json_answer, message_body

openai = pytest.importorskip("openai")
pydantic = pytest.importorskip("pydantic")

HELLO: Any = [{"role": "user", "content": "Hi"}]
HOME = """
rules: [{name: home, use: [openai/gpt-4o-mini]}]
filter: [quality >= 0]
rank: cheapest
"""
both = pytest.mark.parametrize("style", ["sync", "async"])
modes = pytest.mark.parametrize("mode", ["observe", "route"])


class City(pydantic.BaseModel):  # type: ignore[name-defined, misc]
    name: str


def receipt_of(world: Any) -> dict[str, Any]:
    """The one receipt that there is."""
    waypost.flush()
    files = (world.home / "home" / "journal").glob("*.jsonl")
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    (name,) = {line["receipt"] for line in lines if "receipt" in line}
    found = waypost.receipt(name)
    assert found is not None
    return found.to_dict()


def paid(world: Any, kind: str, error: str) -> None:
    """It failed, and is billed as the answer says: 11 tokens in and 7 out of `chat_body`'s, at the catalog's price."""
    receipt = receipt_of(world)
    attempt = receipt["hops"][0]["attempt"]
    usage = chat_body("x")["usage"]
    assert receipt["status"] == "error"
    assert (attempt["failure"]["kind"], attempt["failure"]["type"]) == (kind, error)
    told = attempt["usage"]
    assert (told["input"], told["output"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert attempt["cost"]["basis"] == "computed"
    assert receipt["settlement"]["cost"]["nano_usd"] == attempt["cost"]["nano_usd"] > 0


async def parse(style: str, client: Any, aclient: Any) -> Any:
    call: dict[str, Any] = {"model": "gpt-4o-mini", "messages": HELLO, "response_format": City}
    if style == "sync":
        return client.chat.completions.parse(**call)
    return await aclient.chat.completions.parse(**call)


@modes
@both
async def test_a_validators_refusal_is_paid_for(style: str, mode: str, world: Any, client: Any, aclient: Any) -> None:
    """The caller's own model refuses what the provider said: pydantic's error, and the bill."""
    world.on(HOME, mode)
    with pytest.raises(pydantic.ValidationError):
        await parse(style, client, aclient)
    paid(world, "internal", "ValidationError")
    assert len(world.openai.seen) == 1


@modes
def test_an_answer_that_was_cut_off_is_paid_for(mode: str, world: Any, client: Any) -> None:
    """The SDK refuses to parse it."""
    world.chat = lambda _: json_answer(cut())
    world.on(HOME, mode)
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="gpt-4o-mini", messages=HELLO, response_format=City)
    paid(world, "context_length", "LengthFinishReasonError")


def cut() -> Any:
    body = chat_body('{"na')
    body["choices"][0]["finish_reason"] = "length"
    return body


@modes
def test_what_strict_validation_refuses_is_paid_for(mode: str, world: Any) -> None:
    """A field of another kind than the SDK's own type says."""
    world.chat = lambda _: json_answer({**chat_body("Hello."), "created": "today"})
    world.on(HOME, mode)
    with (
        openai.OpenAI(max_retries=0, _strict_response_validation=True) as client,
        pytest.raises(openai.APIResponseValidationError),
    ):
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    waypost.flush()
    attempt = receipt_of(world)["hops"][0]["attempt"]
    assert attempt["usage"]["output"] == chat_body("x")["usage"]["completion_tokens"]
    assert attempt["failure"]["type"] == "APIResponseValidationError"


@modes
def test_half_a_json_is_paid_for_as_far_as_it_says(mode: str, world: Any, client: Any) -> None:
    """The body breaks off behind its usage."""
    whole = json.dumps(chat_body("Hello.")).encode()
    body = whole[: whole.index(b'"usage"')] + b'"usage": ' + json.dumps(chat_body("x")["usage"]).encode() + b", "
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    world.chat = lambda _: [head.encode() + body]
    world.on(HOME, mode)
    with pytest.raises(json.JSONDecodeError):
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    paid(world, "malformed", "JSONDecodeError")


def test_an_answer_of_elsewhere_that_cannot_be_translated_is_paid_for(world: Any, client: Any) -> None:
    """Another dialect's answer whose content is none."""
    world.messages = lambda _: json_answer({**message_body(), "content": "Bonjour."})
    world.on(HOME.replace("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"))
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    attempt = receipt_of(world)["hops"][0]["attempt"]
    assert attempt["failure"]["kind"] == "malformed"
    assert attempt["usage"]["output"] == message_body()["usage"]["output_tokens"]
    assert attempt["cost"]["basis"] == "computed"
