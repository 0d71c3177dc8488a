"""The runner of policy tests: what each expectation compares, and what the coverage counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from policy_samples import plan, question
from waypost.core.analysis.policy_coverage import Point
from waypost.core.analysis.policy_tests import Case, Expect, Report, Suite, run_case, run_suite
from waypost.core.analysis.policy_tests_show import as_data, as_junit, as_text, said
from waypost.core.model.decision import Source
from waypost.core.model.question import Snapshot
from waypost.core.policy.plan import Plan

AT = Source("p.test.yaml", 7, 5)
POLICY = """\
match: {department: rd}
rules:
  - name: hard
    when: complexity == complex
    use: powerful
    because: hard work
  - name: rest
    use: [openai/mini, openai/big]
filter:
  - quality >= 0.4
  - rule: price.input <= 10 USD/MTok
    when: complexity == simple
rank: best
"""


def case(name: str = "one", *, context: dict[str, Any] | None = None, **facts: Any) -> Case:
    """A case about a call of ``complexity`` with these expectations; ``snapshot``, ``tried`` as they are."""
    features = {"complexity": facts.pop("complexity", "simple")}
    asked = question(features=features, context={"department": "rd"} if context is None else context)
    known = {key: facts.pop(key) for key in ("snapshot", "tried") if key in facts}
    return Case(name, asked, Expect(**facts), AT, **known)


@pytest.fixture(scope="module")
def compiled() -> Plan:
    return plan(POLICY)


def told(compiled: Plan, asked: Case) -> list[tuple[str, str, str]]:
    return [(found.key, found.expected, found.happened) for found in run_case(compiled, asked).findings]


def test_what_holds_is_no_finding(compiled: Plan) -> None:
    """Every expectation at once, all true of the decision."""
    expect: dict[str, Any] = {
        "selected": ("openai/mini",),
        "rule": "rest",
        "cause": "rule",
        "tier": "fast_cheap",
        "mode": "route",
        "applies": True,
        "rejected": (("openai/big", "price.input <= 10 USD/MTok"), ("groq/fast", "quality >= 0.4")),
        "never": ("anthropic/opus",),
        "survivors": ("openai/mini",),
    }

    assert told(compiled, case(**expect)) == []


@pytest.mark.parametrize(
    ("expect", "found"),
    [
        ({"selected": ("openai/big",)}, ("selected", "openai/big", "openai/mini")),
        ({"selected": ("openai/big", "groq/fast")}, ("selected", "openai/big or groq/fast", "openai/mini")),
        ({"rule": "hard"}, ("rule", "hard", "rest")),
        ({"rule": "none"}, ("rule", "none", "rest")),
        ({"cause": "policy"}, ("cause", "policy", "rule")),
        ({"tier": "powerful"}, ("tier", "powerful", "fast_cheap")),
        ({"mode": "advise"}, ("mode", "advise", "route")),
        ({"applies": False}, ("applies", "false", "true")),
        (
            {"rejected": (("openai/mini", "quality >= 0.4"),)},
            ("rejected", "openai/mini fails `quality >= 0.4`", "openai/mini survives"),
        ),
        (
            {"rejected": (("openai/big", "quality >= 0.4"),)},
            ("rejected", "openai/big fails `quality >= 0.4`", "it fails `price.input <= 10 USD/MTok`"),
        ),
        ({"never": ("openai/mini",)}, ("never", "openai/mini rejected", "openai/mini selected")),
        ({"survivors": 2}, ("survivors", "2", "1: openai/mini")),
        ({"survivors": ()}, ("survivors", "nobody", "openai/mini")),
        ({"error": "no_candidates"}, ("error", "no_candidates", "openai/mini is selected")),
    ],
)
def test_each_expectation_tells_what_happened(
    compiled: Plan, expect: dict[str, Any], found: tuple[str, str, str]
) -> None:
    """One that does not hold is one finding with both sides."""
    assert told(compiled, case(**expect)) == [found]


def test_a_standby_may_be_named_in_never(compiled: Plan) -> None:
    """`never` is about who may answer at all, so standing by is one way of breaking it."""
    found = told(compiled, case(complexity="complex", never=("openai/big",)))

    assert found == [("never", "openai/big rejected", "openai/big stands by")]


def test_the_expected_target_says_why_it_was_rejected(compiled: Plan) -> None:
    """The rejection with its line, so that nobody has to look for it (S2.07)."""
    (finding,) = run_case(compiled, case(selected=("openai/big",))).findings

    assert finding.why == ("openai/big: price.input $15/MTok > $10/MTok (p.yaml:13:11)",)
    assert finding.at == AT


def test_a_line_that_is_not_in_force_says_so(compiled: Plan) -> None:
    """Its `when` does not hold, or it belongs to a rule that did not match."""
    name = "price.input <= 10 USD/MTok"
    (finding,) = run_case(compiled, case(complexity="complex", rejected=(("openai/big", name),))).findings
    body = "rules:\n  - name: hard\n    when: complexity == complex\n    filter: [quality >= 0.95]\n"
    (other,) = run_case(plan(body), case(rejected=(("openai/big", "quality >= 0.95"),))).findings

    assert finding.why == ("it holds only when complexity == simple (p.yaml:14:11)",)
    assert other.why == ("it is a line of rule hard, and no rule matched (p.yaml:4:5)",)


def test_a_standby_says_who_is_ahead(compiled: Plan) -> None:
    """A survivor that did not win has no rejection; the ranking says why."""
    (finding,) = run_case(compiled, case(complexity="complex", selected=("openai/big",))).findings

    assert finding.why == ("openai/big stands by behind anthropic/opus: quality 0.92 > 0.9",)


def test_nobody_is_an_outcome(compiled: Plan) -> None:
    """`error: no_candidates` holds where nobody is left, and `selected` then says nobody."""
    broken = Snapshot(epoch=1, broken=("openai/mini",))

    assert told(compiled, case(snapshot=broken, error="no_candidates", survivors=0)) == []
    assert told(compiled, case(snapshot=broken, selected=("openai/mini",)))[0] == ("selected", "openai/mini", "nobody")


def test_a_hop_is_a_case_too(compiled: Plan) -> None:
    """S3.17: who answers after a failure."""
    assert told(compiled, case(complexity="complex", tried=("anthropic/opus",), selected=("openai/big",))) == []


def test_another_seed_and_place(compiled: Plan) -> None:
    """A finding stands at its key where that is known."""
    place = Source("p.test.yaml", 9, 3)
    (finding,) = run_case(
        compiled, replace(case(), expect=Expect(rule="hard", places={"rule": place}), seed=b"s" * 16)
    ).findings

    assert finding.at == place


# Coverage


def report(compiled: Plan, *cases: Case) -> Report:
    return run_suite(Suite("p.test.yaml", compiled, cases))


def points(compiled: Plan, *cases: Case) -> dict[str, tuple[int, int]]:
    found = report(compiled, *cases).coverage.points
    return {f"{point.kind} {point.name}": (point.yes, point.no) for point in found}


def test_one_case_exercises_one_way(compiled: Plan) -> None:
    """What a single simple call shows of each line."""
    assert points(compiled, case()) == {
        "match match": (1, 0),
        "rule hard": (0, 1),
        "rule rest": (1, 0),
        "filter quality >= 0.4": (1, 1),
        "filter price.input <= 10 USD/MTok": (1, 1),
        "when price.input <= 10 USD/MTok": (1, 0),
    }


def test_gaps_are_named_with_their_place(compiled: Plan) -> None:
    """A rule that no case exercises both ways is listed with its file and line."""
    coverage = report(compiled, case()).coverage

    assert [f"{gap.at}: {said(gap)}" for gap in coverage.gaps] == [
        "p.yaml:3:9: match: in no case it does not hold",
        "p.yaml:5:5: rule hard: in no case it matches",
        "p.yaml:9:5: rule rest: in no case it does not match",
        "p.yaml:14:11: when price.input <= 10 USD/MTok: in no case it does not apply",
    ]
    assert (coverage.exercised, coverage.total, coverage.percent) == (8, 12, 66)
    assert not coverage.reaches(67)


def test_all_ways_are_a_hundred_percent(compiled: Plan) -> None:
    """A second case of the other kind, outside of the department."""
    coverage = report(compiled, case(), case("two", complexity="complex", context={})).coverage

    assert (coverage.percent, coverage.gaps) == (100, ())


def test_a_filter_that_never_bites_is_a_gap() -> None:
    """It passes everybody of the catalog in every case, so nothing shows that it works."""
    assert points(plan("filter: [quality >= 0.1]\n"), case()) == {"filter quality >= 0.1": (1, 0)}


def test_a_filter_that_rejects_everybody_is_a_gap() -> None:
    assert points(plan("filter: [quality >= 0.99]\n"), case()) == {"filter quality >= 0.99": (0, 1)}


def test_a_filter_of_a_rule_counts_only_where_the_rule_matched() -> None:
    """Elsewhere it is not in force, whatever else of its name is."""
    body = "rules:\n  - name: hard\n    when: complexity == complex\n    filter: [quality >= 0.5]\n"

    assert points(plan(body), case())["filter quality >= 0.5"] == (0, 0)
    assert points(plan(body), case(complexity="complex"))["filter quality >= 0.5"] == (1, 1)


def test_an_unknown_when_applies() -> None:
    """As in the decision: a filter's `when` that nobody can answer does not switch it off."""
    body = "filter:\n  - rule: quality >= 0.5\n    when: context.region == eu\n"

    assert points(plan(body), case()) == {"filter quality >= 0.5": (1, 1), "when quality >= 0.5": (1, 0)}
    assert points(plan(body), case(context={"labels": {"region": "us"}}))["when quality >= 0.5"] == (0, 1)


