"""Which file a policy is given by, a path or the name of a packaged one, and which files one may extend."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from waypost.core.model.frozen import dataclass

MAX_NEARBY = 1_000
_NOT_POLICIES = frozenset(("catalog",))
_CHECK = "check the path"
_SUFFIXES = ("", ".yaml", ".yml")


def packaged() -> tuple[Path, ...]:
    """The folder of the policies that come with the package: in a wheel, or in the repository."""
    here = Path(__file__).resolve()
    folders = (here.parents[1] / "policies", here.parents[3] / "policies")
    return tuple(folder for folder in folders if folder.is_dir())


def names(folder: Path) -> Iterator[str]:
    """The policies in a folder, by the names of their files without the ending."""
    for path in folder.glob("*.yaml"):
        if not path.stem.endswith(".test") and path.stem not in _NOT_POLICIES:
            yield path.stem


def policy_path(given: str | Path) -> Path:
    """The file ``given``; the packaged policy of that name where there is no such file, and it is but a name."""
    path = Path(given)
    if path.suffix or path.name != str(given) or path.is_file() or path.name in _NOT_POLICIES:
        return path
    found = (folder / f"{path.name}.yaml" for folder in packaged())
    return next((file for file in found if file.is_file()), path)


def listed(given: Iterable[str | Path] = ()) -> frozenset[str]:
    """The files that somebody named as policies, ``given`` and those of ``WAYPOST_POLICY``, resolved."""
    named = [part for part in os.environ.get("WAYPOST_POLICY", "").split(os.pathsep) if part]
    return frozenset(os.path.realpath(policy_path(part)) for part in (*given, *named))


def beneath(written: str) -> str | None:
    """``written`` as a path in a folder; ``None`` where it leads out of it."""
    normal = os.path.normpath(written)
    outside = os.path.isabs(normal) or normal.split(os.sep, 1)[0] == os.pardir or "\0" in normal
    return None if outside else normal


def remedy(path: Path) -> str:
    """What to do where there is no file ``path``: the one nearby or the packaged policy that was probably meant."""
    import difflib  # only who mistyped pays for it

    bare = path.name == str(path)
    ours = {name for folder in packaged() for name in names(folder)} if bare else set()
    meant = {name.lower(): f"the packaged {name!r}" for name in ours}
    meant.update((near.stem.lower(), repr(str(near))) for near in _nearby(path.parent))
    found = difflib.get_close_matches(path.stem.lower(), sorted(meant), n=1, cutoff=0.6)
    if found:
        return f"did you mean {meant[found[0]]}?"
    return f"check the path, or name a packaged one: {', '.join(sorted(ours))}" if ours and not path.suffix else _CHECK


def _nearby(folder: Path) -> list[Path]:
    try:
        found = [path for path in folder.iterdir() if path.suffix in (".yaml", ".yml")]
    except (OSError, ValueError):
        return []
    return [path for path in sorted(found)[:MAX_NEARBY] if not path.stem.endswith(".test")]


@dataclass(frozen=True, slots=True)
class Places:
    """Where ``extends`` may lead: into ``folders``, and to files that were named as policies, ``others`` among them."""

    folders: tuple[Path, ...]
    others: Sequence[str | Path] = ()

    def find(self, written: str) -> Path | None:
        """The file that is meant by a name or a path.

        Raises:
            ValueError: it leads out of the folders, and to none of the others.
        """
        inside = beneath(written)
        ways = (folder / f"{inside or written}{suffix}" for folder in self.folders for suffix in _SUFFIXES)
        if inside is not None:
            return next((path for path in ways if _is_file(path)), None)
        known = listed(self.others)
        found = next((path for path in ways if os.path.realpath(path) in known), None)
        if found is None:
            raise ValueError(written)
        return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False
