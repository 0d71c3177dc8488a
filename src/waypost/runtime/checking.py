"""What is wrong with policy and catalog files, as data: every error of every file, then what is only doubtful."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, assert_never

from waypost.core.analysis.policy_tests import Suite
from waypost.core.catalog.table import Catalog
from waypost.core.model.frozen import dataclass
from waypost.core.policy.choose import last_resort
from waypost.core.policy.contradiction import contradictions
from waypost.core.policy.tree import Policy
from waypost.core.policy.wrap import wrap
from waypost.errors import ConfigError
from waypost.runtime.alarms import UNMATCHED_REMEDY, unmatched
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy
from waypost.runtime.enclosing import barred
from waypost.runtime.policy_tests import load_suite

Severity = Literal["error", "warning"]
Kind = Literal["policy", "catalog", "overlay", "tests"]
_PLACE = re.compile(r"(.*?):([0-9]+):([0-9]+)\Z", re.DOTALL)
_KIND = re.compile(r"^waypost:\s*[\"']?(catalog-overlay|catalog|policy-test)/", re.MULTILINE)


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
    """One file with its problems in the order of their places; ``name`` and ``fingerprint`` where it can be used.

    The fingerprint is that of the policy inside of ``envelopes``, by name, as it stands on receipts.
    """

    file: str
    kind: Kind
    name: str | None
    fingerprint: str | None
    problems: tuple[Problem, ...]
    policy: Policy | None = None
    envelopes: tuple[str, ...] = ()

    def count(self, severity: Severity) -> int:
        return sum(problem.severity == severity for problem in self.problems)


def check_files(
    paths: Sequence[Path], catalog: Catalog | None, laid: frozenset[Path] = frozenset()
) -> tuple[Checked, ...]:
    """Each file, and what the policies among them contradict of the envelopes among them. ``laid`` are the files that
    ``catalog`` is made of: an overlay among them is not laid on itself. Never raises."""
    checked = [check_file(path, None if path.resolve() in laid else catalog, paths) for path in paths]
    policies = [file.policy for file in checked if file.policy is not None]
    envelopes = [policy for policy in policies if policy.envelope]
    last = last_resort(policies) if len(policies) - len(envelopes) > 1 else None
    return tuple(_alone(_inside(file, envelopes, catalog), last) for file in checked)


def check_file(path: Path, catalog: Catalog | None, others: Sequence[Path] = ()) -> Checked:
    """The file at ``path``; a policy's names are checked against ``catalog``, and it may extend ``others`` wherever
    they lie. Never raises for what is in it."""
    kind = kind_of(path)
    loaded: Policy | Catalog | Suite | None = None
    errors: tuple[Problem, ...] = ()
    with doubts() as found:
        try:
            loaded = _loaded(path, kind, catalog, others)
        except ConfigError as error:
            errors = tuple(_error(one, path) for one in (error, *error.others))
    policy = loaded if isinstance(loaded, Policy) else None
    warnings = [*found, *(() if policy is None else _contradictions(policy, catalog))]
    name = fingerprint = None
    if isinstance(loaded, Suite):
        name = f"of {loaded.plan.policy.name}"
    elif loaded is not None:
        name, fingerprint = loaded.name, loaded.fingerprint
    return Checked(str(path), kind, name, fingerprint, _sorted((*errors, *warnings)), policy)


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


def kind_of(path: Path) -> Kind:
    """What the file says that it is; what says nothing is taken for a policy."""
    try:
        found = _KIND.search(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return "policy"
    kinds: dict[str, Kind] = {"catalog": "catalog", "catalog-overlay": "overlay", "policy-test": "tests"}
    return "policy" if found is None else kinds[found[1]]


def _loaded(path: Path, kind: Kind, catalog: Catalog | None, others: Sequence[Path]) -> Policy | Catalog | Suite:
    match kind:
        case "policy":
            return load_policy(path, catalog=catalog, others=others)
        case "catalog":
            return load_catalog(path)
        case "overlay":
            return load_catalog([path] if catalog is None else [catalog, path])
        case "tests":
            return load_suite(path, catalog=catalog)
        case _:
            assert_never(kind)


def _inside(file: Checked, envelopes: Sequence[Policy], catalog: Catalog | None) -> Checked:
    """``file`` with what its policy contradicts of the envelopes, and the defaults that they reject."""
    if file.policy is None or file.policy.envelope or not envelopes:
        return file
    inside = wrap(file.policy, envelopes)
    found = list(_contradictions(inside, catalog))
    if catalog is not None:
        found += [_error(one, Path(file.file)) for one in barred(file.policy, envelopes, catalog)]
    names = tuple(envelope.name for envelope in envelopes)
    problems = _sorted((*file.problems, *found))
    return replace(file, problems=problems, fingerprint=inside.fingerprint, envelopes=names)


def _alone(file: Checked, last: Policy | None) -> Checked:
    """``file`` with the remark that it is for calls that match no policy, where it is ``last``."""
    if last is None or file.policy is not last or last.match is None:
        return file
    found = problem("warning", str(last.match.at), unmatched(last), UNMATCHED_REMEDY)
    return replace(file, problems=_sorted((*file.problems, found)))


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(sorted(problems, key=lambda one: (one.file, one.line, one.column))))