def test_a_first_rule_without_a_when_can_only_match() -> None:
    """Nothing could make it not match, so it is not asked of the cases."""
    assert report(plan("rules:\n  - {name: all, use: powerful}\n"), case()).coverage.percent == 100


def test_budgets_are_exercised_by_threshold() -> None:
    """Each threshold has to be the one in force in a case, and not be reached in another (S3.16)."""
    body = "budgets:\n  - {scope: user, limit: 5 USD/day, at: {80%: warn, 100%: fast_cheap}}\n"
    at = [Snapshot(epoch=1, used=(("user/day", ppm),)) for ppm in (790_000, 800_000, 990_000, 1_000_000)]
    found = points(plan(body), *(case(str(index), snapshot=world) for index, world in enumerate(at)))

    assert found == {"budget budget.user day 80%: warn": (2, 1), "budget budget.user day 100%: fast_cheap": (1, 3)}


def test_limits_are_exercised_both_ways() -> None:
    body = "limits:\n  - {scope: user, requests: 60/min}\n"
    reached = Snapshot(epoch=1, limited=(("limit.user", ""),))

    assert points(plan(body), case(), case("two", snapshot=reached)) == {"limit limit.user requests": (1, 1)}


def test_a_policy_without_lines_is_covered() -> None:
    assert report(plan(), case()).coverage.percent == 100


