"""The shipped policies: their own tests, the matrix that R&D was promised, and what no single case can show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from waypost.core.analysis.policy_tests import Suite, run_suite
from waypost.core.analysis.policy_tests_show import as_text
from waypost.core.catalog.table import Catalog
from waypost.core.model.money import NANO
from waypost.core.model.question import Context
from waypost.core.policy.choose import choose, mode_of
from waypost.core.policy.decide import decide
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.policy_tests import load_suite
from waypost.surfaces.cli import main as cli

POLICIES = Path(__file__).resolve().parents[2] / "policies"
NAMES = ("auto", "base", "default", "finance", "hr", "marketing", "rd", "sales", "support")
DEPARTMENTS = ("finance", "hr", "marketing", "rd", "sales", "support")

MATRIX = [
    ("code_generation", "simple", "anthropic/claude-haiku-4-5", "boilerplate"),
    ("code_generation", "medium", "anthropic/claude-sonnet-4-5", "quality for its price"),
    ("code_generation", "complex", "anthropic/claude-opus-4-5", "algorithms"),
    ("code_review", "simple", "openai/gpt-4o-mini", "patterns"),
    ("code_review", "medium", "anthropic/claude-sonnet-4-5", "nuance"),
    ("debugging", "complex", "openai/o1", "extended thinking"),
    ("architecture_design", "complex", "anthropic/claude-opus-4-5", "trade-offs"),
    ("documentation", "medium", "anthropic/claude-sonnet-4-5", "technical prose"),
    ("question_answer", "simple", "google/gemini-2.5-flash", "Lowest latency"),
    ("data_analysis", "complex", "google/gemini-2.5-pro", "long context"),
    ("math_reasoning", "complex", "openai/o1", "Built for this"),
]
"""S3.18. Gemini 2.0 Flash and 2.0 Pro cannot answer any more; their successors stand in their rows."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def suite(name: str, catalog: Catalog) -> Suite:
    return load_suite(POLICIES / f"{name}.test.yaml", catalog=catalog)


def test_nothing_is_shipped_without_tests() -> None:
    """Issue 4, point 2: each policy has its tests beside it."""
    files = {path.name for path in POLICIES.glob("*.yaml")} - {"catalog.yaml"}

    assert files == {f"{name}{end}" for name in NAMES for end in (".yaml", ".test.yaml")}


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_policy_keeps_its_promises(name: str, catalog: Catalog) -> None:
    """Every case passes, and every line is exercised both ways."""
    report = run_suite(suite(name, catalog))

    assert report.passed(100), as_text(report, 100)


@pytest.mark.parametrize("name", NAMES)
def test_editors_find_the_schema(name: str) -> None:
    """Issue 4, point 1: a header that editors complete and check by."""
    first = (POLICIES / f"{name}.yaml").read_text().partition("\n")[0]

    assert first == "# yaml-language-server: $schema=policy.schema.json"


@pytest.mark.parametrize("name", NAMES)
def test_shipped_policies_are_in_the_one_format(name: str) -> None:
    """What people copy is as `waypost policy fmt` would write it."""
    assert cli.main(["policy", "fmt", "--check", str(POLICIES / f"{name}.yaml")]) == 0


@pytest.mark.parametrize(("task", "complexity", "model", "why"), MATRIX)
def test_the_matrix(catalog: Catalog, task: str, complexity: str, model: str, why: str) -> None:
    """S3.18: all 11 rows, each with its rationale on the decision; asked by a Google client where its dialect is."""
    found = suite("rd", catalog)
    cases = (case for case in found.cases if case.expect.selected == (model,))
    case = next(
        case for case in cases if (case.question.features.task, case.question.features.complexity) == (task, complexity)
    )
    decision = decide(found.plan, case.question, case.snapshot, case.seed, frozenset())

    assert decision.selected is not None
    assert catalog.targets[decision.selected].id == model
    assert decision.rule is not None
    assert why in (decision.because or "")
    assert len(decision.order) >= 2, "somebody has to stand by"


def test_the_tiers(catalog: Catalog) -> None:
    """S3.19: who is in which tier, and what its input costs in USD per million tokens."""
    tiers = dict(suite("rd", catalog).plan.policy.tiers)
    listed = {name: [catalog.targets[catalog.index[id]].price for id in ids] for name, ids in tiers.items()}
    prices = {name: sorted(price.input or 0 for price in found if price) for name, found in listed.items()}

    assert {name: sorted(id.partition("/")[0] for id in ids) for name, ids in tiers.items()} == {
        "fast_cheap": ["anthropic", "google", "openai"],
        "balanced": ["anthropic", "google", "openai"],
        "powerful": ["anthropic", "openai"],
    }
    assert NANO // 10 <= prices["fast_cheap"][0] <= prices["fast_cheap"][-1] <= NANO
    assert NANO < prices["balanced"][0] <= prices["balanced"][-1] <= 5 * NANO
    assert 5 * NANO <= prices["powerful"][0] <= prices["powerful"][-1] <= 60 * NANO
    assert {target.provider for target in catalog.targets if target.tier == "local"} == {"ollama", "vllm"}


