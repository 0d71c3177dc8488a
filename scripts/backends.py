"""Build, start and stop the real backends: the OpenTelemetry Collector, Jaeger v2 and Prometheus 3, no container.

    python3 scripts/backends.py build [collector|prometheus|jaeger ...]
    python3 scripts/backends.py up --data DIR [--offset N | --ports JSON] [--gateway]
    python3 scripts/backends.py status|wait|down --data DIR
    python3 scripts/backends.py paths

What other programs read (endpoints, states, paths) goes to standard output as JSON, the rest to standard error.
Exit codes: 0 done; 1 something is broken; 2 wrong usage; 3 this machine cannot have the backends.
Tests import ``Stack`` and ``ensure_built`` from here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:  # run as a file: make the package importable by its name
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.backend_builds import BACKENDS, BackendsError, BackendsUnavailableError, cached, ensure_built
from scripts.backend_ports import Ports
from scripts.backend_stack import Stack, down, status, wait

__all__ = ["BackendsError", "BackendsUnavailableError", "Ports", "Stack", "down", "ensure_built", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="backends.py", description=(__doc__ or "").split("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    build = verbs.add_parser("build", help="build what the cache lacks")
    build.add_argument("names", nargs="*", metavar="name", help="default: all")
    verbs.add_parser("paths", help="where the built binaries are; null for one that is not built")
    for verb, help_ in {
        "up": "start all three and print their endpoints",
        "down": "stop what was started with this folder",
        "status": "tell which run and are well; exit code 1 unless all are",
        "wait": "return when all are well",
    }.items():
        command = verbs.add_parser(verb, help=help_)
        command.add_argument("--data", type=Path, required=True, metavar="DIR", help="data, logs and pid files")
        if verb == "up":
            where = command.add_mutually_exclusive_group()
            where.add_argument("--offset", type=int, default=0, metavar="N", help="add N to every default port")
            where.add_argument("--ports", metavar="JSON", help='for example {"otlp_http": 24318}')
            command.add_argument("--gateway", action="store_true", help="add collector/gateway.yaml")
    asked = parser.parse_args(argv)
    try:
        return _run(asked)
    except BackendsError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _run(asked: argparse.Namespace) -> int:
    code = 0
    out: object = None
    match asked.verb:
        case "build":
            out = {name: str(path) for name, path in ensure_built(asked.names).items()}
        case "paths":
            out = {backend.name: str(path) if (path := cached(backend)) else None for backend in BACKENDS}
        case "up":
            ports = Ports.parse(asked.ports) if asked.ports else Ports.shifted(asked.offset)
            out = Stack(asked.data, ports, gateway=asked.gateway).start().endpoints()
        case "wait":
            wait(asked.data.resolve())
            out = status(asked.data.resolve())
        case "status":
            states = status(asked.data.resolve())
            out, code = states, 0 if all(state["healthy"] for state in states.values()) else 1
        case "down":
            out = {"stopped": down(asked.data.resolve())}
    print(json.dumps(out, indent=2))
    return code


if __name__ == "__main__":
    sys.exit(main())
