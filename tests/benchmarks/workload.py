"""The work that is measured: calls of the OpenAI SDK over an in-memory transport, bare or instrumented.

    python tests/benchmarks/workload.py VARIANT PHASE [PHASE ...]

Variants: ``bare``; ``waypost`` (mode route: 2 spans, metrics, receipt, fold into SQLite); ``translated`` (the same,
each call answered by a server that speaks Anthropic's dialect); ``observe``; ``off``; ``openai-v2``
(opentelemetry-instrumentation-openai-v2, tracing alone) and ``openai-v2-metrics``; ``floor`` (what ``waypost`` leaves
in telemetry, made by OpenTelemetry's API alone: `floor.py`). A phase is
``KIND:CALLS[:CHUNKS[:THREADS]]`` with the kind ``sync`` or ``async``, or one of `PARTS`, which does one step of a
translated call by itself. Each phase ends when the worker has nothing left
to do. Nothing here measures: `counting.py` counts from outside, and each thread calls ``getsid`` between phases for it
to see. Spans go nowhere.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

POLICY = """\
waypost: policy/v1
name: bench
mode: {mode}
baseline: openai/gpt-4o
rules:
  - {{name: simple, when: complexity == simple, use: fast_cheap}}
filter:
  - provider == {provider}
  - price.input <= 50 USD/MTok
  - estimated.cost <= 1 USD
  - context_window >= tokens.total * 1.2
rank: {{cost: 0.6, latency: 0.2, quality: 0.2}}
default: {default}
"""
MODES = {"waypost": "route", "translated": "route", "observe": "observe", "off": "off"}
FLOOR = "floor"
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France? Answer in one short sentence, please."},
]
ASKED, ANSWERS = "gpt-4o", "gpt-4o-mini"
ELSEWHERE = "anthropic/claude-haiku-4-5"


@dataclass(frozen=True)
class Phase:
    """``calls`` calls, each a stream of ``chunks`` words where that is not 0, divided among ``threads``."""

    kind: str
    calls: int
    chunks: int = 0
    threads: int = 1

    @staticmethod
    def of(text: str) -> Phase:
        kind, *numbers = text.split(":")
        return Phase(kind, *map(int, numbers))

    def __str__(self) -> str:
        return f"{self.kind}:{self.calls}:{self.chunks}:{self.threads}"


# -- the provider -----------------------------------------------------------------------------------------------------


def body() -> dict[str, Any]:
    message = {"role": "assistant", "content": "Paris."}
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": ANSWERS,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35},
    }


def frames(words: int) -> list[bytes]:
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": ANSWERS}

    def frame(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choices = [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return b"data: " + json.dumps({**head, "choices": choices}).encode() + b"\n\n"

    usage = {"prompt_tokens": 30, "completion_tokens": words, "total_tokens": 30 + words}
    return [
        frame({"role": "assistant", "content": ""}),
        *[frame({"content": " word"})] * words,
        frame({}, "stop"),
        b"data: " + json.dumps({**head, "choices": [], "usage": usage}).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]


def message() -> dict[str, Any]:
    """The same answer as Anthropic's API gives it."""
    return {
        "id": "msg_bench",
        "type": "message",
        "role": "assistant",
        "model": ELSEWHERE.partition("/")[2],
        "content": [{"type": "text", "text": "Paris."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 30, "output_tokens": 5},
    }


def events(words: int) -> list[bytes]:
    """The same stream as Anthropic's API gives it."""
    start = {**message(), "content": [], "stop_reason": None, "usage": {"input_tokens": 30, "output_tokens": 1}}
    word = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}}
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    said = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *[word] * words,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": words}},
        {"type": "message_stop"},
    ]
    return [f"event: {item['type']}\ndata: {json.dumps(item)}\n\n".encode() for item in said]


def transport(library: Any, words: int, whole: bytes, pieces: list[bytes]) -> Any:
    """Answers in memory; the same bytes for everybody."""

    # Each piece is a copy, as from a socket: who keeps it keeps memory.
    class Pieces(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            for piece in pieces:
                yield bytes(memoryview(piece))

        async def __aiter__(self) -> Any:
            for piece in pieces:
                yield bytes(memoryview(piece))

    def handler(_: Any) -> Any:
        if words:
            return library.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces())
        return library.Response(200, headers={"content-type": "application/json"}, content=whole)

    return library.MockTransport(handler)


