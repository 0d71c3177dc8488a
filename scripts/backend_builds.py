"""Build the OpenTelemetry Collector, Jaeger and Prometheus from their pinned Go modules into a per-user cache.

A build is found again by what went into it: the committed sources of its folder under ``backends/``, its build tags
and linker flags (together the *recipe*), and the Go toolchain. Needs Python 3.11 on Linux or macOS, and nothing else
that is not in the standard library.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "backends"
GO_NEEDED = (1, 26)
SPACE = "a first build needs about 8 GB of disk and ten minutes on two cores"


class BackendsError(Exception):
    """Something about the backends went wrong; ``str()`` is one paragraph for a person. Exit code 1."""

    exit_code = 1


class BackendsUnavailableError(BackendsError):
    """This machine cannot have the backends now; the checkout itself is sound. Exit code 3."""

    exit_code = 3

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"backends unavailable: {why}; {remedy}")


@dataclass(frozen=True, slots=True)
class Backend:
    """One program to build: ``package`` is what `go build` is given inside ``backends/<name>``."""

    name: str
    package: str
    tags: tuple[str, ...] = ()
    ldflags: str = "-s -w"

    @property
    def folder(self) -> Path:
        """The committed module."""
        return SOURCES / self.name


BACKENDS: tuple[Backend, ...] = (
    Backend("collector", "."),
    Backend(
        "prometheus",
        "github.com/prometheus/prometheus/cmd/prometheus",
        tags=("netgo", "remove_all_sd"),  # without the cloud discoveries, which are most of its dependencies
        ldflags="-s -w -X github.com/prometheus/common/version.Version=3.15.0",
    ),
    Backend("jaeger", "github.com/jaegertracing/jaeger/cmd/jaeger"),
)


def named(names: Sequence[str]) -> tuple[Backend, ...]:
    """The backends called ``names`` in build order, or all for no names. Raises BackendsError for an unknown one."""
    known = {backend.name for backend in BACKENDS}
    for name in names:
        if name not in known:
            raise BackendsError(f"there is no backend {name!r}; there are {', '.join(sorted(known))}")
    return tuple(backend for backend in BACKENDS if not names or backend.name in names)


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Where binaries are kept: $WAYPOST_BACKENDS_CACHE, else $XDG_CACHE_HOME or ~/.cache, + waypost/backends."""
    if chosen := env.get("WAYPOST_BACKENDS_CACHE"):
        return Path(chosen).expanduser()
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "waypost" / "backends"


def recipe_digest(backend: Backend) -> str:
    """16 hex digits over everything in the checkout that a build depends on: sources, tags and linker flags."""
    digest = hashlib.sha256()

    def add(*parts: bytes) -> None:
        for part in parts:  # lengths keep ("ab", "c") and ("a", "bc") apart
            digest.update(len(part).to_bytes(8, "big") + part)

    add(backend.name.encode(), backend.package.encode(), ",".join(backend.tags).encode(), backend.ldflags.encode())
    sources = [path for path in backend.folder.iterdir() if path.suffix == ".go" or path.name in ("go.mod", "go.sum")]
    for path in sorted(sources):
        add(path.name.encode(), path.read_bytes())
    return digest.hexdigest()[:16]


def cache_key(backend: Backend, go_version: str) -> str:
    """File name of a build: name, recipe, toolchain. The recipe comes first, so it can be found with no Go at hand."""
    toolchain = hashlib.sha256(go_version.encode()).hexdigest()[:8]
    return f"{backend.name}-{recipe_digest(backend)}-{toolchain}"


def go_version() -> str | None:
    """What `go version` says ("go version go1.26.8 linux/amd64"), or None where there is no working Go."""
    if shutil.which("go") is None:
        return None
    asked = subprocess.run(["go", "version"], env=go_env(), capture_output=True, text=True, check=False)
    return asked.stdout.strip() if asked.returncode == 0 else None


