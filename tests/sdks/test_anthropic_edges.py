"""Failures, fallbacks and odd clients of the Anthropic SDK: what the caller sees is always its own SDK's."""

from __future__ import annotations

import gc
import inspect
from typing import Any

import anthropic
import pytest

import waypost
from stub_provider import (
    RESET,
    chat_body,
    chat_chunks,
    json_answer,
    message_body,
    message_events,
    message_tool_body,
    sse_answer,
    text_answer,
)

HELLO: Any = [{"role": "user", "content": "Hi"}]
CALL: dict[str, Any] = {"model": "auto", "max_tokens": 50, "messages": HELLO}
HOME = "filter: [target == anthropic/claude-haiku-4-5]"
AWAY = "filter: [target == openai/gpt-4o-mini]\nfallback: {max_attempts: 1}"
PAIR = """
rules: [{name: pair, use: [anthropic/claude-haiku-4-5, openai/gpt-4o-mini]}]
filter: [quality >= 0]
rank: best
"""
both = pytest.mark.parametrize("style", ["sync", "async"])


async def create(style: str, claude: Any, aclaude: Any, **keys: Any) -> Any:
    made = (claude if style == "sync" else aclaude).messages.create(**{**CALL, **keys})
    return await made if inspect.isawaitable(made) else made


async def said(style: str, held: Any) -> str:
    events = list(held) if style == "sync" else [event async for event in held]
    return "".join(event.delta.text for event in events if event.type == "content_block_delta")


STATUSES = [
    (400, "BadRequestError", "invalid_request_error"),
    (429, "RateLimitError", "rate_limit_error"),
    (500, "InternalServerError", "api_error"),
    (503, "OverloadedError", "overloaded_error"),
]


@both
@pytest.mark.parametrize(("status", "kind", "word"), STATUSES)
async def test_what_another_vendor_refuses(
    style: str, status: int, kind: str, word: str, world: Any, claude: Any, aclaude: Any
) -> None:
    """Status, class and type are the caller's SDK's; the provider's words are not in it."""
    world.chat = lambda request: json_answer({"error": {"message": "their words", "type": "x"}}, status)
    world.on(AWAY)
    with pytest.raises(anthropic.APIStatusError) as caught:
        await create(style, claude, aclaude)
    assert type(caught.value).__name__ in (kind, "InternalServerError")
    assert caught.value.body["error"]["type"] == word
    assert "their words" not in str(caught.value)
    assert caught.value.request.headers["x-api-key" if "x-api-key" in caught.value.request.headers else "authorization"]


@both
async def test_another_vendors_key_is_not_the_callers(style: str, world: Any, claude: Any, aclaude: Any) -> None:
    """A wrong key of ours is no `AuthenticationError` of the caller's."""
    world.chat = lambda request: json_answer({"error": {"message": "bad key", "type": "x"}}, 401)
    world.on(AWAY)
    with pytest.raises(anthropic.APIConnectionError, match="auth"):
        await create(style, claude, aclaude)
    assert b"sk-ant-ours" not in world.openai.seen[0].raw


@both
async def test_errors_at_home_are_the_originals(style: str, world: Any, claude: Any, aclaude: Any) -> None:
    """The SDK's own exception with the provider's body; the receipt has status and type only."""
    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    world.messages = lambda request: json_answer(body, 429, retry_after="7")
    world.on("", "observe")
    with waypost.context(request_id="limited"), pytest.raises(anthropic.RateLimitError, match="slow down"):
        await create(style, claude, aclaude, model="claude-haiku-4-5")
    failure = waypost.receipt("limited").to_dict()["hops"][0]["attempt"]["failure"]
    assert (failure["kind"], failure["status"], failure["type"]) == ("rate_limited", 429, "rate_limit_error")
    assert failure["retry_after_ns"] == 7_000_000_000


@both
async def test_nobody_left(style: str, world: Any, claude: Any, aclaude: Any) -> None:
    """S2.19: a `BadRequestError` with a line for each candidate."""
    world.on("filter: [quality > 1]")
    with pytest.raises(anthropic.BadRequestError, match="no eligible model") as caught:
        await create(style, claude, aclaude)
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert caught.value.body["error"]["code"] == "no_eligible_model"


