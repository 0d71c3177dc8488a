"""A version of an SDK that the seam does not know: it is left alone with one line of the log, and calls go through."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]

OPENAI = """
import openai, openai._base_client as base
client = openai.OpenAI(base_url=stub.url + "/v1", api_key="k")
call = lambda: client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}]).id
"""
ANTHROPIC = """
import anthropic, anthropic._base_client as base
client = anthropic.Anthropic(base_url=stub.url, api_key="k")
message = {"role": "user", "content": "hi"}
call = lambda: client.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[message]).id
"""
GOOGLE = """
from google import genai
import google.genai._api_client as base
client = genai.Client(api_key="k", http_options={"base_url": stub.url})
call = lambda: client.models.generate_content(model="gemini-2.5-flash", contents="hi").text
"""
PROGRAM = """
import logging, sys
from stub_provider import StubProvider, chat_body, generated_body, json_answer, message_body
import waypost

class Log(logging.Handler):
    def emit(self, record):
        print("log:", record.getMessage())

logging.getLogger("waypost").addHandler(Log())
bodies = {"chat": chat_body(), "messages": message_body(), "generate": generated_body("Ciao.")}
answer = lambda request: json_answer(next(body for name, body in bodies.items() if name in request.path))
with StubProvider(answer) as stub:
    %(sdk)s
    before = call()
    %(damage)s
    waypost.auto_instrument(mode="observe")
    waypost.auto_instrument(mode="observe")
    print("wrapped:", any(hasattr(each, "_waypost_wrapped") for each in vars(base.%(kind)s).values()))
    print("same:", call() == before, "calls:", len(stub.seen))
"""
CASES = {
    "openai": (OPENAI, "SyncAPIClient", "openai._base_client"),
    "anthropic": (ANTHROPIC, "SyncAPIClient", "anthropic._base_client"),
    "google": (GOOGLE, "BaseApiClient", "google.genai._api_client"),
}
GENERATED = [
    ("del base.AsyncAPIClient._process_response", "AsyncAPIClient has no _process_response()"),
    ("base.AsyncAPIClient.request = lambda self, cast_to, other: None", "takes no options"),
    ("del base.AsyncAPIClient", "has no AsyncAPIClient"),
]
DAMAGES = {
    "openai": GENERATED,
    "anthropic": GENERATED,
    "google": [
        ("del base.BaseApiClient.request_streamed", "BaseApiClient has no request_streamed()"),
        ("base.BaseApiClient.async_request = lambda self, method, path: None", "takes other arguments"),
    ],
}


def installed(name: str) -> bool:
    try:
        return find_spec(CASES[name][2].rpartition(".")[0]) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize(
    ("name", "damage", "said"), [(name, *each) for name in filter(installed, CASES) for each in DAMAGES[name]]
)
def test_what_does_not_fit_is_left_alone(name: str, damage: str, said: str, tmp_path: Path) -> None:
    """A name that is missing or another signature: one clear line, nothing wrapped, and the call's own answer."""
    sdk, kind, module = CASES[name]
    program = PROGRAM % {"sdk": sdk.strip().replace("\n", "\n    "), "damage": damage, "kind": kind}
    env = {"PYTHONPATH": str(TESTS), "WAYPOST_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    log, *rest = done.stdout.splitlines() or [done.stderr]
    assert log.startswith(f"log: {module} is left alone: ")
    assert said in log
    assert log.endswith(". Calls go through unrouted and without receipts.")
    assert rest == ["wrapped: False", "same: True calls: 2"]
