"""Calls that an advisor ranks, through the real SDK: sync and async, with a dead one, and from the receipt again."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import waypost
from stub_provider import chat_body, json_answer
from waypost.core.model.inquiry import Inquiry, Opinion
from waypost.core.model.record import decision_of
from waypost.core.model.record_question import question_of as question_of_record
from waypost.core.model.record_question import snapshot_of
from waypost.core.policy.decide import decide
from waypost.runtime import advisors, instrument

SECRET = "the launch code is heliotrope"
HELLO: Any = [{"role": "user", "content": f"Debug this: {SECRET}"}]
POOL = "rules: [{name: pool, use: [openai/gpt-4o, openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\n"
RANK = "rank: {advisor: mine, else: cheapest, within: 200 ms}\n"
both = pytest.mark.parametrize("style", ["sync", "async"])


class Mine:
    """It prefers GPT-4o, then Claude, and remembers what it was told."""

    version = "mine/3"

    def __init__(self) -> None:
        self.told: list[tuple[Inquiry, int, str]] = []
        self.broken = False

    def advise(self, inquiry: Inquiry, within_ns: int, mode: str) -> Any:
        self.told.append((inquiry, within_ns, mode))
        if self.broken:
            raise ConnectionError(SECRET)
        said = Opinion((("anthropic/claude-haiku-4-5", 600_000), ("openai/gpt-4o", 900_000)), "it was trained so")
        return self.later(said) if mode == "async" else said

    async def later(self, said: Opinion) -> Opinion:
        await asyncio.sleep(0)
        return said


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> Mine:
    made = Mine()
    monkeypatch.setattr(advisors, "_found", {"mine": advisors.Counsel("mine", made)})
    monkeypatch.setattr(advisors, "names", lambda: ("heuristic", "mine"))
    return made


async def call(style: str, client: Any, aclient: Any, **keys: Any) -> Any:
    asked = {"model": "auto", "messages": HELLO, **keys}
    if style == "sync":
        return await asyncio.to_thread(client.chat.completions.create, **asked)
    return await aclient.chat.completions.create(**asked)


def question_of(answer: Any) -> dict[str, Any]:
    found = waypost.receipt(answer)
    assert found is not None
    document = found.to_dict()
    question: dict[str, Any] = document["question"]
    return question


@both
async def test_the_advisor_chooses(style: str, world: Any, client: Any, aclient: Any, mine: Mine) -> None:
    """S1.38: its first pick answers; the receipt has its name, version, picks and reason, and says so in words."""
    world.on(POOL + RANK)
    answer = await call(style, client, aclient)
    assert world.openai.seen[-1].body["model"] == "gpt-4o"
    advice = question_of(answer)["advice"]
    assert advice.pop("took_ns") > 0
    assert advice == {
        "advisor": "mine", "version": "mine/3", "because": "it was trained so",
        "picks": [["openai/gpt-4o", 900_000], ["anthropic/claude-haiku-4-5", 600_000]],
    }  # fmt: skip
    found = waypost.receipt(answer)
    assert found is not None
    decision = found.to_dict()["hops"][0]["decision"]
    assert (decision["cause"], decision["rank"], decision["scores"]) == ("advisor", "advisor", [900_000, 600_000, -1])
    text = " ".join(found.explain().split())
    assert "mine (mine/3): openai/gpt-4o 0.9, anthropic/claude-haiku-4-5 0.6; it was trained so" in text
    assert "cause advisor: an advisor's choice; rule 'pool'; rank advisor" in text
    told = answer.model_extra["x-perpetuo-routing-decision"]
    assert told["reasoning"].startswith("rule pool; advisor mine, mine/3 (it was trained so), of 3 eligible out of ")


@both
async def test_what_it_is_told(style: str, world: Any, client: Any, aclient: Any, mine: Mine) -> None:
    """Whom the rules let through, how long it has, in which mode; no text of the prompt and nobody's name."""
    world.on(POOL + RANK)
    with waypost.context(user="ana@example.org", session="s-77", department="rd"):
        await call(style, client, aclient)
    ((inquiry, within_ns, mode),) = mine.told
    assert [target.id for target in inquiry.targets] == [
        "anthropic/claude-haiku-4-5", "openai/gpt-4o", "openai/gpt-4o-mini",
    ]  # fmt: skip
    assert (within_ns, mode, inquiry.context.department) == (200_000_000, style, "rd")
    assert not any(word in repr(inquiry) for word in ("heliotrope", "ana@example.org", "s-77"))


