"""Budgets, limits and affinity through the real SDK: what is spent changes who answers, and the receipt says so."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_body, chat_chunks, json_answer, message_body, sse_answer
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
LADDER = """
filter: ["target in [openai/o1, openai/gpt-4o, openai/gpt-4o-mini]"]
rank: best
"""
ONE = """
rules: [{name: one, use: [openai/gpt-4o]}]
filter: [quality >= 0]
"""
both = pytest.mark.parametrize("style", ["sync", "async"])


async def complete(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    call: dict[str, Any] = {"model": "auto", "messages": HELLO, "max_tokens": 16, **keys}
    if style == "sync":
        return client.chat.completions.create(**call)
    return await aclient.chat.completions.create(**call)


def bill(world: Any, **costs: tuple[int, int]) -> None:
    """Each model's answers use so many tokens of prompt and of answer."""
    usage = {name.replace("_", "-"): tokens for name, tokens in costs.items()}

    def answer(request: Any) -> Any:
        model = request.body["model"]
        prompt, completion = usage.get(model, (12, 5))
        return json_answer(chat_body("Hello.", model, prompt=prompt, completion=completion))

    world.chat = answer


def decided(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = waypost.receipt(answer).to_dict()["hops"][-1]["decision"]
    return found


@both
async def test_a_budget_downgrades_and_then_forces_the_cheap_tier(
    style: str, world: Any, client: Any, aclient: Any
) -> None:
    """S3.16, S3.24, S6.09: 0.01 USD a day for each user; from 80 % one tier less, from 100 % `fast_cheap`."""
    bill(world, o1=(200, 84), gpt_4o=(800, 0), gpt_4o_mini=(10, 1))
    world.on(LADDER + "budgets: [{scope: user, limit: 0.01 USD/day, at: {80%: downgrade, 100%: fast_cheap}}]\n")
    seen = []
    for _ in range(3):
        with waypost.context(user="ann"):
            answer = await complete(style, client, aclient)
        told = decided(answer)
        rules = [name for name, _ in told["rejections"] if name.startswith("budget.")]
        seen.append((answer.model, told["cause"], told.get("aside"), rules))
    assert seen == [
        ("o1", "policy", None, []),
        ("gpt-4o", "budget", "budget.user", ["budget.user"]),
        ("gpt-4o-mini", "budget", "budget.user", ["budget.user"]),
    ]
    with waypost.context(user="ben"):
        assert (await complete(style, client, aclient)).model == "o1"


@both
async def test_a_ceiling_is_a_native_error(style: str, world: Any, client: Any, aclient: Any) -> None:
    """`fail` at 100 %: nothing is sent, the status is 429, the code says why, with one line per candidate."""
    bill(world, gpt_4o=(4_000, 0))
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n")
    await complete(style, client, aclient)
    with pytest.raises(openai.RateLimitError) as caught:
        await complete(style, client, aclient)
    assert (caught.value.status_code, caught.value.code) == (429, "budget_exceeded")
    assert "budget exceeded" in str(caught.value)
    assert "openai/gpt-4o: " in str(caught.value)
    assert len(world.openai.seen) == 1


@both
@pytest.mark.parametrize(
    ("spent", "limit", "sums"),
    [
        (4_000, "limit: 0.01 USD/day", "0.0100 of 0.0100 USD per day used"),  # reached
        (3_999, "limit: 0.01 USD/day", "0.0099 of 0.0100 USD per day used"),  # no room for a reservation
        (4_000, "limit: 0.02 USD/week, at: {50%: fail}", "0.0100 of 0.0200 USD per week used (0.0100 may be)"),
    ],
)
async def test_a_refused_budget_says_how_much_and_until_when(
    spent: int, limit: str, sums: str, style: str, world: Any, client: Any, aclient: Any
) -> None:
    """S6.09: dollars and the end of the period in the message, its seconds in `retry-after`; nobody is named."""
    bill(world, gpt_4o=(spent, 0))
    world.on(ONE + f"budgets: [{{scope: user, {limit}}}]\n")
    with waypost.context(user="ann.smith"):
        await complete(style, client, aclient)
        with pytest.raises(openai.RateLimitError) as caught:
            await complete(style, client, aclient)
    told = caught.value.response.json()["error"]["message"]
    line = next(line for line in told.split("\n") if "USD per" in line)
    stated, _, until = line.strip().partition("; resets at ")
    assert stated == f"budget.user: {sums}"
    now = datetime.now(UTC)
    days = 7 - now.weekday() if "week" in limit else 1
    end = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=days)
    assert until == end.strftime("%Y-%m-%dT%H:%MZ")
    left = int(caught.value.response.headers["retry-after"])
    assert 0 <= left - (end - now).total_seconds() <= 10
    assert "ann" not in str(caught.value)


