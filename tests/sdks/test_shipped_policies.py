"""The shipped policies through the real SDK: whole prompts, whole calls, and what must never be sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_body, json_answer, message_body

POLICIES = Path(__file__).resolve().parents[2] / "policies"
REVIEW: Any = [
    {
        "role": "user",
        "content": (
            "Please review this Python class for clarity and structure before I merge it:\n"
            "```python\nclass Cart:\n    def __init__(self, items):\n        self.items = items\n\n"
            "    def total(self):\n        return sum(item.price * item.count for item in self.items)\n```"
        ),
    }
]
HARD_BUG: Any = [
    {
        "role": "user",
        "content": (
            "Debug this: under load two threads deadlock in our connection pool, intermittently. Here is the "
            "traceback. Find the root cause of the race condition and explain why it happens step by step.\n"
            "```\nTraceback (most recent call last):\n  File 'pool.py', line 10, in get\nRuntimeError: locked\n```"
        ),
    }
]
PERSONAL: Any = [{"role": "user", "content": "Write to ana.silva@example.com that her contract ends in May."}]


def on(*names: str) -> None:
    waypost.auto_instrument(policy=[POLICIES / f"{name}.yaml" for name in (*names, "default")])


def ask(client: Any, messages: Any, department: str, **keys: Any) -> Any:
    with waypost.context(department=department, user="ana"):
        return client.chat.completions.create(model="auto", messages=messages, **keys)


def test_a_review_of_python_goes_to_sonnet(world: Any, client: Any) -> None:
    """S3.24: neither to Opus nor to Haiku; the caller gets the SDK's own type, and the receipt the rationale."""
    on("rd", "hr")
    answer = ask(client, REVIEW, "rd")

    assert isinstance(answer, openai.types.chat.ChatCompletion)
    assert [request.body["model"] for request in world.anthropic.seen] == ["claude-sonnet-4-5"]
    assert "nuance" in waypost.receipt(answer).explain()


def test_with_the_primary_down_another_answers_unnoticed(world: Any, client: Any) -> None:
    """S3.17, S3.24: Anthropic is overloaded, so the next of the row answers; the receipt has both attempts."""
    world.messages = lambda request: json_answer({"type": "error", "error": {"type": "overloaded_error"}}, status=529)
    on("rd")
    answer = ask(client, REVIEW, "rd")

    assert answer.choices[0].message.content == "Hello."
    assert answer.model == "gpt-4.1"
    assert len(waypost.receipt(answer).to_dict()["hops"]) >= 2


def test_past_the_days_money_a_person_gets_the_cheap_ones(world: Any, client: Any) -> None:
    """S3.16: the first call costs more than five dollars; the second is still answered, by `fast_cheap`."""
    world.chat = lambda request: json_answer(chat_body("Hello.", request.body["model"], completion=100_000))
    on("rd")
    first, second = ask(client, HARD_BUG, "rd"), ask(client, HARD_BUG, "rd")
    told = waypost.receipt(second).to_dict()["hops"][-1]["decision"]

    assert first.model == "o1"
    assert (second.model, told["cause"], told["aside"]) == ("claude-haiku-4-5", "budget", "budget.user")


def test_an_address_in_a_prompt_of_hr_is_sent_to_nobody_outside(world: Any, client: Any) -> None:
    """With keys for OpenAI and Anthropic only, the call fails as the SDK's own error, and no server saw a byte."""
    on("hr")
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, PERSONAL, "hr")

    assert "no eligible model under policy 'hr'" in str(caught.value)
    assert (world.openai.seen, world.anthropic.seen) == ([], [])


def test_nor_where_the_caller_names_the_model(world: Any, client: Any) -> None:
    """The mode is route, so a concrete name is no way past the lines."""
    on("hr")
    with waypost.context(department="hr"), pytest.raises(openai.APIStatusError):
        client.chat.completions.create(model="gpt-4o", messages=PERSONAL)

    assert world.openai.seen == []


def test_the_eu_deployment_answers_hr(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key for the EU endpoint it is asked, and answers in the caller's types."""
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-eu")
    monkeypatch.setenv("MISTRAL_EU_BASE_URL", world.openai.url + "/v1")
    on("hr")
    answer = ask(client, PERSONAL, "hr")

    assert waypost.receipt(answer).to_dict()["hops"][-1]["decision"]["rule"] == "in-the-eu"
    assert [request.body["model"] for request in world.openai.seen] == ["mistral-medium-2604"]


def test_a_department_named_by_the_system_prompt(world: Any, client: Any) -> None:
    """S3.12: nobody said `department`, the system prompt did."""
    world.messages = lambda request: json_answer(message_body("Fine.", request.body["model"]))
    on("rd", "finance")
    system: Any = [{"role": "system", "content": "You are the code assistant of our engineering team."}]
    answer = client.chat.completions.create(model="auto", messages=system + REVIEW)

    assert waypost.receipt(answer).to_dict()["policy"]["name"] == "rd"


def test_preferences_over_the_pool(world: Any, client: Any) -> None:
    """S1.02, S1.10: the three preferences, with keys for two providers of the pool."""
    waypost.auto_instrument(policy=POLICIES / "auto.yaml")
    found = {}
    for preference in ("quality", "cost", "latency"):
        with waypost.context(preference=preference):
            answer = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "Hi"}])
        found[preference] = answer.model

    assert found == {"quality": "claude-opus-4-5", "cost": "gpt-4o-mini", "latency": "gpt-4o-mini"}


def test_a_call_that_matches_no_policy_says_that_the_last_was_taken(world: Any, client: Any) -> None:
    """S2.02: derived when the receipt is read; calls that the policy is for, or that name it, lack the line."""
    waypost.auto_instrument(policy=[POLICIES / "rd.yaml", POLICIES / "marketing.yaml"])
    line = "marketing: no `match` held; taken as the last"
    texts = []
    for department in ("sales", "marketing"):
        found = waypost.receipt(ask(client, REVIEW, department))
        assert found is not None
        texts.append(found.explain())
    with waypost.context(policy="marketing"):
        found = waypost.receipt(ask(client, REVIEW, "sales"))
    assert found is not None
    assert [line in text for text in (*texts, found.explain())] == [True, False, False]
