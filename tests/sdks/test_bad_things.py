"""Bad answers of a server, as callers of every dialect see them through every other: their SDK's own class or object,
the truth on the receipt, and somebody who stands by where nothing has been said yet (S3.17, S6.05)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import anthropic
import openai
import pytest
from google.genai import errors

from bad_world import CROSSING, DIALECTS, WAYS, A, Bad, C, G, R, plain_answer, short, stream_events, target_of
from stub_provider import RESET, Answer, Seen, StubProvider, json_answer, sse_answer, text_answer

HTML = "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>"
SPLIT = "Olá, 日本語 ✓ 🎉"
WAYS_BY_TURNS = [*WAYS[:4], *reversed(WAYS[4:8]), *WAYS[8:12], *reversed(WAYS[12:])]
both = pytest.mark.parametrize("style", ["sync", "async"])


def named(way: tuple[str, str]) -> str:
    return f"{short(way[0])}>{short(way[1])}"


def every(ways: list[tuple[str, str]]) -> pytest.MarkDecorator:
    """Each of these directions."""
    return pytest.mark.parametrize("way", ways, ids=map(named, ways))


def in_turns(ways: list[tuple[str, str]]) -> pytest.MarkDecorator:
    """Each of these directions, sync and async by turns, so that every caller and every target is met in both."""
    styled = [(way, ("sync", "async")[at % 2]) for at, way in enumerate(ways)]
    return pytest.mark.parametrize(("way", "style"), styled, ids=[f"{named(way)}-{style}" for way, style in styled])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bad]:
    with Bad(tmp_path_factory.mktemp("bad")).on() as found:
        yield found


@pytest.fixture
def bad(world: Bad) -> Bad:
    world.reset()
    return world


def raw(data: bytes, status: int = 200, kind: str = "application/json") -> Answer:
    return text_answer(data.decode("latin-1"), status, kind) if data.isascii() else [*_headed(data, status, kind)]


def _headed(data: bytes, status: int, kind: str) -> Answer:
    head, _ = text_answer("", status, kind)
    return [head.replace(b"content-length: 0", b"content-length: %d" % len(data)), data]


def bytes_of(events: list[Any]) -> list[bytes]:
    """The frames of a stream, without its head."""
    return list(sse_answer(events)[1:])


def stream_of(*steps: Any) -> Answer:
    """A stream of these bytes."""
    return [sse_answer([])[0], *steps]


def opening(dialect: str) -> list[bytes]:
    """A stream's frames up to and with its first word, ``Hel``."""
    frames = bytes_of(stream_events(dialect, ["Hel", "lo."]))
    return frames[: next(at for at, frame in enumerate(frames) if b"Hel" in frame) + 1]


