"""The text of a journal line, formatted by hand, because it is made on the caller's thread before each send.

Compact: what equals the call's own (fingerprints, seed, dialect, requested model) and what is at its default is left
out, and `receipt_fold.fold` puts it back. The shape is that of `waypost.core.model.record`. Every text
passes through JSON's escapes, so that a line stays one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as _escape
from typing import Any

from waypost.core.model import record as rec
from waypost.core.model import record_question as put
from waypost.core.model.decision import ENGINE, Decision
from waypost.core.model.events import Decided, Started
from waypost.core.model.outcome import Attempt, Cost, Settlement, Usage
from waypost.core.model.question import NO_CONTEXT, Context, Features, Question, Snapshot

_MEMO = 4096

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode


class _Quoted(dict[str | None, str]):
    """Texts of small vocabularies (names, fingerprints, targets, rules) to their JSON form, made once each."""

    def __missing__(self, text: str | None) -> str:
        if text is None:
            return "null"
        if len(self) >= _MEMO:
            self.clear()
        quoted = self[text] = _escape(text)
        return quoted


class _Lists(dict[tuple[str, ...], str]):
    """Tuples of such texts to JSON lists, likewise."""

    def __missing__(self, texts: tuple[str, ...]) -> str:
        if len(self) >= _MEMO:
            self.clear()
        listed = self[texts] = f"[{','.join([_q[text] for text in texts])}]"
        return listed


class _Masks(dict[tuple[Any, ...], str]):
    """What the plan itself remembers: equal questions have equal masks, orders and scores."""

    def __missing__(self, key: tuple[Any, ...]) -> str:
        if len(self) >= _MEMO // 4:
            self.clear()
        rejections, survivors, order, scores = key
        rows = ",".join([f'[{_q[name]},"{mask:x}"]' for name, mask in rejections])
        text = self[key] = (
            f'{{"rejections":[{rows}],"survivors":"{survivors:x}","order":{[*order]},"scores":{[*scores]}'
        )
        return text


_q = _Quoted()
_texts = _Lists()
_masks = _Masks()
_BOOL = {False: "false", True: "true"}
_ENGINE = f',"engine":{ENGINE}'


def call_text(call: Started) -> str:
    return (
        f'{{"at_ns":{call.at_ns},"sdk":{_q[call.sdk]},"operation":{_q[call.operation]},"dialect":{_q[call.dialect]},'
        f'"streaming":{_BOOL[call.streaming]},"requested":{_q[call.requested]},"provider":{_q[call.provider]},'
        f'"policy":{_q[call.policy]},"policy_fingerprint":{_q[call.policy_fingerprint]},'
        f'"catalog":{_q[call.catalog]},"mode":{_q[call.mode]}'
        + (',"drawn":true' if call.drawn else "")
        + (f',"drawn_ppm":{call.drawn_ppm}' if call.drawn_ppm is not None else "")
        + (f',"content":"{call.content}"' if call.content is not None else "")
        + (f',"request_id":{_escape(call.request_id)}}}' if call.request_id is not None else "}")
    )


def question_text(question: Question, call: Started, pseudonym: Callable[[str], str]) -> str:
    """The question but for what it shares with ``call``."""
    origin = question.origin
    out = (
        f'{{"auto":{_BOOL[question.auto]},"origin":{{"sdk":{_q[origin.sdk]},"client_class":{_q[origin.client_class]},'
        f'"host":{_q[origin.host]},"provider":{_q[origin.provider]},"endpoint":{_q[origin.endpoint]}}},'
        f'"granted":{_BOOL[question.granted]},"pinned":{_BOOL[question.pinned]},'
        f'"credentials":{_texts[question.credentials]},"features":{_features_text(question.features)}'
    )
    if question.dialect != call.dialect:
        out += f',"dialect":{_q[question.dialect]}'
    if question.requested != call.requested:
        out += f',"requested":{_q[question.requested]}'
    if question.streaming != call.streaming:
        out += f',"streaming":{_BOOL[question.streaming]}'
    if question.needs:
        needs = [f"[{_q[n.flag]},{_escape(n.path)},{_q[n.severity]},{_text(n.value)}]" for n in question.needs]
        out += f',"needs":[{",".join(needs)}]'
    if question.intent is not None:
        out += f',"intent":{_q[question.intent]}'
    if question.override is not None:
        out += f',"override":{_encode(put.override_record(question.override, pseudonym))}'
    if question.withheld:
        out += f',"withheld":{_texts[question.withheld]}'
    if question.advice is not None:
        out += f',"advice":{_encode(put.advice_record(question.advice))}'
    return out + _context_text(question.context, pseudonym) + "}"


def decided_text(decided: Decided) -> str:
    """Members beside an attempt: snapshot, decision and what stands with them; begins with a comma."""
    selected = decided.decision.selected
    chosen = "null" if selected is None else _q[decided.target_of(selected)]
    return (
        f',"snapshot":{_snapshot_text(decided.snapshot)},"decision":{_decision_text(decided.decision, decided.started)}'
        f',"selected":{chosen},"advised":{_BOOL[decided.advised]},"decided_ns":{decided.at_ns}'
        f',"duration_ns":{decided.duration_ns}'
    )


def begun_text(attempt: Attempt) -> str:
    """What is known of an attempt before its send, without the closing brace."""
    return (
        f'{{"number":{attempt.number},"target":{_q[attempt.target]},"provider":{_q[attempt.provider]},'
        f'"model":{_q[attempt.model]},"dialect":{_q[attempt.dialect]},"reason":{_q[attempt.reason]},'
        f'"started_ns":{attempt.started_ns}' + (f',"untold":{_texts[attempt.untold]}' if attempt.untold else "")
    )


def ended_text(attempt: Attempt, *, alone: bool = False, settlement: Settlement | None = None) -> str:
    """The end of an attempt; its beginning too where it stands ``alone``.

    The last one leaves out the usage and cost that it shares with its ``settlement``.
    """
    out = begun_text(attempt) if alone else f'{{"number":{attempt.number}'
    out += f',"ended_ns":{attempt.ended_ns}'
    if attempt.failure is not None:
        out += f',"failure":{_encode(rec.failure_record(attempt.failure))}'
    if settlement is None or attempt.usage is not settlement.usage:
        out += f',"usage":{_usage_text(attempt.usage)}'
    if settlement is None or attempt.cost is not settlement.cost:
        out += f',"cost":{_cost_text(attempt.cost)}'
    if attempt.response_id is not None:
        out += f',"response_id":{_escape(attempt.response_id)}'
    if attempt.response_model is not None:
        out += f',"response_model":{_q[attempt.response_model]}'
    if attempt.finish_reasons:
        out += f',"finish_reasons":{_texts[attempt.finish_reasons]}'
    if attempt.first_chunk_ns is not None:
        out += f',"first_chunk_ns":{attempt.first_chunk_ns}'
    if attempt.request_id is not None:
        out += f',"request_id":{_escape(attempt.request_id)}'
    if attempt.left_out:
        out += f',"left_out":{_texts[attempt.left_out]}'
    return out + "}"


def settlement_text(settlement: Settlement) -> str:
    """The settlement without its attempts."""
    bases, cost, text = [], None, ""
    for base in settlement.baselines:
        if base.cost is not cost:
            cost, text = base.cost, _cost_text(base.cost)
        bases.append(f'{{"label":{_q[base.label]},"target":{_q[base.target]},"cost":{text}}}')
    charged = settlement.charged_nano_usd
    more = "" if charged is None else f',"charged_nano_usd":{charged}'
    return (
        f'{{"outcome":{_q[settlement.outcome]},"usage":{_usage_text(settlement.usage)},'
        f'"cost":{_cost_text(settlement.cost)},"baselines":[{",".join(bases)}],'
        f'"started_ns":{settlement.started_ns},"ended_ns":{settlement.ended_ns}{more}}}'
    )


def head_text(kind: str, receipt: str) -> str:
    """The first members of every record."""
    return f'{{"kind":"{kind}","receipt":{_escape(receipt)}{_ENGINE}'


def optional_text(name: str, value: str | int | None) -> str:
    """``,"name":value``, or nothing for ``None``."""
    if value is None:
        return ""
    return f',"{name}":{value if isinstance(value, int) else _q[value]}'


def _decision_text(decision: Decision, call: Started) -> str:
    masks = _masks[decision.rejections, decision.survivors, decision.order, decision.scores]
    selected, cause = _integer(decision.selected), _q[decision.cause]
    out = f'{masks},"selected":{selected},"cause":{cause},"rank":{_q[decision.rank]}'
    if decision.policy != call.policy_fingerprint:
        out += f',"policy":{_q[decision.policy]}'
    if decision.catalog != call.catalog:
        out += f',"catalog":{_q[decision.catalog]}'
    if decision.seed != rec.seed_of(call.receipt):
        out += f',"seed":"{decision.seed.hex()}"'
    if decision.rule is not None:
        out += f',"rule":{_q[decision.rule]}'
    if decision.because is not None:
        out += f',"because":{_q[decision.because]}'
    if decision.tried:
        out += f',"tried":{_texts[decision.tried]}'
    if decision.propensity_ppm != rec.CERTAIN:
        out += f',"propensity_ppm":{decision.propensity_ppm}'
    if decision.engine != ENGINE:
        out += f',"engine":{decision.engine}'
    if decision.chance:
        out += f',"chance":{_q[decision.chance]}'
    if decision.aside is not None:
        out += f',"aside":{_q[decision.aside]}'
    return out + "}"


def _snapshot_text(snapshot: Snapshot) -> str:
    out = f'{{"epoch":{snapshot.epoch},"at_ns":{snapshot.at_ns}'
    if snapshot.broken:
        out += f',"broken":{_texts[snapshot.broken]}'
    if snapshot.disabled:
        out += f',"disabled":{_texts[snapshot.disabled]}'
    if snapshot.latency_p95_ns:
        out += f',"latency_p95_ns":{_numbered(snapshot.latency_p95_ns)}'
    if snapshot.used:
        out += f',"used":{_numbered(snapshot.used)}'
    if snapshot.limited:
        out += f',"limited":[{",".join([_texts[pair] for pair in snapshot.limited])}]'
    if snapshot.refused:
        out += f',"refused":[{",".join([_texts[pair] for pair in snapshot.refused])}]'
    if snapshot.warm is not None:
        out += f',"warm":[{_q[snapshot.warm[0]]},{snapshot.warm[1]}]'
    return out + "}"


def _numbered(pairs: tuple[tuple[str, int], ...]) -> str:
    return f"[{','.join([f'[{_q[name]},{number}]' for name, number in pairs])}]"


def _features_text(features: Features) -> str:
    out = (
        f'{{"tokens_input":{features.tokens_input},"tokens_output":{features.tokens_output},'
        f'"messages":{features.messages},"turns":{features.turns},"has_code":{_BOOL[features.has_code]},'
        f'"task":{_q[features.task]},"complexity":{_q[features.complexity]},"data_class":{_q[features.data_class]},'
        f'"classified_by":{_q[features.classified_by]}'
    )
    if features.max_output is not None:
        out += f',"max_output":{features.max_output}'
    if features.language is not None:
        out += f',"language":{_q[features.language]}'
    if features.code_languages:
        out += f',"code_languages":{_texts[features.code_languages]}'
    if features.signals:
        out += f',"signals":{_texts[features.signals]}'
    return out + "}"


def _context_text(context: Context, pseudonym: Callable[[str], str]) -> str:
    """The member with its leading comma, or nothing."""
    if context is NO_CONTEXT or context == NO_CONTEXT:
        return ""
    out = ""
    for name, value in (
        ("department", context.department),
        ("workflow", context.workflow),
        ("step", context.step),
        ("tier", context.tier),
        ("policy", context.policy),
        ("preference", context.preference),
        ("mode", context.mode),
        ("strategy", context.strategy),
    ):
        if value is not None:
            out += f',"{name}":{_escape(value)}'
    if context.user is not None:
        out += f',"user":{_escape(pseudonym(context.user))}'
    if context.session is not None:
        out += f',"session":{_escape(pseudonym(context.session))}'
    if context.labels:
        out += f',"labels":{_encode(dict(context.labels))}'
    if context.fallbacks:
        out += f',"fallbacks":{_encode(list(context.fallbacks))}'
    if context.narrow is not None:
        out += f',"narrow":{_encode(put.narrow_record(context.narrow))}'
    return f',"context":{{{out[1:]}}}' if out else ""


def _usage_text(usage: Usage | None) -> str:
    if usage is None:
        return "null"
    return (
        f'{{"input":{usage.input},"output":{usage.output},"cache_read":{usage.cache_read},'
        f'"cache_write":{usage.cache_write},"cache_write_1h":{usage.cache_write_1h},'
        f'"reasoning":{_integer(usage.reasoning)},"estimated":{_BOOL[usage.estimated]}}}'
    )


def _cost_text(cost: Cost) -> str:
    lines = ",".join([f"[{_q[line.kind]},{line.tokens},{line.price},{line.nano_usd}]" for line in cost.lines])
    return (
        f'{{"nano_usd":{_integer(cost.nano_usd)},"basis":{_q[cost.basis]},"lines":[{lines}],'
        f'"price_as_of":{_q[cost.price_as_of]}}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else _escape(value)


def _integer(value: int | None) -> Any:
    return "null" if value is None else value
