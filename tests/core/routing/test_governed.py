"""What a policy makes of a call before it is decided: claims, aliases, overrides (S5.01, S1.41, S3.29)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policy_samples import BIG, CATALOG, EXPRESSES, MINI, OPUS, policy, question
from waypost.core.catalog.table import Catalog, build_catalog
from waypost.core.model.question import Context, Narrow, Override, Question
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.routing.prepare import Routes, governed

TABLE: Catalog = build_catalog("sample", [BIG, MINI, OPUS], CATALOG.endpoints, {"openai/gpt-4": "openai/big"})


def plan(name: str, **parts: Any) -> Plan:
    return compile_policy(replace(policy(), name=name, **parts), TABLE, EXPRESSES)


def routes(*plans: Plan, overrides: tuple[Override, ...] = (), now: int = 0) -> Routes:
    return Routes(plans, TABLE, TABLE.endpoints, {}, None, lambda: now, lambda _: (), overrides)


def ask(context: Context | None = None, **facts: Any) -> Question:
    return replace(question(), context=context or Context(), **facts)


def test_without_grants_every_claim_is_followed() -> None:
    """The question stays the very same one."""
    asked = ask(Context(mode="observe", narrow=Narrow(only=("openai",))))
    assert governed(asked, routes(plan("one")))[1] is asked


def test_a_claim_that_is_not_granted_is_withheld() -> None:
    """Taken out before anything is decided, and listed."""
    asked = ask(Context(mode="observe", preference="cost", narrow=Narrow(only=("openai",), ignore=("big",))))
    _, found = governed(asked, routes(plan("one", grants=("mode", "ignore"))))
    assert found.context == Context(mode="observe", narrow=Narrow(ignore=("big",)))
    assert found.withheld == ("only", "preference")


@pytest.mark.parametrize(
    ("grants", "chosen"), [(None, "loose"), (("policy",), "loose"), (("mode",), "strict"), ((), "strict")]
)
def test_which_policy_may_be_named_is_for_the_callers_own_to_say(grants: Any, chosen: str) -> None:
    """Not for the one that is named: else naming a loose one would be a way out of a strict one."""
    plans = plan("strict", grants=grants), plan("loose")
    found, asked = governed(ask(Context(policy="loose")), routes(*plans))
    assert found.policy.name == chosen
    assert asked.withheld == (() if chosen == "loose" else ("policy",))
    assert asked.context.policy == ("loose" if chosen == "loose" else None)


def test_the_named_policys_own_grants_hold_for_the_rest() -> None:
    """Once it is chosen it is the one in force."""
    plans = plan("strict", grants=("policy",)), plan("loose", grants=("preference",))
    asked = ask(Context(policy="loose", mode="off", preference="cost"))
    found, left = governed(asked, routes(*plans))
    assert (found.policy.name, left.withheld) == ("loose", ("mode",))
    assert left.context == Context(policy="loose", preference="cost")


ALIASES = (("gpt-4", "chat"), ("helper", "chat"), ("big", "hard"), ("opus", "hard"))


@pytest.mark.parametrize(
    ("requested", "intent", "auto"),
    [
        ("gpt-4", "chat", False),
        ("helper", "chat", True),
        ("big", "hard", False),
        ("opus", "hard", True),
        ("mini", None, False),
        ("unheard-of", None, False),
    ],
)
def test_an_alias_stands_for_an_intent(requested: str, intent: str | None, auto: bool) -> None:
    """One that the caller's endpoint has no model of that name for is a wish to be routed (S1.41)."""
    asked = ask(requested=requested, auto=False)
    _, found = governed(asked, routes(plan("one", aliases=ALIASES)))
    assert (found.intent, found.auto) == (intent, auto)


def test_an_alias_from_an_unknown_origin_is_not_routed() -> None:
    """Nobody knows which models are there, so the provider is asked."""
    asked = ask(requested="helper", auto=False)
    asked = replace(asked, origin=replace(asked.origin, endpoint=None))
    _, found = governed(asked, routes(plan("one", aliases=ALIASES)))
    assert (found.intent, found.auto) == ("chat", False)


def test_an_override_in_force_is_in_the_question() -> None:
    """By the clock of the call and its scope (S3.29)."""
    forced = Override("o1", "openai/big", "ann", "outage", 100, (("department", "rd"),))
    asked = ask(Context(department="rd"))
    assert governed(asked, routes(plan("one"), overrides=(forced,), now=99))[1].override == forced
    assert governed(asked, routes(plan("one"), overrides=(forced,), now=100))[1].override is None
    assert governed(ask(), routes(plan("one"), overrides=(forced,), now=99))[1].override is None


@pytest.mark.parametrize(
    ("grants", "chosen"), [(None, "strict"), (("policy",), "loose"), (("mode",), "strict"), ((), "strict")]
)
def test_a_header_names_a_policy_only_where_that_is_granted(grants: Any, chosen: str) -> None:
    """S5.01: what the application's code may say without being asked, a call's header or body may not."""
    plans = plan("strict", grants=grants), plan("loose")
    found, asked = governed(ask(Context(policy="loose")), routes(*plans), names_policy=True)
    assert found.policy.name == chosen
    assert asked.withheld == (() if chosen == "loose" else ("policy",))
