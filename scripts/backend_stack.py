"""Start, watch and stop a Collector, Jaeger and Prometheus as ordinary processes of this user.

Everything that a stack leaves behind is in its data folder: <name>.pid (pid and binary), <name>.log, stack.json
(endpoints and health addresses), queue/ (the Collector's) and prometheus/. So another process can stop it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.backend_builds import BACKENDS, ROOT, SOURCES, BackendsError, ensure_built
from scripts.backend_ports import HOST, Ports

START_DEADLINE_S = 30.0
TERM_GRACE_S = 5.0
# A proxy that the environment names is not the way to this machine's own servers.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Service:
    """One process of a stack: how it is started and where it says that it is well."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    health: str


class Stack:
    """A Collector in front of Jaeger and Prometheus, with all data, logs and pid files under ``data_dir``.

    As a context manager it is up inside the block and down after it. ``ports`` default to free ones. ``gateway`` adds
    collector/gateway.yaml: tail sampling, and metrics from spans. ``env`` overrides the configurations' settings.
    """

    def __init__(
        self,
        data_dir: Path,
        ports: Ports | None = None,
        *,
        gateway: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.gateway = gateway
        self._given = ports
        self._env = dict(env or {})
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._services: dict[str, Service] = {}
        self.ports = ports or Ports.free()

    @property
    def otlp_grpc(self) -> str:
        """Where an OTLP/gRPC exporter sends."""
        return f"http://{HOST}:{self.ports.otlp_grpc}"

    @property
    def otlp_http(self) -> str:
        """Base URL for OTLP/HTTP; exporters add /v1/traces and /v1/metrics."""
        return f"http://{HOST}:{self.ports.otlp_http}"

    @property
    def jaeger(self) -> str:
        """Base URL of Jaeger's query API."""
        return f"http://{HOST}:{self.ports.jaeger_query}"

    @property
    def prometheus(self) -> str:
        """Base URL of Prometheus' query API."""
        return f"http://{HOST}:{self.ports.prometheus}"

    def endpoints(self) -> dict[str, str]:
        """The four URLs by name."""
        return {name: getattr(self, name) for name in ("otlp_grpc", "otlp_http", "jaeger", "prometheus")}

    def services(self, binaries: Mapping[str, Path]) -> dict[str, Service]:
        """Command line, settings and health address of each process."""
        ports, here = self.ports, self.data_dir
        layers = ["agent.yaml", "gateway.yaml"] if self.gateway else ["agent.yaml"]
        settings = {
            "WAYPOST_COLLECTOR_GRPC": f"{HOST}:{ports.otlp_grpc}",
            "WAYPOST_COLLECTOR_HTTP": f"{HOST}:{ports.otlp_http}",
            "WAYPOST_COLLECTOR_HEALTH": f"{HOST}:{ports.collector_health}",
            "WAYPOST_COLLECTOR_METRICS_HOST": HOST,
            "WAYPOST_COLLECTOR_METRICS_PORT": str(ports.collector_metrics),
            "WAYPOST_COLLECTOR_QUEUE": str(here / "queue"),
            "WAYPOST_JAEGER_OTLP": f"{HOST}:{ports.jaeger_receiver}",
            "WAYPOST_PROMETHEUS_OTLP": f"{self.prometheus}/api/v1/otlp",
            "WAYPOST_JAEGER_RECEIVER": f"{HOST}:{ports.jaeger_receiver}",
            "WAYPOST_JAEGER_QUERY": f"{HOST}:{ports.jaeger_query}",
            "WAYPOST_JAEGER_QUERY_GRPC": f"{HOST}:{ports.jaeger_query_grpc}",
            "WAYPOST_JAEGER_HEALTH": f"{HOST}:{ports.jaeger_health}",
            **self._env,
        }
        argv = {
            "jaeger": ["--config", str(SOURCES / "jaeger" / "jaeger.yaml")],
            "prometheus": [
                f"--config.file={SOURCES / 'prometheus' / 'prometheus.yml'}",
                f"--storage.tsdb.path={here / 'prometheus'}",
                f"--web.listen-address={HOST}:{ports.prometheus}",
                "--web.enable-otlp-receiver",
                "--enable-feature=exemplar-storage,otlp-deltatocumulative",
            ],
            "collector": [word for layer in layers for word in ("--config", str(ROOT / "collector" / layer))],
        }
        health = {
            "jaeger": f"http://{HOST}:{ports.jaeger_health}/status",
            "prometheus": f"{self.prometheus}/-/ready",
            "collector": f"http://{HOST}:{ports.collector_health}/",
        }
        return {
            name: Service(name, (str(binaries[name].resolve()), *words), settings, health[name])
            for name, words in argv.items()
        }

    def start(self) -> Self:
        """Build what is missing, start all three and wait until they are well.

        Raises BackendsUnavailableError, or BackendsError with the end of a log. Leaves nothing running when it raises.
        """
        binaries = ensure_built()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        running = [name for name, process in _recorded(self.data_dir).items() if _alive(process)]
        if running:  # not ours to stop
            raise BackendsError(f"{', '.join(running)} already runs with {self.data_dir}; say `down` first")
        for attempt in (1, 2, 3):
            try:
                self._start(self.services(binaries))
            except BackendsError as error:
                self.stop()
                # Ports that we picked may have been taken in between; ports that were given may not be changed.
                if self._given is not None or attempt == 3 or "address already in use" not in str(error):
                    raise
                self.ports = Ports.free()
            except BaseException:  # an interrupt must not leave processes behind
                self.stop()
                raise
            else:
                break
        return self

    def _start(self, services: Mapping[str, Service]) -> None:
        # Before starting: a stranger's server on a health port would answer for ours, and be taken for it.
        if taken := self.ports.taken():
            raise BackendsError(f"address already in use: {', '.join(taken)}; choose other ports")
        self._services = dict(services)
        for service in services.values():
            self._spawn(service)
        facts = {"endpoints": self.endpoints(), "health": {name: each.health for name, each in services.items()}}
        (self.data_dir / "stack.json").write_text(json.dumps(facts, indent=2))
        wait(self.data_dir)

    def _spawn(self, service: Service) -> None:
        with (self.data_dir / f"{service.name}.log").open("ab") as log:
            try:
                child = subprocess.Popen(
                    service.argv,
                    cwd=self.data_dir,
                    env={**os.environ, **service.env},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C in a test run is for the test run, which then stops them in order
                )
            except OSError as error:  # a cache copied from another kind of machine
                raise BackendsError(f"{service.argv[0]} cannot be run ({error}); delete it and build again") from error
        self._children[service.name] = child
        (self.data_dir / f"{service.name}.pid").write_text(f"{child.pid}\n{service.argv[0]}\n")

    def kill(self, name: str) -> None:
        """End one process as a crash would (KILL), and return when it is gone."""
        self._children[name].kill()
        self._children.pop(name).wait()

    def restart(self, name: str) -> None:
        """Start one process again after ``kill``, with the same ports and data, and return when it is well."""
        self._spawn(self._services[name])
        wait(self.data_dir, only=name)

    def stop(self) -> None:
        """Stop all three. Does nothing for one that does not run."""
        down(self.data_dir)
        for child in self._children.values():
            child.wait(timeout=TERM_GRACE_S)
        self._children.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def wait(data_dir: Path, deadline_s: float = START_DEADLINE_S, only: str | None = None) -> None:
    """Return when all recorded processes (or ``only`` one) are well. Raises BackendsError when one ended or is late."""
    until = time.monotonic() + deadline_s
    names = [only] if only else list(status(data_dir))
    for name in names:
        while not (state := status(data_dir)[name])["healthy"]:
            if not state["running"]:
                raise BackendsError(f"{name} ended while it started; its log ends with: {_tail(data_dir, name)}")
            if time.monotonic() > until:
                raise BackendsError(f"{name} is not well after {deadline_s:.0f} s: {_tail(data_dir, name)}")
            time.sleep(0.05)


def status(data_dir: Path) -> dict[str, dict[str, object]]:
    """Per backend of ``data_dir``: its pid, whether it runs and is well. Raises BackendsError if none was started."""
    recorded = _recorded(data_dir)
    try:
        health: dict[str, str] = json.loads((data_dir / "stack.json").read_text())["health"]
    except FileNotFoundError as error:
        raise BackendsError(f"nothing was started with {data_dir}; say `up --data {data_dir}`") from error
    states: dict[str, dict[str, object]] = {}
    for name, url in health.items():
        process = recorded.get(name)
        running = process is not None and _alive(process)
        states[name] = {
            "pid": process.pid if process else None,
            "running": running,
            "healthy": running and _answers(url),
        }
    return states


def down(data_dir: Path) -> list[str]:
    """TERM to each recorded process that still is ours, KILL after five seconds. Returns the names of those stopped."""
    recorded = _recorded(data_dir)
    ours = {name: process for name, process in recorded.items() if _alive(process)}
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in ours.values():
            if _alive(process):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)
        until = time.monotonic() + TERM_GRACE_S
        while any(_alive(process) for process in ours.values()) and time.monotonic() < until:
            time.sleep(0.02)
    for name in recorded:
        (data_dir / f"{name}.pid").unlink()
    return sorted(ours)