@both
async def test_the_sdk_neither_waits_nor_asks_again(style: str, world: Any) -> None:
    """Its own loop is below us: a refusal comes at once, however many retries it has."""
    bill(world, gpt_4o=(4_000, 0))
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day}]\nlimits: [{scope: user, requests: 1/min}]\n")
    with openai.OpenAI(max_retries=5) as client:
        async with openai.AsyncOpenAI(max_retries=5) as aclient:
            await complete(style, client, aclient)
            began = time.monotonic()
            with pytest.raises(openai.RateLimitError) as caught:
                await complete(style, client, aclient)
    assert time.monotonic() - began < 2
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert len(world.openai.seen) == 1


@both
async def test_what_no_period_has_room_for_has_no_retry_after(
    style: str, world: Any, client: Any, aclient: Any
) -> None:
    """A call that is dearer than the whole budget is not told to come back."""
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day}]\n")
    with pytest.raises(openai.RateLimitError) as caught:
        await complete(style, client, aclient, max_tokens=4_000)
    assert "retry-after" not in caught.value.response.headers


@both
async def test_no_default_escapes_a_ceiling(style: str, world: Any, client: Any, aclient: Any) -> None:
    """`on_no_candidates: default` is for shortlists that came out empty, not for money that is spent."""
    bill(world, gpt_4o=(4_000, 0))
    default = "on_no_candidates: default\ndefault: openai/gpt-4o-mini\n"
    world.on(ONE + default + "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n")
    await complete(style, client, aclient)
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient)


