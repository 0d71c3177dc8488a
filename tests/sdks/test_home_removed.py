"""A home that is deleted under a running process: what comes after is kept, found and explained (S2.01)."""

from __future__ import annotations

import shutil
from typing import Any

import waypost
from waypost.adapters.stores.objects import ObjectStore
from waypost.adapters.stores.sqlite import SqliteStore

HELLO: Any = [{"role": "user", "content": "Hi"}]


def test_a_deleted_home_is_begun_anew(world: Any, client: Any) -> None:
    """Journal, store, objects, the key of pseudonyms and what keeps them out of a repository; twice."""
    world.on()
    home = world.home / "home"

    def call() -> str:
        with waypost.context(user="ann"):
            answer = client.chat.completions.create(model="gpt-4o", messages=HELLO)
        waypost.flush()
        receipt = waypost.receipt(answer)
        assert receipt is not None
        return receipt.id

    call()
    key = (home / "pseudonym.key").read_text()
    for _ in range(2):
        shutil.rmtree(home)
        call()  # what was under way when nobody had noticed yet
        last = call()
        store = SqliteStore(home / "receipts.sqlite")
        found = store.get(last)
        assert found is not None
        assert store.verify() == []
        store.close()
        assert found.call.policy_fingerprint in ObjectStore(home / "objects")
        assert (home / "pseudonym.key").read_text() == key
        assert (home / ".gitignore").read_text().endswith("*\n")
