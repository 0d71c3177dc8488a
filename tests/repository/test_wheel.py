"""What users install is the wheel, so the wheel is built, installed into an environment of its own, and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built by the pinned hatchling without a fetch."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``bin`` of an environment with the wheel; dependencies are taken from the environment of the tests."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--disable-pip-version-check", str(wheel)], check=True, capture_output=True)
    (site,) = home.glob("lib/python*/site-packages")
    # A folder named in a .pth file has its own .pth files ignored, so the editable install of the tests is not found.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home / "bin"


def run(installed: Path, *args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``waypost`` of the wheel, far away from the checkout."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_", "WAYPOST"))}
    command = [str(installed / "waypost"), *args]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_the_wheel_has_the_data_files_too(wheel: Path) -> None:
    """Policies, the catalog, the demo's files and the typing mark are not Python, and easily left out."""
    names = set(zipfile.ZipFile(wheel).namelist())
    policies = {f"waypost/policies/{path.name}" for path in (ROOT / "policies").iterdir()}

    assert {"waypost/py.typed", "waypost/examples/six_queries.py", "waypost/examples/demo-policy.yaml"} <= names
    assert policies <= names
    assert {name.partition("/")[0] for name in names if not name.startswith("waypost-")} == {"waypost"}


def test_the_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    """Otherwise the tests below would test the checkout."""
    where = subprocess.run(
        [str(installed / "python"), "-I", "-c", "import waypost; print(waypost.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert Path(where.strip()).is_relative_to(installed.parent)


def test_version_and_help_work(installed: Path, tmp_path: Path) -> None:
    """The console script is there and finds its command."""
    version = run(installed, "--version", cwd=tmp_path)
    usage = run(installed, "demo", "--help", cwd=tmp_path)

    assert (version.returncode, usage.returncode) == (0, 0), version.stderr + usage.stderr
    assert "0." in version.stdout
    assert "--catalog FILE" in usage.stdout


def test_the_demo_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """Issue 3, point 2: the demo needs nothing of the checkout."""
    done = run(installed, "demo", "--json", "--home", str(tmp_path / "home"), cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["queries"]) == 6
    assert (tmp_path / "home" / "routing_audit.jsonl").read_text().count("\n") == 8
