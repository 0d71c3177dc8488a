"""The SDKs' own test suites with Waypost on, against what they pass without: none may be lost.

    python scripts/suites.py                       all three, in both modes, against tests/suites/baseline.json
    python scripts/suites.py anthropic --mode route
    python scripts/suites.py openai --write        run it bare, and write down what fails then

The tests come with the packages: those of OpenAI and Anthropic with the source package, Google's with the wheel. Each
suite has an environment of its own (`make` installs it from requirements/suite-*.txt). In mode ``observe`` nothing is
routed. In mode ``route`` every call is decided and sent by the policy that `same_endpoint` makes: to the model that it
asked for, at the endpoint that it was sent to, so that the tests must find what they expect.

Needs only the standard library. Exit code 1: a test that passes without Waypost does not pass with it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "tests" / "suites" / "baseline.json"
PLUGIN = ROOT / "tests" / "suites"
ENVIRONMENTS = ROOT / ".venvs"
MODES = ("observe", "route")
WITHOUT = ("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "AZURE_", "AWS_", "OTEL_", "WAYPOST_", "PYTEST_")
"""Beginnings of variables that the tests are not to see."""


@dataclass(frozen=True, slots=True)
class Suite:
    """``package`` is the distribution's name; ``targets`` stand below the folder of the tests; ``source`` says that
    they come with the source package."""

    package: str
    targets: tuple[str, ...]
    source: bool
    first: str = ""
    """A plugin of the tests that has to be loaded before all others."""


SUITES = {
    "openai": Suite(
        "openai",
        (
            *("lib/chat", "lib/responses", "lib/test_azure.py", "lib/test_azure_deployment_path.py"),
            *("lib/test_azure_auth.py", "lib/test_azure_request_credentials.py", "test_consumer_compatibility.py"),
            *("lib/test_bedrock.py", "lib/test_embeddings.py", "lib/test_streaming_deltas.py", "lib/test_old_api.py"),
            *("lib/test_request_credentials.py", "lib/test_runner_typed_tools.py", "lib/test_runner_idempotency.py"),
            *("test_auth.py", "test_client.py", "test_client_runtime_bindings.py", "test_debug_logging.py"),
            *("test_httpx2.py", "test_httpx2_base.py", "test_httpx_compat.py", "test_lazy_imports.py"),
            *("test_legacy_response.py", "test_models.py", "test_module_client.py", "test_required_args.py"),
            *("test_request_body_routing_order.py", "test_response.py", "test_retry_after_overflow.py"),
            *("test_sse_framing.py", "test_status_error_messages.py", "test_stream_mode.py", "test_streaming.py"),
            *("test_usage_cache_write.py", "test_utils"),
        ),
        True,
    ),
    "anthropic": Suite(
        "anthropic",
        (
            *("lib/_parse", "lib/streaming", "lib/test_azure.py", "lib/test_bedrock.py", "lib/test_client_copy.py"),
            *("lib/test_output_format_helpers.py", "lib/test_refusal_fallback.py", "lib/test_vertex.py"),
            *("lib/test_refusal_fallback_streaming.py", "lib/test_aws.py", "lib/tools/test_runners.py"),
            *("lib/tools/test_functions.py", "test_client.py", "test_exceptions.py", "test_middleware.py"),
            *("test_header_case_sensitivity.py", "test_models.py", "test_prepare.py", "test_required_args.py"),
            *("test_response.py", "test_streaming.py", "test_tracing.py", "types"),
        ),
        True,
        "tests._alias_httpx",
    ),
    "google": Suite(
        "google-genai",
        (
            *("afc", "chats", "client", "common", "errors", "interactions", "live", "mcp", "transformers", "types"),
            "models/test_gc_continuation_token.py",
        ),
        False,
    ),
}


class Broken(Exception):
    """A run that says nothing: its message is for people."""


# --- what has to be there


def python_of(name: str) -> Path:
    """The interpreter of a suite's environment."""
    found = ENVIRONMENTS / f"suite-{name}" / "bin" / "python"
    if not found.exists():
        raise Broken(f"{found.parent} is not there; `make suites` makes it")
    return found


def version_of(name: str) -> str:
    """The installed version of a suite's SDK."""
    code = f"from importlib.metadata import version; print(version({SUITES[name].package!r}))"
    return _output([str(python_of(name)), "-c", code])


def folder_of(name: str, version: str) -> tuple[Path, Path]:
    """Where pytest is started, and the folder of the tests."""
    suite = SUITES[name]
    if not suite.source:
        code = "import google.genai, os; print(os.path.dirname(google.genai.__file__))"
        place = Path(_output([str(python_of(name)), "-c", code]))
        return place.parent.parent, place / "tests"
    place = ENVIRONMENTS / f"suite-{name}" / f"source-{version}"
    if not place.exists():
        _fetch(name, version, place)
    return place, place / "tests"


