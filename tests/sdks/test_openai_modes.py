"""The ladder off, observe, advise, route on the real OpenAI SDK, sync and async through the same tables (S6.16)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletion

import waypost
from stub_provider import chat_body, chat_chunks, json_answer, message_events, sse_answer

HELLO: Any = [{"role": "user", "content": "What is the capital of France?"}]
CLAUDE = "filter: [provider == anthropic]\nrank: cheapest"


async def complete(style: str, client: Any, aclient: Any, **keys: Any) -> ChatCompletion:
    """One plain call in either colour."""
    if style == "sync":
        return client.chat.completions.create(messages=HELLO, **keys)
    return await aclient.chat.completions.create(messages=HELLO, **keys)


both = pytest.mark.parametrize("style", ["sync", "async"])


@both
@pytest.mark.parametrize("mode", ["observe", "advise"])
async def test_a_concrete_model_runs_unchanged(style: str, mode: str, world: Any, client: Any, aclient: Any) -> None:
    """Observe and advise send the caller's own body to the caller's own endpoint (S1.01), and leave a receipt."""
    world.on(CLAUDE, mode)
    answer = await complete(style, client, aclient, model="gpt-4o")
    assert type(answer) is ChatCompletion
    assert answer.choices[0].message.content == "Hello."
    assert [seen.body for seen in world.openai.seen] == [{"messages": HELLO, "model": "gpt-4o"}]
    assert world.anthropic.seen == []
    receipt = waypost.receipt(answer).to_dict()
    assert receipt["mode"] == mode
    assert receipt["status"] == "ok"
    assert receipt["hops"][0]["attempt"]["target"] == "openai/gpt-4o"
    assert (receipt["hops"][0]["decision"] is None) == (mode == "observe")
    assert answer.model_extra == {}


@both
async def test_a_rollout_marks_both_of_its_sides(style: str, world: Any, client: Any, aclient: Any) -> None:
    """S2.18, S6.08: what a share routed and what it held back can be told from calls that nobody drew for."""
    world.on("filter: [provider == openai]\nrank: cheapest", "{route: 50%}")
    seen = set()
    for _ in range(40):
        call = waypost.receipt(await complete(style, client, aclient, model="gpt-4o")).to_dict()
        seen.add((call["mode"], call["call"].get("drawn")))
    assert seen == {("route", True), ("advise", True)}
    asked = waypost.receipt(await complete(style, client, aclient, model="auto")).to_dict()
    assert (asked["mode"], asked["call"].get("drawn")) == ("route", None)


@both
async def test_off_leaves_no_trace(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Mode off is as if Waypost were not there."""
    world.on(CLAUDE, "off")
    answer = await complete(style, client, aclient, model="gpt-4o")
    assert answer.choices[0].message.content == "Hello."
    assert waypost.receipt(answer) is None


@both
@pytest.mark.parametrize(
    "said",
    [
        {"extra_headers": {"X-Waypost-User": "u-1"}},
        {"extra_headers": {"x-department": "rd"}},
        {"extra_body": {"waypost": {"user": "u-1"}}},
        {"extra_body": {"routing_preference": "cost"}},
    ],
)
async def test_off_still_keeps_what_is_ours(
    style: str, said: dict[str, Any], world: Any, client: Any, aclient: Any
) -> None:
    """What a call says to Waypost is not for its provider, whatever the mode."""
    world.on(CLAUDE, "off")
    await complete(style, client, aclient, model="gpt-4o", **said)
    [seen] = world.openai.seen
    assert seen.body == {"messages": HELLO, "model": "gpt-4o"}
    assert not [name for name in seen.headers if name.startswith("x-waypost") or name == "x-department"]


