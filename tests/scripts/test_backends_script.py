"""scripts/backends.py without Go: what a build is called, what a failed one is told to be, how ports are picked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # scripts/ is a package of the checkout, not of the wheel
    sys.path.insert(0, str(ROOT))

from scripts.backend_builds import (  # noqa: E402
    BACKENDS,
    Backend,
    BackendsError,
    BackendsUnavailableError,
    cache_key,
    cached,
    diagnose,
    ensure_built,
    recipe_digest,
    require_go,
)
from scripts.backend_ports import Ports  # noqa: E402
from scripts.backend_stack import Process, Stack, _alive, down, status  # noqa: E402

from scripts import backend_builds, backend_stack, backends  # noqa: E402

GO = "go version go1.26.8 linux/amd64"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A backend called `demo` with sources of its own and an empty cache."""
    monkeypatch.setattr(backend_builds, "SOURCES", tmp_path / "sources")
    monkeypatch.setenv("WAYPOST_BACKENDS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    demo = Backend("demo", ".", tags=("netgo",))
    monkeypatch.setattr(backend_builds, "BACKENDS", (demo,))
    demo.folder.mkdir(parents=True)
    for name, text in {"go.mod": "module demo\n", "go.sum": "", "main.go": "package main\n"}.items():
        (demo.folder / name).write_text(text)
    return demo


def fake_go(folder: Path, monkeypatch: pytest.MonkeyPatch, *, version: str = GO, build: str = "exit 1") -> None:
    """Put a `go` first on PATH that says ``version`` and runs the shell line ``build`` to build; $out is the target."""
    folder.mkdir(exist_ok=True)
    go = folder / "go"
    find_out = 'for word; do [ "$last" = -o ] && out=$word; last=$word; done'
    go.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo "{version}"; exit 0; fi\n{find_out}\n{build}\n')
    go.chmod(go.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def no_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing on PATH."""
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("PATH", str(folder))


# -- the name of a build ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_every_source_is_in_the_key(module: Backend, name: str) -> None:
    """A changed byte in go.mod, go.sum or a Go file makes another key; a README does not."""
    before = cache_key(module, GO)
    (module.folder / "README.md").write_text("words")
    assert cache_key(module, GO) == before
    with (module.folder / name).open("a") as source:
        source.write("// more\n")
    assert cache_key(module, GO) != before


def test_the_recipe_and_the_toolchain_are_in_the_key(module: Backend) -> None:
    """Other tags, linker flags, package, a renamed source or another Go make another key; asking twice does not."""
    before = cache_key(module, GO)
    assert cache_key(module, GO) == before
    others = [replace(module, tags=()), replace(module, ldflags=""), replace(module, package="./cmd")]
    keys = {cache_key(other, GO) for other in others} | {cache_key(module, GO.replace("1.26.8", "1.27.0"))}
    (module.folder / "main.go").rename(module.folder / "other.go")
    keys.add(cache_key(module, GO))
    assert len(keys | {before}) == 6


def test_the_real_modules_have_keys_of_their_own() -> None:
    """The three committed modules are complete enough to be named, each differently (S4.06)."""
    assert {backend.name for backend in BACKENDS} == {"collector", "jaeger", "prometheus"}
    assert len({recipe_digest(backend) for backend in BACKENDS}) == 3


# -- building ---------------------------------------------------------------------------------------------------------


def test_a_build_is_made_once(
    module: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second call finds the first one's binary and runs no compiler; nothing half-made is left beside it."""
    log = tmp_path / "log"
    fake_go(
        tmp_path / "bin", monkeypatch, build=f'echo "$GOTOOLCHAIN $CGO_ENABLED $GOFLAGS $*" >> {log}; echo x > "$out"'
    )
    first = ensure_built()["demo"]
    assert ensure_built() == {"demo": first}
    assert first.name == cache_key(module, GO)
    assert first.read_text() == "x\n"
    (line,) = log.read_text().splitlines()
    assert line.startswith("local 0 -mod=readonly -trimpath -buildvcs=false build")
    assert "-tags=netgo" in line
    assert {path.name for path in first.parent.iterdir()} == {first.name, ".demo.lock"}
    assert "built demo in" in capfd.readouterr().err


@pytest.mark.usefixtures("module")
def test_two_builders_at_once_build_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second builder waits for the first and takes its binary instead of building its own."""
    log = tmp_path / "log"
    fake_go(tmp_path / "bin", monkeypatch, build=f'echo built >> {log}; sleep 0.3; echo x > "$out"')
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: ensure_built()["demo"], range(2))
    assert first == second
    assert log.read_text() == "built\n"


def test_a_failed_build_leaves_nothing(module: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that dies after writing half of its output leaves no binary that a later run would trust."""
    fake_go(tmp_path / "bin", monkeypatch, build='echo half > "$out"; echo "main.go:1: syntax error" >&2; exit 1')
    with pytest.raises(BackendsError, match=r"demo does not build from backends/demo.*syntax error"):
        ensure_built()
    assert cached(module) is None
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {".demo.lock"}


def test_without_go_an_earlier_build_is_used(module: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that was filled elsewhere serves a machine with no Go, but only for the same sources."""
    no_go(tmp_path / "empty", monkeypatch)
    binary = tmp_path / "cache" / cache_key(module, "go version go1.26.1 linux/amd64")
    binary.write_text("x")
    assert ensure_built() == {"demo": binary}
    (module.folder / "main.go").write_text("package other\n")
    with pytest.raises(BackendsUnavailableError):
        ensure_built()


def test_a_refused_module_falls_back_to_another_gos_build(
    module: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where a module is refused, binaries of the same sources by another Go are used, and that is said."""
    fake_go(tmp_path / "bin", monkeypatch, build='echo "go: m@v1.0.0: reading m.zip: 403 Forbidden" >&2; exit 1')
    other = tmp_path / "cache" / cache_key(module, "go version go1.26.1 linux/amd64")
    with pytest.raises(BackendsUnavailableError, match="refused a module"):
        ensure_built()
    other.write_text("x")
    assert ensure_built() == {"demo": other}
    assert "using an earlier build of the same sources" in capfd.readouterr().err


# -- what a person is told --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("go: a.io/b@v1: reading URL/b.zip: 403 Forbidden", "the module proxy refused a module"),
        ("go: a.io/b@v1: verifying module: a.io/b@v1: reading URL/lookup: 404 Not Found", "refused a module"),
        ("go: downloading a.io/b v1\ngo: Get URL: dial tcp: lookup h: no such host", "was not reached"),
        ("verifying a.io/b@v1: checksum mismatch\nSECURITY ERROR", "is not the one that go.sum names"),
        ("write /tmp/x: no space left on device", "the disk is full"),
        ("go: a.io/b@v1 requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)", "this Go is too old"),
        ("compile: signal: killed", "ran out of memory"),
    ],
)
def test_what_is_this_machines_fault(output: str, why: str) -> None:
    """Refusals, networks, disks and old toolchains are `backends unavailable`, in one paragraph with Go's own line."""
    error = diagnose("jaeger", output)
    assert isinstance(error, BackendsUnavailableError)
    assert error.exit_code == 3
    assert str(error).startswith("backends unavailable: jaeger cannot be built, ")
    assert why in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "output",
    [
        "main.go:3:2: undefined: components",
        'missing go.sum entry for module providing package "a.io/b"',
        "go: updates to go.mod needed",
        "",
    ],
)
def test_what_is_the_checkouts_fault(output: str) -> None:
    """A checkout that does not build is an error (1), never `unavailable` (3): that would skip the tests it breaks."""
    error = diagnose("jaeger", output)
    assert not isinstance(error, BackendsUnavailableError)
    assert error.exit_code == 1
    assert "a mistake in the checkout" in str(error)


