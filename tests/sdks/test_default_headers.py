"""Waypost's own headers among those that a client sends with every call."""

from __future__ import annotations

from typing import Any

import openai
import pytest

import waypost

HELLO: Any = [{"role": "user", "content": "Hi"}]
OURS = {"X-Department": "finance", "X-Waypost-Workflow": "triage", "X-Waypost-Team": "core", "X-Tenant": "t-1"}


@pytest.mark.parametrize("style", ["sync", "async"])
async def test_our_default_headers_are_read_and_not_sent(style: str, world: Any) -> None:
    """They become the call's context, which a header of the call does not change; the client's others are sent."""
    world.on(mode="observe")
    call: dict[str, Any] = {"model": "gpt-4o", "messages": HELLO, "extra_headers": {"x-department": "legal"}}
    if style == "sync":
        with openai.OpenAI(max_retries=0, default_headers=OURS) as client:
            answers = [client.chat.completions.create(**call)]
            call.pop("extra_headers")
            answers.append(client.chat.completions.create(**call))
    else:
        async with openai.AsyncOpenAI(max_retries=0, default_headers=OURS) as aclient:
            answers = [await aclient.chat.completions.create(**call)]
            call.pop("extra_headers")
            answers.append(await aclient.chat.completions.create(**call))
    for request in world.openai.seen:
        assert [name for name in request.headers if name in ("x-department", "x-tenant") or "waypost" in name] == [
            "x-tenant"
        ]
    waypost.flush()
    journal = "".join(file.read_text() for file in (world.home / "home" / "journal").glob("*.jsonl"))
    kept = {"workflow": "triage", "labels": {"team": "core"}}
    assert '"department":"legal"' not in journal
    for answer, withheld in zip(answers, (["department: settled around the call"], None), strict=True):
        receipt = waypost.receipt(answer)
        assert receipt is not None
        question = receipt.to_dict()["question"]
        assert question["context"] == {"department": "finance", **kept}
        assert question.get("withheld") == withheld


def test_an_omitted_default_header_is_neither_read_nor_sent(world: Any) -> None:
    """``Omit()`` for one call takes the client's header away from it, for us as for the provider."""
    world.on(mode="observe")
    with openai.OpenAI(max_retries=0, default_headers=OURS) as client:
        answer = client.chat.completions.create(
            model="gpt-4o", messages=HELLO, extra_headers={"X-Department": openai.Omit()}
        )
    (request,) = world.openai.seen
    assert "x-department" not in request.headers
    receipt = waypost.receipt(answer)
    assert receipt is not None
    assert "department" not in receipt.to_dict()["question"]["context"]
