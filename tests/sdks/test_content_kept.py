"""``privacy: {content: redacted | full}`` through the real SDK: what was said can be read back, and stands nowhere as
text."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import waypost
from stub_provider import chat_body, chat_chunks, json_answer, sse_answer
from waypost.adapters.stores.content import ContentStore
from waypost.adapters.stores.sqlite import SqliteStore
from waypost.runtime import instrument

SECRET = "sk-abcdefghijklmnopqrstuvwx"
WORDS = ["Sure", ", I wrote to ", "ana@exam", "ple.org", " for Zanzibar."]
SAID = "".join(WORDS)
ASKED: Any = [
    {"role": "user", "content": f"Zanzibar: write to ana@example.org with {SECRET}, card 4111 1111 1111 1111"}
]
PLAIN_WORDS = (b"Zanzibar", b"ana@exam", b"4111 1111", SECRET.encode())
AT = {"home": "openai", "translated": "anthropic"}


def rules(where: str, content: str) -> str:
    """A policy that sends to the caller's own provider or to the other one."""
    return f"filter: [provider == {AT[where]}]\nrank: cheapest\nprivacy: {{content: {content}}}\n"


def store(world: Any) -> ContentStore:
    return ContentStore(world.home / "home" / "content")


def kept(world: Any, receipt: str) -> dict[str, Any]:
    """What is kept of a receipt, read back."""
    assert waypost.flush(10)
    found = store(world).get(receipt, time.time_ns())
    assert found.state == "kept"
    document: dict[str, Any] = json.loads(found.data)
    return document


def everything(world: Any) -> bytes:
    """Every byte in the home."""
    assert waypost.flush(10)
    return b"".join(path.read_bytes() for path in sorted((world.home / "home").rglob("*")) if path.is_file())


async def ask(world: Any, client: Any, aclient: Any, style: str, **options: Any) -> str:
    """One call in a style; the id of its receipt."""
    if style == "sync":
        value = client.chat.completions.create(model="auto", messages=ASKED, **options)
    elif style == "async":
        value = await aclient.chat.completions.create(model="auto", messages=ASKED, **options)
    elif style == "raw":
        value = client.chat.completions.with_raw_response.create(model="auto", messages=ASKED, **options)
        assert value.parse().choices[0].message.content == SAID
    elif style == "sync stream":
        value = client.chat.completions.create(model="auto", messages=ASKED, stream=True, **options)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in value if chunk.choices) == SAID
    elif style == "async stream":
        value = await aclient.chat.completions.create(model="auto", messages=ASKED, stream=True, **options)
        said = [chunk.choices[0].delta.content or "" async for chunk in value if chunk.choices]
        assert "".join(said) == SAID
    else:
        with client.chat.completions.with_streaming_response.create(model="auto", messages=ASKED, **options) as value:
            assert SAID.encode() in value.read()
    receipt: str = waypost.receipt(value).id
    return receipt


STYLES = ["sync", "async", "raw", "sync stream", "async stream", "streaming response"]


@pytest.mark.parametrize("where", AT)
@pytest.mark.parametrize("style", STYLES)
async def test_full_is_what_was_said(style: str, where: str, world: Any, client: Any, aclient: Any) -> None:
    """Asked and answered can be read in the caller's own dialect, and stand nowhere as text."""
    world.say(WORDS)
    world.on(rules(where, "full"))
    receipt = await ask(world, client, aclient, style, temperature=0.5)
    document = kept(world, receipt)
    assert document["asked"] == {"messages": ASKED, "temperature": 0.5}
    assert document["answered"]["choices"][0]["message"]["content"] == SAID
    assert document["answered"]["choices"][0]["finish_reason"] == "stop"
    assert not [word for word in PLAIN_WORDS if word in everything(world)]


@pytest.mark.parametrize("where", AT)
@pytest.mark.parametrize("style", STYLES)
async def test_redacted_has_no_personal_data(style: str, where: str, world: Any, client: Any, aclient: Any) -> None:
    """S5.16: the same address has the same placeholder in what was asked and in what was answered."""
    world.say(WORDS)
    world.on(rules(where, "redacted"))
    receipt = await ask(world, client, aclient, style)
    document = kept(world, receipt)
    asked = document["asked"]["messages"][0]["content"]
    assert asked == "Zanzibar: write to [EMAIL_1] with [SECRET_1], card [CARD_1]"
    assert document["answered"]["choices"][0]["message"]["content"] == "Sure, I wrote to [EMAIL_1] for Zanzibar."
    told = waypost.receipt(receipt).to_dict()["content"]
    assert told["redactions"] == {"card": 1, "email": 2, "secret": 1}
    assert (told["level"], told["subject"]) == ("redacted", receipt)
    assert not [word for word in PLAIN_WORDS if word in everything(world)]


