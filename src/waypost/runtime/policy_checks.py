"""What is wrong with a policy as a whole, when each of its parts is right."""

from __future__ import annotations

from collections.abc import Iterable

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.target import Target, TargetId
from waypost.core.policy.columns import columns_of
from waypost.core.policy.needs_call import beyond_catalog, fields_of
from waypost.core.policy.static_masks import static
from waypost.core.policy.tree import Filter, Policy
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader
from waypost.runtime.policy_targets import ANY


def check_default(reader: Reader, policy: Policy, catalog: Catalog, node: yaml.Node | None) -> None:
    """The default must pass every line that depends on the catalog alone, or nobody could ever be sent to it."""
    places = default_places(policy, node)
    for provider, target in policy.default.items():
        line = rejecting(policy.filters, target, catalog)
        if line is not None:
            remedy = f"choose one that passes it, or change the line at {line.at}"
            what = f"the default {target!r} is rejected by the policy's own `{line.name}`"
            reader.wrong(places[provider], what, remedy)
        elif (why := _elsewhere(policy, provider, catalog.targets[catalog.index[target]], catalog)) is not None:
            what = f"the default {target!r} is not at {provider!r}, and {why}"
            other = "" if policy.cross_origin == "never" else ", or `on_no_candidates: default`"
            reader.wrong(places[provider], what, f"write a target of {provider}{other}")


def _elsewhere(policy: Policy, provider: str, target: Target, catalog: Catalog) -> str | None:
    """Why callers at ``provider`` can never be sent to ``target``; ``None`` where they can."""
    if provider in (ANY, target.provider, catalog.endpoints[target.endpoint].provider):
        return None
    if policy.cross_origin == "never":
        return "no call may leave"
    return "it would answer only at their own endpoint" if policy.on_no_candidates == "error" else None


def default_places(policy: Policy, node: yaml.Node | None) -> dict[str, Source]:
    """Where the default for each provider is written."""
    places = {key.raw: value.at for key, value in node.entries} if isinstance(node, yaml.Mapping) else {}
    return {provider: places.get(provider, node.at if node else policy.at) for provider in policy.default}


def rejecting(lines: Iterable[Filter], target: TargetId, catalog: Catalog) -> Filter | None:
    """The first of ``lines`` that depends on the catalog alone and rejects ``target``."""
    columns, bit = columns_of(catalog), 1 << catalog.index[target]
    for line in lines:
        always = line.when is None and not beyond_catalog(line.predicate)
        if always and not static(line.predicate, columns)[0] & bit:
            return line
    return None


def check_match(reader: Reader, policy: Policy) -> None:
    """The intent is what the chosen policy's own aliases say, so that no policy can be chosen by it."""
    if policy.match is not None and "intent" in fields_of(policy.match):
        reader.wrong(policy.match.at, "`match` cannot ask for the intent", "match the requested.model instead")
