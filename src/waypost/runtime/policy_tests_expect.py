"""What a case expects, checked against the policy and the catalog: a name that does not exist would never fail."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import TypeAlias, cast, get_args

from waypost.core.analysis.policy_tests import NO_RULE, Expect
from waypost.core.model.decision import Cause, Source
from waypost.core.model.question import Mode
from waypost.core.model.target import TargetId
from waypost.core.policy.plan import Plan
from waypost.core.policy.tree import Claim
from waypost.runtime import yaml
from waypost.runtime.nodes import Reader

KEYS = (
    "selected", "rule", "cause", "tier", "mode", "applies", "rejected", "never", "survivors", "withheld", "error",
)  # fmt: skip
RESERVED = ("tried", "cross_origin", "dialect", "provider.credentials", "breaker", "override")
FAMILIES = ("call.", "need.", "limit.", "budget.", "rule.")
Named: TypeAlias = Callable[[yaml.Node | None, str], "TargetId | None"]


class ExpectReader:
    """Reads ``expect`` of the cases of one file. ``target`` reads one target's id."""

    def __init__(self, reader: Reader, plan: Plan, target: Named) -> None:
        self.reader = reader
        self.target = target
        self.ids = tuple(target.id for target in plan.catalog.targets)
        policy = plan.policy
        lines = (*policy.filters, *(line for rule in policy.rules for line in rule.filters))
        self.rules = tuple(rule.name for rule in policy.rules)
        self.lines = tuple(dict.fromkeys(line.name for line in lines))
        self.tiers = tuple({target.tier: None for target in plan.catalog.targets if target.tier is not None})

    def read(self, node: yaml.Node | None) -> Expect:
        body = self.reader.mapping(node, "expect", KEYS)
        if body is None or not body.entries:
            if node is not None:
                self.reader.wrong(node.at, "nothing is expected", "write `selected`, `rule`, `rejected`, `never`, ...")
            return Expect()
        read = self.reader
        applies = read.choice(body.get("applies"), "applies", ("true", "false"))
        return Expect(
            selected=self.targets(body.get("selected"), "selected"),
            rule=read.choice(body.get("rule"), "rule", (*self.rules, NO_RULE)),
            cause=read.choice(body.get("cause"), "cause", get_args(Cause)),
            tier=read.choice(body.get("tier"), "tier", self.tiers),
            mode=cast("Mode | None", read.choice(body.get("mode"), "mode", get_args(Mode))),
            applies=None if applies is None else applies == "true",
            rejected=self.rejected(body.get("rejected")),
            never=self.targets(body.get("never"), "never"),
            survivors=self.survivors(body.get("survivors")),
            withheld=self.withheld(body.get("withheld")),
            error=read.choice(body.get("error"), "error", ("no_candidates",)),
            places={key.raw: key.at for key, _ in body.entries},
        )

    def targets(self, node: yaml.Node | None, what: str) -> tuple[TargetId, ...]:
        """Ids, aliases and globs of ids; one alone need not be in brackets."""
        if isinstance(node, yaml.Scalar):
            return self.one(node, what)
        found = [target for item in self.reader.sequence(node, what) for target in self.one(item, what)]
        return tuple(dict.fromkeys(found))

    def one(self, node: yaml.Node, what: str) -> tuple[TargetId, ...]:
        text = self.reader.text(node, what)
        if text is not None and ("*" in text or "?" in text):
            found = tuple(id for id in self.ids if fnmatchcase(id, text))
            if not found:
                self.reader.wrong(node.at, f"no target matches {text!r}", yaml.suggest(text, self.ids))
            return found
        named = self.target(node, what)
        return () if named is None else (named,)

    def rejected(self, node: yaml.Node | None) -> tuple[tuple[TargetId, str], ...]:
        """By target or glob, the name of a rule that it fails, or a list of them."""
        body = self.reader.mapping(node, "rejected")
        found: list[tuple[TargetId, str]] = []
        for key, value in body.entries if body else ():
            single = isinstance(value, yaml.Scalar)
            items = (value,) if single else self.reader.sequence(value, f"rejected {key.raw}")
            names = [(self.reader.text(item, "a rule's name"), item.at) for item in items]
            for target in self.one(key, "rejected"):
                found += [(target, name) for name, at in names if name is not None and self.known(name, at)]
        return tuple(found)

    def known(self, name: str, at: Source) -> bool:
        """Whether a rejection can have that name at all; reserved ones are told by their beginning."""
        if name.startswith("rule.") and name[5:] not in self.rules:
            self.reader.wrong(at, f"the policy has no rule {name[5:]!r}", yaml.suggest(name[5:], self.rules))
            return False
        if name in RESERVED or name.startswith(FAMILIES) or name in self.lines:
            return True
        self.reader.wrong(at, f"no line of the policy is called {name!r}", yaml.suggest(name, (*self.lines, *RESERVED)))
        return False

    def withheld(self, node: yaml.Node | None) -> tuple[str, ...] | None:
        """Claims of the call, sorted; an empty list says that all are followed."""
        if node is None:
            return None
        items = (node,) if isinstance(node, yaml.Scalar) else self.reader.sequence(node, "withheld")
        found = (self.reader.choice(item, "withheld", get_args(Claim)) for item in items)
        return tuple(sorted({claim for claim in found if claim is not None}))

    def survivors(self, node: yaml.Node | None) -> int | tuple[TargetId, ...] | None:
        if isinstance(node, yaml.Scalar):
            return self.reader.integer(node, "survivors", 0, len(self.ids))
        return None if node is None else tuple(sorted(self.targets(node, "survivors")))
