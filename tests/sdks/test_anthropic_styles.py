"""Every call style of Anthropic's messages, at home and by another vendor: the caller keeps what it had (S4.01)."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from typing import Any

import anthropic
import pydantic
import pytest
from anthropic.types import Message
from anthropic.types.beta import BetaMessage

import waypost
from stub_provider import (
    chat_body,
    chat_tool_body,
    json_answer,
    message_body,
    message_tool_body,
)
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Where is Paris?"}]
CALL: dict[str, Any] = {"model": "auto", "max_tokens": 200, "messages": HELLO}
HOME = "filter: [target == anthropic/claude-haiku-4-5]"
AWAY = "filter: [target == openai/gpt-4o-mini]"
WORDS = ['{"name": "Paris", ', '"country": "France"}']
both = pytest.mark.parametrize("style", ["sync", "async"])
places = pytest.mark.parametrize("place", ["home", "away"])
resources = pytest.mark.parametrize("resource", ["messages", "beta"])
TYPES = {"messages": Message, "beta": BetaMessage}


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


def of(style: str, claude: Any, aclaude: Any, resource: str = "messages") -> Any:
    client = claude if style == "sync" else aclaude
    return client.messages if resource == "messages" else client.beta.messages


async def value(made: Any) -> Any:
    return await made if inspect.isawaitable(made) else made


@both
@places
@resources
async def test_create(resource: str, style: str, place: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """A plain call returns the SDK's own type, with usage, stop reason and a receipt (S1.01, S1.04, S3.05)."""
    on(answering, place)
    answer = await value(of(style, claude, aclaude, resource).create(**CALL))
    assert type(answer) is TYPES[resource]
    assert answer.content[0].text == "".join(WORDS)
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == ((10, 4) if place == "home" else (12, 5))
    receipt = waypost.receipt(answer).to_dict()
    assert (receipt["status"], receipt["call"]["sdk"]) == ("ok", "anthropic")
    assert receipt["hops"][0]["attempt"]["finish_reasons"] == ["end_turn" if place == "home" else "stop"]
    assert answer.model_extra["x-perpetuo-routing-decision"]["session_id"] == waypost.receipt(answer).id
    seen = (answering.anthropic if place == "home" else answering.openai).seen[0]
    assert seen.body["model"] == answer.model


@both
@places
@resources
async def test_events_of_a_stream(
    resource: str, style: str, place: str, answering: Any, claude: Any, aclaude: Any
) -> None:
    """`create(stream=True)` gives the SDK's own stream of events, settled when it ends."""
    on(answering, place)
    held = await value(of(style, claude, aclaude, resource).create(stream=True, **CALL))
    assert type(held).__name__ in ("Stream", "AsyncStream")
    events = list(held) if style == "sync" else [event async for event in held]
    assert (events[0].type, events[-1].type) == ("message_start", "message_stop")
    assert "".join(event.delta.text for event in events if event.type == "content_block_delta") == "".join(WORDS)
    record = waypost.receipt(held).to_dict()
    assert record["status"] == "ok"
    usage = record["settlement"]["usage"]
    assert (usage["input"], usage["output"], usage["estimated"]) == (10 if place == "home" else 12, 2, False)


@both
@places
@resources
async def test_the_stream_helper(
    resource: str, style: str, place: str, answering: Any, claude: Any, aclaude: Any
) -> None:
    """The accumulating helper's text and final message, whose receipt is the stream's."""
    on(answering, place)
    manager = of(style, claude, aclaude, resource).stream(**CALL)
    if style == "sync":
        with manager as helper:
            text = "".join(helper.text_stream)
            final = helper.get_final_message()
    else:
        async with manager as helper:
            text = "".join([piece async for piece in helper.text_stream])
            final = await helper.get_final_message()
    assert text == "".join(WORDS)
    assert isinstance(final, Message | BetaMessage)
    assert final.usage.output_tokens == 2
    assert waypost.receipt(helper).status == "ok"
    assert waypost.receipt(final).id == waypost.receipt(helper).id