def _fetch(name: str, version: str, place: Path) -> None:
    """Unpack the source package, without the SDK itself: the installed one is what is tested."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        wanted = f"{SUITES[name].package}=={version}"
        options = ["--quiet", "--no-deps", "--no-binary", SUITES[name].package, "--dest", folder]
        subprocess.run([str(python_of(name)), "-m", "pip", "download", *options, wanted], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        (unpacked,) = (path for path in Path(folder).iterdir() if path.is_dir())
        (unpacked / "src").rename(Path(folder) / "unused")
        unpacked.rename(place)


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# --- a policy under which every call goes where it would have gone


_MODEL = re.compile(r'model"?\s*[=:]\s*"([A-Za-z0-9._/-]{1,80})"')
_PLACES = {
    "openai@o1": ("openai.chat", "https://api.openai.com/v1", "/chat/completions"),
    "openai@o2": ("openai.chat", "http://127.0.0.1:4010", "/chat/completions"),
    "anthropic@a1": ("anthropic.messages", "https://api.anthropic.com", "/v1/messages"),
    "anthropic@a2": ("anthropic.messages", "http://127.0.0.1:4010", "/v1/messages"),
    "google@g1": (
        "google.generate_content",
        "https://generativelanguage.googleapis.com",
        "/v1beta/models/{model}:{generateContent|streamGenerateContent?alt=sse}",
    ),
}
"""The addresses that the tests' clients have, as endpoints; one without a key is nobody's but its callers'."""


def same_endpoint(tests: Path, folder: Path) -> tuple[Path, Path]:
    """A policy and a catalog that know every model that the tests name, at every address that they use.

    A rule for each name puts that model alone on the shortlist; of its deployments only the caller's own can be sent
    to.
    """
    found = {name for file in tests.rglob("*.py") for name in _MODEL.findall(file.read_text(errors="replace"))}
    models = sorted(found - {"auto", "best"})
    endpoints = {}
    for key, (dialect, base_url, path) in _PLACES.items():
        provider = {"google": "gcp.gemini"}.get(key.partition("@")[0], key.partition("@")[0])
        endpoint = {"provider": provider, "dialect": dialect, "base_url": base_url, "path": path}
        endpoint["key_env"] = ["NOBODY_HAS_THIS_KEY"]
        if dialect == "openai.chat":
            endpoint["also"] = {"openai.responses": "/responses"}
        endpoints[key.partition("@")[2]] = endpoint
    catalog = {
        "waypost": "catalog/v1",
        "name": "suites",
        "sources": {"names": {"text": "names in the tests", "as_of": "2026-11-21", "basis": "local"}},
        "endpoints": endpoints,
        "capabilities": {"all": {"source": "names", "flags": _FLAGS}},
        "targets": {_target(key, model): _facts(key) for model in models for key in _PLACES},
    }
    rules = [
        {
            "name": f"model-{at}",
            "when": f'requested.model == "{model}"',
            "use": [_target(key, model) for key in _PLACES],
        }
        for at, model in enumerate(models)
    ]
    policy = {
        "waypost": "policy/v1",
        "name": "same-endpoint",
        "mode": "route",
        "rules": rules,
        "filter": ["quality >= 0"],
        "rank": "cheapest",
        "fallback": {"max_attempts": 1},
    }
    # JSON is YAML.
    for name, document in (("policy", policy), ("catalog", catalog)):
        (folder / f"{name}.yaml").write_text(json.dumps(document, indent=1))
    return folder / "policy.yaml", folder / "catalog.yaml"


def _target(key: str, model: str) -> str:
    provider, _, deployment = key.partition("@")
    return f"{provider}/{model}@{deployment}"


