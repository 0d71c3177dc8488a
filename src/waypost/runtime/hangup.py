"""``SIGHUP`` reads policies and catalogs again, where that takes nothing away from anybody.

A process with a terminal keeps the signal's own meaning: it ends when its terminal is closed. One without (a server, a
container) gets our handler, if it has none; a handler that is there is called after ours. An ignored signal stays so.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

_installed: Any = None


def install(on_hangup: Callable[[], bool]) -> bool:
    """Have ``on_hangup()`` called at each ``SIGHUP``, once per process. ``False``: not here.

    It runs on the main thread between two instructions of somebody else, and so must do nothing but leave word. Where
    it returns ``False``, the signal means what it meant before.
    """
    global _installed
    if not hasattr(signal, "SIGHUP") or threading.current_thread() is not threading.main_thread():
        return False
    before = signal.getsignal(signal.SIGHUP)
    if before is _installed is not None:
        return True
    if before is signal.SIG_DFL:
        if _has_terminal():
            return False
    elif not callable(before):
        return False

    def handler(number: int, frame: FrameType | None) -> None:
        heard = False
        with suppress(Exception):
            heard = on_hangup()
        if callable(before):
            before(number, frame)
        elif not heard:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    _installed = handler
    signal.signal(signal.SIGHUP, handler)
    return True


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
