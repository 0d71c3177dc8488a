"""Random seeds of receipts, taken from the system in batches.

Every system call gives up the interpreter's lock and then waits for it again; one for each call of the caller's would
cost more than all that is decided with it. A forked child throws away what it inherited.
"""

from __future__ import annotations

import os

_BATCH = 256
_pool: list[bytes] = []


def take() -> bytes:
    """16 unpredictable bytes, never handed out twice."""
    try:
        return _pool.pop()
    except IndexError:
        drawn = os.urandom(16 * _BATCH)
        _pool.extend(drawn[start : start + 16] for start in range(16, len(drawn), 16))
        return drawn[:16]


os.register_at_fork(after_in_child=_pool.clear)
