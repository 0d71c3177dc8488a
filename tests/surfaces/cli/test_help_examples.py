"""Examples under `--help` are command lines that the command itself understands."""

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
