"""Every member that google-genai lets a caller write is mapped, a hint, or a need. A new one fails here and is named.

Configurations are sent by the SDK itself up to its own request method, so that what is read is what it really writes.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any, get_args

import pydantic
import pytest
from google import genai
from google.auth.credentials import AnonymousCredentials
from google.genai import types
from google.genai._api_client import BaseApiClient

from waypost.core.codecs import CODECS
from waypost.core.model.conversation import Conversation

G = "google.generate_content"
SAID = {"role": "user", "parts": [{"text": "x"}]}
BODY: dict[str, Any] = {"model": "m", "contents": [SAID]}
CALL = {"functionCall": {"name": "f", "args": {}}}
DONE = {"functionResponse": {"name": "f", "response": {"output": "x"}}}
PNG = {"mimeType": "image/png", "data": "iVBORw0KGgo="}


def flags(conversation: Conversation) -> set[str]:
    return {need.flag + ("?" if need.severity == "hint" else "") for need in conversation.needs}


def decode(body: dict[str, Any]) -> Conversation:
    return CODECS[G].decode_request(body)


# What the SDK sends for each member of a configuration. A trailing ? marks a hint; `vertex` is said on Vertex AI alone.
CLIENT: dict[str, Any] = {
    "http_options": {"timeout": 1000},
    "should_return_http_response": False,
    "automatic_function_calling": {"disable": True},
    "automatic_continuation": False,
}
"""Members that the SDK follows itself and sends to nobody."""

SCHEMA = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
JSON = {"response_mime_type": "application/json"}
CONFIG: dict[str, tuple[dict[str, Any], set[str]]] = {
    "system_instruction": ({"system_instruction": "be brief"}, set()),
    "temperature": ({"temperature": 1.5}, {"sampling.temperature", "sampling.temperature.above_1"}),
    "top_p": ({"top_p": 0.5}, {"sampling.top_p"}),
    "top_k": ({"top_k": 40}, {"sampling.top_k"}),
    "candidate_count": ({"candidate_count": 2}, {"n"}),
    "max_output_tokens": ({"max_output_tokens": 7}, set()),
    "stop_sequences": ({"stop_sequences": ["a", "b", "c", "d", "\n"]}, {"stop", "stop.max", "stop.blank"}),
    "response_logprobs": ({"response_logprobs": True}, {"logprobs", "logprobs.token_ids"}),
    "logprobs": ({"logprobs": 3}, {"logprobs", "logprobs.token_ids"}),
    "presence_penalty": ({"presence_penalty": 1}, {"sampling.penalties"}),
    "frequency_penalty": ({"frequency_penalty": 1}, {"sampling.penalties"}),
    "seed": ({"seed": 7}, {"seed"}),
    "response_mime_type": (JSON, {"output.json_object"}),
    "response_schema": ({**JSON, "response_schema": SCHEMA}, {"output.json_schema"}),
    "response_json_schema": (
        {**JSON, "response_json_schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
        {"output.json_schema", "schema.optional_properties"},
    ),
    "routing_config": ({"routing_config": {"manual_mode": {"model_name": "m"}}}, {"model_choice"}),
    "model_selection_config": (
        {"model_selection_config": {"feature_selection_preference": "BALANCED"}},
        {"model_choice"},
    ),
    "safety_settings": (
        {
            "safety_settings": [
                {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"},
                {"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "OFF"},
            ]
        },
        {"safety.settings", "safety.settings?"},
    ),
    "tools": ({"tools": [{"function_declarations": [{"name": "f"}]}]}, {"tools"}),
    "tool_config": (
        {"tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f", "g"]}}},
        {"tool_choice.required", "tool_choice.allowed_subset"},
    ),
    "labels": ({"labels": {"team": "a"}}, {"metadata.labels?"}),
    "cached_content": ({"cached_content": "cachedContents/x"}, {"server_state.cached_content"}),
    "response_modalities": ({"response_modalities": ["TEXT", "IMAGE", "VIDEO"]}, {"output.image", "output.modality"}),
    "media_resolution": ({"media_resolution": "MEDIA_RESOLUTION_LOW"}, {"input.media_resolution?"}),
    "speech_config": ({"speech_config": "Kore"}, {"output.audio"}),
    "audio_timestamp": ({"audio_timestamp": True}, {"input.media_options"}),
    "thinking_config": (
        {"thinking_config": {"thinking_level": "MINIMAL", "include_thoughts": True}},
        {"reasoning.effort", "reasoning.effort.minimal", "reasoning.display?"},
    ),
    "image_config": ({"image_config": {"aspect_ratio": "1:1"}}, {"output.image"}),
    "enable_enhanced_civic_answers": ({"enable_enhanced_civic_answers": True}, {"safety.settings"}),
    "model_armor_config": ({"model_armor_config": {"prompt_template_name": "t"}}, {"safety.settings"}),
    "service_tier": ({"service_tier": "flex"}, {"service_tier"}),
    "audio_transcription_config": (
        {"audio_transcription_config": {"language_codes": ["en"]}},
        {"input.media_options"},
    ),
    "continuation_token": ({"continuation_token": b"x"}, {"server_state.continuation"}),
    "generation_output_config": (
        {"generation_output_config": {"output_uri_prefix": "gs://b"}},
        {"server_state.output"},
    ),
    "store": ({"store": True}, {"server_state.store"}),
}
VERTEX = frozenset(
    {
        *("routing_config", "model_selection_config", "audio_timestamp", "model_armor_config"),
        *("generation_output_config",),
    }
)
# What asks for a default asks for nothing.
PLAIN: list[dict[str, Any]] = [
    {"temperature": 1, "top_p": 1, "candidate_count": 1, "presence_penalty": 0, "stop_sequences": []},
    {"response_mime_type": "text/plain", "response_modalities": ["TEXT"], "service_tier": "standard", "store": False},
    {"response_logprobs": False, "labels": {}, "tools": [], "safety_settings": []},
    {"tool_config": {"function_calling_config": {"mode": "AUTO"}}},
    {"thinking_config": {"thinking_level": "THINKING_LEVEL_UNSPECIFIED", "include_thoughts": False}},
]


class Stopped(Exception):
    """The SDK has said what it would send."""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A function that tells what the SDK sends for a configuration, or for contents."""
    caught: list[dict[str, Any]] = []

    def request(self: Any, method: str, path: str, body: dict[str, Any], *rest: Any) -> Any:
        caught.append(json.loads(json.dumps(body)))
        raise Stopped

    monkeypatch.setattr(BaseApiClient, "request", request)

    def send(config: dict[str, Any], contents: Any = "x", *, vertex: bool = False) -> dict[str, Any]:
        if vertex:
            client = genai.Client(
                enterprise=True, project="p", location="us-central1", credentials=AnonymousCredentials()
            )
        else:
            client = genai.Client(api_key="k")
        with client, pytest.raises(Stopped):
            client.models.generate_content(model="m", contents=contents, config=config)
        # What begins with an underscore is taken out of the body by the method that is stopped here.
        return {"model": "m", **{name: item for name, item in caught.pop().items() if name[0] != "_"}}

    return send


