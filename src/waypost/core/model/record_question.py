"""The question and the snapshot of a receipt as JSON-able dicts, and back again exactly; `record` says how.

A person's identifier passes through the given pseudonym before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from waypost.core.model.advice import Advice
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Narrow, Origin, Override, Question, Snapshot

Wire: TypeAlias = Mapping[str, Any]
"""One JSON object as read back."""

_ORIGIN = tuple(Origin.__dataclass_fields__)
_CONTEXT = tuple(Context.__dataclass_fields__)
_CLAIMS = tuple(name for name in _CONTEXT if name not in ("user", "session", "labels", "narrow", "fallbacks"))
_PERSONAL = ("user", "session")
_NARROW = tuple(Narrow.__dataclass_fields__)
_LISTS = ("models", "only", "ignore")
_PAIRS = ("latency_p95_ns", "used", "limited", "refused")
_ADVICE = tuple(Advice.__dataclass_fields__)
_FEATURES = tuple(Features.__dataclass_fields__)


def question_record(question: Question, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """The question; ``context.user`` and ``context.session`` are replaced by their pseudonyms."""
    origin = question.origin
    record = {
        "dialect": question.dialect,
        "requested": question.requested,
        "auto": question.auto,
        "origin": {
            "sdk": origin.sdk,
            "client_class": origin.client_class,
            "host": origin.host,
            "provider": origin.provider,
            "endpoint": origin.endpoint,
        },
        "features": _features_record(question.features),
        "context": context_record(question.context, pseudonym),
        "streaming": question.streaming,
        "granted": question.granted,
        "pinned": question.pinned,
        "credentials": question.credentials,
    }
    if question.needs:
        record["needs"] = [[need.flag, need.path, need.severity, need.value] for need in question.needs]
    if question.intent is not None:
        record["intent"] = question.intent
    if question.override is not None:
        record["override"] = override_record(question.override, pseudonym)
    if question.withheld:
        record["withheld"] = question.withheld
    if question.advice is not None:
        record["advice"] = advice_record(question.advice)
    return record


def question_of(record: Wire) -> Question:
    """The question as it was asked, but for the pseudonyms of ``context.user`` and ``context.session``."""
    override, advice = record.get("override"), record.get("advice")
    return Question(
        dialect=record["dialect"],
        requested=record["requested"],
        auto=record["auto"],
        origin=Origin(**only(record["origin"], _ORIGIN)),
        features=_features_of(record["features"]),
        needs=tuple(Need(flag, path, severity, value) for flag, path, severity, value in record.get("needs", ())),
        context=_context_of(record.get("context", {})),
        streaming=record.get("streaming", False),
        granted=record.get("granted", False),
        pinned=record.get("pinned", False),
        credentials=tuple(record.get("credentials", ())),
        intent=record.get("intent"),
        override=None if override is None else _override_of(override),
        withheld=tuple(record.get("withheld", ())),
        advice=None if advice is None else advice_of(advice),
    )


def snapshot_record(snapshot: Snapshot) -> dict[str, Any]:
    record: dict[str, Any] = {"epoch": snapshot.epoch, "at_ns": snapshot.at_ns}
    if snapshot.broken:
        record["broken"] = snapshot.broken
    if snapshot.disabled:
        record["disabled"] = snapshot.disabled
    for name in _PAIRS:
        if value := getattr(snapshot, name):
            record[name] = value
    if snapshot.warm is not None:
        record["warm"] = snapshot.warm
    return record


def snapshot_of(record: Wire) -> Snapshot:
    warm = record.get("warm")
    return Snapshot(
        epoch=record.get("epoch", 0),
        at_ns=record.get("at_ns", 0),
        broken=tuple(record.get("broken", ())),
        disabled=tuple(record.get("disabled", ())),
        latency_p95_ns=_pairs(record, "latency_p95_ns"),
        used=_pairs(record, "used"),
        limited=_pairs(record, "limited"),
        refused=_pairs(record, "refused"),
        warm=None if warm is None else (warm[0], warm[1]),
    )


def _pairs(record: Wire, name: str) -> tuple[tuple[Any, Any], ...]:
    return tuple((key, value) for key, value in record.get(name, ()))


def _features_record(features: Features) -> dict[str, Any]:
    record: dict[str, Any] = {
        "tokens_input": features.tokens_input,
        "tokens_output": features.tokens_output,
        "messages": features.messages,
        "turns": features.turns,
        "has_code": features.has_code,
        "task": features.task,
        "complexity": features.complexity,
        "data_class": features.data_class,
        "classified_by": features.classified_by,
    }
    for name in ("max_output", "language"):
        if (value := getattr(features, name)) is not None:
            record[name] = value
    for name in ("code_languages", "signals"):
        if value := getattr(features, name):
            record[name] = value
    return record


def _features_of(record: Wire) -> Features:
    known = only(record, _FEATURES)
    for name in ("code_languages", "signals"):
        known[name] = tuple(known.get(name, ()))
    return Features(**known)


def context_record(context: Context, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """What is known of the context; empty where nothing is."""
    record = {name: value for name in _CLAIMS if (value := getattr(context, name)) is not None}
    if context.user is not None:
        record["user"] = pseudonym(context.user)
    if context.session is not None:
        record["session"] = pseudonym(context.session)
    if context.labels:
        record["labels"] = dict(context.labels)
    if context.fallbacks:
        record["fallbacks"] = context.fallbacks
    if context.narrow is not None:
        record["narrow"] = narrow_record(context.narrow)
    return record


def _context_of(record: Wire) -> Context:
    known = only(record, _CONTEXT)
    known["labels"] = dict(record.get("labels") or {})
    known["fallbacks"] = tuple(record.get("fallbacks", ()))
    if (narrow := record.get("narrow")) is not None:
        lists = {name: tuple(narrow.get(name, ())) for name in _LISTS}
        known["narrow"] = Narrow(**only(narrow, _NARROW) | lists)
    return Context(**known)


def narrow_record(narrow: Narrow) -> dict[str, Any]:
    """What the call says of who may answer it; empty lists and absent prices are left out."""
    return {name: value for name in _NARROW if (value := getattr(narrow, name)) not in ((), None)}


def advice_record(advice: Advice) -> dict[str, Any]:
    """What the advisor said, so that a decision is made again without asking it."""
    record: dict[str, Any] = {"advisor": advice.advisor, "version": advice.version, "took_ns": advice.took_ns}
    if advice.picks:
        record["picks"] = advice.picks
    if advice.failure is not None:
        record["failure"] = advice.failure
    if advice.because:
        record["because"] = advice.because
    return record


def advice_of(record: Wire) -> Advice:
    return Advice(**only(record, _ADVICE) | {"picks": _pairs(record, "picks")})


def override_record(override: Override, pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """The override; a user or a session that its scope names is replaced as the context's own is."""
    record: dict[str, Any] = {
        "id": override.id,
        "target": override.target,
        "author": override.author,
        "reason": override.reason,
        "until_ns": override.until_ns,
    }
    if override.scope:
        record["scope"] = [[key, pseudonym(value) if key in _PERSONAL else value] for key, value in override.scope]
    return record


def _override_of(record: Wire) -> Override:
    return Override(
        id=record["id"],
        target=record["target"],
        author=record["author"],
        reason=record["reason"],
        until_ns=record["until_ns"],
        scope=tuple((key, value) for key, value in record.get("scope", ())),
    )


def fields_of(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def only(record: Wire, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}
