"""Every call style of generate content, at home and by another vendor: the caller keeps what it had (S4.01)."""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

import pydantic
import pytest
from google import genai
from google.genai import errors
from google.genai.types import GenerateContentResponse

import waypost
from stub_provider import (
    RESET,
    chat_body,
    chat_tool_body,
    generated_body,
    generated_calls,
    json_answer,
    message_events,
    sse_answer,
)

HOME = "filter: [target == google/gemini-2.5-flash]"
AWAY = "filter: [target == openai/gpt-4o-mini]"
WORDS = ['{"name": "Paris", ', '"country": "France"}']
OURS = {"x-waypost-receipt", "x-perpetuo-routing-decision", "x-perpetuo-router-decision"}
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


async def generate(style: str, gemini: Any, **keys: Any) -> GenerateContentResponse:
    call = {"model": "auto", "contents": "Where is Paris?", **keys}
    if style == "sync":
        return gemini.models.generate_content(**call)
    return await gemini.aio.models.generate_content(**call)


async def stream(style: str, gemini: Any, **keys: Any) -> list[GenerateContentResponse]:
    call = {"model": "auto", "contents": "Where is Paris?", **keys}
    if style == "sync":
        return list(gemini.models.generate_content_stream(**call))
    return [chunk async for chunk in await gemini.aio.models.generate_content_stream(**call)]


@both
@places
async def test_generate(style: str, place: str, answering: Any, gemini: Any) -> None:
    """A plain call returns the SDK's own type, with usage, finish reason and a receipt (S1.01, S1.04, S3.05)."""
    on(answering, place)
    answer = await generate(style, gemini)
    assert type(answer) is GenerateContentResponse
    assert answer.text == "".join(WORDS)
    assert answer.candidates[0].finish_reason == "STOP"
    counted = answer.usage_metadata
    assert (counted.prompt_token_count, counted.candidates_token_count) == ((9, 3) if place == "home" else (12, 5))
    record = waypost.receipt(answer).to_dict()
    assert (record["status"], record["call"]["sdk"]) == ("ok", "google-genai")
    assert record["settlement"]["usage"]["estimated"] is False
    told = json.loads(answer.sdk_http_response.headers["x-perpetuo-routing-decision"])
    assert told["session_id"] == waypost.receipt(answer).id
    if place == "home":
        assert answering.google.seen[0].path.endswith("/models/gemini-2.5-flash:generateContent")
    else:
        assert answering.google.seen == []


@both
@places
async def test_streams(style: str, place: str, answering: Any, gemini: Any) -> None:
    """Native chunks, settled with the true usage when they end."""
    on(answering, place)
    chunks = await stream(style, gemini)
    assert {type(chunk) for chunk in chunks} == {GenerateContentResponse}
    assert "".join(chunk.text or "" for chunk in chunks) == "".join(WORDS)
    assert chunks[-1].candidates[0].finish_reason == "STOP"
    record = waypost.receipt(chunks[0]).to_dict()
    assert record["status"] == "ok"
    usage = record["settlement"]["usage"]
    assert (usage["input"], usage["output"], usage["estimated"]) == ((9, 3) if place == "home" else (12, 2)) + (False,)


@both
@places
async def test_structured_answers(style: str, place: str, answering: Any, gemini: Any) -> None:
    """A schema goes along, and the SDK parses what comes."""
    on(answering, place)
    config = {"response_mime_type": "application/json", "response_schema": City}
    answer = await generate(style, gemini, config=config)
    assert answer.parsed == City(name="Paris", country="France")
    assert waypost.receipt(answer).status == "ok"


@both
@places
async def test_chats(style: str, place: str, answering: Any, gemini: Any) -> None:
    """A chat keeps its history of plain and streamed turns, whoever answers."""
    on(answering, place)
    if style == "sync":
        chat = gemini.chats.create(model="auto")
        chat.send_message("one")
        list(chat.send_message_stream("two"))
        last = chat.send_message("three")
    else:
        chat = gemini.aio.chats.create(model="auto")
        await chat.send_message("one")
        [chunk async for chunk in await chat.send_message_stream("two")]
        last = await chat.send_message("three")
    assert len(chat.get_history()) >= 6
    assert last.text == "".join(WORDS)
    assert waypost.receipt(last).status == "ok"
    assert len((answering.google if place == "home" else answering.openai).seen) == 3