def test_every_member_of_a_configuration_is_in_the_table() -> None:
    """The tables above are as long as the SDK's own type."""
    assert set(types.GenerateContentConfig.model_fields) == CONFIG.keys() | CLIENT.keys()


@pytest.mark.parametrize(("field", "case"), CONFIG.items())
def test_configuration(field: str, case: tuple[dict[str, Any], set[str]], sent: Any) -> None:
    """Each member, as the SDK writes it, changes the conversation or raises exactly its needs (S2.07)."""
    config, expected = case
    body = sent(config, vertex=field in VERTEX)
    found = decode(body)
    assert field in config
    assert flags(found) == expected
    assert found != decode(sent({}))
    assert not any(need.flag.startswith("unknown_field") for need in found.needs)


@pytest.mark.parametrize(("field", "value"), CLIENT.items())
def test_what_the_sdk_follows_itself_is_not_sent(field: str, value: Any, sent: Any) -> None:
    """These members leave no trace in the body."""
    assert sent({field: value}) == {**sent({}), "generationConfig": {}}


@pytest.mark.parametrize("config", PLAIN)
def test_a_default_asks_for_nothing(config: dict[str, Any], sent: Any) -> None:
    """What asks for a default raises no need."""
    assert flags(decode(sent(config))) == set()


