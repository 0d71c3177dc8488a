"""The connection pools of our own sender."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

import pytest
from httpcore import _synchronization

from waypost.adapters.senders.http import Http


def with_a_plain_lock(lock: Any) -> None:
    lock._lock = threading.Lock()


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxied"])
@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_the_collector_may_close_a_stream_inside_a_pool(
    library: str, proxied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """httpx's pools wait for themselves there; httpx2's have a lock that lets its holder in again."""
    if library == "httpx":  # as it is where no test has mended it
        monkeypatch.setattr(_synchronization.ThreadLock, "__init__", with_a_plain_lock)
    if proxied:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = Http()._client(import_module(library), is_async=False)
    transports = [client._transport, *client._mounts.values()]

    def collect() -> None:
        for transport in transports:
            with transport._pool._optional_thread_lock, transport._pool._optional_thread_lock:
                entered.append(transport)

    entered: list[object] = []
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(5.0)

    assert entered == transports
    assert len(transports) == 1 + proxied
    client.close()
