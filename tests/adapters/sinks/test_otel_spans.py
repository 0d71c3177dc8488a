"""The spans of a call: which there are, how they hang together, when they start and end, and what they survive."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider, sampling
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

import events_factory
from waypost.adapters.sinks import attributes, otel_spans
from waypost.adapters.sinks.candidates import candidates
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.core.model.events import Attempting, Decided, Event, Settled, Started


class Later:
    """A worker of tests: keeps jobs until told, and may refuse them."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self.full = False

    def __call__(self, job: Callable[..., object], *args: Any) -> bool:
        if self.full:
            return False
        self.jobs.append((job, args))
        return True

    def run(self) -> None:
        while self.jobs:
            job, args = self.jobs.pop(0)
            job(*args)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> trace.Tracer:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("waypost")


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def sink(tracer: trace.Tracer, later: Later) -> OtelSpans:
    return OtelSpans(tracer, later)


def tell(sink: OtelSpans, events: list[Event]) -> list[Event]:
    for event in events:
        sink.event(event)
    return events


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


# -- what there is ----------------------------------------------------------------------------------------------------


def test_a_routed_call_is_two_spans(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """One INTERNAL route span and one CLIENT attempt span below it, with the events' times (S4.03)."""
    start, _, sending, done, end = tell(sink, events_factory.routed())
    later.run()
    spans = by_name(exporter)
    assert spans.keys() == {"route default", "chat gpt-5-mini"}
    route, attempt = spans["route default"], spans["chat gpt-5-mini"]
    assert (route.kind, attempt.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert route.parent is None
    assert attempt.parent == route.context
    assert isinstance(start, Started)
    assert isinstance(end, Settled)
    assert (route.start_time, route.end_time) == (start.at_ns, end.settlement.ended_ns)
    assert (attempt.start_time, attempt.end_time) == (sending.attempt.started_ns, done.attempt.ended_ns)
    assert (route.status.status_code, attempt.status.status_code) == (StatusCode.UNSET, StatusCode.UNSET)


def test_a_trace_is_found_by_what_people_know(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Receipt id, the caller's request id and each rejected candidate's rule are attributes of their own (S4.04)."""
    (start, *_) = tell(sink, events_factory.routed(request_id="order-17"))
    later.run()
    route = by_name(exporter)["route default"].attributes
    assert isinstance(start, Started)
    assert route["waypost.receipt.id"] == start.receipt
    assert route["waypost.request.id"] == "order-17"
    assert route["waypost.rejected.local/phi"] == "need.tools"
    assert route["waypost.rejected.openai/gpt-5"] == "estimated.cost <= 0.01"


def test_candidates_are_parallel_arrays(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Ids, outcomes, reasons, scores and costs stand side by side, -1 where a number is not known (S4.03)."""
    tell(sink, events_factory.routed())
    later.run()
    route = by_name(exporter)["route default"].attributes
    assert route["waypost.candidate.ids"] == ("openai/gpt-5-mini", "groq/llama-small", "local/phi", "openai/gpt-5")
    assert route["waypost.candidate.outcomes"] == ("selected", "standby", "rejected", "rejected")
    assert route["waypost.candidate.reasons"] == ("", "", "need.tools", "estimated.cost <= 0.01")
    assert route["waypost.candidate.scores"] == (800_000, 799_000, -1, -1)
    assert route["waypost.candidate.estimated_costs"] == (0.0001635, 0.0001635, -1.0, 0.02)
    assert route["waypost.candidate.count"] == 4
    assert "waypost.candidate.truncated" not in route


def test_an_attempt_follows_the_conventions(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Usage with cache and reasoning and response facts stand on the attempt only."""
    tell(sink, events_factory.routed())
    later.run()
    spans = by_name(exporter)
    attempt = spans["chat gpt-5-mini"].attributes
    assert {key: value for key, value in attempt.items() if not key.startswith("waypost.")} == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 180,
        "gen_ai.usage.cache_read.input_tokens": 50,
        "gen_ai.usage.cache_write.input_tokens": 25,
        "gen_ai.usage.reasoning.output_tokens": 40,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-5-mini-2026-01-01",
        "gen_ai.response.finish_reasons": ("stop",),
    }
    assert {key: value for key, value in attempt.items() if key.startswith("waypost.")} == {
        "waypost.attempt.number": 1,
        "waypost.attempt.reason": "primary",
        "waypost.attempt.cost.amount": 0.0001635,
    }
    assert not [key for key in spans["route default"].attributes if key.startswith("gen_ai.")]


def test_a_route_span_says_only_what_does_not_go_without_saying(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """Of an ordinary call nothing that is usual, false or empty."""
    (start, *_) = tell(sink, events_factory.routed(request_id="order-17"))
    later.run()
    spans = by_name(exporter)
    assert isinstance(start, Started)
    own = {
        key: value
        for key, value in spans["route default"].attributes.items()
        if not key.startswith(("waypost.candidate.", "waypost.rejected."))
    }
    assert own == {
        "waypost.policy.name": "default",
        "waypost.policy.fingerprint": start.policy_fingerprint,
        "waypost.operation": "chat",
        "waypost.mode": "route",
        "waypost.request.model": "auto",
        "waypost.request.provider": "openai",
        "waypost.receipt.id": start.receipt,
        "waypost.request.id": "order-17",
        "waypost.outcome": "ok",
        "waypost.task": "question_answer",
        "waypost.complexity": "simple",
        "waypost.context.department": "rd",
        "waypost.context.workflow": "triage",
        "waypost.selected.cause": "policy",
        "waypost.selected.target": "openai/gpt-5-mini",
        "waypost.decision.duration": 0.000012,
        "waypost.rerouted": True,
        "waypost.cost.amount": 0.0001635,
        "waypost.cost.baseline.requested": 0.0025,
        "waypost.cost.baseline.policy": 0.0026,
    }


def test_what_is_unusual_is_said(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Another operation is there for samplers; a target that is not provider and model is named."""
    start = events_factory.started(operation="embeddings")
    chosen = events_factory.decided(start)
    sending = events_factory.attempting(start, chosen, target="openai/gpt-5-mini@eu")
    done = events_factory.attempted(sending)
    tell(sink, [start, chosen, sending, done, events_factory.settled(start, chosen, [done])])
    assert later.jobs
    later.run()
    spans = by_name(exporter)
    assert spans["route default"].attributes["waypost.operation"] == "embeddings"
    assert spans["embeddings gpt-5-mini"].attributes["waypost.attempt.target"] == "openai/gpt-5-mini@eu"


def test_samplers_see_the_call(exporter: InMemorySpanExporter) -> None:
    """Policy, mode, model and provider are there when a sampler is asked; the rest is not needed for it."""
    seen: list[dict[str, Any]] = []

    class Watching(sampling.Sampler):
        def should_sample(self, parent_context: Any, trace_id: int, name: str, *args: Any, **kwargs: Any) -> Any:
            seen.append({"name": name, **args[1]})
            return sampling.ALWAYS_ON.should_sample(parent_context, trace_id, name, *args, **kwargs)

        def get_description(self) -> str:
            return "watching"

    provider = TracerProvider(sampler=Watching(), shutdown_on_exit=False)
    tell(OtelSpans(provider.get_tracer("waypost"), Later()), events_factory.routed(streaming=True))
    route, attempt = seen
    assert route["waypost.policy.name"] == "default"
    assert route["waypost.mode"] == "route"
    assert route["waypost.request.model"] == "auto"
    assert route["waypost.request.provider"] == "openai"
    assert attempt["gen_ai.operation.name"] == "chat"
    assert attempt["gen_ai.provider.name"] == "openai"
    assert attempt["gen_ai.request.model"] == "gpt-5-mini"
    assert attempt["server.address"] == "api.openai.com"


def test_providers_are_named_as_the_conventions_name_them(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """Our short provider names become OpenTelemetry's; unknown ones stay."""
    start, chosen, sending, done, end = events_factory.routed()
    sending = dataclasses.replace(sending, attempt=dataclasses.replace(sending.attempt, provider="google"))
    tell(sink, [start, chosen, sending, done, end])
    later.run()
    attempt = by_name(exporter)["chat gpt-5-mini"].attributes
    assert attempt["gen_ai.provider.name"] == "gcp.gemini"
    assert attributes.provider_name("somebody") == "somebody"


# -- how it ends ------------------------------------------------------------------------------------------------------


def test_a_fallback_that_worked_is_no_error_of_the_call(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """The failed attempt is ERROR with its kind and status; the route span stays UNSET without error.type."""
    tell(sink, events_factory.fallen_back())
    later.run()
    spans = by_name(exporter)
    bad, good, route = spans["chat gpt-5-mini"], spans["chat llama-small"], spans["route default"]
    assert bad.status.status_code is StatusCode.ERROR
    assert bad.attributes["error.type"] == "rate_limited"
    assert bad.attributes["http.response.status_code"] == 429
    assert bad.attributes["waypost.attempt.failure.type"] == "rate_limit_exceeded"
    assert (good.attributes["waypost.attempt.number"], good.attributes["waypost.attempt.reason"]) == (2, "fallback")
    assert good.status.status_code is StatusCode.UNSET
    assert route.status.status_code is StatusCode.UNSET
    assert "error.type" not in route.attributes
    assert route.attributes["waypost.fallback.used"] is True
    assert route.attributes["waypost.fallback.reason"] == "rate_limited"
    assert route.attributes["waypost.attempt.count"] == 2
    assert route.attributes["waypost.selected.cause"] == "fallback"
    assert route.attributes["waypost.rejected.openai/gpt-5-mini"] == "tried"


@pytest.mark.parametrize(
    ("scenario", "status", "error", "outcome"),
    [
        ("routed", StatusCode.UNSET, None, "ok"),
        ("failed", StatusCode.ERROR, "server_error", "error"),
        ("rejected", StatusCode.ERROR, "no_eligible_model", "rejected"),
        ("streamed", StatusCode.UNSET, None, "abandoned"),
    ],
)
def test_the_route_span_says_what_the_caller_got(
    sink: OtelSpans,
    later: Later,
    exporter: InMemorySpanExporter,
    scenario: str,
    status: StatusCode,
    error: str | None,
    outcome: str,
) -> None:
    """Errors and empty decisions are ERROR with error.type; answers and abandoned streams are not."""
    tell(sink, events_factory.SCENARIOS[scenario]())
    later.run()
    route = by_name(exporter)["route default"]
    assert route.status.status_code is status
    assert route.attributes.get("error.type") == error
    assert route.attributes["waypost.outcome"] == outcome


def test_money_is_on_the_route_span_once(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Cost and both baselines, its basis where it is not the usual one; an unpriced call has a basis and no amount."""
    tell(sink, events_factory.routed())
    later.run()
    route = by_name(exporter)["route default"].attributes
    assert route["waypost.cost.amount"] == 0.0001635
    assert "waypost.cost.basis" not in route
    assert route["waypost.cost.baseline.requested"] == 0.0025
    assert route["waypost.cost.baseline.policy"] == 0.0026
    exporter.clear()
    tell(sink, events_factory.unpriced())
    later.run()
    for span in exporter.get_finished_spans():
        assert span.attributes["waypost.cost.basis"] == "unpriced"
        assert not [key for key in span.attributes if key.endswith("cost.amount")]


def test_a_cost_that_the_provider_reported_says_so(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """The basis is reported where the response had the price in it."""
    start, chosen, sending, _, _ = events_factory.routed()
    done = events_factory.attempted(sending, cost=events_factory.Cost(5_000_000_000, "reported"))
    tell(sink, [start, chosen, sending, done, events_factory.settled(start, chosen, [done])])
    later.run()
    attempt = by_name(exporter)["chat gpt-5-mini"].attributes
    assert (attempt["waypost.cost.basis"], attempt["waypost.attempt.cost.amount"]) == ("reported", 5.0)


def test_a_stream_tells_its_first_chunk_and_that_usage_is_ours(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """Time to first chunk in seconds, and estimated counts marked as such."""
    tell(sink, events_factory.streamed())
    later.run()
    attempt = by_name(exporter)["chat gpt-5-mini"].attributes
    assert attempt["gen_ai.response.time_to_first_chunk"] == 0.12
    assert attempt["gen_ai.request.stream"] is True
    assert attempt["waypost.usage.estimated"] is True
    assert "gen_ai.response.finish_reasons" not in attempt


def test_advice_is_marked(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """In mode advise the route span names the chosen model, and that another one ran (S6.16)."""
    tell(sink, events_factory.advised())
    later.run()
    spans = by_name(exporter)
    route = spans["route default"].attributes
    assert route["waypost.advised"] is True
    assert route["waypost.selected.target"] == "openai/gpt-5-mini"
    assert "waypost.rerouted" not in route
    assert spans["chat gpt-5"].attributes["waypost.attempt.reason"] == "passthrough"


@pytest.mark.parametrize(
    ("changes", "rerouted"),
    [
        ({"requested": "gpt-5-mini"}, None),
        ({"requested": "gpt-5-mini", "provider": "azure"}, True),
        ({"requested": "gpt-5"}, True),
    ],
)
def test_a_call_that_went_elsewhere_is_marked(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter, changes: dict[str, str], rerouted: bool | None
) -> None:
    """Another model, or the same one at another provider; a call that went where it was meant to is not marked."""
    tell(sink, events_factory.routed(**changes))
    later.run()
    assert by_name(exporter)["route default"].attributes.get("waypost.rerouted") is rerouted


def test_observing_decides_nothing(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Without a decision there is nothing about one on the route span."""
    tell(sink, events_factory.observed())
    later.run()
    route = by_name(exporter)["route default"].attributes
    assert not [key for key in route if key.startswith(("waypost.selected", "waypost.candidate", "waypost.decision"))]
    assert "waypost.request.id" not in route


def test_an_attempt_without_an_end_still_ends(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """A cancelled send has no Attempted; its span ends with the call and says which attempt it was."""
    start, chosen, sending, _, _ = events_factory.routed()
    end = events_factory.settled(start, chosen, [], outcome="cancelled")
    tell(sink, [start, chosen, sending, end])
    later.run()
    spans = by_name(exporter)
    attempt = spans["chat gpt-5-mini"]
    assert attempt.end_time == end.settlement.ended_ns
    assert (attempt.attributes["waypost.attempt.number"], attempt.attributes["waypost.attempt.reason"]) == (
        1,
        "primary",
    )
    assert spans["route default"].attributes["waypost.outcome"] == "cancelled"


def test_only_allow_listed_context_is_emitted(tracer: trace.Tracer, exporter: InMemorySpanExporter) -> None:
    """Department and workflow by default, never the user; other keys and labels only where named."""
    tell(OtelSpans(tracer, Later(), inline=True), events_factory.routed())
    route = by_name(exporter)["route default"].attributes
    assert {key: value for key, value in route.items() if "context" in key} == {
        "waypost.context.department": "rd",
        "waypost.context.workflow": "triage",
    }
    exporter.clear()
    start = events_factory.started()
    chosen = events_factory.decided(start, question=events_factory.question(labels={"team": "blue"}))
    end = events_factory.settled(start, chosen, [])
    tell(OtelSpans(tracer, Later(), inline=True, scopes=("team", "tier")), [start, chosen, end])
    route = by_name(exporter)["route default"].attributes
    assert {key: value for key, value in route.items() if "context" in key} == {"waypost.context.team": "blue"}


# -- bounds -----------------------------------------------------------------------------------------------------------


def big(count: int, **changes: Any) -> Decided:
    """A decision over many candidates, of which the first two survive; 900 fails one rule, 901 was tried."""
    everyone = (1 << count) - 4
    rules = (
        ("tried", 1 << 901),
        ("provider.credentials", everyone & ~(1 << 900 | 1 << 800)),
        ("region", everyone),
        ("need.tools", 1 << 800),
    )
    decision = events_factory.decision(order=(1, 0), rejections=rules, scores=(7, 6))
    return events_factory.decided(
        events_factory.started(),
        made=decision,
        target_of=lambda index: f"p/m{index}",
        estimates=lambda indices: [index * 1_000_000_000 for index in indices],
        **changes,
    )


def test_many_candidates_are_cut(tracer: trace.Tracer, exporter: InMemorySpanExporter) -> None:
    """6 stand in the arrays, 8 are named, and the span keeps 64 attributes however many there would be."""
    labels = {f"label{index}": "x" for index in range(36)}
    chosen = big(1_000, question=events_factory.question(labels=labels))
    start = chosen.started
    sending = events_factory.attempting(start, None)
    done = events_factory.attempted(sending)
    end = events_factory.settled(start, chosen, [done])
    tell(OtelSpans(tracer, Later(), inline=True, scopes=tuple(labels)), [start, chosen, sending, done, end])
    route = by_name(exporter)["route default"].attributes
    assert len(route["waypost.candidate.ids"]) == 6
    assert (route["waypost.candidate.count"], route["waypost.candidate.truncated"]) == (1_000, 994)
    assert 0 < sum(key.startswith("waypost.rejected.") for key in route) < 8
    assert len(route) == 64
    assert route["waypost.receipt.id"] == start.receipt


def test_the_shown_candidates_are_those_that_matter() -> None:
    """Survivors by rank, the tried, near misses, others; those without a key come last and fill up."""
    found = candidates(big(1_000), room=64)
    assert found["waypost.candidate.ids"] == ["p/m1", "p/m0", "p/m901", "p/m900", "p/m800", "p/m2"]
    assert found["waypost.candidate.outcomes"] == ["selected", "standby", "tried", *["rejected"] * 3]
    assert found["waypost.candidate.reasons"] == ["", "", "tried", "region", "region", "provider.credentials"]
    assert found["waypost.candidate.scores"] == [7, 6, -1, -1, -1, -1]
    assert found["waypost.candidate.estimated_costs"] == [1.0, 0.0, 901.0, 900.0, 800.0, 2.0]
    assert {key: value for key, value in found.items() if key.startswith("waypost.rejected.")} == {
        "waypost.rejected.p/m901": "tried",
        "waypost.rejected.p/m900": "region",
        "waypost.rejected.p/m800": "region",
        **{f"waypost.rejected.p/m{index}": "provider.credentials" for index in (2, 3, 4, 5, 6)},
    }


def test_of_many_survivors_one_place_is_left_to_the_rejected() -> None:
    """The arrays end with the nearest rejected; where nobody was rejected they are all survivors."""
    order = (7, 6, 5, 4, 3, 2, 1)
    rejections = (("region", 1 << 9), ("need.tools", 1 << 8 | 1 << 9))
    made = events_factory.decision(order=order, rejections=rejections, scores=(9, 8, 7, 6, 5, 4, 3), catalog="of nine")
    options = {"target_of": lambda index: f"p/m{index}", "estimates": lambda indices: [None for _ in indices]}
    found = candidates(events_factory.decided(events_factory.started(), made=made, **options), room=64)
    assert found["waypost.candidate.ids"] == ["p/m7", "p/m6", "p/m5", "p/m4", "p/m3", "p/m8"]
    assert found["waypost.candidate.scores"] == [9, 8, 7, 6, 5, -1]
    assert (found["waypost.candidate.count"], found["waypost.candidate.truncated"]) == (9, 3)
    made = dataclasses.replace(made, rejections=())
    found = candidates(events_factory.decided(events_factory.started(), made=made, **options), room=64)
    assert found["waypost.candidate.ids"] == ["p/m7", "p/m6", "p/m5", "p/m4", "p/m3", "p/m2"]
    assert "waypost.candidate.reasons" not in found


def test_everybody_of_a_small_catalog_is_named() -> None:
    """Up to eight rejected candidates are all found by their rule (S4.04)."""
    rejections = (("need.tools", 0b0_1111_0000), ("region", 0b1_1111_1110))
    made = events_factory.decision(order=(0,), rejections=rejections, scores=(1,), catalog="of nine")
    options = {"target_of": lambda index: f"p/m{index}", "estimates": lambda indices: [None for _ in indices]}
    found = candidates(events_factory.decided(events_factory.started(), made=made, **options), room=64)
    assert {key: value for key, value in found.items() if key.startswith("waypost.rejected.")} == {
        **{f"waypost.rejected.p/m{index}": "region" for index in (1, 2, 3, 8)},
        **{f"waypost.rejected.p/m{index}": "need.tools" for index in (4, 5, 6, 7)},
    }


def test_rejected_attributes_give_way_first() -> None:
    """With little room left the arrays stay and single attributes are left out."""
    found = candidates(big(1_000), room=10)
    assert len(found) == 10
    assert [key for key in found if key.startswith("waypost.rejected.")] == [
        f"waypost.rejected.p/m{index}" for index in (901, 900, 800)
    ]


def test_nothing_is_proved_where_estimates_are_told() -> None:
    """A proof costs more than the call; without estimates the rows' own are taken."""
    start = events_factory.started()
    chosen = without_proof(events_factory.routed())[1]
    assert isinstance(chosen, Decided)
    assert candidates(chosen, room=64)["waypost.candidate.estimated_costs"] == [0.0001635, 0.0001635, -1.0, 0.02]
    proved = events_factory.decided(start, estimates=None)
    assert candidates(proved, room=64)["waypost.candidate.estimated_costs"] == [0.0001635, 0.0001635, -1.0, 0.02]


def test_no_survivors_and_no_rejections() -> None:
    """Either side may be empty."""
    nobody = events_factory.decided(
        events_factory.started(), made=events_factory.decision(order=(), scores=(), rejections=(("region", 0b1111),))
    )
    found = candidates(nobody, room=64)
    assert found["waypost.candidate.outcomes"] == ["rejected"] * 4
    assert "waypost.candidate.scores" not in found
    everybody = events_factory.decided(
        events_factory.started(), made=events_factory.decision(order=(0, 1, 2, 3), rejections=())
    )
    found = candidates(everybody, room=64)
    assert found["waypost.candidate.outcomes"] == ["selected", "standby", "standby", "standby"]
    assert not [key for key in found if key.startswith("waypost.rejected.")]


def test_nothing_is_deferred_for_a_call_that_nobody_records(later: Later) -> None:
    """A call that was sampled out has no rows derived, and no job."""
    provider = TracerProvider(sampler=sampling.ALWAYS_OFF, shutdown_on_exit=False)
    sink = OtelSpans(provider.get_tracer("waypost"), later)
    tell(sink, broken_estimates(events_factory.routed()))
    assert later.jobs == []
    assert sink.failed == 0


def broken() -> Any:
    raise RuntimeError("broken")


def changed(events: list[Event], **changes: Any) -> list[Event]:
    """The same call with its decision's event changed."""
    start, chosen, sending, done, end = events
    chosen = dataclasses.replace(chosen, **changes)
    return [start, chosen, dataclasses.replace(sending, decided=chosen), done, dataclasses.replace(end, decided=chosen)]


def without_proof(events: list[Event]) -> list[Event]:
    return changed(events, prove=broken)


def broken_estimates(events: list[Event]) -> list[Event]:
    return changed(events, prove=broken, estimates=lambda indices: broken())


def test_calls_that_never_end_are_given_up(
    sink: OtelSpans, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a bound the oldest open call's spans are ended, and its later events are ignored."""
    monkeypatch.setattr(otel_spans, "MAX_OPEN", 2)
    first = events_factory.routed()
    tell(sink, first[:3])
    tell(sink, [events_factory.started(), events_factory.started()])
    assert sink.given_up == 1
    assert by_name(exporter).keys() == {"route default", "chat gpt-5-mini"}
    route = by_name(exporter)["route default"].attributes
    assert (route["waypost.outcome"], route["waypost.receipt.id"]) == ("abandoned", first[0].receipt)
    assert by_name(exporter)["chat gpt-5-mini"].attributes["waypost.attempt.number"] == 1
    tell(sink, first[3:])
    assert len(exporter.get_finished_spans()) == 2
    assert sink.failed == 0


# -- deferral ---------------------------------------------------------------------------------------------------------


def test_the_callers_thread_only_starts_spans(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Until the worker runs nothing has ended, and one call is one job."""
    tell(sink, events_factory.fallen_back())
    assert exporter.get_finished_spans() == ()
    assert len(later.jobs) == 1
    later.run()
    assert len(exporter.get_finished_spans()) == 3


def test_a_full_queue_costs_the_candidates_only(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """Refused spans are ended at once, with everything but the candidates, and counted."""
    later.full = True
    tell(sink, events_factory.routed())
    route = by_name(exporter)["route default"].attributes
    assert sink.degraded == 1
    assert route["waypost.selected.target"] == "openai/gpt-5-mini"
    assert "waypost.candidate.ids" not in route
    assert "chat gpt-5-mini" in by_name(exporter)


def test_inline_needs_no_worker(tracer: trace.Tracer, exporter: InMemorySpanExporter) -> None:
    """Where threads are frozen between calls, spans are whole and ended when the call returns."""

    def nobody(*_: object) -> bool:
        raise AssertionError("deferred")

    tell(OtelSpans(tracer, nobody, inline=True), events_factory.routed())
    assert "waypost.candidate.ids" in by_name(exporter)["route default"].attributes


def test_nothing_is_kept_of_an_ended_call(sink: OtelSpans, later: Later) -> None:
    """All state of a call goes with its end."""
    for make in events_factory.SCENARIOS.values():
        tell(sink, make())
    assert sink._scenes == {}
    assert sink.flush(1.0) is True


# -- the current span -------------------------------------------------------------------------------------------------


def test_the_attempt_is_current_around_its_send(sink: OtelSpans, later: Later, exporter: InMemorySpanExporter) -> None:
    """What an HTTP instrumentation starts meanwhile is the attempt's child; afterwards nothing of ours is current."""
    start, chosen, sending, done, end = events_factory.routed()
    tell(sink, [start, chosen, sending])
    with sink.activate(start.receipt):
        inner = trace.get_current_span().get_span_context()
    assert trace.get_current_span() is trace.INVALID_SPAN
    tell(sink, [done, end])
    later.run()
    assert inner == by_name(exporter)["chat gpt-5-mini"].context


def test_what_the_caller_has_in_its_context_stays_there(sink: OtelSpans) -> None:
    """Around the send too, whether it is the context of the call's start or one that came later."""
    start, chosen, sending, done, end = events_factory.routed()
    before = otel_context.attach(otel_context.set_value("mine", 1))
    tell(sink, [start, chosen, sending])
    with sink.activate(start.receipt):
        assert otel_context.get_value("mine") == 1
        first = trace.get_current_span()
    later_on = otel_context.attach(otel_context.set_value("mine", 2))
    with sink.activate(start.receipt):
        assert otel_context.get_value("mine") == 2
        assert trace.get_current_span() is first
    otel_context.detach(later_on)
    otel_context.detach(before)
    assert first.is_recording()
    tell(sink, [done, end])


def test_every_kind_of_event_is_taken(sink: OtelSpans) -> None:
    """No event is without somebody who takes it."""
    assert set(sink._takers) == set(get_args(Event))


def test_nothing_is_activated_without_an_attempt(sink: OtelSpans) -> None:
    """Unknown receipts, and times before and after the attempt, leave the context alone."""
    start, chosen, sending, done, _ = events_factory.routed()
    before = otel_context.get_current()
    tell(sink, [start, chosen])
    for receipt in ("wp_unknown", start.receipt):
        with sink.activate(receipt):
            assert otel_context.get_current() is before
    tell(sink, [sending, done])
    with sink.activate(start.receipt):
        assert otel_context.get_current() is before


def test_the_caller_s_span_is_the_parent(
    sink: OtelSpans, later: Later, tracer: trace.Tracer, exporter: InMemorySpanExporter
) -> None:
    """A call inside the application's own span belongs to its trace."""
    with tracer.start_as_current_span("handle order") as outer:
        tell(sink, events_factory.routed())
    later.run()
    assert by_name(exporter)["route default"].parent == outer.get_span_context()


def test_an_error_inside_leaves_the_context_clean(sink: OtelSpans) -> None:
    """An exception out of the send passes through and takes the span off."""
    start, chosen, sending, _, _ = events_factory.routed()
    tell(sink, [start, chosen, sending])
    with pytest.raises(ValueError, match="from the provider"), sink.activate(start.receipt):
        raise ValueError("from the provider")
    assert trace.get_current_span() is trace.INVALID_SPAN


# -- what it survives -------------------------------------------------------------------------------------------------


def test_a_fault_in_the_candidates_costs_only_them(
    sink: OtelSpans, later: Later, exporter: InMemorySpanExporter
) -> None:
    """It is counted; the spans end with everything else on them."""
    tell(sink, broken_estimates(events_factory.routed()))
    later.run()
    route = by_name(exporter)["route default"].attributes
    assert sink.failed == 1
    assert route["waypost.outcome"] == "ok"
    assert "waypost.candidate.ids" not in route


def test_a_tracer_that_raises_never_reaches_the_caller(later: Later) -> None:
    """Faults of the SDK, of a sampler or a processor are counted and contained."""

    class Broken(trace.NoOpTracer):
        def start_span(self, *args: Any, **kwargs: Any) -> trace.Span:
            raise RuntimeError("broken")

    sink = OtelSpans(Broken(), later)
    start, *_ = tell(sink, events_factory.routed())
    with sink.activate(start.receipt):
        pass
    assert sink.failed == 1
    assert later.jobs == []


def test_without_an_sdk_there_is_next_to_nothing(later: Later) -> None:
    """Non-recording spans defer no work and derive no rows."""
    sink = OtelSpans(trace.NoOpTracer(), later)
    start, *_ = tell(sink, broken_estimates(events_factory.routed()))
    assert later.jobs == []
    assert sink.failed == 0
    assert isinstance(start, Started)


@pytest.fixture(autouse=True)
def _clean_context() -> Iterator[None]:
    """No test leaves a span current for the next."""
    yield
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_events_of_unknown_calls_are_ignored(sink: OtelSpans, later: Later) -> None:
    """A call that began before the sink did leaves no trace and breaks nothing."""
    _, *rest = events_factory.routed()
    assert isinstance(rest[1], Attempting)
    tell(sink, rest)
    assert (sink.failed, later.jobs) == (0, [])