REFUSED: Mapping[str, Any] = {
    C: {"error": {"message": "m", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": None}},
    R: {"error": {"message": "m", "type": "rate_limit_error", "code": "rate_limit_exceeded", "param": None}},
    A: {"type": "error", "error": {"type": "rate_limit_error", "message": "m"}},
    G: {"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}},
}
WORD = {C: "rate_limit_exceeded", R: "rate_limit_exceeded", A: "rate_limit_error", G: "RESOURCE_EXHAUSTED"}


# What a caller sees: the class of its own SDK, and the status that it carries.

Seen_ = tuple[type[Exception], int | None]
BROKEN: Mapping[str, Seen_] = {
    C: (openai.InternalServerError, 502),
    R: (openai.InternalServerError, 502),
    A: (anthropic.InternalServerError, 502),
    G: (errors.ServerError, 502),
}
LIMITED: Mapping[str, Seen_] = {
    C: (openai.RateLimitError, 429),
    R: (openai.RateLimitError, 429),
    A: (anthropic.RateLimitError, 429),
    G: (errors.ClientError, 429),
}
AWAY: Mapping[str, Seen_] = {
    C: (openai.APIConnectionError, None),
    R: (openai.APIConnectionError, None),
    A: (anthropic.APIConnectionError, None),
}
"""Our key was refused: never the caller's own 401 or 403."""
IN_STREAM: Mapping[str, Seen_] = {
    C: (openai.APIError, None),
    R: (openai.APIError, None),
    A: (anthropic.APIStatusError, 200),
    G: (errors.ServerError, 502),
}
"""An error event, as each SDK raises it natively."""
LIMITED_IN_STREAM = {**IN_STREAM, G: (errors.ClientError, 429)}


async def caught(asking: Awaitable[Any]) -> Exception:
    """What a call raises, of whatever class."""
    try:
        await asking
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def check(error: BaseException, expected: Mapping[str, Seen_], caller: str) -> None:
    """That ``error`` is exactly the native one."""
    if caller not in expected:
        assert type(error).__module__.startswith("httpx")
        return
    kind, status = expected[caller]
    assert type(error) is kind
    assert getattr(error, "status_code", getattr(error, "code", None) if caller == G else None) == status


# Whole answers that are none.

Plain = tuple[Callable[[str], Answer], Mapping[str, Seen_], Callable[[str], tuple[str, str | None, int | None]]]


def _malformed(_: str) -> tuple[str, str | None, int | None]:
    return "malformed", None, 200


WHOLE: Mapping[str, Plain] = {
    "malformed JSON": (lambda _: raw(b'{"id": "x", "cho'), BROKEN, _malformed),
    "an answer that is cut": (lambda to: raw(json.dumps(plain_answer(to)).encode()[:-9]), BROKEN, _malformed),
    "nothing at all": (lambda _: raw(b""), BROKEN, _malformed),
    "no object": (lambda _: raw(b"[1]"), BROKEN, _malformed),
    "an object of another kind": (lambda _: json_answer({"hello": ["world"]}), BROKEN, _malformed),
    "a stream nobody asked for": (lambda to: sse_answer(stream_events(to, ["Hel", "lo."])), BROKEN, _malformed),
    "an HTML page": (lambda _: text_answer(HTML, 200), BROKEN, _malformed),
    "an HTML page of a proxy's": (lambda _: text_answer(HTML, 502), BROKEN, lambda _: ("server_error", None, 502)),
    "an HTML page in place of a key": (lambda _: text_answer(HTML, 403), AWAY, lambda _: ("auth", None, 403)),
    "an error as a success": (
        lambda to: json_answer(REFUSED[to]),
        LIMITED,
        lambda to: ("rate_limited", WORD[to], 200),
    ),
}


@every(WAYS)
@pytest.mark.parametrize("what", WHOLE)
async def test_an_answer_that_is_none(what: str, way: tuple[str, str], bad: Bad) -> None:
    """The caller's own exception, the kind of the fault on the receipt, and nobody's stack trace but the SDK's."""
    caller, target = way
    answer, expected, fault = WHOLE[what]
    bad.answer[target] = lambda _: answer(target)
    error = await caught(bad.ask("sync", way))
    check(error, expected, caller)
    assert bad.failures() == [fault(target)]
    assert bad.receipt()["status"] == "error"


@both
@pytest.mark.parametrize("what", WHOLE)
async def test_somebody_stands_by_for_it(what: str, style: str, bad: Bad) -> None:
    """Nothing has been said: the next candidate answers, in either colour, whoever calls and whoever failed."""
    for caller, target in WAYS:
        bad.reset()
        bad.answer[target] = lambda _, target=target: WHOLE[what][0](target)
        said = await bad.ask(style, (caller, target), standby=True)
        assert said.text == "stood by"
        assert bad.failures() == [WHOLE[what][2](target), None]


@in_turns(WAYS_BY_TURNS)
async def test_what_it_is_called_does_not_matter(way: tuple[str, str], style: str, bad: Bad) -> None:
    """A whole answer or a stream of a wrong content type, or of another status of success, is read all the same."""
    _, target = way
    body, frames = json.dumps(plain_answer(target)).encode(), b"".join(bytes_of(stream_events(target, ["Hel", "lo."])))
    for kind, status in (("text/plain", 200), ("application/octet-stream", 200), ("application/json", 201)):
        bad.answer[target] = lambda _, kind=kind, status=status: raw(body, status, kind)
        assert (await bad.ask(style, way)).text == "Hello."
        bad.answer[target] = lambda _, kind=kind, status=status: raw(frames, status, kind)
        assert (await bad.ask(style, way, stream=True)).text == "Hello."
    assert bad.receipt()["status"] == "ok"
    assert not bad.origin.seen


# Streams that break.

Broken = tuple[Callable[[str], Answer], Mapping[str, Seen_], str]
EARLY: Mapping[str, Broken] = {
    "nothing at all": (lambda _: stream_of(), IN_STREAM, "incomplete"),
    "its beginning alone": (lambda to: stream_of(opening(to)[0]), IN_STREAM, "incomplete"),
    "an HTML page": (lambda _: text_answer(HTML, 200), IN_STREAM, "incomplete"),
    "malformed JSON": (lambda to: stream_of(*opening(to)[: to != G], b'data: {"id": \n\n'), IN_STREAM, "malformed"),
    "an error as a success": (lambda to: json_answer(REFUSED[to]), LIMITED_IN_STREAM, "limited"),
    "an error event": (lambda to: sse_answer([REFUSED[to]]), LIMITED_IN_STREAM, "limited"),
}
LATE: Mapping[str, Broken] = {
    "malformed JSON": (lambda to: stream_of(*opening(to), 0.05, b"data: {]\n\n"), IN_STREAM, "malformed"),
    "another kind of JSON": (lambda to: stream_of(*opening(to), 0.05, b"data: [1]\n\n"), IN_STREAM, "malformed"),
    "its end": (lambda to: stream_of(*opening(to)), IN_STREAM, "incomplete"),
    "an error event": (
        lambda to: stream_of(*opening(to), 0.05, *bytes_of([REFUSED[to]])),
        LIMITED_IN_STREAM,
        "limited",
    ),
}
FAULTS: Mapping[str, Callable[[str], tuple[str, str | None, int | None]]] = {
    "incomplete": lambda _: ("stream_error", "incomplete", None),
    "malformed": lambda _: ("malformed", None, None),
    "limited": lambda to: ("stream_error", WORD[to], None),
}


@in_turns(CROSSING)
@pytest.mark.parametrize("what", [*EARLY, *(f"late: {what}" for what in LATE)])
async def test_a_stream_that_breaks(what: str, way: tuple[str, str], style: str, bad: Bad) -> None:
    """A translated stream ends with an error of the caller's own SDK, never silently and never with one of ours."""
    caller, target = way
    answer, expected, fault = LATE[what[6:]] if what.startswith("late: ") else EARLY[what]
    bad.answer[target] = lambda _: answer(target)
    error = await caught(bad.ask(style, way, stream=True))
    check(error, expected, caller)
    assert bad.failures() == [FAULTS[fault](target)]


@both
@pytest.mark.parametrize("what", EARLY)
async def test_a_stream_falls_back_before_its_first_word(what: str, style: str, bad: Bad) -> None:
    """As long as nothing was said another candidate says it all, also where the stream ends in peace or is none."""
    for caller, target in WAYS:
        if what == "its beginning alone" and target == G:
            continue  # begins with its first word
        bad.reset()
        bad.answer[target] = lambda _, target=target: EARLY[what][0](target)
        said = await bad.ask(style, (caller, target), stream=True, standby=True)
        assert said.text == "stood by"
        first, second = bad.failures()
        assert first is not None
        assert (first[0], second) == (FAULTS[EARLY[what][2]](target)[0], None)


@in_turns(CROSSING)
async def test_a_connection_that_breaks(way: tuple[str, str], style: str, bad: Bad) -> None:
    """In the midst of a stream: what the caller's SDK makes of that, and nobody else is asked."""
    caller, target = way
    bad.answer[target] = lambda _: stream_of(*opening(target), 0.05, RESET)
    error = await caught(bad.ask(style, way, stream=True, standby=True))
    of = {C: openai.APIConnectionError, R: openai.APIConnectionError}
    assert type(error) is of[caller] if caller in of else type(error).__module__.startswith("httpx")
    assert [failure and failure[0] for failure in bad.failures()] == ["connection"]
    assert not bad.standby.seen


# Streams that are odd, and right.


@in_turns(WAYS_BY_TURNS)
async def test_line_ends_and_split_letters(way: tuple[str, str], style: str, bad: Bad) -> None:
    """CRLF, comments, and letters that come in pieces of one byte: the same text."""
    _, target = way
    wire = b"".join(bytes_of(stream_events(target, [SPLIT[:4], SPLIT[4:]]))).decode()
    plain = b": begun\r\n\r\n" + _unescaped(wire).replace("\n\n", "\n: alive\n\n").replace("\n", "\r\n").encode()
    where = plain.index("é".encode()) if "é".encode() in plain else plain.index("日".encode())
    pieces = [plain[:where], *(plain[at : at + 1] for at in range(where, where + 40)), plain[where + 40 :]]
    steps = [step for piece in pieces for step in (piece, 0.0005)]
    bad.answer[target] = lambda _: stream_of(*steps)
    said = await bad.ask(style, way, stream=True)
    assert said.text == SPLIT
    assert bad.receipt()["status"] == "ok"


def _unescaped(wire: str) -> str:
    """Frames whose letters stand as they are, as most servers write them."""
    frames = []
    for frame in wire.split("\n\n"):
        head, mark, data = frame.partition("data: ")
        data = json.dumps(json.loads(data), ensure_ascii=False) if data.startswith("{") else data
        frames.append(head + mark + data)
    return "\n\n".join(frames)


# Answers that lack something.


def without_usage(dialect: str, *, stream: bool) -> Answer:
    """As it was, without a count of tokens."""
    names = {"usage", "usageMetadata"}

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: strip(item) for name, item in value.items() if name not in names}
        return [strip(item) for item in value] if isinstance(value, list) else value

    if not stream:
        return json_answer(strip(plain_answer(dialect)))
    events = [strip(event) for event in stream_events(dialect, ["Hel", "lo."])]
    return sse_answer([event for event in events if not isinstance(event, dict) or event.get("choices") != []])


@in_turns(WAYS_BY_TURNS)
@pytest.mark.parametrize("stream", [False, True])
async def test_no_usage(stream: bool, way: tuple[str, str], style: str, bad: Bad) -> None:
    """The caller gets what it would get natively, the receipt an estimate that is marked as one."""
    caller, target = way
    bad.answer[target] = lambda _: without_usage(target, stream=stream)
    if stream and way == (A, A):  # so does the SDK without us
        assert type(await caught(bad.ask(style, way, stream=stream))) is AttributeError
        return
    said = await bad.ask(style, way, stream=stream)
    assert said.text == "Hello."
    usage = bad.receipt()["settlement"]["usage"]
    assert (usage["estimated"], usage["input"] > 0, usage["output"] > 0) == (True, True, True)
    if caller == A and target != A:  # required there
        assert (said.usage.input_tokens, said.usage.output_tokens) == (0, 0)
    elif caller != A:
        assert said.usage is None


UNKNOWN: Mapping[str, Callable[[Any], None]] = {
    C: lambda body: body["choices"][0].update(finish_reason="new_reason"),
    R: lambda body: body.update(status="incomplete", incomplete_details={"reason": "new_reason"}),
    A: lambda body: body.update(stop_reason="new_reason"),
    G: lambda body: body["candidates"][0].update(finishReason="NEW_REASON"),
}
NEAREST = {C: "stop", R: "completed", A: "end_turn", G: "OTHER"}
"""What a caller's dialect has for a reason that it does not know."""


def ended_oddly(dialect: str, *, stream: bool) -> Answer:
    """An answer that ends for a reason of tomorrow."""
    if not stream:
        body = plain_answer(dialect)
        UNKNOWN[dialect](body)
        return json_answer(body)
    events = stream_events(dialect, ["Hel", "lo."])
    for event in events:
        if dialect == C and isinstance(event, dict) and event["choices"] and event["choices"][0]["finish_reason"]:
            UNKNOWN[C](event)
        elif dialect == R and event["type"] == "response.completed":
            event["type"] = "response.incomplete"
            UNKNOWN[R](event["response"])
        elif dialect == A and event["type"] == "message_delta":
            UNKNOWN[A](event["delta"])
        elif dialect == G and "finishReason" in event["candidates"][0]:
            UNKNOWN[G](event)
    return sse_answer(events)


@in_turns(CROSSING)
@pytest.mark.parametrize("stream", [False, True])
async def test_unknown_finish_reasons(stream: bool, way: tuple[str, str], style: str, bad: Bad) -> None:
    """The caller's SDK gets one that it knows, and the receipt keeps the provider's own word."""
    caller, target = way
    bad.answer[target] = lambda _: ended_oddly(target, stream=stream)
    said = await bad.ask(style, way, stream=stream)
    assert (said.text, said.finish) == ("Hello.", NEAREST[caller])
    (hop,) = bad.receipt()["hops"]
    assert hop["attempt"]["finish_reasons"] == ["NEW_REASON" if target == G else "new_reason"]


# Calls of tools.

GIANT = {"text": "é" * 1_000_000, "list": list(range(1000))}
TOOL: Mapping[str, Any] = {
    C: [{"type": "function", "function": {"name": "keep", "parameters": {"type": "object", "properties": {}}}}],
    R: [{"type": "function", "name": "keep", "parameters": {"type": "object", "properties": {}}, "strict": False}],
    A: [{"name": "keep", "input_schema": {"type": "object", "properties": {}}}],
    G: {"tools": [{"function_declarations": [{"name": "keep"}]}], "automatic_function_calling": {"disable": True}},
}


def with_tool(caller: str) -> dict[str, Any]:
    return {"config": TOOL[G]} if caller == G else {"tools": TOOL[caller]}


def called(dialect: str, call_id: str, arguments: str, *, stream: bool) -> Answer:
    """One call of ``keep``; a stream brings its arguments in pieces of 64 KiB."""
    pieces = [arguments[at : at + 65536] for at in range(0, len(arguments), 65536)]
    if dialect == G:
        part = {"functionCall": {"name": "keep", "args": json.loads(arguments), **({"id": call_id} if call_id else {})}}
        body = plain_answer(G)
        body["candidates"][0]["content"]["parts"] = [part]
        return sse_answer([body]) if stream else json_answer(body)
    if dialect == A:
        return _called_a(call_id, arguments, pieces, stream=stream)
    if dialect == R:
        return _called_r(call_id, arguments, pieces, stream=stream)
    one = {"id": call_id, "type": "function", "function": {"name": "keep", "arguments": arguments}}
    if not stream:
        body = plain_answer(C)
        body["choices"][0].update(finish_reason="tool_calls")
        body["choices"][0]["message"].update(content=None, tool_calls=[one])
        return json_answer(body)
    first, *_, usage, done = stream_events(C, ["x"])
    events = [first]
    for at, piece in enumerate(pieces):
        head = {"id": call_id, "type": "function"} if at == 0 else {}
        name = {"name": "keep"} if at == 0 else {}
        delta = {"tool_calls": [{"index": 0, **head, "function": {**name, "arguments": piece}}]}
        events.append({**first, "choices": [{**first["choices"][0], "delta": delta}]})
    end = {**first, "choices": [{**first["choices"][0], "delta": {}, "finish_reason": "tool_calls"}]}
    return sse_answer([*events, end, usage, done])


def _called_a(call_id: str, arguments: str, pieces: list[str], *, stream: bool) -> Answer:
    block = {"type": "tool_use", "id": call_id, "name": "keep", "input": json.loads(arguments)}
    if not stream:
        return json_answer({**plain_answer(A), "content": [block], "stop_reason": "tool_use"})
    start, *_, end, stop = stream_events(A, ["x"])
    end["delta"]["stop_reason"] = "tool_use"
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
        for piece in pieces
    ]
    begun = {"type": "content_block_start", "index": 0, "content_block": {**block, "input": {}}}
    return sse_answer([start, begun, *deltas, {"type": "content_block_stop", "index": 0}, end, stop])


def _called_r(call_id: str, arguments: str, pieces: list[str], *, stream: bool) -> Answer:
    item = {
        "id": "fc_1",
        "type": "function_call",
        "call_id": call_id,
        "name": "keep",
        "arguments": arguments,
        "status": "completed",
    }
    whole = {**plain_answer(R), "output": [item]}
    if not stream:
        return json_answer(whole)
    at = {"item_id": "fc_1", "output_index": 0}
    events = [
        stream_events(R, ["x"])[0],
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "arguments": ""}},
        *({"type": "response.function_call_arguments.delta", "delta": piece, **at} for piece in pieces),
        {"type": "response.function_call_arguments.done", "arguments": arguments, "name": "keep", **at},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return sse_answer([{**event, "sequence_number": number} for number, event in enumerate(events)])


