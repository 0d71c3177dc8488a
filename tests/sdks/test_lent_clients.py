"""Clients of tenants: lent to single calls by a block or by a resolver, and never to anybody else's."""

from __future__ import annotations

import logging
from typing import Any

import anthropic
import openai
import pytest

import waypost
from stub_provider import Seen, StubProvider, json_answer, message_body
from waypost.errors import SettingsError
from waypost.runtime import instrument

TO_CLAUDE = "rules: [{name: claude, use: [anthropic/claude-haiku-4-5]}]"
ASK: Any = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}]}


def keys_of(stub: StubProvider) -> list[str]:
    """The key of each request: the SDK and our own sender have a header each for it."""
    return [key_of(request) for request in stub.seen]


def key_of(request: Seen) -> str:
    return request.headers.get("x-api-key") or request.headers["authorization"].removeprefix("Bearer ")


def lent(key: str, stub: StubProvider, kind: Any = anthropic.Anthropic) -> Any:
    return kind(api_key=key, base_url=stub.url)


def test_a_block_lends_a_client(world: Any, client: Any) -> None:
    """Calls inside it go with the tenant's key, those around it with ours, and no key is on a receipt."""
    world.on(TO_CLAUDE)
    with waypost.context(clients={"anthropic": lent("sk-tenant-1", world.anthropic)}):
        first = client.chat.completions.create(**ASK)
    client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-tenant-1", "sk-ant-ours"]
    receipt = waypost.receipt(first)
    assert receipt is not None
    assert "sk-tenant-1" not in repr(receipt.to_dict()) + receipt.explain()


