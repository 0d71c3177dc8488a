"""A question out of what somebody writes down: features by name, or a real request body. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.codecs import CODECS
from waypost.core.codecs.detect import detect
from waypost.core.features.department import department_hint
from waypost.core.features.extract import extract
from waypost.core.model.needs import Need
from waypost.core.model.question import Context, Features, Origin, Question
from waypost.core.model.target import Dialect, Endpoint, host_and_port
from waypost.core.policy.fields import nearest
from waypost.core.routing.sealing import needs_of
from waypost.errors import SettingsError
from waypost.runtime.asking_values import count, flag, listed, text, tokens, word
from waypost.runtime.claims import no_mapping
from waypost.runtime.context import Claims, merge
from waypost.runtime.feature_names import COUNTS, SETS, WORDS

AUTO = frozenset(("auto", "best", ""))
ASSUMED_IN, ASSUMED_OUT = 1_000, 300
"""Tokens of a request of which nobody says how long it is."""
CLAIMS = (
    *("department", "user", "workflow", "step", "session", "policy", "preference", "strategy", "mode"),
    *("models", "only", "ignore", "max_price", "fallbacks"),
)
"""Keys that a call may say of itself; with ``budget_tier`` and ``context``, which is a mapping of labels."""
SDKS = {"anthropic.messages": "anthropic", "google.generate_content": "google-genai"}
_BOOL = ("streaming", "code", "auto", "pinned")
_PLAIN = ("requested.model", "origin.provider", "origin.sdk", "origin.dialect", "needs", "budget_tier", "context")
KEYS = (*WORDS, *COUNTS, *SETS, *_BOOL, *_PLAIN, *CLAIMS)
"""Every key; ``context.<name>`` beside them, and underscores may stand for dots."""
_KNOWN = {key.replace(".", "_"): key for key in KEYS} | {
    "tier": "budget_tier", "max_output": "tokens.max_output",
    "model": "requested.model", "requested": "requested.model",
    "provider": "origin.provider", "sdk": "origin.sdk", "dialect": "origin.dialect", "code_languages": "code_language",
    "labels": "context", "has_code": "code",
}  # fmt: skip


def ask(given: Mapping[str, Any], catalog: Catalog, *, credentials: Iterable[str] | None = None) -> Question:
    """The question of features by their names in the policy language.

    Left out: ``tokens`` are 1,000 in and 300 out, the model is ``auto``, the caller is at the endpoint of the dialect's
    own vendor, and there are ``credentials`` for every endpoint of the catalog.

    Raises:
        SettingsError: a name or a value that the language does not have.
    """
    keys = named(given)
    facts = {"tokens_input": ASSUMED_IN, "tokens_output": ASSUMED_OUT, **_features(keys)}
    dialect = _dialect(text(keys, "origin.dialect"))
    return _question(keys, dialect, Features(**facts), _needs(keys), catalog, credentials)


def ask_body(
    body: Mapping[str, Any],
    given: Mapping[str, Any],
    catalog: Catalog,
    *,
    dialect: Dialect | None = None,
    credentials: Iterable[str] | None = None,
) -> Question:
    """The question of a request's own body, in ``dialect`` or in the one that it looks like; ``given`` stands above it.

    The body is read as a call's is: our reserved keys (``waypost``, ``routing_preference``) are claims.

    Raises:
        SettingsError: no dialect, one without a codec, a body that is not of it, or what `ask` raises.
    """
    spoken = _dialect(dialect or detect(body) or _unknown(body))
    wire = {name: value for name, value in body.items() if name not in ("waypost", "routing_preference")}
    keys = {**_own_claims(body), **named(given)}
    try:
        conversation = CODECS[spoken].decode_request(wire)
    except ValueError as error:
        raise SettingsError(f"not a body of {spoken}: {error}", where="body", remedy="name its dialect") from None
    features = replace(extract(conversation), **_features(keys))
    if "department" not in keys and (hint := department_hint(conversation)) is not None:
        keys["department"] = hint
    keys.setdefault("streaming", bool(body.get("stream")))
    if isinstance(body.get("model"), str):
        keys.setdefault("requested.model", body["model"])
    question = _question(keys, spoken, features, (), catalog, credentials)
    home = catalog.endpoints.get(question.origin.endpoint or "")
    return replace(question, needs=(*needs_of(conversation, home), *_needs(keys)))


def named(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given`` by the language's own names, with ``tokens`` and ``None`` resolved. Raises SettingsError."""
    out: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        if not isinstance(name, str):
            raise SettingsError(f"{name!r} is no name of a feature", remedy="`waypost fields` lists them")
        if name == "tokens":
            out.update(tokens(value))
        elif name.startswith("context.") and len(name) > len("context."):
            out.setdefault("context", {})[name[8:]] = value
        else:
            key = name if name in KEYS else _KNOWN.get(name.replace(".", "_").replace("-", "_"))
            if key is None:
                raise SettingsError(f"there is no feature {name!r}", remedy=nearest(name, (*KEYS, "tokens")))
            out[key] = {**out.get("context", {}), **_labels(value)} if key == "context" else value
    return out


