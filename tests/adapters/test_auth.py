"""Which endpoints can be used, and what their requests carry; keys are read when used and shown nowhere (S2.19)."""

from __future__ import annotations

from waypost.adapters.senders.auth import Credentials
from waypost.core.model.target import Auth, Endpoint


def endpoint(name: str, **keys: object) -> Endpoint:
    return Endpoint(name, name, "openai.chat", f"https://{name}.example/v1", "/chat/completions", **keys)  # type: ignore[arg-type]


KEYED = endpoint("keyed", auth=Auth("authorization", "Bearer ", (("x-version", "1"),)), key_env=("FIRST", "SECOND"))
LOCAL = endpoint("local", base_url_env="LOCAL_URL")
OPEN = endpoint("open")
ALL = {item.name: item for item in (KEYED, LOCAL, OPEN)}


def test_a_key_a_client_or_an_address_makes_an_endpoint_usable() -> None:
    """A local server counts once its address is said; prompts never go to a default port unasked."""
    assert Credentials(ALL, {}).names(False) == ("open",)
    assert Credentials(ALL, {"SECOND": "k"}).names(False) == ("keyed", "open")
    assert Credentials(ALL, {"FIRST": "", "LOCAL_URL": "http://127.0.0.1:1/v1"}).names(False) == ("local", "open")
    credentials = Credentials(ALL, {})
    credentials.use("keyed", object(), is_async=False)
    assert credentials.names(False) == ("keyed", "open")
    assert credentials.client("keyed", is_async=True) is None


def test_headers_carry_the_first_key_and_the_constant_ones() -> None:
    """The scheme is the catalog's data."""
    credentials = Credentials(ALL, {"FIRST": "k1", "SECOND": "k2"})
    assert credentials.headers(KEYED) == {"x-version": "1", "authorization": "Bearer k1"}
    assert credentials.headers(LOCAL) == {}


def test_no_key_is_ever_shown() -> None:
    """Neither a repr nor the names hold it."""
    credentials = Credentials(ALL, {"FIRST": "sk-secret"})
    assert "sk-secret" not in f"{credentials!r}{credentials}{credentials.names(False)}"


def test_a_key_that_comes_late_counts(monkeypatch: object) -> None:
    """A `.env` that is loaded after us is seen within a second."""
    environ: dict[str, str] = {}
    credentials = Credentials(ALL, environ)
    assert credentials.names(False) == ("open",)
    environ["FIRST"] = "k"
    credentials._until_ns = 0
    assert credentials.names(False) == ("keyed", "open")
