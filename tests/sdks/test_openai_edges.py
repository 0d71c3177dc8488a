"""Odd clients and second calls: what a careful stranger found by trying to break it."""

from __future__ import annotations

import logging
import sys
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_chunks, json_answer, message_body, message_events, sse_answer
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
CLAUDE = "filter: [provider == anthropic]\nrank: cheapest"
both = pytest.mark.parametrize("style", ["sync", "async"])


def policy_of(answer: Any) -> str:
    return waypost.receipt(answer).to_dict()["policy"]["name"]


def test_a_second_call_changes_only_what_it_is_given(world: Any, client: Any) -> None:
    """A mode, or nothing at all, never lifts the policy that was chosen before; neither does switching off and on."""
    world.on(CLAUDE, "advise")
    for again in ({"mode": "route"}, {}, {"mode": None}):
        waypost.auto_instrument(**again)
        answer = client.chat.completions.create(model="auto", messages=HELLO)
        assert (policy_of(answer), answer.choices[0].message.content) == ("sdk-tests", "Bonjour.")
    waypost.uninstrument()
    waypost.auto_instrument()
    assert policy_of(client.chat.completions.create(model="auto", messages=HELLO)) == "sdk-tests"


def test_registered_clients_outlive_a_reload(world: Any) -> None:
    """Their keys are still used and their base URLs still known."""
    with (
        openai.OpenAI(base_url=world.openai.url + "/gateway/v1", api_key="k", max_retries=0) as mine,
        openai.OpenAI(max_retries=0) as other,
    ):
        world.on("filter: [target == openai/gpt-4o-mini]")
        waypost.use("openai", mine)
        assert mine.chat.completions.create(model="auto", messages=HELLO).model == "gpt-4o-mini"
        assert waypost.reload()
        assert mine.chat.completions.create(model="auto", messages=HELLO).model == "gpt-4o-mini"
        del other


@both
async def test_a_client_with_a_callable_key(style: str, world: Any) -> None:
    """Its key is made when it sends; the answers and errors that we build need none."""

    async def akey() -> str:
        return "dynamic"

    world.on(CLAUDE)
    call: dict[str, Any] = {"model": "auto", "messages": HELLO}
    with openai.OpenAI(api_key=lambda: "dynamic", max_retries=0) as sync:
        async with openai.AsyncOpenAI(api_key=akey, max_retries=0) as asynchronous:
            if style == "sync":
                answer = sync.chat.completions.create(**call)
                with pytest.raises(openai.BadRequestError):
                    sync.chat.completions.create(n=2, **call)
            else:
                answer = await asynchronous.chat.completions.create(**call)
                with pytest.raises(openai.BadRequestError):
                    await asynchronous.chat.completions.create(n=2, **call)
    assert answer.choices[0].message.content == "Bonjour."


def test_a_subclass_that_takes_anything(world: Any) -> None:
    """A `_process_response` of the user's own that passes keywords on."""

    class Mine(openai.OpenAI):
        def _process_response(self, *args: Any, **kwargs: Any) -> Any:
            return super()._process_response(*args, **kwargs)

    world.on(CLAUDE)
    with Mine(max_retries=0) as client:
        assert client.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content == "Bonjour."


def test_a_registered_client_keeps_the_callers_timeout(world: Any) -> None:
    """The deadline holds for it too."""
    world.chat = lambda request: [3.0]
    world.on("filter: [provider == groq]\nfallback: {max_attempts: 1}")
    with (
        openai.OpenAI(base_url=world.openai.url + "/groq", api_key="k", max_retries=0) as groq,
        openai.OpenAI(max_retries=0, timeout=0.5) as client,
    ):
        waypost.use("groq", groq)
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="auto", messages=HELLO)


def test_a_body_that_cannot_be_read_is_the_callers_fault(world: Any, client: Any) -> None:
    """A concrete model is sent on, for its provider to refuse; `auto` is refused natively; both leave a receipt."""
    odd: Any = [{"role": "tester", "content": "x"}]
    world.chat = lambda request: json_answer({"error": {"message": "bad role", "type": "invalid_request_error"}}, 400)
    world.on(CLAUDE, "advise")
    with waypost.context(request_id="concrete"), pytest.raises(openai.BadRequestError, match="bad role"):
        client.chat.completions.create(model="gpt-4o", messages=odd)
    with waypost.context(request_id="auto"), pytest.raises(openai.BadRequestError, match="role"):
        client.chat.completions.create(model="auto", messages=odd)
    assert len(world.openai.seen) == 1
    assert waypost.receipt("concrete").status == "error"
    assert waypost.receipt("auto").status == "rejected"
    assert instrument.engine().faults.counts == {}


