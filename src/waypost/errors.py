"""Every error that Waypost itself raises, in one tree; each says where, what and the remedy.

    WaypostError
    ├── ConfigError          raised when something is loaded or switched on, never during a call
    │   ├── PolicyError      a policy file
    │   ├── CatalogError     a catalog file
    │   └── SettingsError    an argument or an environment variable
    ├── Untranslatable       a need that a dialect cannot express; becomes a rejection, never reaches the caller
    └── NoEligibleTarget     no candidate survived; the SDK adapter turns it into the SDK's own exception

During a call the caller only ever sees exceptions of the SDK that was called.
"""

from __future__ import annotations

from collections.abc import Sequence


class WaypostError(Exception):
    """Base of the tree. ``str()`` reads ``where: what; remedy``."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.where = where
        self.what = what
        self.remedy = remedy
        text = f"{where}: {what}" if where else what
        super().__init__(f"{text}; {remedy}" if remedy else text)


class ConfigError(WaypostError):
    """Something that a user wrote cannot be used. ``others`` are further errors found in the same pass; ``str()`` has a
    line for each."""

    others: tuple[ConfigError, ...] = ()

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.others)])


class PolicyError(ConfigError):
    """A policy file; ``where`` is ``file:line:column``."""


class CatalogError(ConfigError):
    """A catalog file; ``where`` is ``file:line:column``."""


class SettingsError(ConfigError):
    """An argument or an environment variable; ``where`` names it."""


class Untranslatable(WaypostError):
    """A dialect cannot express ``need``, found at ``path`` in the request."""

    def __init__(self, need: str, dialect: str, path: str = "") -> None:
        self.need = need
        self.dialect = dialect
        self.path = path
        super().__init__(f"{dialect} cannot express {need}", where=path)


class NoEligibleTarget(WaypostError):
    """No candidate survived. ``lines`` has one ``provider/model: first failed rule`` each."""

    def __init__(self, policy: str, lines: Sequence[str]) -> None:
        self.policy = policy
        self.lines = tuple(lines)
        super().__init__(
            f"no eligible model under policy {policy!r}",
            remedy="`waypost explain` shows every rule; loosen one, or set on_no_candidates: default",
        )
