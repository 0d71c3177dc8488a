"""S3.09: vendors that speak OpenAI's chat by a catalog's entry alone; each is met from each SDK, whole and streamed."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import waypost
from stub_provider import Seen, chat_body, chat_chunks, json_answer, response_body, response_events, sse_answer
from waypost.core.model.target import Endpoint, Target
from waypost.runtime.catalogs import load_catalog

CATALOG = load_catalog()
VENDORS = {
    name: endpoint
    for name, endpoint in CATALOG.endpoints.items()
    if endpoint.dialect == "openai.chat" and name not in ("openai", "azure")
}
LOCAL = ("ollama", "vllm")
ASKED: list[Any] = [{"role": "user", "content": "Say hello."}]
QUIRKY = {
    "user": "u-1",
    "prompt_cache_key": "cache-1",
    "safety_identifier": "safe-1",
}
"""What a caller of OpenAI's may say and most others refuse; none of it changes the answer."""


def target_of(endpoint: str) -> Target:
    """A target there that streams and can be told a limit."""
    return next(one for one in CATALOG.targets if one.endpoint == endpoint and one.labels.get("status") == "active")


def answer(request: Seen) -> Any:
    if request.path.endswith("/responses"):
        return (
            sse_answer(response_events(["Hel", "lo."]))
            if request.body.get("stream")
            else json_answer(response_body("Hello."))
        )
    if request.body.get("stream"):
        asked = bool((request.body.get("stream_options") or {}).get("include_usage"))
        return sse_answer(chat_chunks(["Hel", "lo."], request.body.get("model", "large"), usage=asked))
    return json_answer(chat_body("Hello.", request.body.get("model", "large")))


def put(endpoint: Endpoint, world: Any, monkeypatch: pytest.MonkeyPatch) -> Target:
    """The vendor at a path of the stub, with its key, and a policy for one of its targets."""
    world.chat = answer
    assert endpoint.base_url_env is not None
    monkeypatch.setenv(endpoint.base_url_env, f"{world.openai.url}/{endpoint.name}")
    for variable in endpoint.key_env:
        monkeypatch.setenv(variable, f"key-of-{endpoint.name}")
    target = target_of(endpoint.name)
    world.on(f"filter: [target == {target.id}]")
    return target


def from_openai(world: Any, streaming: bool) -> str:
    with openai.OpenAI(max_retries=0) as client:
        made: Any = client.chat.completions.create(
            model="auto", messages=ASKED, max_tokens=64, stream=streaming, **QUIRKY
        )
        if not streaming:
            return str(made.choices[0].message.content)
        return "".join(chunk.choices[0].delta.content or "" for chunk in made if chunk.choices)


def from_responses(world: Any, streaming: bool) -> str:
    with openai.OpenAI(max_retries=0) as client:
        made: Any = client.responses.create(
            model="auto", input="Say hello.", max_output_tokens=64, store=False, stream=streaming
        )
        if not streaming:
            return str(made.output_text)
        return "".join(event.delta for event in made if event.type == "response.output_text.delta")


def from_anthropic(world: Any, streaming: bool) -> str:
    import anthropic

    with anthropic.Anthropic(max_retries=0) as client:
        call: dict[str, Any] = {"model": "auto", "max_tokens": 64, "messages": ASKED}
        if not streaming:
            return str(client.messages.create(**call).content[0].text)
        with client.messages.stream(**call) as stream:
            return "".join(stream.text_stream)


def from_google(world: Any, streaming: bool) -> str:
    from google import genai

    client = genai.Client(api_key="gk", http_options={"base_url": world.google.url})
    call: dict[str, Any] = {"model": "auto", "contents": "Say hello.", "config": {"max_output_tokens": 64}}
    if not streaming:
        return str(client.models.generate_content(**call).text)
    return "".join(chunk.text or "" for chunk in client.models.generate_content_stream(**call))


