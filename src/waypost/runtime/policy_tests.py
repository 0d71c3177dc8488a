"""Test files of policies: from ``NAME.test.yaml`` to a `Suite` that is ready to run. Deciding is not done here.

All errors of a file come in one `PolicyError` with ``others``, each with ``file:line:column`` and a remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from waypost.core.analysis.policy_tests import Case, Suite
from waypost.core.catalog.table import Catalog
from waypost.core.codecs import EXPRESSES
from waypost.core.model.decision import Source
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Policy
from waypost.core.policy.wrap import wrap
from waypost.errors import PolicyError
from waypost.runtime import yaml
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy, packaged
from waypost.runtime.nodes import Reader, spoken
from waypost.runtime.policy_files import remedy
from waypost.runtime.policy_tests_case import CASE_KEYS, SHARED_KEYS, CaseReader

VERSION = "waypost: policy-test/v1"
SUFFIX = ".test.yaml"
KEYS = ("waypost", "policy", "envelopes", "catalog", "defaults", "cases")
_DEEP = frozenset(("features", "context", "snapshot"))


def load_suite(path: str | Path, *, catalog: Catalog | None = None) -> Suite:
    """The cases in the file ``path``, with the policy that they are about compiled.

    ``catalog`` stands in the place of the one that the file names, or of the packaged one.

    Raises:
        PolicyError: the file, or the policy that it names, cannot be read or used.
        CatalogError: the catalog that it names cannot.
    """
    file = Path(path)
    root = _root(file)
    reader = Reader(PolicyError)
    reader.mapping(root, "a test file", KEYS)
    table = catalog if catalog is not None else _catalog(reader, root, file)
    policy = load_policy(_policy(reader, root, file), catalog=table)
    plan = compile_policy(wrap(policy, _envelopes(reader, root, file, table)), table, EXPRESSES)
    cases = _cases(reader, root, plan)
    reader.finish()
    return Suite(str(file), plan, cases, frozenset(_tested_elsewhere(policy)))


def _tested_elsewhere(policy: Policy) -> Iterator[str]:
    """The packaged files that ``policy`` extends and that come with tests: who extends them cannot mend their lines."""
    folders = {folder.resolve() for folder in packaged()}
    for source in policy.sources[1:]:
        file = Path(source).resolve()
        if file.parent in folders and file.with_name(file.stem + SUFFIX).is_file():
            yield source


def find_tests(name: str | Path) -> tuple[Path, ...]:
    """The test files that ``name`` means: one itself, those of a folder, that beside a policy, or a packaged policy's.

    Raises:
        PolicyError: there are none.
    """
    path = Path(name)
    if path.is_dir():
        found = tuple(sorted(path.glob(f"*{SUFFIX}")))
        if found:
            return found
        raise PolicyError(f"no file here ends with {SUFFIX}", where=str(path), remedy="name a test file or a policy")
    if path.name.endswith(SUFFIX):
        return (path,)
    beside = path.with_name(path.stem + SUFFIX)
    if beside.is_file():
        return (beside,)
    if not path.suffix and path.name == str(path):
        known = {file.name.removesuffix(SUFFIX): file for folder in packaged() for file in folder.glob(f"*{SUFFIX}")}
        if path.name in known:
            return (known[path.name],)
    if not path.is_file():
        raise PolicyError("there is no such policy and no such test file", where=str(name), remedy=remedy(path))
    raise PolicyError("there are no tests for it", where=str(name), remedy=f"write {beside.name!r} beside the policy")


def _root(file: Path) -> yaml.Mapping:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise PolicyError(f"the test file {what}", where=str(file), remedy="check the path") from None
    root = yaml.parse(text, str(file), PolicyError)
    if not isinstance(root, yaml.Mapping):
        raise PolicyError(
            f"a test file is a mapping, not {spoken(root)}", where=str(root.at), remedy=f"write `{VERSION}`"
        )
    version = root.get("waypost")
    said = version.raw if isinstance(version, yaml.Scalar) else "nothing" if version is None else spoken(version)
    if f"waypost: {said}" != VERSION:
        at = root.at if version is None else version.at
        raise PolicyError(f"the version of the tests is {said}", where=str(at), remedy=f"write `{VERSION}`")
    return root


def _catalog(reader: Reader, root: yaml.Mapping, file: Path) -> Catalog:
    named = reader.text(root.get("catalog"), "catalog")
    return load_catalog(None if named is None else file.parent / named)


def _policy(reader: Reader, root: yaml.Mapping, file: Path) -> Path:
    """The policy that the file names; else the one of the file's own name."""
    node = root.get("policy")
    named = reader.text(node, "policy") or file.name.removesuffix(SUFFIX)
    return _beside(file, named, root.at if node is None else node.at)


def _envelopes(reader: Reader, root: yaml.Mapping, file: Path, catalog: Catalog) -> tuple[Policy, ...]:
    """The envelopes that the policy is decided in, in the order of the file."""
    found = []
    for named, at in reader.texts(root.get("envelopes"), "envelopes"):
        policy = load_policy(_beside(file, named, at), catalog=catalog)
        if not policy.envelope:
            reader.wrong(at, f"{named!r} is no envelope", "write `envelope: true` into it, or name it as the policy")
        found.append(policy)
    return tuple(found)


def _beside(file: Path, named: str, at: Source) -> Path:
    """The policy of that path, or of that name without its ending, beside ``file``."""
    found = next((path for end in ("", ".yaml", ".yml") if (path := file.parent / f"{named}{end}").is_file()), None)
    if found is None:
        known = {path.stem for path in file.parent.glob("*.yaml") if not path.name.endswith(SUFFIX)}
        raise PolicyError(f"there is no policy {named!r} here", where=str(at), remedy=yaml.suggest(named, known))
    return found


def _cases(reader: Reader, root: yaml.Mapping, plan: Plan) -> tuple[Case, ...]:
    defaults = reader.mapping(root.get("defaults"), "defaults", SHARED_KEYS)
    read = CaseReader(reader, plan)
    seen: dict[str, str] = {}
    out = []
    for item in reader.sequence(root.get("cases"), "cases"):
        body = reader.mapping(item, "a case", CASE_KEYS)
        if body is None:
            continue
        case = read.case(body if defaults is None else _over(body, defaults))
        if case.name in seen:
            reader.wrong(case.at, f"a second case {case.name!r}", f"the first is at {seen[case.name]}")
        seen.setdefault(case.name, str(case.at))
        out.append(case)
    if not out and not reader.errors:
        reader.wrong(root.at, "there are no cases", "write `cases:` with a list of them")
    return tuple(out)


def _over(case: yaml.Mapping, defaults: yaml.Mapping, *, top: bool = True) -> yaml.Mapping:
    """``case`` over ``defaults``: features, context and snapshot key by key, everything else as a whole."""
    own = {key.raw: value for key, value in case.entries}
    entries = list(case.entries)
    for key, value in defaults.entries:
        mine = own.get(key.raw)
        if mine is None:
            entries.append((key, value))
        elif top and key.raw in _DEEP and isinstance(mine, yaml.Mapping) and isinstance(value, yaml.Mapping):
            place = next(index for index, (name, _) in enumerate(entries) if name.raw == key.raw)
            entries[place] = (entries[place][0], _over(mine, value, top=False))
    return yaml.Mapping(tuple(entries), case.at, case.tag)