@both
@pytest.mark.parametrize("fault", ["529", "reset", "html", "error first", "cut"])
async def test_falling_back_before_the_first_content(
    style: str, fault: str, world: Any, claude: Any, aclaude: Any
) -> None:
    """S3.17: whatever breaks first, the other vendor's stream is the caller's."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
    world.messages = {
        "529": lambda request: json_answer(error, 529),
        "reset": lambda request: [RESET],
        "html": lambda request: text_answer("<h1>502</h1>", 502),
        "error first": lambda request: sse_answer([message_events([])[0], error]),
        "cut": lambda request: [*sse_answer(message_events(["x"])[:1]), RESET],
    }[fault]
    world.chat = lambda request: sse_answer(chat_chunks(["Hel", "lo"], usage=True))
    world.on(PAIR)
    held = await create(style, claude, aclaude, stream=True)
    assert await said(style, held) == "Hello"
    record = waypost.receipt(held).to_dict()
    assert record["status"] == "ok"
    assert [hop["attempt"]["target"] for hop in record["hops"]][-1] == "openai/gpt-4o-mini"


@both
@pytest.mark.parametrize("place", ["home", "away"])
async def test_an_error_inside_a_stream(style: str, place: str, world: Any, claude: Any, aclaude: Any) -> None:
    """After content has passed it is the SDK's own: an `APIStatusError` of status 200, as natively."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "m"}}
    world.messages = lambda request: sse_answer([*message_events(["Hi"])[:4], error])
    world.chat = lambda request: sse_answer(
        [*chat_chunks(["Hi"])[:2], {"error": {"message": "m", "type": "server_error"}}]
    )
    world.on(HOME if place == "home" else AWAY)
    held = await create(style, claude, aclaude, stream=True)
    with pytest.raises(anthropic.APIStatusError) as caught:
        await said(style, held)
    assert caught.value.body["type"] == "error"
    record = waypost.receipt(held).to_dict()
    assert record["status"] == ("error" if place == "away" else record["status"])


def test_a_stream_that_is_closed_early(world: Any, claude: Any) -> None:
    """What had been said is counted, and called an estimate."""
    world.messages = lambda request: sse_answer([*message_events(["Four ", "score ", "and "])[:6], 0.5])
    world.on(HOME)
    with claude.messages.create(stream=True, **CALL) as held:
        for event in held:
            if event.type == "content_block_delta" and event.delta.text == "and ":
                break
    gc.collect()
    usage = waypost.receipt(held).to_dict()["settlement"]["usage"]
    assert (usage["input"], usage["estimated"]) == (10, True)
    assert usage["output"] >= 3


def test_a_thread_that_another_model_wrote_is_sent_whole(world: Any, claude: Any) -> None:
    """The provider keeps threads, and of a turn that another vendor answered it knows nothing: the SDK is told that it
    is lost, and sends all of it again."""
    if not hasattr(claude.beta.messages, "thread"):
        return  # older versions have none
    world.on(AWAY)
    thread = claude.beta.messages.thread(model="auto", max_tokens=50)
    assert thread.send({"role": "user", "content": "one"}).content[0].text == "Hello."
    assert thread.send({"role": "user", "content": "two"}).content[0].text == "Hello."
    turns = [message["role"] for message in world.openai.seen[-1].body["messages"]]
    assert turns == ["user", "assistant", "user"]
    assert len(world.openai.seen) == 2


@both
async def test_claims_in_headers_and_bodies(style: str, world: Any, claude: Any, aclaude: Any) -> None:
    """S3.12: they are read, and not sent."""
    world.on(HOME)
    answer = await create(
        style, claude, aclaude, extra_headers={"X-Department": "rd"}, extra_body={"waypost": {"workflow": "w"}}
    )
    context = waypost.receipt(answer).to_dict()["question"]["context"]
    assert (context["department"], context["workflow"]) == ("rd", "w")
    sent = world.anthropic.seen[0]
    assert ("x-department" in sent.headers, "waypost" in sent.body) == (False, False)


@pytest.mark.parametrize(("betas", "goes"), [(["interleaved-thinking-2025-05-14"], True), (["new-2030-01-01"], False)])
def test_betas(betas: list[str], goes: bool, world: Any, claude: Any) -> None:
    """One that only unlocks fields of the body needs no care; of another nobody knows what it asks for."""
    world.on(AWAY)
    if goes:
        assert claude.beta.messages.create(betas=betas, **CALL).content[0].text == "Hello."
        return
    with pytest.raises(anthropic.BadRequestError, match="custom_headers"):
        claude.beta.messages.create(betas=betas, **CALL)


@pytest.mark.parametrize("cloud", ["vertex", "foundry"])
def test_clouds_stay_home(cloud: str, world: Any) -> None:
    """Their calls are observed, whatever the policy would choose."""
    kind = getattr(anthropic, "AnthropicVertex" if cloud == "vertex" else "AnthropicFoundry", None)
    if kind is None:
        return  # the floor's has no Foundry
    keys: dict[str, Any] = {"base_url": world.anthropic.url, "max_retries": 0}
    world.messages = lambda request: json_answer(message_body("Cloudy."))
    keys |= {"region": "eu", "project_id": "p", "access_token": "t"} if cloud == "vertex" else {"api_key": "k"}
    world.on(AWAY)
    with kind(**keys) as client:
        answer = client.messages.create(**{**CALL, "model": "claude-haiku-4-5"})
    record = waypost.receipt(answer).to_dict()
    assert (record["mode"], record["question"]["origin"]["client_class"]) == ("observe", kind.__name__)
    assert world.openai.seen == []