def _facts(key: str) -> dict[str, object]:
    return {
        "endpoint": key.partition("@")[2],
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


# --- running and comparing


def run(name: str, mode: str | None, targets: Sequence[str] = (), workers: int = 2) -> dict[str, str]:
    """Outcomes by test id: ``passed``, ``failed`` or ``skipped``. ``mode`` of ``None`` is without Waypost."""
    version = version_of(name)
    cwd, tests = folder_of(name, version)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        env = _environment(name, mode, tests, cwd, Path(scratch))
        command = [str(python_of(name)), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command += _options(name, workers) + list(targets or _files(name, tests, cwd))
        log = ROOT / ".reports" / f"suite-{name}-{mode or 'bare'}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as out:
            code = subprocess.run(
                command, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT, check=False
            ).returncode
        if code not in (0, 1) or not report.exists():  # 1: tests failed, which is for the comparison to judge
            raise Broken(f"{name}: pytest ended with {code}; see {log.relative_to(ROOT)}")
        return outcomes(report)


def _environment(name: str, mode: str | None, tests: Path, cwd: Path, scratch: Path) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(WITHOUT)}
    env["PYTHONPATH"] = os.pathsep.join([str(PLUGIN), str(cwd)] if SUITES[name].source else [str(PLUGIN)])
    env["WAYPOST_HOME"] = str(scratch / "home")
    if mode is not None:
        env["SUITE_SEAM"] = name
        env["WAYPOST_MODE"] = mode
    if mode == "route":
        policy, catalog = same_endpoint(tests, scratch)
        env |= {"WAYPOST_POLICY": str(policy), "WAYPOST_CATALOG": str(catalog)}
        del env["WAYPOST_MODE"]  # the policy's own
    if name == "google":
        replays = scratch / "replays"
        replays.mkdir()
        env |= {"GOOGLE_GENAI_REPLAYS_DIRECTORY": str(replays), "GOOGLE_API_KEY": "x"}
        env |= {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "us-central1"}
    return env


def _options(name: str, workers: int) -> list[str]:
    plugins = [f"-p {plugin}" for plugin in (SUITES[name].first, "suite_plugin") if plugin]
    if workers:
        plugins.append(f"-n {workers}")
    if SUITES[name].source:
        return ["-o", f"addopts={' '.join(plugins)}"]
    # With pytest's own way of importing the tests would import a second copy of the SDK, which nobody wraps.
    own = ["-o", "consider_namespace_packages=true", "-W", "ignore", "--continue-on-collection-errors"]
    return [*" ".join(plugins).split(), *own, "--mode", "replay"]


def _files(name: str, tests: Path, cwd: Path) -> list[str]:
    return [str((tests / target).relative_to(cwd)) for target in SUITES[name].targets if (tests / target).exists()]


def outcomes(report: Path) -> dict[str, str]:
    """What a JUnit report says, by ``class::name``; a test that failed once has failed."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        tags = {child.tag for child in case}
        state = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        key = f"{case.get('classname')}::{case.get('name')}"
        if found.get(key) != "failed":
            found[key] = state
    return found


def record(version: str, found: Mapping[str, str]) -> dict[str, object]:
    """What is written down of a bare run: how many pass, and by name what does not."""
    by_state = {state: sorted(key for key, each in found.items() if each == state) for state in ("failed", "skipped")}
    return {"version": version, "passed": sum(each == "passed" for each in found.values()), **by_state}


def lost(baseline: Mapping[str, object], found: Mapping[str, str], mode: str = "observe") -> list[str]:
    """Tests that do not pass and are not known to be so, and a line where too few have passed.

    What differs in a mode on purpose stands under ``differs``, and why it does in docs/compatibility.md.
    """
    differs = baseline.get("differs", {})
    assert isinstance(differs, dict)
    meant = set(_names(differs.get(mode, [])))
    known: set[str] = {*_names(baseline["failed"]), *_names(baseline["skipped"]), *meant}
    missing = sorted(key for key, state in found.items() if state != "passed" and key not in known)
    passed = sum(state == "passed" for state in found.values())
    wanted = baseline["passed"]
    assert isinstance(wanted, int)
    if not missing and passed < wanted - len(meant):
        missing.append(f"only {passed} tests passed, and {wanted} do so without Waypost")
    return missing


def _names(value: object) -> Iterable[str]:
    assert isinstance(value, list)
    return value


def compare(name: str, mode: str, baseline: Mapping[str, object], workers: int) -> bool:
    """Run one suite in one mode; say what was lost, and whether nothing was."""
    version = version_of(name)
    if version != baseline["version"]:
        raise Broken(f"{name}: {version} is installed and the baseline is of {baseline['version']}; use --write")
    began = time.monotonic()
    found = run(name, mode, workers=workers)
    missing = lost(baseline, found, mode)
    if missing and len(missing) <= 20:  # tests that watch the clock fail on a busy machine; once more, one by one
        again = run(name, mode, workers=0)
        missing = [key for key in missing if again.get(key) != "passed"]
    passed = sum(state == "passed" for state in found.values())
    took = time.monotonic() - began
    print(f"{name} {version} {mode}: {passed} passed of {baseline['passed']}, {len(missing)} lost, {took:.0f} s")
    for key in missing:
        print(f"  LOST {key}")
    return not missing


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all where none is named")
    parser.add_argument("--mode", choices=MODES, help="one mode; both where none is named")
    parser.add_argument("--write", action="store_true", help="run without Waypost and write the baseline")
    parser.add_argument("--workers", type=int, default=2, help="processes that run tests side by side; 0 for none")
    args = parser.parse_args(argv)
    unknown = [name for name in args.suites if name not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; known: {', '.join(SUITES)}")
    try:
        stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
        fine = True
        for name in args.suites or SUITES:
            if args.write:
                differs = stored.get(name, {}).get("differs", {})
                stored[name] = record(version_of(name), run(name, None, workers=args.workers))
                stored[name]["differs"] = differs
                BASELINE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
                print(f"{name} {stored[name]['version']}: {stored[name]['passed']} pass without Waypost")
                continue
            if name not in stored:
                raise Broken(f"{name} has no baseline; write one with `python scripts/suites.py {name} --write`")
            for mode in (args.mode,) if args.mode else MODES:
                fine &= compare(name, mode, stored[name], args.workers)
    except Broken as error:
        print(f"suites: {error}", file=sys.stderr)
        return 2
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
