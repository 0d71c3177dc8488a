"""Metrics, from the SDK and not from spans, so that sampling cannot drop money.

Everything here runs on the worker. Money and counts are summed by ourselves and reach their instruments when the SDK
collects, in the context of the latest call; durations go to theirs one by one. Dashboards query `waypost.*` only. The
two `gen_ai.*` histograms, which cost more than all the rest, are made on request, and only where nobody else reports
the inference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

from waypost.adapters.sinks import names
from waypost.adapters.sinks.attributes import SCOPES, provider_name, scoped, usd
from waypost.adapters.sinks.tally import Bounded, Key, Tally
from waypost.core.model.events import Attempted, Decided, InternalError, Settled
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt

MAX_KEYS = 1_000
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
    ``inference`` switches the `gen_ai.*` histograms on. ``dropped()`` tells what was lost so far, by what it was.
    ``before_collect()`` is called before the SDK reads; the worker's drain belongs there.
    """

    def __init__(
        self,
        meter: Callable[[], Meter | None],
        *,
        scopes: Sequence[str] = SCOPES,
        inference: bool = False,
        dropped: Callable[[], Mapping[str, int]] = dict,
        before_collect: Callable[[], object] = lambda: None,
    ) -> None:
        self._meter = meter
        self._scopes = tuple(scopes)
        self._inference = inference
        self._dropped = dropped
        self._before_collect = before_collect
        self._bounded = Bounded()
        self._keys: dict[tuple[object, ...], Key] = {}
        self._cost, self._baseline, self._decisions = Tally(), Tally(), Tally()
        self._rejections, self._attempts, self._errors = Tally(), Tally(), Tally()
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
            self._count_decision(decided, scene.context)
        for attempted in settled.attempts:
            self._count_attempt(settled, attempted, scene)
        if settled.attempts:
            last = settled.attempts[-1].attempt
            for baseline in settled.settlement.baselines:
                if baseline.cost.nano_usd is not None:
                    key = (*self._money(settled, last, baseline.cost.basis), (names.BASELINE, baseline.label))
                    self._baseline.add(baseline.cost.nano_usd, key, scene.context)

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
        self._decision_duration = _histogram(meter, names.METRIC_DECISION_DURATION, DECISION_BUCKETS)
        if self._inference:
            self._duration = _histogram(meter, names.METRIC_GEN_AI_CLIENT_OPERATION_DURATION, DURATION_BUCKETS)
            self._tokens = _histogram(meter, names.METRIC_GEN_AI_CLIENT_TOKEN_USAGE, TOKEN_BUCKETS)
        money = ((names.METRIC_COST, self._cost), (names.METRIC_COST_BASELINE, self._baseline))
        counts = (
            (names.METRIC_DECISIONS, self._decisions),
            (names.METRIC_REJECTIONS, self._rejections),
            (names.METRIC_ATTEMPTS, self._attempts),
            (names.METRIC_INTERNAL_ERRORS, self._errors),
        )
        self._sums = [(tally, _in_usd(meter.create_counter(*metric))) for metric, tally in money]
        self._sums += [(tally, meter.create_counter(*metric).add) for metric, tally in counts]
        dropped = names.METRIC_DROPPED
        # Instruments that are asked are asked before the others are read, so the sums are in the same collection.
        meter.create_observable_counter(dropped.name, [self._collect], dropped.unit, dropped.description)
        # Registering waits for the SDK's collection, and a collection that drained us then would wait for this.
        self._ready = True

    def _collect(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._ready:
            self._before_collect()
            for tally, give in self._sums:
                tally.take(give)
        return [Observation(count, {names.DROPPED_WHAT: what}) for what, count in self._dropped().items()]

    # -- records ------------------------------------------------------------------------------------------------------

    def _count_decision(self, decided: Decided, context: Context) -> None:
        decision, policy = decided.decision, (names.POLICY_NAME, decided.started.policy)
        self._decision_duration.record(decided.duration_ns / NANO, dict((policy,)), context=context)
        key: Key = (policy, (names.MODE, decided.started.mode), (names.SELECTED_CAUSE, decision.cause))
        if decision.selected is not None:
            key = (*key, self._bound(names.SELECTED_TARGET, decided.target_of(decision.selected)))
        self._decisions.add(1, key, context)
        for rule, mask in decision.rejections:
            self._rejections.add(mask.bit_count(), (policy, self._bound(names.REJECTION_RULE, rule)), context)

    def _count_attempt(self, settled: Settled, attempted: Attempted, scene: Scene) -> None:
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
            self._cost.add(attempt.cost.nano_usd, self._money(settled, attempt, attempt.cost.basis), context)
        if self._inference and scene.owned:
            self._record_inference(attempted, context)

    def _money(self, settled: Settled, attempt: Attempt, basis: str) -> Key:
        started, question = settled.started, settled.question
        who: Key = () if question is None else tuple(scoped(question.context, self._scopes))
        raw = (attempt.provider, attempt.model, started.requested, started.policy, basis, who)
        key = self._keys.get(raw)
        if key is None:
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            bound = self._bound
            key = self._keys[raw] = (
                bound(names.PROVIDER, attempt.provider),
                bound(names.MODEL, attempt.model),
                bound(names.REQUEST_MODEL, started.requested),
                (names.POLICY_NAME, started.policy),
                (names.COST_BASIS, basis),
                *(bound(*each) for each in who),
            )
        return key

    def _record_inference(self, attempted: Attempted, context: Context) -> None:
        attempt = attempted.attempt
        about = {
            names.GEN_AI_OPERATION_NAME: attempted.attempting.started.operation,
            names.GEN_AI_PROVIDER_NAME: provider_name(attempt.provider),
            names.GEN_AI_REQUEST_MODEL: self._bounded(names.GEN_AI_REQUEST_MODEL, attempt.model),
        }
        if attempt.usage is not None and not attempt.usage.estimated:
            for kind, tokens in (("input", attempt.usage.input), ("output", attempt.usage.output)):
                self._tokens.record(tokens, {**about, names.GEN_AI_TOKEN_TYPE: kind}, context=context)
        if attempt.failure is not None:
            about[names.ERROR_TYPE] = attempt.failure.kind
        self._duration.record((attempt.ended_ns - attempt.started_ns) / NANO, about, context=context)

    def _bound(self, name: str, value: str) -> tuple[str, str]:
        return name, self._bounded(name, value)


def _in_usd(counter: Counter) -> Callable[[int, dict[str, str], Context], None]:
    def add(nano_usd: int, attributes: dict[str, str], context: Context) -> None:
        counter.add(usd(nano_usd), attributes, context)

    return add


def _histogram(meter: Meter, metric: names.Metric, buckets: Sequence[float]) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=list(buckets)
    )