# The smaller records. For each: what holds it, a value of every member, and the needs of each.


def _part(value: Any, role: str = "user") -> dict[str, Any]:
    before = [SAID, {"role": "model", "parts": [CALL]}] if "functionResponse" in value else [SAID]
    after = [] if role == "user" else [SAID]
    return {**BODY, "contents": [*before, {"role": role, "parts": [value]}, *after], "tools": _declared({"name": "f"})}


def _declared(function: Any) -> list[Any]:
    return [{"functionDeclarations": [function]}]


def _function_response(member: str, value: Any) -> dict[str, Any]:
    return _part({"functionResponse": {"name": "f", "response": {"output": "x"}, member: value}})


def _image(member: str, value: Any) -> dict[str, Any]:
    return _part({"inlineData": {**PNG, member: value}})


def _file(member: str, value: Any) -> dict[str, Any]:
    return _part({"fileData": {"fileUri": "https://e.org/a.png", "mimeType": "image/png", member: value}})


def _option(member: str, value: Any) -> dict[str, Any]:
    return _part({"inlineData": PNG, member: value})


def _alone(member: str, value: Any) -> dict[str, Any]:
    return _part({member: value}, "user" if member == "functionResponse" else "model")


def _call(member: str, value: Any) -> dict[str, Any]:
    return _part({"functionCall": {"name": "f", member: value}}, "model")


def _result_media(member: str, value: Any) -> dict[str, Any]:
    return _function_response(
        "parts", [{"inlineData": PNG, member: value} if member != "fileData" else {member: value}]
    )


def _result_blob(member: str, value: Any) -> dict[str, Any]:
    return _function_response("parts", [{"inlineData": {**PNG, member: value}}])


def _result_file(member: str, value: Any) -> dict[str, Any]:
    data = {"fileUri": "https://e.org/a.png", "mimeType": "image/png", member: value}
    return _function_response("parts", [{"fileData": data}])


def _tool(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "tools": [{member: value}]}


def _function(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "tools": _declared({"name": "f", member: value})}


def _tool_config(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "toolConfig": {member: value}}


def _calling(member: str, value: Any) -> dict[str, Any]:
    return _tool_config("functionCallingConfig", {"mode": "ANY", member: value})


def _generation(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "generationConfig": {member: value}}


def _thinking(member: str, value: Any) -> dict[str, Any]:
    return _generation("thinkingConfig", {member: value})


def _safety(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "safetySettings": [{"threshold": "OFF", member: value}]}


def _schema(member: str, value: Any) -> dict[str, Any]:
    return _function("parameters", {"type": "OBJECT", member: value})


def _content(member: str, value: Any) -> dict[str, Any]:
    return {**BODY, "contents": [{**SAID, member: value}, SAID]}


TOOLED = {"tools"}
IMAGE = {"tools", "input.image"}
RESULT = {"tools", "tool_result.image", "input.image"}
ANY = {"tool_choice.required"}
MEDIA = "input.media_options"
OPENAPI = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}

