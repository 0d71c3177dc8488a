"""One case of a test file: its facts of the call and of the world, in the words of the policy language."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Any, get_args

from waypost.core.analysis.policy_tests import Case, Expect
from waypost.core.model.needs import Need
from waypost.core.model.question import (
    Context,
    Features,
    Mode,
    Narrow,
    Origin,
    Override,
    Preference,
    Question,
    Snapshot,
    Strategy,
)
from waypost.core.model.target import host_and_port
from waypost.core.policy.fields import lookup
from waypost.core.policy.plan import Plan
from waypost.core.routing.narrow import CLAIMS, withhold
from waypost.errors import SettingsError
from waypost.runtime import yaml
from waypost.runtime.asking import ASSUMED_IN, ASSUMED_OUT, AUTO, ask_body
from waypost.runtime.asking_advice import with_advice
from waypost.runtime.feature_names import COUNTS, SETS, WORDS, known_words
from waypost.runtime.nodes import Reader, is_null
from waypost.runtime.policy_tests_expect import ExpectReader
from waypost.runtime.policy_tests_names import Names, plain
from waypost.runtime.policy_tests_world import WorldReader

SHARED_KEYS = (
    "body", "features", "context", "needs", "requested", "origin", "credentials", "pinned", "snapshot", "tried", "seed",
    "override", "advice",
)  # fmt: skip
CASE_KEYS = ("name", *SHARED_KEYS, "expect")
_FLAGS = ("code", "streaming")
FEATURES = (*COUNTS, *WORDS, *SETS, *_FLAGS)
_TEXTS = {
    "department": "department", "user": "user", "workflow": "workflow", "step": "step", "session": "session",
    "budget_tier": "tier", "policy": "policy",
}  # fmt: skip
_CHOICES = {"preference": Preference, "strategy": Strategy, "mode": Mode}
_NARROW = ("models", "only", "ignore", "max_price")
CONTEXT = (*_TEXTS, *_CHOICES, *_NARROW, "fallbacks", "labels")
USUAL = Features(tokens_input=ASSUMED_IN, tokens_output=ASSUMED_OUT, messages=1, turns=1)
"""What a case does not say of its call."""


class CaseReader:
    """Reads the cases of one file; what is wrong in them is noted at ``reader``."""

    def __init__(self, reader: Reader, plan: Plan) -> None:
        self.reader = reader
        self.plan = plan
        self.catalog = plan.catalog
        self.names = Names(reader, plan.catalog)
        self.world = WorldReader(self.names, plan.policy)
        self.expect = ExpectReader(reader, plan, self.names.target)

    def case(self, body: yaml.Mapping) -> Case:
        name = self.reader.text(body.get("name"), "the case's name")
        if not name:
            self.reader.wrong(body.at, "a case has no name", "write `- name: ...`; failures are told by it")
        expect = Expect()
        if body.get("expect") is None:
            self.reader.wrong(body.at, f"case {name or '?'!r} expects nothing", "add `expect: {selected: ...}`")
        else:
            expect = self.expect.read(body.get("expect"))
        snapshot, seed = self.world.read(body.get("snapshot")), self.seed(body.get("seed"))
        tried = self.names.targets(body.get("tried"), "tried")
        question = self.advised(self.question(body), body.get("advice"), snapshot, seed=seed, tried=tried)
        return Case(
            name=name or "", question=question, expect=expect, at=body.at, snapshot=snapshot, seed=seed, tried=tried
        )

    def advised(
        self, question: Question, node: yaml.Node | None, snapshot: Snapshot, *, seed: bytes, tried: tuple[str, ...]
    ) -> Question:
        """With what the advisor says: as it is written, or its own word where it sends nothing."""
        written = node is not None and not is_null(node)
        if self.plan.policy.rank.advisor is None and not written:
            return question
        try:
            said = plain(node) if node is not None and written else None
            return with_advice(self.plan, question, snapshot, said=said, seed=seed, tried=tried)
        except (SettingsError, TypeError, ValueError) as error:
            what, remedy = (error.what, error.remedy) if isinstance(error, SettingsError) else ("cannot be read", "")
            at = node.at if node is not None else self.plan.policy.rank.at
            self.reader.wrong(at, f"advice: {what}", remedy or "write `advice: {provider/model: 0.9}`")
            return question

    # The call

    def question(self, body: yaml.Mapping) -> Question:
        origin, dialect = self.origin(body.get("origin"))
        wire = self.body(body.get("body"), dialect)
        features, streaming = self.features(body.get("features"), wire)
        requested = self.reader.text(body.get("requested"), "requested")
        model = ("auto" if wire is None else wire.requested) if requested is None else requested
        endpoints = self.catalog.endpoints
        named = self.names.words(body.get("credentials"), "credentials", tuple(endpoints))
        asked = Question(
            dialect=dialect,
            requested=model,
            auto=model in AUTO,
            origin=origin,
            features=features,
            needs=(() if wire is None else wire.needs) + self.needs(body.get("needs")),
            context=self.context(body.get("context"), wire),
            streaming=streaming,
            granted=True,
            pinned=self.names.flag(body.get("pinned"), "pinned"),
            credentials=tuple(sorted(endpoints)) if body.get("credentials") is None else tuple(sorted(named)),
            intent=dict(self.plan.policy.aliases).get(model),
            override=self.override(body.get("override")),
        )
        grants = self.plan.policy.grants
        return asked if grants is None else withhold(asked, [claim for claim in CLAIMS if claim not in grants])

    def body(self, node: yaml.Node | None, dialect: str) -> Question | None:
        """The question of a request's own body, as a call's is read; what the case says besides stands above it."""
        if node is None or self.reader.mapping(node, "body") is None:
            return None
        try:
            return ask_body(plain(node), {}, self.catalog, dialect=dialect)
        except SettingsError as error:
            self.reader.wrong(node.at, error.what, error.remedy)
            return None

    def features(self, node: yaml.Node | None, wire: Question | None) -> tuple[Features, bool]:
        usual = USUAL if wire is None else wire.features
        body = self.reader.mapping(node, "features", FEATURES)
        found: dict[str, Any] = {}
        for key, value in body.entries if body else ():
            if key.raw in COUNTS:
                count = self.reader.quantity(value, key.raw, "count")
                found[COUNTS[key.raw]] = count if count is not None else getattr(usual, COUNTS[key.raw])
            elif key.raw in WORDS:
                word = self.reader.choice(value, key.raw, known_words(key.raw))
                found[key.raw] = word if word is not None else getattr(usual, key.raw)
            elif key.raw in SETS:
                found[SETS[key.raw]] = tuple(sorted(self.names.words(value, key.raw, known_words(key.raw))))
        if body and body.get("code") is not None:
            found["has_code"] = self.names.flag(body.get("code"), "code")
        if body and body.get("streaming") is not None:
            return replace(usual, **found), self.names.flag(body.get("streaming"), "streaming")
        return replace(usual, **found), wire is not None and wire.streaming

    def needs(self, node: yaml.Node | None) -> tuple[Need, ...]:
        field = lookup("needs")
        out = []
        for text, at in self.names.listed(node, "needs"):
            if field is not None and not field.can_be(text):
                self.reader.wrong(at, f"unknown need {text!r}", yaml.suggest(text, field.values))
            out.append(Need(text, "$"))
        return tuple(sorted(out, key=lambda need: need.flag))

    def origin(self, node: yaml.Node | None) -> tuple[Origin, str]:
        """The caller's own endpoint by its name in the catalog; ``openai`` where the case says nothing."""
        endpoints = self.catalog.endpoints
        first = "openai" if "openai" in endpoints else min(endpoints)
        name = self.reader.choice(node, "origin", tuple(endpoints)) or first
        endpoint = endpoints[name]
        host = host_and_port(endpoint.base_url)[0]
        return Origin(endpoint.provider, "Client", host, endpoint.provider, name), endpoint.dialect

    def context(self, node: yaml.Node | None, wire: Question | None) -> Context:
        """What the case says of who asks; only without it what the body says."""
        body = self.reader.mapping(node, "context", CONTEXT)
        if body is None:
            return Context() if wire is None else wire.context
        found: dict[str, Any] = {
            attribute: self.reader.text(body.get(key), f"context.{key}") for key, attribute in _TEXTS.items()
        }
        for key, words in _CHOICES.items():
            found[key] = self.reader.choice(body.get(key), f"context.{key}", get_args(words))
        labels = self.reader.mapping(body.get("labels"), "context.labels")
        entries = labels.entries if labels else ()
        found["labels"] = {key.raw: self.reader.text(value, key.raw) or "" for key, value in entries}
        fallbacks = tuple(text for text, _ in self.names.listed(body.get("fallbacks"), "fallbacks"))
        return Context(**found, narrow=self.narrow(body), fallbacks=fallbacks)

    def narrow(self, body: yaml.Mapping) -> Narrow | None:
        if all(body.get(key) is None for key in _NARROW):
            return None
        price = self.reader.mapping(body.get("max_price"), "max_price", ("input", "output"))

        def listed(key: str) -> tuple[str, ...]:
            return tuple(text for text, _ in self.names.listed(body.get(key), key))

        def most(side: str) -> int | None:
            node = None if price is None else price.get(side)
            return self.reader.quantity(node, f"max_price.{side}", "usd_per_mtok")

        return Narrow(listed("models"), listed("only"), listed("ignore"), most("input"), most("output"))

    def override(self, node: yaml.Node | None) -> Override | None:
        body = self.reader.mapping(node, "override", ("target", "author", "reason"))
        target = None if body is None else self.names.target(body.get("target"), "override.target")
        if body is None or target is None:
            return None
        author = self.reader.text(body.get("author"), "author") or "test"
        reason = self.reader.text(body.get("reason"), "reason") or "test"
        return Override("test", target, author, reason, until_ns=1 << 62)

    def seed(self, node: yaml.Node | None) -> bytes:
        """32 hex digits as they are; any other text stands for its hash; zeros where there is none."""
        text = self.reader.text(node, "seed")
        if text is None:
            return bytes(16)
        try:
            exact = bytes.fromhex(text)
        except ValueError:
            exact = b""
        return exact if len(exact) == 16 else blake2b(text.encode(), digest_size=16).digest()
