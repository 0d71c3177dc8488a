"""Where the demo's files are and what it changes: the environment of this process, for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from waypost.runtime.catalogs import load_catalog

_OURS = ("WAYPOST_ENABLED", "WAYPOST_MODE", "WAYPOST_POLICY", "WAYPOST_CATALOG", "WAYPOST_CONSOLE")


def example(name: str) -> Path:
    """A file of ``examples/``: in a wheel, or in the repository."""
    here = Path(__file__).resolve()
    inside = here.parents[2] / "examples" / name
    return inside if inside.is_file() else here.parents[4] / "examples" / name


def keys() -> set[str]:
    """The variables of all providers' keys, by the packaged catalog."""
    return {key for endpoint in load_catalog(None).endpoints.values() for key in endpoint.key_env}


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """These variables and no key of any provider, so that nothing can leave this machine; restored at the end."""
    before = dict(os.environ)
    try:
        for name in (*sorted(keys()), *_OURS):
            os.environ.pop(name, None)
        os.environ.update(values)
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
