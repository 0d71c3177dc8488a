"""One request for each feature in each dialect that has a word for it, as the vendors' references write it.

A sample is laid over the smallest request of its dialect. Where a feature is missing in a dialect's table, that dialect
cannot say it, and nobody can ask for it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from waypost.core.codecs.envelope import wrap
from waypost.core.model.conversation import Reasoning, Sealed
from waypost.core.model.target import Dialect

CHAT, RESPONSES, MESSAGES, GENERATE = (
    "openai.chat",
    "openai.responses",
    "anthropic.messages",
    "google.generate_content",
)

PNG: Final = "iVBORw0KGgo="
PDF: Final = "JVBERi0xLjQK"
WAV: Final = "UklGRg=="
PICTURE: Final = "https://pictures.example/cat.png"
PAPER: Final = "https://papers.example/paper.pdf"
SCHEMA: Final = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
OPEN: Final = {"type": "object", "properties": {"city": {"type": "string"}}}

SMALLEST: Final[Mapping[Dialect, Mapping[str, Any]]] = {
    CHAT: {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    RESPONSES: {"model": "m", "input": "Hi", "store": False},
    MESSAGES: {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]},
    GENERATE: {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}

Sample = Mapping[Dialect, Mapping[str, Any]]


# Pieces that many samples share.


def _chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def _said(content: Any, role: str = "user", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def _input(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"input": list(items), **more}


def _contents(*contents: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"contents": list(contents), **more}


def _turn(*parts: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def _config(**keys: Any) -> dict[str, Any]:
    return {"generationConfig": keys}


TEXT = {"text": "Hi"}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "description": "Tells it", "parameters": SCHEMA}}
RESPONSES_TOOL = {
    "type": "function",
    "name": "weather",
    "description": "Tells it",
    "parameters": SCHEMA,
    "strict": False,
}
MESSAGES_TOOL = {"name": "weather", "description": "Tells it", "input_schema": SCHEMA}
GENERATE_TOOL = {
    "functionDeclarations": [{"name": "weather", "description": "Tells it", "parametersJsonSchema": SCHEMA}]
}
ASKED = '{"city":"Paris"}'
CHAT_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ASKED}}
RESPONSES_CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ASKED}
MESSAGES_CALL = {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}}
GENERATE_CALL = {"functionCall": {"id": "call_1", "name": "weather", "args": {"city": "Paris"}}}


def _tools(dialect: Dialect, **more: Any) -> dict[str, Any]:
    tool: dict[Dialect, Any] = {
        CHAT: CHAT_TOOL,
        RESPONSES: RESPONSES_TOOL,
        MESSAGES: MESSAGES_TOOL,
        GENERATE: GENERATE_TOOL,
    }
    return {"tools": [tool[dialect]], **more}


def _result(output: Any) -> dict[str, Any]:
    """A question, a call of a tool, and in chat and responses what the tool said."""
    return {
        CHAT: _chat(
            _said("Hi"),
            _said(None, "assistant", tool_calls=[CHAT_CALL]),
            _said(output, "tool", tool_call_id="call_1"),
            **_tools(CHAT),
        ),
        RESPONSES: _input(
            _said("Hi"),
            RESPONSES_CALL,
            {"type": "function_call_output", "call_id": "call_1", "output": output},
            **_tools(RESPONSES),
        ),
    }


def _answered(result: dict[str, Any]) -> dict[str, Any]:
    return _chat(_said("Hi"), _said([MESSAGES_CALL], "assistant"), _said([result]), **_tools(MESSAGES))


def _responded(response: dict[str, Any]) -> dict[str, Any]:
    answer = {"id": "call_1", "name": "weather", **response}
    return _contents(
        _turn(TEXT), _turn(GENERATE_CALL, role="model"), _turn({"functionResponse": answer}), **_tools(GENERATE)
    )


def _data(mime: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": data}}


def _base64(mime: str, data: str) -> dict[str, Any]:
    return {"type": "base64", "media_type": mime, "data": data}


def _strict(kind: str) -> dict[str, Any]:
    return {"type": kind, "name": "place", "schema": SCHEMA, "strict": True}


def _envelope(dialect: Dialect) -> str:
    """What that dialect's signer has sealed, as another's caller holds it."""
    seal = Sealed("c2lnbmVk", dialect, f"the signer of {dialect}", "rs_1" if dialect == RESPONSES else None)
    return wrap(Reasoning("", dialect, seal)) or ""


# The features, in the order of the table.

CONVERSATION: Final[Mapping[str, Sample]] = {
    "text": {CHAT: {}, RESPONSES: {}, MESSAGES: {}, GENERATE: {}},
    "system prompt": {
        CHAT: _chat(_said("Be brief.", "system"), _said("Hi")),
        RESPONSES: {"instructions": "Be brief."},
        MESSAGES: {"system": "Be brief."},
        GENERATE: {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
    },
    "developer message": {
        CHAT: _chat(_said("Be brief.", "developer"), _said("Hi")),
        RESPONSES: _input(_said("Be brief.", "developer"), _said("Hi")),
    },
    "system message between turns": {
        CHAT: _chat(_said("Hi"), _said("Hello", "assistant"), _said("Be brief.", "system"), _said("Why?")),
        RESPONSES: _input(_said("Hi"), _said("Hello", "assistant"), _said("Be brief.", "system"), _said("Why?")),
    },
    "several turns": {
        CHAT: _chat(_said("Hi"), _said("Hello", "assistant"), _said("Why?")),
        RESPONSES: _input(_said("Hi"), _said("Hello", "assistant"), _said("Why?")),
        MESSAGES: _chat(_said("Hi"), _said("Hello", "assistant"), _said("Why?")),
        GENERATE: _contents(_turn(TEXT), _turn({"text": "Hello"}, role="model"), _turn({"text": "Why?"})),
    },
    "several text parts": {
        CHAT: _chat(_said([{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}])),
        RESPONSES: _input(_said([{"type": "input_text", "text": "Hi"}, {"type": "input_text", "text": "there"}])),
        MESSAGES: _chat(_said([{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}])),
        GENERATE: _contents(_turn(TEXT, {"text": "there"})),
    },
    "answer to be continued (prefill)": {
        CHAT: _chat(_said("Hi"), _said("Once upon", "assistant")),
        RESPONSES: _input(_said("Hi"), _said("Once upon", "assistant")),
        MESSAGES: _chat(_said("Hi"), _said("Once upon", "assistant")),
        GENERATE: _contents(_turn(TEXT), _turn({"text": "Once upon"}, role="model")),
    },
    "conversation that begins with an answer": {
        CHAT: _chat(_said("Hello", "assistant"), _said("Hi")),
        RESPONSES: _input(_said("Hello", "assistant"), _said("Hi")),
        MESSAGES: _chat(_said("Hello", "assistant"), _said("Hi")),
        GENERATE: _contents(_turn({"text": "Hello"}, role="model"), _turn(TEXT)),
    },
    "name of a speaker": {CHAT: _chat(_said("Hi", name="ana"))},
    "refusal in the history": {
        CHAT: _chat(_said("Hi"), _said(None, "assistant", refusal="No."), _said("Why?")),
        RESPONSES: _input(
            _said("Hi"),
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "refusal", "refusal": "No."}],
            },
            _said("Why?"),
        ),
    },
}

INPUT: Final[Mapping[str, Sample]] = {
    "image in the request": {
        CHAT: _chat(_said([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}])),
        RESPONSES: _input(
            _said([{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}])
        ),
        MESSAGES: _chat(_said([{"type": "image", "source": _base64("image/png", PNG)}])),
        GENERATE: _contents(_turn(_data("image/png", PNG))),
    },
    "image by address": {
        CHAT: _chat(_said([{"type": "image_url", "image_url": {"url": PICTURE}}])),
        RESPONSES: _input(_said([{"type": "input_image", "image_url": PICTURE, "detail": "auto"}])),
        MESSAGES: _chat(_said([{"type": "image", "source": {"type": "url", "url": PICTURE}}])),
        GENERATE: _contents(_turn({"fileData": {"mimeType": "image/png", "fileUri": PICTURE}})),
    },
    "resolution of an image": {
        CHAT: _chat(_said([{"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}}])),
        RESPONSES: _input(_said([{"type": "input_image", "image_url": PICTURE, "detail": "low"}])),
        GENERATE: {
            **_contents(_turn(_data("image/png", PNG))),
            **_config(mediaResolution="MEDIA_RESOLUTION_LOW"),
        },
    },
    "PDF in the request": {
        CHAT: _chat(
            _said([{"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"}}])
        ),
        RESPONSES: _input(
            _said([{"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"}])
        ),
        MESSAGES: _chat(_said([{"type": "document", "source": _base64("application/pdf", PDF), "title": "a.pdf"}])),
        GENERATE: _contents(_turn(_data("application/pdf", PDF))),
    },
    "PDF by address": {
        RESPONSES: _input(_said([{"type": "input_file", "file_url": PAPER}])),
        MESSAGES: _chat(_said([{"type": "document", "source": {"type": "url", "url": PAPER}}])),
        GENERATE: _contents(_turn({"fileData": {"mimeType": "application/pdf", "fileUri": PAPER}})),
    },
    "text document": {
        MESSAGES: _chat(
            _said([{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "A page."}}])
        ),
    },
    "file stored at the provider": {
        CHAT: _chat(_said([{"type": "file", "file": {"file_id": "file-1"}}])),
        RESPONSES: _input(_said([{"type": "input_file", "file_id": "file-1"}])),
        MESSAGES: _chat(_said([{"type": "document", "source": {"type": "file", "file_id": "file-1"}}])),
        GENERATE: _contents(
            _turn(
                {
                    "fileData": {
                        "mimeType": "application/pdf",
                        "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/file-1",
                    }
                }
            )
        ),
    },
    "audio": {
        CHAT: _chat(_said([{"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}}])),
        GENERATE: _contents(_turn(_data("audio/wav", WAV))),
    },
    "video": {GENERATE: _contents(_turn(_data("video/mp4", "AAAA")))},
}

TOOLS: Final[Mapping[str, Sample]] = {
    "tools": {dialect: _tools(dialect) for dialect in (CHAT, RESPONSES, MESSAGES, GENERATE)},
    "arguments held to their schema": {
        CHAT: {"tools": [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA, "strict": True}}]},
        RESPONSES: {"tools": [{**RESPONSES_TOOL, "strict": True}]},
        MESSAGES: {"tools": [{**MESSAGES_TOOL, "strict": True}]},
        GENERATE: _tools(GENERATE, toolConfig={"functionCallingConfig": {"mode": "VALIDATED"}}),
    },
    "call and result": {
        **_result("Sunny"),
        MESSAGES: _answered({"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}),
        GENERATE: _responded({"response": {"result": "Sunny"}}),
    },
    "several calls in one turn": {
        CHAT: _chat(
            _said("Hi"),
            _said(None, "assistant", tool_calls=[CHAT_CALL, {**CHAT_CALL, "id": "call_2"}]),
            _said("Sunny", "tool", tool_call_id="call_1"),
            _said("Rain", "tool", tool_call_id="call_2"),
            **_tools(CHAT),
        ),
        RESPONSES: _input(
            _said("Hi"),
            RESPONSES_CALL,
            {**RESPONSES_CALL, "call_id": "call_2"},
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"},
            {"type": "function_call_output", "call_id": "call_2", "output": "Rain"},
            **_tools(RESPONSES),
        ),
        MESSAGES: _chat(
            _said("Hi"),
            _said([MESSAGES_CALL, {**MESSAGES_CALL, "id": "call_2"}], "assistant"),
            _said(
                [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"},
                    {"type": "tool_result", "tool_use_id": "call_2", "content": "Rain"},
                ]
            ),
            **_tools(MESSAGES),
        ),
        GENERATE: _contents(
            _turn(TEXT),
            _turn(
                GENERATE_CALL,
                {"functionCall": {"id": "call_2", "name": "weather", "args": {"city": "Paris"}}},
                role="model",
            ),
            _turn(
                {"functionResponse": {"id": "call_1", "name": "weather", "response": {"result": "Sunny"}}},
                {"functionResponse": {"id": "call_2", "name": "weather", "response": {"result": "Rain"}}},
            ),
            **_tools(GENERATE),
        ),
    },
    "image in a result": {
        RESPONSES: _result([{"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}])[RESPONSES],
        MESSAGES: _answered(
            {
                "type": "tool_result",
                "tool_use_id": "call_1",
                "content": [{"type": "image", "source": _base64("image/png", PNG)}],
            }
        ),
        GENERATE: _responded({"response": {"output": ""}, "parts": [_data("image/png", PNG)]}),
    },
    "result marked as an error": {
        MESSAGES: _answered({"type": "tool_result", "tool_use_id": "call_1", "content": "No.", "is_error": True}),
        GENERATE: _responded({"response": {"error": "No."}}),
    },
    "text after a call in one turn": {
        MESSAGES: _chat(
            _said("Hi"),
            _said([MESSAGES_CALL, {"type": "text", "text": "A moment."}], "assistant"),
            _said([{"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}]),
            **_tools(MESSAGES),
        ),
        GENERATE: _contents(
            _turn(TEXT),
            _turn(GENERATE_CALL, {"text": "A moment."}, role="model"),
            _turn({"functionResponse": {"id": "call_1", "name": "weather", "response": {"output": "Sunny"}}}),
            **_tools(GENERATE),
        ),
    },
    "choice: a call is required": {
        CHAT: _tools(CHAT, tool_choice="required"),
        RESPONSES: _tools(RESPONSES, tool_choice="required"),
        MESSAGES: _tools(MESSAGES, tool_choice={"type": "any"}),
        GENERATE: _tools(GENERATE, toolConfig={"functionCallingConfig": {"mode": "ANY"}}),
    },
    "choice: this tool": {
        CHAT: _tools(CHAT, tool_choice={"type": "function", "function": {"name": "weather"}}),
        RESPONSES: _tools(RESPONSES, tool_choice={"type": "function", "name": "weather"}),
        MESSAGES: _tools(MESSAGES, tool_choice={"type": "tool", "name": "weather"}),
        GENERATE: _tools(
            GENERATE, toolConfig={"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}}
        ),
    },
    "choice: none": {
        CHAT: _tools(CHAT, tool_choice="none"),
        RESPONSES: _tools(RESPONSES, tool_choice="none"),
        MESSAGES: _tools(MESSAGES, tool_choice={"type": "none"}),
        GENERATE: _tools(GENERATE, toolConfig={"functionCallingConfig": {"mode": "NONE"}}),
    },
    "choice: among some tools": {
        CHAT: _tools(
            CHAT,
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "weather"}}]},
            },
        ),
        RESPONSES: _tools(
            RESPONSES,
            tool_choice={
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "function", "name": "weather"}],
            },
        ),
        GENERATE: {
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": name, "description": "Tells it", "parametersJsonSchema": SCHEMA}
                        for name in ("weather", "time", "place")
                    ]
                }
            ],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather", "time"]}},
        },
    },
    "at most one call a turn": {
        CHAT: _tools(CHAT, parallel_tool_calls=False),
        RESPONSES: _tools(RESPONSES, parallel_tool_calls=False),
        MESSAGES: _tools(MESSAGES, tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
    },
    "free-form tools": {
        CHAT: {"tools": [{"type": "custom", "custom": {"name": "shell"}}]},
        RESPONSES: {"tools": [{"type": "custom", "name": "shell"}]},
    },
    "tools that the provider runs": {
        CHAT: {"web_search_options": {}},
        RESPONSES: {"tools": [{"type": "web_search"}]},
        MESSAGES: {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        GENERATE: {"tools": [{"googleSearch": {}}]},
    },
    "options of a search of the web": {
        CHAT: {"web_search_options": {"search_context_size": "low"}},
        RESPONSES: {"tools": [{"type": "web_search", "search_context_size": "low"}]},
        MESSAGES: {"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]},
    },
}

ANSWER: Final[Mapping[str, Sample]] = {
    "streaming": {dialect: {"stream": True} for dialect in (CHAT, RESPONSES, MESSAGES, GENERATE)},
    "limit of the answer": {
        CHAT: {"max_completion_tokens": 50},
        RESPONSES: {"max_output_tokens": 50},
        MESSAGES: {"max_tokens": 50},
        GENERATE: _config(maxOutputTokens=50),
    },
    "any JSON object": {
        CHAT: {"response_format": {"type": "json_object"}},
        RESPONSES: {"text": {"format": {"type": "json_object"}}},
        GENERATE: _config(responseMimeType="application/json"),
    },
    "answer held to a schema": {
        CHAT: {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "place", "schema": SCHEMA, "strict": True},
            }
        },
        RESPONSES: {"text": {"format": _strict("json_schema")}},
        MESSAGES: {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        GENERATE: _config(responseMimeType="application/json", responseJsonSchema=SCHEMA),
    },
    "optional properties in such a schema": {
        CHAT: {"response_format": {"type": "json_schema", "json_schema": {"name": "place", "schema": OPEN}}},
        RESPONSES: {"text": {"format": {"type": "json_schema", "name": "place", "schema": OPEN, "strict": False}}},
        MESSAGES: {"output_config": {"format": {"type": "json_schema", "schema": OPEN}}},
        GENERATE: _config(responseMimeType="application/json", responseJsonSchema=OPEN),
    },
    "several answers": {CHAT: {"n": 2}, GENERATE: _config(candidateCount=2)},
    "probabilities of tokens": {
        CHAT: {"logprobs": True, "top_logprobs": 2},
        RESPONSES: {"top_logprobs": 2, "include": ["message.output_text.logprobs"]},
        GENERATE: _config(responseLogprobs=True, logprobs=2),
    },
    "verbosity": {CHAT: {"verbosity": "low"}, RESPONSES: {"text": {"verbosity": "low"}}},
    "spoken answer": {
        CHAT: {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}},
        GENERATE: _config(responseModalities=["AUDIO"]),
    },
    "drawn answer": {
        RESPONSES: {"tools": [{"type": "image_generation"}]},
        GENERATE: _config(responseModalities=["IMAGE"]),
    },
    "predicted answer": {CHAT: {"prediction": {"type": "content", "content": "Hello"}}},
    "citations": {
        MESSAGES: _chat(
            _said(
                [
                    {
                        "type": "document",
                        "source": _base64("application/pdf", PDF),
                        "citations": {"enabled": True},
                    }
                ]
            )
        ),
    },
}

SAMPLING: Final[Mapping[str, Sample]] = {
    "temperature": {
        CHAT: {"temperature": 0.5},
        RESPONSES: {"temperature": 0.5},
        MESSAGES: {"temperature": 0.5},
        GENERATE: _config(temperature=0.5),
    },
    "temperature above 1": {
        CHAT: {"temperature": 1.5},
        RESPONSES: {"temperature": 1.5},
        GENERATE: _config(temperature=1.5),
    },
    "temperature and top_p at once": {
        CHAT: {"temperature": 0.5, "top_p": 0.5},
        RESPONSES: {"temperature": 0.5, "top_p": 0.5},
        MESSAGES: {"temperature": 0.5, "top_p": 0.5},
        GENERATE: _config(temperature=0.5, topP=0.5),
    },
    "top_p": {
        CHAT: {"top_p": 0.5},
        RESPONSES: {"top_p": 0.5},
        MESSAGES: {"top_p": 0.5},
        GENERATE: _config(topP=0.5),
    },
    "top_k": {MESSAGES: {"top_k": 40}, GENERATE: _config(topK=40)},
    "penalties": {
        CHAT: {"presence_penalty": 0.5, "frequency_penalty": 0.5},
        GENERATE: _config(presencePenalty=0.5, frequencyPenalty=0.5),
    },
    "seed": {CHAT: {"seed": 7}, GENERATE: _config(seed=7)},
    "stop sequences": {
        CHAT: {"stop": ["END"]},
        MESSAGES: {"stop_sequences": ["END"]},
        GENERATE: _config(stopSequences=["END"]),
    },
    "more than four stop sequences": {
        MESSAGES: {"stop_sequences": ["A", "B", "C", "D", "E"]},
        GENERATE: _config(stopSequences=["A", "B", "C", "D", "E"]),
    },
    "biases of tokens": {CHAT: {"logit_bias": {"50256": -100}}},
}

REASONING: Final[dict[str, Sample]] = {
    "effort": {
        CHAT: {"reasoning_effort": "low"},
        RESPONSES: {"reasoning": {"effort": "low"}},
        MESSAGES: {"output_config": {"effort": "low"}},
        GENERATE: _config(thinkingConfig={"thinkingLevel": "LOW"}),
    },
    "none": {
        CHAT: {"reasoning_effort": "none"},
        RESPONSES: {"reasoning": {"effort": "none"}},
        MESSAGES: {"thinking": {"type": "disabled"}},
        GENERATE: _config(thinkingConfig={"thinkingBudget": 0}),
    },
    "budget of tokens": {
        MESSAGES: {"max_tokens": 4000, "thinking": {"type": "enabled", "budget_tokens": 2000}},
        GENERATE: _config(thinkingConfig={"thinkingBudget": 2000}),
    },
    "reasoning shown": {
        RESPONSES: {"reasoning": {"effort": "low", "summary": "auto"}},
        MESSAGES: {
            "max_tokens": 4000,
            "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
        },
        GENERATE: _config(thinkingConfig={"thinkingBudget": 2000, "includeThoughts": True}),
    },
    "signed reasoning of an earlier turn": {
        RESPONSES: _input(
            _said("Hi"),
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2lnbmVk"},
            _said("Hello", "assistant"),
            _said("Why?"),
        ),
        MESSAGES: _chat(
            _said("Hi"),
            _said(
                [{"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}, {"type": "text", "text": "Hello"}],
                "assistant",
            ),
            _said("Why?"),
        ),
        GENERATE: _contents(
            _turn(TEXT), _turn({"text": "Hello", "thoughtSignature": "c2lnbmVk"}, role="model"), _turn({"text": "Why?"})
        ),
    },
    "signed reasoning in an open tool turn": {
        RESPONSES: _input(
            _said("Hi"),
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2lnbmVk"},
            RESPONSES_CALL,
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"},
            **_tools(RESPONSES),
        ),
        MESSAGES: _chat(
            _said("Hi"),
            _said([{"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}, MESSAGES_CALL], "assistant"),
            _said([{"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}]),
            **_tools(MESSAGES),
        ),
        GENERATE: _contents(
            _turn(TEXT),
            _turn({**GENERATE_CALL, "thoughtSignature": "c2lnbmVk"}, role="model"),
            _turn({"functionResponse": {"id": "call_1", "name": "weather", "response": {"result": "Sunny"}}}),
            **_tools(GENERATE),
        ),
    },
}
REASONING |= {
    f"{whose} reasoning, handed back in an open tool turn": {
        RESPONSES: _input(
            _said("Hi"),
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": _envelope(dialect)},
            RESPONSES_CALL,
            {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"},
            **_tools(RESPONSES),
        ),
        MESSAGES: _chat(
            _said("Hi"),
            _said([{"type": "redacted_thinking", "data": _envelope(dialect)}, MESSAGES_CALL], "assistant"),
            _said([{"type": "tool_result", "tool_use_id": "call_1", "content": "Sunny"}]),
            **_tools(MESSAGES),
        ),
        GENERATE: _contents(
            _turn(TEXT),
            _turn({"text": "", "thought": True, "thoughtSignature": _envelope(dialect)}, GENERATE_CALL, role="model"),
            _turn({"functionResponse": {"id": "call_1", "name": "weather", "response": {"output": "Sunny"}}}),
            **_tools(GENERATE),
        ),
    }
    for whose, dialect in (("Anthropic's", MESSAGES), ("OpenAI's", RESPONSES), ("Google's", GENERATE))
}

REST: Final[Mapping[str, Sample]] = {
    "identifier of the user": {
        CHAT: {"user": "u-1"},
        RESPONSES: {"safety_identifier": "u-1"},
        MESSAGES: {"metadata": {"user_id": "u-1"}},
    },
    "metadata": {CHAT: {"metadata": {"k": "v"}}, RESPONSES: {"metadata": {"k": "v"}}, GENERATE: {"labels": {"k": "v"}}},
    "marks for the prompt's cache": {
        MESSAGES: {"system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
    },
    "key of the prompt's cache": {CHAT: {"prompt_cache_key": "k"}, RESPONSES: {"prompt_cache_key": "k"}},
    "content cached at the provider": {GENERATE: {"cachedContent": "cachedContents/1"}},
    "service tier": {
        CHAT: {"service_tier": "flex"},
        RESPONSES: {"service_tier": "flex"},
        MESSAGES: {"service_tier": "standard_only"},
        GENERATE: {"serviceTier": "flex"},
    },
    "answer that the provider stores": {CHAT: {"store": True}, RESPONSES: {"store": True}},
    "earlier answer by its id": {RESPONSES: {"previous_response_id": "resp_1"}},
    "answer that is fetched later": {RESPONSES: {"background": True, "store": True}},
    "moderation settings": {
        GENERATE: {
            "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
        },
    },
}

GROUPS: Final[Mapping[str, Mapping[str, Sample]]] = {
    "Conversation": CONVERSATION,
    "Input": INPUT,
    "Tools": TOOLS,
    "Answer": ANSWER,
    "Sampling": SAMPLING,
    "Reasoning": REASONING,
    "The rest": REST,
}


def body(dialect: Dialect, sample: Mapping[str, Any]) -> dict[str, Any]:
    """The whole request of a sample."""
    return {**SMALLEST[dialect], **sample}
