"""``WAYPOST_HOME``: where journals, the store, objects and the key of pseudonyms rest.

A directory that cannot be written is said once; then everything rests in a temporary directory of this process, so
that receipts can still be read while it lives.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

log = logging.getLogger("waypost")

IGNORE = "# Receipts of Waypost; nothing here belongs into a repository.\n*\n"


class Home:
    """The directory, made on first use, and its parts."""

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
    def cache(self) -> Path:
        return self.path / "cache"

    def pseudonym(self) -> Callable[[str], str]:
        """A person's identifier to its HMAC under this home's key: the same person, the same text, nothing to read."""
        key = _key(self.path / "pseudonym.key")

        def stable(text: str) -> str:
            return "p_" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]

        return stable

    def digest(self) -> Callable[[Sequence[str]], str]:
        """Texts to their HMAC under this home's key: equal texts, equal digests, nothing to read."""
        key = _key(self.path / "pseudonym.key")

        def of(texts: Sequence[str]) -> str:
            made = hmac.new(key, digestmod=hashlib.sha256)
            for text in texts:
                data = text.encode("utf-8", "surrogatepass")
                made.update(len(data).to_bytes(8, "big"))
                made.update(data)
            return made.hexdigest()

        return of


def _writable(path: Path) -> tuple[Path, bool]:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text(IGNORE)
        probe = path / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        fallback = Path(tempfile.mkdtemp(prefix="waypost-"))
        log.warning(
            "%s: not writable (%s); receipts of this process rest in %s and end with it; "
            "set WAYPOST_HOME to a directory that can be written",
            path,
            type(error).__name__,
            fallback,
        )
        return fallback, False
    return path, True


def _key(file: Path) -> bytes:
    """The key, made once; of two processes that make it at the same time one wins."""
    try:
        fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(file.read_text().strip())
    with os.fdopen(fd, "w") as out:
        key = secrets.token_bytes(32)
        out.write(key.hex())
    return key