def test_a_tenant_needs_no_key_of_the_process(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key such a target is rejected by `provider.credentials`; with a lent client it is not."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    world.on(TO_CLAUDE)
    with pytest.raises(openai.APIStatusError, match=r"provider\.credentials|no credentials"):
        client.chat.completions.create(**ASK)
    with waypost.context(clients={"anthropic": lent("sk-tenant-2", world.anthropic)}):
        assert client.chat.completions.create(**ASK).choices[0].message.content == "Bonjour."
    assert keys_of(world.anthropic) == ["sk-tenant-2"]


def test_a_resolver_finds_them_by_who_asks(world: Any, client: Any) -> None:
    """One function for all tenants; who is none of them goes with the process's key."""
    tenants = {name: lent(f"sk-{name}", world.anthropic) for name in ("acme", "blue")}

    def resolve(context: Any) -> dict[str, Any] | None:
        return {"anthropic": tenants[context.user]} if context.user in tenants else None

    world.on(TO_CLAUDE, clients=resolve)
    for user in ("acme", "blue", "nobody"):
        with waypost.context(user=user):
            client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-acme", "sk-blue", "sk-ant-ours"]


def test_an_inner_block_stands_above_the_resolver_and_the_outer(world: Any, client: Any) -> None:
    """The nearest word holds, and ``None`` takes a client back."""
    world.on(TO_CLAUDE, clients=lambda _: {"anthropic": lent("sk-resolved", world.anthropic)})
    with waypost.context(clients={"anthropic": lent("sk-outer", world.anthropic)}):
        client.chat.completions.create(**ASK)
        with waypost.context(clients={"anthropic": None}):
            client.chat.completions.create(**ASK)
    client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-outer", "sk-ant-ours", "sk-resolved"]


async def test_an_async_call_takes_an_async_client(world: Any, client: Any, aclient: Any) -> None:
    """The colour of the client is that of the call; a list has one of each."""
    world.on(TO_CLAUDE)
    both = [lent("sk-sync", world.anthropic), lent("sk-async", world.anthropic, anthropic.AsyncAnthropic)]
    with waypost.context(clients={"anthropic": both[1]}):
        await aclient.chat.completions.create(**ASK)
    with waypost.context(clients={"anthropic": both}):
        client.chat.completions.create(**ASK)
        await aclient.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-async", "sk-sync", "sk-async"]


@pytest.mark.parametrize("way", ["block", "resolver"])
@pytest.mark.parametrize("registered", [False, True])
async def test_a_client_of_the_wrong_colour_is_replaced_by_nobodys(
    registered: bool, way: str, world: Any, client: Any, aclient: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What a tenant lends a client for is never met with the process's key or client: the target is rejected."""
    tenant: Any = None
    world.on(TO_CLAUDE, clients=(lambda _: {"anthropic": tenant}) if way == "resolver" else None)
    if registered:
        waypost.use("anthropic", lent("sk-registered", world.anthropic))
        waypost.use("anthropic", lent("sk-registered", world.anthropic, anthropic.AsyncAnthropic))
    refused = pytest.raises(openai.BadRequestError, match="no credentials for anthropic")
    with caplog.at_level(logging.WARNING, "waypost"):
        for _ in range(2):
            tenant = lent("sk-sync", world.anthropic)
            with waypost.context(clients={"anthropic": tenant} if way == "block" else None), refused:
                await aclient.chat.completions.create(**ASK)
        tenant = lent("sk-async", world.anthropic, anthropic.AsyncAnthropic)
        with waypost.context(clients={"anthropic": tenant} if way == "block" else None), refused:
            client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == []
    said = "clients: anthropic.{} was lent for 'anthropic', but this call is {} and the client is {}; "
    said += "lend the one that fits, or both in a list; such calls are not sent there. "
    said += "Said once for each key; the metric waypost.dropped counts them."
    assert [record.getMessage() for record in caplog.records] == [
        said.format("Anthropic", "async", "sync"),
        said.format("AsyncAnthropic", "sync", "async"),
    ]


def test_what_a_resolver_returns_in_the_place_of_a_client(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A key, or a client that cannot speak to the endpoint: nobody is asked there, and the key is not said."""
    given: Any = "sk-text"
    world.on(TO_CLAUDE, clients=lambda _: {"anthropic": given})
    with caplog.at_level(logging.WARNING, "waypost"):
        for given in ("sk-text", lent("sk-other", world.openai, openai.OpenAI)):  # noqa: B007 (the resolver reads it)
            with pytest.raises(openai.BadRequestError, match="no credentials for anthropic"):
                client.chat.completions.create(**ASK)
    assert (keys_of(world.anthropic), keys_of(world.openai)) == ([], [])
    assert "str was lent for 'anthropic', but it does not speak to it" in caplog.text
    assert "sk-" not in caplog.text


def test_an_endpoints_own_client_stands_above_its_providers(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever stands first: the narrower name holds."""
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    world.on("filter: [endpoint == mistral]")
    wide, own = (lent(key, world.openai, openai.OpenAI) for key in ("sk-wide", "sk-own"))
    with waypost.context(clients={"mistral": own, "mistral_ai": wide}):
        client.chat.completions.create(**ASK)
    assert keys_of(world.openai) == ["sk-own"]


def test_a_resolver_that_breaks_costs_nothing_but_its_clients(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It is counted and said once."""

    def broken(_: Any) -> Any:
        raise KeyError("tenant")

    world.on(TO_CLAUDE, clients=broken)
    with caplog.at_level(logging.WARNING, "waypost"):
        client.chat.completions.create(**ASK)
        client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-ant-ours", "sk-ant-ours"]
    assert len([record for record in caplog.records if "clients" in record.getMessage()]) == 1


def test_a_provider_that_nobody_knows_is_an_error(world: Any) -> None:
    """A misspelt provider does not pass in silence, nor with the process's key."""
    world.on(TO_CLAUDE)
    wrong = r"^waypost\.context: unknown provider 'antropic'; did you mean 'anthropic'\? known: anthropic, azure, "
    with (
        pytest.raises(SettingsError, match=wrong),
        waypost.context(clients={"antropic": lent("sk-t", world.anthropic)}),
    ):
        pass
    with pytest.raises(SettingsError, match=wrong.replace("context", "use")):
        waypost.use("antropic", lent("sk-t", world.anthropic))


def test_a_provider_of_a_resolver_that_nobody_knows_is_said_once(
    world: Any, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """What is only known in a call cannot be an error there."""
    world.on(TO_CLAUDE, clients=lambda _: {"antropic": lent("sk-t", world.anthropic)})
    with caplog.at_level(logging.WARNING, "waypost"):
        client.chat.completions.create(**ASK)
        client.chat.completions.create(**ASK)
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "clients: there is no provider 'antropic' to lend a client for"
    ]


EITHER = "give anthropic.Anthropic(...) or anthropic.AsyncAnthropic(...)"
BY_PROVIDER = 'give SDK clients by provider, as in {"anthropic": Anthropic(api_key=...)}'
NO_CLIENT = "the client for 'anthropic' is {}, not a client of an SDK; " + EITHER
BAD = [
    ("anthropic", f"clients is str; {BY_PROVIDER}"),
    (3, f"clients is int; {BY_PROVIDER}"),
    (["anthropic"], f"clients is list; {BY_PROVIDER}"),
    ({7: object()}, f"clients has the name int, not text; {BY_PROVIDER}"),
    ({"anthropic": "sk-key"}, NO_CLIENT.format("str")),
    ({"anthropic": []}, NO_CLIENT.format("list")),
    ({"anthropic": anthropic.Anthropic}, NO_CLIENT.format("type")),
    (
        {"anthropic": openai.OpenAI(api_key="sk-key")},
        f"the client for 'anthropic' is openai.OpenAI, but anthropic.messages is spoken there; {EITHER}",
    ),
    (
        {"openai": anthropic.Anthropic(api_key="sk-key")},
        "the client for 'openai' is anthropic.Anthropic, but openai.chat, openai.responses is spoken there; "
        "give openai.OpenAI(...) or openai.AsyncOpenAI(...)",
    ),
]


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_is_no_client_is_refused_where_it_is_said(given: Any, said: str, world: Any) -> None:
    """A key in the place of a client would end up nowhere, and a client of another SDK elsewhere, with its key."""
    world.on(TO_CLAUDE)
    with pytest.raises(SettingsError) as raised, waypost.context(clients=given):
        pass
    assert str(raised.value) == f"waypost.context: {said}"


@pytest.mark.parametrize(("given", "said"), BAD)
def test_what_is_no_client_is_not_registered(given: Any, said: str, world: Any) -> None:
    """The same for the whole process; nothing is on then, and nothing is remembered."""
    if callable(given):
        return
    with pytest.raises(SettingsError) as raised:
        world.on(TO_CLAUDE, clients=given)
    told = str(raised.value).partition(": ")
    assert told[0] == "waypost.auto_instrument"
    what = said.partition("; ")[0]
    assert told[2].startswith(what)
    assert "sk-key" not in told[2]
    assert ", or a function" in told[2] or "clients " not in what
    engine = instrument.engine()
    assert engine is None or not engine.active
    world.on(TO_CLAUDE)
    if isinstance(given, dict) and "anthropic" in given:
        with pytest.raises(SettingsError) as raised:
            waypost.use("anthropic", given["anthropic"])
        assert str(raised.value) == f"waypost.use: {said}"


def test_before_anything_is_on_only_the_kind_is_known() -> None:
    """A key is refused at once; whom a provider's name means is said by the catalog."""
    with pytest.raises(SettingsError, match="the client for 'anthropic' is str, not a client of an SDK; give openai"):
        waypost.use("anthropic", "sk-secret")


def test_a_subclass_streams(world: Any, client: Any) -> None:
    """A client of the user's own class is one of its SDK."""
    from stub_provider import message_events, sse_answer

    class Mine(anthropic.Anthropic):
        pass

    world.messages = lambda _: sse_answer(message_events(["Bon", "jour."]))
    world.on(TO_CLAUDE)
    with waypost.context(clients={"anthropic": lent("sk-mine", world.anthropic, Mine)}):
        stream = client.chat.completions.create(**ASK, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert (text, keys_of(world.anthropic)) == ("Bonjour.", ["sk-mine"])


def test_a_header_cannot_lend(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Only code hands over a client; text under that name is unreadable and does nothing."""
    world.on(TO_CLAUDE)
    with caplog.at_level(logging.WARNING, "waypost"):
        client.chat.completions.create(**ASK, extra_headers={"X-Waypost-Clients": "anthropic=sk-evil"})
    assert keys_of(world.anthropic) == ["sk-ant-ours"]
    assert "sk-evil" not in caplog.text


def test_a_stream_of_a_tenant(world: Any, client: Any) -> None:
    """Streams go through the lent client, too."""
    from stub_provider import message_events, sse_answer

    world.messages = lambda request: (
        sse_answer(message_events(["Bon", "jour."])) if request.body.get("stream") else json_answer(message_body())
    )
    world.on(TO_CLAUDE)
    with waypost.context(clients={"anthropic": lent("sk-tenant-3", world.anthropic)}):
        stream = client.chat.completions.create(**ASK, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert (text, keys_of(world.anthropic)) == ("Bonjour.", ["sk-tenant-3"])


@pytest.mark.parametrize("status", [401, 403, 429, 402])
def test_a_tenants_bad_key_is_nobody_elses(status: int, world: Any, client: Any) -> None:
    """What a provider answers to a tenant's account opens no breaker: another tenant and the process are answered."""
    world.messages = lambda request: (
        json_answer({"type": "error", "error": {"type": "x_error", "message": "no"}}, status)
        if key_of(request) == "sk-bad"
        else json_answer(message_body("Bonjour.", request.body["model"]))
    )
    world.on(TO_CLAUDE)
    bad = lent("sk-bad", world.anthropic).with_options(max_retries=0)
    for _ in range(7):
        with waypost.context(clients={"anthropic": bad}), pytest.raises(openai.APIError):
            client.chat.completions.create(**ASK)
    with waypost.context(clients={"anthropic": lent("sk-good", world.anthropic)}):
        client.chat.completions.create(**ASK)
    client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-bad"] * 7 + ["sk-good", "sk-ant-ours"]


def test_a_server_that_fails_tenants_fails_everybody(world: Any, client: Any) -> None:
    """A failure of the server's is known to all, whoever met it."""
    world.messages = lambda request: json_answer(
        {"type": "error", "error": {"type": "api_error", "message": "no"}}, 500
    )
    world.on("rules: [{name: both, use: [anthropic/claude-haiku-4-5, openai/gpt-4o-mini]}]\nrank: listed")
    tenant = lent("sk-tenant", world.anthropic).with_options(max_retries=0)
    for _ in range(5):
        with waypost.context(clients={"anthropic": tenant}):
            client.chat.completions.create(**ASK)
    answer = client.chat.completions.create(**ASK)
    receipt = waypost.receipt(answer)
    assert receipt is not None
    assert "breaker open" in receipt.explain()
    assert keys_of(world.anthropic) == ["sk-tenant"] * 5


def test_a_key_that_was_turned_away_is_not_tried_at_the_next_model(world: Any, client: Any) -> None:
    """Within the call the whole endpoint is left alone, as it is for all where the key is the process's."""
    world.messages = lambda request: json_answer(
        {"type": "error", "error": {"type": "authentication_error", "message": "no"}}, 401
    )
    world.on("rules: [{name: claude, use: [anthropic/claude-haiku-4-5, anthropic/claude-sonnet-4-5]}]")
    with (
        waypost.context(clients={"anthropic": lent("sk-bad", world.anthropic)}),
        pytest.raises(openai.APIError),
    ):
        client.chat.completions.create(**ASK)
    assert keys_of(world.anthropic) == ["sk-bad"]
