"""What a call says of who may answer it, from each place where it may be said, through the real SDK (S5.01, S1.41)."""

from __future__ import annotations

import logging
from typing import Any

import openai
import pytest

import waypost
from stub_provider import json_answer
from waypost.runtime import instrument

HELLO: Any = [{"role": "user", "content": "Hi"}]
PAIR = "rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nrank: cheapest"
CLAUDE, MINI = "claude-haiku-4-5", "gpt-4o-mini"


def ask(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="auto", messages=HELLO, **options)


def narrow(answer: Any) -> Any:
    receipt = waypost.receipt(answer)
    assert receipt is not None
    return receipt.to_dict()["question"]["context"].get("narrow")


@pytest.mark.parametrize(
    "options",
    [
        {"extra_headers": {"X-Waypost-Only": "anthropic"}},
        {"extra_headers": {"x-waypost-ignore": "openai/*, gpt-4o"}},
        {"extra_headers": {"X-Waypost-Models": "nobody, claude-haiku-4-5"}},
        {"extra_body": {"waypost": {"only": ["anthropic"]}}},
        {"extra_body": {"waypost": {"max_price": {"output": "0.50 USD/MTok"}, "only": "gpt-4o-mini"}}},
    ],
)
def test_each_place_is_read_and_nothing_of_it_is_sent(world: Any, client: Any, options: dict[str, Any]) -> None:
    """Headers, with or without capitals, and the reserved key of the body."""
    world.on(PAIR)
    if "extra_body" in options and "max_price" in options["extra_body"]["waypost"]:
        with pytest.raises(Exception, match="no eligible model"):
            ask(client, **options)
        assert not world.openai.seen
        return
    assert ask(client, **options).model == CLAUDE
    (seen,) = world.anthropic.seen
    assert not {name for name in seen.headers if "waypost" in name}
    assert "waypost" not in seen.body


def test_a_block_is_narrowed_by_a_call_and_never_widened(world: Any, client: Any) -> None:
    """The header names one of the block's; the one that the block leaves out stays out."""
    world.on(PAIR)
    with waypost.context(only=["openai"]):
        assert ask(client).model == MINI
        answer = ask(client, extra_headers={"X-Waypost-Only": "gpt-4o-mini, anthropic"})
        assert answer.model == MINI
        assert "openai/gpt-4o-mini" in narrow(answer)["only"]
        assert not [entry for entry in narrow(answer)["only"] if entry.startswith("anthropic")]
        with pytest.raises(Exception, match="no eligible model"):
            ask(client, extra_headers={"X-Waypost-Only": "anthropic"})
    assert not world.anthropic.seen


def test_a_default_header_is_narrowed_by_the_calls(world: Any) -> None:
    """Both hold: what a client always says, and what a call adds."""
    import openai

    world.on(PAIR)
    with openai.OpenAI(max_retries=0, default_headers={"X-Waypost-Ignore": "openai"}) as client:
        assert ask(client).model == CLAUDE
        with pytest.raises(Exception, match="no eligible model"):
            ask(client, extra_headers={"X-Waypost-Ignore": "anthropic"})


@pytest.mark.parametrize("header", ["X-Waypost-Strategy", "x-perpetuo-route"])
def test_a_strategy_in_a_header(world: Any, client: Any, header: str) -> None:
    """Named ranks, under our name and under the one of S1.18."""
    world.on("rules: [{name: pair, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5]}]\nrank: best")
    chosen = {value: ask(client, extra_headers={header: value}).model for value in ("cheapest", "best")}
    assert chosen["cheapest"] == MINI
    assert chosen["best"] == CLAUDE


def test_what_cannot_be_read_is_left_out_and_said_once(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest of what the call says is followed."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"):
        for _ in range(2):
            said = {"X-Waypost-Strategy": "nicest", "X-Waypost-Only": "anthropic"}
            answer = ask(client, extra_headers=said)
            assert answer.model == CLAUDE
            assert asked(answer)["withheld"] == ["strategy: unreadable"]
    (record,) = [record for record in caplog.records if "strategy" in record.getMessage()]
    assert "strategy is 'nicest'" in record.getMessage()