def test_a_point_of_one_way_misses_at_most_that() -> None:
    assert Point("rule", "all", AT, 0, 0, 1).missing == ("matches",)


# How it is shown


def test_the_text_of_a_failed_case(compiled: Plan) -> None:
    """One line with place, case, both sides; below it why; then the gaps and the figures."""
    text = as_text(report(compiled, case(selected=("openai/big",))), 90).splitlines()

    assert text[0] == "FAILED p.test.yaml:7:5: one: selected expected openai/big, got openai/mini"
    assert text[1] == "    openai/big: price.input $15/MTok > $10/MTok (p.yaml:13:11)"
    assert text[2] == "not exercised both ways:"
    assert text[-1] == "p.test.yaml: 0 of 1 cases passed, rule coverage 66 % (8 of 12), below 90 %"


def test_passing_cases_are_one_line() -> None:
    assert as_text(report(plan(), case())) == "p.test.yaml: 1 of 1 cases passed, rule coverage 100 % (0 of 0)"


def test_the_json_has_everything(compiled: Plan) -> None:
    """It is plain data, with the verdict over all files on top."""
    found = as_data([report(compiled, case(selected=("openai/big",)))])

    assert json.loads(json.dumps(found)) == found
    assert (found["schema"], found["passed"]) == ("policy-tests/v1", False)
    (file,) = found["files"]  # type: ignore[misc]
    assert file["policy_fingerprint"] == compiled.policy.fingerprint  # type: ignore[index, call-overload]
    assert file["cases"][0]["findings"][0]["happened"] == "openai/mini"  # type: ignore[index, call-overload]
    assert len(file["coverage"]["points"]) == 6  # type: ignore[index, call-overload, arg-type]


def test_the_junit_report_is_counted_and_escaped(compiled: Plan) -> None:
    """Names may hold anything that YAML may; XML may not."""
    one = case("a < b & \x01", selected=("openai/big",))
    root = ElementTree.fromstring(as_junit([report(compiled, one, case("two"))], 100))

    (suite,) = root
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "2",
        "errors": "0",
        "skipped": "0",
    }
    names = [(item.get("name"), item.find("failure") is not None) for item in suite]
    assert names == [("a < b & ?", True), ("two", False), ("rule coverage", True)]
    assert suite[0][0].get("message") == "selected expected openai/big, got openai/mini"


def test_without_a_least_coverage_there_is_no_case_for_it(compiled: Plan) -> None:
    root = ElementTree.fromstring(as_junit([report(compiled, case())]))

    assert [item.get("name") for item in root[0]] == ["one"]
    assert report(compiled, case()).passed()
    assert not report(compiled, case()).passed(100)