@both
async def test_a_call_that_says_nothing_is_not_looked_at_where_all_is_off(
    style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1.01: it goes through the wrapper and nothing else of ours."""
    world.on(CLAUDE, "off")
    bound: list[Any] = []
    monkeypatch.setattr("waypost.adapters.sdks.stainless.Bound", bound.append)
    await complete(style, client, aclient, model="gpt-4o")
    assert bound == []


@both
async def test_auto_is_always_routed(style: str, world: Any, client: Any, aclient: Any) -> None:
    """model="auto" is answered by another vendor and comes back as the native type (S1.01, S1.04, S3.05)."""
    world.on(CLAUDE, "advise")
    answer = await complete(style, client, aclient, model="auto")
    assert type(answer) is ChatCompletion
    assert answer.choices[0].message.content == "Bonjour."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens == 12
    assert answer.usage.completion_tokens == 4
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert world.openai.seen == []
    sent = world.anthropic.seen[0]
    assert sent.path == "/v1/messages"
    assert sent.body["messages"] == [{"role": "user", "content": [{"type": "text", "text": HELLO[0]["content"]}]}] or (
        sent.body["messages"] == HELLO
    )
    assert answer.model == sent.body["model"]


@both
@pytest.mark.parametrize("name", ["auto", "best", None])
async def test_names_that_ask_to_be_routed(style: str, name: str | None, world: Any, client: Any, aclient: Any) -> None:
    """auto, best, and no name at all (S1.01)."""
    world.on("filter: [provider == openai]\nrank: cheapest", "advise")
    await complete(style, client, aclient, model=name)
    assert world.openai.seen[0].body["model"] not in ("auto", "best", None)


@both
async def test_an_empty_name_is_for_the_server_to_refuse(style: str, world: Any, client: Any, aclient: Any) -> None:
    """S1.01: OpenAI's SDK lets a model be left out; an empty one is somebody's mistake, as without us."""
    world.on(CLAUDE, "observe")
    await complete(style, client, aclient, model="")
    assert [request.body["model"] for request in world.openai.seen] == [""]
    assert world.anthropic.seen == []


@both
async def test_the_decision_is_on_the_response(style: str, world: Any, client: Any, aclient: Any) -> None:
    """S1.05, S1.06: session, provider, model, reasoning, tradeoff and savings."""
    world.on(CLAUDE)
    answer = await complete(style, client, aclient, model="auto", extra_body={"routing_preference": "cost"})
    told = answer.model_extra["x-perpetuo-routing-decision"]
    assert set(told) == {
        "session_id",
        "selected_provider",
        "selected_model",
        "reasoning",
        "tradeoff",
        "estimated_cost_savings",
    }
    assert told["selected_provider"] == "anthropic"
    assert told["selected_model"] == world.anthropic.seen[0].body["model"]
    assert told["tradeoff"] == "cost"
    assert told["session_id"] == waypost.receipt(answer).id
    assert "routing_preference" not in world.anthropic.seen[0].body


def test_the_decision_is_in_the_headers_of_a_raw_response(world: Any, client: Any) -> None:
    """S1.05: both spellings, at home and across."""
    for body in (CLAUDE, "filter: [provider == openai]\nrank: cheapest"):
        world.on(body)
        raw = client.chat.completions.with_raw_response.create(model="auto", messages=HELLO)
        told = json.loads(raw.headers["x-perpetuo-routing-decision"])
        assert raw.headers["x-perpetuo-router-decision"] == raw.headers["x-perpetuo-routing-decision"]
        assert told["selected_model"] == raw.parse().model
        assert waypost.receipt(raw).id == told["session_id"]


@both
@pytest.mark.parametrize(("preference", "model"), [("cost", "cheapest"), ("latency", "fastest"), ("quality", "best")])
async def test_a_preference_chooses_the_rank(
    style: str, preference: str, model: str, world: Any, client: Any, aclient: Any
) -> None:
    """S1.02: quality, cost, latency; the receipt names the cause."""
    world.on("filter: [provider == openai]")
    with waypost.context(preference=preference):
        answer = await complete(style, client, aclient, model="auto")
    hop = waypost.receipt(answer).to_dict()["hops"][0]
    assert hop["decision"]["cause"] == "preference"
    assert hop["decision"]["rank"] == model


@both
async def test_route_replaces_a_concrete_model(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Mode route is the grant to replace a named model at the same endpoint."""
    world.on("filter: [target == openai/gpt-4o-mini]")
    answer = await complete(style, client, aclient, model="gpt-4o")
    assert answer.model == "gpt-4o-mini"
    assert world.openai.seen[0].body["model"] == "gpt-4o-mini"
    settlement = waypost.receipt(answer).to_dict()["settlement"]
    assert {line["label"] for line in settlement["baselines"]} == {"requested", "policy"}


def test_an_unknown_base_url_passes_through(world: Any) -> None:
    """An endpoint that nobody knows is left alone, `auto` included: some hosts have a model of that name."""
    world.on(CLAUDE)
    with openai.OpenAI(base_url=world.openai.url + "/other", max_retries=0) as client:
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert answer.model == "auto"
    assert world.openai.seen[0].body == {"messages": HELLO, "model": "auto"}


def test_azure_stays_home(world: Any) -> None:
    """The Azure class signs and rewrites for itself: the call goes through it unchanged."""
    world.on(CLAUDE)
    with openai.AzureOpenAI(
        azure_endpoint=world.openai.url, api_version="2024-10-21", api_key="azure-key", max_retries=0
    ) as client:
        answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert answer.choices[0].message.content == "Hello."
    assert world.openai.seen[0].path.startswith("/openai/deployments/gpt-4o/chat/completions")
    assert world.anthropic.seen == []


def test_clients_made_before_and_after(world: Any) -> None:
    """The patch is on the class, so that it does not matter when a client, a copy or a bound method was made."""
    before = openai.OpenAI(max_retries=0)
    method = before.chat.completions.create
    raw = before.chat.completions.with_raw_response
    world.on(CLAUDE)
    after = openai.OpenAI(max_retries=0)
    with before, after:
        texts = [
            method(model="auto", messages=HELLO).choices[0].message.content,
            raw.create(model="auto", messages=HELLO).parse().choices[0].message.content,
            after.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content,
            after.with_options(timeout=5)
            .chat.completions.create(model="auto", messages=HELLO)
            .choices[0]
            .message.content,
        ]
    assert texts == ["Bonjour."] * 4


def test_the_module_level_client(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`openai.chat.completions.create` is a client too."""
    monkeypatch.setattr(openai, "api_key", "sk-caller-secret")
    monkeypatch.setattr(openai, "base_url", world.openai.url + "/v1/")
    world.on(CLAUDE)
    try:
        answer = openai.chat.completions.create(model="auto", messages=HELLO)
    finally:
        openai._reset_client()
    assert answer.choices[0].message.content == "Bonjour."


def test_own_headers_are_read_and_stripped(world: Any, client: Any) -> None:
    """X-Department and X-Waypost-* are ours; the provider never sees them (S3.12)."""
    world.on("filter: [provider == openai]")
    answer = client.chat.completions.create(
        model="gpt-4o",
        messages=HELLO,
        extra_headers={"X-Department": "rd", "X-Waypost-Workflow": "triage", "X-Request-Id": "req-77"},
    )
    names = set(world.openai.seen[0].headers)
    assert not {name for name in names if name.startswith("x-waypost") or name == "x-department"}
    receipt = waypost.receipt(answer).to_dict()
    assert receipt["question"]["context"]["department"] == "rd"
    assert receipt["question"]["context"]["workflow"] == "triage"
    assert waypost.receipt("req-77").id == receipt["id"]


def test_suppress_lets_a_block_through(world: Any, client: Any) -> None:
    """Inside `suppress()` there is neither routing nor a receipt."""
    world.on(CLAUDE)
    with waypost.suppress():
        answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert answer.choices[0].message.content == "Hello."
    assert waypost.receipt(answer) is None


def test_uninstrument_and_back(world: Any, client: Any) -> None:
    """Switching off is a flag; switching on twice is once (S4.01)."""
    world.on(CLAUDE)
    wrapped = openai._base_client.SyncAPIClient.request
    world.on(CLAUDE)
    assert openai._base_client.SyncAPIClient.request is wrapped
    waypost.uninstrument()
    assert client.chat.completions.create(model="gpt-4o", messages=HELLO).choices[0].message.content == "Hello."
    waypost.auto_instrument()
    world.on(CLAUDE)
    assert client.chat.completions.create(model="auto", messages=HELLO).choices[0].message.content == "Bonjour."


def test_no_candidate_is_the_sdks_own_error(world: Any, client: Any) -> None:
    """BadRequestError with code `no_eligible_model` and a line per candidate."""
    world.on("filter: [quality >= 1, context_window >= 100M]")
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="auto", messages=HELLO)
    assert caught.value.status_code == 400
    assert caught.value.code == "no_eligible_model"
    assert "anthropic/claude-haiku-4-5: " in str(caught.value)
    assert world.openai.seen == []


def test_without_a_key_a_target_is_rejected_by_name(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials: the rule `provider.credentials`, and the call goes elsewhere."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    world.on("filter: [tier == fast_cheap]\nrank: best")
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert world.anthropic.seen == []
    told = json.loads(waypost.receipt(answer).explain(format="json"))
    claude = next(row for row in told["proofs"][0]["candidates"] if row["target"] == "anthropic/claude-haiku-4-5")
    assert [(row["rule"], row["text"]) for row in claude["rejections"]] == [
        ("provider.credentials", "no credentials for anthropic (ANTHROPIC_API_KEY)")
    ]


def stream(style: str, create: Callable[..., Any], **keys: Any) -> Any:
    return create(messages=HELLO, stream=True, **keys)


@both
@pytest.mark.parametrize("mode", ["observe", "advise", "route"])
async def test_streams_at_home(style: str, mode: str, world: Any, client: Any, aclient: Any) -> None:
    """The chunks are the provider's; usage is estimated in observe, and asked for and stripped in route."""
    world.chat = lambda request: sse_answer(
        chat_chunks(["Par", "is", "."], usage=bool(request.body.get("stream_options")))
    )
    world.on("filter: [target == openai/gpt-4o-mini]", mode)
    chunks = []
    if style == "sync":
        held = client.chat.completions.create(messages=HELLO, model="gpt-4o-mini", stream=True)
        assert isinstance(held, openai.Stream)
        chunks = list(held)
    else:
        held = await aclient.chat.completions.create(messages=HELLO, model="gpt-4o-mini", stream=True)
        assert isinstance(held, openai.AsyncStream)
        async for chunk in held:
            chunks.append(chunk)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Paris."
    assert all(chunk.choices for chunk in chunks)
    assert world.openai.seen[0].body.get("stream_options") == ({"include_usage": True} if mode == "route" else None)
    usage = waypost.receipt(held).to_dict()["settlement"]["usage"]
    if mode == "route":
        assert (usage["input"], usage["output"]) == (12, 3)
    else:
        assert usage["estimated"] is True


def test_a_plain_call_at_home_is_byte_for_byte_the_callers(world: Any, client: Any) -> None:
    """What the provider receives in observe is what it receives without us."""
    client.chat.completions.create(model="gpt-4o", messages=HELLO, temperature=0.5)
    world.on("", "observe")
    client.chat.completions.create(model="gpt-4o", messages=HELLO, temperature=0.5)
    first, second = world.openai.seen
    assert first.raw == second.raw


def test_raw_body_answers(world: Any, client: Any) -> None:
    """`post(cast_to=object)` is a documented way in, and gets a dict."""
    world.chat = lambda request: json_answer(chat_body("Raw.", "gpt-4o"))
    world.on("", "observe")
    answer = client.post("/chat/completions", cast_to=object, body={"model": "gpt-4o", "messages": HELLO})
    assert answer["choices"][0]["message"]["content"] == "Raw."


def test_a_translated_answer_says_when_it_was_made(world: Any, client: Any) -> None:
    """Anthropic gives no time; `created` is the time of the call, plain and streamed."""
    world.on(CLAUDE)
    begun = int(time.time())
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    world.messages = lambda request: sse_answer(message_events(["Hi"], request.body["model"]))
    chunks = list(client.chat.completions.create(model="auto", messages=HELLO, stream=True))
    assert begun <= answer.created <= time.time()
    assert {begun <= chunk.created <= time.time() for chunk in chunks} == {True}


def test_a_vendor_without_stream_options_is_not_sent_any(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an endpoint refuses is left out; its usage then comes unasked."""
    monkeypatch.setenv("MISTRAL_API_KEY", "k")
    monkeypatch.setenv("MISTRAL_BASE_URL", world.openai.url + "/mistral")
    world.chat = lambda request: sse_answer(chat_chunks(["Hi"], request.body["model"]))
    world.on("filter: [endpoint == mistral]\nrank: cheapest")
    held = client.chat.completions.create(model="auto", messages=HELLO, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in held) == "Hi"
    assert "stream_options" not in world.openai.seen[0].body


def test_the_department_may_stand_in_the_system_prompt(world: Any, client: Any) -> None:
    """S3.12: the header says it, else the system message; what the caller says stands above what is read."""
    system: Any = [{"role": "system", "content": "You are the assistant of the customer support department."}]
    world.on("filter: [target == openai/gpt-4o-mini]")
    read = client.chat.completions.create(model="auto", messages=system + HELLO)
    with waypost.context(department="rd"):
        said = client.chat.completions.create(model="auto", messages=system + HELLO)
    found = [waypost.receipt(answer).to_dict()["question"]["context"]["department"] for answer in (read, said)]
    assert found == ["support", "rd"]
