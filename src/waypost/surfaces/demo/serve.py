"""The emulated providers for a program of one's own: they run until Ctrl-C, and the shell is told where they are."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Callable, Mapping

from waypost.surfaces.demo.emulator import Emulator
from waypost.surfaces.demo.place import keys

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def serve(say: Callable[[str], None], environ: Mapping[str, str], *, until: threading.Event | None = None) -> None:
    """Start the emulator, say what a program needs to be pointed at it, and wait for ``until`` or Ctrl-C.

    Raises:
        ConfigError: no emulator, or a catalog that cannot be used.
    """
    with Emulator() as providers:
        say("\n".join(lines(providers, environ)) + "\n")
        try:
            (until or threading.Event()).wait()
        except KeyboardInterrupt:
            say("\n# Stopped.\n")


def lines(providers: Emulator, environ: Mapping[str, str]) -> list[str]:
    """Lines for a shell, that may be saved to a file and sourced; what is meant for people are comments."""
    values = providers.environment()
    real = sorted(name for name in keys() - set(values) if environ.get(name))
    if any(environ.get(name) or environ.get(name.lower()) for name in PROXIES):
        values |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1")
    return [
        f"# Emulated providers listen on {providers.url} until Ctrl-C. In the shell of your program:",
        "",
        *[f"export {name}={shlex.quote(value)}" for name, value in values.items()],
        *(["# Keys of real providers, to which calls could be routed otherwise:"] if real else []),
        *[f"unset {name}" for name in real],
        "",
        '# Then run it; calls with model="auto" are routed, the answers are made up, the prices are the catalog\'s:',
        "#   waypost run app.py",
    ]
