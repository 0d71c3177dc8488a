"""Metrics, from the SDK and not from spans, so that sampling cannot drop money.

Everything here runs on the worker. Money and durations go to instruments one by one, in the context of the span that
they belong to; plain counts are tallied and read when the SDK collects. Dashboards query `waypost.*` only; the two
`gen_ai.*` histograms are recorded only where nobody else reports the inference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from waypost.adapters.sinks import names
from waypost.adapters.sinks.attributes import SCOPES, provider_name, scoped, usd
from waypost.adapters.sinks.tally import Bounded, Key, Tally
from waypost.core.model.events import Attempted, Decided, InternalError, Settled
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt, Baseline

DECISION_BUCKETS = (1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1.0)
DURATION_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(4.0**power for power in range(14))


class Scene(Protocol):
    """What a call's spans say to its metrics."""

    owned: bool
    context: Context

    def attempt_context(self, number: int) -> Context: ...


class OtelMetrics:
    """Counts calls and money. ``meter()`` is asked for the meter in force; a new one gets instruments of its own.

    ``None`` says that nobody listens. ``scopes`` are the keys of the caller's context that become dimensions.
    ``dropped()`` tells what was lost so far, by what it was. ``before_collect()`` is called before the SDK reads the
    counts; the worker's drain belongs there.
    """

    def __init__(
        self,
        meter: Callable[[], Meter | None],
        *,
        scopes: Sequence[str] = SCOPES,
        dropped: Callable[[], Mapping[str, int]] = dict,
        before_collect: Callable[[], object] = lambda: None,
    ) -> None:
        self._meter = meter
        self._scopes = tuple(scopes)
        self._dropped = dropped
        self._before_collect = before_collect
        self._bounded = Bounded()
        self._decisions, self._rejections, self._attempts, self._errors = Tally(), Tally(), Tally(), Tally()
        self._held: Meter | None = None
        self._ready = False
        self._refresh()

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return self._meter() is not None

    def call(self, settled: Settled, decisions: Sequence[Decided], scene: Scene) -> None:
        """Count one ended call."""
        if not self._refresh():
            return
        for decided in decisions:
            self._decided(decided, scene.context)
        for attempted in settled.attempts:
            self._attempted(settled, attempted, scene)
        if settled.attempts:
            last = settled.attempts[-1].attempt
            for baseline in settled.settlement.baselines:
                self._baseline(settled, last, baseline, scene.context)

    def internal_error(self, event: InternalError) -> None:
        """Count something of ours that broke; it is not lost while nobody listens."""
        self._refresh()
        self._errors.add(1, ((names.LAYER, event.layer), (names.ERROR_TYPE, event.error)))

    # -- instruments --------------------------------------------------------------------------------------------------

    def _refresh(self) -> bool:
        """Have instruments of the meter in force, and say whether there is one."""
        meter = self._meter()
        if meter is not self._held:
            self._held, self._ready = meter, False
            if meter is not None:
                self._create(meter)
        return meter is not None

    def _create(self, meter: Meter) -> None:
        counter, observable = meter.create_counter, meter.create_observable_counter
        self._cost = counter(*names.METRIC_COST)
        self._baselines = counter(*names.METRIC_COST_BASELINE)
        self._decision_duration = _histogram(meter, names.METRIC_DECISION_DURATION, DECISION_BUCKETS)
        self._duration = _histogram(meter, names.METRIC_GEN_AI_CLIENT_OPERATION_DURATION, DURATION_BUCKETS)
        self._tokens = _histogram(meter, names.METRIC_GEN_AI_CLIENT_TOKEN_USAGE, TOKEN_BUCKETS)
        for metric, read in (
            (names.METRIC_DECISIONS, self._observe_first),
            (names.METRIC_REJECTIONS, lambda _: self._rejections.observe()),
            (names.METRIC_ATTEMPTS, lambda _: self._attempts.observe()),
            (names.METRIC_INTERNAL_ERRORS, lambda _: self._errors.observe()),
            (names.METRIC_DROPPED, self._observe_dropped),
        ):
            observable(metric.name, [read], metric.unit, metric.description)
        # Registering waits for the SDK's collection, and a collection that drained us then would wait for this.
        self._ready = True

    def _observe_first(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._ready:
            self._before_collect()
        return self._decisions.observe()

    def _observe_dropped(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {names.DROPPED_WHAT: what}) for what, count in self._dropped().items()]

    # -- records ------------------------------------------------------------------------------------------------------

    def _decided(self, decided: Decided, context: Context) -> None:
        decision, policy = decided.decision, (names.POLICY_NAME, decided.started.policy)
        self._decision_duration.record(decided.duration_ns / NANO, dict((policy,)), context=context)
        key: Key = (policy, (names.MODE, decided.started.mode), (names.SELECTED_CAUSE, decision.cause))
        if decision.selected is not None:
            key = (*key, self._bound(names.SELECTED_TARGET, decided.target_of(decision.selected)))
        self._decisions.add(1, key, context)
        for rule, mask in decision.rejections:
            self._rejections.add(mask.bit_count(), (policy, self._bound(names.REJECTION_RULE, rule)), context)

    def _attempted(self, settled: Settled, attempted: Attempted, scene: Scene) -> None:
        attempt = attempted.attempt
        context = scene.attempt_context(attempt.number)
        key: Key = (
            (names.POLICY_NAME, settled.started.policy),
            self._bound(names.PROVIDER, attempt.provider),
            self._bound(names.MODEL, attempt.model),
            (names.ATTEMPT_REASON, attempt.reason),
            (names.COST_BASIS, attempt.cost.basis),
        )
        if attempt.failure is not None:
            key = (*key, (names.ERROR_TYPE, attempt.failure.kind))
        self._attempts.add(1, key, context)
        if attempt.cost.nano_usd is not None:
            money = self._money(settled, attempt, attempt.cost.basis)
            self._cost.add(usd(attempt.cost.nano_usd), money, context=context)
        if scene.owned:
            self._inference(attempted, context)

    def _baseline(self, settled: Settled, attempt: Attempt, baseline: Baseline, context: Context) -> None:
        if baseline.cost.nano_usd is not None:
            money = self._money(settled, attempt, baseline.cost.basis)
            money[names.BASELINE] = baseline.label
            self._baselines.add(usd(baseline.cost.nano_usd), money, context=context)

    def _money(self, settled: Settled, attempt: Attempt, basis: str) -> dict[str, str]:
        out = dict(
            (
                self._bound(names.PROVIDER, attempt.provider),
                self._bound(names.MODEL, attempt.model),
                self._bound(names.REQUEST_MODEL, settled.started.requested),
                (names.POLICY_NAME, settled.started.policy),
                (names.COST_BASIS, basis),
            )
        )
        if settled.question is not None:
            out.update(self._bound(*each) for each in scoped(settled.question.context, self._scopes))
        return out

    def _inference(self, attempted: Attempted, context: Context) -> None:
        attempt = attempted.attempt
        about = dict(self._about(attempted))
        if attempt.usage is not None and not attempt.usage.estimated:
            for kind, tokens in (("input", attempt.usage.input), ("output", attempt.usage.output)):
                self._tokens.record(tokens, {**about, names.GEN_AI_TOKEN_TYPE: kind}, context=context)
        if attempt.failure is not None:
            about[names.ERROR_TYPE] = attempt.failure.kind
        self._duration.record((attempt.ended_ns - attempt.started_ns) / NANO, about, context=context)

    def _about(self, attempted: Attempted) -> Iterator[tuple[str, Any]]:
        attempt, before = attempted.attempt, attempted.attempting
        yield names.GEN_AI_OPERATION_NAME, before.started.operation
        yield names.GEN_AI_PROVIDER_NAME, provider_name(attempt.provider)
        yield self._bound(names.GEN_AI_REQUEST_MODEL, attempt.model)
        if attempt.response_model is not None:
            yield self._bound(names.GEN_AI_RESPONSE_MODEL, attempt.response_model)
        if before.host:
            yield self._bound(names.SERVER_ADDRESS, before.host)
            if before.port is not None:
                yield names.SERVER_PORT, before.port

    def _bound(self, name: str, value: str) -> tuple[str, str]:
        return name, self._bounded(name, value)


def _histogram(meter: Meter, metric: names.Metric, buckets: Sequence[float]) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=list(buckets)
    )
