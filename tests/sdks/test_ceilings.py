"""Budgets with `fail` are ceilings, also over calls that do not say how long their answer may get (S6.09)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from stub_provider import chat_body, json_answer
from waypost.core.model.ask import Account
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
ONE = "rules: [{name: one, use: [openai/gpt-4o]}]\n"
LONGEST, RATE, PROMPT = 16_384, 10_000, 2_500
"""The longest answer of gpt-4o, and what a token of answer and of prompt costs, in nano-USD."""


def ask(client: Any, **keys: Any) -> Any:
    return client.chat.completions.create(model="auto", messages=HELLO, **keys)


def used(scope: str = "user") -> int:
    """Nano-USD spent and reserved today."""
    engine = instrument.engine()
    assert engine is not None
    account = Account(f"{scope}/day", f"budget.{scope}", "", 1, "day", (), None)
    found: int = engine.state.used(account, engine.bundle.routes.now())
    return found


def reserving(world: Any, held: list[int]) -> None:
    """Note what is reserved while the provider answers."""

    def answer(request: Any) -> Any:
        held.append(used())
        return json_answer(chat_body("Hello.", request.body["model"], prompt=9, completion=5))

    world.chat = answer


@pytest.mark.parametrize(("n", "completion"), [(None, LONGEST), (2, 2 * LONGEST)])
def test_nothing_is_spent_past_a_ceiling_by_calls_without_a_bound(
    n: int | None, completion: int, world: Any, client: Any
) -> None:
    """32 threads, no `max_tokens`, answers as long as they get: never above the ceiling, but for what the provider
    counts of the prompt beyond the estimate."""
    ceiling = 1_000_000_000

    def answer(request: Any) -> Any:
        time.sleep(0.05)
        return json_answer(chat_body("Hello.", request.body["model"], prompt=12, completion=completion))

    world.chat = answer
    world.on(ONE + "budgets: [{scope: user, limit: 1 USD/day, at: {100%: fail}}]\n")

    def call(_: int) -> int:
        try:
            found = waypost.receipt(ask(client, **({} if n is None else {"n": n})))
        except openai.RateLimitError:
            return 0
        assert found is not None
        cost: int = found.to_dict()["settlement"]["cost"]["nano_usd"]
        return cost

    with ThreadPoolExecutor(32) as pool:
        costs = [cost for cost in pool.map(call, range(64)) if cost]
    whole = completion * RATE + 12 * PROMPT
    assert set(costs) == {whole}
    assert 1 <= len(costs) <= ceiling // (completion * RATE)
    assert sum(costs) == used() <= ceiling + len(costs) * 3 * PROMPT


def test_what_a_call_without_a_bound_reserves(world: Any, client: Any) -> None:
    """Under a ceiling the longest answer of the target, under a soft budget the estimate; both are settled alike."""
    held: list[int] = []
    for at in ("fail", "warn"):
        reserving(world, held)
        world.on(ONE + f"budgets: [{{scope: user, limit: 1 USD/day, at: {{100%: {at}}}}}]\n")
        before = used()
        ask(client)
        held[-1] -= before
        assert used() - before == 9 * PROMPT + 5 * RATE
        waypost.uninstrument()
    assert held[0] // RATE == LONGEST + 2  # and the estimate of the prompt
    assert held[1] < 500 * RATE


def test_what_a_call_with_a_bound_reserves(world: Any, client: Any) -> None:
    """What it allows, for each of the answers that it asks for, under any budget."""
    held: list[int] = []
    reserving(world, held)
    world.on(ONE + "budgets: [{scope: user, limit: 1 USD/day, at: {100%: fail}}]\n")
    ask(client, max_tokens=100, n=3)
    assert held[0] // RATE == 300 + 2


def test_the_refusal_says_what_to_state(world: Any, client: Any) -> None:
    """A call that states no bound finds no room where one that does is served; explanations say it too."""
    world.on(ONE + "budgets: [{scope: user, limit: 0.05 USD/day, at: {100%: fail}}]\n")
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    said = caught.value.body["message"]  # type: ignore[index]
    remedy = "state max_tokens: without it each is reserved at the longest answer that it can give"
    found = waypost.receipt(said.partition("`waypost explain ")[2].partition("`")[0])
    assert found is not None
    assert said.count(remedy) == " ".join(found.explain().split()).count(remedy) == 1
    assert "openai/gpt-4o: budget.user has no room for $0.16386 in the rest of $0.05 per day" in said
    assert ask(client, max_tokens=200).model == "gpt-4o"
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client, max_tokens=16_000)
    assert "state max_tokens" not in str(caught.value)


TINY = """\
waypost: catalog-overlay/v1
name: gateway
source: ours
as_of: 2026-06-01
endpoints:
  gateway:
    provider: gateway
    dialect: openai.chat
    base_url: {url}
    path: /chat/completions
    auth: {{header: Authorization, prefix: "Bearer "}}
    key_env: [GATEWAY_KEY]
targets:
  gateway/gpt-4o: {{like: openai/gpt-4o, endpoint: gateway, region: eu}}
"""


@pytest.mark.parametrize(("at", "answers"), [("fail", "no_eligible_model"), ("warn", "gpt-4o")])
def test_whom_nobody_can_price_is_no_way_past_a_ceiling(
    at: str, answers: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A price that is not known is not zero: such a target fails the ceiling, spent or not, and no soft budget."""
    monkeypatch.setenv("GATEWAY_KEY", "sk-gateway")
    path = tmp_path / "overlay.yaml"
    path.write_text(TINY.format(url=f"{world.openai.url}/gateway"))
    only = "filter: [target == gateway/gpt-4o]\n"
    world.on(only + f"budgets: [{{scope: user, limit: 5 USD/day, at: {{100%: {at}}}}}]\n", catalog=path)
    try:
        answered = str(ask(client, max_tokens=5).model)
    except openai.BadRequestError as error:
        answered = f"{error.code}: {error}"
    assert answered.startswith(answers)
    assert answered.count("gateway/gpt-4o: budget.user stops at $5 per day, and the price is unknown") == (at == "fail")
