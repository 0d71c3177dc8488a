"""pydantic-ai speaks to four APIs by itself, and so it says what a translation should come to.

The same conversation is sent twice: by pydantic-ai to a target's own API, and by pydantic-ai to another API whose calls
Waypost translates for that target. Both bodies must be the same but for what is named here; and of the same answer
pydantic-ai must understand the same, whether it came straight or was translated. Nothing of it was made by our codecs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.direct import model_request_stream_sync, model_request_sync
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.tools import ToolDefinition

import waypost
from stub_provider import (
    Answer,
    Seen,
    StubProvider,
    chat_tool_body,
    generated_calls,
    json_answer,
    message_tool_body,
    saying,
)
from waypost.runtime import instrument

pytestmark = [
    # `run_sync` makes an event loop of its own and leaves it to the collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # pydantic-ai says which settings an API lacks; a translation lacks them then as well.
    pytest.mark.filterwarnings("ignore:The `.*` setting is not supported:UserWarning"),
]

MODELS: dict[str, Callable[[], Model]] = {
    "chat": lambda: OpenAIChatModel("gpt-4o"),
    "responses": lambda: OpenAIResponsesModel("gpt-4o", settings={"openai_store": False}),
    "anthropic": lambda: AnthropicModel("claude-haiku-4-5"),
    "google": lambda: GoogleModel("gemini-2.5-flash"),
}
TARGETS = {
    "chat": "openai/gpt-4o",
    "anthropic": "anthropic/claude-haiku-4-5",
    "google": "google/gemini-2.5-flash",
}
# Where OpenAI is to answer, it is asked in the dialect that the caller speaks.
WAYS = [
    (source, target)
    for source in MODELS
    for target in TARGETS
    if source != target and (source, target) != ("responses", "chat")
]
POLICY = """\
waypost: policy/v1
name: oracle
mode: route
rules: [{{name: there, use: [{target}]}}]
rank: cheapest
on_no_candidates: error
leave: [127.0.0.1]
"""

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = ToolDefinition(name="weather", description="Tell the weather.", parameters_json_schema=PLACE)
Case = tuple[list[ModelMessage], ModelRequestParameters, dict[str, Any]]


def asked(*content: Any) -> ModelRequest:
    return ModelRequest(parts=[UserPromptPart(list(content) if len(content) > 1 else content[0])])


def _calls(*outcomes: tuple[str, str, str]) -> list[ModelMessage]:
    calls = [ToolCallPart("weather", {"city": city}, f"call_{at}") for at, (city, _, _) in enumerate(outcomes)]
    results = [
        ToolReturnPart("weather", said, f"call_{at}", outcome=how)  # type: ignore[arg-type]
        for at, (_, said, how) in enumerate(outcomes)
    ]
    return [asked("Weather?"), ModelResponse(parts=[TextPart("I look."), *calls]), ModelRequest(parts=results)]


TOOLS = ModelRequestParameters(function_tools=[WEATHER])
CASES: dict[str, Case] = {
    "system": (
        [ModelRequest(parts=[SystemPromptPart("Be brief."), UserPromptPart("Hi")])],
        ModelRequestParameters(),
        {"temperature": 0.5},
    ),
    "turns": (
        [asked("Hi"), ModelResponse(parts=[TextPart("Hello.")]), asked("And?")],
        ModelRequestParameters(),
        {"top_p": 0.5},
    ),
    "stop": ([asked("Hi")], ModelRequestParameters(), {"stop_sequences": ["END"]}),
    "image": ([asked("What?", BinaryContent(PNG, media_type="image/png"))], ModelRequestParameters(), {}),
    "pdf": ([asked("What?", BinaryContent(b"%PDF-1.4", media_type="application/pdf"))], ModelRequestParameters(), {}),
    "declared": ([asked("Weather?")], TOOLS, {}),
    "calls": (_calls(("Paris", "Sunny", "success"), ("Rome", "Rain", "success")), TOOLS, {}),
    "failed": (_calls(("Paris", "No such city", "failed")), TOOLS, {}),
    "forced": (
        [asked("Where?")],
        ModelRequestParameters(output_tools=[WEATHER], output_mode="tool", allow_text_output=False),
        {},
    ),
    "one": ([asked("Weather?")], TOOLS, {"parallel_tool_calls": False}),
    "schema": (
        [asked("Where?")],
        ModelRequestParameters(output_mode="native", output_object=OutputObjectDefinition(PLACE, "Place", strict=True)),
        {},
    ),
}

REJECTED = {
    **{(source, "google", "one"): "tools.disable_parallel" for source in ("chat", "responses", "anthropic")},
    **{(source, "chat", "failed"): "tool_result.is_error" for source in ("anthropic", "google")},
}
"""What Waypost refuses to translate where pydantic-ai leaves something out with a warning, or words it as it likes."""

WORDLESS = {
    ("responses", "stop"),
    ("google", "one"),
    ("chat", "failed"),
    ("responses", "failed"),
}
"""What an API has no word for, so that no translation can know of it: stops, calls one by one, results of errors."""


class World:
    """One server for all, which notes what it was sent, and pydantic-ai with and without Waypost beneath it."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer: Callable[[Seen], Answer] = saying(["Bon", "jour."])
        self.server = StubProvider(lambda request: self.answer(request))
        self._home = home
        monkeypatch.setenv("WAYPOST_HOME", str(home))
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
            monkeypatch.setenv(name, "k")
        monkeypatch.setenv("OPENAI_BASE_URL", self.server.url + "/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", self.server.url)
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", self.server.url)

    def route(self, target: str) -> None:
        policy = self._home / "oracle.yaml"
        policy.write_text(POLICY.format(target=TARGETS[target]))
        waypost.auto_instrument(policy=str(policy))

    def ask(self, dialect: str, case: Case) -> tuple[Any, ModelResponse]:
        """The body that was sent, and what pydantic-ai understood of the answer."""
        turns, parameters, settings = case
        model = MODELS[dialect]()
        settings = {**(model.settings or {}), "max_tokens": 100, **settings}
        found = model_request_sync(model, turns, model_settings=settings, model_request_parameters=parameters)
        return self.server.seen[-1].body, found

    def hear(self, dialect: str) -> ModelResponse:
        """What pydantic-ai understands of a stream."""
        with model_request_stream_sync(MODELS[dialect](), [asked("Hi")], model_settings={"max_tokens": 100}) as stream:
            assert [*stream]
            return stream.response


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(instrument, "_engine", None)
    monkeypatch.setattr(instrument, "_clients", [])
    made = World(tmp_path, monkeypatch)
    with made.server:
        yield made
        waypost.uninstrument()


