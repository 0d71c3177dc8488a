"""The closed vocabulary of what a request can need of a target.

A need is satisfied on one of three levels: by the *model* (a capability that the catalog states), by the *dialect*
(its wire format can say it), or only at the caller's own *endpoint* (state and fields that nobody else has).
A need that stands in no table is on the endpoint level: what we do not know stays at home. There, the model that was
asked for meets every need of its own request; a few of that level others meet only where the catalog says so.
"""

from __future__ import annotations

from typing import Literal

from waypost.core.model.frozen import dataclass

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
    "input.video": "video parts",
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
    "reasoning.budget": "a budget of reasoning tokens",
    "verbosity": "a chosen verbosity",
    "stream": "streamed answers",
}

DIALECT: dict[str, str] = {
    "system.mid_conversation": "system messages between turns",
    "system.parts": "system messages of more than text",
    "turns.user_first": "conversations that do not begin with a user turn",
    "message.name": "names on messages",
    "message.empty": "turns without any content",
    "message.phase": "a label of what was said as commentary or as the final answer",
    "text.blank": "text parts of white space alone",
    "message.part_order": "text after a tool call in one turn",
    "prefill": "an assistant message to be continued",
    "tools.disable_parallel": "at most one tool call a turn",
    "tools.custom": "free-form or grammar tools",
    "tools.legacy_functions": "the deprecated functions and function_call fields",
    "tools.undeclared": "tool calls in the history without declared tools",
    "tools.deferred": "tools that are loaded on demand",
    "tools.programmatic": "tools called by other tools",
    "tools.async": "tools whose results may come later than the next turn",
    "tools.output_schema": "a schema of what a tool returns",
    "tools.eager_streaming": "tool arguments streamed before they are checked",
    "tools.input_examples": "example inputs of tools",
    "tools.partial_arguments": "tool arguments of the history in pieces",
    "tools.name_charset": "tool names beyond [A-Za-z0-9_-]{1,64}",
    "tool_choice.allowed_subset": "a choice among named tools only",
    "tool_result.unmatched": "tool results without a call that they answer",
    "tool_result.image": "images in tool results",
    "tool_result.document": "documents in tool results",
    "tool_result.is_error": "tool results marked as errors",
    "tool_arguments.invalid_json": "tool arguments in the history that are not JSON objects",
    "sampling.temperature.above_1": "a temperature above 1",
    "sampling.temperature_and_top_p": "temperature and top_p at once",
    "max_output.small": "a limit of fewer than 16 tokens",
    "stop.max": "more than four stop sequences",
    "stop.blank": "stop sequences of white space alone",
    "stop.report_match": "a report of which stop sequence matched",
    "input.image.mime": "images beyond JPEG, PNG, GIF and WebP",
    "input.audio.mime": "audio beyond WAV and MP3",
    "input.media_url": "media other than pictures and PDF by URL",
    "input.media_resolution": "a resolution of media that is not low or high, or is one for all",
    "input.media_options": "a choice of how a medium is read",
    "input.pdf.url": "PDF parts by URL",
    "input.file": "inline files beyond media and PDF",
    "input.document": "documents of text or of content blocks",
    "document.title": "a title of a picture, or of a document by URL",
    "input.search_result": "search results as parts",
    "image.detail": "a chosen image resolution",
    "image.transformations": "a choice of what happens to large images",
    "output.enum": "an answer that is one of several words",
    "output.formats": "a form of answer beyond text and JSON",
    "logprobs.token_ids": "log probabilities with the provider's own token ids",
    "output.schema_name": "a name or description of the answer's schema",
    "metadata": "request metadata",
    "metadata.labels": "labels of a request for its bill, or of a part",
    "user": "an identifier of the end user",
    "cache.breakpoints": "marks for prompt caching",
    "cache.key": "keys and lifetimes for prompt caching",
    "citations": "citations in answers of the history",
    "citations.request": "citations in the answer",
    "answer.parts": "parts of an answer that only its provider has",
    "answer.tool_call": "a tool call of an answer that its end cut off",
    "answer.choices": "further answers beside the first",
    "answer.audio": "a spoken answer",
    "answer.finish": "a reason of its own for which an answer ends",
    "answer.reasoning": "reasoning that the caller did not ask to see",
    "citations.response": "pages that an answer refers to",
    "service_tier": "a chosen service tier",
    "service_tier.class": "a class of inference that only its own dialect has",
    "service_tier.speed": "faster inference of the same model",
    "reasoning.can_disable": "reasoning that is switched off",
    "reasoning.effort.minimal": "minimal reasoning effort",
    "reasoning.adaptive": "reasoning whose depth the model chooses",
    "reasoning.display": "a choice of how reasoning is shown",
    "reasoning.encrypted": "reasoning handed back in a sealed form",
    "reasoning.context": "a choice of which earlier reasoning is read again",
    "reasoning.mode": "another way of reasoning than the standard one",
    "reasoning.signature": "signed reasoning in the history",
    "reasoning.text": "unsigned reasoning in the history",
    "schema.constraints": "JSON schema keywords that the target's dialect drops",
    "schema.optional_properties": "optional or open properties in a schema that is held strictly",
    "schema.root": "a tool schema whose root is not a plain object",
}

