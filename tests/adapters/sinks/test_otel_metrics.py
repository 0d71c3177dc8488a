"""Metrics: exact sums, labels that stay few, exemplars that lead to the right span, and whoever listens."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import events_factory
from waypost.adapters.sinks import otel_metrics
from waypost.adapters.sinks.otel_metrics import DECISION_BUCKETS, OtelMetrics
from waypost.adapters.sinks.otel_spans import OtelSpans
from waypost.adapters.sinks.tally import Bounded, Ledger, Tally
from waypost.core.model.ask import Account, Level
from waypost.core.model.events import Event, InternalError


class Stage:
    """Both sinks with the SDK behind them, and one thread in between like the worker's."""

    def __init__(self, **options: Any) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = tracers.get_tracer("waypost")
        self.meter = MeterProvider([self.reader], shutdown_on_exit=False).get_meter("waypost")
        self.metrics = OtelMetrics(lambda: self.meter, **options)
        self.sink = OtelSpans(self.tracer, self.elsewhere, metrics=self.metrics)

    def elsewhere(self, job: Any, *args: Any) -> bool:
        """Run on another thread, where no context of the caller's is current."""
        thread = threading.Thread(target=job, args=args)
        thread.start()
        thread.join()
        return True

    def tell(self, events: list[Event]) -> None:
        for event in events:
            self.sink.event(event)

    def collect(self) -> dict[str, list[Any]]:
        """Data points by metric."""
        return collected(self.reader)


def collected(reader: InMemoryMetricReader) -> dict[str, list[Any]]:
    data = reader.get_metrics_data()
    found: dict[str, list[Any]] = {}
    for resource in data.resource_metrics if data is not None else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found.setdefault(metric.name, []).extend(metric.data.data_points)
    return found


def sums(points: list[Any]) -> dict[Mapping[str, Any], Any]:
    return {tuple(sorted(point.attributes.items())): point.value for point in points}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_cost_is_counted_per_attempt(stage: Stage) -> None:
    """Sum, and labels for provider, model, asked model, policy, basis and the allow-listed scopes (S4.05)."""
    stage.tell(events_factory.routed())
    stage.tell(events_factory.routed())
    (point,) = stage.collect()["waypost.cost"]
    assert point.value == pytest.approx(0.000327)
    assert dict(point.attributes) == {
        "waypost.provider": "openai",
        "waypost.model": "gpt-5-mini",
        "waypost.request.model": "auto",
        "waypost.policy.name": "default",
        "waypost.cost.basis": "computed",
        "waypost.context.department": "rd",
        "waypost.context.workflow": "triage",
    }


def test_an_unpriced_attempt_costs_nothing_and_is_still_counted(stage: Stage) -> None:
    """Unknown is not zero: there is no cost series, and the attempt says that it is unpriced."""
    stage.tell(events_factory.unpriced())
    found = stage.collect()
    assert "waypost.cost" not in found
    (attempt,) = found["waypost.attempts"]
    assert (attempt.value, attempt.attributes["waypost.cost.basis"]) == (1, "unpriced")


def test_both_baselines_stand_beside_the_cost(stage: Stage) -> None:
    """With the cost's labels and the baseline's own, so that PromQL can subtract."""
    stage.tell(events_factory.routed())
    points = stage.collect()["waypost.cost.baseline"]
    assert {(point.attributes["waypost.baseline"], point.value) for point in points} == {
        ("requested", 0.0025),
        ("policy", 0.0026),
    }
    assert all(point.attributes["waypost.model"] == "gpt-5-mini" for point in points)


def test_decisions_and_rejections_are_counted(stage: Stage) -> None:
    """Each hop's decision by cause and target; each rule by the number of candidates that failed it."""
    stage.tell(events_factory.fallen_back())
    found = stage.collect()
    policy = ("waypost.policy.name", "default")
    assert sums(found["waypost.decisions"]) == {
        (("waypost.mode", "route"), policy, ("waypost.selected.cause", cause), ("waypost.selected.target", target)): 1
        for cause, target in (("policy", "openai/gpt-5-mini"), ("fallback", "groq/llama-small"))
    }
    assert sums(found["waypost.rejections"]) == {
        (policy, ("waypost.rejection.rule", rule)): count
        for rule, count in (("need.tools", 2), ("estimated.cost <= 0.01", 2), ("region", 4), ("tried", 1))
    }
    (duration,) = found["waypost.decision.duration"]
    assert (duration.count, duration.sum) == (2, pytest.approx(0.000024))
    assert duration.explicit_bounds == DECISION_BUCKETS
    assert dict(duration.attributes) == {"waypost.policy.name": "default"}


