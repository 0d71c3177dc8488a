"""Every call style of OpenAI's responses, at home and by another vendor: the caller keeps what it had (S4.01)."""

from __future__ import annotations

import inspect
from typing import Any

import openai
import pydantic
import pytest
from openai.types.responses import ParsedResponse, Response

import waypost
from stub_provider import (
    RESET,
    json_answer,
    message_tool_body,
    response_body,
)

CALL: dict[str, Any] = {"model": "auto", "input": "Where is Paris?", "store": False}
HOME = "filter: [target == openai/gpt-4o-mini]"
AWAY = "filter: [target == anthropic/claude-haiku-4-5]"
WORDS = ['{"name": "Paris", ', '"country": "France"}']
both = pytest.mark.parametrize("style", ["sync", "async"])
places = pytest.mark.parametrize("place", ["home", "away"])


class City(pydantic.BaseModel):
    name: str
    country: str


@pytest.fixture
def answering(world: Any) -> Any:
    """All providers answer with the same JSON, plain or streamed."""
    world.say(WORDS)
    return world


def on(world: Any, place: str) -> None:
    world.on(HOME if place == "home" else AWAY)


def of(style: str, client: Any, aclient: Any) -> Any:
    return (client if style == "sync" else aclient).responses


async def value(made: Any) -> Any:
    return await made if inspect.isawaitable(made) else made


