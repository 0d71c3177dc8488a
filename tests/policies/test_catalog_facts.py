"""The packaged catalog: coverage, provenance, and facts that decisions rest on."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from waypost.core.catalog.drift import findings
from waypost.core.model.needs import MODEL
from waypost.core.model.target import Target
from waypost.runtime.catalogs import load_catalog

CATALOG = load_catalog()
PROVIDERS = (
    "anthropic", "cerebras", "deepseek", "fireworks", "google", "groq", "mistral", "moonshot", "ollama", "openai",
    "openrouter", "together", "vllm", "xai",
)  # fmt: skip
KEYS = {
    "azure": ("AZURE_OPENAI_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "google": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "mistral_eu": ("MISTRAL_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "xai": ("XAI_API_KEY",),
    "together": ("TOGETHER_API_KEY",),
    "cerebras": ("CEREBRAS_API_KEY",),
    "fireworks": ("FIREWORKS_API_KEY",),
    "moonshot": ("MOONSHOT_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "ollama": (),
    "vllm": (),
}
FACTS = ("family", "tier", "context_window", "max_output", "quality", "latency", "region", "retention")
SAMPLING = {"sampling.temperature", "sampling.top_p", "sampling.top_k", "sampling.penalties"}


def get(id_: str) -> Target:
    target = CATALOG.get(id_)
    assert target is not None, id_
    return target


def test_every_provider_has_targets_and_there_are_120_of_them() -> None:
    """S3.09, S1.10: the pool is the catalog; every provider has something to choose."""
    counts = Counter(target.provider for target in CATALOG.targets)
    assert tuple(sorted(counts)) == PROVIDERS
    assert len(CATALOG) >= 120
    assert min(counts.values()) >= 3


@pytest.mark.parametrize(
    "id_",
    [
        "openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4-turbo", "openai/gpt-4.1", "openai/gpt-4.1-mini",
        "openai/gpt-4.1-nano", "openai/o1", "openai/o3", "openai/o4-mini", "openai/gpt-5", "openai/gpt-5-mini",
        "openai/gpt-5-nano", "openai/gpt-5.5", "anthropic/claude-haiku-4-5", "anthropic/claude-sonnet-4-5",
        "anthropic/claude-opus-4-5", "anthropic/claude-opus-4-1", "google/gemini-2.0-flash", "google/gemini-2.5-pro",
        "google/gemini-2.5-flash", "google/gemini-2.5-flash-lite", "groq/llama-3.3-70b-versatile",
        "groq/llama-3.1-8b-instant", "deepseek/deepseek-chat", "deepseek/deepseek-reasoner", "ollama/llama3.2",
        "ollama/qwen2.5-coder",
    ],
)  # fmt: skip
def test_the_models_that_policies_name_are_there(id_: str) -> None:
    """S3.18, S1.10: ids that the shipped policies, the demo and the tests rely on."""
    assert get(id_).price is not None


@pytest.mark.parametrize("target", CATALOG.targets, ids=lambda target: target.id)
def test_no_fact_without_a_source(target: Target) -> None:
    """S2.12: every fact that is present says where it comes from, and only those that are present do."""
    present = {fact for fact in FACTS if getattr(target, fact) is not None}
    present |= {"capabilities"} if target.capabilities else set()
    present |= {f"labels.{name}" for name in target.labels}
    assert set(target.provenance) == present
    for origin in target.provenance.values():
        cited = CATALOG.sources[origin.source]
        assert (origin.as_of, origin.basis) == (cited.as_of, cited.basis)
        assert cited.source


@pytest.mark.parametrize("target", CATALOG.targets, ids=lambda target: target.id)
def test_every_price_has_a_day_and_a_source(target: Target) -> None:
    """S6.07: a number that ends up on a receipt can be traced."""
    assert target.prices
    for price in target.prices:
        assert price.source in CATALOG.sources
        assert price.as_of == CATALOG.sources[price.source].as_of
        assert price.since <= price.as_of
        assert price.input is not None
        assert price.output is not None


@pytest.mark.parametrize("target", CATALOG.targets, ids=lambda target: target.id)
def test_estimates_say_that_they_are_estimates(target: Target) -> None:
    """Quality and latency are priors of ours until they are measured."""
    assert target.provenance["quality"].basis == "prior"
    assert target.provenance["latency"].basis == "prior"
    assert target.quality is not None
    assert 0 < target.quality <= 1_000_000


@pytest.mark.parametrize("target", CATALOG.targets, ids=lambda target: target.id)
def test_every_target_can_be_asked(target: Target) -> None:
    """Streaming, limits, and capabilities of the closed vocabulary."""
    assert "stream" in target.capabilities
    assert set(target.capabilities) <= set(MODEL)
    assert list(target.capabilities) == sorted(set(target.capabilities))
    assert target.context_window is not None
    assert target.max_output is not None
    assert target.max_output <= target.context_window


def test_tiers_are_those_of_the_checklist() -> None:
    """S3.19: Haiku, GPT-4o-mini and Flash are fast and cheap, Sonnet and GPT-4o balanced, Opus and o1 powerful."""
    tiers = {
        "anthropic/claude-haiku-4-5": "fast_cheap",
        "openai/gpt-4o-mini": "fast_cheap",
        "google/gemini-2.5-flash": "fast_cheap",
        "anthropic/claude-sonnet-4-5": "balanced",
        "openai/gpt-4o": "balanced",
        "google/gemini-2.5-pro": "balanced",
        "anthropic/claude-opus-4-5": "powerful",
        "openai/o1": "powerful",
    }
    assert {id_: get(id_).tier for id_ in tiers} == tiers
    local = [target for target in CATALOG.targets if target.tier == "local"]
    assert {target.provider for target in local} == {"ollama", "vllm"}
    for target in local:
        assert target.price is not None
        assert (target.price.input, target.price.output, target.price.basis) == (0, 0, "local")


@pytest.mark.parametrize("target", CATALOG.targets, ids=lambda target: target.id)
def test_reasoning_models_refuse_sampling(target: Target) -> None:
    """OpenAI's reasoning models and Claude since Opus 4.7 reject temperature and its kin: no such capability."""
    reasoning = target.provider == "openai" and not target.model.startswith("gpt-4")
    current = target.provider == "anthropic" and not target.model.endswith(("-4-1", "-4-5", "-4-6"))
    if reasoning or current:
        assert not SAMPLING & set(target.capabilities)
    elif target.provider in ("openai", "anthropic"):
        assert "sampling.temperature" in target.capabilities