def test_many_kinds_of_calls_do_not_pile_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound, notes become series before anybody collects, and nothing is lost."""
    monkeypatch.setattr(otel_metrics, "MAX_NOTES", 6)
    for index in range(10):
        stage.tell(events_factory.routed(policy=f"policy-{index}"))
        assert len(stage.metrics._ledger) <= 6
    found = stage.collect()
    assert {(point.attributes["waypost.policy.name"], point.value) for point in found["waypost.decisions"]} == {
        (f"policy-{index}", 1) for index in range(10)
    }
    assert len(found["waypost.cost"]) == 10


def test_attempts_say_how_they_ended(stage: Stage) -> None:
    """A failed attempt has its kind, an answered one has no error."""
    stage.tell(events_factory.fallen_back())
    attempts = stage.collect()["waypost.attempts"]
    assert {(point.attributes["waypost.provider"], point.attributes.get("error.type")) for point in attempts} == {
        ("openai", "rate_limited"),
        ("groq", None),
    }


def test_exemplars_lead_to_the_spans() -> None:
    """Recorded on another thread, they name the attempt's span, and for the call's own facts the route span (S4.05)."""
    stage = Stage(inference=True)
    stage.tell(events_factory.routed())
    spans = {span.name: span.context for span in stage.exporter.get_finished_spans()}
    attempt, route = spans["chat gpt-5-mini"], spans["route default"]
    found = stage.collect()
    expected = {
        "waypost.cost": attempt,
        "waypost.attempts": attempt,
        "gen_ai.client.operation.duration": attempt,
        "gen_ai.client.token.usage": attempt,
        "waypost.cost.baseline": route,
        "waypost.decisions": route,
        "waypost.rejections": route,
        "waypost.decision.duration": route,
    }
    for metric, context in expected.items():
        for point in found[metric]:
            (exemplar,) = point.exemplars
            assert (exemplar.trace_id, exemplar.span_id) == (context.trace_id, context.span_id), metric


def test_an_exemplar_is_told_once(stage: Stage) -> None:
    """It has the sum since the last collection; a count that nobody adds to any more names no trace again."""
    stage.tell(events_factory.routed())
    (first,) = stage.collect()["waypost.decisions"]
    assert [exemplar.value for exemplar in first.exemplars] == [1]
    (again,) = stage.collect()["waypost.decisions"]
    assert (again.value, list(again.exemplars)) == (1, [])


def test_inference_metrics_are_left_to_whoever_owns_the_inference() -> None:
    """Under a foreign inference span only `waypost.*` is counted, once (S6.15)."""
    stage = Stage(inference=True)
    with stage.tracer.start_as_current_span("chat gpt-5", attributes={"gen_ai.request.model": "gpt-5"}):
        stage.tell(events_factory.routed())
    found = stage.collect()
    assert not [name for name in found if name.startswith("gen_ai.")]
    assert found["waypost.cost"][0].value == 0.0001635


def test_inference_metrics_are_made_on_request(stage: Stage) -> None:
    """Three histogram records cost more than all the rest, so nobody pays for them unasked."""
    stage.tell(events_factory.routed())
    assert not [name for name in stage.collect() if name.startswith("gen_ai.")]


def test_tokens_and_durations_of_our_own_inferences() -> None:
    """Token counts by type, durations in seconds; estimates of ours are no measurements and are left out."""
    stage = Stage(inference=True)
    stage.tell(events_factory.routed())
    stage.tell(events_factory.streamed(provider="openai"))
    found = stage.collect()
    tokens = {point.attributes["gen_ai.token.type"]: (point.count, point.sum) for point in found[TOKENS]}
    assert tokens == {"input": (1, 100), "output": (1, 180)}
    (duration,) = found["gen_ai.client.operation.duration"]
    assert (duration.count, duration.sum) == (2, pytest.approx(0.8))


TOKENS = "gen_ai.client.token.usage"


def test_what_callers_choose_cannot_grow_without_bound(stage: Stage) -> None:
    """Beyond 200 values a label says `other`, and the money is still counted."""
    for index in range(210):
        stage.tell(events_factory.routed(requested=f"model-{index}"))
    points = stage.collect()["waypost.cost"]
    assert len(points) == 201
    other = [point for point in points if point.attributes["waypost.request.model"] == "other"]
    assert [point.value for point in other] == [pytest.approx(0.001635)]


def test_internal_errors_and_losses_are_counted() -> None:
    """By room and exception class; losses by what was lost, as somebody else counts them."""
    lost = {"jobs": 3}
    stage = Stage(dropped=lambda: lost)
    stage.tell([InternalError("features", "KeyError"), InternalError("features", "KeyError", "wp_1")])
    found = stage.collect()
    assert sums(found["waypost.internal_errors"]) == {(("error.type", "KeyError"), ("waypost.layer", "features")): 2}
    assert sums(found["waypost.dropped"]) == {(("waypost.dropped.what", "jobs"),): 3}


def test_collecting_waits_for_the_worker() -> None:
    """What was deferred before a collection is in it."""
    waiting: list[Any] = []

    def drain() -> None:
        while waiting:
            job, args = waiting.pop(0)
            job(*args)

    stage = Stage(before_collect=drain)
    stage.sink._defer = lambda job, *args: waiting.append((job, args)) or True  # type: ignore[func-returns-value]
    stage.tell(events_factory.routed())
    assert waiting
    found = stage.collect()
    assert found["waypost.decisions"][0].value == 1
    assert found["waypost.cost"][0].value == 0.0001635


def test_without_anybody_listening_nothing_is_deferred() -> None:
    """No meter and no recording span: not even a job. Internal errors wait for a listener."""
    jobs: list[Any] = []
    meter: list[Any] = [None]
    metrics = OtelMetrics(lambda: meter[0])
    sink = OtelSpans(trace.NoOpTracer(), lambda job, *args: jobs.append((job, args)) is None, metrics=metrics)
    for event in (*events_factory.routed(), events_factory.internal_error()):
        sink.event(event)
    assert [job for job, _ in jobs] == [metrics.internal_error]
    jobs[0][0](*jobs[0][1])
    reader = InMemoryMetricReader()
    meter[0] = MeterProvider([reader], shutdown_on_exit=False).get_meter("waypost")
    metrics.internal_error(InternalError("store", "OSError"))
    points = collected(reader)["waypost.internal_errors"]
    assert {(point.attributes["waypost.layer"], point.value) for point in points} == {("features", 1), ("store", 1)}


def test_a_new_meter_gets_instruments_of_its_own() -> None:
    """When the application configures its SDK after the first calls, later money goes there."""
    readers = [InMemoryMetricReader(), InMemoryMetricReader()]
    meters = [MeterProvider([reader], shutdown_on_exit=False).get_meter("waypost") for reader in readers]
    in_force = meters[:1]
    sink = OtelSpans(trace.NoOpTracer(), lambda *_: False, inline=True, metrics=OtelMetrics(lambda: in_force[-1]))
    for event in events_factory.routed():
        sink.event(event)
    in_force.append(meters[1])
    for event in events_factory.routed():
        sink.event(event)
    # What nobody had collected by then is told to the new one, once.
    assert "waypost.cost" not in collected(readers[0])
    assert collected(readers[1])["waypost.cost"][0].value == 0.000327


def test_a_fault_of_metrics_leaves_the_spans_whole(stage: Stage) -> None:
    """They are counted apart, and one cannot take the other with it."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    stage.metrics.call = broken  # type: ignore[method-assign]
    stage.tell(events_factory.routed())
    assert len(stage.exporter.get_finished_spans()) == 2
    assert stage.sink.failed == 1