def test_a_call_that_failed_open_has_a_receipt(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What happened is told, although nothing could be decided."""

    def broken(*_: Any) -> Any:
        raise KeyError("x")

    world.on(CLAUDE, "advise")
    monkeypatch.setattr("waypost.core.routing.prepare.extract", broken)
    answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    receipt = waypost.receipt(answer)
    assert receipt.status == "ok"
    assert receipt.to_dict()["hops"][0]["attempt"]["usage"]["input"] == 12


def test_no_cookie_is_kept(world: Any, client: Any) -> None:
    """What one call was given does not go along with the next."""
    world.messages = lambda request: json_answer(message_body(), set_cookie="sid=abc; Path=/")
    world.on(CLAUDE)
    for _ in range(2):
        client.chat.completions.create(model="auto", messages=HELLO)
    assert ["cookie" in request.headers for request in world.anthropic.seen] == [False, False]


async def test_a_sync_client_does_not_serve_async_calls(
    world: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered for one colour, an endpoint is without credentials in the other."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    world.on("rules: [{name: groq, use: [groq/llama-3.3-70b-versatile]}]")
    with openai.OpenAI(base_url=world.anthropic.url, api_key="k") as other:
        waypost.use("groq", other)
        with pytest.raises(openai.BadRequestError, match="no credentials for groq"):
            await aclient.chat.completions.create(model="auto", messages=HELLO)
    assert world.anthropic.seen == []


def test_nothing_of_the_callers_text_is_recorded(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Hints carry values of the caller's own; receipts have their names only, and a debug log has places only."""
    world.on("filter: [target == openai/gpt-4o-mini]")
    answer = client.chat.completions.create(
        model="auto", messages=HELLO, extra_body={"prompt_cache_key": "ana-secret-key"}
    )
    assert "ana-secret-key" not in str(waypost.receipt(answer).to_dict())
    with caplog.at_level(logging.DEBUG, "waypost"):
        try:
            raise ValueError("secret prompt")
        except ValueError as error:
            instrument.engine().faults.note("test", error, "nothing happened")
    assert "test failed at test_openai_edges.py" in caplog.text
    assert "secret prompt" not in caplog.text


def test_the_usage_of_a_cut_stream_is_an_estimate(world: Any, client: Any) -> None:
    """`message_start` counts one token as a placeholder; what had been produced is counted, and called estimated."""
    events = message_events(["Four ", "score ", "and ", "seven "])
    world.messages = lambda request: sse_answer([*events[:7], 0.5])
    world.on(CLAUDE)
    held = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
    for chunk in held:
        if chunk.choices and chunk.choices[0].delta.content == "and ":
            break
    held.close()
    usage = waypost.receipt(held).to_dict()["settlement"]["usage"]
    assert usage["estimated"] is True
    assert usage["output"] >= 3


def test_a_function_without_parameters_may_be_called_with_empty_text(world: Any, client: Any) -> None:
    """Models do; the history still goes to the other vendor, as an empty object."""
    history: Any = [
        *HELLO,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "now", "arguments": ""}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
    ]
    tools: Any = [{"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}]
    world.on(CLAUDE)
    client.chat.completions.create(model="auto", messages=history, tools=tools)
    blocks = world.anthropic.seen[0].body["messages"][1]["content"]
    assert blocks == [{"type": "tool_use", "id": "call_1", "name": "now", "input": {}}]


def test_the_providers_request_id_is_on_a_translated_answer(world: Any, client: Any) -> None:
    """Under the name that the caller's SDK reads."""
    world.chat = lambda request: sse_answer(chat_chunks(["x"]))
    world.on(CLAUDE)
    assert client.chat.completions.create(model="auto", messages=HELLO)._request_id == "req_anthropic"


@both
async def test_a_stream_that_was_read_at_once_is_no_broken_answer(style: str, world: Any) -> None:
    """A double of somebody's test hands the whole stream over: no failure is counted, however often it is asked."""
    first = openai.OpenAI(api_key="k")
    library = sys.modules[type(first._client).__mro__[-2].__module__.partition(".")[0]]
    body = b"".join(sse_answer(chat_chunks(["Hi."]))[1:])
    double = library.MockTransport(
        lambda request: library.Response(200, content=body, headers={"content-type": "text/event-stream"})
    )
    world.on("filter: [target == openai/gpt-4o]")
    for _ in range(12):
        if style == "sync":
            with openai.OpenAI(http_client=library.Client(transport=double)) as client:
                stream = client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
                said = [chunk.choices[0].delta.content for chunk in stream]
        else:
            async with openai.AsyncOpenAI(http_client=library.AsyncClient(transport=double)) as client:
                stream = await client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
                said = [chunk.choices[0].delta.content async for chunk in stream]
        assert "".join(word or "" for word in said) == "Hi."
    first.close()