@pytest.mark.parametrize("mode", ["observe", "advise"])
@pytest.mark.parametrize("style", ["sync", "async stream"])
async def test_calls_that_run_unchanged_are_kept_too(
    mode: str, style: str, world: Any, client: Any, aclient: Any
) -> None:
    """The policy says what is kept, whether or not it also chooses."""
    world.say(WORDS)
    world.on("privacy: {content: full}\n", mode)
    value = (
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
        if style == "sync"
        else await aclient.chat.completions.create(model="gpt-4o", messages=ASKED, stream=True)
    )
    if style != "sync":
        _ = [chunk async for chunk in value]
    document = kept(world, waypost.receipt(value).id)
    assert document["answered"]["choices"][0]["message"]["content"] == SAID


def test_a_body_that_changes_later_is_kept_as_it_was_asked(world: Any, client: Any) -> None:
    """What the caller does to its messages while a stream runs is not what was asked."""
    world.say(WORDS)
    world.on(rules("home", "full"))
    messages = [dict(ASKED[0])]
    stream = client.chat.completions.create(model="auto", messages=messages, stream=True)
    messages.append({"role": "assistant", "content": "later"})
    messages[0]["content"] = "changed"
    _ = list(stream)
    assert kept(world, waypost.receipt(stream).id)["asked"] == {"messages": ASKED}


