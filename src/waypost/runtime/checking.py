"""What is wrong with policy and catalog files, as data: every error of every file, then what is only doubtful."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.policy.contradiction import contradictions
from waypost.core.policy.tree import Policy
from waypost.errors import ConfigError
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy

Severity = Literal["error", "warning"]
_PLACE = re.compile(r"(.*?):([0-9]+):([0-9]+)\Z", re.DOTALL)
_CATALOG = re.compile(r"^waypost:\s*[\"']?catalog/", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. ``line`` and ``column`` count from 1; they are 0 where the whole file is meant."""

    severity: Severity
    file: str
    line: int
    column: int
    what: str
    remedy: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def __str__(self) -> str:
        mend = f"; {self.remedy}" if self.remedy else ""
        return f"{self.where}: {self.severity}: {self.what}{mend}"


@dataclass(frozen=True, slots=True)
class Checked:
    """One file with its problems in the order of their places; ``name`` and ``fingerprint`` where it can be used."""

    file: str
    kind: Literal["policy", "catalog"]
    name: str | None
    fingerprint: str | None
    problems: tuple[Problem, ...]

    def count(self, severity: Severity) -> int:
        return sum(problem.severity == severity for problem in self.problems)


def check_file(path: Path, catalog: Catalog | None) -> Checked:
    """The file at ``path``; a policy's names are checked against ``catalog``. Never raises for what is in it."""
    kind: Literal["policy", "catalog"] = "catalog" if is_catalog(path) else "policy"
    loaded: Policy | Catalog | None = None
    errors: tuple[Problem, ...] = ()
    with doubts() as found:
        try:
            loaded = load_catalog(path) if kind == "catalog" else load_policy(path, catalog=catalog)
        except ConfigError as error:
            errors = tuple(_error(one, path) for one in (error, *error.others))
    warnings = [*found, *(_contradictions(loaded, catalog) if isinstance(loaded, Policy) else ())]
    problems = dict.fromkeys(sorted((*errors, *warnings), key=lambda one: (one.file, one.line, one.column)))
    name, fingerprint = (None, None) if loaded is None else (loaded.name, loaded.fingerprint)
    return Checked(str(path), kind, name, fingerprint, tuple(problems))


@contextmanager
def doubts() -> Iterator[list[Problem]]:
    """What loading only remarks on, kept instead of logged."""
    log, keeper = logging.getLogger("waypost"), _Keeper()
    level, propagate, others = log.level, log.propagate, log.handlers
    log.handlers, log.propagate = [keeper], False
    log.setLevel(logging.WARNING)
    try:
        yield keeper.found
    finally:
        log.handlers, log.propagate = others, propagate
        log.setLevel(level)


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[Problem] = []

    def emit(self, record: logging.LogRecord) -> None:
        args = record.args if isinstance(record.args, tuple) else ()
        if len(args) == 3:
            self.found.append(problem("warning", *map(str, args)))
        else:
            self.found.append(Problem("warning", "", 0, 0, record.getMessage(), ""))


def problem(severity: Severity, where: str, what: str, remedy: str) -> Problem:
    """A problem whose place is ``file:line:column``, or a file alone."""
    match = _PLACE.match(where)
    if match is None:
        return Problem(severity, where, 0, 0, what, remedy)
    return Problem(severity, match[1], int(match[2]), int(match[3]), what, remedy)


def tally(files: Iterable[Checked], severity: Severity) -> int:
    """How many different problems; what several files inherit from one base counts once."""
    return len({one for file in files for one in file.problems if one.severity == severity})


def _contradictions(policy: Policy, catalog: Catalog | None) -> Iterator[Problem]:
    """What the policy says that can never come true."""
    for one in contradictions(policy, catalog):
        yield problem("warning", str(one.at), one.what, one.remedy)


def _error(error: ConfigError, path: Path) -> Problem:
    return problem("error", error.where or str(path), error.what, error.remedy)


def is_catalog(path: Path) -> bool:
    """Whether the file says that it is a catalog; what says nothing is taken for a policy."""
    try:
        return _CATALOG.search(path.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False
