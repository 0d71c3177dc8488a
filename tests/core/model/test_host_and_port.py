"""Which server a base URL names: what telemetry and receipts say of it, and nothing secret (S4.03)."""

from __future__ import annotations

import pytest

from waypost.core.model.target import host_and_port


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", ("api.openai.com", None)),
        ("https://API.OpenAI.com/v1/", ("api.openai.com", None)),
        ("http://127.0.0.1:8000/v1", ("127.0.0.1", 8000)),
        ("http://localhost:11434", ("localhost", 11434)),
        ("http://[::1]:8000/v1", ("::1", 8000)),
        ("http://[fe80::1]/v1", ("fe80::1", None)),
        ("https://user:sk-secret@gateway.corp.example:8443/v1", ("gateway.corp.example", 8443)),
        ("https://user:sk-secret@gateway.corp.example", ("gateway.corp.example", None)),
        ("https://gateway.corp.example?key=1", ("gateway.corp.example", None)),
        ("https://gateway.corp.example#top", ("gateway.corp.example", None)),
        ("", ("", None)),
    ],
)
def test_a_base_url_names_a_host_and_perhaps_a_port(url: str, expected: tuple[str, int | None]) -> None:
    """Server address and port apart, as the conventions want them, and never the credentials in front of them."""
    assert host_and_port(url) == expected
