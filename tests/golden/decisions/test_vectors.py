"""S2.16: the golden vectors hold: for the oracle that made them, and for the engine on each Python that we support."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.decisions import check, make

ROOT = Path(__file__).parents[3]
MINORS = (11, 12, 13)


def pythons(minor: int) -> Iterator[str]:
    """Where an interpreter of that version may be: ourselves, on the path, and below pyenv."""
    if sys.version_info[1] == minor:
        yield sys.executable
    found = shutil.which(f"python3.{minor}")
    if found is not None:
        yield found
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from (str(path) for path in sorted(root.glob(f"versions/3.{minor}.*/bin/python")))


def works(python: str, minor: int) -> bool:
    """Whether it is what its name says; pyenv has names on the path that lead nowhere."""
    ask = f"import sys; sys.exit(sys.version_info[:2] != (3, {minor}))"
    return subprocess.run([python, "-c", ask], capture_output=True, check=False).returncode == 0


def differences(*, backwards: bool) -> list[tuple[str, object, object]]:
    return [item for item in check.everything(backwards=backwards) if item[1] != item[2]]


def test_the_oracle_still_makes_them() -> None:
    """What is checked in is what `make.py` would write, file for file and byte for byte."""
    made = {f"{name}.json": make.text_of(content) for name, content in make.files().items()}
    found = {path.name: path.read_text(encoding="utf-8") for path in make.HERE.glob("*.json")}
    assert found == made


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_the_engine_holds_them(*, backwards: bool) -> None:
    """Canonical form, fingerprints, choice, mode and decision of every case, in either order of the catalog."""
    assert differences(backwards=backwards) == []
    assert len(list(check.everything(backwards=backwards))) > 1_400


@pytest.mark.parametrize("hash_seed", ["0", "4242"])
@pytest.mark.parametrize("minor", MINORS, ids=lambda minor: f"3.{minor}")
def test_on_every_python(minor: int, hash_seed: str) -> None:
    """Another interpreter with another hash seed and only its standard library finds no difference."""
    python = next((path for path in pythons(minor) if works(path, minor)), None)
    if python is None:
        missing = f"there is no Python 3.{minor} on this machine"
        if os.environ.get("WAYPOST_REQUIRE_BACKENDS") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    env = {"PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": hash_seed, "PYTHONDONTWRITEBYTECODE": "1"}
    for arguments in ([], ["--backwards"]):
        run = subprocess.run(
            [python, "-S", check.__file__, *arguments], env=env, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert re.fullmatch(r"1[4-9]\d\d compared, 0 differ\n", run.stdout)


def test_a_changed_vector_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One weight, one letter of a predicate, one price of the catalog: each shows as differences."""
    changes = (
        ("09-select", '"groq/mid": 3', '"groq/mid": 4'),
        ("03-evaluation", '"rule": "region == eu"', '"rule": "region == us"'),
        ("00-world", '"input": 590000000', '"input": 590000001'),
        ("00-forms", "[1025, 1152]", "[1025, 1025]"),
    )
    for number, (name, old, new) in enumerate(changes):
        folder = shutil.copytree(make.HERE, tmp_path / str(number))
        path = folder / f"{name}.json"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        monkeypatch.setattr(check, "HERE", folder)
        assert differences(backwards=False), name


def test_each_section_of_the_page_has_cases() -> None:
    """docs/decision.md has no section whose meaning no vector shows, and every case says what it is about."""
    page = (ROOT / "docs/decision.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (.+)$", page, re.MULTILINE)
    shown = {title for title, _ in make.SECTIONS.values()}
    assert {"Affinity", "Select"} <= shown
    beside = {"Affinity and select", "The smallest change", "How it is checked"}
    assert [name for name in sections if name not in shown | beside] == []
    vectors = [vector for _, some in make.SECTIONS.values() for vector in some]
    assert len({vector.name for vector in vectors}) == len(vectors) >= 60
    assert all(vector.says.endswith(".") for vector in vectors)