def go_env() -> dict[str, str]:
    """The environment of every Go command: no downloaded toolchain, no C, no writing to go.mod, no other workspace."""
    flags = "-mod=readonly -trimpath -buildvcs=false"
    return {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": flags, "GOWORK": "off"}


def require_go() -> str:
    """The `go version` line. Raises BackendsUnavailableError where Go is missing or older than 1.26."""
    needed = ".".join(map(str, GO_NEEDED))
    version = go_version()
    if version is None:
        raise BackendsUnavailableError("no Go toolchain was found", f"install Go {needed} and run this again ({SPACE})")
    found = re.search(r"\bgo(\d+)\.(\d+)", version)
    # A development toolchain has no number; let it try.
    if found and (int(found[1]), int(found[2])) < GO_NEEDED:
        raise BackendsUnavailableError(f"Go {needed} is needed and this is {found[0]}", f"install Go {needed} or newer")
    return version


def cached(backend: Backend) -> Path | None:
    """The finished build of the current recipe: by this Go, or where there is none fit to build, by any Go."""
    try:
        exact = cache_dir() / cache_key(backend, require_go())
    except BackendsUnavailableError:
        return _by_any_go(backend)
    return exact if exact.is_file() else None


def _by_any_go(backend: Backend) -> Path | None:
    """The newest build of the current recipe: the toolchain is in the key so that a new Go rebuilds."""
    builds = cache_dir().glob(f"{backend.name}-{recipe_digest(backend)}-????????")
    return max(builds, key=lambda path: path.stat().st_mtime, default=None)


def ensure_built(names: Sequence[str] = ()) -> dict[str, Path]:
    """Build what the cache lacks of ``names`` (default: all) and return name -> binary.

    Minutes and gigabytes the first time, milliseconds after. Raises BackendsUnavailableError where this machine cannot
    build, and BackendsError where the committed sources do not.
    """
    return {backend.name: cached(backend) or _build_or_borrow(backend) for backend in named(names)}


def _build_or_borrow(backend: Backend) -> Path:
    """A fresh build, or where this machine cannot make one, one by another Go, perhaps copied from elsewhere."""
    try:
        return _build(backend)
    except BackendsUnavailableError as error:
        if (other := _by_any_go(backend)) is None:
            raise
        _say(f"{error} -- using an earlier build of the same sources: {other}")
        return other


def _build(backend: Backend) -> Path:
    version = require_go()
    target = cache_dir() / cache_key(backend, version)
    with _only_builder(backend):
        if target.is_file():  # another process built it while this one waited
            return target
        _say(f"building {backend.name} with {version.removeprefix('go version ')} ...")
        began = time.monotonic()
        # In the same folder as the target, so that the rename is one step and nobody ever sees half a binary.
        with tempfile.TemporaryDirectory(prefix=f".{backend.name}-", dir=target.parent) as scratch:
            binary = Path(scratch) / backend.name
            command = ["go", "build", f"-ldflags={backend.ldflags}", "-o", str(binary)]
            command += [f"-tags={','.join(backend.tags)}"] if backend.tags else []
            command += [backend.package]
            done = subprocess.run(
                command, cwd=backend.folder, env=go_env(), stderr=subprocess.PIPE, text=True, check=False
            )
            if done.returncode != 0:
                raise diagnose(backend.name, done.stderr)
            binary.replace(target)
        _say(f"built {backend.name} in {time.monotonic() - began:.0f} s: {target}")
    return target


@contextmanager
def _only_builder(backend: Backend) -> Iterator[None]:
    """Hold the build lock of one backend; the kernel frees it however this process ends."""
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f".{backend.name}.lock").open("w")
    except OSError as error:
        raise BackendsUnavailableError(
            f"the cache folder cannot be written ({error})", "set WAYPOST_BACKENDS_CACHE to a folder that can"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"another process is building {backend.name}; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# First match wins. Each row: what `go build` printed, whose fault it is, what to do. Checked against real output.
_UNAVAILABLE: tuple[tuple[str, str, str], ...] = (
    (r"no space left on device", "the disk is full", f"free some space ({SPACE})"),
    (
        r"SECURITY ERROR|checksum mismatch",
        "a downloaded module is not the one that go.sum names",
        "do not switch the check off; clear it with `go clean -modcache`, or use another module proxy",
    ),
    (
        r"\b(?:403 Forbidden|404 Not Found|410 Gone|429 Too Many|5\d\d [A-Z][a-z]+)|module lookup disabled",
        "the module proxy refused a module",
        "use a proxy that has it (GOPROXY), or binaries that another machine built (WAYPOST_BACKENDS_CACHE)",
    ),
    (
        r"dial tcp|no such host|i/o timeout|TLS handshake|connection re(?:fused|set)|proxyconnect|unexpected EOF",
        "the module proxy was not reached",
        "check the network and GOPROXY, then run this again; what was downloaded is kept",
    ),
    (r"requires go >= \S+", "this Go is too old for a module", "install a newer Go"),
    (r"signal: killed|cannot allocate memory", "the compiler ran out of memory", "give it 4 GB"),
)


def diagnose(name: str, output: str) -> BackendsError:
    """The error for a failed build, told from what Go printed: this machine's fault (unavailable) or the checkout's."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern, why, remedy in _UNAVAILABLE:
        for line in lines:
            if re.search(pattern, line):
                return BackendsUnavailableError(f"{name} cannot be built, {why} ({_short(line)})", remedy)
    telling = [line for line in lines if not line.startswith("go: downloading")]
    return BackendsError(
        f"{name} does not build from backends/{name}, which is a mistake in the checkout and not in this machine: "
        f"{_short(' / '.join(telling[:3])) or 'go build said nothing'}"
    )


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _say(line: str) -> None:
    """Progress goes to standard error: standard output is for what other programs read."""
    print(line, file=sys.stderr, flush=True)