def test_the_pool_of_seven(catalog: Catalog) -> None:
    """S1.10, with successors for the two that were shut down; and S1.11's default."""
    policy = suite("auto", catalog).plan.policy

    assert dict(policy.tiers)["pool"] == (
        "openai/gpt-4-turbo",
        "openai/gpt-4o-mini",
        "anthropic/claude-opus-4-5",
        "anthropic/claude-sonnet-4-5",
        "google/gemini-2.5-pro",
        "google/gemini-2.5-flash",
        "groq/llama-3.3-70b-versatile",
    )
    assert policy.default["openai"] == "openai/gpt-4-turbo"


@pytest.mark.parametrize("name", DEPARTMENTS)
def test_every_rule_says_why(name: str, catalog: Catalog) -> None:
    """A lawyer reads `because` on the receipt, not the predicate."""
    policy = suite(name, catalog).plan.policy
    lines = [*policy.filters, *(line for rule in policy.rules for line in rule.filters)]

    assert [rule.name for rule in policy.rules if not rule.because] == []
    assert [line.name for line in lines if not line.because] == []


def test_each_department_gets_its_own_policy(catalog: Catalog) -> None:
    """All of them together: the first whose `match` holds (S3.01)."""
    suites = {name: suite(name, catalog) for name in (*DEPARTMENTS, "default")}
    plans = [found.plan for found in suites.values()]
    asked = suites["default"].cases[0].question
    chosen = {
        name: choose(plans, replace(asked, context=Context(department=name))).policy.name
        for name in (*DEPARTMENTS, "legal")
    }

    assert chosen == {**{name: name for name in DEPARTMENTS}, "legal": "default"}


def test_half_of_marketing_is_routed_and_stays_so(catalog: Catalog) -> None:
    """A keyed share of the people, about half of a thousand, and each of them every time on the same side."""
    found = suite("marketing", catalog)
    asked = replace(found.cases[0].question, auto=False, requested="gpt-4o")
    people = [replace(asked, context=Context(department="marketing", user=f"u{index}")) for index in range(1_000)]
    sides = [mode_of(found.plan, person, bytes(16))[0] for person in people]

    assert 450 <= sides.count("route") <= 550
    assert sides == [mode_of(found.plan, person, b"\1" * 16)[0] for person in people]


def test_the_canary_writes_for_a_tenth_of_the_people(catalog: Catalog) -> None:
    """And its propensity is on the decision, for estimates from the logs."""
    found = suite("marketing", catalog)
    case = next(case for case in found.cases if case.expect.rule == "copy")
    canary = catalog.index["anthropic/claude-sonnet-5-5"]
    decisions = [
        decide(
            found.plan,
            replace(case.question, context=Context(department="marketing", user=f"u{index}")),
            case.snapshot,
            case.seed,
            frozenset(),
        )
        for index in range(1_000)
    ]
    drawn = [decision for decision in decisions if decision.selected == canary]

    assert 70 <= len(drawn) <= 130
    assert {(decision.cause, decision.propensity_ppm) for decision in drawn} == {("rollout", 100_000)}
    assert {decision.propensity_ppm for decision in decisions if decision.selected != canary} == {900_000}


def test_sales_explores_one_call_in_twenty(catalog: Catalog) -> None:
    found = suite("sales", catalog)
    case = next(case for case in found.cases if case.expect.rule == "drafts")
    seeds = [index.to_bytes(16, "big") for index in range(1_000)]
    decisions = [decide(found.plan, case.question, case.snapshot, seed, frozenset()) for seed in seeds]
    best = max({decision.propensity_ppm for decision in decisions})
    others = [decision for decision in decisions if decision.propensity_ppm != best]

    assert {decision.chance for decision in decisions} == {"explore"}
    assert 20 <= len(others) <= 75


@pytest.mark.parametrize("data_class", ["personal", "financial", "health", "secret"])
def test_no_data_about_people_leaves_hr_for_elsewhere(catalog: Catalog, data_class: str) -> None:
    """Over every case of its tests with that class put in: whoever survives is in the EU or in the house."""
    found = suite("hr", catalog)
    for case in found.cases:
        features = replace(case.question.features, data_class=data_class)
        asked = replace(case.question, features=features, context=Context(department="hr"))
        decision = decide(found.plan, asked, case.snapshot, case.seed, frozenset())
        survivors = [target for place, target in enumerate(catalog.targets) if decision.survivors >> place & 1]
        home = data_class in ("health", "secret")
        assert [t.id for t in survivors if not (t.tier == "local" or (t.region == "eu" and not home))] == []


def test_the_page_lists_every_policy_and_rule(catalog: Catalog) -> None:
    """docs/policies.md: a section a department with its own rules, and the pool by name."""
    page = (POLICIES.parent / "docs" / "policies.md").read_text()
    sections = {part.partition("\n")[0].partition(":")[0]: part for part in page.split("\n## ")[1:]}
    inherited = {rule.name for rule in suite("base", catalog).plan.policy.rules}
    missing = [
        f"{name}: {rule.name}"
        for name in DEPARTMENTS
        if name != "rd"
        for rule in suite(name, catalog).plan.policy.rules
        if rule.name not in inherited and f"| `{rule.name}` |" not in sections[name]
    ]

    assert missing == []
    assert [name for name in NAMES if f"\n| `{name}` |" not in page] == []
    assert [
        id for id in dict(suite("auto", catalog).plan.policy.tiers)["pool"] if f"`{id}`" not in sections["auto"]
    ] == []
