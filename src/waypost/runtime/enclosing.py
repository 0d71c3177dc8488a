"""Policies inside of the envelopes among them, checked as the whole that they make together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waypost.core.catalog.table import Catalog
from waypost.core.policy.tree import Policy
from waypost.core.policy.wrap import wrapped
from waypost.errors import PolicyError
from waypost.runtime.policy_checks import rejecting


def enclosed(policies: Sequence[Policy], catalog: Catalog) -> tuple[Policy, ...]:
    """All policies that can be chosen, each inside of all envelopes among them; the order stays.

    Raises:
        PolicyError: an envelope rejects the default of a policy, so that nobody could ever be sent to it; further
            ones are in ``others``.
    """
    envelopes = [policy for policy in policies if policy.envelope]
    found = [error for policy in policies if not policy.envelope for error in barred(policy, envelopes, catalog)]
    if found:
        found[0].others = tuple(found[1:])
        raise found[0]
    return wrapped(policies)


def barred(policy: Policy, envelopes: Sequence[Policy], catalog: Catalog) -> Iterator[PolicyError]:
    """An error for each default of ``policy`` that a line of an envelope rejects, whatever the call is."""
    for provider, target in policy.default.items():
        if target not in catalog.index:  # a policy that was loaded against another catalog
            continue
        for envelope in () if policy.envelope else envelopes:
            line = rejecting(envelope.filters, target, catalog) if envelope.match is None else None
            if line is not None:
                written = policy.positions.get(f"default.{provider}", "").rpartition(":")[0]
                what = f"the default {target!r} is rejected by `{line.name}` at {line.at}"
                yield PolicyError(
                    f"{what}, of the envelope {envelope.name!r}",
                    where=written or str(policy.at),
                    remedy="choose one that passes it, or change the envelope",
                )
                break
