"""Compiling: what depends on the catalog alone is computed once for all policies of it."""

from __future__ import annotations

from dataclasses import replace

from policy_samples import CATALOG, EXPRESSES, policy
from waypost.core.policy.columns import columns_of
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan

TABLE = replace(CATALOG)
"""An object of its own, so that nobody else's lines are remembered with it."""
LINES = (
    "quality >= 0.4",
    "not region == us",
    "price.output <= price.input * 5 and (tier == powerful or capabilities has seed)",
    "provider in [openai, groq]",
)


def made(*lines: str) -> Plan:
    body = "filter:\n" + "".join(f"  - {line}\n" for line in lines)
    return compile_policy(policy(body, table=TABLE), TABLE, EXPRESSES)


def test_policies_of_one_catalog_share_their_masks() -> None:
    """The same line is the same object in every plan, wherever it stands in it; another catalog has its own."""
    one, two = made(*LINES), made("quality >= 0.3", *reversed(LINES))
    for line in one.lines:
        (other,) = [item for item in two.lines if item.filter.name == line.filter.name]
        assert line.fixed is not None
        assert line.fixed is other.fixed
    columns = one.columns
    assert two.columns is columns is columns_of(one.catalog)
    assert len(columns.rejecting) == len(LINES) + 1
    assert compile_policy(one.policy, replace(CATALOG), EXPRESSES).columns is not columns


def test_lines_that_differ_by_a_word_do_not_share() -> None:
    """A connective, an operator, a value and the kind of a value are part of what makes a line."""
    lines = (
        "region == us and tier == powerful",
        "region == us or tier == powerful",
        "region != us",
        "region == us",
        "region in [us]",
        "not region == us",
        "quality >= 0.42",
        "quality > 0.42",
        "price.output <= price.input * 4",
        "price.output <= price.input * 5",
    )
    plan = made(*lines)
    alone = [compile_policy(policy(f"filter: ['{line}']\n"), replace(CATALOG), EXPRESSES) for line in lines]
    assert [line.fixed for line in plan.lines] == [one.lines[0].fixed for one in alone]


def test_what_the_question_decides_is_no_mask() -> None:
    """Estimates, measured latencies and facts of the call are evaluated later."""
    plan = made("estimated.cost <= 1 USD", "latency.p95 < 5 s", "context_window > tokens.total", "auto == true")
    assert [line.fixed for line in plan.lines] == [None] * 4
    assert plan.fixed == 0
