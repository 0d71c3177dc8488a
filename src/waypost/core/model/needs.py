"""The closed vocabulary of what a request can need of a target.

A need is satisfied on one of three levels: by the *model* (a capability that the catalog states), by the *dialect*
(its wire format can say it), or only at the caller's own *endpoint* (state and fields that nobody else has).
A need that stands in no table is on the endpoint level: what we do not know stays at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["model", "dialect", "endpoint"]
Severity = Literal["required", "hint"]

MODEL: dict[str, str] = {
    "tools": "function tools",
    "tools.parallel": "several tool calls in one turn",
    "tools.strict": "tool arguments held to their schema",
    "tool_choice.required": "a tool call can be forced",
    "input.image": "image parts in base64",
    "input.image.url": "image parts by URL, fetched by the provider",
    "input.pdf": "PDF parts in base64",
    "input.audio": "audio parts",
    "output.json_object": "any JSON object on request",
    "output.json_schema": "an answer held to a JSON schema",
    "output.audio": "spoken answers",
    "sampling.temperature": "temperature",
    "sampling.top_p": "nucleus sampling",
    "sampling.top_k": "top-k sampling",
    "sampling.penalties": "frequency and presence penalties",
    "seed": "a sampling seed",
    "n": "several choices per call",
    "stop": "stop sequences",
    "logprobs": "log probabilities of tokens",
    "logit_bias": "token biases",
    "prediction": "predicted outputs",
    "reasoning.effort": "a chosen reasoning effort",
    "verbosity": "a chosen verbosity",
    "stream": "streamed answers",
}

DIALECT: dict[str, str] = {
    "system.mid_conversation": "system messages between turns",
    "message.name": "names on messages",
    "prefill": "an assistant message to be continued",
    "tools.disable_parallel": "at most one tool call a turn",
    "tools.custom": "free-form or grammar tools",
    "tools.name_charset": "tool names beyond [A-Za-z0-9_-]{1,64}",
    "tool_choice.allowed_subset": "a choice among named tools only",
    "tool_result.image": "images in tool results",
    "tool_result.is_error": "tool results marked as errors",
    "tool_arguments.invalid_json": "tool arguments in the history that are not JSON objects",
    "sampling.temperature.above_1": "a temperature above 1",
    "stop.max": "more stop sequences than the dialect takes",
    "metadata": "request metadata",
    "cache.breakpoints": "marks for prompt caching",
    "citations": "citations in answers",
    "service_tier": "a chosen service tier",
    "reasoning.signature": "signed reasoning in the history",
    "schema.constraints": "JSON schema keywords that the target's dialect drops",
}


@dataclass(frozen=True, slots=True)
class Need:
    """One need of one request, at ``path`` in its body. A ``hint`` may be dropped and is then on the receipt."""

    flag: str
    path: str
    severity: Severity = "required"
    value: str | None = None


def level(flag: str) -> Level:
    """Where ``flag`` is satisfied."""
    if flag in MODEL:
        return "model"
    return "dialect" if flag in DIALECT else "endpoint"
