"""Examples under `--help` and in docs/tools.md are command lines that the command itself understands."""

from __future__ import annotations

import argparse
import shlex
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from waypost.surfaces import cli

FOLDER = Path(cli.__file__).parent
MODULES = [import_module(f"waypost.surfaces.cli.{path.stem}") for path in sorted(FOLDER.glob("*.py"))]
WITH_EXAMPLES = [module for module in MODULES if hasattr(module, "EXAMPLES")]


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_example_is_understood(module: ModuleType) -> None:
    """Options, choices and the number of names; what follows two blanks is said about it."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    module.arguments(parser)
    lines = [line.strip().partition("  ")[0] for line in module.EXAMPLES.splitlines() if line.strip()]

    assert lines
    for line in lines:
        words = shlex.split(line.rpartition("|")[2].strip())
        assert words[0] == "waypost"
        parser.parse_args(words[3 if ".policy_" in module.__name__ else 2 :])


def test_every_command_of_the_page_is_understood() -> None:
    """What docs/tools.md shows behind a prompt."""
    page = Path(__file__).parents[3] / "docs" / "tools.md"
    lines = [line[2:].partition("  ")[0] for line in page.read_text(encoding="utf-8").splitlines() if line[:2] == "$ "]
    names = {line.split()[1] for line in lines}

    assert names == {"check", "fields", "rank", "policy"}
    for line in lines:
        words = shlex.split(line)
        parser = argparse.ArgumentParser(exit_on_error=False)
        import_module(f"waypost.surfaces.cli.{words[1]}").arguments(parser)
        parser.parse_args(words[2:])
