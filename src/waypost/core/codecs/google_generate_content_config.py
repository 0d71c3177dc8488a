"""Google generate content: ``generationConfig`` of a request, as it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from waypost.core.codecs.google_generate_content_tools import need_of_schema
from waypost.core.codecs.schema_google import closed, from_openapi
from waypost.core.codecs.wire import Draft, Handler, as_int, as_list, as_map, as_number, as_text, camel, opt_text
from waypost.core.model.conversation import Schema

_AT = "generationConfig"
_EFFORTS = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh"}
_THINKING = frozenset({"thinkingBudget", "thinkingLevel", "includeThoughts"})


def read_generation_config(draft: Draft, value: Any) -> None:
    draft.keep(_AT, value)
    config = camel(as_map(value, _AT))
    draft.unknown(config, frozenset(FIELDS), _AT)
    for name, handle in FIELDS.items():
        if config.get(name) is not None:
            handle(draft, config[name])
    _output(draft, config)


def _limit(draft: Draft, value: Any) -> None:
    draft.sampling["max_output"] = as_int(value, f"{_AT}.maxOutputTokens")


def _temperature(draft: Draft, value: Any) -> None:
    path = f"{_AT}.temperature"
    draft.sampling["temperature"] = as_number(value, path)
    if value != 1:
        draft.need("sampling.temperature", path)
        if value > 1:
            draft.need("sampling.temperature.above_1", path, str(value))


def _top_p(draft: Draft, value: Any) -> None:
    draft.sampling["top_p"] = as_number(value, f"{_AT}.topP")
    if value != 1:
        draft.need("sampling.top_p", f"{_AT}.topP")


def _top_k(draft: Draft, value: Any) -> None:
    draft.sampling["top_k"] = int(as_number(value, f"{_AT}.topK"))
    draft.need("sampling.top_k", f"{_AT}.topK")


def _penalty(name: str, field: str) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        draft.sampling[field] = as_number(value, f"{_AT}.{name}")
        if value:
            draft.need("sampling.penalties", f"{_AT}.{name}")

    return handle


def _seed(draft: Draft, value: Any) -> None:
    draft.sampling["seed"] = as_int(value, f"{_AT}.seed")
    draft.need("seed", f"{_AT}.seed")


def _candidates(draft: Draft, value: Any) -> None:
    draft.sampling["n"] = as_int(value, f"{_AT}.candidateCount")
    if value != 1:
        draft.need("n", f"{_AT}.candidateCount", str(value))


def _stop(draft: Draft, value: Any) -> None:
    path = f"{_AT}.stopSequences"
    stops = tuple(as_text(item, f"{path}[{index}]") for index, item in enumerate(as_list(value, path)))
    if not stops:
        return
    draft.sampling["stop"] = stops
    draft.need("stop", path)
    if len(stops) > 4:
        draft.need("stop.max", path, str(len(stops)))
    if not all(item.strip() for item in stops):
        draft.need("stop.blank", path)


def _response_logprobs(draft: Draft, value: Any) -> None:
    draft.sampling["logprobs"] = bool(value)
    if value:
        draft.need("logprobs", f"{_AT}.responseLogprobs")
        draft.need("logprobs.token_ids", f"{_AT}.responseLogprobs")


def _logprobs(draft: Draft, value: Any) -> None:
    draft.sampling["top_logprobs"] = as_int(value, f"{_AT}.logprobs")
    if value:
        draft.need("logprobs", f"{_AT}.logprobs", str(value))
        draft.need("logprobs.token_ids", f"{_AT}.logprobs")


def _thinking(draft: Draft, value: Any) -> None:
    path = f"{_AT}.thinkingConfig"
    config = camel(as_map(value, path))
    draft.unknown(config, _THINKING, path)
    if config.get("includeThoughts"):
        draft.hint("reasoning.display", f"{path}.includeThoughts")
        draft.sampling["show_reasoning"] = draft.fields["shows_reasoning"] = True
    level = opt_text(config.get("thinkingLevel"), f"{path}.thinkingLevel")
    if level is not None and level != "THINKING_LEVEL_UNSPECIFIED":
        _effort(draft, level, f"{path}.thinkingLevel")
    if config.get("thinkingBudget") is not None:
        _budget(draft, as_int(config["thinkingBudget"], f"{path}.thinkingBudget"), f"{path}.thinkingBudget")


def _effort(draft: Draft, level: str, path: str) -> None:
    effort = _EFFORTS.get(level.upper())
    if effort is None:
        draft.need("unknown_field.thinkingLevel", path)
        return
    draft.sampling["reasoning_effort"] = effort
    draft.need("reasoning.effort", path, effort)
    if effort == "minimal":
        draft.need("reasoning.effort.minimal", path)


def _budget(draft: Draft, budget: int, path: str) -> None:
    if budget > 0:
        draft.sampling["reasoning_budget"] = budget
        draft.need("reasoning.budget", path, str(budget))
    elif budget < 0:
        # The model decides, as it does wherever nothing is said.
        draft.hint("reasoning.adaptive", path)
    else:
        draft.sampling["reasoning_effort"] = "none"
        draft.need("reasoning.effort", path, "none")
        draft.need("reasoning.can_disable", path)


def _modalities(draft: Draft, value: Any) -> None:
    path = f"{_AT}.responseModalities"
    for index, item in enumerate(as_list(value, path)):
        kind = as_text(item, f"{path}[{index}]").upper()
        if kind not in ("TEXT", "MODALITY_UNSPECIFIED"):
            draft.need({"IMAGE": "output.image", "AUDIO": "output.audio"}.get(kind, "output.modality"), path, kind)


def _named(name: str, flag: str, *, hint: bool = False) -> Handler:
    def handle(draft: Draft, value: Any) -> None:
        # `false` and an empty object ask for what happens anyway.
        if value:
            draft.need(flag, f"{_AT}.{name}", None, "hint" if hint else "required")

    return handle


def _read_later(draft: Draft, value: Any) -> None:
    """The form of the answer is said by three fields together."""


FIELDS: Mapping[str, Handler] = {
    "maxOutputTokens": _limit,
    "temperature": _temperature,
    "topP": _top_p,
    "topK": _top_k,
    "presencePenalty": _penalty("presencePenalty", "presence_penalty"),
    "frequencyPenalty": _penalty("frequencyPenalty", "frequency_penalty"),
    "seed": _seed,
    "candidateCount": _candidates,
    "stopSequences": _stop,
    "responseLogprobs": _response_logprobs,
    "logprobs": _logprobs,
    "thinkingConfig": _thinking,
    "responseModalities": _modalities,
    "responseMimeType": _read_later,
    "responseSchema": _read_later,
    "responseJsonSchema": _read_later,
    "responseFormat": _named("responseFormat", "output.formats"),
    "speechConfig": _named("speechConfig", "output.audio"),
    "imageConfig": _named("imageConfig", "output.image"),
    "mediaResolution": _named("mediaResolution", "input.media_resolution", hint=True),
    "audioTimestamp": _named("audioTimestamp", "input.media_options"),
    "audioTranscriptionConfig": _named("audioTranscriptionConfig", "input.media_options"),
    "translationConfig": _named("translationConfig", "output.formats"),
    "enableAffectiveDialog": _named("enableAffectiveDialog", "output.audio"),
    "enableEnhancedCivicAnswers": _named("enableEnhancedCivicAnswers", "safety.settings"),
    "routingConfig": _named("routingConfig", "model_choice"),
    "modelConfig": _named("modelConfig", "model_choice"),
    "modelSelectionConfig": _named("modelSelectionConfig", "model_choice"),
}
"""Every member that is known, and how it is read."""


def _output(draft: Draft, config: Mapping[str, Any]) -> None:
    mime = opt_text(config.get("responseMimeType"), f"{_AT}.responseMimeType")
    reader = next((name for name in _SCHEMAS if config.get(name) is not None), None)
    if mime not in (None, "", "text/plain", "application/json"):
        draft.need("output.enum" if mime == "text/x.enum" else "output.formats", f"{_AT}.responseMimeType", mime)
    elif reader is not None:
        path = f"{_AT}.{reader}"
        schema = _SCHEMAS[reader](config[reader], path)
        draft.need("output.json_schema", path)
        need_of_schema(draft, schema, path)
        draft.fields["output"] = Schema(schema, strict=True)
    elif mime == "application/json":
        draft.need("output.json_object", f"{_AT}.responseMimeType")
        draft.fields["output"] = Schema(None)


_SCHEMAS: Mapping[str, Callable[[Any, str], dict[str, Any]]] = {
    "responseJsonSchema": lambda value, path: closed(as_map(value, path), path),
    "responseSchema": lambda value, path: closed(from_openapi(value, path), path),
}
