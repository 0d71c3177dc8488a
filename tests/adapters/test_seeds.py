"""Seeds are the receipts' identity: never the same twice, in no thread and in no fork."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from waypost.adapters.sdks import seeds


def test_seeds_never_repeat_across_threads() -> None:
    """Eight threads drain many batches at once."""
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: seeds.take(), range(5000)))
    assert len(set(drawn)) == 5000
    assert {len(seed) for seed in drawn} == {16}


def test_a_forked_child_draws_its_own() -> None:
    """What the parent still holds is not handed out by the child as well."""
    seeds.take()
    assert seeds._pool
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"".join(seeds.take() for _ in range(300)))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        theirs = pipe.read()
    ours = b"".join(seeds.take() for _ in range(300))
    split = [{data[at : at + 16] for at in range(0, len(data), 16)} for data in (theirs, ours)]
    assert not split[0] & split[1]