RECORDS: list[tuple[Any, Any, dict[str, tuple[Any, set[str]]]]] = [
    (types.Content, _content, {"role": ("user", set()), "parts": ([{"text": "y"}], set())}),
    (
        types.Part,
        _alone,
        {
            "text": ("x", TOOLED),
            "thought": (True, TOOLED | {"message.empty"}),
            "thoughtSignature": ("Q29F", TOOLED | {"reasoning.signature?", "message.empty"}),
            "functionCall": ({"name": "f"}, TOOLED),
            "functionResponse": (DONE["functionResponse"], TOOLED),
            "executableCode": ({"language": "PYTHON", "code": "1"}, TOOLED | {"server_tool.code_execution"}),
            "codeExecutionResult": ({"outcome": "OUTCOME_OK"}, TOOLED | {"server_tool.code_execution"}),
            "toolCall": ({"toolType": "GOOGLE_SEARCH_WEB"}, TOOLED | {"server_tool.google_search_web"}),
            "toolResponse": ({"toolType": "URL_CONTEXT"}, TOOLED | {"server_tool.url_context"}),
            "audioTranscription": ({"text": "x"}, TOOLED | {MEDIA}),
            "inlineData": (PNG, IMAGE | {"output.image"}),
            "fileData": (
                {"fileUri": "https://e.org/a.png", "mimeType": "image/png"},
                TOOLED | {"input.image.url", "output.image"},
            ),
        },
    ),
    (
        types.Part,
        _option,
        {
            "mediaResolution": ({"level": "MEDIA_RESOLUTION_LOW"}, IMAGE | {"image.detail?"}),
            "partMetadata": ({"k": "v"}, IMAGE | {"metadata.labels?"}),
            "videoMetadata": ({"fps": 1}, IMAGE | {MEDIA}),
            "mediaProcessing": ("PROCESSING", IMAGE | {MEDIA}),
            "speechMetadata": ({"speaker": "a"}, IMAGE | {MEDIA}),
            "documentMetadata": ({"startPage": 1}, IMAGE | {MEDIA}),
            "spreadsheetMetadata": ({"sheetIndex": 1}, IMAGE | {MEDIA}),
            "audioMetadata": ({"startOffset": "1s"}, IMAGE | {MEDIA}),
        },
    ),
    (
        types.Blob,
        _image,
        {
            "data": ("AAAA", IMAGE),
            "mimeType": ("image/heic", IMAGE | {"input.image.mime"}),
            "displayName": ("a", IMAGE | {"document.title?"}),
        },
    ),
    (
        types.FileData,
        _file,
        {
            "fileUri": ("gs://b/a.png", TOOLED | {"input.file_id"}),
            "mimeType": ("video/mp4", TOOLED | {"input.video", "input.media_url"}),
            "displayName": ("a", TOOLED | {"input.image.url", "document.title?"}),
        },
    ),
    (
        types.FunctionCall,
        _call,
        {
            "id": ("c", TOOLED),
            "name": ("a.b", TOOLED | {"tools.name_charset"}),
            "args": ({"x": 1}, TOOLED),
            "partialArgs": ([{"jsonPath": "$.a", "stringValue": "x"}], TOOLED | {"tools.partial_arguments"}),
            "willContinue": (True, TOOLED | {"tools.partial_arguments"}),
        },
    ),
    (
        types.FunctionResponse,
        _function_response,
        {
            "id": ("c", TOOLED),
            "name": ("g", TOOLED | {"tool_result.unmatched"}),
            "response": ({"error": "x"}, TOOLED | {"tool_result.is_error"}),
            "parts": ([{"inlineData": PNG}], RESULT),
            "willContinue": (True, TOOLED | {"tools.async"}),
            "scheduling": ("SILENT", TOOLED | {"tools.async"}),
        },
    ),
    (
        types.FunctionResponsePart,
        _result_media,
        {
            "inlineData": (PNG, RESULT),
            "fileData": (
                {"fileUri": "gs://b/a.pdf", "mimeType": "application/pdf"},
                TOOLED | {"tool_result.document", "input.file_id"},
            ),
            "mediaResolution": ({"level": "MEDIA_RESOLUTION_LOW"}, RESULT | {"image.detail?"}),
            "mediaProcessing": ("PROCESSING", RESULT | {MEDIA}),
            "videoMetadata": ({"fps": 1}, RESULT | {MEDIA}),
            "documentMetadata": ({"startPage": 1}, RESULT | {MEDIA}),
            "spreadsheetMetadata": ({"sheetIndex": 1}, RESULT | {MEDIA}),
            "audioMetadata": ({"startOffset": "1s"}, RESULT | {MEDIA}),
        },
    ),
    (
        types.FunctionResponseBlob,
        _result_blob,
        {
            "data": ("AAAA", RESULT),
            "mimeType": ("application/pdf", TOOLED | {"tool_result.document", "input.pdf"}),
            "displayName": ("a", RESULT | {"document.title?"}),
        },
    ),
    (
        types.FunctionResponseFileData,
        _result_file,
        {
            "fileUri": ("https://e.org/b.png", TOOLED | {"tool_result.image", "input.image.url"}),
            "mimeType": ("application/pdf", TOOLED | {"tool_result.document", "input.pdf", "input.pdf.url"}),
            "displayName": ("a", TOOLED | {"tool_result.image", "input.image.url", "document.title?"}),
        },
    ),
    (
        types.Tool,
        _tool,
        {
            "functionDeclarations": ([{"name": "f"}], TOOLED),
            "googleSearch": ({}, {"server_tool.web_search"}),
            "googleSearchRetrieval": ({}, {"server_tool.web_search"}),
            "enterpriseWebSearch": ({}, {"server_tool.web_search"}),
            "parallelAiSearch": ({}, {"server_tool.web_search"}),
            "exaAiSearch": ({}, {"server_tool.web_search"}),
            "codeExecution": ({}, {"server_tool.code_execution"}),
            "urlContext": ({}, {"server_tool.url_context"}),
            "googleMaps": ({}, {"server_tool.maps"}),
            "fileSearch": ({}, {"server_tool.file_search"}),
            "computerUse": ({}, {"server_tool.computer"}),
            "retrieval": ({}, {"server_tool.retrieval"}),
            "mcpServers": ([{}], {"server_tool.mcp"}),
        },
    ),
    (
        types.FunctionDeclaration,
        _function,
        {
            "name": ("g", TOOLED),
            "description": ("d", TOOLED),
            "parameters": (OPENAPI, TOOLED),
            "parametersJsonSchema": ({"anyOf": [{"type": "object"}]}, TOOLED | {"schema.root"}),
            "response": (OPENAPI, TOOLED | {"tools.output_schema?"}),
            "responseJsonSchema": ({"type": "object"}, TOOLED | {"tools.output_schema?"}),
            "behavior": ("NON_BLOCKING", TOOLED | {"tools.async"}),
        },
    ),
    (
        types.ToolConfig,
        _tool_config,
        {
            "functionCallingConfig": (
                {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
                {"tool_choice.allowed_subset"},
            ),
            "retrievalConfig": ({"languageCode": "en"}, {"server_tool.retrieval_config"}),
            "includeServerSideToolInvocations": (True, {"server_tool.invocations"}),
        },
    ),
    (
        types.FunctionCallingConfig,
        _calling,
        {
            "mode": ("NONE", set()),
            "allowedFunctionNames": (["f", "g"], ANY | {"tool_choice.allowed_subset"}),
            "streamFunctionCallArguments": (True, ANY | {"tools.eager_streaming?"}),
        },
    ),
    (
        types.ThinkingConfig,
        _thinking,
        {
            "includeThoughts": (True, {"reasoning.display?"}),
            "thinkingBudget": (0, {"reasoning.effort", "reasoning.can_disable"}),
            "thinkingLevel": ("HIGH", {"reasoning.effort"}),
        },
    ),
    (
        types.SafetySetting,
        _safety,
        {
            "category": ("HARM_CATEGORY_HARASSMENT", {"safety.settings?"}),
            "method": ("SEVERITY", {"safety.settings?"}),
            "threshold": ("BLOCK_ONLY_HIGH", {"safety.settings"}),
        },
    ),
    (
        types.GenerationConfig,
        _generation,
        {
            "modelSelectionConfig": ({"featureSelectionPreference": "BALANCED"}, {"model_choice"}),
            "responseJsonSchema": (
                {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}, "required": ["a"]},
                {"output.json_schema", "schema.constraints"},
            ),
            "audioTimestamp": (True, {MEDIA}),
            "candidateCount": (2, {"n"}),
            "enableAffectiveDialog": (True, {"output.audio"}),
            "frequencyPenalty": (0.5, {"sampling.penalties"}),
            "logprobs": (3, {"logprobs", "logprobs.token_ids"}),
            "maxOutputTokens": (7, set()),
            "mediaResolution": ("MEDIA_RESOLUTION_LOW", {"input.media_resolution?"}),
            "presencePenalty": (0.5, {"sampling.penalties"}),
            "responseLogprobs": (True, {"logprobs", "logprobs.token_ids"}),
            "responseMimeType": ("text/x.enum", {"output.enum"}),
            "responseModalities": (["AUDIO"], {"output.audio"}),
            "responseSchema": (SCHEMA, {"output.json_schema"}),
            "routingConfig": ({"autoMode": {}}, {"model_choice"}),
            "seed": (7, {"seed"}),
            "speechConfig": ({"languageCode": "en-US"}, {"output.audio"}),
            "stopSequences": (["a"], {"stop"}),
            "temperature": (0, {"sampling.temperature"}),
            "thinkingConfig": ({"thinkingBudget": 4096}, {"reasoning.budget"}),
            "topK": (40, {"sampling.top_k"}),
            "topP": (0.5, {"sampling.top_p"}),
            "enableEnhancedCivicAnswers": (True, {"safety.settings"}),
            "responseFormat": ([{"text": {"mimeType": "text/plain"}}], {"output.formats"}),
            "translationConfig": ({"targetLanguageCode": "pt"}, {"output.formats"}),
            "audioTranscriptionConfig": ({"languageCodes": ["en"]}, {MEDIA}),
        },
    ),
    (
        types.Schema,
        _schema,
        {
            "type": ("OBJECT", TOOLED),
            "properties": ({"a": {"type": "STRING"}}, TOOLED),
            "required": ([], TOOLED),
            "propertyOrdering": ([], TOOLED),
            "additionalProperties": (False, TOOLED),
            "description": ("d", TOOLED),
            "title": ("t", TOOLED),
            "default": ({}, TOOLED),
            "example": ({}, TOOLED),
            "format": ("x", TOOLED),
            "nullable": (True, TOOLED | {"schema.root"}),
            "enum": (["a"], TOOLED | {"schema.root"}),
            "anyOf": ([{"type": "OBJECT"}], TOOLED | {"schema.root"}),
            "ref": ("#/defs/a", TOOLED | {"schema.root"}),
            "defs": ({"a": {"type": "STRING"}}, TOOLED),
            "items": ({"type": "STRING"}, TOOLED),
            "minItems": ("1", TOOLED),
            "maxItems": (1, TOOLED),
            "minLength": (1, TOOLED),
            "maxLength": (1, TOOLED),
            "minProperties": (1, TOOLED),
            "maxProperties": (1, TOOLED),
            "minimum": (1, TOOLED),
            "maximum": (1, TOOLED),
            "pattern": ("x", TOOLED),
        },
    ),
]
CASES = [
    pytest.param(build(member, value), expected, id=f"{typed.__name__}.{member}")
    for typed, build, members in RECORDS
    for member, (value, expected) in members.items()
]


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def snake(value: Any) -> Any:
    """``value`` with every member of the wire's own in snake case; what is the caller's stays as it is."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    own = ("args", "response", "parametersJsonSchema", "responseJsonSchema", "properties", "labels", "defs")
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): item
        if name in own
        else snake(item)
        for name, item in value.items()
    }


@pytest.mark.parametrize("typed", dict.fromkeys(typed for typed, _, _ in RECORDS))
def test_every_member_of_a_record_is_in_the_table(typed: Any) -> None:
    """The tables above are as long as the SDK's own types."""
    known = {member for each, _, members in RECORDS for member in members if each is typed}
    assert known == {camel(name) for name in typed.model_fields}


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_member(body: dict[str, Any], expected: set[str]) -> None:
    """Each member raises exactly its needs, and is lost by no name; so in either way of writing names."""
    found = decode(body)
    assert flags(found) == expected
    written = decode(snake(body))
    assert flags(written) == expected
    assert [need.path for need in written.needs] == [need.path for need in found.needs]