def given(arguments: Any) -> Any:
    return json.loads(arguments) if isinstance(arguments, str) else arguments


@every(CROSSING)
@pytest.mark.parametrize("stream", [False, True])
async def test_giant_arguments(stream: bool, way: tuple[str, str], bad: Bad) -> None:
    """Two megabytes of arguments, whole or in pieces, arrive as they were."""
    caller, target = way
    text = json.dumps(GIANT, ensure_ascii=False)
    bad.answer[target] = lambda _: called(target, "call_1", text, stream=stream)
    said = await bad.ask("sync", way, stream=stream, call=with_tool(caller))
    ((_, name, arguments),) = said.calls
    assert (name, given(arguments)) == ("keep", GIANT)


FORBIDDEN = {
    C: "call/" + "x" * 60,
    R: "fc:1|" + "x" * 100,
    A: "toolu_" + "x" * 90,
    G: "functions.keep:0 / é",
}
"""Ids that a dialect's own servers make, or may make, and that another does not take."""
ALLOWED: Mapping[str, Callable[[str], bool]] = {
    C: lambda text: len(text) <= 40 and text.isascii(),
    R: lambda text: len(text) <= 64 and text.isascii(),
    A: lambda text: text.isascii() and text.replace("_", "").replace("-", "").isalnum(),
    G: lambda text: True,
}