def test_capabilities_differ_where_models_do() -> None:
    """Facts behind the demo's and the policies' rejections."""
    assert "logprobs" in get("openai/gpt-4o").capabilities
    assert "logprobs" not in get("anthropic/claude-sonnet-4-5").capabilities
    assert "output.json_schema" not in get("openai/gpt-4-turbo").capabilities
    assert "tools.parallel" not in get("openai/o1").capabilities
    assert "tools" not in get("openai/gpt-6-luna").capabilities
    assert "tool_choice.required" not in get("anthropic/claude-opus-5-5").capabilities
    assert "input.image" not in get("groq/llama-3.3-70b-versatile").capabilities


def test_endpoints_name_their_keys_and_providers() -> None:
    """Whose key, in which header, and OpenTelemetry's word for the provider; local ones need no key."""
    assert {name: endpoint.key_env for name, endpoint in CATALOG.endpoints.items()} == KEYS
    assert {name: endpoint.provider for name, endpoint in CATALOG.endpoints.items()} == {
        "openai": "openai",
        "azure": "azure.ai.openai",
        "anthropic": "anthropic",
        "google": "gcp.gemini",
        "groq": "groq",
        "mistral": "mistral_ai",
        "mistral_eu": "mistral_ai",
        "deepseek": "deepseek",
        "xai": "x_ai",
        "together": "together",
        "cerebras": "cerebras",
        "fireworks": "fireworks",
        "moonshot": "moonshot_ai",
        "openrouter": "openrouter",
        "ollama": "ollama",
        "vllm": "vllm",
    }
    for endpoint in CATALOG.endpoints.values():
        assert (endpoint.auth is None) is (not endpoint.key_env)
        assert endpoint.base_url_env
        assert not endpoint.base_url.endswith("/")
        assert endpoint.path.startswith("/")


def test_the_two_first_dialects_are_reached_as_their_sdks_reach_them() -> None:
    """Base URL, path and headers of OpenAI and Anthropic."""
    openai, anthropic = CATALOG.endpoints["openai"], CATALOG.endpoints["anthropic"]
    assert openai.base_url + openai.path == "https://api.openai.com/v1/chat/completions"
    assert anthropic.base_url + anthropic.path == "https://api.anthropic.com/v1/messages"
    assert openai.auth is not None
    assert (openai.auth.header, openai.auth.prefix) == ("Authorization", "Bearer ")
    assert anthropic.auth is not None
    assert (anthropic.auth.header, anthropic.auth.prefix) == ("x-api-key", "")
    assert anthropic.auth.extra == (("anthropic-version", "2023-06-01"),)
    assert (openai.base_url_env, anthropic.base_url_env) == ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL")
    assert (openai.max_tokens_field, anthropic.max_tokens_field) == ("max_completion_tokens", "max_tokens")


@pytest.mark.parametrize(
    ("name", "endpoint", "meant"),
    [
        ("gpt-4o-2024-08-06", "openai", "openai/gpt-4o"),
        ("gpt-4o-2024-05-13", "openai", None),
        ("claude-sonnet-4-5-20250929", "anthropic", "anthropic/claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "openai", None),
        ("openai/gpt-oss-120b", "groq", "groq/openai/gpt-oss-120b"),
        ("mistral-small-2603", "mistral_eu", "mistral/mistral-small-2603@eu"),
        ("mistral-small-2603", None, "mistral/mistral-small-2603"),
        ("gpt-4-mini", None, "openai/gpt-4o-mini"),
        ("gemini-2.5-pro-made-up", "google", None),
    ],
)
def test_served_names_find_their_target(name: str, endpoint: str | None, meant: str | None) -> None:
    """What a provider says it served is priced as that; a name that only begins like a known one is not."""
    found = CATALOG.resolve(name, endpoint)
    assert (found.id if found else None) == meant


def test_a_simple_question_costs_less_by_the_catalog() -> None:
    """S1.29: the spread that routing can use is a computed number, not a claim."""
    cheap, dear = get("openai/gpt-4o-mini").price, get("openai/gpt-4o").price
    assert cheap is not None
    assert dear is not None
    assert (cheap.input, dear.input) == (150_000_000, 2_500_000_000)
    assert (cheap.output, dear.output) == (600_000_000, 10_000_000_000)


def test_regions_are_only_claimed_where_a_source_says_so() -> None:
    """Unknown fails closed: only the regional deployments have a region."""
    assert {target.id for target in CATALOG.targets if target.region} == {
        "mistral/mistral-medium-2604@eu",
        "mistral/mistral-small-2603@eu",
    }


def test_no_price_is_too_old_today_and_no_fact_contradicts_another() -> None:
    """S6.07, S2.12: this test fails by the passing of time; then `waypost catalog update` is due."""
    assert [str(found) for found in findings(CATALOG, date.today().isoformat())] == []
