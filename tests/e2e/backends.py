"""The real backends for tests: a ``stack`` fixture, and small clients that ask Jaeger and Prometheus what arrived.

Backends come from binaries of scripts/backends.py (built on first use), else from docker-compose.yml where a container
engine answers. Where neither can be had the tests are skipped with a reason that begins with "backends unavailable",
or fail with it when WAYPOST_REQUIRE_BACKENDS=1: an unbuildable backend must not pass for a tested one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # scripts/ is a package of the checkout, not of the wheel
    sys.path.insert(0, str(ROOT))

from scripts.backends import BackendsUnavailableError, Ports, Stack, ensure_built  # noqa: E402

__all__ = [
    "ROOT",
    "Endpoints",
    "Jaeger",
    "JaegerSpan",
    "Ports",
    "Prometheus",
    "Stack",
    "native_or_give_up",
    "stack",
    "until",
]

DEADLINE_S = 20.0
# A proxy that the environment names is not the way to this machine's own servers.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
T = TypeVar("T")


class Endpoints(Protocol):
    """Base URLs of a running stack, however it runs."""

    @property
    def otlp_grpc(self) -> str: ...
    @property
    def otlp_http(self) -> str: ...
    @property
    def jaeger(self) -> str: ...
    @property
    def prometheus(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ComposeStack:
    """The services of docker-compose.yml, published on ports of this machine."""

    ports: Ports
    otlp_grpc: str
    otlp_http: str
    jaeger: str
    prometheus: str


# -- the fixture ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A running Collector (agent configuration), Jaeger and Prometheus with data of their own, for the session."""
    with running(tmp_path_factory.mktemp("backends")) as endpoints:
        yield endpoints


@contextmanager
def running(data_dir: Path) -> Iterator[Endpoints]:
    """Native processes, else containers, else skip (or fail, see the module)."""
    try:
        ensure_built()
    except BackendsUnavailableError as native:
        if (why_not := engine_missing()) is not None:
            give_up(f"{native}; and no containers either: {why_not}")
        with compose(data_dir) as containers:
            yield containers
        return
    with Stack(data_dir) as processes:
        yield processes


def native_or_give_up() -> None:
    """For tests that stop and start single processes, which only the native stack can do."""
    try:
        ensure_built()
    except BackendsUnavailableError as error:
        give_up(str(error))


