"""`on_no_candidates: default`: a way past an empty shortlist, and past nothing else (S5.01)."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import waypost

HELLO: Any = [{"role": "user", "content": "Hi"}]
OURS = "on_no_candidates: default\ndefault: openai/gpt-4o\n"
EMPTY = "rules: [{name: none, use: [groq/llama-3.3-70b-versatile]}]\n"


def asked(client: Any, **claims: Any) -> str:
    """The model that answered, or the code of the error."""
    try:
        with waypost.context(**claims):
            model: str = client.chat.completions.create(model="auto", messages=HELLO).model
    except openai.APIStatusError as error:
        return str(error.code)
    return model


def test_the_default_answers_where_a_shortlist_came_out_empty(world: Any, client: Any) -> None:
    """Nobody of the rule's list has a key here."""
    world.on(OURS + EMPTY)
    assert asked(client) == "gpt-4o"


@pytest.mark.parametrize(
    ("line", "claims"),
    [
        ("{rule: quality >= 0.6, when: messages >= 1}", {"only": ["gpt-4o"]}),
        ("{rule: quality >= 0.6, when: messages >= 1}", {"models": ["openai/gpt-4o"]}),
        ("{rule: region == eu, when: department == eu}", {"department": "eu"}),
        ("{rule: region == eu, when: department == eu}", {}),  # unknown applies
        ("estimated.cost <= 0.0000001 USD", {}),
        ("latency.p95 <= 1 ms", {}),
    ],
    ids=str,
)
def test_the_default_goes_past_no_filter(line: str, claims: dict[str, Any], world: Any, client: Any) -> None:
    """A hard line is hard for the default too, whatever it depends on and whoever left nobody else."""
    world.on(OURS + EMPTY + f"filter:\n  - {line}\n")
    assert asked(client, **claims) == "no_eligible_model"
    assert world.openai.seen == []


def test_the_default_goes_past_no_filter_of_the_rule(world: Any, client: Any) -> None:
    """A rule's own filters are lines like those of the policy; its list alone is what the default is for."""
    rule = "rules: [{name: none, use: [groq/llama-3.3-70b-versatile], filter: [quality >= 0.99]}]\n"
    world.on(OURS + rule)
    assert asked(client) == "no_eligible_model"


@pytest.mark.parametrize("claims", [{"only": ["anthropic"]}, {"ignore": ["gpt-4o"]}, {"max_price": 0.01}], ids=str)
def test_the_default_goes_past_no_claim(claims: dict[str, Any], world: Any, client: Any) -> None:
    """What the call says of who may answer holds for the default."""
    world.on(OURS + EMPTY)
    assert asked(client, **claims) == "no_eligible_model"


def test_a_claim_opens_no_default(world: Any, client: Any) -> None:
    """Where the rule's list has somebody, a claim that names only the default leaves nobody: it takes away, and opens
    nothing."""
    world.on(OURS + "rules: [{name: small, use: [openai/gpt-4o-mini]}]\n")
    assert asked(client) == "gpt-4o-mini"
    assert asked(client, only=["openai/gpt-4o"]) == "no_eligible_model"


def test_an_id_lets_no_gateway_in(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway has a model that is called as this target is; whoever names the target does not mean the gateway."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "k")
    monkeypatch.setenv("OPENROUTER_BASE_URL", world.openai.url + "/v1")
    world.on("rank: cheapest\n")
    with waypost.context(only=["openai/gpt-4o-mini"]):
        answer = client.chat.completions.create(model="auto", messages=HELLO)
    decided = waypost.receipt(answer).to_dict()["hops"][0]["decision"]
    assert len(decided["order"]) == 1