@both
@places
async def test_create(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """A plain call returns the SDK's own type, with usage, status and a receipt (S1.01, S1.04, S3.05)."""
    on(answering, place)
    answer = await value(of(style, client, aclient).create(**CALL))
    assert type(answer) is Response
    assert (answer.output_text, answer.status) == ("".join(WORDS), "completed")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == ((9, 4) if place == "home" else (12, 4))
    record = waypost.receipt(answer).to_dict()
    attempt = record["hops"][0]["attempt"]
    assert (record["status"], record["call"]["dialect"]) == ("ok", "openai.responses")
    assert attempt["dialect"] == ("openai.responses" if place == "home" else "anthropic.messages")
    assert attempt["finish_reasons"] == ["completed" if place == "home" else "end_turn"]
    assert answer.model_extra["x-perpetuo-routing-decision"]["session_id"] == waypost.receipt(answer).id


@both
@places
async def test_events_of_a_stream(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """`create(stream=True)` gives the SDK's own events, numbered one by one, settled when they end."""
    on(answering, place)
    held = await value(of(style, client, aclient).create(stream=True, **CALL))
    events = list(held) if style == "sync" else [event async for event in held]
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert [event.sequence_number for event in events] == list(range(len(events)))
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == events[-1].response.output_text == "".join(WORDS)
    record = waypost.receipt(held).to_dict()
    assert record["status"] == "ok"
    usage = record["settlement"]["usage"]
    assert (usage["input"], usage["output"], usage["estimated"]) == ((9, 4) if place == "home" else (10, 2)) + (False,)


@both
@places
async def test_parse_and_the_stream_helper(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """Both parse what comes with the SDK's own parser."""
    on(answering, place)
    api = of(style, client, aclient)
    parsed = await value(api.parse(text_format=City, **CALL))
    assert type(parsed).__mro__[0].__name__.startswith(ParsedResponse.__name__)
    assert parsed.output_parsed == City(name="Paris", country="France")
    assert waypost.receipt(parsed).status == "ok"
    if not hasattr(api, "stream"):
        return  # the floor's has none
    if style == "sync":
        with api.stream(text_format=City, **CALL) as helper:
            kinds = {event.type for event in helper}
            final = helper.get_final_response()
    else:
        async with api.stream(text_format=City, **CALL) as helper:
            kinds = {event.type async for event in helper}
            final = await helper.get_final_response()
    assert "response.output_text.delta" in kinds
    assert final.output_parsed == City(name="Paris", country="France")
    assert waypost.receipt(helper).status == "ok"


@both
@places
async def test_raw_responses(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """`with_raw_response` and `with_streaming_response` keep their classes."""
    on(answering, place)
    api = of(style, client, aclient)
    raw = await value(api.with_raw_response.create(**CALL))
    assert type(raw).__name__ == "LegacyAPIResponse"
    assert type(raw.parse()) is Response
    assert raw.headers["x-waypost-receipt"] == waypost.receipt(raw).id
    manager = api.with_streaming_response.create(stream=True, **CALL)
    if style == "sync":
        with manager as response:
            text = "".join(response.iter_text())
    else:
        async with manager as response:
            text = "".join([piece async for piece in response.iter_text()])
    assert "response.completed" in text
    assert waypost.receipt(response).status == "ok"


@both
@places
async def test_tools(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """Two calls in one answer are native items; their results go back in the next turn."""
    calls = [("look", {"city": "Paris"}), ("count", {"n": 2})]
    answering.chat = lambda request: json_answer(response_body("", request.body["model"], calls=calls))
    answering.messages = lambda request: json_answer(message_tool_body(calls, request.body["model"]))
    on(answering, place)
    tools: Any = [
        {"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}} for name, _ in calls
    ]
    api = of(style, client, aclient)
    first = await value(api.create(tools=tools, **CALL))
    assert [item.name for item in first.output if item.type == "function_call"] == ["look", "count"]
    results = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "ok"}
        for item in first.output
        if item.type == "function_call"
    ]
    turns = [{"role": "user", "content": "Hi"}, *first.output, *results]
    again = await value(api.create(tools=tools, **{**CALL, "input": turns}))
    assert waypost.receipt(again).status == "ok"


@both
@pytest.mark.parametrize(
    ("status", "kind"), [(400, "BadRequestError"), (429, "RateLimitError"), (500, "InternalServerError")]
)
async def test_errors(style: str, status: int, kind: str, answering: Any, client: Any, aclient: Any) -> None:
    """What another vendor refuses is the caller's own exception."""
    answering.messages = lambda request: json_answer({"type": "error", "error": {"type": "x", "message": "m"}}, status)
    answering.on(AWAY + "\nfallback: {max_attempts: 1}")
    with pytest.raises(openai.APIStatusError) as caught:
        await value(of(style, client, aclient).create(**CALL))
    assert (type(caught.value).__name__, caught.value.status_code) == (kind, status)


@both
async def test_falling_back_before_the_first_content(style: str, answering: Any, client: Any, aclient: Any) -> None:
    """S3.17: the stream of whoever is first breaks at once, and the other's is given."""
    answering.chat = lambda request: [RESET]
    answering.on(
        """
rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
"""
    )
    held = await value(of(style, client, aclient).create(stream=True, **CALL))
    events = list(held) if style == "sync" else [event async for event in held]
    assert events[-1].response.output_text == "".join(WORDS)
    targets = [hop["attempt"]["target"] for hop in waypost.receipt(held).to_dict()["hops"]]
    assert targets == ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]


def test_what_is_stored_stays_home(answering: Any, client: Any) -> None:
    """A response is stored unless the caller says otherwise, and what is stored can be continued only there."""
    answering.on("filter: ['provider in [openai, anthropic]']\nrank: cheapest")
    call = {"model": "auto", "input": "Hi", "previous_response_id": "resp_0"}
    answer = client.responses.create(**call)
    hop = waypost.receipt(answer).to_dict()["hops"][0]
    assert (hop["attempt"]["provider"], hop["decision"]["cause"]) == ("openai", "non_portable")
    assert answering.anthropic.seen == []


@pytest.mark.parametrize("named", [{}, {"model": "gpt-4o"}])
def test_a_stored_template_owns_its_model(named: dict[str, str], answering: Any, client: Any) -> None:
    """S1.01: such a call is seen and never routed, whether it names a model itself or leaves it to the template."""
    answering.on(AWAY)
    answering.chat = lambda request: json_answer(response_body("Old.", "gpt-4o"))
    answer = client.responses.create(prompt={"id": "pmpt_1"}, **named)
    assert answer.output_text == "Old."
    assert answering.openai.seen[0].body == {"prompt": {"id": "pmpt_1"}, **named}
    assert waypost.receipt(answer).to_dict()["mode"] == "observe"


def test_other_requests_pass_untouched(world: Any, client: Any) -> None:
    """Looking a stored response up is none of ours."""
    world.chat = lambda request: json_answer(response_body("Old."))
    world.on(HOME)
    found = client.responses.retrieve("resp_1")
    assert found.output_text == "Old."
    assert world.openai.seen[0].path == "/v1/responses/resp_1"


@places
def test_beta_responses_are_responses(place: str, answering: Any, client: Any) -> None:
    """The same dialect under another resource: answered in its own type, whole and streamed, at home and elsewhere."""
    beta = getattr(client.beta, "responses", None)
    if beta is None or not hasattr(beta, "create"):
        return  # older versions have none
    on(answering, place)
    answer = beta.create(**CALL)
    assert type(answer).__name__ == "BetaResponse"
    assert answer.output[0].content[0].text == "".join(WORDS)
    assert waypost.receipt(answer).status == "ok"
    words = [event.delta for event in beta.create(stream=True, **CALL) if event.type == "response.output_text.delta"]
    assert "".join(words) == "".join(WORDS)
    seen = (answering.openai if place == "home" else answering.anthropic).seen
    assert len(seen) == 2