@both
@places
async def test_automatic_function_calling(style: str, place: str, answering: Any, gemini: Any) -> None:
    """The function runs in the caller's process, and each round is a call with a receipt of its own."""
    ran: list[str] = []

    def look(city: str) -> str:
        """Look a city up."""
        ran.append(city)
        return "in France"

    answering.chat = lambda request: json_answer(
        chat_body("Done.") if ran else chat_tool_body([("look", {"city": "P"})])
    )
    answering.generate = lambda request: json_answer(
        generated_body("Done.") if ran else generated_calls([("look", {"city": "P"})])
    )
    on(answering, place)
    answer = await generate(style, gemini, config={"tools": [look]})
    assert (ran, answer.text) == (["P"], "Done.")
    assert len(answer.automatic_function_calling_history) == 3
    assert waypost.receipt(answer).status == "ok"
    assert len((answering.google if place == "home" else answering.openai).seen) == 2


@both
@pytest.mark.parametrize(("status", "kind"), [(400, "ClientError"), (429, "ClientError"), (503, "ServerError")])
async def test_errors_at_home_are_the_sdks(style: str, status: int, kind: str, answering: Any, gemini: Any) -> None:
    """The original exception comes out, plain and streamed, and the receipt has the failure."""
    answering.generate = lambda request: json_answer({"error": {"code": status, "message": "m", "status": "S"}}, status)
    answering.on("", "observe")
    for call in (generate, stream):
        with waypost.context(request_id=call.__name__), pytest.raises(errors.APIError) as caught:
            await call(style, gemini, model="gemini-2.5-flash")
        assert (type(caught.value).__name__, caught.value.code) == (kind, status)
        record = waypost.receipt(call.__name__).to_dict()
        assert record["status"] == "error"
        assert record["hops"][0]["attempt"]["failure"]["status"] == status


@both
@pytest.mark.parametrize(("status", "kind"), [(400, "ClientError"), (429, "ClientError"), (500, "ServerError")])
async def test_errors_of_others_are_native_too(style: str, status: int, kind: str, answering: Any, gemini: Any) -> None:
    """What another vendor refuses comes out in the caller's own classes."""
    answering.chat = lambda request: json_answer({"error": {"message": "m", "type": "x"}}, status)
    answering.on(AWAY)
    for call in (generate, stream):
        with pytest.raises(errors.APIError) as caught:
            await call(style, gemini)
        assert (type(caught.value).__name__, caught.value.code) == (kind, status)


@both
async def test_nobody_left_is_a_client_error(style: str, answering: Any, gemini: Any) -> None:
    """S2.19: the message names each candidate's first failed rule."""
    answering.on("filter: [quality > 1]")
    with pytest.raises(errors.ClientError, match="no eligible model") as caught:
        await generate(style, gemini)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


PAIR = """
rules: [{name: pair, use: [google/gemini-2.5-flash, openai/gpt-4o-mini]}]
filter: [quality >= 0]
rank: best
fallback: {max_attempts: 3}
"""