def test_an_answer_that_changes_later_is_kept_as_it_was_given(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the caller does to its object before the worker comes is not what was answered."""
    world.say(WORDS)
    world.on(rules("home", "full"))
    value = client.chat.completions.create(model="auto", messages=ASKED)
    value.choices[0].message.content = "changed"
    found = kept(world, waypost.receipt(value).id)
    assert found["answered"]["choices"][0]["message"]["content"] == SAID


def test_a_stream_that_is_left_is_kept_as_far_as_it_came(world: Any, client: Any) -> None:
    """Half an answer is half an answer."""
    world.say(WORDS)
    world.chat = lambda request: sse_answer([*chat_chunks(["one ", "two "])[:3], 0.5, *chat_chunks(["three"])[1:]])
    world.on(rules("home", "full"))
    stream = client.chat.completions.create(model="auto", messages=ASKED, stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content == "two ":
            break
    stream.close()
    answered = kept(world, waypost.receipt(stream).id)["answered"]
    assert answered["choices"][0]["message"]["content"] == "one two "


def test_a_call_that_failed_is_kept_without_an_answer(world: Any, client: Any) -> None:
    """What was asked is kept whatever came of it; error texts of providers are not."""
    world.chat = lambda request: json_answer({"error": {"message": "Zanzibar", "type": "server_error"}}, 500)
    world.on(rules("home", "full") + "fallback: {max_attempts: 1}\n")
    with pytest.raises(Exception, match="Zanzibar"):
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
    assert waypost.flush(10)
    receipts = SqliteStore(world.home / "home" / "receipts.sqlite")
    document = kept(world, receipts.summaries()[0].id)
    assert document == {"asked": {"messages": ASKED}, "answered": None}


def test_tools_are_kept_on_both_sides(world: Any, client: Any) -> None:
    """Arguments of tools are looked at, too: they are where personal data hide."""
    call = {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": '{"to": "ana@example.org"}'}}
    body = chat_body("", "gpt-4o-mini")
    body["choices"][0]["message"] |= {"content": None, "tool_calls": [call]}
    world.chat = lambda request: json_answer(body)
    world.on(rules("home", "redacted"))
    tools = [{"type": "function", "function": {"name": "mail", "parameters": {"type": "object"}}}]
    value = client.chat.completions.create(model="auto", messages=ASKED, tools=tools)
    document = kept(world, waypost.receipt(value).id)
    assert document["asked"]["tools"] == tools
    made = document["answered"]["choices"][0]["message"]["tool_calls"][0]
    assert made["function"]["arguments"] == '{"to": "[EMAIL_1]"}'


def test_size_is_bounded_and_what_is_cut_is_said(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest texts are cut; the others stay whole."""
    monkeypatch.setenv("WAYPOST_CONTENT_SIZE", "1k")
    world.chat = lambda request: json_answer(chat_body("word " * 2_000, request.body["model"]))
    world.on(rules("home", "full"))
    value = client.chat.completions.create(model="auto", messages=ASKED)
    receipt = waypost.receipt(value).id
    document = kept(world, receipt)
    assert document["asked"] == {"messages": ASKED}
    assert document["answered"]["choices"][0]["message"]["content"].endswith("\u2026")
    assert len(json.dumps(document)) < 1_100
    assert waypost.receipt(receipt).to_dict()["content"]["cut"] > 9_000


def test_a_long_stream_is_passed_on_whole_and_kept_in_part(
    world: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The buffer is bounded, the caller's stream is not."""
    monkeypatch.setenv("WAYPOST_CONTENT_SIZE", "4k")
    words = [f"w{number} " for number in range(4_000)]
    world.chat = lambda request: sse_answer(chat_chunks(words, request.body["model"], usage=True))
    world.on(rules("home", "full"))
    stream = client.chat.completions.create(model="auto", messages=ASKED, stream=True)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
    assert said == "".join(words)
    receipt = waypost.receipt(stream).id
    found = kept(world, receipt)["answered"]["choices"][0]["message"]["content"]
    assert said.startswith(found.rstrip("\u2026"))
    assert 300 < len(found) < 4_000
    assert waypost.receipt(receipt).to_dict()["content"]["cut"] > 500_000


def test_a_person_is_the_subject_and_can_be_forgotten(world: Any, client: Any) -> None:
    """S5.14: without the key nothing can be read, the other person's stays, and every chain still verifies."""
    world.say(WORDS)
    world.on(rules("home", "full"))
    receipts = []
    for user in ("ana", "ana", "bob"):
        with waypost.context(user=user):
            receipts.append(waypost.receipt(client.chat.completions.create(model="auto", messages=ASKED)).id)
    assert [kept(world, receipt)["asked"]["messages"] for receipt in receipts] == [ASKED] * 3
    subject = waypost.receipt(receipts[0]).to_dict()["content"]["subject"]
    assert subject == waypost.receipt(receipts[0]).to_dict()["question"]["context"]["user"]
    keys = store(world)._keys.query("SELECT key FROM keys WHERE subject = ?", (subject,))
    assert keys[0][0] in everything(world)
    assert store(world).forget(subject) == store(world).forget(subject).__class__(2, 1)
    assert [store(world).get(receipt, time.time_ns()).state for receipt in receipts] == ["erased", "erased", "kept"]
    assert keys[0][0] not in everything(world)
    with waypost.context(user="ana"):
        again = waypost.receipt(client.chat.completions.create(model="auto", messages=ASKED)).id
    assert kept(world, again)["asked"] == {"messages": ASKED}
    assert store(world).get(receipts[0], time.time_ns()).state == "erased"
    receipts_store = SqliteStore(world.home / "home" / "receipts.sqlite")
    assert receipts_store.verify() == []


@pytest.mark.parametrize("style", ["sync", "sync stream"])
async def test_no_word_is_told_to_anybody(
    style: str,
    world: Any,
    client: Any,
    aclient: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither span nor metric, audit file, console or log has a word of what is kept in full."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    monkeypatch.setenv("WAYPOST_JSONL", str(world.home / "home" / "audit.jsonl"))
    monkeypatch.setenv("WAYPOST_CONSOLE", "1")
    monkeypatch.setenv("WAYPOST_LOG_LEVEL", "DEBUG")
    spans, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    world.say(WORDS)
    world.on(rules("home", "full"), tracer_provider=tracers, meter_provider=MeterProvider([reader]))
    with caplog.at_level("DEBUG"):
        kept(world, await ask(world, client, aclient, style))
    metrics = reader.get_metrics_data()
    assert metrics is not None
    told = "".join(span.to_json() for span in spans.get_finished_spans()) + metrics.to_json()
    waypost_log = "".join(record.getMessage() for record in caplog.records if record.name.startswith("waypost"))
    told += waypost_log + "".join(capsys.readouterr()) + everything(world).decode(errors="replace")
    assert "route sdk-tests" in told
    assert not [word for word in PLAIN_WORDS if word.decode() in told]


def test_an_envelope_that_keeps_nothing_wins(world: Any, client: Any, tmp_path: Path) -> None:
    """S6.14: an administrator's `none` holds inside of a department's `full`, and no file of contents is made."""
    world.say(WORDS)
    house = tmp_path / "house.yaml"
    house.write_text("waypost: policy/v1\nname: house\nenvelope: true\nprivacy: {content: none}\n")
    waypost.auto_instrument(policy=[world.policy(rules("home", "full")), house])
    receipt = waypost.receipt(client.chat.completions.create(model="auto", messages=ASKED))
    assert waypost.flush(10)
    assert "content" not in waypost.receipt(receipt.id).to_dict()
    assert not (world.home / "home" / "content").exists()


def test_files_are_their_owners_alone(world: Any, client: Any) -> None:
    """Keys and contents, and what the database lays beside them."""
    world.say(WORDS)
    world.on(rules("home", "full"))
    client.chat.completions.create(model="auto", messages=ASKED)
    assert waypost.flush(10)
    files = list((world.home / "home" / "content").iterdir())
    assert {file.name.partition(".")[0] for file in files} == {"keys", "content"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_a_fault_costs_the_content_and_not_the_call(world: Any, client: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Fail open: the caller has its answer, the fault is counted, and no word of it is in a log."""
    world.say(WORDS)
    (world.home / "home").mkdir(exist_ok=True)
    (world.home / "home" / "content").write_text("in the way")
    world.on(rules("home", "full"))
    value = client.chat.completions.create(model="auto", messages=ASKED)
    assert value.choices[0].message.content == SAID
    assert waypost.flush(10)
    assert instrument._engine.faults.counts["content"] == 1
    assert "content" not in waypost.receipt(value).to_dict()
    assert "Zanzibar" not in caplog.text


def test_nothing_is_taken_where_nothing_is_kept(world: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default costs a branch: neither keeper nor draft is made."""
    world.say(WORDS)
    world.on("filter: [provider == openai]\nrank: cheapest\n")
    client.chat.completions.create(model="auto", messages=ASKED)
    assert instrument._engine._keeper is None
    assert not (world.home / "home" / "content").exists()