def test_a_subclass_of_the_users(world: Any) -> None:
    """A class of one's own at the known place is routed as any other client."""

    class Mine(anthropic.Anthropic):
        pass

    world.on(AWAY)
    with Mine(max_retries=0) as client:
        assert client.messages.create(**CALL).content[0].text == "Hello."


def test_a_client_at_a_place_of_its_own_stays_home(world: Any) -> None:
    """Nobody knows who is behind an unknown address; `auto` goes there as it is."""
    world.on(AWAY)
    with anthropic.Anthropic(base_url=world.anthropic.url + "/gateway", max_retries=0) as client:
        client.messages.create(**CALL)
    assert world.anthropic.seen[0].body["model"] == "auto"


@both
@pytest.mark.parametrize("answer", ["html", "half", "list"])
async def test_answers_that_are_none(style: str, answer: str, world: Any, claude: Any, aclaude: Any) -> None:
    """Another endpoint's nonsense is a connection error with a clear text, never an exception of ours."""
    whole = json_answer(chat_body())
    world.chat = lambda request: {
        "html": text_answer("<h1>hi</h1>", 200),
        "half": [whole[0], whole[1][:40]],
        "list": json_answer([1, 2]),
    }[answer]
    world.on(AWAY)
    with pytest.raises(anthropic.APIError):
        await create(style, claude, aclaude)


def test_a_registered_client_answers_for_others(world: Any, claude: Any) -> None:
    """S6.15: an own client of Anthropic's, here with another key, is what sends for its endpoint."""
    world.messages = lambda request: json_answer(
        message_tool_body([("f", {})]) if request.body.get("tools") else message_body("Mine.")
    )
    world.on(HOME)
    with anthropic.Anthropic(api_key="other", max_retries=0) as mine:
        waypost.use("anthropic", mine)
        assert mine.messages.create(**CALL).content[0].text == "Mine."


def test_what_was_asked_for_looks_as_without_us(world: Any, claude: Any) -> None:
    """S1.05: where the named model answers at home, only the HTTP headers tell of the decision."""
    body = message_body("Hi.", "claude-haiku-4-5")
    world.messages = lambda request: json_answer(body)
    bare = claude.messages.create(**{**CALL, "model": "claude-haiku-4-5"})
    world.on(HOME)
    answer = claude.messages.create(**{**CALL, "model": "claude-haiku-4-5"})
    assert repr(answer) == repr(bare)
    assert waypost.receipt(answer).to_dict()["mode"] == "route"
    raw = claude.messages.with_raw_response.create(**{**CALL, "model": "claude-haiku-4-5"})
    assert raw.headers["x-waypost-receipt"] == waypost.receipt(raw).id


def test_a_stream_in_a_clouds_own_frames_stays_home(world: Any) -> None:
    """Bedrock's client reads no server-sent events: where it may leave, its plain calls do, and no stream."""

    class BaseBedrockClient:
        """The name by which the SDK's own are known; they need AWS's library."""

    class Bedrock(BaseBedrockClient, anthropic.Anthropic):
        pass

    call = {**CALL, "model": "claude-haiku-4-5"}
    world.on(AWAY + "\nleave: [127.0.0.1]")
    with Bedrock(max_retries=0) as client:
        assert client.messages.create(**call).content[0].text == "Hello."
        with pytest.raises(anthropic.BadRequestError, match=r"stream\.framing"):
            client.messages.create(stream=True, **call)


@both
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_free_form_call_is_a_tool_use(
    style: str, streamed: bool, world: Any, claude: Any, aclaude: Any
) -> None:
    """A server of chat completions answers with a ``custom`` call: its text is the input, and no malformed answer."""
    custom = {"id": "call_1", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    body = chat_body("", "gpt-4o-mini")
    body["choices"][0] |= {"message": {"role": "assistant", "content": None, "tool_calls": [custom]}}
    body["choices"][0]["finish_reason"] = "tool_calls"
    piece = {"id": "c", "model": "m", "object": "chat.completion.chunk", "created": 1}
    chunks = [
        {**piece, "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **custom}]}, "finish_reason": None}]},
        {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
        "[DONE]",
    ]
    world.chat = lambda _: sse_answer(chunks) if streamed else json_answer(body)
    world.on(AWAY)
    call: dict[str, Any] = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    if not streamed:
        answer = await create(style, claude, aclaude)
    elif style == "sync":
        with claude.messages.stream(**call) as stream:
            answer = stream.get_final_message()
    else:
        async with aclaude.messages.stream(**call) as stream:
            answer = await stream.get_final_message()
    assert [(block.name, block.input) for block in answer.content] == [("run", {"input": "ls -l"})]
    assert answer.stop_reason == "tool_use"
