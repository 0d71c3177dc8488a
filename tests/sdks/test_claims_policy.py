"""Which policy a call may name: by code of the application any, by a header or its body what is granted (S5.01)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

import waypost
from waypost.core.routing import flow

HELLO: Any = [{"role": "user", "content": "Hi"}]
FILE = "waypost: policy/v1\nname: {name}\nmode: route\n{more}rules: [{{name: one, use: [{use}]}}]\n"
CLAUDE, MINI = "claude-haiku-4-5", "gpt-4o-mini"
PLACES: dict[str, dict[str, Any]] = {
    "header": {"extra_headers": {"X-Waypost-Policy": "lax"}},
    "body": {"extra_body": {"waypost": {"policy": "lax"}}},
}


def switch_on(tmp_path: Path, more: str = "") -> None:
    """Policy ``strict`` holds for HR and sends to Claude; ``lax`` for all others."""
    files = []
    for name, extra, use in (
        ("strict", "match: department == hr\n" + more, f"anthropic/{CLAUDE}"),
        ("lax", "", f"openai/{MINI}"),
    ):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(FILE.format(name=name, more=extra, use=use))
    waypost.auto_instrument(policy=files)


def answered(client: Any, **said: Any) -> tuple[str, list[str]]:
    answer = client.chat.completions.create(model="auto", messages=HELLO, **said)
    receipt = waypost.receipt(answer)
    assert receipt is not None
    return answer.model, receipt.to_dict()["question"].get("withheld", [])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", (CLAUDE, ["policy"])),
        ("grants: [only]\n", (CLAUDE, ["policy"])),
        ("grants: [policy]\n", (MINI, [])),
    ],
)
def test_a_call_leaves_a_strict_policy_only_where_that_grants_it(
    more: str, expected: Any, place: str, world: Any, client: Any, tmp_path: Path
) -> None:
    """Without a word of it in `grants` the claim is withheld, and the receipt says so."""
    switch_on(tmp_path, more)
    with waypost.context(department="hr"):
        assert answered(client, **PLACES[place]) == expected
    assert answered(client)[0] == MINI


def test_a_clients_default_header_is_no_code_either(world: Any, tmp_path: Path) -> None:
    """Headers come from where they come from, also those that are sent with every call."""
    switch_on(tmp_path)
    with openai.OpenAI(default_headers={"X-Waypost-Policy": "lax"}) as client, waypost.context(department="hr"):
        assert answered(client) == (CLAUDE, ["policy"])


def test_the_application_names_any(world: Any, client: Any, tmp_path: Path) -> None:
    """A block is the application's own code; a call inside of it may repeat the name."""
    switch_on(tmp_path)
    with waypost.context(department="hr", policy="lax"):
        assert answered(client) == (MINI, [])
        assert answered(client, **PLACES["header"]) == (MINI, [])


def test_a_call_that_cannot_be_read_names_no_policy(
    world: Any, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where our own code breaks, the policy that holds is the one that would without the header."""
    switch_on(tmp_path, "on_internal_error: closed\n")

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(flow, "prepare", broken)
    with waypost.context(department="hr"), pytest.raises(openai.InternalServerError, match="fails closed"):
        client.chat.completions.create(model="auto", messages=HELLO, **PLACES["header"])
