"""What a call asks of a candidate before the policy has its say: where it may go, what it needs, how much must fit.

Each gate is a mask of the candidates that fail it, remembered under the facts of the call that it reads.
"""

from __future__ import annotations

from waypost.core.model.needs import asked_only, level, of_model
from waypost.core.policy.bits import joined, remember
from waypost.core.policy.plan import MAX_CELLS, Entries, Failing, Plan
from waypost.core.policy.request import (
    ASKED,
    CREDENTIALS,
    DIALECT,
    ENDPOINT,
    FLAGS,
    MAX_OUTPUT,
    SEALED,
    TOKENS_IN,
    TOKENS_OUT,
    Values,
)


def origin(plan: Plan, values: Values) -> Failing:
    """``cross_origin``, ``dialect`` and ``provider.credentials``."""
    key = (values[DIALECT], *values[ENDPOINT : CREDENTIALS + 1])
    found = plan.origins.get(key)
    if found is not None:
        return found
    dialect, endpoint, host, granted, pinned, credentials = key
    columns, policy = plan.columns, plan.policy
    home = columns.endpoints.get(endpoint, 0) if endpoint is not None else 0
    known = endpoint is not None or any(may_leave(host, entry) for entry in policy.leave)
    leaves = granted and not pinned and policy.cross_origin == "auto" and known
    keyed = home
    for name in credentials:
        keyed |= columns.endpoints.get(name, 0)
    mute = 0
    for name, mask in columns.dialects.items():
        if name not in plan.expresses:
            mute |= mask
    masks = (
        ("cross_origin", 0 if leaves else columns.full & ~home),
        ("dialect", mute & ~columns.speaking(dialect)),
        ("provider.credentials", columns.full & ~keyed),
    )
    return remember(plan.origins, key, joined(masks), MAX_CELLS)


def may_leave(host: str, entry: str) -> bool:
    """Whether an entry of ``leave`` names ``host``: equal, or ``*.`` and a parent domain of it."""
    return host == entry or (entry.startswith("*.") and host.endswith(entry[1:]))


def needs(plan: Plan, values: Values) -> Failing:
    """``need.<flag>`` for each required flag, on the level that it is met on."""
    key = (values[FLAGS], values[DIALECT], values[ENDPOINT], values[SEALED], values[ASKED])
    found = plan.needs.get(key)
    if found is None:
        own = asked(plan, values)
        masks = tuple((f"need.{flag}", plan.columns.full & ~meeting(plan, flag, values, own)) for flag in key[0])
        found = remember(plan.needs, key, joined(masks), MAX_CELLS)
    return found


def asked(plan: Plan, values: Values) -> int:
    """The target that the caller asked for, where it is at the caller's own endpoint and spoken to as the caller does:
    whatever such a request needs, it was written for that very model, and its provider judges."""
    name, endpoint = values[ASKED], values[ENDPOINT]
    target = None if name is None or endpoint is None else plan.catalog.resolve(name, endpoint)
    if target is None or not plan.catalog.endpoints[target.endpoint].speaks(values[DIALECT]):
        return 0
    return 1 << plan.catalog.index[target.id]


def meeting(plan: Plan, flag: str, values: Values, own: int = 0) -> int:
    """The candidates that meet a need; ``own`` is the `asked` one, which meets all but that of another's signature."""
    columns, dialect, endpoint = plan.columns, values[DIALECT], values[ENDPOINT]
    if flag == "reasoning.signature" and values[SEALED] is not None:
        return _signed(plan, values[SEALED])
    where = level(flag)
    if where == "endpoint":
        home = columns.endpoints.get(endpoint, 0) if endpoint is not None and not asked_only(flag) else 0
        able = columns.capabilities.get(flag, 0) if of_model(flag, auto=values[ASKED] is None) else home
        return own | (home & able)
    spoken = own | columns.speaking(dialect)
    for name, mask in columns.dialects.items():
        if flag in plan.expresses.get(name, ()):
            spoken |= mask
    return spoken if where == "dialect" else own | (spoken & columns.capabilities.get(flag, 0))


def _signed(plan: Plan, domain: str) -> int:
    """The candidates of a signing domain."""
    found = 0
    for name, mask in plan.columns.endpoints.items():
        if plan.catalog.endpoints[name].domain == domain:
            found |= mask
    return found


def sizes(plan: Plan, values: Values) -> Failing:
    """``need.context_window`` and ``need.max_output``."""
    allowed = values[MAX_OUTPUT]
    total = values[TOKENS_IN] + (values[TOKENS_OUT] if allowed is None else allowed)
    dead = plan.windows.get(total)
    if dead is None:
        dead = remember(plan.windows, total, _too_small(plan, "context_window", total), MAX_CELLS)
    entries: Entries = (("need.context_window", dead),) if dead else ()
    if allowed is None:
        return entries, dead
    failing = plan.outputs.get(allowed)
    if failing is None:
        failing = remember(plan.outputs, allowed, _too_small(plan, "max_output", allowed), MAX_CELLS)
    if failing:
        entries = (*entries, ("need.max_output", failing))
    return entries, dead | failing


def _too_small(plan: Plan, field: str, limit: int) -> int:
    return plan.columns.full & ~plan.columns.sorted(field).compare(">=", limit * 1_000_000)
