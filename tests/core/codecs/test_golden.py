"""Golden pairs: both sides written by hand from the providers' formats, judged by the SDKs, met by the codecs exactly.

A folder ``<dialect>--<dialect>`` below tests/golden is all that a further dialect needs here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden_envelopes import expanded
from golden_validators import check_request, model_of, plain, read_error, read_response, read_stream, status_of
from waypost.core.codecs import CODECS
from waypost.core.codecs.framing import SseParser, frame
from waypost.core.codecs.handout import Signer
from waypost.core.model.deltas import Start
from waypost.core.model.needs import describe
from waypost.core.model.target import Endpoint, Target
from waypost.errors import Untranslatable

GOLDEN = Path(__file__).parents[2] / "golden"
CREATED = 1_790_000_000


def _sections(kind: str) -> list[Any]:
    return list(_pairs(kind))


def _pairs(kind: str) -> Iterator[Any]:
    for path in sorted(GOLDEN.glob("*--*/*.json")):
        dialects = path.parent.name.split("--")
        for index, item in enumerate(expanded(json.loads(path.read_text()).get(kind, ()))):
            yield pytest.param(dialects, item, id=f"{path.parent.name}/{path.stem}-{index}")


def _endpoint(dialect: str, domain: str | None = None) -> Endpoint:
    return Endpoint("e", "p", dialect, "https://e.test", "/v1", signing_domain=domain)


def _signer(item: dict[str, Any]) -> Signer | None:
    """Who sealed the reasoning of an answer, and whether the caller asked to see it."""
    return Signer(item["upstream"], item["domain"], item["shown"]) if "domain" in item else None


def _target(model: str, item: dict[str, Any]) -> Target:
    told = ("sampling.temperature", "sampling.top_p") if item.get("told") else ()
    told += ("reasoning.effort",) if item.get("reasons") else ()
    flags = (*told, "tools.parallel", "verbosity")
    return Target(f"p/{model}", "p", model, "e", max_output=item.get("max_output", 64000), capabilities=flags)


def _translate(source: str, target: str, item: dict[str, Any]) -> dict[str, Any]:
    expected = item[target]
    conversation = CODECS[source].decode_request(item[source])
    endpoint = _endpoint(target, item.get("domain"))
    return CODECS[target].encode_request(conversation, _target(expected["model"], item), endpoint)


def test_there_are_enough_pairs() -> None:
    """Every folder of golden pairs has at least eighteen cases, so that an empty one cannot pass unseen."""
    for folder in GOLDEN.glob("*--*"):
        assert len(list(folder.glob("*.json"))) >= 18


@pytest.mark.parametrize(("dialects", "item"), _sections("requests"))
def test_request_is_translated(dialects: list[str], item: dict[str, Any]) -> None:
    """A request in one dialect becomes exactly the other's, and nothing that it requires is left behind (S6.05)."""
    source, target = item.get("only", dialects)
    assert plain(_translate(source, target, item)) == plain(item[target])
    needs = CODECS[source].decode_request(item[source]).needs
    if "hints" in item:
        assert [need.flag for need in needs if need.severity == "hint"] == item["hints"]


@pytest.mark.parametrize(("dialects", "item"), [p for p in _sections("requests") if p.values[1].get("both")])
def test_request_is_translated_back(dialects: list[str], item: dict[str, Any]) -> None:
    """The same pair read from its other side."""
    target, source = dialects
    expected = item.get("back", item[target])
    assert plain(_translate(source, target, {**item, target: expected})) == plain(expected)


@pytest.mark.parametrize(("dialects", "item"), [*_sections("requests"), *_sections("rejected")])
def test_request_is_what_the_sdk_sends(dialects: list[str], item: dict[str, Any]) -> None:
    """Both sides are requests by the SDKs' own types, strictly, with no member that they do not know."""
    for dialect in dialects:
        if dialect in item:
            check_request(dialect, item[dialect])


@pytest.mark.parametrize(("dialects", "item"), _sections("rejected"))
def test_what_cannot_be_said_is_refused(dialects: list[str], item: dict[str, Any]) -> None:
    """A need that the target's dialect cannot express is raised by name, before anything is sent (S2.07, S6.05).

    What it can express as such, but not with this value, is refused ``by_value`` when it is encoded, by the same name.
    """
    target = item["target"]
    (source,) = [dialect for dialect in dialects if dialect in item]
    conversation = CODECS[source].decode_request(item[source])
    lacking = [
        need for need in conversation.needs if need.severity == "required" and need.flag not in CODECS[target].expresses
    ]
    if not item.get("by_value"):
        assert item["need"] in {need.flag for need in lacking}
    if "value" in item:
        assert item["value"] in {need.value for need in lacking}
    assert all(need.path and describe(need.flag) for need in conversation.needs)
    only = replace(conversation, needs=tuple(need for need in lacking if need.flag == item["need"]))
    with pytest.raises(Untranslatable) as caught:
        CODECS[target].encode_request(only, _target("m", item), _endpoint(target))
    assert (caught.value.need, caught.value.dialect) == (item["need"], target)


