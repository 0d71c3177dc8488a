"""One merged policy document, as positioned nodes, to the typed tree: every key is validated, every default filled in.

What the language has and this version does not enforce is refused with that very message, never accepted and ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, cast, get_args

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.question import Mode
from waypost.core.policy.document import seal
from waypost.core.policy.lexer import Variables
from waypost.core.policy.needs_call import needs_call_facts
from waypost.core.policy.tree import Filter, ModeSpec, Policy, Rule
from waypost.core.policy.words import Words
from waypost.errors import PolicyError
from waypost.runtime import policy_choosing, policy_grants, policy_parts, policy_spending, yaml
from waypost.runtime.nodes import VARIABLE, Reader, is_null
from waypost.runtime.policy_checks import check_default, check_match, default_places
from waypost.runtime.policy_predicates import Predicates
from waypost.runtime.policy_signs import check_signs
from waypost.runtime.policy_targets import Targets
from waypost.runtime.policy_words import CLOSED

KEYS = (
    "waypost", "name", "extends", "description", "mode", "baseline", "match", "vars", "tiers", "rules", "filter",
    "rank", "scales", "select", "fallback", "on_no_candidates", "on_internal_error", "default", "cross_origin",
    "leave", "affinity", "budgets", "limits", "privacy", "envelope", "grants", "aliases",
)  # fmt: skip
HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\Z")
PRIVATE = frozenset(("internal", "intranet", "private", "corp", "home", "lan", "local", "localhost", "test"))
"""Top levels that are nobody's, so that all hosts of one may be somebody's own."""
_NAMING = ("name", "extends", "vars", "tiers", "aliases", "default")
"""Keys without which other lines look wrong."""
RULE_KEYS = ("name", "when", "use", "filter", "because")


def read_tree(root: yaml.Mapping, catalog: Catalog | None, sources: tuple[str, ...]) -> Policy:
    """The sealed policy of a merged document.

    Raises:
        PolicyError: with all errors of the document.
    """
    reader = Reader(PolicyError)
    check_signs(reader, root)
    reader.finish()
    reader.mapping(root, "a policy", KEYS)
    slips = len(reader.errors)
    if any(f"'{key}'" in error.remedy for error in reader.errors for key in _NAMING):
        reader.finish()  # what the key was to name would be told as unknown, too
    reader.variables = _variables(reader, root.get("vars"))
    if len(reader.errors) > slips:
        reader.finish()  # what uses a variable that is wrong would be wrong, too
    targets = Targets(reader, catalog, root.get("tiers"))
    aliases = policy_grants.aliases(reader, root.get("aliases"))
    envelope = policy_grants.envelope(reader, root)
    closed = CLOSED if envelope else {**CLOSED, "intent": frozenset(intent for _, intent in aliases)}
    predicates = Predicates(reader, Words(catalog, closed, dict(targets.tiers)))
    parts = _Parts(reader, root, targets, predicates)
    policy = replace(parts.policy(sources), aliases=aliases, envelope=envelope)
    if not envelope:
        check_match(reader, policy)
    reader.finish()
    if catalog is not None:
        check_default(reader, policy, catalog, root.get("default"))
        reader.finish()
    places = default_places(policy, root.get("default")).items()
    return seal(policy, {f"default.{provider}": f"{at}:{at.length}" for provider, at in places})


class _Parts:
    """Reads the parts of one document that refer to each other's names."""

    def __init__(self, reader: Reader, root: yaml.Mapping, targets: Targets, predicates: Predicates) -> None:
        self.reader = reader
        self.root = root
        self.targets = targets
        self.predicates = predicates

    def policy(self, sources: tuple[str, ...]) -> Policy:
        read, root = self.reader, self.root
        rules, filters = self.rules(), self.filters(root.get("filter"), "filter")
        match = self.predicates.match(root.get("match"))
        on_error = read.choice(root.get("on_internal_error"), "on_internal_error", ("open", "closed"))
        on_none = read.choice(root.get("on_no_candidates"), "on_no_candidates", ("error", "default")) or "error"
        default = self.targets.default(root.get("default"))
        if on_none == "default" and not default and root.get("default") is None:
            node = root.get("on_no_candidates")
            read.wrong(node.at if node else root.at, "there is no default", "write `default: provider/model`")
        content, content_for_ns = policy_grants.privacy(read, root)
        return Policy(
            name=self.name(),
            description=read.prose(root.get("description"), "description") or "",
            mode=self.mode(root.get("mode")),
            baseline=self.targets.one(root.get("baseline"), "baseline"),
            match=match,
            tiers=self.targets.tiers,
            rules=rules,
            filters=filters,
            rank=policy_parts.rank(read, root.get("rank"), root.at),
            scales=policy_parts.scales(read, root.get("scales"), root.at),
            fallback=policy_parts.fallback(read, root.get("fallback"), root.at),
            on_no_candidates=cast("Literal['error', 'default']", on_none),
            on_internal_error=cast(
                "Literal['open', 'closed']", on_error or ("closed" if needs_call_facts(rules, filters) else "open")
            ),
            default=default,
            cross_origin=cast(
                "Literal['auto', 'never']",
                read.choice(root.get("cross_origin"), "cross_origin", ("auto", "never")) or "auto",
            ),
            leave=self.leave(root.get("leave")),
            document={},
            fingerprint="",
            at=root.at,
            select=policy_choosing.select(read, root.get("select"), self.targets),
            affinity=policy_choosing.affinity(read, root.get("affinity")),
            budgets=policy_spending.budgets(read, root.get("budgets"), self.targets),
            limits=policy_spending.limits(read, root.get("limits")),
            content=content,
            content_for_ns=content_for_ns,
            grants=policy_grants.grants(read, root.get("grants")),
            sources=sources,
        )

    def name(self) -> str:
        text = self.reader.text(self.root.get("name"), "name")
        if not text:
            node = self.root.get("name")
            at = node.at if node is not None else self.root.at
            self.reader.wrong(at, "the policy has no name", "write `name: my-policy`")
        return text or ""

    def mode(self, node: yaml.Node | None) -> ModeSpec:
        modes = get_args(Mode)
        if not isinstance(node, yaml.Mapping):
            word = self.reader.choice(node, "mode", modes) or "advise"
            return ModeSpec(cast("Mode", word), 1_000_000, None, node.at if node else self.root.at)
        self.reader.mapping(node, "mode", ("route", "by"))
        if all(key.raw == "by" for key, _ in node.entries):
            self.reader.wrong(node.at, "no share is given", "write `{route: 25%, by: user}`")
        written = node.get("route")
        share = 1_000_000
        if written is not None and not is_null(written):
            share = policy_choosing.share(self.reader, written, "the share of route")
        return ModeSpec("route", share, policy_choosing.by(self.reader, node.get("by")), node.at)

    def rules(self) -> tuple[Rule, ...]:
        seen: dict[str, Source] = {}
        out = []
        for item in self.reader.sequence(self.root.get("rules"), "rules"):
            rule = self.rule(item)
            if rule is None:
                continue
            if rule.name in seen:
                self.reader.wrong(rule.at, f"a second rule {rule.name!r}", f"the first is at {seen[rule.name]}")
            seen.setdefault(rule.name, rule.at)
            out.append(rule)
        return tuple(out)

    def rule(self, node: yaml.Node) -> Rule | None:
        read = self.reader
        body = read.mapping(node, "a rule", RULE_KEYS)
        if body is None:
            if is_null(node):
                read.wrong(node.at, "a rule is empty", "write `- name: ...`, or remove the line")
            return None
        name = read.text(body.get("name"), "the rule's name")
        if not name:
            read.wrong(body.at, "a rule has no name", "write `- name: ...`; receipts show it as rule.<name>")
        known = all(key.raw in RULE_KEYS for key, _ in body.entries)  # else a slip in `use` was told already
        if known and not _written(body, "use") and not _written(body, "filter"):
            read.wrong(body.at, f"rule {name or '?'!r} does nothing", "add `use` or `filter`")
        return Rule(
            name=name or "",
            when=self.predicates.predicate(body.get("when"), "when", request_only=True),
            use=self.targets.shortlist(body.get("use")),
            filters=self.filters(body.get("filter"), "the rule's filter"),
            because=read.prose(body.get("because"), "because"),
            at=body.at,
        )

    def filters(self, node: yaml.Node | None, what: str) -> tuple[Filter, ...]:
        lines = (self.filter(item) for item in self.reader.sequence(node, what))
        return tuple(line for line in lines if line is not None)

    def filter(self, node: yaml.Node) -> Filter | None:
        if is_null(node):
            self.reader.wrong(node.at, "a filter is empty", "write `- field op value`, or remove the line")
            return None
        if isinstance(node, yaml.Scalar):
            tree = self.predicates.predicate(node, "a filter")
            return None if tree is None else Filter(policy_parts.filter_name(tree), tree, None, None, node.at)
        body = self.reader.mapping(node, "a filter", ("rule", "when", "because"))
        if body is None:
            return None
        tree = self.predicates.predicate(body.get("rule"), "rule")
        if not _written(body, "rule"):
            self.reader.wrong(body.at, "a filter without a `rule`", "write `- rule: field op value`")
        when = self.predicates.predicate(body.get("when"), "when", request_only=True)
        because = self.reader.prose(body.get("because"), "because")
        return None if tree is None else Filter(policy_parts.filter_name(tree), tree, when, because, body.at)

    def leave(self, node: yaml.Node | None) -> tuple[str, ...]:
        out: dict[str, None] = {}
        for text, at in self.reader.texts(node, "leave"):
            host = text.lower()
            if not HOST.match(host):
                self.reader.wrong(at, f"{text!r} is not a host", "write gateway.corp.example or *.corp.example")
            elif host.startswith("*.") and "." not in host[2:] and host[2:] not in PRIVATE:
                what = f"{text!r} means every host of a whole top level"
                self.reader.wrong(at, what, "write the domain, too: *.corp.example")
            else:
                out[host] = None
        return tuple(out)


def _written(body: yaml.Mapping, key: str) -> bool:
    node = body.get(key)
    return node is not None and not is_null(node)


def _nested(body: yaml.Mapping | None) -> Iterator[Source]:
    """Where a value of ``vars`` has a variable in it."""
    for _, value in body.entries if body else ():
        for node in value.items if isinstance(value, yaml.Sequence) else (value,):
            if isinstance(node, yaml.Scalar) and VARIABLE.search(node.raw):
                yield node.at


def _variables(reader: Reader, node: yaml.Node | None) -> Variables:
    body = reader.mapping(node, "vars")
    for at in _nested(body):
        reader.wrong(at, "a variable stands for another", "write the value itself")
        body = None
    out: dict[str, str | tuple[str, ...]] = {}
    for key, value in body.entries if body else ():
        if isinstance(value, yaml.Sequence):
            out[key.raw] = tuple(text for text, _ in reader.texts(value, f"vars.{key.raw}"))
        else:
            out[key.raw] = reader.text(value, f"vars.{key.raw}") or ""
    return out
