"""The world of a case: budgets used, limits reached, breakers, measured latencies, and where a cache is warm."""

from __future__ import annotations

from waypost.core.model.question import Snapshot
from waypost.core.model.target import TargetId
from waypost.core.policy.tree import Policy
from waypost.runtime import yaml
from waypost.runtime.policy_tests_names import Names

SNAPSHOT = ("used", "limited", "refused", "broken", "disabled", "latency.p95", "warm")


class WorldReader:
    """Reads the snapshots of one file."""

    def __init__(self, names: Names, policy: Policy) -> None:
        self.names = names
        self.reader = names.reader
        self.policy = policy

    def read(self, node: yaml.Node | None) -> Snapshot:
        body = self.reader.mapping(node, "snapshot", SNAPSHOT)
        if body is None:
            return Snapshot()
        endpoints = tuple(self.names.catalog.endpoints)
        return Snapshot(
            epoch=1,
            broken=tuple(sorted(self.names.targets(body.get("broken"), "broken"))),
            disabled=tuple(sorted(self.names.words(body.get("disabled"), "disabled", endpoints))),
            latency_p95_ns=self.latencies(body.get("latency.p95")),
            used=self.used(body.get("used")),
            limited=self.limited(body.get("limited")),
            refused=self.refused(body.get("refused")),
            warm=self.warm(body.get("warm")),
        )

    def used(self, node: yaml.Node | None) -> tuple[tuple[str, int], ...]:
        """Budgets by ``scope/period``, in whole percents as the world says them."""
        body = self.reader.mapping(node, "used", [budget.key for budget in self.policy.budgets])
        found = []
        for key, value in body.entries if body else ():
            ppm = self.reader.quantity(value, f"used {key.raw}", "micro")
            if ppm is not None:
                found.append((key.raw, ppm // 10_000 * 10_000))
        return tuple(sorted(found))

    def limited(self, node: yaml.Node | None) -> tuple[tuple[str, str], ...]:
        """Limits that are reached: ``user``, or ``{endpoint: openai}`` where only one value's is."""
        scopes = [limit.scope for limit in self.policy.limits]
        found = []
        for item in self.reader.sequence(node, "limited"):
            if isinstance(item, yaml.Mapping):
                body = self.reader.mapping(item, "limited", scopes)
                entries = body.entries if body else ()
                found += [(f"limit.{key.raw}", self.reader.text(value, key.raw) or "") for key, value in entries]
            elif (scope := self.reader.choice(item, "limited", scopes)) is not None:
                found.append((f"limit.{scope}", ""))
        return tuple(sorted(found))

    def refused(self, node: yaml.Node | None) -> tuple[tuple[str, TargetId], ...]:
        """Targets whose reservation found no room, by the budget's scope."""
        body = self.reader.mapping(node, "refused", [budget.scope for budget in self.policy.budgets])
        entries = body.entries if body else ()
        return tuple(
            sorted(
                (f"budget.{key.raw}", target) for key, value in entries for target in self.names.targets(value, key.raw)
            )
        )

    def latencies(self, node: yaml.Node | None) -> tuple[tuple[TargetId, int], ...]:
        body = self.reader.mapping(node, "latency.p95")
        found = []
        for key, value in body.entries if body else ():
            target, measured = self.names.target(key, "latency.p95"), self.reader.quantity(value, key.raw, "ns")
            if target is not None and measured is not None:
                found.append((target, measured))
        return tuple(sorted(found))

    def warm(self, node: yaml.Node | None) -> tuple[TargetId, int] | None:
        body = self.reader.mapping(node, "warm", ("target", "cached"))
        target = None if body is None else self.names.target(body.get("target"), "warm.target")
        if body is None or target is None:
            return None
        return target, self.reader.quantity(body.get("cached"), "warm.cached", "count") or 0