# -- the sums ---------------------------------------------------------------------------------------------------------


def taken(tally: Tally) -> list[tuple[int, dict[str, str]]]:
    found: list[tuple[int, dict[str, str]]] = []
    tally.take(lambda total, attributes, _: found.append((total, attributes)))
    return found


def test_a_tally_sums_by_attributes() -> None:
    """Equal attributes share a sum, and what was taken is not given again."""
    tally = Tally()
    for amount in (2, 3):
        tally.add(amount, (("a", "x"),))
    tally.add(1, (("a", "y"),))
    assert taken(tally) == [(5, {"a": "x"}), (1, {"a": "y"})]
    tally.add(4, (("a", "x"),))
    assert taken(tally) == [(4, {"a": "x"})]
    assert taken(tally) == []


def test_a_tally_loses_nothing_between_threads() -> None:
    """Without a worker all callers add at once, and somebody takes meanwhile."""
    tally = Tally()
    threads = [threading.Thread(target=lambda: [tally.add(1, ()) for _ in range(2_000)]) for _ in range(8)]
    total = 0
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        total += sum(each for each, _ in taken(tally))
    total += sum(each for each, _ in taken(tally))
    assert total == 16_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_counts_from_zero() -> None:
    """What the parent counted is the parent's to report."""
    tally = Tally()
    tally.add(7, ())
    child = os.fork()
    if child == 0:
        os._exit(1 if taken(tally) else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert taken(tally) == [(7, {})]


def test_a_ledger_counts_and_sums_by_key() -> None:
    """Equal keys share a line with the latest context, which is given away once."""
    ledger = Ledger()
    here, there = Context({"at": "here"}), Context({"at": "there"})
    ledger.add([(("a",), 2, here), (("b",), 5, here)])
    ledger.add([(("a",), 3, there)])
    assert len(ledger) == 2
    assert ledger.take() == {("a",): (2, 5, there), ("b",): (1, 5, here)}
    assert ledger.take() == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_begins_a_new_ledger() -> None:
    """What the parent noted is the parent's to report."""
    ledger = Ledger()
    ledger.add([(("a",), 7, Context())])
    child = os.fork()
    if child == 0:
        os._exit(1 if ledger.take() else 0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(ledger) == 1


def test_bounded_keeps_the_first_values() -> None:
    """The first ones stay themselves for ever, per attribute."""
    bounded = Bounded(2)
    assert [bounded("a", value) for value in ("x", "y", "z", "x")] == ["x", "y", "other", "x"]
    assert bounded("b", "z") == "z"


def level(key: str, value: str, used: int, limit: int = 100) -> Level:
    return Level(Account(key, f"budget.{key}", value, limit, "day", (), None), "2026-11-21", used)


def test_budgets_show_the_fullest_and_name_nobody() -> None:
    """S4.05: one series a budget; users are not told apart, departments are, and the last value stands."""
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader], shutdown_on_exit=False).get_meter("waypost")
    metrics = OtelMetrics(lambda: meter)
    metrics.budgets("rd", [level("user/day", "ann", 80), level("department/month", "sales", 10)])
    metrics.budgets("rd", [level("user/day", "ben", 20), level("department/month", "hr", 40)])

    def ratios() -> dict[tuple[Any, ...], float]:
        points = collected(reader)["waypost.budget.used_ratio"]
        return {tuple(sorted(point.attributes.items())): point.value for point in points}

    about = ("waypost.policy.name", "rd")
    user = (("waypost.budget", "user/day"), about)
    by_department = {
        (("waypost.budget", "department/month"), ("waypost.context.department", name), about): ratio
        for name, ratio in (("sales", 0.1), ("hr", 0.4))
    }
    assert ratios() == {user: 0.8, **by_department}
    metrics.budgets("rd", [level("user/day", "ben", 30), level("user/day", "cyd", 5, limit=0)])
    assert ratios() == {user: 1.0, **by_department}
    metrics.budgets("rd", [level("user/day", "ben", 30)])
    assert ratios()[user] == 0.3
    assert ratios()[user] == 0.3
