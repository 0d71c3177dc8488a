"""The real SDKs against loopback providers, with Waypost switched on for one test at a time."""

from __future__ import annotations

import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import waypost
from stub_provider import Answer, Seen, StubProvider, chat_body, generated_body, json_answer, message_body, saying
from waypost.runtime import instrument

NEEDS = {
    "test_anthropic": ("anthropic",),
    "test_google": ("google.genai",),
    "test_content_dialects": ("openai", "anthropic", "google.genai", "cryptography"),
    "test_content_": ("openai", "cryptography"),
    "test_answered_by_responses": ("openai", "anthropic"),
    "test_bad_things": ("openai", "anthropic", "google.genai"),
    "test_lent_clients": ("openai", "anthropic"),
    "test_vendors_by_data": ("openai", "anthropic", "google.genai"),
    "test_clouds": ("openai", "anthropic", "google.genai"),
    "test_keys_stay": ("openai", "anthropic", "google.genai"),
    "test_on_and_off": ("openai", "anthropic", "google.genai"),
    "test_own_model": ("openai", "google.genai"),
    "test_reasoning": ("openai", "anthropic", "google.genai"),
    "test_beside_others": ("openai", "anthropic", "google.genai"),
    "test_untouched": ("openai", "anthropic", "google.genai"),
    "test_rollout_share": ("openai", "jsonschema"),
    "test_self_test": (),
    "test_closed_clients": (),
}
"""What a test file needs by the beginning of its name, if that is not openai alone."""


def there(package: str) -> bool:
    """Whether a package is installed."""
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


collect_ignore = [
    file.name
    for file in Path(__file__).parent.glob("test_*.py")
    if not all(map(there, next((needs for start, needs in NEEDS.items() if file.name.startswith(start)), ("openai",))))
]
"""What an environment of `make compat` has no SDK for."""

POLICY = """\
waypost: policy/v1
name: sdk-tests
mode: {mode}
baseline: openai/gpt-4o
{body}
"""


class World:
    """Three providers whose answers a test may replace, and the bodies and headers that they saw."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.chat: Callable[[Seen], Answer] = lambda request: json_answer(
            chat_body("Hello.", request.body["model"]), x_request_id="req_openai"
        )
        self.messages: Callable[[Seen], Answer] = lambda request: json_answer(
            message_body("Bonjour.", request.body["model"]), request_id="req_anthropic"
        )
        self.generate: Callable[[Seen], Answer] = lambda request: json_answer(generated_body("Ciao."))
        self.openai = StubProvider(lambda request: self.chat(request))
        self.google = StubProvider(lambda request: self.generate(request))
        self.anthropic = StubProvider(lambda request: self.messages(request))

    def say(self, words: Sequence[str]) -> None:
        """All three answer in these words, whole or streamed as they are asked."""
        self.chat = self.messages = self.generate = saying(words)

    def policy(self, body: str = "", mode: str = "route") -> Path:
        """A policy file of the usual head and ``body``."""
        path = self.home / "policy.yaml"
        path.write_text(POLICY.format(mode=mode, body=body))
        return path

    def on(self, body: str = "", mode: str = "route", **options: Any) -> None:
        """Switch Waypost on under such a policy."""
        waypost.auto_instrument(policy=self.policy(body, mode), **options)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is costly to make and the same for every test: the compiled catalog, and whom TLS trusts.

    Nobody speaks TLS here, and each client of an SDK reads all root certificates of the machine; one is enough.
    """
    folder = tmp_path_factory.mktemp("once")
    (folder / "cache").mkdir()
    roots = ssl.get_default_verify_paths().cafile
    if there("certifi"):
        import certifi

        roots = certifi.where()
    if roots:
        first, end, _ = Path(roots).read_text().partition("-----END CERTIFICATE-----\n")
        (folder / "trusted.pem").write_text(first[first.index("-----BEGIN") :] + end)
    return folder


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, once: Path) -> Iterator[World]:
    world = World(tmp_path)
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "WAYPOST_POLICY", "WAYPOST_MODE", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-caller-secret")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-ours")
    monkeypatch.setattr(instrument, "_engine", None)
    monkeypatch.setattr(instrument, "_clients", [])
    if (once / "trusted.pem").exists():
        monkeypatch.setenv("SSL_CERT_FILE", str(once / "trusted.pem"))
    shutil.copytree(once / "cache", tmp_path / "home" / "cache")
    with world.openai, world.anthropic, world.google:
        monkeypatch.setenv("OPENAI_BASE_URL", world.openai.url + "/v1")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", world.anthropic.url)
        yield world
        waypost.uninstrument()
    for made in (tmp_path / "home" / "cache").glob("catalog-*.json"):
        shutil.copy(made, once / "cache")


@pytest.fixture
def answering(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """All three providers answer whole or streamed, as they are asked; there is a key for each."""
    world.say(["Hello."])
    monkeypatch.setenv("GEMINI_API_KEY", "gk")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    return world


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    import openai

    with openai.OpenAI(max_retries=0) as client:
        yield client


@pytest.fixture
async def aclient(world: World) -> AsyncIterator[Any]:
    import openai

    async with openai.AsyncOpenAI(max_retries=0) as client:
        yield client


@pytest.fixture
def claude(world: World) -> Iterator[Any]:
    import anthropic

    with anthropic.Anthropic(max_retries=0) as client:
        yield client


@pytest.fixture
async def aclaude(world: World) -> AsyncIterator[Any]:
    import anthropic

    async with anthropic.AsyncAnthropic(max_retries=0) as client:
        yield client


@pytest.fixture
def gemini(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One client for both colours, as the SDK has it; only tests that ask for it have a key of Google's."""
    from google import genai

    for name in ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GEMINI_API_KEY", "gk-caller-secret")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", world.google.url)
    client = genai.Client()
    yield client
    client.close()