# Records that are held as a whole, under the need of the member that holds them: nothing inside is read.
HELD: dict[str, str] = {
    "ApiAuth": "api_key_config",
    "ApiAuthApiKeyConfig": "api_key_secret_version api_key_string",
    "ApiKeyConfig": "api_key_secret api_key_string http_element_location name",
    "AudioMetadata": "end_offset start_offset",
    "AudioResponseFormat": "bit_rate delivery mime_type sample_rate",
    "AudioTranscriptionConfig": (
        "adaptation_phrases custom_vocabulary diarization language_auto language_codes language_hints "
        "mode source_text word_timestamp"
    ),
    "AuthConfig": (
        "api_key api_key_config auth_type google_service_account_config http_basic_auth_config oauth_config oidc_config"
    ),
    "AuthConfigGoogleServiceAccountConfig": "service_account",
    "AuthConfigHttpBasicAuthConfig": "credential_secret",
    "AuthConfigOauthConfig": "access_token service_account",
    "AuthConfigOidcConfig": "id_token service_account",
    "AutomaticFunctionCallingConfig": "disable ignore_call_history maximum_remote_calls",
    "CodeExecutionResult": "id outcome output",
    "ComputerUse": (
        "disabled_safety_policies enable_prompt_injection_detection environment excluded_predefined_functions"
    ),
    "DocumentMetadata": "content_layers end_page start_page",
    "DynamicRetrievalConfig": "dynamic_threshold mode",
    "EnterpriseWebSearch": "blocking_confidence exclude_domains",
    "ExecutableCode": "code id language",
    "ExternalApi": "api_auth api_spec auth_config elastic_search_params endpoint simple_search_params",
    "ExternalApiElasticSearchParams": "index num_hits search_template",
    "ExternalApiSimpleSearchParams": "",
    "File": (
        "create_time display_name download_uri error expiration_time mime_type name sha256_hash "
        "size_bytes source state update_time uri video_metadata"
    ),
    "FileSearch": "file_search_store_names metadata_filter top_k",
    "FileStatus": "code details message",
    "GenerationConfigRoutingConfig": "auto_mode manual_mode",
    "GenerationConfigRoutingConfigAutoRoutingMode": "model_routing_preference",
    "GenerationConfigRoutingConfigManualRoutingMode": "model_name",
    "GenerationOutputConfig": "output_uri_prefix",
    "GoogleMaps": "auth_config enable_widget grounding_types",
    "GoogleMapsGroundingTypes": "places routing",
    "GoogleMapsPlaces": "",
    "GoogleMapsRouting": "",
    "GoogleSearch": "blocking_confidence exclude_domains search_types time_range_filter",
    "GoogleSearchRetrieval": "dynamic_retrieval_config",
    "HttpOptions": (
        "aiohttp_client api_version async_client_args base_url base_url_resource_scope client_args "
        "extra_body headers httpx_async_client httpx_client retry_options timeout"
    ),
    "HttpRetryOptions": "attempts exp_base http_status_codes initial_delay jitter max_delay",
    "ImageConfig": (
        "aspect_ratio image_output_options image_size output_compression_quality output_mime_type "
        "person_generation prominent_people"
    ),
    "ImageConfigImageOutputOptions": "compression_quality mime_type",
    "ImageResponseFormat": "aspect_ratio delivery image_size mime_type",
    "ImageSearch": "",
    "Interval": "end_time start_time",
    "LanguageAuto": "",
    "LanguageHints": "language_codes",
    "LatLng": "latitude longitude",
    "McpServer": "name streamable_http_transport",
    "ModelArmorConfig": "prompt_template_name response_template_name",
    "ModelSelectionConfig": "feature_selection_preference",
    "MultiSpeakerVoiceConfig": "speaker_voice_configs",
    "PartMediaResolution": "level num_tokens",
    "PartialArg": "bool_value json_path null_value number_value string_value will_continue",
    "PrebuiltVoiceConfig": "voice_name",
    "RagRetrievalConfig": "filter hybrid_search ranking top_k",
    "RagRetrievalConfigFilter": "metadata_filter vector_distance_threshold vector_similarity_threshold",
    "RagRetrievalConfigHybridSearch": "alpha",
    "RagRetrievalConfigRanking": "llm_ranker rank_service",
    "RagRetrievalConfigRankingLlmRanker": "model_name",
    "RagRetrievalConfigRankingRankService": "model_name",
    "ReplicatedVoiceConfig": "consent_audio mime_type voice_consent_signature voice_sample_audio",
    "ResponseFormat": "audio image text video",
    "Retrieval": "disable_attribution external_api vertex_ai_search vertex_rag_store",
    "RetrievalConfig": "language_code lat_lng",
    "SearchTypes": "image_search web_search",
    "SpeakerVoiceConfig": "speaker voice_config",
    "SpeechConfig": "language_code multi_speaker_voice_config voice_config",
    "SpeechMetadata": "speaker style",
    "SpreadsheetMetadata": "content_layers sheet_index visible_cells",
    "StreamableHttpTransport": "headers sse_read_timeout terminate_on_close timeout url",
    "TextResponseFormat": "jsonSchema mime_type",
    "ToolCall": "args id tool_type",
    "ToolCodeExecution": "",
    "ToolExaAiSearch": "api_key custom_configs",
    "ToolParallelAiSearch": "api_key custom_configs enable_data_retention enable_zero_data_retention",
    "ToolResponse": "id response tool_type",
    "Transcription": "end_offset finished language_code speaker_label start_offset text words",
    "TranslationConfig": "echo_target_language target_language_code",
    "UrlContext": "",
    "VertexAISearch": "data_store_specs datastore engine filter max_results",
    "VertexAISearchDataStoreSpec": "data_store filter",
    "VertexRagStore": (
        "rag_corpora rag_resources rag_retrieval_config similarity_top_k store_context vector_distance_threshold"
    ),
    "VertexRagStoreRagResource": "rag_corpus rag_file_ids",
    "VideoMetadata": "content_layers end_offset fps start_offset",
    "VideoResponseFormat": "aspect_ratio delivery duration gcs_uri resolution",
    "VoiceConfig": "prebuilt_voice_config replicated_voice_config voice",
    "VoiceConsentSignature": "signature",
    "WebSearch": "",
    "WordInfo": "end_offset start_offset word",
}