@every(CROSSING)
@pytest.mark.parametrize("stream", [False, True])
async def test_ids_that_another_dialect_forbids(stream: bool, way: tuple[str, str], bad: Bad) -> None:
    """The caller gets an id of its own dialect, and what it hands back joins the call and its result everywhere."""
    caller, target = way
    bad.answer[target] = lambda _: called(target, FORBIDDEN[target], '{"a": 1}', stream=stream)
    said = await bad.ask("sync", way, stream=stream, call=with_tool(caller))
    ((call_id, name, arguments),) = said.calls
    assert (name, given(arguments)) == ("keep", {"a": 1})
    assert ALLOWED[caller](call_id)
    for other in DIALECTS:
        bad.reset()
        await bad.ask("sync", (caller, other), call={**with_tool(caller), **answered(caller, call_id)})
        (request,) = bad.stubs[other].seen
        call, result = joined(other, request.body)
        assert call == result
        assert other == caller or ALLOWED[other](call)


def answered(caller: str, call_id: str) -> dict[str, Any]:
    """The history of a call and its result."""
    asked = {"role": "user", "content": "Hi"}
    if caller == C:
        one = {"id": call_id, "type": "function", "function": {"name": "keep", "arguments": '{"a": 1}'}}
        turns = [{"role": "assistant", "content": None, "tool_calls": [one]}]
        return {"messages": [asked, *turns, {"role": "tool", "tool_call_id": call_id, "content": "7"}]}
    if caller == R:
        call = {"type": "function_call", "call_id": call_id, "name": "keep", "arguments": '{"a": 1}'}
        return {"input": [asked, call, {"type": "function_call_output", "call_id": call_id, "output": "7"}]}
    if caller == A:
        use = {"type": "tool_use", "id": call_id, "name": "keep", "input": {"a": 1}}
        result = {"type": "tool_result", "tool_use_id": call_id, "content": "7"}
        return {"messages": [asked, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]}
    use = {"function_call": {"id": call_id, "name": "keep", "args": {"a": 1}}}
    response = {"function_response": {"id": call_id, "name": "keep", "response": {"output": "7"}}}
    turns = [{"role": "model", "parts": [use]}, {"role": "user", "parts": [response]}]
    return {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}, *turns]}


