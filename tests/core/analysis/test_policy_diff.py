"""What two policies say differently, in words (S2.12)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_samples import policy
from waypost.core.analysis.policy_diff import changes
from waypost.core.policy.document import policy_from_document

RULES = "rules:\n  - {name: a, when: code == true, use: [openai/big]}\n  - {name: b, use: [openai/mini]}\n"


def said(before: str, after: str) -> list[str]:
    """The changes from one body to another."""
    return [str(change) for change in changes(policy(before).document, policy(after).document)]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("mode: advise", "mode: route", ["mode: advise becomes route"]),
        ("", "grants: []", ["grants: every claim becomes none (stricter)"]),
        ("grants: []", "", ["grants: none becomes every claim (looser)"]),
        ("", "grants: [only, mode]", ["grants: every claim becomes mode, only (stricter)"]),
        ("grants: [only]", "grants: [only, mode]", ["grants: now also mode"]),
        ("mode: route", "mode: {route: 25%}", ["mode.share: 100% becomes 25%"]),
        ("", "match: {department: legal}", ["match: no longer every call, but only calls with `department == legal`"]),
        ("match: {department: legal}", "", ["match: no longer only calls with `department == legal`, but every call"]),
        (
            "filter: [quality >= 0.5]",
            "filter: [quality >= 0.6]",
            ["filter: `quality >= 0.5` becomes `quality >= 0.6` (stricter)"],
        ),
        (
            "filter: [price.input <= 5 USD/MTok]",
            "filter: [price.input <= 8 USD/MTok]",
            ["filter: `price.input <= 5 USD/MTok` becomes `price.input <= 8 USD/MTok` (looser)"],
        ),
        (
            "filter: [{rule: quality >= 0.5, when: code == true}]",
            "filter: [quality >= 0.5]",
            [
                "filter: no longer `quality >= 0.5` when `code == true`",
                "filter: now also `quality >= 0.5`",
                "on_internal_error: closed becomes open",
            ],
        ),
        (RULES, RULES.replace("[openai/mini]", "[openai/big]"), [
            "rules[b].use: no longer openai/mini", "rules[b].use: now also openai/big",
        ]),
        (RULES, RULES.replace("code ==", "auto =="), ["rules[a].when: `code == true` becomes `auto == true`"]),
        ("", RULES, [
            "rules: now also `a` when `code == true`, using openai/big", "rules: now also `b`, using openai/mini",
            "on_internal_error: open becomes closed",
        ]),
        ("rank: {cost: 0.6, quality: 0.4}", "rank: {cost: 0.5, quality: 0.5}", [
            "rank.weights.cost: 0.6 becomes 0.5", "rank.weights.quality: 0.4 becomes 0.5",
        ]),
        ("rank: {cost: 0.6, quality: 0.4}", "rank: best", ["rank: cost 0.6, quality 0.4 becomes best"]),
        ("rank: best", "rank: fastest", ["rank: best becomes fastest"]),
        ("scales: {latency: 1..20 s}", "scales: {latency: 2..20 s}", ["scales.latency.low: 1 s becomes 2 s"]),
        ("fallback: {deadline: 30 s}", "fallback: {deadline: 200 ms}", ["fallback.deadline: 30 s becomes 200 ms"]),
        (
            "fallback: {failures: {timeout: next_candidate}}",
            "fallback: {failures: {timeout: abort}}",
            ["fallback.failures.timeout.then: next_candidate becomes abort"],
        ),
        (
            "budgets: [{scope: user, limit: 5 USD/day, at: {80%: warn}}]",
            "budgets: [{scope: user, limit: 6 USD/day, at: {80%: warn, 100%: fail}}]",
            ["budgets[user/day].limit: 5 USD becomes 6 USD", "budgets[user/day].at.100%: nothing becomes fail"],
        ),
        (
            "",
            "limits: [{scope: user, requests: 60/min}]",
            ["limits: now also user/requests (amount 60, per 1 min)"],
        ),
        ("tiers: {x: [openai/big]}", "tiers: {x: [openai/mini]}", [
            "tiers.x: no longer openai/big", "tiers.x: now also openai/mini",
        ]),
        ("", "leave: [a.example]", ["leave: now also a.example"]),
        ("", "grants: [only]", ["grants: every claim becomes only (stricter)"]),
        ("default: openai/big", "default: {openai: openai/mini}", [
            "default.*: openai/big becomes nothing", "default.openai: nothing becomes openai/mini",
        ]),
        ("rank: best", "rank: heuristic", ["rank: best becomes the advisor heuristic within 300 ms, then balanced"]),
        (
            "rank: heuristic",
            "rank: {advisor: heuristic, else: {cost: 1}, within: 1 s}",
            [
                "rank: the advisor heuristic within 300 ms, then balanced becomes the advisor heuristic within 1 s, "
                "then cost 1",
            ],
        ),
        ("rank: listed", "rank: {strategy: listed, else: best}", [
            "rank: the rule's list, then balanced becomes the rule's list, then best",
        ]),
        ("", "select: {explore: 5%}", ["select: best becomes {kind explore, share 5%}"]),
    ],
)  # fmt: skip
def test_each_difference_is_one_sentence(before: str, after: str, words: list[str]) -> None:
    """With units, and with the direction where a limit moved."""
    assert said(before, after) == words


def test_the_order_of_rules_matters_and_that_of_lines_does_not() -> None:
    """The first rule that matches wins; every line of a filter holds."""
    first, second = RULES.splitlines()[1:]
    (rules,) = changes(policy(RULES).document, policy(f"rules:\n{second}\n{first}\n").document)
    lines = policy("filter: [quality >= 0.5, region == eu]"), policy("filter: [region == eu, quality >= 0.5]")
    (order,) = changes(lines[0].document, lines[1].document)

    assert (str(rules), rules.words_only) == ("rules: the order a, b becomes b, a", False)
    assert (order.kind, order.words_only) == ("moved", True)


def test_words_for_people_are_told_apart() -> None:
    """A reason or a description changes the fingerprint and no decision."""
    before = policy("filter: [{rule: quality >= 0.5, because: x}]")
    after = policy("description: new\nfilter: [{rule: quality >= 0.5, because: y}]")

    assert [(str(one), one.words_only) for one in changes(before.document, after.document)] == [
        ("description: nothing becomes new", True),
        ("filter[quality >= 0.5].because: x becomes y", True),
    ]


def test_an_older_document_lacks_keys_that_came_later() -> None:
    """A missing key is its default, not a change from nothing to something and back."""
    older = {key: value for key, value in policy().document.items() if key != "default"}

    assert changes(older, policy().document) == ()


PARTS = (
    "mode: route", "rank: best", "filter: [quality >= 0.5]", "leave: [a.example]", "tiers: {x: [openai/big]}",
    "affinity: {by: session, for: 1 h}", "select: {explore: 5%}", "aliases: {gpt: chat}", "baseline: openai/big",
    "fallback: {max_attempts: 2}", "privacy: {content: hash}", "cross_origin: never", "description: x",
)  # fmt: skip


@given(st.sets(st.sampled_from(PARTS)), st.sets(st.sampled_from(PARTS)))
def test_equal_documents_and_only_those_have_no_changes(one: set[str], other: set[str]) -> None:
    """Whatever moves a fingerprint is told; also after a round trip through the store."""
    before, after = (policy("\n".join(sorted(parts))) for parts in (one, other))
    found = changes(before.document, policy_from_document(after.document).document)

    assert (found == ()) is (before.fingerprint == after.fingerprint)
    assert all(str(change) for change in found)