@both
async def test_a_dead_advisor_costs_nobody_an_answer(
    style: str, world: Any, client: Any, aclient: Any, mine: Mine
) -> None:
    """The rank behind decides, the receipt says why, and after three failures it is no longer asked."""
    world.on(POOL + RANK)
    mine.broken = True
    answers = [await call(style, client, aclient) for _ in range(5)]
    assert [request.body["model"] for request in world.openai.seen] == ["gpt-4o-mini"] * 5
    assert len(mine.told) == 3
    assert [question_of(answer)["advice"]["failure"] for answer in answers] == ["error"] * 3 + ["resting"] * 2
    found = waypost.receipt(answers[0])
    assert found is not None
    assert "none of mine (mine/3): it failed; ranked as the policy says" in " ".join(found.explain().split())
    assert instrument.engine().dropped()["advisor"] == 3
    assert "heliotrope" not in json.dumps(found.to_dict())


@both
async def test_a_hop_goes_to_its_second_pick(style: str, world: Any, client: Any, aclient: Any, mine: Mine) -> None:
    """It is asked once; the next of its picks stands by."""
    world.on(POOL + RANK)
    world.chat = lambda request: json_answer({"error": {"message": "x", "type": "rate_limit_error"}}, 429)
    answer = await call(style, client, aclient)
    assert answer.model == "claude-haiku-4-5"
    assert (len(mine.told), len(world.anthropic.seen)) == (1, 1)


@both
async def test_a_receipt_decides_again_without_asking(
    style: str, world: Any, client: Any, aclient: Any, mine: Mine
) -> None:
    """S2.16, S6.01: the advice is part of the question, so that the same decision comes out of the receipt alone."""
    world.on(POOL + RANK)
    answer = await call(style, client, aclient)
    found = waypost.receipt(answer)
    assert found is not None
    document = found.to_dict()
    hop, plan = document["hops"][0], instrument.engine().bundle.routes.plans[0]
    asked, snapshot, made = question_of_record(document["question"]), snapshot_of(hop["snapshot"]), hop["decision"]
    assert asked.advice is not None
    again = decide(plan, asked, snapshot, bytes.fromhex(made["seed"]), frozenset())
    assert again == decision_of(made)
    assert len(mine.told) == 1


def test_beside_a_call_that_runs_unchanged(world: Any, client: Any, mine: Mine) -> None:
    """In mode advise it is asked too, and what it would have chosen is on the receipt."""
    world.on(POOL + RANK, mode="advise")
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.model == "gpt-4o-mini"
    found = waypost.receipt(answer)
    assert found is not None
    assert found.to_dict()["hops"][0]["selected"] == "openai/gpt-4o"
    assert question_of(answer)["advice"]["advisor"] == "mine"


@pytest.mark.parametrize("keys", [{"preference": "cost"}, {"strategy": "cheapest"}, {"only": ["openai/gpt-4o-mini"]}])
def test_who_need_not_be_asked_is_not(keys: dict[str, Any], world: Any, client: Any, mine: Mine) -> None:
    """A call with a wish of its own, and one for which a single candidate is left."""
    world.on(POOL + RANK)
    with waypost.context(**keys):
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert (answer.model, mine.told) == ("gpt-4o-mini", [])
    assert question_of(answer).get("advice", {}).get("failure") == ("unasked" if "only" in keys else None)


def test_other_policies_and_observed_calls_pay_nothing(world: Any, client: Any, mine: Mine) -> None:
    """No advice on the receipt, and nobody asked."""
    world.on(POOL + "rank: cheapest\n")
    assert "advice" not in question_of(client.chat.completions.create(model="auto", messages=HELLO))
    waypost.uninstrument()
    world.on(POOL + RANK, mode="observe")
    client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert mine.told == []


def test_the_heuristic_needs_nothing(world: Any, client: Any) -> None:
    """`rank: heuristic`, and hard work goes to the best of the pool."""
    world.chat = lambda request: json_answer(chat_body("Done.", request.body["model"]))
    world.on(POOL + "rank: heuristic\n")
    answer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Translate: good day"}])
    advice = question_of(answer)["advice"]
    assert (advice["advisor"], advice["version"]) == ("heuristic", "heuristic/1")
    assert advice["because"].startswith("simple translation: quality 0.1, cost 0.7")
    assert answer.model == advice["picks"][0][0].partition("/")[2]


def test_a_listed_pool_is_asked_in_its_order(world: Any, client: Any) -> None:
    """S3.15: primary, then the fallbacks as they are listed, whatever they cost."""
    world.on(POOL + "rank: listed\n")
    world.chat = lambda request: json_answer({"error": {"message": "x", "type": "rate_limit_error"}}, 429)
    answer = client.chat.completions.create(model="auto", messages=HELLO)
    assert [request.body["model"] for request in world.openai.seen] == ["gpt-4o", "gpt-4o-mini"]
    assert answer.model == "claude-haiku-4-5"
