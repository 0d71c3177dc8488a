"""What of a request stands in the URL, as the endpoint's path says (S6.15)."""

from __future__ import annotations

from typing import Any

import pytest

from waypost.adapters.senders.address import address
from waypost.core.model.target import Endpoint

BODY = {"model": "gemini-2.5-flash", "stream": True, "contents": []}
GOOGLE = "/v1beta/models/{model}:{generateContent|streamGenerateContent?alt=sse}"


@pytest.mark.parametrize(
    ("base", "path", "streaming", "url", "left"),
    [
        ("https://e.test/v1", "/chat", True, "https://e.test/v1/chat", {"model", "stream", "contents"}),
        ("https://e.test/", "/x", False, "https://e.test/x", {"model", "stream", "contents"}),
        (
            "https://e.test",
            GOOGLE,
            False,
            "https://e.test/v1beta/models/gemini-2.5-flash:generateContent",
            {"contents"},
        ),
        (
            "https://e.test",
            GOOGLE,
            True,
            "https://e.test/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
            {"contents"},
        ),
        ("https://e.test", "/{model}/chat", True, "https://e.test/gemini-2.5-flash/chat", {"stream", "contents"}),
        ("https://e.test", "/{whole|pieces}", True, "https://e.test/pieces", {"model", "contents"}),
    ],
)
def test_the_path_takes_what_it_names(base: str, path: str, streaming: bool, url: str, left: set[str]) -> None:
    """A name in the path leaves the body; a path without names leaves it as it is, the same object."""
    endpoint = Endpoint("e", "p", "google.generate_content", base, path)
    found, body = address(endpoint, BODY, streaming=streaming)
    assert (found, set(body)) == (url, left)
    assert (body is BODY) == ("{" not in path)
    assert set(BODY) == {"model", "stream", "contents"}


@pytest.mark.parametrize(
    ("model", "written"), [("a/b", "a%2Fb"), ("a?key=1#x", "a%3Fkey%3D1%23x"), ("ft:é", "ft%3A%C3%A9")]
)
def test_a_model_cannot_leave_its_place(model: str, written: str) -> None:
    """Whatever stands in a catalog as a model's name is one segment of the path."""
    endpoint = Endpoint("e", "p", "d", "https://e.test", "/m/{model}:go")
    body: dict[str, Any] = {"model": model}
    assert address(endpoint, body, streaming=False)[0] == f"https://e.test/m/{written}:go"