ENDPOINT: dict[str, str] = {
    "background": "an answer that is fetched later",
    "access_programs": "access that the origin grants by program",
    "billing": "a bill that somebody else gets",
    "cache.prewarm": "a call that only fills the prompt cache",
    "context_management": "history that the provider edits",
    "data_residency": "a chosen place of inference",
    "diagnostics": "a report on the prompt cache",
    "input.data_url": "inline media in a form that only the origin reads",
    "input.file_id": "files stored at the origin",
    "safety.settings": "moderation by the provider",
    "model_choice": "another model that the provider chooses",
    "output.image": "pictures in answers",
    "output.modality": "answers of another kind than text",
    "reasoning.turn_effort": "an effort of reasoning for one turn",
    "server_state.": "state that the provider keeps",
    "server_state.store": "an answer that the provider stores, as it does responses unless told otherwise",
    "server_state.previous_response": "an earlier answer that the provider has stored",
    "server_state.conversation": "a conversation that the provider keeps",
    "server_state.prompt": "a prompt template that the provider keeps",
    "server_state.fallback_credit": "credit for a call that the provider refused",
    "server_state.item_reference": "an item of a stored answer",
    "task_budget": "a budget of tokens for several calls",
    "server_tool.": "tools that the provider runs",
    "stream.framing": "a stream in frames that only the origin's client reads",
    "unknown_field.": "a field that is not known here",
}
"""Names on the endpoint level, for people; one that ends with a dot begins a family."""


@dataclass(frozen=True, slots=True)
class Need:
    """One need of one request, at ``path`` in its body. A ``hint`` may be dropped and is then on the receipt."""

    flag: str
    path: str
    severity: Severity = "required"
    value: str | None = None


def asked_only(flag: str) -> bool:
    """Whether, at the caller's own endpoint, only the model that was asked for has what ``flag`` means."""
    return flag == "server_state.cached_content"


def of_model(flag: str, *, auto: bool) -> bool:
    """Whether ``flag``, of the endpoint's level, is at the caller's own endpoint for some models only. Where a call is
    ``auto`` nobody was asked to run the provider's tools, and the provider judges."""
    return flag in ("output.image", "output.modality") or (flag.startswith("server_tool.") and not auto)


def level(flag: str) -> Level:
    """Where ``flag`` is satisfied."""
    if flag in MODEL:
        return "model"
    return "dialect" if flag in DIALECT else "endpoint"


_STATE = frozenset({"background", "input.file_id", "reasoning.signature"})


def stays(flag: str) -> bool:
    """Whether ``flag`` is context that cannot move: state that its provider keeps, or reasoning that it sealed."""
    return flag in _STATE or flag.startswith("server_state.")


def describe(flag: str) -> str | None:
    """What ``flag`` means, for people; ``None`` for a name in no table."""
    for table in (MODEL, DIALECT, ENDPOINT):
        if flag in table:
            return table[flag]
    family = flag.partition(".")[0] + "."
    return ENDPOINT.get(family)