def joined(dialect: str, body: Any) -> tuple[str, str]:
    """The id of the call and that of its result, as a server saw them."""
    if dialect == C:
        _, call, result = body["messages"]
        return call["tool_calls"][0]["id"], result["tool_call_id"]
    if dialect == R:
        _, call, result = body["input"]
        return call["call_id"], result["call_id"]
    if dialect == A:
        _, call, result = body["messages"]
        return call["content"][0]["id"], result["content"][0]["tool_use_id"]
    _, call, result = body["contents"]
    return call["parts"][0]["functionCall"]["id"], result["parts"][0]["functionResponse"]["id"]


# Media by address.


def pictured(caller: str, url: str) -> dict[str, Any]:
    """A request with a picture by its address."""
    if caller == C:
        return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
    if caller == R:
        picture = {"type": "input_image", "image_url": url, "detail": "auto"}
        return {"input": [{"role": "user", "content": [picture]}]}
    if caller == A:
        return {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": url}}]}]}
    return {"contents": [{"role": "user", "parts": [{"file_data": {"file_uri": url, "mime_type": "image/png"}}]}]}


REFUSING = {
    C: openai.BadRequestError,
    R: openai.BadRequestError,
    A: anthropic.BadRequestError,
    G: errors.ClientError,
}


@every(WAYS)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_picture_is_never_downloaded(stream: bool, way: tuple[str, str], bad: Bad) -> None:
    """The address goes on as it is where the dialect has a place for it; where it has none the target is refused by
    that name, and whoever stands by gets the address. Nobody here fetches it."""
    caller, target = way

    def handed_out(request: Seen) -> Answer:
        return text_answer("png", 200, "image/png")

    with StubProvider(handed_out) as pictures:
        url = f"{pictures.url}/a.png"
        if target == G:
            with pytest.raises(REFUSING[caller], match=f"{target_of(G)}.*input.image.url"):
                await bad.ask("sync", way, stream=stream, call=pictured(caller, url))
            assert not bad.stubs[G].seen
            said = await bad.ask("sync", way, stream=stream, standby=True, call=pictured(caller, url))
            assert said.text == "stood by"
            (request,) = bad.standby.seen
        else:
            said = await bad.ask("sync", way, stream=stream, call=pictured(caller, url))
            assert said.text == "Hello."
            (request,) = bad.stubs[target].seen
        assert json.dumps(request.body).count(url) == 1
        assert pictures.seen == []


# What an answer says beside its text.

PAGE = {"start_index": 0, "end_index": 5, "title": "Lisbon", "url": "https://example.org/lisbon"}


def cited(*, stream: bool) -> Answer:
    """A chat completion that refers to a page."""
    noted = [{"type": "url_citation", "url_citation": PAGE}]
    if not stream:
        body = plain_answer(C)
        body["choices"][0]["message"]["annotations"] = noted
        return json_answer(body)
    events = stream_events(C, ["Hel", "lo."])
    events.insert(3, {**events[2], "choices": [{**events[2]["choices"][0], "delta": {"annotations": noted}}]})
    return sse_answer(events)


@both
@pytest.mark.parametrize("caller", [R, A, G])
@pytest.mark.parametrize("stream", [False, True])
async def test_pages_that_an_answer_refers_to(stream: bool, caller: str, style: str, bad: Bad) -> None:
    """They reach the caller in its own words; where its dialect has none that could be handed back, the receipt says
    what was left out."""
    bad.answer[C] = lambda _: cited(stream=stream)
    said = await bad.ask(style, (caller, C), stream=stream)
    assert said.text == "Hello."
    (hop,) = bad.receipt()["hops"]
    assert hop["attempt"].get("left_out") == (["citations.response"] if caller == A else None)
    if caller == R:
        answer = said.native.response if stream else said.native
        assert [note.url for note in answer.output[0].content[0].annotations] == [PAGE["url"]]
    elif caller == G:
        grounding = said.native.candidates[0].grounding_metadata
        assert [chunk.web.uri for chunk in grounding.grounding_chunks] == [PAGE["url"]]
