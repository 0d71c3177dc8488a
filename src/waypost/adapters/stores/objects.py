"""The object store: policies, catalogs and snapshots under the sha256 of their canonical bytes, written once.

``objects/<first two digits>/<rest>``. What is read is checked against its name, so that a receipt's fingerprint
resolves to exactly what was in force or to an error, never to something else.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}\Z")


class ObjectStore:
    """Objects in ``directory``, which is made when the first one comes. Processes may share it."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)

    def put(self, content: bytes) -> str:
        """Keep ``content`` (canonical bytes) and return its fingerprint. Raises OSError."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            return name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unborn = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
        try:
            unborn.write_bytes(content)
            unborn.replace(path)
        finally:
            unborn.unlink(missing_ok=True)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of that fingerprint.

        Raises:
            KeyError: nothing is kept under that name.
            OSError: it cannot be read, or it is not what its name says.
        """
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None
        if hashlib.sha256(content).hexdigest() != name:
            raise OSError(f"{self._path(name)}: not what its name says; restore it from a copy")
        return content

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _NAME.match(name) is not None and self._path(name).exists()

    def _path(self, name: str) -> Path:
        if _NAME.match(name) is None:
            raise KeyError(name)
        return self.directory / name[:2] / name[2:]
