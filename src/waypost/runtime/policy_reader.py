"""One merged policy document, as positioned nodes, to the typed tree: every key is validated, every default filled in.

What the language has and this version does not enforce is refused with that very message, never accepted and ignored.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Literal, cast, get_args

from waypost.core.catalog.table import Catalog
from waypost.core.model.decision import Source
from waypost.core.model.question import Mode
from waypost.core.policy.columns import columns_of
from waypost.core.policy.document import seal
from waypost.core.policy.fields import lookup
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.lexer import Variables
from waypost.core.policy.masks import static
from waypost.core.policy.needs_call import beyond_catalog, fields_of, needs_call_facts
from waypost.core.policy.tree import And, Filter, ModeSpec, Op, Policy, Predicate, Rule
from waypost.core.policy.words import Words
from waypost.errors import PolicyError
from waypost.runtime import policy_choosing, policy_grants, policy_parts, policy_spending, yaml
from waypost.runtime.nodes import Reader, Used, is_null, spoken
from waypost.runtime.policy_targets import Targets
from waypost.runtime.policy_words import CLOSED, note_doubts

KEYS = (
    "waypost", "name", "extends", "description", "mode", "baseline", "match", "vars", "tiers", "rules", "filter",
    "rank", "scales", "select", "fallback", "on_no_candidates", "on_internal_error", "default", "cross_origin",
    "leave", "affinity", "budgets", "limits", "privacy", "envelope", "grants", "aliases",
)  # fmt: skip


def read_tree(root: yaml.Mapping, catalog: Catalog | None, sources: tuple[str, ...]) -> Policy:
    """The sealed policy of a merged document.

    Raises:
        PolicyError: with all errors of the document.
    """
    reader = Reader(PolicyError)
    reader.mapping(root, "a policy", KEYS)
    reader.variables = _variables(reader, root.get("vars"))
    targets = Targets(reader, catalog, root.get("tiers"))
    aliases = policy_grants.aliases(reader, root.get("aliases"))
    envelope = policy_grants.envelope(reader, root)
    closed = CLOSED if envelope else {**CLOSED, "intent": frozenset(intent for _, intent in aliases)}
    words = Words(catalog, closed, dict(targets.tiers))
    parts = _Parts(reader, root, targets, words)
    policy = replace(parts.policy(sources), aliases=aliases, envelope=envelope)
    if not envelope:
        _check_match(reader, policy)
    reader.finish()
    if catalog is not None:
        _check_default(reader, policy, catalog, root.get("default"))
        reader.finish()
    return seal(policy)


class _Parts:
    """Reads the parts of one document that refer to each other's names."""

    def __init__(self, reader: Reader, root: yaml.Mapping, targets: Targets, words: Words) -> None:
        self.reader = reader
        self.root = root
        self.targets = targets
        self.words = words

    def policy(self, sources: tuple[str, ...]) -> Policy:
        read, root = self.reader, self.root
        rules, filters = self.rules(), self.filters(root.get("filter"), "filter")
        match = self.match(root.get("match"))
        on_error = read.choice(root.get("on_internal_error"), "on_internal_error", ("open", "closed"))
        on_none = read.choice(root.get("on_no_candidates"), "on_no_candidates", ("error", "default")) or "error"
        default = self.targets.default(root.get("default"))
        if on_none == "default" and not default and root.get("default") is None:
            node = root.get("on_no_candidates")
            read.wrong(node.at if node else root.at, "there is no default", "write `default: provider/model`")
        return Policy(
            name=self.name(),
            description=read.text(root.get("description"), "description") or "",
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
            content=policy_grants.content(read, root.get("privacy")),
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

    def match(self, node: yaml.Node | None) -> Predicate | None:
        """A predicate, or a mapping of fields to a value or a list of values."""
        if isinstance(node, yaml.Mapping):
            terms = [self.match_term(key, value) for key, value in sorted(node.entries, key=lambda entry: entry[0].raw)]
            found = tuple(term for term in terms if term is not None)
            return And(found, node.at) if len(found) > 1 else next(iter(found), None)
        return self.predicate(node, "match", request_only=True)

    def match_term(self, key: yaml.Scalar, node: yaml.Node) -> Predicate | None:
        if isinstance(node, yaml.Sequence):
            values = [text for text, _ in self.reader.texts(node, f"match.{key.raw}")]
            op: Op = "in"
        else:
            text = self.reader.text(node, f"match.{key.raw}")
            values, op = [] if text is None else [text], "=="
        if not values:
            self.reader.wrong(node.at, f"match.{key.raw} has no value", "write a word or a list of words")
            return None
        tree = self.reader.guarded(lambda: _matching(key, op, values))
        return note_doubts(self.reader, self.words, tree)

    def predicate(self, node: yaml.Node | None, what: str, *, request_only: bool = False) -> Predicate | None:
        if node is None or is_null(node):
            return None
        if not isinstance(node, yaml.Scalar):
            self.reader.wrong(node.at, f"{what} is {spoken(node)}, not a predicate", "write `field op value`")
            return None
        used = self.reader.put_in(node.raw, node.at)
        tree = self.reader.guarded(lambda: self.parsed(node, used, request_only))
        return note_doubts(self.reader, self.words, tree)

    def parsed(self, node: yaml.Scalar, used: Used, request_only: bool) -> Predicate:
        try:
            return _parsed(node.raw, node.at, used, request_only)
        except PolicyError:  # once more, with the names of all variables for the remedy
            return parse_predicate(node.raw, node.at, variables=self.reader.variables, request_only=request_only)

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
        body = read.mapping(node, "a rule", ("name", "when", "use", "filter", "because"))
        if body is None:
            return None
        name = read.text(body.get("name"), "the rule's name")
        if not name:
            read.wrong(body.at, "a rule has no name", "write `- name: ...`; receipts show it as rule.<name>")
        if body.get("use") is None and body.get("filter") is None:
            read.wrong(body.at, f"rule {name or '?'!r} does nothing", "add `use` or `filter`")
        return Rule(
            name=name or "",
            when=self.predicate(body.get("when"), "when", request_only=True),
            use=self.targets.shortlist(body.get("use")),
            filters=self.filters(body.get("filter"), "the rule's filter"),
            because=read.text(body.get("because"), "because"),
            at=body.at,
        )

    def filters(self, node: yaml.Node | None, what: str) -> tuple[Filter, ...]:
        lines = (self.filter(item) for item in self.reader.sequence(node, what))
        return tuple(line for line in lines if line is not None)

    def filter(self, node: yaml.Node) -> Filter | None:
        if isinstance(node, yaml.Scalar):
            tree = self.predicate(node, "a filter")
            return None if tree is None else Filter(policy_parts.filter_name(tree), tree, None, None, node.at)
        body = self.reader.mapping(node, "a filter", ("rule", "when", "because"))
        if body is None:
            return None
        tree = self.predicate(body.get("rule"), "rule")
        if body.get("rule") is None:
            self.reader.wrong(body.at, "a filter without a `rule`", "write `- rule: field op value`")
        when = self.predicate(body.get("when"), "when", request_only=True)
        because = self.reader.text(body.get("because"), "because")
        return None if tree is None else Filter(policy_parts.filter_name(tree), tree, when, because, body.at)

    def leave(self, node: yaml.Node | None) -> tuple[str, ...]:
        out: dict[str, None] = {}
        for text, at in self.reader.texts(node, "leave"):
            host = text.lower()
            if (
                not host
                or "/" in host
                or ":" in host
                or "*" in host[1:]
                or (host[0] == "*" and not host.startswith("*."))
            ):
                self.reader.wrong(at, f"{text!r} is not a host", "write gateway.corp.example or *.corp.example")
            else:
                out[host] = None
        return tuple(out)


def _check_default(reader: Reader, policy: Policy, catalog: Catalog, node: yaml.Node | None) -> None:
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


def _check_match(reader: Reader, policy: Policy) -> None:
    """The intent is what the chosen policy's own aliases say, so that no policy can be chosen by it."""
    if policy.match is not None and "intent" in fields_of(policy.match):
        reader.wrong(policy.match.at, "`match` cannot ask for the intent", "match the requested.model instead")


@lru_cache(maxsize=4_096)
def _parsed(text: str, at: Source, variables: Used, request_only: bool) -> Predicate:
    """Policies that extend the same base share its lines: each is read once, and is one object in all of them."""
    return parse_predicate(text, at, variables=dict(variables), request_only=request_only)


def _matching(key: yaml.Scalar, op: Op, values: list[str]) -> Predicate:
    """A line of a ``match`` mapping as a predicate; the places are those of its key."""
    field = lookup(key.raw)
    if field is None or field.unit is None:  # a department may be called 42
        values = [f'"{value}"' for value in (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)]
    value = f"[{', '.join(values)}]" if op == "in" else values[0]
    return parse_predicate(
        f"{key.raw} {op} {value}", Source(key.at.file, key.at.line, key.at.column, 1), request_only=True
    )


def _variables(reader: Reader, node: yaml.Node | None) -> Variables:
    body = reader.mapping(node, "vars")
    out: dict[str, str | tuple[str, ...]] = {}
    for key, value in body.entries if body else ():
        if isinstance(value, yaml.Sequence):
            out[key.raw] = tuple(text for text, _ in reader.texts(value, f"vars.{key.raw}"))
        else:
            out[key.raw] = reader.text(value, f"vars.{key.raw}") or ""
    return out
