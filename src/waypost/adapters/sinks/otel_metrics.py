"""Metrics, from the SDK and not from spans, so that sampling cannot drop money.

Everything here runs on the worker. What happened is only noted, by its facts, and becomes series when the SDK collects,
in the context of a late call. Dashboards query `waypost.*` only. The two `gen_ai.*` histograms, which cost more than
all the rest, are made on request, and only where nobody else reports the inference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation

from waypost.adapters.sinks import names
from waypost.adapters.sinks.attributes import SCOPES, provider_name, scoped
from waypost.adapters.sinks.tally import Bounded, Entry, Key, Ledger, Levels, Tally
from waypost.core.model.ask import Level
from waypost.core.model.events import Attempted, Decided, InternalError, Settled
from waypost.core.model.money import NANO
from waypost.core.model.outcome import Attempt

MAX_NOTES = 1_000
"""Different ones that are kept until somebody collects; beyond them they are made into series, which are bounded."""

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
        self._ledger = Ledger()
        self._cost, self._baseline, self._decisions = Tally(), Tally(), Tally()
        self._rejections, self._attempts, self._errors = Tally(), Tally(), Tally()
        self._levels = Levels()
        self._held: Meter | None = None
        self._ready = False
        self._refresh()

    @property
    def active(self) -> bool:
        """Whether anybody listens."""
        return self._meter() is not None

    def call(self, settled: Settled, decisions: Sequence[Decided], scene: Scene) -> None:
        """Note one ended call."""
        if not self._refresh():
            return
        question = settled.question
        who = () if question is None else tuple(scoped(question.context, self._scopes))
        entries = [self._decision(decided, scene.context) for decided in decisions]
        for attempted in settled.attempts:
            context = scene.attempt_context(attempted.attempt.number)
            entries.append(_attempt(settled, attempted.attempt, who, context))
            if self._inference and scene.owned:
                self._record_inference(attempted, context)
        if settled.attempts:
            _baselines(settled, who, scene.context, entries)
        self._ledger.add(entries)
        if len(self._ledger) > MAX_NOTES:
            self._post()

    def _decision(self, decided: Decided, context: Context) -> Entry:
        decision, started = decided.decision, decided.started
        # A distribution cannot be summed beforehand, so that every duration goes to the SDK by itself.
        self._decision_duration.record(decided.duration_ns / NANO, {names.POLICY_NAME: started.policy}, context)
        target = None if decision.selected is None else decided.target_of(decision.selected)
        return ("decision", started.policy, started.mode, decision.cause, target, decision.rejections), 0, context

    def budgets(self, policy: str, levels: Sequence[Level]) -> None:
        """Take note of how far budgets are used, of whom does not matter: a series shows the fullest.

        A value is a dimension only where its scope is allowed to be one.
        """
        if not self._refresh():
            return
        for level in levels:
            account = level.account
            key: Key = ((names.POLICY_NAME, policy), (names.BUDGET, account.key))
            scope = account.key.rpartition("/")[0]
            if scope in self._scopes and account.value:
                key = (*key, self._bound(names.CONTEXT_PREFIX + scope, account.value))
            self._levels.note(key, level.used / account.limit if account.limit > 0 else 1.0)

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
        billionths = (
            (names.METRIC_COST, self._cost),
            (names.METRIC_COST_BASELINE, self._baseline),
        )
        counts = (
            (names.METRIC_DECISIONS, self._decisions),
            (names.METRIC_REJECTIONS, self._rejections),
            (names.METRIC_ATTEMPTS, self._attempts),
            (names.METRIC_INTERNAL_ERRORS, self._errors),
        )
        self._sums = [(tally, _in_units(meter.create_counter(*metric))) for metric, tally in billionths]
        self._sums += [(tally, meter.create_counter(*metric).add) for metric, tally in counts]
        dropped = names.METRIC_DROPPED
        # Instruments that are asked are asked before the others are read, so the sums are in the same collection.
        meter.create_observable_counter(dropped.name, [self._collect], dropped.unit, dropped.description)
        used = names.METRIC_BUDGET_USED_RATIO
        meter.create_observable_gauge(used.name, [self._observe], used.unit, used.description)
        # Registering waits for the SDK's collection, and a collection that drained us then would wait for this.
        self._ready = True

    def _collect(self, _: CallbackOptions) -> Iterable[Observation]:
        if self._ready:
            self._before_collect()
            self._post()
            for tally, give in self._sums:
                tally.take(give)
        return [Observation(count, {names.DROPPED_WHAT: what}) for what, count in self._dropped().items()]

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(ratio, dict(key)) for key, ratio in self._levels.take()] if self._ready else []

    # -- from notes to series -----------------------------------------------------------------------------------------

    def _post(self) -> None:
        """Make series of what was noted."""
        for key, (count, amount, context) in self._ledger.take().items():
            match key:
                case ("decision", *facts):
                    self._post_decisions(*facts, count=count, context=context)
                case ("attempt", *facts):
                    self._post_attempts(*facts, count=count, nano_usd=amount, context=context)
                case ("baseline", label, *facts):
                    self._baseline.add(amount, (*self._money(*facts), (names.BASELINE, label)), context)

    def _post_decisions(
        self,
        policy: str,
        mode: str,
        cause: str,
        target: str | None,
        rejections: Sequence[tuple[str, int]],
        *,
        count: int,
        context: Context,
    ) -> None:
        about = (names.POLICY_NAME, policy)
        key: Key = (about, (names.MODE, mode), (names.SELECTED_CAUSE, cause))
        if target is not None:
            key = (*key, self._bound(names.SELECTED_TARGET, target))
        self._decisions.add(count, key, context)
        for rule, mask in rejections:
            self._rejections.add(count * mask.bit_count(), (about, self._bound(names.REJECTION_RULE, rule)), context)

    def _post_attempts(
        self, reason: str, failure: str | None, priced: bool, *money: Any, count: int, nano_usd: int, context: Context
    ) -> None:
        provider, model, _, policy, basis, _ = money
        key: Key = (
            (names.POLICY_NAME, policy),
            self._bound(names.PROVIDER, provider),
            self._bound(names.MODEL, model),
            (names.ATTEMPT_REASON, reason),
            (names.COST_BASIS, basis),
        )
        if failure is not None:
            key = (*key, (names.ERROR_TYPE, failure))
        self._attempts.add(count, key, context)
        if priced:
            self._cost.add(nano_usd, self._money(*money), context)

    def _money(self, provider: str, model: str, requested: str, policy: str, basis: str, who: Key) -> Key:
        return (
            self._bound(names.PROVIDER, provider),
            self._bound(names.MODEL, model),
            self._bound(names.REQUEST_MODEL, requested),
            (names.POLICY_NAME, policy),
            (names.COST_BASIS, basis),
            *(self._bound(*each) for each in who),
        )

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


def _attempt(settled: Settled, attempt: Attempt, who: Key, context: Context) -> Entry:
    started, cost, failure = settled.started, attempt.cost, attempt.failure
    nano_usd = cost.nano_usd
    how = ("attempt", attempt.reason, None if failure is None else failure.kind, nano_usd is not None)
    key = (*how, attempt.provider, attempt.model, started.requested, started.policy, cost.basis, who)
    return key, nano_usd or 0, context


def _baselines(settled: Settled, who: Key, context: Context, entries: list[Entry]) -> None:
    """What the call would have cost elsewhere, under its last attempt."""
    started, last = settled.started, settled.attempts[-1].attempt
    for baseline in settled.settlement.baselines:
        cost = baseline.cost
        if cost.nano_usd is not None:
            whose = (last.provider, last.model, started.requested, started.policy, cost.basis, who)
            entries.append((("baseline", baseline.label, *whose), cost.nano_usd, context))


def _in_units(counter: Counter) -> Callable[[int, dict[str, str], Context], None]:
    def add(billionths: int, attributes: dict[str, str], context: Context) -> None:
        counter.add(billionths / NANO, attributes, context)

    return add


def _histogram(meter: Meter, metric: names.Metric, buckets: Sequence[float]) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=list(buckets)
    )
