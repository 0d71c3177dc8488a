"""Where the logger ``waypost`` is heard. Handlers are the application's; without any, Python shows warnings alone."""

from __future__ import annotations

import logging

NAME = "waypost"


class _Unheard(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr as long as the application has no handler of its own."""

    def handle(self, record: logging.LogRecord) -> bool:
        if logging.getLogger().handlers:
            return False
        return super().handle(record)


def level(name: str) -> None:
    """Log from ``name`` on. Below WARNING somebody asked for more than Python shows where nobody set up logging."""
    log = logging.getLogger(NAME)
    log.setLevel(name)
    if log.level < logging.WARNING and not log.hasHandlers():
        handler = _Unheard()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        log.addHandler(handler)
