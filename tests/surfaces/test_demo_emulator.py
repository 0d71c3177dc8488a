"""The emulator gives what llmock lacks, to the real SDKs."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from waypost.surfaces.demo.emulator import Emulator
from waypost.surfaces.demo.place import environment, example

PARIS: Any = [{"role": "user", "content": "What is the capital of France?"}]
PARTS: Any = [{"role": "user", "content": [{"type": "text", "text": "What is the capital of France?"}]}]


@pytest.fixture(scope="module")
def providers() -> Iterator[Emulator]:
    """One emulator for all tests of this file."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def chat(providers: Emulator) -> Iterator[openai.OpenAI]:
    """OpenAI's client, without retries."""
    with openai.OpenAI(base_url=providers.openai, api_key="k", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(providers: Emulator) -> Iterator[anthropic.Anthropic]:
    """Anthropic's client, without retries."""
    with anthropic.Anthropic(base_url=providers.anthropic, api_key="k", max_retries=0) as client:
        yield client


def test_chat_has_text_usage_and_an_id(chat: openai.OpenAI) -> None:
    """A plain answer fits the question, and the header has the id that receipts quote."""
    answer = chat.chat.completions.create(model="gpt-4o", messages=PARIS)

    assert answer.choices[0].message.content == "The capital of France is Paris."
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 7)
    assert (answer._request_id or "").startswith("req_")


@pytest.mark.parametrize("messages", [PARIS, PARTS])
def test_messages_have_text_usage_and_an_id(claude: anthropic.Anthropic, messages: Any) -> None:
    """The same by Anthropic's wire format, whose header is called otherwise, for either form of content."""
    answer = claude.messages.create(model="claude-opus-5", max_tokens=100, messages=messages)

    assert [block.text for block in answer.content if block.type == "text"] == ["The capital of France is Paris."]
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (7, 7)
    assert (answer._request_id or "").startswith("req_")


def test_the_last_usage_of_a_messages_stream_is_complete(claude: anthropic.Anthropic) -> None:
    """llmock leaves the input tokens out of it."""
    events = list(claude.messages.create(model="claude-opus-5", max_tokens=100, messages=PARIS, stream=True))
    usage = [event.usage for event in events if event.type == "message_delta"]
    text = "".join(
        event.delta.text for event in events if event.type == "content_block_delta" and event.delta.type == "text_delta"
    )

    assert [(each.input_tokens, each.output_tokens) for each in usage] == [(7, 7)]
    assert text == "The capital of France is Paris."


def test_a_chat_stream_passes_unchanged(chat: openai.OpenAI) -> None:
    """Chunks, finish reason and the asked-for usage arrive as llmock sends them."""
    chunks = list(
        chat.chat.completions.create(
            model="gpt-4o", messages=PARIS, stream=True, stream_options={"include_usage": True}
        )
    )

    assert (
        "".join(c.delta.content or "" for chunk in chunks for c in chunk.choices) == "The capital of France is Paris."
    )
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop"]
    assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == [7]


def test_it_fails_as_often_as_it_is_told(providers: Emulator, chat: openai.OpenAI) -> None:
    """Each status once, in order; then it answers again."""
    providers.fail(503, 429)
    seen: list[int] = []
    for _ in range(2):
        with pytest.raises(openai.APIStatusError) as caught:
            chat.chat.completions.create(model="gpt-4o", messages=PARIS)
        seen.append(caught.value.status_code)
    answer = chat.chat.completions.create(model="gpt-4o", messages=PARIS)

    assert seen == [503, 429]
    assert answer.choices[0].message.content == "The capital of France is Paris."


def test_unknown_questions_get_llmocks_own_words(chat: openai.OpenAI) -> None:
    """A person may point a program of theirs at it."""
    answer = chat.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Sing."}])

    assert "gpt-4o" in (answer.choices[0].message.content or "")


def test_the_environment_has_no_key_of_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a real key in the environment, the demo cannot reach a real provider; at the end all is back."""
    monkeypatch.setenv("GROQ_API_KEY", "gsk-real")
    monkeypatch.setenv("WAYPOST_MODE", "off")
    before = dict(os.environ)
    with environment({"OPENAI_API_KEY": "demo"}):
        inside = dict(os.environ)

    assert inside["OPENAI_API_KEY"] == "demo"
    assert inside["NO_PROXY"] == "127.0.0.1"
    assert not {"GROQ_API_KEY", "WAYPOST_MODE"} & set(inside)
    assert dict(os.environ) == before


def test_the_examples_are_found_in_a_checkout() -> None:
    """The demo runs the very file that users read."""
    assert example("six_queries.py") == Path(__file__).resolve().parents[2] / "examples" / "six_queries.py"


def test_a_client_that_goes_away_is_no_noise(providers: Emulator, capfd: pytest.CaptureFixture[str]) -> None:
    """A connection that is reset, before or while it is answered, leaves no traceback on standard error."""
    port = int(providers.url.rpartition(":")[2])
    stream = json.dumps({"model": "gpt-4o", "messages": PARIS, "stream": True}).encode()
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    )
    for sent in (b"POST /v1/chat", head % len(stream) + stream, head % 1000 + b"{"):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(sent)
            time.sleep(0.05)
    time.sleep(0.3)

    assert capfd.readouterr().err == ""


SERVE = [sys.executable, "-m", "waypost", "demo", "--serve"]


def test_a_program_of_ones_own_can_be_pointed_at_it(tmp_path: Path) -> None:
    """`waypost demo --serve`: sourcing what it prints is all that a program needs; Ctrl-C ends it quietly."""
    env = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL", "_PROXY"))}
    env |= {"GROQ_API_KEY": "gsk-real", "WAYPOST_HOME": str(tmp_path / "home"), "HTTP_PROXY": "http://127.0.0.1:9"}
    said, app = tmp_path / "said.sh", tmp_path / "app.py"
    app.write_text(
        "import openai, os\n"
        f"answer = openai.OpenAI().chat.completions.create(model='auto', messages={PARIS!r})\n"
        "print(answer.choices[0].message.content, 'GROQ_API_KEY' in os.environ)\n"
    )
    with (
        said.open("w") as out,
        # A shell's job in the background ignores Ctrl-C, and hands that on.
        subprocess.Popen(
            SERVE,
            stdout=out,
            stderr=subprocess.PIPE,
            env=env,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as server,
    ):
        deadline = time.monotonic() + 30
        while "waypost run" not in said.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        command = f". {said} && {sys.executable} -m waypost run {app}"
        done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=False)
        server.send_signal(signal.SIGINT)
        _, noise = server.communicate(timeout=20)

    assert (done.stdout, done.stderr) == ("The capital of France is Paris. False\n", "")
    assert (server.returncode, noise, said.read_text().splitlines()[-1]) == (0, b"", "# Stopped.")


def test_what_means_nothing_to_it_is_bad_input() -> None:
    """A policy belongs to the program, not to the providers."""
    done = subprocess.run([*SERVE, "--policy", "x.yaml"], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stderr == (
        "waypost demo: --policy: has no meaning with --serve; give it to `waypost run`, which runs your program\n"
    )
