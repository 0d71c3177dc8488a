"""Every call style of chat completions, at home and by another vendor: the caller keeps what it had (S4.01)."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion, ParsedChatCompletion

import waypost

HELLO: Any = [{"role": "user", "content": "Where is Paris?"}]
HOME = "filter: [target == openai/gpt-4o-mini]"
AWAY = "filter: [target == anthropic/claude-haiku-4-5]"
both = pytest.mark.parametrize("style", ["sync", "async"])
places = pytest.mark.parametrize("place", ["home", "away"])


class City(pydantic.BaseModel):
    name: str
    country: str


@pytest.fixture
def answering(world: Any) -> Any:
    """All providers answer with the same JSON, plain or streamed."""
    world.say(['{"name": "Paris", ', '"country": "France"}'])
    return world


def on(world: Any, place: str) -> None:
    world.on(HOME if place == "home" else AWAY)


@both
@places
async def test_parse(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """`parse` does not call `create`; the model is parsed by the SDK itself."""
    on(answering, place)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "response_format": City}
    answer = client.chat.completions.parse(**call) if style == "sync" else await aclient.chat.completions.parse(**call)
    assert isinstance(answer, ParsedChatCompletion)
    assert answer.choices[0].message.parsed == City(name="Paris", country="France")
    assert waypost.receipt(answer).status == "ok"


@both
@places
async def test_the_stream_helper(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """The accumulating helper ends with a parsed completion, whose receipt is the stream's."""
    on(answering, place)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "response_format": City}
    if style == "sync":
        with client.chat.completions.stream(**call) as helper:
            kinds = {event.type for event in helper}
            final = helper.get_final_completion()
            receipt = waypost.receipt(helper)
    else:
        async with aclient.chat.completions.stream(**call) as helper:
            kinds = {event.type async for event in helper}
            final = await helper.get_final_completion()
            receipt = waypost.receipt(helper)
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert final.choices[0].message.parsed == City(name="Paris", country="France")
    assert receipt.status == "ok"
    assert waypost.receipt(final).id == receipt.id


@both
@places
async def test_raw_responses(style: str, place: str, answering: Any, client: Any, aclient: Any) -> None:
    """`with_raw_response` keeps its class, headers and `parse()`."""
    on(answering, place)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO}
    raw = (
        client.chat.completions.with_raw_response.create(**call)
        if style == "sync"
        else await aclient.chat.completions.with_raw_response.create(**call)
    )
    assert type(raw).__name__ == "LegacyAPIResponse"
    assert raw.status_code == 200
    assert raw.headers["content-type"].startswith("application/json")
    assert 0 < raw.elapsed.total_seconds() < 60
    parsed = raw.parse()
    assert type(parsed) is ChatCompletion
    assert waypost.receipt(raw).id == waypost.receipt(parsed).id


@both
@places
@pytest.mark.parametrize("streaming", [False, True])
async def test_streaming_responses(
    streaming: bool, style: str, place: str, answering: Any, client: Any, aclient: Any
) -> None:
    """`with_streaming_response` hands out an unread body; it is settled when it has been read."""
    on(answering, place)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "stream": streaming}
    if style == "sync":
        with client.chat.completions.with_streaming_response.create(**call) as response:
            assert not response.is_closed
            text = "".join(response.iter_text())
            receipt = waypost.receipt(response)
    else:
        async with aclient.chat.completions.with_streaming_response.create(**call) as response:
            assert not response.is_closed
            text = "".join([piece async for piece in response.iter_text()])
            receipt = waypost.receipt(response)
    assert "Paris" in text
    assert ("data: [DONE]" in text) == streaming
    record = waypost.receipt(receipt.id).to_dict()
    assert record["status"] == "ok"
    assert record["settlement"]["usage"]["estimated"] is False


@both
async def test_with_options_keeps_timeouts_and_retries(style: str, answering: Any, client: Any, aclient: Any) -> None:
    """A copy of a client is a client."""
    on(answering, "away")
    call: dict[str, Any] = {"model": "auto", "messages": HELLO}
    made = (
        (client if style == "sync" else aclient)
        .with_options(timeout=3.0, max_retries=1)
        .chat.completions.create(**call)
    )
    answer = made if style == "sync" else await made
    assert type(answer) is ChatCompletion


@places
def test_a_strict_client_accepts_the_answer(place: str, answering: Any) -> None:
    """`_strict_response_validation` finds every field of the SDK's own type."""
    on(answering, place)
    with openai.OpenAI(max_retries=0, _strict_response_validation=True) as client:
        answer = client.chat.completions.create(model="auto", messages=HELLO)
        chunks = list(client.chat.completions.create(model="auto", messages=HELLO, stream=True))
    assert answer.choices[0].message.content.startswith("{")
    assert chunks[-1].choices[0].finish_reason == "stop"


@places
def test_answers_pickle(place: str, answering: Any, client: Any) -> None:
    """Nothing of ours hangs on the native object that could not travel."""
    on(answering, place)
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_signatures_and_colours_are_kept() -> None:
    """Tools that inspect the SDK see what they saw."""
    base = openai._base_client
    assert inspect.iscoroutinefunction(base.AsyncAPIClient.request)
    assert not inspect.iscoroutinefunction(base.SyncAPIClient.request)
    assert list(inspect.signature(base.SyncAPIClient.request).parameters)[:3] == ["self", "cast_to", "options"]


@places
def test_receipts_of_interleaved_threads(place: str, answering: Any, client: Any) -> None:
    """Each result finds its own receipt, whoever made it when."""
    on(answering, place)

    def one(index: int) -> tuple[Any, str]:
        with waypost.context(request_id=f"thread-{index}"):
            return client.chat.completions.create(model="auto", messages=HELLO), f"thread-{index}"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(24)))
    assert [waypost.receipt(answer).to_dict()["call"]["request_id"] for answer, _ in results] == [
        name for _, name in results
    ]


@places
async def test_receipts_of_interleaved_tasks(place: str, answering: Any, aclient: Any) -> None:
    """The same for tasks of one loop, streamed and plain mixed."""
    on(answering, place)

    async def one(index: int) -> tuple[Any, str]:
        with waypost.context(request_id=f"task-{index}"):
            answer = await aclient.chat.completions.create(model="auto", messages=HELLO, stream=index % 2 == 0)
        if index % 2 == 0:
            async for _ in answer:
                await asyncio.sleep(0)
        return answer, f"task-{index}"

    results = await asyncio.gather(*(one(index) for index in range(16)))
    assert [waypost.receipt(answer).to_dict()["call"]["request_id"] for answer, _ in results] == [
        name for _, name in results
    ]


@both
async def test_the_callers_body_is_not_changed(style: str, answering: Any, client: Any, aclient: Any) -> None:
    """Dicts that the caller keeps and uses again are never edited."""
    on(answering, "away")
    extra = {"routing_preference": "cost", "waypost": {"workflow": "w"}}
    headers = {"X-Department": "rd"}
    messages = [dict(HELLO[0])]
    call: dict[str, Any] = {"model": "auto", "messages": messages, "extra_body": extra, "extra_headers": headers}
    if style == "sync":
        client.chat.completions.create(**call)
    else:
        await aclient.chat.completions.create(**call)
    assert extra == {"routing_preference": "cost", "waypost": {"workflow": "w"}}
    assert headers == {"X-Department": "rd"}
    assert messages == HELLO
