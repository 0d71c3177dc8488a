"""The TCP ports of a stack: the usual ones, the usual ones shifted, named ones, or free ones."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, fields
from typing import Self

from scripts.backend_builds import BackendsError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on the loopback interface. The defaults are those of the configurations and of their upstreams."""

    otlp_grpc: int = 4317
    otlp_http: int = 4318
    collector_health: int = 13133
    collector_metrics: int = 8888
    jaeger_receiver: int = 14317
    jaeger_query: int = 16686
    jaeger_query_grpc: int = 16685
    jaeger_health: int = 13134
    prometheus: int = 9090

    @classmethod
    def shifted(cls, offset: int) -> Self:
        """The defaults, each plus ``offset``. Raises BackendsError where that leaves the range of ports."""
        moved = {name: port + offset for name, port in asdict(cls()).items()}
        return cls.parse(json.dumps(moved))

    @classmethod
    def parse(cls, text: str) -> Self:
        """From a JSON object that names some ports; the others keep their defaults. Raises BackendsError."""
        known = {field.name for field in fields(cls)}
        try:
            given = json.loads(text)
        except json.JSONDecodeError as error:
            raise BackendsError(f"the ports are not JSON: {error}") from error
        if not isinstance(given, dict):
            raise BackendsError('the ports must be a JSON object such as {"otlp_http": 24318}')
        for name, port in given.items():
            if name not in known:
                raise BackendsError(f"there is no port {name!r}; there are {', '.join(sorted(known))}")
            if type(port) is not int or not 0 < port < 65536:
                raise BackendsError(f"port {name} must be a whole number from 1 to 65535, not {port!r}")
        return cls(**given)

    @classmethod
    def free(cls) -> Self:
        """Ports that were free a moment ago, all different. Another process may still be quicker: see Stack.start."""
        with ExitStack() as held:
            picked: dict[str, int] = {}
            for field in fields(cls):  # all held until the last is known, so that none is given out twice
                probe = held.enter_context(closing(socket.socket()))
                probe.bind((HOST, 0))
                picked[field.name] = probe.getsockname()[1]
            return cls(**picked)

    def taken(self) -> list[str]:
        """The ports that some process listens on now, as "name number"."""
        found: list[str] = []
        for name, number in asdict(self).items():
            with closing(socket.socket()) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger are no listener
                try:
                    probe.bind((HOST, number))
                except OSError:
                    found.append(f"{name} {number}")
        return found
