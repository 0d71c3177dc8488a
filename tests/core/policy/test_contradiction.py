"""Policies that can never do what they say: which lines are named, at which places, and that nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators_decision import cases
from policy_samples import CATALOG, SEED, plan, policy, question
from waypost.core.model.question import EMPTY_SNAPSHOT
from waypost.core.model.target import DIALECTS
from waypost.core.policy.columns import columns_of
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.contradiction import Contradiction, contradictions
from waypost.core.policy.decide import decide
from waypost.core.policy.folding import constant, fold
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.render import render
from waypost.core.policy.static_masks import static
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import load_policy

ROOT = Path(__file__).resolve().parents[3]
AT = policy("").at


def found(body: str, *, catalog: bool = True) -> tuple[Contradiction, ...]:
    return contradictions(policy(body), CATALOG if catalog else None)


LINES = [
    (["price.input <= 1 USD/MTok", "price.input >= 2 USD/MTok"],
     "5:5 4:5 nobody can ever be selected: "
     "`price.input >= 2 USD/MTok` contradicts `price.input <= 1 USD/MTok` at p.yaml:4:5"),
    (["region in [eu]", "region not in [eu]"],
     "5:5 4:5 nobody can ever be selected: `region not in [eu]` contradicts `region in [eu]` at p.yaml:4:5"),
    (["region == eu", "quality >= 0.1", "region in [us, asia]"],
     "6:5 4:5 nobody can ever be selected: `region in [us, asia]` contradicts `region == eu` at p.yaml:4:5"),
    (["price.input <= 1 USD/MTok and price.input > 1 USD/MTok"],
     "4:35 4:5 nobody can ever be selected: "
     "`price.input > 1 USD/MTok` contradicts `price.input <= 1 USD/MTok` at p.yaml:4:5"),
    (["quality > 0.5", "quality < 0.500001"],
     "5:5 4:5 nobody can ever be selected: `quality < 0.500001` contradicts `quality > 0.5` at p.yaml:4:5"),
    (["quality >= 1.5"], "4:5 - nobody can ever be selected: `quality >= 1.5` is never true"),
    (["estimated.cost < 0 USD"], "4:5 - nobody can ever be selected: `estimated.cost < 0 USD` is never true"),
    (["context_window in [1k, 2k]", "context_window > 2k"],
     "5:5 4:5 nobody can ever be selected: "
     "`context_window > 2000` contradicts `context_window in [1000, 2000]` at p.yaml:4:5"),
    (["turns == 3", "turns != 3"],
     "5:5 4:5 nobody can ever be selected: `turns != 3` contradicts `turns == 3` at p.yaml:4:5"),
    (["turns >= 3", "turns <= 3", "turns != 3"],
     "6:5 5:5 nobody can ever be selected: `turns != 3` contradicts `turns <= 3` at p.yaml:5:5 "
     "together with `turns >= 3` at p.yaml:4:5"),
    (["region in [eu, us]", "quality > 0.1", "region != eu", "region != asia", "region != us"],
     "8:5 4:5 nobody can ever be selected: `region != us` contradicts `region in [eu, us]` at p.yaml:4:5 "
     "together with `region != eu` at p.yaml:6:5"),
    (["context_window >= tokens.total * 2", "context_window < tokens.total"],
     "5:5 4:5 nobody can ever be selected: "
     "`context_window < tokens.total` contradicts `context_window >= tokens.total * 2` at p.yaml:4:5"),
    (["context_window >= tokens.total * 2", "context_window <= tokens.total * 1.5"],
     "5:5 4:5 nobody can ever be selected: "
     "`context_window <= tokens.total * 1.5` contradicts `context_window >= tokens.total * 2` at p.yaml:4:5"),
    (["max_output >= tokens.output", "tokens.output > max_output"],
     "5:5 4:5 nobody can ever be selected: "
     "`tokens.output > max_output` contradicts `max_output >= tokens.output` at p.yaml:4:5"),
    (["price.input == price.output", "not price.output == price.input"],
     "5:9 4:5 nobody can ever be selected: "
     "`not price.output == price.input` contradicts `price.input == price.output` at p.yaml:4:5"),
    (["capabilities has tools", "not capabilities has tools"],
     "5:9 4:5 nobody can ever be selected: "
     "`not capabilities has tools` contradicts `capabilities has tools` at p.yaml:4:5"),
    (["user matches a*", "user == bob"],
     "5:5 4:5 nobody can ever be selected: `user == bob` contradicts `user matches \"a*\"` at p.yaml:4:5"),
    (["user == bob", "not user matches b*"],
     "5:9 4:5 nobody can ever be selected: `not user matches \"b*\"` contradicts `user == bob` at p.yaml:4:5"),
    (["task not in [debugging]", "not task != debugging"],
     "5:9 4:5 nobody can ever be selected: "
     "`not task != debugging` contradicts `task not in [debugging]` at p.yaml:4:5"),
    (["not (quality < 0.8 or price.input > 10 USD/MTok)", "quality <= 0.7"],
     "5:5 4:10 nobody can ever be selected: `quality <= 0.7` contradicts `not quality < 0.8` at p.yaml:4:10"),
    (["quality < 0.3 or quality > 0.9", "quality == 0.5"],
     "4:5 5:5 nobody can ever be selected: `quality < 0.3` contradicts `quality == 0.5` at p.yaml:5:5"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "expected"), LINES, ids=[" & ".join(lines) for lines, _ in LINES])
def test_two_lines_that_exclude_each_other_are_both_named(lines: list[str], expected: str) -> None:
    """Whatever the catalog has: the later line's place, the earlier one's, and both texts."""
    for catalog in (True, False):
        (one,) = found("filter:\n" + "".join(f"  - {line}\n" for line in lines), catalog=catalog)
        other = "-" if one.other is None else f"{one.other.line}:{one.other.column}"
        assert f"{one.at.line}:{one.at.column} {other} {one.what}" == expected
        assert str(one) == f"{one.at}: {one.what}; {one.remedy}"


FINE = [
    ["price.input >= 5 USD/MTok", "price.input <= 5 USD/MTok"],
    ["region in [eu, us]", "region not in [eu]"],
    ["quality < 0.3 or quality > 0.4", "quality >= 0.35"],
    ["task == debugging or code == true", "task != debugging"],
    ["user matches a*", "user matches *b"],
    ["not (turns > 3 and turns < 2)"],
    ["context_window >= tokens.total * 1.2", "context_window >= 1k"],
    ["tokens.input >= tokens.output * 2", "tokens.input <= tokens.output"],
    ["context_window >= tokens.total * 2", "context_window < tokens.total * 2.1"],
    ["context_window > tokens.total", "max_output < tokens.total"],
]


@pytest.mark.parametrize("lines", FINE, ids=[" & ".join(lines) for lines in FINE])
def test_lines_that_can_hold_together_are_not_named(lines: list[str]) -> None:
    """A warning that is wrong is worse than none."""
    assert found("filter:\n" + "".join(f"  - {line}\n" for line in lines)) == ()


def test_a_rule_that_match_excludes_is_named() -> None:
    """No call that the policy is for can reach it; what is inherited need not fit, and is passed over."""
    rule = "rules: [{name: a, when: department == hr, use: [openai/mini]}]\n"
    (one,) = found("match: {department: sales}\n" + rule)
    assert str(one) == (
        "p.yaml:4:25: rule 'a' matches no call that the policy's `match` lets in: `department == hr` contradicts "
        "`department == sales` at p.yaml:3:9; loosen or remove one of the two"
    )
    assert found("match: {department: [sales, hr]}\n" + rule) == ()


BODIES = [
    ("filter: ['quality >= 0.95']\n",
     ["3:10 - nobody can ever be selected: no target of the catalog can pass `quality >= 0.95`"]),
    ("filter: ['region == eu', 'tier == fast_cheap']\n",
     ["3:26 3:10 nobody can ever be selected: "
      "no target of the catalog can pass both `tier == fast_cheap` and `region == eu` at p.yaml:3:10"]),
    ("filter: ['quality >= 0.9', 'turns > 1', 'retention == none', 'region == us']\n",
     ["3:62 3:10 nobody can ever be selected: no target of the catalog can pass all of `region == us` and "
      "`quality >= 0.9` at p.yaml:3:10 and `retention == none` at p.yaml:3:41"]),
    ("filter: ['estimated.latency <= 1 s', 'target == groq/fast']\n",
     ["3:38 3:10 nobody can ever be selected: no target of the catalog can pass both "
      "`target == groq/fast` and `estimated.latency <= 1 s` at p.yaml:3:10"]),
    ("rules:\n  - {name: a, when: complexity == simple, use: fast_cheap}\nfilter: ['quality >= 0.5']\n",
     ["4:5 5:10 rule 'a' can never select anybody: "
      "no target of its shortlist can pass `quality >= 0.5` at p.yaml:5:10"]),
    ("rules:\n  - {name: a, use: fast_cheap, filter: ['price.input < 0.05 USD/MTok']}\n",
     ["4:5 4:41 rule 'a' can never select anybody: "
      "no target of its shortlist can pass `price.input < 0.05 USD/MTok` at p.yaml:4:41"]),
    ("rules:\n  - {name: a, when: code == true, use: powerful}\n"
     "filter: [{rule: region == us, when: code == true},\n"
     "         {rule: quality > 0.91, when: code == true}]\n",
     ["6:10 5:10 nobody can be selected where its `when` holds: no target of the catalog can pass both "
      "`quality > 0.91` and `region == us` at p.yaml:5:10",
      "4:5 5:10 rule 'a' can never select anybody: no target of its shortlist can pass both `quality > 0.91` at "
      "p.yaml:6:10 and `region == us` at p.yaml:5:10"]),
    ("rules: [{name: a, when: code == true, filter: ['quality >= 0.5']}]\nfilter: ['quality < 0.4']\n",
     ["3:49 4:11 rule 'a' can never select anybody: `quality >= 0.5` contradicts `quality < 0.4` at p.yaml:4:11"]),
    ("rules: [{name: a, use: fast_cheap}, {name: b, when: code == true, use: powerful}]\n",
     ["3:37 3:9 rule 'b' is never reached: rule 'a' at p.yaml:3:9 matches before it"]),
    ("rules:\n  - {name: a, when: code == true, use: fast_cheap}\n"
     "  - {name: b, when: turns > 2 and code == true, use: powerful}\n",
     ["5:5 4:5 rule 'b' is never reached: rule 'a' at p.yaml:4:5 matches before it"]),
    ("rules: [{name: a, when: tokens.input > 5 and tokens.input < 3, use: fast_cheap}]\n",
     ["3:46 3:25 rule 'a' never matches: `tokens.input < 3` contradicts `tokens.input > 5` at p.yaml:3:25"]),
    ("match: user == a and user == b\n",
     ["3:22 3:8 the policy never applies: `user == b` contradicts `user == a` at p.yaml:3:8"]),
    ("filter: ['region == eu', {rule: region == us, when: data_class == secret}]\n",
     ["3:33 3:11 nobody can be selected where its `when` holds: "
      "`region == us` contradicts `region == eu` at p.yaml:3:11"]),
    ("filter: [{rule: quality >= 0.9, when: turns > 1}, {rule: quality <= 0.3, when: turns > 1}]\n",
     ["3:58 3:17 nobody can be selected where its `when` holds: "
      "`quality <= 0.3` contradicts `quality >= 0.9` at p.yaml:3:17"]),
    ("filter:\n  - {rule: region == us, when: code == true and turns > 1}\n"
     "  - {rule: region == eu, when: code == true}\n",
     ["4:12 5:12 nobody can be selected where its `when` holds: "
      "`region == us` contradicts `region == eu` at p.yaml:5:12"]),
    ("filter: [{rule: quality >= 0.99, when: streaming == true}]\n",
     ["3:10 - nobody can be selected where its `when` holds: no target of the catalog can pass `quality >= 0.99`"]),
    ("filter: [{rule: region == eu, when: data_class == personal}, provider == openai]\n",
     ["3:10 3:62 nobody can be selected where its `when` holds: no target of the catalog can pass both "
      "`region == eu` and `provider == openai` at p.yaml:3:62"]),
    ("filter: [{rule: quality >= 0.9, when: turns > 1}, {rule: quality <= 0.3, when: turns > 2}]\n", []),
    ("filter: [{rule: region == us, when: turns > 2 and turns < 2}]\n",
     ["3:51 3:37 the line `region == us` never applies: `turns < 2` contradicts `turns > 2` at p.yaml:3:37"]),
    ("select: {canary: {target: openai/mini, share: 1%}}\nfilter: ['quality >= 0.5']\n",
     ["3:9 4:10 the canary target 'openai/mini' is never selected: `quality >= 0.5` at p.yaml:4:10 rejects it"]),
    ("budgets: [{scope: all, limit: 1 USD/day, at: {50%: fast_cheap}}]\nfilter: ['quality >= 0.5']\n",
     ["3:11 4:10 the tier 'fast_cheap' of a budget is never selected: `quality >= 0.5` at p.yaml:4:10 rejects it"]),
    ("tiers: {mine: [big]}\nbudgets: [{scope: all, limit: 1 USD/day, at: {50%: mine}}]\nfilter: ['region == eu']\n",
     ["4:11 5:10 the tier 'mine' of a budget is never selected: `region == eu` at p.yaml:5:10 rejects it"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), BODIES, ids=[body.replace("\n", " ") for body, _ in BODIES])
def test_whom_lines_shut_out_for_good(body: str, expected: list[str]) -> None:
    """With the facts of a catalog, rules, shortlists, selects and budgets are looked at, too."""
    shown = [
        f"{one.at.line}:{one.at.column} {f'{one.other.line}:{one.other.column}' if one.other else '-'} {one.what}"
        for one in found(body)
    ]
    assert shown == expected
    assert all(one.remedy for one in found(body))


def test_the_packaged_policies_contradict_nothing() -> None:
    """Over the packaged catalog, each of them can do all that it says."""
    catalog = load_catalog(ROOT / "policies" / "catalog.yaml")
    for path in sorted((ROOT / "policies").glob("*.yaml")):
        if path.name != "catalog.yaml" and not path.name.endswith(".test.yaml"):
            assert contradictions(load_policy(path, catalog=catalog), catalog) == (), path.name


ATOMS = st.one_of(
    st.builds("quality {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
              st.sampled_from(["0.3", "0.42", "0.6", "0.9", "0.92"])),
    st.builds("region {} [{}]".format, st.sampled_from(["in", "not in"]), st.sampled_from(["eu", "us", "eu, us"])),
    st.builds("price.input {} {} USD/MTok".format, st.sampled_from(["<", ">="]), st.sampled_from(["0.15", "5"])),
    st.sampled_from(["capabilities has tools", "model matches 'm*'", "price.input <= price.output * 0.25"]),
)  # fmt: skip
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_of_catalog_facts_every_contradiction_is_found_and_none_invented(lines: list[str]) -> None:
    """Nobody passes exactly where it is said that nobody can."""
    made = policy("filter:\n" + "".join(f'  - "{line}"\n' for line in lines))
    columns = columns_of(CATALOG)
    left = columns.full
    for line in made.filters:
        left &= static(line.predicate, columns)[0]
    said = [one for one in contradictions(made, CATALOG) if one.what.startswith("nobody can ever")]
    assert bool(said) is (left == 0)


def test_of_generated_policies_what_is_said_holds_for_every_decision() -> None:
    """Rules that are said never to match never do, and whom a line is said to shut out is never selected."""
    said: set[str] = set()
    for case in cases(20261121, 1_000):
        world = case.world
        warnings = contradictions(world.policy, world.catalog)
        if not warnings:
            continue
        compiled = compile_policy(world.policy, world.catalog, world.expresses)
        never = {
            word for one in warnings for word in re.findall(r"^rule '(.*?)' (?:never matches|is never r)", one.what)
        }
        barred = {word for one in warnings for word in re.findall(r"target '(.*?)' is never selected", one.what)}
        nobody = any(one.what.startswith("nobody can ever") for one in warnings)
        said.update(one.what.partition(" ")[0] for one in warnings)
        for ask in case.asks:
            if ask.question.dialect not in DIALECTS:  # no call is in a dialect that a policy may not even name
                continue
            decision = decide(compiled, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
            assert decision.rule not in never
            assert decision.selected not in barred
            assert not (nobody and decision.selected)
    assert {"nobody", "rule", "the"} <= said


MIXED = st.one_of(
    TEXTS,
    st.builds("tokens.input {} {}".format, st.sampled_from(["<", ">"]), st.sampled_from(["50", "100", "3k"])),
    st.sampled_from(
        ["streaming == true", "not streaming == true", "estimated.cost <= 0.0001 USD", "task in [debugging]"]
    ),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(MIXED, min_size=1, max_size=3),
    st.integers(1, 5_000),
    st.booleans(),
    st.sampled_from(["debugging", "other"]),
)
def test_where_nobody_can_be_selected_nobody_is(lines: list[str], tokens: int, streaming: bool, task: str) -> None:
    """The warning is right: no call that is tried finds anybody."""
    body = "filter:\n" + "".join(f'  - "{line}"\n' for line in lines)
    said = [one for one in contradictions(policy(body), CATALOG) if one.what.startswith("nobody can ever")]
    if said:
        asked = question(tokens=(tokens, 10), streaming=streaming, features={"task": task})
        assert decide(plan(body), asked, EMPTY_SNAPSHOT, SEED, ()).selected is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quality >= 0.1", True),
        ("quality >= 0.95", False),
        ("quality >= 0.5", None),
        ("region in [eu, us]", None),
        ("region == asia", False),
        ("not region == asia", None),
        ("streaming == true", None),
        ("streaming == true or quality > 0", True),
        ("streaming == true and quality > 0.95", False),
        ("not (streaming == true and quality > 0.95)", True),
        ("not (streaming == true or quality > 0)", False),
        ("estimated.latency <= 1 s and target == groq/fast", False),
    ],
)
def test_what_the_catalog_and_constants_decide_alone(text: str, expected: bool | None) -> None:
    """Folded through `not`, `and` and `or`, in three values; what an unknown fact leaves open is neither."""
    assert constant(parse_predicate(text, AT), CATALOG) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quality > 0 and streaming == true", "streaming == true"),
        ("quality > 0.95 or streaming == true and quality > 0", "streaming == true"),
        ("not (quality > 0.95 or streaming == true)", "not streaming == true"),
        ("not quality > 0.95 and quality > 0", "True"),
        ("streaming == true and quality > 0.95", "False"),
        ("streaming == true and region == asia", "streaming == true and region == asia"),
        ("quality > 0.5 and streaming == true and context_window > 0", "quality > 0.5 and streaming == true"),
    ],
)
def test_what_is_decided_already_is_folded_away(text: str, expected: str) -> None:
    """What is only never true, because a fact is unknown, stays: under a `not` it is not the same as false."""
    folded = fold(parse_predicate(text, AT), CATALOG)
    assert (str(folded) if isinstance(folded, bool) else render(folded)) == expected


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXTS)
def test_folding_keeps_the_truth_for_every_target(text: str) -> None:
    """All three values."""
    columns = columns_of(CATALOG)
    tree = parse_predicate(text, AT)
    folded = fold(tree, CATALOG)
    masks = static(tree, columns)
    if isinstance(folded, bool):
        assert masks == ((columns.full, 0) if folded else (0, columns.full))
    else:
        assert static(folded, columns) == masks