@pytest.mark.filterwarnings("ignore:The 'output_format' parameter:DeprecationWarning")
@both
@places
@resources
async def test_parse(resource: str, style: str, place: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """`parse` posts by itself; the model is parsed by the SDK."""
    on(answering, place)
    api = of(style, claude, aclaude, resource)
    if not hasattr(api, "parse"):
        return  # the floor's has none
    answer = await value(api.parse(output_format=City, **CALL))
    assert answer.parsed_output == City(name="Paris", country="France")
    assert waypost.receipt(answer).status == "ok"


@both
@places
async def test_raw_responses(style: str, place: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """`with_raw_response` keeps its class, headers and `parse()`."""
    on(answering, place)
    raw = await value(of(style, claude, aclaude).with_raw_response.create(**CALL))
    assert type(raw).__name__ in ("LegacyAPIResponse", "APIResponse", "AsyncAPIResponse")
    assert raw.status_code == 200
    assert raw.headers["content-type"].startswith("application/json")
    assert raw.elapsed.total_seconds() >= 0
    parsed = await value(raw.parse())
    assert type(parsed) is Message
    assert waypost.receipt(raw).id == waypost.receipt(parsed).id
    assert raw.headers["x-waypost-receipt"] == waypost.receipt(raw).id


@both
@places
@pytest.mark.parametrize("streaming", [False, True])
async def test_streaming_responses(
    streaming: bool, style: str, place: str, answering: Any, claude: Any, aclaude: Any
) -> None:
    """`with_streaming_response` hands out an unread body; it is settled when it has been read."""
    on(answering, place)
    manager = of(style, claude, aclaude).with_streaming_response.create(stream=streaming, **CALL)
    if style == "sync":
        with manager as response:
            assert not response.is_closed
            text = "".join(response.iter_text())
            receipt = waypost.receipt(response)
    else:
        async with manager as response:
            assert not response.is_closed
            text = "".join([piece async for piece in response.iter_text()])
            receipt = waypost.receipt(response)
    assert "Paris" in text
    assert ("message_stop" in text) == streaming
    record = waypost.receipt(receipt.id).to_dict()
    assert record["status"] == "ok"
    assert record["settlement"]["usage"]["estimated"] is False


@both
@places
async def test_tools(style: str, place: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """Two tool calls in one answer arrive as native blocks with parsed input; the results go back in the next turn."""
    calls = [("look", {"city": "Paris"}), ("count", {"n": 2})]
    answering.chat = lambda request: json_answer(chat_tool_body(calls, request.body["model"]))
    answering.messages = lambda request: json_answer(message_tool_body(calls, request.body["model"]))
    on(answering, place)
    tools: Any = [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name, _ in calls]
    api = of(style, claude, aclaude)
    first = await value(api.create(tools=tools, **CALL))
    assert first.stop_reason == "tool_use"
    assert [(block.name, block.input) for block in first.content if block.type == "tool_use"] == calls
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "ok"}
        for block in first.content
        if block.type == "tool_use"
    ]
    turns = [*HELLO, {"role": "assistant", "content": first.content}, {"role": "user", "content": results}]
    again = await value(api.create(tools=tools, **{**CALL, "messages": turns}))
    assert waypost.receipt(again).status == "ok"


def statuses() -> list[str]:
    """Of all receipts."""
    engine = instrument.engine()
    assert waypost.flush()
    store = engine.lookup.store()
    return [store.get(summary.id).status for summary in store.summaries()]


@pytest.mark.parametrize("place", ["home", "away"])
def test_the_tool_runner(place: str, answering: Any, claude: Any) -> None:
    """Each round of the runner is a call with one receipt, and the tool runs in the caller's process."""
    if not hasattr(claude.beta.messages, "tool_runner"):
        return  # the floor's has none
    ran: list[str] = []

    @anthropic.beta_tool
    def look(city: str) -> str:
        """Look a city up.

        Args:
            city: its name
        """
        ran.append(city)
        return "It is in France."

    def rounds(tool: Any, plain: Any) -> Any:
        def answer(request: Any) -> Any:
            model = request.body["model"]
            return json_answer(plain("Done.", model) if ran else tool([("look", {"city": "Paris"})], model))

        return answer

    answering.chat = rounds(chat_tool_body, chat_body)
    answering.messages = rounds(message_tool_body, message_body)
    on(answering, place)
    final = claude.beta.messages.tool_runner(tools=[look], **CALL).until_done()
    assert (ran, final.content[0].text) == (["Paris"], "Done.")
    assert waypost.receipt(final).status == "ok"
    seen = (answering.anthropic if place == "home" else answering.openai).seen
    assert len(seen) == 2
    assert statuses() == ["ok", "ok"]


@both
async def test_a_body_of_iterators_is_read_once(style: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """Messages may be any iterable, which can be read once only; the provider gets all of it."""

    def once() -> Iterator[Any]:
        yield HELLO[0]

    on(answering, "home")
    answer = await value(of(style, claude, aclaude).create(model="auto", max_tokens=20, messages=once()))
    assert answering.anthropic.seen[0].body["messages"] == HELLO
    assert waypost.receipt(answer).status == "ok"


@both
async def test_a_clients_copy_is_a_client(style: str, answering: Any, claude: Any, aclaude: Any) -> None:
    """`with_options` makes one of the same class; clients from before are wrapped, for the class is."""
    on(answering, "away")
    client = (claude if style == "sync" else aclaude).with_options(timeout=3.0, max_retries=1)
    answer = await value(client.messages.create(**CALL))
    assert type(answer) is Message


@places
def test_a_strict_client_accepts_the_answer(place: str, answering: Any) -> None:
    """`_strict_response_validation` finds every field of the SDK's own types."""
    on(answering, place)
    with anthropic.Anthropic(max_retries=0, _strict_response_validation=True) as client:
        answer = client.messages.create(**CALL)
        events = list(client.messages.create(stream=True, **CALL))
    assert answer.content[0].text == "".join(WORDS)
    assert events[-1].type == "message_stop"


@places
def test_answers_pickle(place: str, answering: Any, claude: Any) -> None:
    """Nothing of ours hangs on the native object that could not travel."""
    on(answering, place)
    answer = claude.messages.create(**CALL)
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_a_call_at_home_is_byte_for_byte_the_callers(world: Any, claude: Any) -> None:
    """What the provider receives in observe is what it receives without us."""
    call: Any = {"model": "claude-haiku-4-5", "max_tokens": 20, "messages": HELLO}
    claude.messages.create(**call)
    world.on("", "observe")
    answer = claude.messages.create(**call)
    first, second = world.anthropic.seen
    assert first.raw == second.raw
    assert waypost.receipt(answer).to_dict()["hops"][0]["attempt"]["target"] == "anthropic/claude-haiku-4-5"


def test_other_requests_pass_untouched(world: Any, claude: Any) -> None:
    """Counting tokens, listing models and batches are none of ours."""
    world.messages = lambda request: json_answer({"input_tokens": 7})
    world.on(HOME)
    counted = claude.messages.count_tokens(model="claude-haiku-4-5", messages=HELLO)
    assert counted.input_tokens == 7
    assert waypost.receipt(counted) is None


@both
@pytest.mark.parametrize(("query", "goes"), [({"beta": "true"}, True), ({"beta": "true", "team": "7"}, False)])
async def test_the_query_of_beta_messages_keeps_nobody_at_home(
    query: dict[str, str], goes: bool, style: str, answering: Any, claude: Any, aclaude: Any
) -> None:
    """``beta=true`` is a word of the SDK, which its majors put there or leave out; others are the caller's."""
    on(answering, "away")
    create = of(style, claude, aclaude, "beta").create
    if goes:
        assert (await value(create(extra_query=query, **CALL))).content[0].text == "".join(WORDS)
    else:
        with pytest.raises(anthropic.BadRequestError, match="no custom_query"):
            await value(create(extra_query=query, **CALL))
    assert (len(answering.openai.seen), len(answering.anthropic.seen)) == (int(goes), 0)