def test_missing_go_is_told_without_a_traceback(
    module: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`build` with no Go ends with exit code 3 and one line that names the remedy and the cost."""
    no_go(tmp_path / "empty", monkeypatch)
    assert backends.main(["build"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("backends unavailable: no Go toolchain was found; install Go 1.26")
    assert "8 GB" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "fits"), [("go1.25.4", False), ("go1.26", True), ("go1.27rc1", True), ("devel", True)]
)
def test_which_go_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool) -> None:
    """Go 1.26 and later build; an older one is refused by its number."""
    fake_go(tmp_path / "bin", monkeypatch, version=f"go version {version} linux/amd64")
    if fits:
        assert version in require_go()
    else:
        with pytest.raises(BackendsUnavailableError, match=r"Go 1\.26 is needed and this is go1\.25"):
            require_go()


def test_an_unknown_backend_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """`build tempo` says what there is."""
    assert backends.main(["build", "tempo"]) == 1
    assert "no backend 'tempo'; there are collector, jaeger, prometheus" in capsys.readouterr().err


def test_paths_tells_what_is_built(
    module: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`paths` prints null for a backend that is not built, and its file for one that is."""
    monkeypatch.setattr(backends, "BACKENDS", (module,))
    monkeypatch.setattr(backend_builds, "go_version", lambda: GO)
    assert backends.main(["paths"]) == 0
    assert json.loads(capsys.readouterr().out) == {"demo": None}
    binary = backend_builds.cache_dir() / cache_key(module, GO)
    binary.write_text("x")
    assert backends.main(["paths"]) == 0
    assert json.loads(capsys.readouterr().out) == {"demo": str(binary)}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"WAYPOST_BACKENDS_CACHE": "/a/b", "XDG_CACHE_HOME": "/c"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/waypost/backends"),
        ({}, str(Path.home() / ".cache" / "waypost" / "backends")),
    ],
)
def test_where_binaries_are_kept(env: dict[str, str], expected: str) -> None:
    """The project's own variable wins over XDG's, and that over the home folder."""
    assert str(backend_builds.cache_dir(env)) == expected


# -- ports and processes ----------------------------------------------------------------------------------------------