@pytest.mark.parametrize(("dialects", "item"), _sections("responses"))
def test_response_is_translated(dialects: list[str], item: dict[str, Any]) -> None:
    """An answer of one dialect becomes exactly the other's, usage included (S6.05)."""
    upstream, caller = item["upstream"], item["caller"]
    reply = CODECS[upstream].decode_response(item[upstream])
    answer = CODECS[caller].encode_response(replace(reply, created=CREATED), _signer(item))
    assert plain(answer) == plain(item[caller])
    assert CODECS[upstream].usage(item[upstream]) == reply.usage
    for name, tokens in item.get("usage", {}).items():
        assert getattr(reply.usage, name) == tokens


@pytest.mark.parametrize(("dialects", "item"), _sections("responses"))
def test_response_is_what_a_strict_client_takes(dialects: list[str], item: dict[str, Any]) -> None:
    """Both hand-written sides, and our own encoding, are answers by the SDKs' types in strict mode."""
    upstream, caller = item["upstream"], item["caller"]
    for dialect in dialects:
        read_response(dialect, item[dialect])
    reply = CODECS[upstream].decode_response(item[upstream])
    native = read_response(caller, CODECS[caller].encode_response(reply, _signer(item)))
    assert model_of(native) == reply.model


def _wire(events: list[Any]) -> bytes:
    return b"".join(frame(name, data if isinstance(data, str) else json.dumps(data)) for name, data in events)


def _stream(item: dict[str, Any]) -> tuple[bytes, list[str]]:
    reader = CODECS[item["upstream"]].reader()
    writer = CODECS[item["caller"]].writer(include_usage=item["include_usage"], signer=_signer(item))
    out = b""
    errors: list[str] = []
    deltas = [
        delta for name, data in SseParser().feed(_wire(item[item["upstream"]])) for delta in reader.feed(name, data)
    ]
    for delta in (*deltas, *reader.close()):
        errors += [delta.kind] if type(delta).__name__ == "StreamError" else []
        out += writer.feed(replace(delta, created=CREATED) if isinstance(delta, Start) else delta)
    return out + writer.close(), errors


@pytest.mark.parametrize(("dialects", "item"), _sections("streams"))
def test_stream_is_translated(dialects: list[str], item: dict[str, Any]) -> None:
    """A stream of one dialect becomes exactly the other's, frame by frame (S3.06)."""
    out, errors = _stream(item)
    seen = [[name, data if data == "[DONE]" else plain(json.loads(data))] for name, data in SseParser().feed(out)]
    assert seen == [[name, plain(data)] for name, data in item[item["caller"]]]
    assert errors == ([item["kind"]] if "kind" in item else [])


@pytest.mark.parametrize(("dialects", "item"), [p for p in _sections("streams") if "kind" not in p.values[1]])
def test_stream_is_what_a_strict_client_takes(dialects: list[str], item: dict[str, Any]) -> None:
    """Both hand-written sides, and our own encoding, are streams by the SDKs' types in strict mode."""
    for dialect in dialects:
        assert read_stream(dialect, _wire(item[dialect]))
    assert len(read_stream(item["caller"], _stream(item)[0])) == len(
        read_stream(item["caller"], _wire(item[item["caller"]]))
    )


@pytest.mark.parametrize(("dialects", "item"), [p for p in _sections("streams") if "kind" in p.values[1]])
def test_stream_error_reaches_the_client(dialects: list[str], item: dict[str, Any]) -> None:
    """An error inside a stream is the SDK's own exception at the caller."""
    with pytest.raises(Exception, match="provider failed") as caught:
        read_stream(item["caller"], _stream(item)[0])
    assert type(caught.value).__name__ in ("APIError", "APIStatusError", "ClientError", "ServerError")


@pytest.mark.parametrize(("dialects", "item"), _sections("errors"))
def test_error_is_translated(dialects: list[str], item: dict[str, Any]) -> None:
    """An error answer is classified without its text, and becomes the caller's own kind of error (S1.19)."""
    upstream, caller = item["upstream"], item["caller"]
    failure = CODECS[upstream].failure(item[upstream]["status"], item[upstream]["body"])
    assert (failure.kind, failure.status) == (item["kind"], item[upstream]["status"])
    status, body = CODECS[caller].encode_error(failure, "M")
    assert (status, plain(body)) == (item[caller]["status"], plain(item[caller]["body"]))
    native = read_error(caller, status, body)
    assert status_of(native) == status
