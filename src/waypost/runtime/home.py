"""``WAYPOST_HOME``: where journals, the store, objects and the key of pseudonyms rest.

A directory that cannot be written is said once; then everything rests in a temporary directory of this process, so
that receipts can still be read while it lives.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

from waypost.runtime.digests import keyed

log = logging.getLogger("waypost")

IGNORE = "# Receipts of Waypost; nothing here belongs into a repository.\n*\n"


class Home:
    """The directory, made on first use, and its parts."""

    CONTENT = "content"
    OVERRIDES = "overrides.json"
    """What somebody forces for a while."""

    def __init__(self, path: Path) -> None:
        self.wanted = path
        self.path, self.persistent = _writable(path)

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def store(self) -> Path:
        return self.path / "receipts.sqlite"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def content(self) -> Path:
        return self.path / self.CONTENT

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    def pseudonym(self) -> Callable[[str], str]:
        """A person's identifier to its HMAC under this home's key: the same person, the same text, nothing to read."""
        key = self._key

        def stable(text: str) -> str:
            return "p_" + hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

        return stable

    def digest(self) -> Callable[[Sequence[str]], str]:
        """Texts to 32 bytes in hex under this home's key: equal texts, equal digests, nothing to read."""
        return partial(keyed, key=self._key, size=32)

    def restore(self) -> None:
        """Lay again what was deleted: what keeps it out of repositories, and the key that this process goes on with, so
        that others give the same people the same pseudonyms. Raises OSError."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _ignored(self.path)
        if "_key" in self.__dict__:
            _made_once(self.path / "pseudonym.key", self._key)

    @cached_property
    def _key(self) -> bytes:
        return _made_once(self.path / "pseudonym.key")


def _writable(path: Path) -> tuple[Path, bool]:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _ignored(path)
        _probe(path)
    except OSError as error:
        fallback = _passing()
        log.warning(
            "%s: not writable (%s); receipts of this process rest in %s and end with it; "
            "set WAYPOST_HOME to a directory that can be written",
            path,
            type(error).__name__,
            fallback,
        )
        return fallback, False
    return path, True


def _probe(path: Path) -> None:
    """Write a page there and take it away again; of a full disk an empty file tells nothing."""
    fd, probe = tempfile.mkstemp(prefix=".probe-", dir=path)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(bytes(4096))
    finally:
        os.unlink(probe)


def _passing() -> Path:
    """A directory that is removed when this process ends, and not by a child that it forks."""
    made = Path(tempfile.mkdtemp(prefix="waypost-"))
    atexit.register(_removed, made, os.getpid())
    return made


def _removed(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)


def _ignored(path: Path) -> None:
    ignore = path / ".gitignore"
    if not ignore.exists():
        ignore.write_text(IGNORE)


def _made_once(file: Path, key: bytes | None = None) -> bytes:
    """The key, ``key`` or a new one where there is none. Of two processes that make it at the same time one wins: the
    name appears with the whole key in it."""
    if not file.exists():
        fd, made = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(fd, "w") as out:
                out.write(secrets.token_hex(32) if key is None else key.hex())
        except OSError:
            os.unlink(made)
            raise
        try:
            os.link(made, file)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links: whoever comes last wins, and no half of a key is ever read.
            os.replace(made, file)
            return bytes.fromhex(file.read_text().strip())
        os.unlink(made)
    return bytes.fromhex(file.read_text().strip())
