"""What holds of a call's own claims: those of its client, its headers and its body inside of the blocks around it.

Blocks are the application's word. What comes with a call may add to it and narrow it, never say otherwise who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.adapters.sdks.claims import UNMAPPED, Heard
from waypost.core.routing.narrow import UNREADABLE
from waypost.core.routing.prepare import Routes
from waypost.errors import SettingsError
from waypost.runtime.claims import KEYS, LABELS, narrowing, no_mapping
from waypost.runtime.context import WHO, Claims, current, merge, narrowed
from waypost.runtime.narrowings import Narrowings
from waypost.runtime.recording import Faults

SAID = "a call's headers or extra_body"
SETTLED = "settled around the call"
OTHERWISE = "is not what the block or the client around it says"
HOLDS = "that holds; to change it, say it in a `waypost.context` right around the call"
NOT_READ = "unreadable"
MOST = 64
"""So much of a key's name goes on a receipt."""
KEEPS_OUT = "nobody is let in where it would narrow a call"


class Hearing:
    """Reads layers of claims; what cannot be read, or says otherwise than what is around it, is left out, counted, and
    said once for each key."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._narrowings = Narrowings()

    def hear(self, layers: Sequence[Mapping[str, Any]], routes: Routes) -> Heard:
        """The current context with ``layers`` on top, the outermost first."""
        claims = current()
        withheld: tuple[str, ...] = ()
        if layers:
            claims, withheld = self._inside(claims, layers)
        context = claims.context
        named = context.policy is not None and current().context.policy is None
        if context.policy is not None:
            self._narrowings.policy(context.policy, routes.plans)
        if context.narrow is not None or context.fallbacks:
            context = self._narrowings.context(claims, routes.catalog)
        return Heard(context, claims.request_id, withheld, named)

    def _inside(self, claims: Claims, layers: Sequence[Mapping[str, Any]]) -> tuple[Claims, tuple[str, ...]]:
        """``claims`` with ``layers`` on top, and what of these does not hold."""
        withheld: set[str] = set()
        for keys in layers:
            said = self._settled(claims, self._mapped(keys, withheld), withheld)
            try:
                claims = merge(claims, said, SAID)
            except SettingsError:
                claims = self._each(claims, said, withheld)
        return claims, tuple(sorted(withheld))

    def _mapped(self, keys: Mapping[str, Any], withheld: set[str]) -> Mapping[str, Any]:
        """``keys`` without a reserved key of the body that has no keys of its own."""
        if UNMAPPED not in keys:
            return keys
        withheld.add(f"{UNMAPPED}: {NOT_READ}")
        self._faults.refuse("claims", UNMAPPED, str(no_mapping(keys[UNMAPPED])))
        return {name: value for name, value in keys.items() if name != UNMAPPED}

    def _settled(self, claims: Claims, keys: Mapping[str, Any], withheld: set[str]) -> Mapping[str, Any]:
        """``keys`` without those that say otherwise who asks, or under which policy, than has been said."""
        left = {name: value for name, value in keys.items() if not _otherwise(claims, name, value)}
        given = keys.get(LABELS)
        labels: Mapping[Any, Any] = given if isinstance(given, Mapping) else {}
        kept = {name: value for name, value in labels.items() if not _other_label(claims, name, value)}
        if len(left) == len(keys) and len(kept) == len(labels):
            return keys
        if labels:
            left[LABELS] = kept
        others = [name if name in WHO else f"context.{name}" for name in keys if name not in left]
        for name in (*others, *(f"context.{name}" for name in labels if name not in kept)):
            withheld.add(f"{name}: {SETTLED}")
            self._faults.refuse("claims", name, f"{SAID}: {name} {OTHERWISE}", HOLDS)
        return left

    def _each(self, claims: Claims, keys: Mapping[str, Any], withheld: set[str]) -> Claims:
        """One by one, so that the fault of one key costs only that; of a narrowing nobody knows whom it lets in.

        It stands for itself, so that it is withheld where the policy does not grant claims of its kind.
        """
        for name, value in keys.items():
            try:
                claims = merge(claims, {name: value}, SAID)
            except SettingsError as error:
                withheld.add(f"{name[:MOST]}: {NOT_READ}")
                meant = narrowing(name)
                if meant is not None:  # what was to keep somebody out keeps everybody out
                    self._faults.refuse("claims", name, str(error), KEEPS_OUT)
                    claims = narrowed(claims, UNREADABLE[meant])
                else:
                    self._faults.refuse("claims", name, str(error))
        return claims


def _otherwise(claims: Claims, name: str, value: Any) -> bool:
    if name in WHO:
        said = getattr(claims.context, name)
        return said is not None and value != said
    return name not in KEYS and not isinstance(value, Mapping) and _other_label(claims, name, value)


def _other_label(claims: Claims, name: Any, value: Any) -> bool:
    said = claims.context.labels.get(name)
    return said is not None and value is not None and value != said
