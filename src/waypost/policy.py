"""Policies as objects: ``waypost.policy.load("support.yaml")``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.policy.tree import Policy
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy

__all__ = ["Policy", "load"]


def load(path: str | Path, *, catalog: Catalog | str | Path | None = None, **options: Any) -> Policy:
    """The policy in ``path``, checked against ``catalog`` (the packaged one if none is given).

    Raises:
        PolicyError: with file, line, column and the remedy; all further errors of the file are in ``others``.
    """
    table = catalog if isinstance(catalog, Catalog) else load_catalog(catalog)
    return load_policy(path, catalog=table, **options)