# -- what is the same in other words ----------------------------------------------------------------------------------


def alike(target: str, body: Any) -> Any:
    """``body`` without what both may word as they like."""
    body = {name: value for name, value in _plain(body).items() if name != "stream"}
    return {"chat": _chat, "anthropic": _messages, "google": _generate}[target](body)


def _plain(value: Any) -> Any:
    """Everywhere: a schema's title, a file's name, and whether a tool's schema binds, said for OpenAI alone."""
    dropped = {"title", "filename", "displayName", "strict"}
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if name not in dropped}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _chat(body: Any) -> Any:
    """Not every API has names for schemas."""
    body.get("response_format", {}).get("json_schema", {}).pop("name", None)
    for turn in body["messages"]:
        if turn["role"] == "tool":
            turn["content"] = _said(turn["content"])
    return body


def _said(text: str) -> str:
    """A result as its text: for Google it is an object, with one member of pydantic-ai's that holds it."""
    return json.loads(text)["return_value"] if text.startswith('{"return_value"') else text


def _messages(body: Any) -> Any:
    """A text is a block, and a result that is none of an error need not say so."""
    for turn in body["messages"]:
        turn["content"] = _blocks(turn["content"])
        for block in turn["content"]:
            if block["type"] == "tool_result":
                block["content"] = _blocks(block["content"])
                for text in block["content"]:
                    text["text"] = _said(text["text"])
                block["is_error"] = block.get("is_error", False)
    return body