def test_picked_ports_are_free_and_differ() -> None:
    """Nine different ports, each of which can be bound at once."""
    ports = Ports.free()
    numbers = [getattr(ports, name) for name in Ports.__slots__]
    assert len(set(numbers)) == len(numbers) == 9
    for number in numbers:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", number))


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server on one of our ports is named, and never mistaken for a healthy backend of ours; nothing is started."""
    binaries = {backend.name: tmp_path / backend.name for backend in BACKENDS}
    monkeypatch.setattr(backend_stack, "ensure_built", lambda: binaries)
    ports = Ports.free()
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", ports.jaeger_health))
        stranger.listen()
        with pytest.raises(BackendsError, match=f"address already in use: jaeger_health {ports.jaeger_health};"):
            Stack(tmp_path, ports).start()
    assert list(tmp_path.iterdir()) == []


def test_shifted_and_parsed_ports() -> None:
    """An offset moves all ports; JSON moves the named ones and leaves the others."""
    assert Ports.shifted(1000) == Ports(5317, 5318, 14133, 9888, 15317, 17686, 17685, 14134, 10090)
    assert Ports.parse('{"otlp_http": 24318}') == replace(Ports(), otlp_http=24318)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"otlp": 1}', r"no port 'otlp'; there are collector_health,"),
        ('{"otlp_http": 0}', "from 1 to 65535, not 0"),
        ('{"otlp_http": "1"}', "not '1'"),
        ('{"otlp_http": true}', "not True"),
    ],
)
def test_wrong_ports_are_refused(text: str, message: str) -> None:
    """Each mistake in --ports is named."""
    with pytest.raises(BackendsError, match=message):
        Ports.parse(text)


def test_an_offset_out_of_range_is_refused() -> None:
    """An offset that leaves 1 to 65535 is told, not passed on to a server."""
    with pytest.raises(BackendsError, match="65535"):
        Ports.shifted(60_000)


def test_every_setting_of_the_configurations_is_given(tmp_path: Path) -> None:
    """Each ${env:NAME} of the three configurations is set by the stack or is one that only a person sets (S4.06)."""
    names = set[str]()
    for path in ("collector/agent.yaml", "collector/gateway.yaml", "backends/jaeger/jaeger.yaml"):
        for part in (ROOT / path).read_text().split("${env:")[1:]:
            names.add(part.split(":-")[0])
    services = Stack(tmp_path, Ports()).services({name: Path("/x") for name in ("collector", "jaeger", "prometheus")})
    given = set(services["collector"].env)
    assert names - given == {"WAYPOST_TRACE_PERCENT", "WAYPOST_JAEGER_TRACES"}
    assert given - names == set()


def test_the_gateway_is_a_second_layer(tmp_path: Path) -> None:
    """The gateway's file is loaded after the agent's, never instead of it."""
    binaries = {name: Path("/x") for name in ("collector", "jaeger", "prometheus")}
    plain = Stack(tmp_path, Ports()).services(binaries)["collector"].argv
    gateway = Stack(tmp_path, Ports(), gateway=True).services(binaries)["collector"].argv
    assert gateway[: len(plain)] == plain
    assert gateway[len(plain) :] == ("--config", str(ROOT / "collector" / "gateway.yaml"))


def test_a_reused_pid_is_not_signalled(tmp_path: Path) -> None:
    """A pid file whose pid now belongs to another program (here: this test) is cleared, and nobody is killed."""
    (tmp_path / "jaeger.pid").write_text(f"{os.getpid()}\n/nowhere/jaeger\n")
    assert not _alive(Process(os.getpid(), "/nowhere/jaeger"))
    assert down(tmp_path) == []
    assert not (tmp_path / "jaeger.pid").exists()


def test_a_backend_that_ends_at_once_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends while it starts is named, with the end of its log, and the others are stopped."""
    binaries = {backend.name: tmp_path / backend.name for backend in BACKENDS}
    for binary in binaries.values():
        shutil.copy(shutil.which("false") or "", binary)
    monkeypatch.setattr(backend_stack, "ensure_built", lambda: binaries)
    with pytest.raises(BackendsError, match=r"jaeger ended while it started; its log ends with: \(nothing\)"):
        Stack(tmp_path / "data").start()
    assert list((tmp_path / "data").glob("*.pid")) == []


def test_who_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorded process that does not end at TERM is ended by KILL after the time of grace."""
    monkeypatch.setattr(backend_stack, "TERM_GRACE_S", 0.2)
    shell = str(Path(shutil.which("sh") or "").resolve())
    deaf = [shell, "-c", "trap '' TERM; echo deaf; while :; do sleep 0.01; done"]
    with subprocess.Popen(deaf, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "deaf\n"
        (tmp_path / "jaeger.pid").write_text(f"{child.pid}\n{shell}\n")
        assert down(tmp_path) == ["jaeger"]
        assert child.wait(timeout=5) == -signal.SIGKILL


def test_status_of_nothing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking about a folder with no stack names the command that starts one."""
    with pytest.raises(BackendsError, match="say `up --data"):
        status(tmp_path)
    assert backends.main(["status", "--data", str(tmp_path)]) == 1
    assert "nothing was started with" in capsys.readouterr().err
