"""How the tests come by their backends, with neither Go nor a container engine needed to find out (S4.06)."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scripts.backends import BackendsUnavailableError

from e2e import backends
from e2e.backends import Ports, compose, engine_missing, give_up, native_or_give_up, running


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Go, no cached binary and no docker command."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("WAYPOST_BACKENDS_CACHE", str(tmp_path / "cache"))


def fake_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a `docker` first on PATH that writes its arguments to the returned file and then runs ``script``."""
    folder.mkdir()
    log = folder / "log"
    docker = folder / "docker"
    docker.write_text(f'#!/bin/sh\necho "$*" >> {log}\n{script}\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return log


@pytest.mark.usefixtures("nothing")
def test_without_backends_the_tests_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason begins with "backends unavailable" and names both ways that are closed."""
    monkeypatch.delenv("WAYPOST_REQUIRE_BACKENDS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^backends unavailable: no Go .* there is no docker command$"):
        running(tmp_path).__enter__()
    with pytest.raises(pytest.skip.Exception, match=r"^backends unavailable: no Go"):
        native_or_give_up()


@pytest.mark.usefixtures("nothing")
def test_required_backends_fail_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAYPOST_REQUIRE_BACKENDS=1 turns the same skip into a failure, so that CI cannot pass without them."""
    monkeypatch.setenv("WAYPOST_REQUIRE_BACKENDS", "1")
    with pytest.raises(pytest.fail.Exception, match=r"^backends unavailable: no Go"):
        running(tmp_path).__enter__()
    with pytest.raises(pytest.fail.Exception, match="why"):
        give_up("why")


@pytest.mark.parametrize(
    ("script", "missing"),
    [
        ("exit 0", None),
        ("exit 1", "the container engine does not answer"),
        ('[ "$1" = info ]', "compose does not answer"),
    ],
)
def test_which_engine_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, missing: str | None
) -> None:
    """A client alone is not enough: the engine behind it and the compose plugin must answer."""
    fake_docker(tmp_path / "bin", monkeypatch, script)
    assert engine_missing() == missing


@pytest.fixture
def answering() -> Iterator[int]:
    """The port of an HTTP server that says 200 to everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_containers_are_the_second_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answering: int) -> None:
    """testcontainers starts three services of docker-compose.yml on free ports, and takes the whole project down."""
    pytest.importorskip("testcontainers", reason="testcontainers is not installed")

    def unbuildable() -> None:
        raise BackendsUnavailableError("no Go", "install it")

    ports = replace(Ports.free(), otlp_http=answering, jaeger_query=answering, prometheus=answering)
    monkeypatch.setattr(backends, "ensure_built", unbuildable)
    monkeypatch.setattr(backends.Ports, "free", lambda: ports)
    log = fake_docker(tmp_path / "bin", monkeypatch, "exit 0")
    with running(tmp_path) as stack:
        assert (stack.otlp_http, stack.jaeger) == (f"http://127.0.0.1:{answering}",) * 2
        assert stack.otlp_grpc == f"http://127.0.0.1:{ports.otlp_grpc}"
    *_, up, down = log.read_text().splitlines()
    options = f"compose -f docker-compose.yml --env-file {tmp_path / 'compose.env'}"
    assert up == f"{options} up --detach collector jaeger prometheus"
    assert down == f"{options} down --volumes"
    settings = dict(line.split("=") for line in (tmp_path / "compose.env").read_text().splitlines())
    assert settings["WAYPOST_PORT_OTLP_GRPC"] == str(ports.otlp_grpc)
    assert settings["COMPOSE_PROJECT_NAME"] == f"waypost-test-{os.getpid()}"
    published = (backends.ROOT / "docker-compose.yml").read_text()
    assert {name for name in settings if f"${{{name}:-" not in published} == {"COMPOSE_PROJECT_NAME"}


def test_a_missing_testcontainers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine without the Python package that drives it is one more reason, not an ImportError."""
    monkeypatch.setitem(sys.modules, "testcontainers.compose", None)
    monkeypatch.delenv("WAYPOST_REQUIRE_BACKENDS", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^backends unavailable: .*testcontainers is not installed"):
        compose(tmp_path).__enter__()