def _blocks(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


SPELLED = {"mime_type": "mimeType", "parameters_json_schema": "parametersJsonSchema"}


def _generate(body: Any) -> Any:
    """The names of members may be written in two ways, and a result stands under a name of the sender's choice.

    pydantic-ai writes the word for no signature on every model's calls, where it is Gemini 3 that asks for one, asks
    for text, which is what comes unasked, and has functions checked against their schemas in the way that Waypost does
    for strict ones.
    """
    body = _spelled(body)
    body["generationConfig"].pop("responseModalities", None)
    body.get("systemInstruction", {}).pop("role", None)
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    calling.update({"mode": "AUTO"} if calling.get("mode") == "VALIDATED" else {})
    for part in (part for turn in body["contents"] for part in turn["parts"]):
        part.pop("thoughtSignature", None)
        result = part.get("functionResponse", {}).get("response", {})
        if "return_value" in result:
            result["output"] = result.pop("return_value")
    return body


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {SPELLED.get(name, name): _spelled(one) for name, one in value.items()}
    return [_spelled(one) for one in value] if isinstance(value, list) else value


# -- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "name"),
    [(*way, name) for way in WAYS for name in CASES if (way[0], name) not in WORDLESS],
)
def test_a_request_is_what_the_library_sends_there_itself(world: World, source: str, target: str, name: str) -> None:
    """S4.01: body for body, but for what `alike` names; what is refused is refused by the need's name."""
    straight, _ = world.ask(target, CASES[name])
    world.route(target)
    need = REJECTED.get((source, target, name))
    if need is not None:
        with pytest.raises(ModelHTTPError, match=f"no {need}"):
            world.ask(source, CASES[name])
        return
    translated, _ = world.ask(source, CASES[name])
    assert alike(target, translated) == alike(target, straight)


# -- answers ----------------------------------------------------------------------------------------------------------


def calling(request: Seen) -> Answer:
    """Two calls at once, in each API's words."""
    calls = [("weather", {"city": "Paris"}), ("weather", {"city": "Rome"})]
    made = generated_calls if "enerateContent" in request.path else message_tool_body
    return json_answer((chat_tool_body if request.path.endswith("completions") else made)(calls))


def understood(found: ModelResponse) -> Any:
    """What of an answer is no matter of whose it is: an id of a call, and what only one API tells."""
    parts = [
        (part.part_kind, part.tool_name, part.args_as_dict()) if isinstance(part, ToolCallPart) else part.part_kind
        for part in found.parts
    ]
    # Not every API tells that it stopped in order to call.
    finish = "stop" if found.tool_calls and found.finish_reason == "tool_call" else found.finish_reason
    return parts, found.text, found.usage.input_tokens, found.usage.output_tokens, finish


@pytest.mark.parametrize(("source", "target"), WAYS)
@pytest.mark.parametrize("answer", [saying(["Bon", "jour."]), calling], ids=["text", "calls"])
def test_an_answer_is_understood_as_if_it_had_come_straight(
    world: World, source: str, target: str, answer: Callable[[Seen], Answer]
) -> None:
    """S4.01: parts, arguments, usage and the reason to stop."""
    world.answer = answer
    _, straight = world.ask(target, CASES["declared"])
    world.route(target)
    _, translated = world.ask(source, CASES["declared"])
    assert understood(translated) == understood(straight)


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_a_stream_is_understood_as_if_it_had_come_straight(world: World, source: str, target: str) -> None:
    """The same of a stream when it is over."""
    straight = world.hear(target)
    world.route(target)
    assert understood(world.hear(source)) == understood(straight)
