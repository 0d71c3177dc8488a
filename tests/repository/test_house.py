"""Rules of the house that no other tool checks: where async may stand, that core knows no vendor, what is public."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import waypost

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "waypost"

ASYNC = {
    "runtime/drive.py": "the async driver",
    "runtime/patch.py": "the wrapper of an async client's method is a coroutine function, as the original is",
    "runtime/instrument.py": "what that wrapper calls, and it calls the engine",
    "runtime/engine.py": "an async call's way in and out",
    "runtime/advisors.py": "an advisor that answers over the network",
    "runtime/perform.py": "a state that answers over the network, whose faults are contained as others are",
    "adapters/senders/streams.py": "the async shell of a stream",
    "adapters/senders/http.py": "sending by an async client",
    "adapters/senders/google.py": "the chunks of a registered client's async stream",
    "adapters/sdks/native.py": "an async client's own response processing",
    "adapters/sdks/google_chunks.py": "the async shell of a stream whose chunks are not bytes",
}
"""Every file with `async def`, and what it really waits for (docs/adr/0001)."""

VENDORS = re.compile(r"openai|anthropic|google|gemini|claude|gpt-|groq|mistral|deepseek|ollama", re.IGNORECASE)
VENDOR_LINES: set[tuple[str, str]] = set()
"""Lines of the vendor-free rooms that name one all the same."""

PUBLIC = [
    "Receipt",
    "__version__",
    "auto_instrument",
    "clear_override",
    "context",
    "feedback",
    "flush",
    "override",
    "policy",
    "receipt",
    "reload",
    "suppress",
    "testing",
    "uninstrument",
    "use",
]


def modules(*rooms: str) -> list[Path]:
    """All Python files below these folders of src/waypost."""
    return sorted(path for room in rooms for path in (SRC / room).rglob("*.py"))


def test_async_stands_only_where_something_waits() -> None:
    """DESIGN 5: one code path for sync and async; a new file on this list needs a reason."""
    found = {
        path.relative_to(SRC).as_posix()
        for path in modules("")
        if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(ast.parse(path.read_text())))
    }

    assert found == set(ASYNC)


def imported(path: Path, known: Mapping[str, Path]) -> set[str]:
    """The modules of ours that a file imports: at its top, later, or for its types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = (f"{node.module}.{alias.name}" for alias in node.names)
            found.update(part if part in known else str(node.module) for part in parts)
    return found & known.keys()


def test_no_import_runs_in_a_circle() -> None:
    """Whoever reads a file can read first what it stands on; one that is imported for its types alone counts, too."""
    rooms = {".".join(path.relative_to(SRC.parent).with_suffix("").parts): path for path in modules("")}
    rooms = {name.removesuffix(".__init__"): path for name, path in rooms.items()}
    graph = {name: imported(path, rooms) for name, path in rooms.items()}
    loose = set(graph)
    while loose:
        wanted = {name for needed in graph.values() for name in needed}
        loose = {name for name, needed in graph.items() if name not in wanted or not needed & graph.keys()}
        graph = {name: needed for name, needed in graph.items() if name not in loose}

    assert sorted(graph) == []


def code_lines(path: Path) -> Iterator[str]:
    """The file's lines of code: without comments and docstrings, but with all other text in quotes."""
    text = path.read_text()
    hidden: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            hidden.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    with path.open("rb") as file:
        comments = {token.start[0]: token.start[1] for token in tokenize.tokenize(file.readline) if token.type == 61}
    for number, line in enumerate(text.splitlines(), 1):
        if number not in hidden:
            yield line[: comments.get(number, len(line))].strip()


def test_the_deciding_rooms_name_no_vendor() -> None:
    """A vendor is data: policy, routing and features decide without knowing any by name."""
    named = {
        (path.relative_to(SRC).as_posix(), line)
        for path in modules("core/policy", "core/routing", "core/features")
        for line in code_lines(path)
        if VENDORS.search(line)
    }

    assert named == VENDOR_LINES


def test_the_public_surface_is_frozen() -> None:
    """Adding a name is a promise, removing one breaks programs; both are done here on purpose."""
    assert sorted(waypost.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there(name: str) -> None:
    """Names are imported lazily, so a typo would show only when somebody uses it."""
    assert getattr(waypost, name) is not None


def test_importing_waypost_imports_hardly_anything() -> None:
    """DESIGN 1: the public names are lazy; `import waypost` alone must not import SDKs, YAML or OpenTelemetry."""
    tree = ast.parse((SRC / "__init__.py").read_text())
    at_top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]

    assert [ast.unparse(node) for node in at_top] == [
        "from __future__ import annotations",
        "from typing import TYPE_CHECKING, Any",
        "from waypost._version import __version__",
    ]
