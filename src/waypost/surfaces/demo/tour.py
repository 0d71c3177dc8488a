"""What the demo does: the example's six queries, one stream, one fallback. No choice is scripted."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.runtime.instrument import auto_instrument, flush, receipt, uninstrument
from waypost.runtime.receipts import Receipt
from waypost.surfaces.demo.emulator import Emulator
from waypost.surfaces.demo.place import environment, example
from waypost.surfaces.demo.row import Row, row

STREAMED = "What is OpenTelemetry, in one sentence?"
FAILED_OVER = "Which ocean is the largest?"
EXPLAINED = "complex_2"
AUDIT = "routing_audit.jsonl"


@dataclass(frozen=True, slots=True)
class Options:
    """``home`` is where receipts go; policy and catalog replace the demo's own."""

    home: Path
    policy: Path | None = None
    catalog: Path | None = None


@dataclass(frozen=True, slots=True)
class Tour:
    """All that was done: ``explanation`` is the whole of one receipt."""

    home: Path
    policy: Path
    queries: tuple[Row, ...]
    streamed: Row
    failed_over: Row
    explanation: str

    @property
    def rows(self) -> tuple[Row, ...]:
        return (*self.queries, self.streamed, self.failed_over)


class Audience:
    """Who watches while it happens; this one is silent. ``stage`` says what comes, ``chunk`` is streamed text."""

    def stage(self, name: str, text: str) -> None: ...
    def row(self, row: Row) -> None: ...
    def chunk(self, text: str) -> None: ...


def run(options: Options, audience: Audience) -> Tour:
    """The whole tour; takes a few seconds.

    Raises:
        ConfigError: a policy or catalog that cannot be used, or no emulator.
    """
    home = options.home
    policy = options.policy or example("demo-policy.yaml")
    with _providers(home) as providers, _routing(policy, options.catalog):
        import openai

        with openai.OpenAI() as client:
            queries, receipts = _queries(client, audience)
            streamed = _streamed(client, audience)
            failed_over = _failed_over(client, providers, audience)
        flush()
        return Tour(home, policy, tuple(queries), streamed, failed_over, receipts[EXPLAINED].explain())


@contextmanager
def _providers(home: Path) -> Iterator[Emulator]:
    with Emulator() as providers:
        values = {**providers.environment(), "WAYPOST_HOME": str(home), "WAYPOST_JSONL": str(home / AUDIT)}
        with environment(values):
            yield providers


@contextmanager
def _routing(policy: Path, catalog: Path | None) -> Iterator[None]:
    auto_instrument(policy=policy, catalog=catalog)
    try:
        yield
    finally:
        uninstrument()


def _queries(client: Any, audience: Audience) -> tuple[list[Row], dict[str, Receipt]]:
    """The six queries, asked by the example's own code."""
    ordinary = runpy.run_path(str(example("six_queries.py")))
    ask: Callable[[Any], Iterator[tuple[str, Any]]] = ordinary["ask"]
    rows, receipts = [], {}
    for name, response in ask(client):
        receipts[name] = _receipt(response)
        said = row(name, ordinary["QUERIES"][name], response.choices[0].message.content, receipts[name])
        rows.append(said)
        audience.row(said)
    return rows, receipts


def _streamed(client: Any, audience: Audience) -> Row:
    audience.stage("streamed", STREAMED)
    stream = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": STREAMED}], stream=True)
    words = []
    for chunk in stream:
        for choice in chunk.choices:
            words.append(choice.delta.content or "")
            audience.chunk(words[-1])
    said = row("streamed", STREAMED, "".join(words), _receipt(stream))
    audience.row(said)
    return said


def _failed_over(client: Any, providers: Emulator, audience: Audience) -> Row:
    """Whoever is chosen first answers 503, once."""
    audience.stage("fallback", FAILED_OVER)
    providers.fail(503)
    response = client.chat.completions.create(model="auto", messages=[{"role": "user", "content": FAILED_OVER}])
    said = row("fallback", FAILED_OVER, response.choices[0].message.content, _receipt(response))
    audience.row(said)
    return said


def _receipt(result: Any) -> Receipt:
    found = receipt(result)
    if found is None:
        raise RuntimeError("a call of the demo has no receipt; please report this")
    return found
