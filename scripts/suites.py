"""The SDKs' own test suites with Waypost on, against what they pass without: none may be lost.

    python scripts/suites.py                       all three, in every mode, against tests/suites/baseline.json
    python scripts/suites.py --quick               the part that concerns generation most, as CI runs it
    python scripts/suites.py anthropic --mode route
    python scripts/suites.py openai --write        run it bare, and write down what fails then
    python scripts/suites.py --pin openai==2.54.0  another version: bare first, then each mode against that

The tests come with the packages: those of OpenAI and Anthropic with the source package, Google's with the wheel. Each
suite has an environment of its own (`make` installs it from requirements/suite-*.txt; a pin gets one when it is first
asked for, without hashes). The generated tests want a server of the vendor's API; a stub on the loopback address
answers them.

In mode ``observe`` nothing is routed. In mode ``route`` every call is decided and sent by a policy that sends it to
the model that it asked for, at the endpoint that it was sent to, so that the tests must find what they expect. In the
modes ``reroute`` and ``reroute-google`` every call goes to another vendor's dialect at the stub, and the generated
tests, which look at types, must still find the native ones.

Needs only the standard library. Exit code 1: a test that passes without Waypost does not pass with it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BASELINE = ROOT / "tests" / "suites" / "baseline.json"
PLUGIN = ROOT / "tests" / "suites"
ENVIRONMENTS = ROOT / ".venvs"
sys.path[:0] = [str(ROOT / "tests"), str(PLUGIN)]

from suite_policies import KEY, rerouted, same_endpoint, speaks  # noqa: E402
from suite_stub import answer  # noqa: E402
from suite_tables import REROUTES, SUITES, Suite  # noqa: E402

from stub_provider import StubProvider  # noqa: E402

MODES = ("observe", "route", "reroute", "reroute-google")
WITHOUT = ("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "AZURE_", "AWS_", "OTEL_", "WAYPOST_", "PYTEST_")
"""Beginnings of variables that the tests are not to see."""

AGAIN = 20
"""Up to so many lost tests are run once more, alone: some watch the clock, and the machine may be busy."""


class Broken(Exception):
    """A run that says nothing: its message is for people."""


# --- what has to be there


@dataclass(frozen=True, slots=True)
class Place:
    """One suite in one environment: pytest is started in ``cwd``, and ``tests`` is the folder of the tests."""

    name: str
    python: Path
    version: str
    cwd: Path
    tests: Path

    @property
    def suite(self) -> Suite:
        return SUITES[self.name]


@dataclass(frozen=True, slots=True)
class Case:
    """How a test ended: ``passed``, ``failed`` or ``skipped``; its id for pytest, and what it failed with."""

    state: str
    node: str = ""
    said: str = ""


def find(name: str, version: str | None = None) -> Place:
    """A suite at the version of its environment, or at a pinned one."""
    folder = ENVIRONMENTS / (f"suite-{name}-{version}" if version else f"suite-{name}")
    python = folder / "bin" / "python"
    if version is not None and not (folder / ".ready").exists():
        _install(name, version, folder)
    if not python.exists():
        raise Broken(f"{python.parent} is not there; `make suites` makes it")
    suite = SUITES[name]
    code = f"from importlib.metadata import version; print(version({suite.package!r}))"
    installed = _output([str(python), "-c", code])
    if not suite.source:
        code = "import google.genai, os; print(os.path.dirname(google.genai.__file__))"
        package = Path(_output([str(python), "-c", code]))
        return Place(name, python, installed, package.parent.parent, package / "tests")
    source = folder / f"source-{installed}"
    if not source.exists():
        _fetch(python, suite.package, installed, source)
    return Place(name, python, installed, source, source / "tests")


def requirements(name: str, version: str) -> list[str]:
    """What the environment of a pinned version needs, by the groups of pyproject.toml."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    own, *others = groups[f"suite-{name}"]
    wanted = [f"{own.partition('==')[0]}=={version}", *(each for each in others if isinstance(each, str))]
    wanted += [each for each in groups["suites"] if isinstance(each, str)]
    below, besides = SUITES[name].older
    return [*wanted, *groups["build"], "opentelemetry-api", "PyYAML", *(besides if _major(version) < below else ())]


