"""The workload that is counted: calls of the OpenAI SDK over an in-memory transport, bare or instrumented.

    python workload.py VARIANT CALLS [--chunks N] [--async] [--threads N]

Variants: ``bare``; ``waypost`` (mode route, 2 spans, metrics, receipt, fold into SQLite); ``observe``; ``off``;
``openai-v2`` (opentelemetry-instrumentation-openai-v2, tracing alone). Nothing here measures; `measure.py` counts it
from outside. Providers of OpenTelemetry are the SDK's own; spans go nowhere.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import threading
import time
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
MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France? Answer in one short sentence, please."},
]


def body(model: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-bench",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "Paris."},
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 30, "completion_tokens": 5, "total_tokens": 35},
    }


def chunks(model: str, count: int) -> list[bytes]:
    def frame(delta: dict[str, Any], finish: str | None = None) -> bytes:
        data = {
            "id": "chatcmpl-bench",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}],
        }
        return b"data: " + json.dumps(data).encode() + b"\n\n"

    usage = {"prompt_tokens": 30, "completion_tokens": count, "total_tokens": 30 + count}
    last = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": []}
    words = [frame({"content": " word"})] * count
    return [
        frame({"role": "assistant", "content": ""}),
        *words,
        frame({}, "stop"),
        b"data: " + json.dumps({**last, "usage": usage}).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]


def transport(library: Any, count: int) -> Any:
    """Answers in memory; the same bytes for everybody."""
    whole = json.dumps(body("gpt-4o-mini")).encode()
    pieces = chunks("gpt-4o-mini", count)

    class Pieces(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Any:
            yield from pieces

        async def __aiter__(self) -> Any:
            for piece in pieces:
                yield piece

    def handler(request: Any) -> Any:
        if b'"stream":true' in request.content or b'"stream": true' in request.content:
            return library.Response(200, headers={"content-type": "text/event-stream"}, stream=Pieces())
        return library.Response(200, headers={"content-type": "application/json"}, content=whole)

    return library.MockTransport(handler)


def providers() -> None:
    """Recording providers that export nothing while they are counted."""
    from opentelemetry import metrics, trace
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider())
    metrics.set_meter_provider(MeterProvider())


def instrument(variant: str, home: str) -> None:
    if variant == "bare":
        return
    if variant == "openai-v2":
        providers()
        from opentelemetry import metrics
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
        from opentelemetry.metrics import NoOpMeterProvider

        del metrics
        OpenAIInstrumentor().instrument(meter_provider=NoOpMeterProvider())
        return
    if variant != "waypost-bare":
        providers()
    os.environ["WAYPOST_HOME"] = home
    path = os.path.join(home, "bench.yaml")
    with open(path, "w") as file:
        file.write(POLICY.format(mode={"observe": "observe", "off": "off"}.get(variant, "route")))
    import waypost

    waypost.auto_instrument(policy=path)


def run(variant: str, calls: int, count: int, *, is_async: bool, threads: int) -> float:
    """All calls; the seconds that they took."""
    import openai

    library = sys.modules.get("httpx2") or sys.modules["httpx"]
    streaming: dict[str, Any] = {"stream": True} if count else {}
    if is_async:

        async def main() -> float:
            http = library.AsyncClient(transport=transport(library, count))
            client = openai.AsyncOpenAI(api_key="k", http_client=http, max_retries=0)
            begun = time.perf_counter()
            for _ in range(calls):
                answer = await client.chat.completions.create(model="gpt-4o", messages=MESSAGES, **streaming)
                if count:
                    async for _chunk in answer:
                        pass
            return time.perf_counter() - begun

        return asyncio.run(main())
    client = openai.OpenAI(api_key="k", http_client=library.Client(transport=transport(library, count)), max_retries=0)

    def some(number: int) -> None:
        for _ in range(number):
            answer = client.chat.completions.create(model="gpt-4o", messages=MESSAGES, **streaming)
            if count:
                for _chunk in answer:
                    pass

    begun = time.perf_counter()
    if threads == 1:
        some(calls)
    else:
        pool = [threading.Thread(target=some, args=(calls // threads,)) for _ in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("variant")
    parser.add_argument("calls", type=int)
    parser.add_argument("--chunks", type=int, default=0)
    parser.add_argument("--async", action="store_true", dest="is_async")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--warm", type=int, default=20)
    args = parser.parse_args()
    import openai  # noqa: F401 (before instrumenting, as in an application)

    with tempfile.TemporaryDirectory() as home:
        instrument(args.variant, home)
        run(args.variant, args.warm, args.chunks, is_async=args.is_async, threads=1)
        seconds = run(args.variant, args.calls, args.chunks, is_async=args.is_async, threads=args.threads)
        if args.variant in ("waypost", "observe", "off"):
            import waypost

            waypost.flush(30)
        print(json.dumps({"calls": args.calls, "seconds": seconds}))


if __name__ == "__main__":
    main()