CALLERS = {"openai": from_openai, "responses": from_responses, "anthropic": from_anthropic, "google": from_google}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_is_met_as_its_entry_says(
    vendor: str, caller: str, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Path, key, model, the limit's name and the fields that are refused; what the caller reads is its own SDK's."""
    endpoint = VENDORS[vendor]
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    monkeypatch.setenv("GEMINI_API_KEY", "gk")
    target = put(endpoint, world, monkeypatch)
    for streaming in (False, True):
        world.openai.seen.clear()
        assert CALLERS[caller](world, streaming) == "Hello."
        (request,) = world.openai.seen
        assert request.path == f"/{vendor}/chat/completions"
        assert request.headers.get("authorization") == (None if vendor in LOCAL else f"Bearer key-of-{vendor}")
        assert not {"x-api-key", "x-goog-api-key", "api-key"} & request.headers.keys()
        assert request.body["model"] == target.model
        other = {"max_tokens", "max_completion_tokens"} - {endpoint.max_tokens_field}
        assert request.body[endpoint.max_tokens_field] == 64
        assert not other & request.body.keys()
        assert not set(endpoint.drops) & request.body.keys()
        asks = streaming and "stream_options" not in endpoint.drops
        assert request.body.get("stream_options") == ({"include_usage": True} if asks else None)
        if caller == "openai":
            said = {name: request.body[name] for name in QUIRKY if name in request.body}
            assert said == {name: value for name, value in QUIRKY.items() if name not in endpoint.drops}


@pytest.mark.parametrize("vendor", LOCAL)
def test_a_local_server_costs_nothing(vendor: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3.09: no key is needed, and the cost is 0 because it is the caller's own machine."""
    target = put(VENDORS[vendor], world, monkeypatch)
    receipt = waypost.receipt(client.chat.completions.create(model="auto", messages=ASKED))
    assert receipt is not None
    settled = receipt.to_dict()["settlement"]
    assert (settled["cost"]["nano_usd"], settled["cost"]["basis"]) == (0, "local")
    assert receipt.to_dict()["hops"][0]["attempt"]["target"] == target.id


NEEDS: dict[str, dict[str, Any]] = {
    "logit_bias": {"logit_bias": {"1": 5}},
    "logprobs": {"logprobs": True},
    "sampling.penalties": {"presence_penalty": 0.5},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
}
"""Fields that change the answer, by the capability that they need."""


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_it_cannot_do_rejects_it(vendor: str, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """S6.05: a field that changes the answer and that the model lacks is a need, by name, and nothing is sent; one that
    does not is left out and on the receipt."""
    target = put(VENDORS[vendor], world, monkeypatch)
    flag = next(flag for flag in NEEDS if flag not in target.capabilities)
    with pytest.raises(openai.BadRequestError, match=rf"no {flag}|\({flag}\)"):
        client.chat.completions.create(model="auto", messages=ASKED, **NEEDS[flag])
    assert world.openai.seen == []
    predicted = {"prediction": {"type": "content", "content": "Hello."}}
    receipt = waypost.receipt(client.chat.completions.create(model="auto", messages=ASKED, **predicted))
    assert receipt is not None
    assert ["prediction", "prediction", "hint", None] in receipt.to_dict()["question"]["needs"]
    assert ("prediction" in world.openai.seen[0].body) is ("prediction" in target.capabilities)


OWN = """\
waypost: catalog-overlay/v1
name: corp
source: our own servers
as_of: 2026-06-01
endpoints:
  corp:
    provider: corp
    dialect: openai.chat
    base_url: {url}/corp/v3
    path: /complete/{{model}}?version=7
    auth: {{header: X-Corp-Key, prefix: "Token "}}
    key_env: [CORP_KEY]
    max_tokens_field: max_tokens
    drops: [user, stream_options]
targets:
  corp/large: {{like: openai/gpt-4o-mini, endpoint: corp, price: {{input: 1, output: 2}}}}
"""


@pytest.mark.parametrize("caller", CALLERS)
def test_a_vendor_of_ones_own(caller: str, world: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML alone: another path with the model and a version in it, another header, other quirks."""
    world.chat = answer
    monkeypatch.setenv("CORP_KEY", "ck")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    path = tmp_path / "corp.yaml"
    path.write_text(OWN.format(url=world.openai.url))
    world.on("filter: [target == corp/large]", catalog=path)
    for streaming in (False, True):
        world.openai.seen.clear()
        assert CALLERS[caller](world, streaming) == "Hello."
        (request,) = world.openai.seen
        assert request.path == "/corp/v3/complete/large?version=7"
        assert request.headers["x-corp-key"] == "Token ck"
        assert request.body["max_tokens"] == 64
        assert not {"user", "stream_options", "model"} & request.body.keys()
        assert request.body.get("stream", False) is streaming


AZURE = """\
waypost: catalog-overlay/v1
name: ours
source: our Azure resource
as_of: 2026-06-01
{endpoints}
targets:
  azure/team-mini: {{like: openai/gpt-4o-mini, endpoint: {endpoint}, price: {{input: 0.15, output: 0.6}}}}
"""
DEPLOYMENTS = """\
endpoints:
  azure-classic:
    provider: azure.ai.openai
    dialect: openai.chat
    base_url: "https://{resource}.openai.azure.com"
    path: "/openai/deployments/{model}/chat/completions?api-version=2024-10-21"
    base_url_env: AZURE_OPENAI_ENDPOINT
    auth: {header: api-key}
    key_env: [AZURE_OPENAI_API_KEY]
"""
PLACES = {
    "azure": ("", "/openai/v1/chat/completions"),
    "azure-classic": (DEPLOYMENTS, "/openai/deployments/team-mini/chat/completions?api-version=2024-10-21"),
}


@pytest.fixture
def azure(world: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Switches Waypost on with a deployment of ours at an endpoint of Azure's."""
    world.chat = answer
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)

    def on(endpoint: str) -> None:
        path = tmp_path / "azure.yaml"
        path.write_text(AZURE.format(endpoint=endpoint, endpoints=PLACES[endpoint][0]))
        world.on("filter: [target == azure/team-mini]", catalog=path)

    return on


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("endpoint", PLACES)
def test_azure_as_a_target(endpoint: str, caller: str, azure: Any, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is the caller's resource, the key goes in Azure's header; the deployment stands in the body of the v1
    API and in the path of the older one, whose version is a query."""
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", world.openai.url)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-key")
    azure(endpoint)
    for streaming in (False, True):
        world.openai.seen.clear()
        assert CALLERS[caller](world, streaming) == "Hello."
        (request,) = world.openai.seen
        responses = caller == "responses" and endpoint == "azure"
        assert request.path == ("/openai/v1/responses" if responses else PLACES[endpoint][1])
        assert request.headers["api-key"] == "az-key"
        assert "authorization" not in request.headers
        assert request.body.get("model") == ("team-mini" if endpoint == "azure" else None)


def test_nobody_knows_whose_azure(azure: Any, world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key alone is no place: without the resource's address the endpoint has no credentials, and nothing is sent."""
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-key")
    azure("azure")
    with pytest.raises(openai.BadRequestError, match=r"fail provider\.credentials"):
        client.chat.completions.create(model="auto", messages=ASKED)


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("endpoint", PLACES)
def test_a_client_of_azures_is_what_sends(endpoint: str, streaming: bool, azure: Any, world: Any, client: Any) -> None:
    """A registered client writes the path and the version in its own way."""
    azure(endpoint)
    with openai.AzureOpenAI(
        azure_endpoint=world.openai.url, api_version="2024-10-21", azure_ad_token="ad-token", max_retries=0
    ) as mine:
        waypost.use(endpoint, mine)
        assert from_openai(world, streaming) == "Hello."
    (request,) = world.openai.seen
    assert request.path == "/openai/deployments/team-mini/chat/completions?api-version=2024-10-21"
    assert request.headers["authorization"] == "Bearer ad-token"