def _major(version: str) -> int:
    return int(version.partition(".")[0])


def _install(name: str, version: str, folder: Path) -> None:
    print(f"Installing {SUITES[name].package} {version} and what its tests import into {folder} ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements(name, version)], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], check=True)
    (folder / ".ready").touch()


def _fetch(python: Path, package: str, version: str, place: Path) -> None:
    """Unpack the source package, without the SDK itself: the installed one is what is tested."""
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        options = ["--quiet", "--no-deps", "--no-binary", package, "--dest", folder]
        subprocess.run([str(python), "-m", "pip", "download", *options, f"{package}=={version}"], check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        (unpacked,) = (path for path in Path(folder).iterdir() if path.is_dir())
        (unpacked / "src").rename(Path(folder) / "unused")
        unpacked.rename(place)


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


# --- running


def parts_of(name: str, mode: str | None, quick: bool) -> tuple[str, ...]:
    """Which parts of a suite are run: where everything goes elsewhere, only what a stub can answer."""
    if mode is not None and mode.startswith("reroute"):
        return ("stub",) if (name, mode) in REROUTES else ()
    parts = ("core", "stub") if quick else ("core", "rest", "stub")
    return tuple(part for part in parts if getattr(SUITES[name], part))


def run(place: Place, mode: str | None, part: str, workers: int, nodes: Sequence[str] = ()) -> dict[str, Case]:
    """How the tests of one part end, by their names; ``mode`` of ``None`` is without Waypost."""
    targets = list(nodes) or [
        str((place.tests / target).relative_to(place.cwd))
        for target in getattr(place.suite, part)
        if (place.tests / target).exists()
    ]
    if not targets:
        return {}
    label = f"{place.name}-{place.version}-{mode or 'bare'}-{part}"
    with tempfile.TemporaryDirectory() as scratch, _server(part) as stub:
        report = Path(scratch) / "report.xml"
        env = _environment(place, mode, stub and stub.url, Path(scratch))
        command = [str(place.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command += [*_options(place, workers), *targets]
        log = ROOT / ".reports" / f"suite-{label}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("ab" if nodes else "wb") as out:
            done = subprocess.run(command, cwd=place.cwd, env=env, stdout=out, stderr=subprocess.STDOUT, check=False)
        if done.returncode not in (0, 1) or not report.exists():  # 1: tests failed, which the comparison judges
            raise Broken(f"{label}: pytest ended with {done.returncode}; see {log.relative_to(ROOT)}")
        provider = REROUTES.get((place.name, mode or ""))
        if stub is not None and provider and not nodes and not any(speaks(provider, each.path) for each in stub.seen):
            raise Broken(f"{label}: no call went to {provider}")
        return outcomes(report)


@contextlib.contextmanager
def _server(part: str) -> Iterator[StubProvider | None]:
    """A stub server, for the part that needs one."""
    if part != "stub":
        yield None
        return
    with StubProvider(answer) as stub:
        yield stub


def _environment(place: Place, mode: str | None, stub: str | None, scratch: Path) -> dict[str, str]:
    env = {key: value for key, value in os.environ.items() if not key.startswith(WITHOUT)}
    own = [str(place.cwd)] if place.suite.source else []
    env["PYTHONPATH"] = os.pathsep.join([str(PLUGIN), *own])
    env["WAYPOST_HOME"] = str(scratch / "home")
    if stub is not None:
        env |= {"TEST_API_BASE_URL": stub, KEY: "any"}
    if mode is not None:
        env["SUITE_SEAM"] = place.name
    if mode == "observe":
        env["WAYPOST_MODE"] = mode
    elif mode is not None:
        if mode == "route":
            policy, catalog = same_endpoint(place.tests, scratch, stub)
        else:
            assert stub is not None
            policy, catalog = rerouted(scratch, stub, REROUTES[place.name, mode])
            env["SUITE_AWAY"] = "1"
        env |= {"WAYPOST_POLICY": str(policy), "WAYPOST_CATALOG": str(catalog)}
    if place.name == "google":
        replays = scratch / "replays"
        replays.mkdir()
        env |= {"GOOGLE_GENAI_REPLAYS_DIRECTORY": str(replays), "GOOGLE_API_KEY": "x"}
        env |= {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "us-central1"}
    return env


def _options(place: Place, workers: int) -> list[str]:
    first = place.suite.first
    there = (place.cwd / f"{first.replace('.', os.sep)}.py").exists()
    plugins = [f"-p {plugin}" for plugin in (first if there else "", "suite_plugin") if plugin]
    if workers:
        plugins.append(f"-n {workers}")
    # The older form of reports tells the file of a test.
    options = ["-o", "junit_family=xunit1"]
    if place.suite.source:
        return [*options, "-o", f"addopts={' '.join(plugins)}"]
    # These tests have no settings of their own, and ours are not for them. With pytest's own way of importing they
    # would import a second copy of the SDK, which nobody wraps.
    own = ["-c", os.devnull, "--rootdir", str(place.cwd), "-o", "consider_namespace_packages=true", "-W", "ignore"]
    return [*options, *" ".join(plugins).split(), *own, "--continue-on-collection-errors", "--mode", "replay"]


def outcomes(report: Path) -> dict[str, Case]:
    """What a JUnit report says, by ``class::name``; a test that failed once has failed."""
    found: dict[str, Case] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        tags = {child.tag for child in case}
        state = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
        key = f"{case.get('classname')}::{case.get('name')}"
        if key in found and found[key].state == "failed":
            continue
        said = next((child.get("message") or "" for child in case if child.tag in {"failure", "error"}), "")
        found[key] = Case(state, _node(case), said)
    return found


def _node(case: ElementTree.Element) -> str:
    file = case.get("file") or ""
    classes = (case.get("classname") or "").removeprefix(file.removesuffix(".py").replace("/", ".")).strip(".")
    return "::".join([file, *filter(None, classes.split(".")), case.get("name") or ""])


# --- comparing


def record(version: str, found: Mapping[str, Mapping[str, Case]]) -> dict[str, Any]:
    """What is written down of a bare run by parts: how many pass, and by name what does not."""
    every = [(key, case.state) for cases in found.values() for key, case in cases.items()]
    return {
        "version": version,
        "passed": {part: _count(cases) for part, cases in found.items()},
        "failed": sorted(key for key, state in every if state == "failed"),
        "skipped": sorted(key for key, state in every if state == "skipped"),
    }


def _count(cases: Mapping[str, Case]) -> int:
    return sum(case.state == "passed" for case in cases.values())


def lost(baseline: Mapping[str, Any], part: str, found: Mapping[str, Case], mode: str = "observe") -> list[str]:
    """Tests that do not pass and are not known to be so, and a line where too few have passed.

    What differs in a mode on purpose stands under ``differs`` by its reason; what stands there and passes is told, too,
    so that the list stays true.
    """
    meant = set(differing(baseline, mode))
    known: set[str] = {*baseline["failed"], *baseline["skipped"], *meant}
    missing = sorted(key for key, case in found.items() if case.state != "passed" and key not in known)
    wanted = baseline["passed"][part] - len(meant & found.keys())
    if not missing and _count(found) < wanted:
        missing.append(f"only {_count(found)} tests passed, and {wanted} should")
    passing = sorted(key for key in meant & found.keys() if found[key].state == "passed")
    return missing + [f"{key} (passes, and is listed)" for key in passing]


def differing(baseline: Mapping[str, Any], mode: str) -> Iterable[str]:
    """The names that stand under ``differs`` for a mode."""
    return (key for names in baseline.get("differs", {}).get(mode, {}).values() for key in names)


def compare(place: Place, mode: str, baseline: Mapping[str, Any], quick: bool, workers: int) -> bool:
    """Run one suite in one mode; say what was lost, and whether nothing was."""
    began = time.monotonic()
    passed = wanted = 0
    missing: list[str] = []
    for part in parts_of(place.name, mode, quick):
        found = run(place, mode, part, workers)
        here = lost(baseline, part, found, mode)
        nodes = [found[key].node for key in here if key in found]
        if nodes and len(nodes) == len(here) <= AGAIN:
            again = run(place, mode, part, 0, nodes)
            here = [key for key in here if again.get(key, Case("failed")).state != "passed"]
        missing += here
        passed += _count(found)
        wanted += baseline["passed"][part]
    differ = len(list(differing(baseline, mode)))
    meant = f" ({differ} differ on purpose)" if differ else ""
    took = time.monotonic() - began
    say = f"{place.name} {place.version} {mode}: {passed} passed of {wanted}{meant}, {len(missing)} lost, {took:.0f} s"
    print(say, flush=True)
    for key in missing:
        print(f"  LOST {key}")
    return not missing


def bare(place: Place, quick: bool, workers: int) -> dict[str, Any]:
    """Run a suite without Waypost; what fails is run once more, alone."""
    parts: dict[str, dict[str, Case]] = {}
    for part in parts_of(place.name, None, quick):
        parts[part] = found = run(place, None, part, workers)
        failed = [case.node for case in found.values() if case.state == "failed"]
        if failed:
            again = run(place, None, part, 0, failed)
            found.update({key: case for key, case in again.items() if key in found})
    made = record(place.version, parts)
    said = f"{sum(made['passed'].values())} pass without Waypost, {len(made['failed'])} fail"
    print(f"{place.name} {place.version}: {said}", flush=True)
    return made


# --- the command


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all where none is named")
    parser.add_argument("--mode", choices=MODES, action="append", help="one mode; all where none is named")
    parser.add_argument("--quick", action="store_true", help="the core of each suite and what needs a server")
    parser.add_argument("--write", action="store_true", help="run without Waypost and write the baseline")
    parser.add_argument("--pin", metavar="PACKAGE==VERSION", help="another version, compared with its own bare run")
    parser.add_argument("--workers", type=int, default=2, help="processes that run tests side by side; 0 for none")
    args = parser.parse_args(argv)
    unknown = [name for name in args.suites if name not in SUITES]
    if unknown:
        parser.error(f"unknown suite {unknown[0]!r}; known: {', '.join(SUITES)}")
    package, _, version = (args.pin or "").partition("==")
    pinned = [name for name, suite in SUITES.items() if suite.package == package and version]
    if args.pin and not pinned:
        known = ", ".join(f"{suite.package}==VERSION" for suite in SUITES.values())
        parser.error(f"--pin {args.pin}: give one of {known}")
    try:
        fine = [_one(name, version or None, args) for name in pinned or args.suites or SUITES]
    except Broken as error:
        print(f"suites: {error}", file=sys.stderr)
        return 2
    return 0 if all(fine) else 1


def _one(name: str, version: str | None, args: argparse.Namespace) -> bool:
    stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    place = find(name, version)
    if version is not None:
        baseline = bare(place, args.quick, args.workers)
        modes = args.mode or ("observe", "route")
    elif args.write:
        differs = stored.get(name, {}).get("differs", {})
        stored[name] = {**bare(place, False, args.workers), "differs": differs}
        BASELINE.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")
        return True
    else:
        baseline, modes = stored.get(name, {}), args.mode or (MODES[:3] if args.quick else MODES)
        if baseline.get("version") != place.version:
            there = baseline.get("version", "missing")
            raise Broken(f"{name}: {place.version} is installed and the baseline is {there}; use `{name} --write`")
    modes = [mode for mode in modes if parts_of(name, mode, args.quick)]
    return all([compare(place, mode, baseline, args.quick, args.workers) for mode in modes])  # noqa: C419 - every one of them is to run


if __name__ == "__main__":
    sys.exit(main())