# -- the variants -----------------------------------------------------------------------------------------------------


def recording_providers() -> None:
    """The SDK's own providers, recording everything and exporting nothing."""
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    # Without a reader the SDK's instruments would not count at all.
    metrics.set_meter_provider(MeterProvider(metric_readers=[InMemoryMetricReader()]))


def instrument(variant: str, home: str) -> None:
    """Switch ``variant`` on, in a process that has imported openai."""
    if variant == "bare":
        return
    recording_providers()
    if variant.startswith("openai-v2"):
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
        from opentelemetry.metrics import NoOpMeterProvider

        silent = {} if variant.endswith("metrics") else {"meter_provider": NoOpMeterProvider()}
        OpenAIInstrumentor().instrument(**silent)
        return
    os.environ["WAYPOST_HOME"] = home
    path = os.path.join(home, "bench.yaml")
    with open(path, "w") as file:
        provider, default = "openai", "openai/gpt-4o-mini"
        if variant == "translated":
            os.environ["ANTHROPIC_API_KEY"] = "k"
            provider, default = "anthropic", ELSEWHERE
        file.write(POLICY.format(mode=MODES.get(variant, "route"), provider=provider, default=default))
    if variant == FLOOR:
        import floor

        floor.install(*floor.learn(path, lambda: perform(Phase("sync", 1))), "bench")
        return
    import waypost

    waypost.auto_instrument(policy=path)


def settle(variant: str) -> None:
    """Wait until the worker has done everything that the calls so far left to it."""
    if variant in MODES:
        import waypost

        assert waypost.flush(60)


def mark(variant: str) -> None:
    """The border between two phases: every thread calls ``getsid`` once, with nothing left to do."""
    settle(variant)
    if variant in MODES:
        from waypost.runtime.instrument import engine

        worker = engine().worker  # type: ignore[union-attr]
        assert worker.submit(os.getsid, 0)
        assert worker.drain(60)
    os.getsid(0)


# -- the calls --------------------------------------------------------------------------------------------------------


def elsewhere(library: Any, wire: Any) -> None:
    """Put ``wire`` below the HTTP clients with which we send to other endpoints."""
    from waypost.runtime.instrument import engine

    http = engine().http  # type: ignore[union-attr]
    http.close()
    http._client = functools.cache(
        lambda _, is_async: (library.AsyncClient if is_async else library.Client)(transport=wire)
    )


def _library() -> Any:
    """The HTTP library that the SDK brought."""
    return sys.modules.get("httpx2") or sys.modules["httpx"]


def _wire(variant: str, chunks: int) -> Any:
    """The transport of the caller's client; of ours, too, where the answer comes from elsewhere."""
    library = _library()
    if variant != "translated":
        return transport(library, chunks, json.dumps(body()).encode(), frames(chunks))
    elsewhere(library, transport(library, chunks, json.dumps(message()).encode(), events(chunks)))
    return transport(library, chunks, b"", [])  # nobody is asked at home


def prepared(kind: Any, variant: str, chunks: int) -> Any:
    """A client of the SDK that is answered by streams of so many chunks."""
    return kind(api_key="k", http_client=_library().Client(transport=_wire(variant, chunks)))


