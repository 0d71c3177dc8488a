"""The work that is measured: calls of the OpenAI SDK over an in-memory transport, bare or instrumented.

    python tests/benchmarks/workload.py VARIANT PHASE [PHASE ...]

Variants: ``bare``; ``waypost`` (mode route: 2 spans, metrics, receipt, fold into SQLite); ``observe``; ``off``;
``openai-v2`` (opentelemetry-instrumentation-openai-v2, tracing alone) and ``openai-v2-metrics``. A phase is
``KIND:CALLS[:CHUNKS[:THREADS]]`` with the kind ``sync`` or ``async``. Each phase ends when the worker has nothing left
to do. Nothing here measures: `counting.py` counts from outside, and each thread calls ``getsid`` between phases for it
to see. Spans go nowhere.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import threading
import time
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
  - provider == openai
  - price.input <= 50 USD/MTok
  - estimated.cost <= 1 USD
  - context_window >= tokens.total * 1.2
rank: {{cost: 0.6, latency: 0.2, quality: 0.2}}
default: openai/gpt-4o-mini
"""
MODES = {"waypost": "route", "observe": "observe", "off": "off"}
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France? Answer in one short sentence, please."},
]
ASKED, ANSWERS = "gpt-4o", "gpt-4o-mini"


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


def transport(library: Any, words: int) -> Any:
    """Answers in memory; the same bytes for everybody."""
    whole = json.dumps(body()).encode()
    pieces = frames(words)

    class Pieces(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            yield from pieces

        async def __aiter__(self) -> Any:
            for piece in pieces:
                yield piece

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
        file.write(POLICY.format(mode=MODES[variant]))
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


def perform(phase: Phase) -> float:
    """All calls of a phase; the seconds that they took."""
    import openai

    library = sys.modules.get("httpx2") or sys.modules["httpx"]
    wire = transport(library, phase.chunks)
    streaming: dict[str, Any] = {"stream": True} if phase.chunks else {}
    if phase.kind == "async":
        http = library.AsyncClient(transport=wire)
        return asyncio.run(_async_calls(openai.AsyncOpenAI(api_key="k", http_client=http), phase.calls, streaming))
    client = openai.OpenAI(api_key="k", http_client=library.Client(transport=wire))
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
            mark(variant)
            begun = time.perf_counter()
            seconds = perform(phase)
            settle(variant)
            whole = time.perf_counter() - begun
            print(json.dumps({"phase": str(phase), "seconds": seconds, "settled": whole}), flush=True)
        mark(variant)


if __name__ == "__main__":
    main(sys.argv[1], [Phase.of(text) for text in sys.argv[2:]])
