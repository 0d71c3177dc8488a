"""The world of a dry run out of what somebody writes down: as on a receipt, or as in a policy test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from waypost.core.catalog.table import Catalog
from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.model.record_question import snapshot_of
from waypost.core.policy.fields import nearest
from waypost.core.policy.tree import Policy
from waypost.errors import SettingsError
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader
from waypost.runtime.policy_tests_names import Names
from waypost.runtime.policy_tests_world import SNAPSHOT, WorldReader

_WHERE = "snapshot"


def world(given: Snapshot | Mapping[str, Any] | None, catalog: Catalog, policy: Callable[[], Policy]) -> Snapshot:
    """``given`` as a record; ``policy`` says whose budgets and limits a mapping in the words of a test names.

    Raises:
        SettingsError: a key, a name or a value that a snapshot does not have.
    """
    if given is None:
        return EMPTY_SNAPSHOT
    if isinstance(given, Snapshot):
        return given
    known = tuple(Snapshot.__dataclass_fields__)
    strange = next((name for name in given if name not in (*known, *SNAPSHOT)), None)
    if strange is not None:
        remedy = nearest(str(strange), {*known, *SNAPSHOT})
        raise SettingsError(f"there is no {strange!r} in a snapshot", where=_WHERE, remedy=remedy)
    if _as_in_a_test(given):
        return _of_a_test(given, catalog, policy())
    try:
        return snapshot_of(given)
    except (TypeError, ValueError) as error:
        remedy = "write it as in a policy test, or as on a receipt"
        raise SettingsError(f"cannot be read: {error}", where=_WHERE, remedy=remedy) from None


def _as_in_a_test(given: Mapping[str, Any]) -> bool:
    """Receipts have pairs where tests have mappings and words."""
    limited = given.get("limited", ())
    words = isinstance(limited, list | tuple) and any(isinstance(item, str | Mapping) for item in limited)
    named = any(isinstance(given.get(name), Mapping) for name in ("used", "refused", "warm"))
    return words or named or isinstance(limited, str) or "latency.p95" in given


def _of_a_test(given: Mapping[str, Any], catalog: Catalog, policy: Policy) -> Snapshot:
    try:
        text = json.dumps(given)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"cannot be read: {error}", where=_WHERE, remedy="give texts, numbers and lists") from None
    reader = Reader(SettingsError)
    try:
        found = WorldReader(Names(reader, catalog), policy).read(yaml.parse(text, _WHERE, SettingsError))
        reader.finish()
    except SettingsError as error:  # places in a text that nobody wrote
        raise SettingsError(error.what, where=_WHERE, remedy=error.remedy) from None
    return found