@both
@pytest.mark.parametrize("fault", ["status", "reset", "error first"])
async def test_falling_back_before_the_first_content(style: str, fault: str, answering: Any, gemini: Any) -> None:
    """S3.17: whoever is first, the other answers when it fails."""
    broken: Any = {
        "status": lambda request: json_answer({"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}, 503),
        "reset": lambda request: [RESET],
        "error first": lambda request: sse_answer([{"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}]),
    }
    answering.generate = broken[fault]
    answering.on(PAIR)
    chunks = await stream(style, gemini)
    assert "".join(chunk.text or "" for chunk in chunks) == "".join(WORDS)
    record = waypost.receipt(chunks[0]).to_dict()
    assert record["status"] == "ok"
    assert [hop["attempt"]["target"] for hop in record["hops"]][-1] == "openai/gpt-4o-mini"


@both
async def test_an_error_inside_a_stream_is_native(style: str, answering: Any, gemini: Any) -> None:
    """After content has passed nobody is asked again: the SDK's own error comes."""
    broken = [*message_events(["Hi"])[:4], {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}]
    answering.messages = lambda request: sse_answer(broken)
    answering.on("filter: [target == anthropic/claude-haiku-4-5]")
    with waypost.context(request_id="broken"), pytest.raises(errors.APIError):
        await stream(style, gemini)
    assert waypost.receipt("broken").status == "error"


@places
def test_a_stream_that_is_dropped_is_settled(place: str, answering: Any, gemini: Any) -> None:
    """Breaking off after the first chunk closes the upstream and settles the call."""
    on(answering, place)
    with waypost.context(request_id="dropped"):
        for chunk in gemini.models.generate_content_stream(model="auto", contents="Hi"):
            assert chunk.text
            break
    gc.collect()
    assert waypost.receipt("dropped").status in ("cancelled", "abandoned", "ok")


def test_nothing_is_sent_before_the_first_step(answering: Any, gemini: Any) -> None:
    """A stream is a generator: who never asks it for a chunk has called nobody."""
    answering.on(HOME)
    made = gemini.models.generate_content_stream(model="auto", contents="Hi")
    assert answering.google.seen == []
    next(made)
    assert len(answering.google.seen) == 1


def test_a_call_at_home_is_byte_for_byte_the_callers(answering: Any, gemini: Any) -> None:
    """What the provider receives in observe is what it receives without us."""
    call: Any = {"model": "gemini-2.5-flash", "contents": "Hi", "config": {"temperature": 0.5, "max_output_tokens": 20}}
    gemini.models.generate_content(**call)
    answering.on("", "observe")
    answer = gemini.models.generate_content(**call)
    first, second = answering.google.seen
    assert first.raw == second.raw
    assert waypost.receipt(answer).to_dict()["hops"][0]["attempt"]["target"] == "google/gemini-2.5-flash"


def test_what_a_call_says_for_itself(answering: Any, gemini: Any) -> None:
    """S3.12: claims in the options' headers and extra body are read, and not sent."""
    options = {"headers": {"X-Department": "rd"}, "extra_body": {"waypost": {"workflow": "w"}, "labels": {"a": "b"}}}
    answering.on(HOME)
    answer = gemini.models.generate_content(model="auto", contents="Hi", config={"http_options": options})
    context = waypost.receipt(answer).to_dict()["question"]["context"]
    assert (context["department"], context["workflow"]) == ("rd", "w")
    sent = answering.google.seen[0]
    assert "x-department" not in sent.headers
    assert (sent.body["labels"], "waypost" in sent.body) == ({"a": "b"}, False)
    assert options == {
        "headers": {"X-Department": "rd"},
        "extra_body": {"waypost": {"workflow": "w"}, "labels": {"a": "b"}},
    }


def test_another_vendors_key_is_its_own(answering: Any, gemini: Any) -> None:
    """Neither the caller's key nor its headers go to another endpoint."""
    answering.on(AWAY)
    gemini.models.generate_content(model="auto", contents="Hi")
    assert b"gk-caller-secret" not in answering.openai.seen[0].raw
    assert "x-goog-api-client" not in answering.openai.seen[0].headers


def test_vertex_stays_home(answering: Any, gemini: Any) -> None:
    """Its calls are observed under its own name, whatever the policy would choose."""
    from google.oauth2.credentials import Credentials

    answering.on(AWAY)
    vertex = genai.Client(
        vertexai=True,
        project="p",
        location="eu",
        credentials=Credentials(token="t"),
        http_options={"base_url": answering.google.url},
    )
    answer = vertex.models.generate_content(model="gemini-2.5-flash", contents="Hi")
    vertex.close()
    record = waypost.receipt(answer).to_dict()
    assert (record["mode"], record["question"]["origin"]["provider"]) == ("observe", "gcp.vertex_ai")
    assert answering.openai.seen == []
    assert answering.google.seen[0].path.endswith(
        "projects/p/locations/eu/publishers/google/models/gemini-2.5-flash:generateContent"
    )


def test_other_requests_pass_untouched(world: Any, gemini: Any) -> None:
    """Counting tokens and listing models are none of ours."""
    world.generate = lambda request: json_answer({"totalTokens": 7})
    world.on(HOME)
    counted = gemini.models.count_tokens(model="gemini-2.5-flash", contents="Hi")
    assert counted.total_tokens == 7
    assert waypost.receipt(counted) is None


@both
@pytest.mark.parametrize("mode", ["observe", "route"])
@pytest.mark.parametrize("headers", [{}, {"date": "today"}])
async def test_only_an_answer_with_headers_gets_ours(
    headers: dict[str, str], mode: str, style: str, world: Any, gemini: Any
) -> None:
    """A double in somebody's test has none and is compared as a whole; what came over HTTP tells its receipt."""
    library = sys.modules[type(gemini._api_client._httpx_client).__mro__[-2].__module__.partition(".")[0]]
    frame = b"data: " + json.dumps(generated_body("Ciao.")).encode() + b"\n\n"
    double = library.MockTransport(
        lambda request: library.Response(200, headers=headers, stream=library.ByteStream(frame))
    )
    world.on(HOME, mode)
    options = {"client_args": {"transport": double}, "async_client_args": {"transport": double}}
    with genai.Client(http_options=options) as client:
        chunks = await stream(style, client, model="gemini-2.5-flash")
        await client.aio.aclose()
    assert len(chunks) == 1
    told = chunks[0].sdk_http_response.headers
    ours = OURS if mode == "route" else {"x-waypost-receipt"}
    assert told.keys() == (headers.keys() | ours if headers else set())