def _records(typed: Any, found: dict[Any, None]) -> dict[Any, None]:
    if inspect.isclass(typed) and issubclass(typed, pydantic.BaseModel):
        if typed not in found:
            found[typed] = None
            for field in typed.model_fields.values():
                _records(field.annotation, found)
    else:
        for inner in get_args(typed):
            _records(inner, found)
    return found


def test_every_record_of_the_sdk_is_known() -> None:
    """All types that a request can hold are read member by member, or held as a whole and listed with their members."""
    found: dict[Any, None] = {}
    for typed in (types.Content, types.GenerateContentConfig, types.GenerationConfig, types.Tool):
        _records(typed, found)
    read = {typed.__name__ for typed, _, _ in RECORDS} | {"GenerateContentConfig"}
    whole = {typed.__name__: set(typed.model_fields) for typed in found if typed.__name__ not in read}
    assert whole == {name: set(members.split()) for name, members in HELD.items()}


def test_null_asks_for_nothing() -> None:
    """A member that is null is as one that is absent."""
    body = {**BODY, "generationConfig": {"temperature": None, "thinkingConfig": None}, "tools": None, "labels": None}
    assert decode(body).needs == decode(BODY).needs == ()


def test_what_nobody_knows_stays_at_home() -> None:
    """A member of a body, a content, a part or a configuration that is not known is a need of the endpoint."""
    body = {
        **BODY,
        "contents": [{"role": "user", "parts": [{"text": "x", "glow": 1}], "mood": "y"}],
        "generationConfig": {"sparkle": True},
        "tools": [{"magicWand": {}}],
        "tomorrow": {"a": 1},
    }
    assert [(need.flag, need.path, need.severity) for need in decode(body).needs] == [
        ("unknown_field.glow", "contents[0].parts[0].glow", "required"),
        ("unknown_field.magicWand", "tools[0].magicWand", "required"),
        ("unknown_field.mood", "contents[0].mood", "required"),
        ("unknown_field.sparkle", "generationConfig.sparkle", "required"),
        ("unknown_field.tomorrow", "tomorrow", "required"),
    ]