@dataclass(frozen=True, slots=True)
class Process:
    """What a pid file holds: the pid, and the path of its program with symbolic links resolved."""

    pid: int
    binary: str


def _recorded(data_dir: Path) -> dict[str, Process]:
    """Name -> process, from the pid files."""
    found: dict[str, Process] = {}
    for backend in BACKENDS:
        path = data_dir / f"{backend.name}.pid"
        if path.exists():
            pid, binary = path.read_text().splitlines()
            found[backend.name] = Process(int(pid), binary)
    return found


def _alive(process: Process) -> bool:
    """Whether the pid still is that binary (pids are reused, and a stranger is never signalled). A zombie is dead."""
    if Path("/proc/self/exe").exists():
        # Not cmdline, which is empty for a moment after exec: a process just started would look dead.
        try:
            program = os.readlink(f"/proc/{process.pid}/exe")  # there is none for a zombie
        except OSError:
            return False
        return program.removesuffix(" (deleted)") == process.binary
    asked = ["ps", "-ww", "-o", "stat=,args=", "-p", str(process.pid)]
    state, _, command = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip().partition(" ")
    return not state.startswith("Z") and command.strip().startswith(process.binary)


def _answers(url: str) -> bool:
    try:
        with _DIRECT.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(data_dir: Path, name: str, lines: int = 5) -> str:
    text = (data_dir / f"{name}.log").read_text(errors="replace")
    return " / ".join(text.strip().splitlines()[-lines:]) or "(nothing)"