def _labels(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return value
    raise SettingsError(f"{value!r} is no mapping of names", where="context", remedy="give {name: text}")


def _own_claims(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a body says for itself under our reserved keys: claims, and labels by any other name."""
    own = body.get("waypost")
    if own is not None and not isinstance(own, Mapping):
        raise no_mapping(own)
    said = dict(own or {})
    if isinstance(body.get("routing_preference"), str):
        said["preference"] = body["routing_preference"]
    out: dict[str, Any] = {}
    for name, value in said.items():
        if name in (*CLAIMS, "tier"):
            out[name] = value
        elif isinstance(name, str) and name != "request_id":
            out[f"context.{name}"] = value
    return named(out)


def _question(
    keys: Mapping[str, Any],
    dialect: Dialect,
    features: Features,
    needs: tuple[Need, ...],
    catalog: Catalog,
    credentials: Iterable[str] | None,
) -> Question:
    requested = text(keys, "requested.model") or "auto"
    endpoint = _endpoint(catalog, dialect, text(keys, "origin.provider"))
    return Question(
        dialect=dialect,
        requested=requested,
        auto=flag(keys, "auto", default=requested in AUTO),
        origin=_origin(keys, dialect, endpoint),
        features=features,
        needs=needs,
        context=_context(keys),
        streaming=flag(keys, "streaming", default=False),
        granted=True,
        pinned=flag(keys, "pinned", default=False),
        credentials=_credentials(catalog, credentials),
    )


def _features(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the record `Features`, checked."""
    out: dict[str, Any] = {name: word(name, keys[name]) for name in WORDS if name in keys}
    out.update((name, count(key, keys[key])) for key, name in COUNTS.items() if key in keys)
    for key, name in SETS.items():
        if key in keys:
            words = listed(key, keys[key])
            out[name] = tuple(word(key, one) for one in (sorted(words) if key == "signals" else words))
    if "code" in keys:
        out["has_code"] = flag(keys, "code", default=False)
    return out


def _needs(keys: Mapping[str, Any]) -> tuple[Need, ...]:
    return tuple(Need(word("needs", flag), "needs") for flag in listed("needs", keys.get("needs", ())))


def _context(keys: Mapping[str, Any]) -> Context:
    said = {key: keys[key] for key in CLAIMS if key in keys}
    if "budget_tier" in keys:
        said["tier"] = keys["budget_tier"]
    labels = keys.get("context", {})
    reserved = [name for name in labels if name in said or name in CLAIMS or name in ("tier", "request_id")]
    if reserved:
        remedy = f"write {reserved[0]!r} outside of it"
        raise SettingsError(f"context.{reserved[0]} is no label of yours", where="context", remedy=remedy)
    return merge(Claims(), {**said, "labels": labels}, "features").context


def _dialect(value: str | None) -> Dialect:
    spoken = value or "openai.chat"
    if spoken in CODECS:
        return spoken
    what = f"unknown dialect {spoken!r}"
    raise SettingsError(what, where="dialect", remedy=nearest(spoken, CODECS))


def _unknown(body: Mapping[str, Any]) -> Dialect:
    keys = ", ".join(list(body)[:6]) or "nothing"
    remedy = "a body has `messages`; name its dialect: " + ", ".join(CODECS)
    raise SettingsError(f"a body of no dialect that is known here; it has {keys}", where="body", remedy=remedy)


def _endpoint(catalog: Catalog, dialect: Dialect, provider: str | None) -> Endpoint | None:
    """Where the caller is: at the named provider or endpoint, else at the dialect's own vendor, else at any of it."""
    speaking = [endpoint for endpoint in catalog.endpoints.values() if endpoint.speaks(dialect)]
    if provider is None:
        own = dialect.partition(".")[0]
        tests: tuple[Callable[[Endpoint], bool], ...] = (
            lambda one: one.name == own,
            lambda one: one.dialect == dialect,
            lambda one: one.speaks(dialect),
        )
    else:
        served = {target.endpoint for target in catalog.targets if target.provider == provider}
        tests = (lambda one: provider in (one.name, one.provider), lambda one: one.name in served)
    found = (next(filter(test, speaking), None) for test in tests)
    return next((one for one in found if one is not None), None)


def _origin(keys: Mapping[str, Any], dialect: Dialect, endpoint: Endpoint | None) -> Origin:
    sdk = text(keys, "origin.sdk") or SDKS.get(dialect, "openai")
    if endpoint is None:
        return Origin(sdk, "", "", text(keys, "origin.provider") or "unknown", None)
    return Origin(sdk, "", host_and_port(endpoint.base_url)[0], endpoint.provider, endpoint.name)


def _credentials(catalog: Catalog, given: Iterable[str] | None) -> tuple[str, ...]:
    """Names of endpoints, by their own name or their provider's."""
    if given is None:
        return tuple(sorted(catalog.endpoints))
    found: set[str] = set()
    for name in given:
        here = {one.name for one in catalog.endpoints.values() if name in (one.name, one.provider)}
        if not here:
            remedy = nearest(name, catalog.endpoints)
            raise SettingsError(f"there is no endpoint {name!r}", where="credentials", remedy=remedy)
        found |= here
    return tuple(sorted(found))
