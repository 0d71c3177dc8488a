"""Policies and catalogs under which the SDKs' own tests are run: nothing moves, or everything does.

Standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

KEY = "SUITE_STUB_KEY"
"""The variable that holds the key of the stub server, of which any text will do."""

_MODEL = re.compile(r'model"?\s*[=:]\s*"([A-Za-z0-9._/-]{1,80})"')
_PATHS = {
    "openai": ("openai.chat", "/chat/completions"),
    "anthropic": ("anthropic.messages", "/v1/messages"),
    "google": (
        "google.generate_content",
        "/v1beta/models/{model}:{generateContent|streamGenerateContent?alt=sse}",
    ),
}
PLACES = {
    "openai@o1": "https://api.openai.com/v1",
    "openai@o2": "http://127.0.0.1:4010",
    "anthropic@a1": "https://api.anthropic.com",
    "anthropic@a2": "http://127.0.0.1:4010",
    "google@g1": "https://generativelanguage.googleapis.com",
}
"""The addresses that the tests' clients have, as endpoints; one without a key is nobody's but its callers'."""


def same_endpoint(tests: Path, folder: Path, stub: str | None = None) -> tuple[Path, Path]:
    """A policy and a catalog that know every model that the tests name, at every address that they use.

    A rule for each name puts that model alone on the shortlist; of its deployments only the caller's own can be sent
    to. ``stub`` is the address of the stub server, where there is one.
    """
    found = {name for file in tests.rglob("*.py") for name in _MODEL.findall(file.read_text(errors="replace"))}
    models = sorted(found - {"auto", "best"})
    places = dict(PLACES)
    if stub is not None:
        places |= {"openai@o2": stub, "anthropic@a2": stub}
    rules = [
        {"name": f"model-{at}", "when": f'requested.model == "{model}"', "use": [_target(key, model) for key in places]}
        for at, model in enumerate(models)
    ]
    endpoints = {key: _endpoint(key, url, "NOBODY_HAS_THIS_KEY") for key, url in places.items()}
    targets = [(key, model) for model in models for key in places]
    policy = {"name": "same-endpoint", "rules": rules, "filter": ["quality >= 0"]}
    return _written(folder, policy, endpoints, targets)


def rerouted(folder: Path, stub: str, provider: str) -> tuple[Path, Path]:
    """Every call goes to one model of ``provider`` at the stub server, whose key is in the environment."""
    keys = {name: f"{name}@{'away' if name == provider else 'home'}" for name in _PATHS}
    endpoints = {
        key: _endpoint(key, stub, KEY if name == provider else "NOBODY_HAS_THIS_KEY") for name, key in keys.items()
    }
    there = keys[provider]
    targets = [(key, "stub") for key in keys.values()]
    policy = {"name": "rerouted", "filter": [f"target == {_target(there, 'stub')}"]}
    return _written(folder, policy, endpoints, targets)


def speaks(provider: str, path: str) -> bool:
    """Whether a request to ``path`` is in the dialect of ``provider``."""
    return path.startswith(_PATHS[provider][1].partition("{")[0])


def _endpoint(key: str, url: str, variable: str) -> dict[str, Any]:
    name = key.partition("@")[0]
    dialect, path = _PATHS[name]
    provider = {"google": "gcp.gemini"}.get(name, name)
    endpoint: dict[str, Any] = {"provider": provider, "dialect": dialect, "base_url": url, "path": path}
    if name == "openai":
        endpoint["also"] = {"openai.responses": "/responses"}
    return {**endpoint, "key_env": [variable]}


def _written(
    folder: Path,
    policy: Mapping[str, Any],
    endpoints: Mapping[str, Mapping[str, Any]],
    targets: Iterable[tuple[str, str]],
) -> tuple[Path, Path]:
    catalog = {
        "waypost": "catalog/v1",
        "name": "suites",
        "sources": {"names": {"text": "names in the tests", "as_of": "2026-11-21", "basis": "local"}},
        "endpoints": {_id(key): endpoint for key, endpoint in endpoints.items()},
        "capabilities": {"all": {"source": "names", "flags": _FLAGS}},
        "targets": {_target(key, model): _facts(key) for key, model in targets},
    }
    whole = {
        "waypost": "policy/v1",
        "mode": "route",
        **policy,
        "rank": "cheapest",
        "fallback": {"max_attempts": 1},
    }
    # JSON is YAML.
    for name, document in (("policy", whole), ("catalog", catalog)):
        (folder / f"{name}.yaml").write_text(json.dumps(document, indent=1))
    return folder / "policy.yaml", folder / "catalog.yaml"


def _id(key: str) -> str:
    name, _, deployment = key.partition("@")
    return deployment if len(deployment) == 2 else f"{name}-{deployment}"


def _target(key: str, model: str) -> str:
    return f"{key.partition('@')[0]}/{model}@{_id(key)}"


def _facts(key: str) -> dict[str, object]:
    return {
        "endpoint": _id(key),
        "about": {"source": "names", "family": "any", "tier": "balanced", "status": "active"},
        "limits": {"source": "names", "context_window": 10_000_000, "max_output": 1_000_000},
        "capabilities": "all",
        "prices": [{"input": 1, "output": 1, "source": "names", "since": "2026-01-01"}],
        "priors": {"source": "names", "quality": 0.5, "first_token": "1 ms", "per_token": "1 ms"},
    }


_FLAGS = [
    *("stream", "tools", "tools.parallel", "tools.strict", "tool_choice.required", "input.image", "input.image.url"),
    *("input.pdf", "input.audio", "output.json_object", "output.json_schema", "output.audio", "sampling.temperature"),
    *("sampling.top_p", "sampling.top_k", "sampling.penalties", "seed", "n", "stop", "logprobs", "logit_bias"),
    *("prediction", "reasoning.effort", "verbosity"),
]