@both
@pytest.mark.parametrize(("what", "opens"), [("fail", False), ("warn", True)])
async def test_a_ceiling_that_cannot_be_checked_is_kept_closed(
    what: str, opens: bool, style: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 7: deciding breaks and a hard line needs the world: `auto` fails closed; a soft budget is no such line."""
    at = f"budgets: [{{scope: user, limit: 1 USD/day, at: {{100%: {what}}}}}]\n"
    world.on(at + "filter: [provider == openai]\ndefault: openai/gpt-4o-mini\non_internal_error: closed\n")

    def broken(*_: Any, **__: Any) -> Any:
        raise OSError("broken")

    monkeypatch.setattr("waypost.core.routing.answering.decide", broken)
    if opens:
        assert (await complete(style, client, aclient)).model == "gpt-4o-mini"
    else:
        with pytest.raises(openai.InternalServerError, match="fails closed"):
            await complete(style, client, aclient)
    assert (await complete(style, client, aclient, model="gpt-4o")).model == "gpt-4o"


def test_two_calls_at_once_cannot_both_take_the_last_cent(world: Any, client: Any) -> None:
    """S6.09: what a call may cost is reserved before it is sent; the second finds no room and is refused."""
    hold = 0.3
    world.chat = lambda request: [hold, *json_answer(chat_body("Hello.", prompt=12, completion=600))]
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n")

    def call(_: int) -> str:
        try:
            client.chat.completions.create(model="auto", messages=HELLO, max_tokens=600)
        except openai.RateLimitError as error:
            return str(error.code)
        return "ok"

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(call, range(4)))
    assert found == ["budget_exceeded", "budget_exceeded", "budget_exceeded", "ok"]
    assert len(world.openai.seen) == 1


async def test_two_tasks_at_once_cannot_either(world: Any, aclient: Any) -> None:
    """The same in one event loop."""
    world.chat = lambda request: [0.3, *json_answer(chat_body("Hello.", prompt=12, completion=600))]
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n")
    calls = [aclient.chat.completions.create(model="auto", messages=HELLO, max_tokens=600) for _ in range(3)]
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(type(item).__name__ for item in found) == ["ChatCompletion", "RateLimitError", "RateLimitError"]
    assert len(world.openai.seen) == 1


@both
async def test_who_does_not_fit_makes_room_for_who_does(style: str, world: Any, client: Any, aclient: Any) -> None:
    """A refusal goes back into the decision: the dear one is rejected by the budget, the cheap one answers."""
    world.on(LADDER + "budgets: [{scope: user, limit: 0.01 USD/day, at: {100%: fail}}]\n")
    answer = await complete(style, client, aclient, max_tokens=2_000)
    told = waypost.receipt(answer).to_dict()["hops"][-1]
    assert answer.model == "gpt-4o-mini"
    assert told["snapshot"]["refused"] == [["budget.user", "openai/o1"], ["budget.user", "openai/gpt-4o"]]
    assert "budget.user" in [name for name, _ in told["decision"]["rejections"]]


@both
async def test_a_stream_is_settled_when_it_ends(style: str, world: Any, client: Any, aclient: Any) -> None:
    """Its usage comes last; until then the estimate is reserved."""
    usage = {"prompt_tokens": 4_000, "completion_tokens": 0, "total_tokens": 4_000}
    chunks = chat_chunks(["a"], "gpt-4o", usage=True)
    world.chat = lambda request: sse_answer([*chunks[:-2], {**chunks[-2], "usage": usage}, chunks[-1]])
    world.on(ONE + "budgets: [{scope: all, limit: 0.01 USD/day}]\n")
    stream = await complete(style, client, aclient, stream=True)
    if style == "sync":
        list(stream)
    else:
        [chunk async for chunk in stream]
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient)


@both
@pytest.mark.parametrize("mode", ["observe", "advise"])
async def test_money_is_counted_where_nothing_is_routed(
    mode: str, style: str, world: Any, client: Any, aclient: Any
) -> None:
    """Observe and advise reserve and reject nothing, but what they see is spent."""
    bill(world, gpt_4o=(8_000, 0))
    world.on(ONE + "budgets: [{scope: all, limit: 0.01 USD/day}]\n", mode)
    for _ in range(2):
        assert (await complete(style, client, aclient, model="gpt-4o")).model == "gpt-4o"
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient)
    assert len(world.openai.seen) == 2


@both
async def test_requests_are_limited_and_the_error_says_until_when(
    style: str, world: Any, client: Any, aclient: Any
) -> None:
    """S3.04: two a minute for each user; the third is told when there is room."""
    world.on(ONE + "limits: [{scope: user, requests: 2/min}]\n")
    for _ in range(2):
        await complete(style, client, aclient)
    with pytest.raises(openai.RateLimitError) as caught:
        await complete(style, client, aclient)
    assert (caught.value.status_code, caught.value.code) == (429, "limit_reached")
    assert caught.value.response.headers["retry-after"] == "30"
    assert len(world.openai.seen) == 2
    with waypost.context(user="ben"):
        await complete(style, client, aclient)


@both
async def test_a_limit_of_a_target_leaves_the_others(style: str, world: Any, client: Any, aclient: Any) -> None:
    """S5.02: one request a minute for each target: the next best answers, and then nobody."""
    world.on(LADDER + "limits: [{scope: target, requests: 1/min}]\n")
    models = [(await complete(style, client, aclient)).model for _ in range(3)]
    assert models == ["o1", "gpt-4o", "gpt-4o-mini"]
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient)


@both
async def test_tokens_are_limited_by_what_was_used(style: str, world: Any, client: Any, aclient: Any) -> None:
    """The estimate is reserved, the usage settled: an answer that used it all leaves nothing."""
    bill(world, gpt_4o=(4_900, 50))
    world.on(ONE + "limits: [{scope: all, tokens: 5k/min}]\n")
    await complete(style, client, aclient, max_tokens=400)
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient, max_tokens=400)


@both
async def test_a_fallback_is_not_stopped_by_its_own_request(style: str, world: Any, client: Any, aclient: Any) -> None:
    """A call counts once against its user, however many targets it takes, and what failed is given back."""
    world.chat = lambda request: json_answer({"error": {"message": "x", "type": "server_error"}}, 503)
    pair = "rules: [{name: pair, use: [openai/gpt-4o, anthropic/claude-haiku-4-5]}]\nfilter: [quality >= 0]\n"
    order = "rank: cheapest\n"
    world.on(
        pair.replace("openai/gpt-4o,", "openai/gpt-4o-mini,")
        + order
        + "limits: [{scope: user, requests: 1/min}]\nbudgets: [{scope: user, limit: 0.01 USD/day}]\n"
    )
    answer = await complete(style, client, aclient)
    assert answer.choices[0].message.content == "Bonjour."
    with pytest.raises(openai.RateLimitError):
        await complete(style, client, aclient)


WARM = """
rules: [{name: pair, use: [openai/gpt-4.1-mini, anthropic/claude-haiku-4-5]}]
filter: [quality >= 0]
rank: cheapest
affinity: {by: conversation, for: 1 h}
"""


@both
@pytest.mark.parametrize(
    ("cached", "expected"), [(8_000, ("claude-haiku-4-5", "affinity")), (12, ("gpt-4.1-mini", "rule"))]
)
async def test_a_conversation_stays_where_its_cache_is(
    cached: int, expected: tuple[str, str], style: str, world: Any, client: Any, aclient: Any
) -> None:
    """Who answered last keeps it for as long as a switch would not pay, and only that conversation."""
    system = {"role": "system", "content": "You are terse. " * 2_000}
    first = [system, {"role": "user", "content": "One?"}]
    body = {**message_body(), "usage": {"input_tokens": cached, "output_tokens": 4}}
    world.messages = lambda request: json_answer(body)
    world.chat = lambda request: json_answer({"error": {"message": "x", "type": "server_error"}}, 503)
    world.on(WARM)
    assert (await complete(style, client, aclient, messages=first)).choices[0].message.content == "Bonjour."
    bill(world)
    more = [*first, {"role": "assistant", "content": "1."}, {"role": "user", "content": "Two?"}]
    again = await complete(style, client, aclient, messages=more)
    told = waypost.receipt(again).to_dict()["hops"][-1]
    assert (again.model, told["decision"]["cause"]) == expected
    assert told["snapshot"]["warm"] == ["anthropic/claude-haiku-4-5", cached]
    other = await complete(style, client, aclient, messages=[system, {"role": "user", "content": "Other?"}])
    assert other.model == "gpt-4.1-mini"
    assert "warm" not in waypost.receipt(other).to_dict()["hops"][-1]["snapshot"]


@pytest.mark.parametrize("method", ["look", "reserve", "release", "settle"])
@both
async def test_a_world_that_breaks_leaves_the_call_alone(
    style: str, method: str, world: Any, client: Any, aclient: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 7: the call is decided without the world, answered, and the fault counted."""
    world.messages = lambda request: json_answer({"error": {"type": "overloaded_error"}}, 529)
    pair = "rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nfilter: [quality >= 0]\n"
    world.on(pair + "rank: best\nbudgets: [{scope: user, limit: 5 USD/day}]\nlimits: [{scope: user, requests: 9/s}]\n")

    def broken(*_: Any) -> Any:
        raise OSError("down")

    monkeypatch.setattr(instrument.engine().state, method, broken)
    answer = await complete(style, client, aclient)
    assert answer.choices[0].message.content == "Hello."
    assert instrument.engine().faults.counts["state"] >= 1


def test_a_warning_is_logged_once_a_period(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """`warn` stops nobody and names nobody; it is said when the threshold is reached, not at every call."""
    bill(world, gpt_4o=(2_000, 0))
    world.on(ONE + "budgets: [{scope: user, limit: 0.01 USD/day, at: {50%: warn}}]\n")
    with caplog.at_level(logging.WARNING, "waypost"), waypost.context(user="ann.smith"):
        for _ in range(3):
            client.chat.completions.create(model="auto", messages=HELLO)
    lines = [record.getMessage() for record in caplog.records if "budget" in record.getMessage()]
    assert len(lines) == 1
    assert lines[0].startswith(
        "budget user/day of policy sdk-tests has reached 50 % for one user, a warning: $0.005 of $0.01"
    )
    assert "ann" not in lines[0]