def give_up(reason: str) -> NoReturn:
    """Skip with ``reason``, or fail with it where the backends are required."""
    if os.environ.get("WAYPOST_REQUIRE_BACKENDS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def engine_missing() -> str | None:
    """Why docker compose cannot be used here, or None if it can."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    for command, what in ((["docker", "info"], "the container engine"), (["docker", "compose", "version"], "compose")):
        try:
            asked = subprocess.run(command, capture_output=True, timeout=30, check=False)
        except subprocess.TimeoutExpired:
            return f"{what} does not answer"
        if asked.returncode != 0:
            return f"{what} does not answer"
    return None


@contextmanager
def compose(data_dir: Path) -> Iterator[ComposeStack]:
    """Collector, Jaeger and Prometheus of docker-compose.yml by testcontainers, on free ports; removed at the end."""
    try:
        # Only here, because most machines take the native way and need not have it.
        from testcontainers.compose import DockerCompose  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        give_up("backends unavailable: the container engine answers, but testcontainers is not installed")
    ports = Ports.free()
    settings = {
        "COMPOSE_PROJECT_NAME": f"waypost-test-{os.getpid()}",
        "WAYPOST_PORT_OTLP_GRPC": ports.otlp_grpc,
        "WAYPOST_PORT_OTLP_HTTP": ports.otlp_http,
        "WAYPOST_PORT_JAEGER": ports.jaeger_query,
        "WAYPOST_PORT_PROMETHEUS": ports.prometheus,
    }
    env_file = data_dir / "compose.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    urls = {
        "otlp_grpc": f"http://127.0.0.1:{ports.otlp_grpc}",
        "otlp_http": f"http://127.0.0.1:{ports.otlp_http}",
        "jaeger": f"http://127.0.0.1:{ports.jaeger_query}",
        "prometheus": f"http://127.0.0.1:{ports.prometheus}",
    }
    services = ["collector", "jaeger", "prometheus"]
    with DockerCompose(
        str(ROOT), compose_file_name="docker-compose.yml", env_file=str(env_file), services=services, wait=False
    ) as containers:
        containers.services = None  # at the end take all of the project down: its network and volumes too
        until(lambda: _reachable(f"{urls['prometheus']}/-/ready"), "Prometheus in its container is ready", 60)
        until(lambda: _reachable(f"{urls['jaeger']}/api/services"), "Jaeger in its container answers", 60)
        # The receiver refuses GET, which is enough to know that it listens.
        until(lambda: _reachable(f"{urls['otlp_http']}/v1/traces"), "the Collector in its container listens", 60)
        yield ComposeStack(ports, **urls)


def _reachable(url: str) -> bool | None:
    try:
        with DIRECT.open(url, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True if error.code < 500 else None
    except OSError:
        return None


# -- waiting and asking -----------------------------------------------------------------------------------------------


def until(probe: Callable[[], T | None], what: str, deadline_s: float = DEADLINE_S) -> T:
    """The first truthy answer of ``probe``, asked ten times a second. Fails the test with ``what`` after the deadline.

    An SDK's force_flush() is no proof of delivery (it returns True with nobody listening); this is.
    """
    end = time.monotonic() + deadline_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"not within {deadline_s:.0f} s: {what}")
        time.sleep(0.1)


def _get(url: str, parameters: Mapping[str, str] | None = None) -> Any:
    """The JSON behind a URL; None for 404, which is how Jaeger says that it does not have a trace yet."""
    query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
    try:
        with DIRECT.open(url + query, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 404:
            return None
        raise


@dataclass(frozen=True, slots=True)
class JaegerSpan:
    """One stored span; ``tags`` hold span attributes (with Jaeger's own, such as span.kind), by their full names."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    tags: Mapping[str, object]
    events: tuple[Mapping[str, object], ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Jaeger:
    """Jaeger's query API. Trace ids are 32 hex digits."""

    url: str

    def trace(self, trace_id: str, spans: int = 1) -> list[JaegerSpan]:
        """The spans of a trace, by start time, once at least ``spans`` of them are stored."""

        def probe() -> list[JaegerSpan] | None:
            found = _spans(_get(f"{self.url}/api/traces/{trace_id}"))
            return found if len(found) >= spans else None

        return until(probe, f"{spans} spans of trace {trace_id} in Jaeger")

    def has(self, trace_id: str) -> bool:
        """Whether any span of the trace is stored now."""
        return bool(_spans(_get(f"{self.url}/api/traces/{trace_id}")))

    def search(self, service: str, tags: Mapping[str, str], *, wait: bool = True) -> set[str]:
        """Ids of the service's traces that have a span with all these tags (compared as strings).

        Waits until there is one, or with ``wait=False`` answers what is there now.
        """

        def probe() -> set[str]:
            asked = {"service": service, "tags": json.dumps(dict(tags)), "limit": "1000"}
            return {span.trace_id for span in _spans(_get(f"{self.url}/api/traces", asked))}

        return until(probe, f"a trace of {service} with {dict(tags)} in Jaeger") if wait else probe()


def _spans(document: Any) -> list[JaegerSpan]:
    found: list[JaegerSpan] = []
    for trace in (document or {}).get("data") or []:
        for span in sorted(trace["spans"], key=lambda each: int(each["startTime"])):
            parents = [link["spanID"] for link in span.get("references", []) if link["refType"] == "CHILD_OF"]
            found.append(
                JaegerSpan(
                    trace_id=span["traceID"],
                    span_id=span["spanID"],
                    parent_id=parents[0] if parents else None,
                    service=trace["processes"][span["processID"]]["serviceName"],
                    name=span["operationName"],
                    tags={tag["key"]: tag["value"] for tag in span["tags"]},
                    events=tuple({f["key"]: f["value"] for f in log["fields"]} for log in span.get("logs") or []),
                    raw=json.dumps([span, trace["processes"]]),
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant query."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One exemplar: the value that was recorded, and the trace in which it was."""

    series: Mapping[str, str]
    trace_id: str
    value: float


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Prometheus' query API."""

    url: str

    def query(self, promql: str) -> list[Sample]:
        """The series of an instant query, once there is one."""
        return until(lambda: self.query_now(promql), f"a series for {promql} in Prometheus")

    def query_now(self, promql: str) -> list[Sample]:
        """The same without waiting; may be empty."""
        found = _get(f"{self.url}/api/v1/query", {"query": promql})["data"]["result"]
        return [Sample(each["metric"], float(each["value"][1])) for each in found]

    def exemplars(self, promql: str) -> list[Exemplar]:
        """The exemplars of a selector over the last hour, once there is one."""

        def probe() -> list[Exemplar]:
            now = time.time()
            asked = {"query": promql, "start": f"{now - 3600:.3f}", "end": f"{now + 60:.3f}"}
            found = _get(f"{self.url}/api/v1/query_exemplars", asked)["data"]
            return [
                Exemplar(series["seriesLabels"], each["labels"].get("trace_id", ""), float(each["value"]))
                for series in found
                for each in series["exemplars"]
            ]

        return until(probe, f"an exemplar for {promql} in Prometheus")
