"""Which of the SDKs' own tests are run: what a generation call goes through, and no more."""

from __future__ import annotations

from dataclasses import dataclass

REROUTES = {
    ("openai", "reroute"): "anthropic",
    ("anthropic", "reroute"): "openai",
    ("openai", "reroute-google"): "google",
    ("anthropic", "reroute-google"): "google",
}
"""Whose dialect answers, by suite and mode."""

_RESPONSES = (
    *("commentary_parsing", "compaction_progress", "deferred_tools", "error_diagnostics", "image_tool_errors"),
    *("lifecycle_replacements", "null_content", "null_output", "null_output_items", "parse_as"),
    *("parsed_output_replay_profile", "refusal_normal_lifecycle", "responses"),
)
_WEBSOCKETS = (
    *("accumulator", "accumulator_details", "accumulator_rich", "auth", "contract", "event_aliases", "live"),
    *("preconnect", "session", "session_overflow"),
)


@dataclass(frozen=True, slots=True)
class Suite:
    """``package`` is the distribution's name; the targets stand below the folder of the tests.

    ``core`` is what the quick form runs, ``rest`` the rest of what concerns generation, ``stub`` what needs a server.
    """

    package: str
    core: tuple[str, ...]
    rest: tuple[str, ...]
    stub: tuple[str, ...] = ()
    source: bool = True
    """Whether the tests come with the source package."""
    first: str = ""
    """A plugin of the tests that has to be loaded before all others."""
    older: tuple[int, tuple[str, ...]] = (0, ())
    """What the tests of majors below that one import besides."""


SUITES = {
    "openai": Suite(
        "openai",
        (
            *("lib/chat", "lib/test_streaming_deltas.py", "test_legacy_response.py", "test_response.py"),
            *("test_sse_framing.py", "test_stream_mode.py", "test_streaming.py"),
            *(f"lib/responses/test_{name}.py" for name in _RESPONSES),
        ),
        (
            *("lib/responses/test_azure_responses_policy_regression.py", "lib/responses/test_client_event_compat.py"),
            *(f"lib/responses/test_websocket_{name}.py" for name in _WEBSOCKETS),
            *("lib/test_azure.py", "lib/test_azure_deployment_path.py"),
            *("lib/test_azure_auth.py", "lib/test_azure_request_credentials.py", "test_consumer_compatibility.py"),
            *("lib/test_bedrock.py", "lib/test_embeddings.py", "lib/test_old_api.py"),
            *("lib/test_request_credentials.py", "lib/test_runner_typed_tools.py", "lib/test_runner_idempotency.py"),
            *("test_auth.py", "test_client.py", "test_client_runtime_bindings.py", "test_debug_logging.py"),
            *("test_httpx2.py", "test_httpx2_base.py", "test_httpx_compat.py", "test_lazy_imports.py"),
            *("test_models.py", "test_module_client.py", "test_required_args.py"),
            *("test_request_body_routing_order.py", "test_retry_after_overflow.py"),
            *("test_status_error_messages.py", "test_usage_cache_write.py", "test_utils"),
        ),
        (
            *("api_resources/chat", "api_resources/responses", "api_resources/test_responses.py"),
            *("api_resources/test_completions.py", "api_resources/test_embeddings.py"),
            *("api_resources/beta/test_responses.py", "api_resources/beta/responses"),
        ),
        older=(3, ("respx", "dirty-equals", "time-machine", "importlib-metadata", "nest-asyncio", "jsonschema")),
    ),
    "anthropic": Suite(
        "anthropic",
        (
            *("lib/_parse", "lib/streaming", "lib/tools/test_runners.py", "test_middleware.py", "test_prepare.py"),
            *("test_response.py", "test_streaming.py"),
        ),
        (
            *("lib/test_azure.py", "lib/test_bedrock.py", "lib/test_client_copy.py"),
            *("lib/test_output_format_helpers.py", "lib/test_refusal_fallback.py", "lib/test_vertex.py"),
            *("lib/test_refusal_fallback_streaming.py", "lib/test_aws.py"),
            *("lib/tools/test_functions.py", "test_client.py", "test_exceptions.py"),
            *("test_header_case_sensitivity.py", "test_models.py", "test_required_args.py"),
            *("test_tracing.py", "types"),
        ),
        (
            *("api_resources/test_messages.py", "api_resources/beta/test_messages.py"),
            "api_resources/beta/test_output_format_conversion.py",
        ),
        first="tests._alias_httpx",
    ),
    "google": Suite(
        "google-genai",
        ("afc", "chats", "errors", "models/test_gc_continuation_token.py"),
        ("client", "common", "interactions", "live", "mcp", "transformers", "types"),
        source=False,
        older=(2, ("mcp<2",)),
    ),
}