@pytest.mark.parametrize(
    "said",
    [
        {"extra_headers": {"X-Waypost-Max-Price": "cheap"}},
        {"extra_headers": {"X-Waypost-Max-Price": "-5"}},
        {"extra_headers": {"X-Waypost-Only": ""}},
        {"extra_headers": {"X-Waypost-Onyl": "anthropic"}},
        {"extra_body": {"waypost": {"only": []}}},
        {"extra_body": {"waypost": {"ignore": 5}}},
    ],
    ids=str,
)
def test_a_narrowing_that_cannot_be_read_lets_nobody_in(
    said: dict[str, Any], world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """S5.01: an allow-list that came out empty does not mean everybody; the next call is served as ever."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"), pytest.raises(openai.BadRequestError) as caught:
        ask(client, **said)
    assert caught.value.code == "no_eligible_model"
    assert "nobody is let in where it would narrow a call" in caplog.text
    assert ask(client).model == MINI


def test_a_name_that_nothing_has_is_remarked_on_once(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is kept, and so it lets nobody in where it stands alone."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"), waypost.context(ignore=["gpt-9"]):
        assert [ask(client).model for _ in range(3)] == [MINI] * 3
    (record,) = caplog.records
    assert "a call names 'gpt-9' (did you mean 'gpt-5'?), which the catalog does not have" in record.getMessage()


def test_what_a_nameless_entry_probably_meant(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Globs are over ids, so one of a model alone names nothing."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"):
        for entry in ("gpt-4o*", "*/nothing*", "opnai", "zzzzzz"):
            with waypost.context(ignore=[entry]):
                ask(client)
    assert [record.getMessage().partition(", which")[0] for record in caplog.records] == [
        "a call names 'gpt-4o*' (globs are over ids: openai/gpt-4o*)",
        "a call names '*/nothing*' (globs are over ids)",
        "a call names 'opnai' (did you mean 'openai'?)",
        "a call names 'zzzzzz'",
    ]


@pytest.mark.parametrize(
    "said", [{"extra_headers": {"X-Waypost-Onyl": "x"}}, {"extra_body": {"waypost": {"onyl": ["x"]}}}]
)
def test_a_misspelt_key_is_said_once(
    said: dict[str, Any], world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Each key is said once, and every one counted."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"):
        for one in (said, said, {"extra_headers": {"X-Waypost-Ignroe": "x"}}):
            with pytest.raises(openai.BadRequestError):
                ask(client, **one)
    remedy = "A label of that name goes into `labels`; nobody is let in where it would narrow a call. "
    assert [record.getMessage() for record in caplog.records] == [
        f"claims: a call's headers or extra_body: unknown key {key!r}; did you mean {meant!r}? {remedy}"
        "Said once for each key; the metric waypost.dropped counts them."
        for key, meant in (("onyl", "only"), ("ignroe", "ignore"))
    ]
    engine = instrument.engine()
    assert engine is not None
    assert engine.dropped()["claims"] == 3


def test_a_policy_that_is_not_in_force_is_remarked_on_once(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The call is decided as if it named none; the one that is in force is not remarked on."""
    world.on(PAIR)
    engine = instrument.engine()
    assert engine is not None
    (own,) = [plan.policy.name for plan in engine.bundle.routes.plans]
    with caplog.at_level(logging.WARNING, "waypost"):
        for name in (own, f"{own}s", f"{own}s", "rd"):
            with waypost.context(policy=name):
                assert ask(client).model == MINI
    end = f"it is decided as if it named none; in force: {own}. Said once."
    assert [record.getMessage() for record in caplog.records] == [
        f"a call names the policy '{own}s', which is not in force (did you mean {own!r}?): {end}",
        f"a call names the policy 'rd', which is not in force: {end}",
    ]


TRIO = "rules: [{name: trio, use: [openai/gpt-4o-mini, anthropic/claude-haiku-4-5, openai/gpt-4o]}]\nrank: cheapest"


def busy(world: Any, *models: str) -> None:
    """Both providers refuse these models, as overloaded ones do."""
    fine_chat, fine_messages = world.chat, world.messages

    def chat(request: Any) -> Any:
        error = {"error": {"message": "x", "type": "server_error"}}
        return json_answer(error, 503) if request.body["model"] in models else fine_chat(request)

    def messages(request: Any) -> Any:
        error = {"type": "error", "error": {"message": "x", "type": "overloaded_error"}}
        return json_answer(error, 529) if request.body["model"] in models else fine_messages(request)

    world.chat, world.messages = chat, messages


@pytest.mark.parametrize(
    "place",
    [
        {"extra_headers": {"X-Waypost-Fallbacks": "gpt-4o, anthropic"}},
        {"extra_body": {"waypost": {"fallbacks": ["gpt-4o", "anthropic"]}}},
        None,
    ],
    ids=["header", "body", "block"],
)
def test_fallbacks_of_a_call_are_tried_in_their_order(world: Any, client: Any, place: Any) -> None:
    """S5.01: the policy chooses as ever; where that fails, those that the call names are next, and the receipt has
    them. Nothing of it is sent."""
    world.on(TRIO)
    busy(world, MINI)
    assert ask(client).model == CLAUDE
    if place is None:
        with waypost.context(fallbacks=["gpt-4o", "anthropic"]):
            answer = ask(client)
    else:
        answer = ask(client, **place)
    receipt = waypost.receipt(answer)
    assert receipt is not None
    told = receipt.to_dict()
    assert [hop["attempt"]["target"] for hop in told["hops"]] == ["openai/gpt-4o-mini", "openai/gpt-4o"]
    assert told["question"]["context"] == {"fallbacks": ["gpt-4o", "anthropic"]}
    assert told["hops"][-1]["decision"]["cause"] == "fallback"
    assert "fallbacks gpt-4o, anthropic, then the others as ranked" in " ".join(receipt.explain().split())
    assert not [name for request in world.openai.seen for name in request.headers if "waypost" in name]
    assert not [request for request in world.openai.seen if "waypost" in request.body]


def test_fallbacks_let_nobody_in(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Who is on no shortlist, ignored or in no catalog is passed over; then the policy's own standbys follow."""
    world.on(TRIO)
    busy(world, MINI)
    with (
        caplog.at_level(logging.WARNING, "waypost"),
        waypost.context(fallbacks=["openai/o1", "gpt-9", "gpt-4o"], ignore=["openai/gpt-4o"]),
    ):
        assert [ask(client).model for _ in range(2)] == [CLAUDE] * 2
    (record,) = [record for record in caplog.records if "names" in record.getMessage()]
    assert record.getMessage() == (
        "a call names 'gpt-9' (did you mean 'gpt-5'?), which the catalog does not have: "
        "in fallbacks it is passed over; `waypost catalog show` lists what there is. Said once."
    )


def test_a_policy_may_not_grant_fallbacks(world: Any, client: Any) -> None:
    """Then its own order holds, and the receipt says so."""
    world.on(TRIO + "\ngrants: [only]")
    busy(world, MINI)
    with waypost.context(fallbacks=["gpt-4o"]):
        answer = ask(client)
    assert answer.model == CLAUDE
    assert asked(answer)["withheld"] == ["fallbacks"]
    assert asked(answer)["context"] == {}


def test_fallbacks_that_cannot_be_read_are_left_out(world: Any, client: Any) -> None:
    """They keep nobody out, so that the call goes on without them."""
    world.on(TRIO)
    answer = ask(client, extra_body={"waypost": {"fallbacks": []}})
    assert answer.model == MINI
    assert asked(answer)["withheld"] == ["fallbacks: unreadable"]


TWO = """\
waypost: policy/v1
name: {name}
mode: route
{match}
rules: [{{name: one, use: [{use}]}}]
"""


@pytest.fixture
def strict_and_lax(world: Any, tmp_path: Any) -> Any:
    """Policy ``strict`` for finance sends to Claude, ``lax`` takes everybody else to GPT."""
    files = []
    for name, match, use in (
        ("strict", "match: department == finance or context.team == core", "anthropic/claude-haiku-4-5"),
        ("lax", "", "openai/gpt-4o-mini"),
    ):
        file = tmp_path / f"{name}.yaml"
        file.write_text(TWO.format(name=name, match=match, use=use))
        files.append(file)
    waypost.auto_instrument(policy=files)
    return world


def asked(answer: Any) -> Any:
    receipt = waypost.receipt(answer)
    assert receipt is not None
    return receipt.to_dict()["question"]


@pytest.mark.parametrize("block", [{"department": "finance"}, {"labels": {"team": "core"}}, {"policy": "strict"}])
@pytest.mark.parametrize("place", ["headers", "body", "client"])
def test_who_asks_is_not_changed_by_what_comes_with_a_call(
    strict_and_lax: Any, caplog: pytest.LogCaptureFixture, block: dict[str, Any], place: str
) -> None:
    """S5.01: what a block says of who asks stands above a client's and a call's headers and the body, and the receipt
    says what was not followed."""
    headers = {"X-Department": "rd", "X-Waypost-Team": "other", "X-Waypost-Policy": "lax"}
    body = {"department": "rd", "team": "other", "policy": "lax"}
    (name,) = block if "labels" not in block else ("team",)
    header = {key: value for key, value in headers.items() if key.lower().endswith(name)}
    said: dict[str, Any] = {
        "headers": {"extra_headers": header},
        "body": {"extra_body": {"waypost": {name: body[name]}}},
        "client": {},
    }[place]
    with (
        caplog.at_level(logging.WARNING, "waypost"),
        openai.OpenAI(max_retries=0, default_headers=header if place == "client" else None) as client,
        waypost.context(**block),
    ):
        answers = [ask(client, **said) for _ in range(2)]
    assert [answer.model for answer in answers] == [CLAUDE] * 2
    shown = "context.team" if name == "team" else name
    assert [asked(answer)["withheld"] for answer in answers] == [[f"{shown}: settled around the call"]] * 2
    (record,) = caplog.records
    assert record.getMessage() == (
        f"claims: a call's headers or extra_body: {shown} is not what the block or the client around it says; "
        "that holds; to change it, say it in a `waypost.context` right around the call. "
        "Said once for each key; the metric waypost.dropped counts them."
    )


def test_what_nobody_around_says_a_call_may_say(strict_and_lax: Any, client: Any) -> None:
    """Who asks is added by a header where no block says it, the same word changes nothing, and an inner block of the
    application does."""
    assert ask(client).model == MINI
    assert ask(client, extra_headers={"X-Department": "finance"}).model == CLAUDE
    with waypost.context(department="finance"):
        answer = ask(client, extra_headers={"X-Department": "finance", "X-Waypost-Workflow": "w"})
        assert (answer.model, asked(answer)["context"]) == (CLAUDE, {"department": "finance", "workflow": "w"})
        assert "withheld" not in asked(answer)
        with waypost.context(department="rd"):
            assert ask(client).model == MINI


@pytest.mark.parametrize("said", [None, {"department": None}, {"labels": {"team": "other"}}, {"user": "eve"}])
def test_no_word_of_a_body_takes_back_who_asks(strict_and_lax: Any, client: Any, said: Any) -> None:
    """Neither `None` nor a mapping of labels; what it may say besides is followed."""
    with waypost.context(department="finance", user="ada", labels={"team": "core"}):
        answer = ask(client, extra_body={"waypost": said})
    assert answer.model == CLAUDE
    assert asked(answer)["context"]["labels"] == {"team": "core"}
    assert asked(answer)["context"]["department"] == "finance"
    names = {"department": "department", "labels": "context.team", "user": "user"}
    assert asked(answer).get("withheld") == (
        None if said is None else [f"{names[name]}: settled around the call" for name in said]
    )


@pytest.mark.parametrize("said", [["openai"], "only=openai", 5, True], ids=str)
def test_a_reserved_key_that_is_no_mapping_is_said_once(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture, said: Any
) -> None:
    """It is not sent, the call is decided without it, and the receipt says that it was not read."""
    world.on(PAIR)
    with caplog.at_level(logging.WARNING, "waypost"):
        answers = [ask(client, extra_body={"waypost": said, "routing_preference": "cost"}) for _ in range(2)]
    assert [answer.model for answer in answers] == [MINI] * 2
    assert asked(answers[1])["withheld"] == ["extra_body.waypost: unreadable"]
    assert asked(answers[1])["context"] == {"preference": "cost"}
    assert ["waypost" in request.body for request in world.openai.seen] == [False] * 2
    (record,) = caplog.records
    assert record.getMessage() == (
        f"claims: extra_body: `waypost` is {type(said).__name__}, not a mapping; give claims by name, as in "
        '{"waypost": {"only": ["openai"]}}; ignored. Said once for each key; the metric waypost.dropped counts them.'
    )


def test_a_policy_that_does_not_grant_a_claim_withholds_it(world: Any, client: Any) -> None:
    """Opting out of the policy among them: the receipt says what was withheld."""
    world.on(PAIR + "\ngrants: [preference]")
    with waypost.context(mode="off", only=["anthropic"]):
        answer = ask(client)
    assert answer.model == MINI
    receipt = waypost.receipt(answer)
    assert receipt is not None
    assert receipt.to_dict()["question"]["withheld"] == ["mode", "only"]


def test_an_alias_is_routed_and_its_intent_is_read(world: Any, client: Any) -> None:
    """A name that the caller's provider does not have: the policy says what it stands for (S1.41)."""
    world.on(
        "aliases: {helper: chat}\n"
        "rules:\n"
        "  - {name: chats, when: intent == chat, use: [anthropic/claude-haiku-4-5]}\n"
        "  - {name: rest, use: [openai/gpt-4o-mini]}",
        mode="observe",
    )
    answer = client.chat.completions.create(model="helper", messages=HELLO)
    assert answer.model == CLAUDE
    assert ask(client).model == MINI


def test_an_alias_is_answered_at_home_by_another_model(world: Any, client: Any) -> None:
    """The caller's own provider gets a name that it knows."""
    world.on("aliases: {helper: chat}\nrules: [{name: chats, when: intent == chat, use: [openai/gpt-4o-mini]}]")
    assert client.chat.completions.create(model="helper", messages=HELLO).model == MINI
    assert [request.body["model"] for request in world.openai.seen] == [MINI]