def perform(phase: Phase, variant: str = "bare") -> float:
    """All calls of a phase; the seconds that they took."""
    if phase.kind in PARTS:
        return _repeat(_part(phase.kind), phase.calls)
    import openai

    wire = _wire(variant, phase.chunks)
    streaming: dict[str, Any] = {"stream": True} if phase.chunks else {}
    if phase.kind == "async":
        http = _library().AsyncClient(transport=wire)
        return asyncio.run(_async_calls(openai.AsyncOpenAI(api_key="k", http_client=http), phase.calls, streaming))
    client = openai.OpenAI(api_key="k", http_client=_library().Client(transport=wire))
    if phase.threads == 1:
        begun = time.perf_counter()
        _calls(client, phase.calls, streaming)
        return time.perf_counter() - begun
    pool = [
        threading.Thread(target=_calls, args=(client, phase.calls // phase.threads, streaming))
        for _ in range(phase.threads)
    ]
    begun = time.perf_counter()
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return time.perf_counter() - begun


def _calls(client: Any, number: int, streaming: dict[str, Any]) -> None:
    for _ in range(number):
        answer = client.chat.completions.create(model=ASKED, messages=MESSAGES, **streaming)
        if streaming:
            for _chunk in answer:
                pass


# -- the parts of a translated call -----------------------------------------------------------------------------------

PARTS = ("read-request", "write-request", "exchange", "read-answer", "write-answer", "build-answer")


def _part(name: str) -> Callable[[], Any]:
    """One step of a translated call, ready to be repeated: the codecs', the HTTP library's and the SDK's."""
    from waypost.core.codecs import CODECS
    from waypost.runtime.instrument import engine

    chat, messages = CODECS["openai.chat"], CODECS["anthropic.messages"]
    catalog = engine().bundle.routes.catalog  # type: ignore[union-attr]
    target = catalog.targets[catalog.index[ELSEWHERE]]
    endpoint = catalog.endpoints[target.endpoint]
    asked = {"model": ASKED, "messages": MESSAGES}
    conversation, reply = chat.decode_request(asked), messages.decode_response(message())
    match name:
        case "read-request":
            return lambda: chat.decode_request(asked)
        case "write-request":
            return lambda: messages.encode_request(conversation, target, endpoint)
        case "read-answer":
            return lambda: messages.decode_response(message())
        case "write-answer":
            return lambda: chat.encode_response(reply)
        case "exchange":
            return _exchange(messages.encode_request(conversation, target, endpoint))
        case _:
            return _building(chat.encode_response(reply))


def _exchange(asked: dict[str, Any]) -> Callable[[], Any]:
    """What the HTTP library and JSON do for one exchange, whoever asks them."""
    library = _library()
    client = library.Client(transport=transport(library, 0, json.dumps(message()).encode(), []))

    def exchange() -> Any:
        request = client.build_request("POST", "http://provider.test/v1/messages", content=json.dumps(asked).encode())
        response = client.send(request, stream=True)
        try:
            return json.loads(b"".join(response.iter_bytes()))
        finally:
            response.close()

    return exchange


def _building(answer: dict[str, Any]) -> Callable[[], Any]:
    """The SDK's own request and the object that it builds of an answer, with no transport below."""
    import openai
    from openai._models import FinalRequestOptions
    from openai.types.chat import ChatCompletion

    library = _library()
    client = openai.OpenAI(api_key="k")
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data={"model": ASKED})
    content = json.dumps(answer).encode()
    headers = {"content-type": "application/json"}

    def build() -> Any:
        response = library.Response(200, headers=headers, content=content, request=client._build_request(options))
        kinds: Any = {"stream": False, "stream_cls": None}
        return client._process_response(
            cast_to=ChatCompletion, options=options, response=response, retries_taken=0, **kinds
        )

    return build


def _repeat(step: Callable[[], Any], number: int) -> float:
    begun = time.perf_counter()
    for _ in range(number):
        step()
    return time.perf_counter() - begun


async def _async_calls(client: Any, number: int, streaming: dict[str, Any]) -> float:
    begun = time.perf_counter()
    for _ in range(number):
        answer = await client.chat.completions.create(model=ASKED, messages=MESSAGES, **streaming)
        if streaming:
            async for _chunk in answer:
                pass
    return time.perf_counter() - begun


def main(variant: str, phases: list[Phase]) -> None:
    """Perform the phases and print, one JSON line each, the seconds of its calls and with what they left behind."""
    import openai  # noqa: F401 (before instrumenting, as in an application)

    with tempfile.TemporaryDirectory() as home:
        instrument(variant, home)
        for phase in phases:
            # A collection costs more than a chunk adds, and falls into one variant's streams and not into another's.
            (gc.disable if phase.chunks else gc.enable)()
            # What has been loaded by now belongs to no call: a full collection of all of it falls on a few of them.
            gc.freeze()
            mark(variant)
            begun = time.perf_counter()
            seconds = perform(phase, variant)
            settle(variant)
            whole = time.perf_counter() - begun
            print(json.dumps({"phase": str(phase), "seconds": seconds, "settled": whole}), flush=True)
        mark(variant)


if __name__ == "__main__":
    main(sys.argv[1], [Phase.of(text) for text in sys.argv[2:]])
