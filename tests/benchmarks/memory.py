"""What a long stream holds in memory while it passes, in a process of its own.

    python tests/benchmarks/memory.py VARIANT

Prints by the number of chunks read so far how many bytes are held beyond those after the first hundred. Everything is
counted that Python allocates, the SDK's own objects too, so that the bare SDK's run says what is ours.
"""

from __future__ import annotations

import json
import sys
import tempfile
import tracemalloc
from typing import Any

from workload import ASKED, MESSAGES, Phase, instrument, perform, prepared, settle

CHUNKS = 4_000
FIRST, EVERY = 100, 100


def main(variant: str) -> None:
    import openai

    with tempfile.TemporaryDirectory() as home:
        instrument(variant, home)
        perform(Phase("sync", 3, 20), variant)
        settle(variant)
        client = prepared(openai.OpenAI, variant, CHUNKS)
        print(json.dumps(_held(client)), flush=True)
        settle(variant)


def _held(client: Any) -> dict[int, int]:
    """Bytes by chunks."""
    stream = client.chat.completions.create(model=ASKED, messages=MESSAGES, stream=True)
    found: dict[int, int] = {}
    base = 0
    tracemalloc.start()
    for number, _chunk in enumerate(stream, 1):
        if number == FIRST:
            base = tracemalloc.get_traced_memory()[0]
        elif number > FIRST and number % EVERY == 0:
            found[number] = tracemalloc.get_traced_memory()[0] - base
    tracemalloc.stop()
    return found


if __name__ == "__main__":
    main(sys.argv[1])
