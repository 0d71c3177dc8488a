"""Which policy answers, and how far a call goes on the ladder: the last section of docs/decision.md."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from oracle.facts import View, fact, is_request_field
from oracle.kleene import truth
from waypost.core.catalog.table import Catalog
from waypost.core.model.question import Question, Snapshot
from waypost.core.policy.tree import Policy

LADDER = ("off", "observe", "advise", "route")


def choose(policies: Sequence[Policy], catalog: Catalog, question: Question) -> int:
    """The position of the policy that answers this question."""
    for position, policy in enumerate(policies):
        if question.context.policy is not None and policy.name == question.context.policy:
            return position
    view = View(catalog, question, Snapshot())
    for position, policy in enumerate(policies):
        if policy.match is not None and truth(policy.match, view) is True:
            return position
    for position, policy in enumerate(policies):
        if policy.match is None:
            return position
    return len(policies) - 1


def mode_of(policy: Policy, catalog: Catalog, question: Question, seed: bytes) -> tuple[str, str]:
    """The mode that this call runs in and why. A share splits route only: what is below stays as low as it is."""
    mode: str = policy.mode.mode
    asked = question.context.mode
    if asked is not None and (LADDER.index(asked) < LADDER.index(mode) or (mode, asked) == ("advise", "route")):
        mode = asked
    if question.auto:
        return ("off" if mode == "off" else "route"), "policy"
    if mode != "route" or policy.mode.share_ppm >= 1_000_000:
        return mode, "policy"
    return ("route" if pick(policy, catalog, question, seed) < policy.mode.share_ppm else "advise"), "rollout"


def pick(policy: Policy, catalog: Catalog, question: Question, seed: bytes) -> int:
    """Which of a million places this caller (or this call) has under this policy."""
    key = seed
    if policy.mode.by is not None:
        assert is_request_field(policy.mode.by)
        value = fact(policy.mode.by, View(catalog, question, Snapshot()))
        if isinstance(value, str):
            key = value.encode("utf-8")
    text = key + b"\0" + policy.name.encode("utf-8") + b"\0rollout"
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") % 1_000_000
