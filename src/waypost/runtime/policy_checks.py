"""What is wrong with a policy as a whole, when each of its parts is right."""

from __future__ import annotations

from waypost.core.catalog.table import Catalog
from waypost.core.policy.columns import columns_of
from waypost.core.policy.needs_call import beyond_catalog, fields_of
from waypost.core.policy.static_masks import static
from waypost.core.policy.tree import Policy
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader


def check_default(reader: Reader, policy: Policy, catalog: Catalog, node: yaml.Node | None) -> None:
    """The default must pass every line that depends on the catalog alone, or nobody could ever be sent to it."""
    columns = columns_of(catalog)
    places = {key.raw: value.at for key, value in node.entries} if isinstance(node, yaml.Mapping) else {}
    for provider, target in policy.default.items():
        bit = 1 << catalog.index[target]
        for line in policy.filters:
            if (
                line.when is None
                and not beyond_catalog(line.predicate)
                and not static(line.predicate, columns)[0] & bit
            ):
                at = places.get(provider, node.at if node else policy.at)
                remedy = f"choose one that passes it, or change the line at {line.at}"
                reader.wrong(at, f"the default {target!r} is rejected by the policy's own `{line.name}`", remedy)
                break


def check_match(reader: Reader, policy: Policy) -> None:
    """The intent is what the chosen policy's own aliases say, so that no policy can be chosen by it."""
    if policy.match is not None and "intent" in fields_of(policy.match):
        reader.wrong(policy.match.at, "`match` cannot ask for the intent", "match the requested.model instead")
