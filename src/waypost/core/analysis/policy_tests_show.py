"""Reports of policy tests as text, as plain data for JSON, and as JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from waypost.core.analysis.policy_coverage import Point
from waypost.core.analysis.policy_tests import Finding, Report, Result
from waypost.core.model.canonical import JSON

SCHEMA = "policy-tests/v1"


def as_text(report: Report, coverage_min: int = 0) -> str:
    """A block per failed case, each line of the policy that is not exercised both ways, and one line of figures."""
    lines = [line for result in report.failed for line in _failed(result)]
    if report.coverage.gaps:
        lines.append("not exercised both ways:")
        lines += [f"  {point.at}: {said(point)}" for point in report.coverage.gaps]
    return "\n".join([*lines, _figures(report, coverage_min)])


def _failed(result: Result) -> Iterator[str]:
    for finding in result.findings:
        yield f"FAILED {finding.at}: {result.case.name}: {finding.key} {told(finding)}"
        yield from (f"    {line}" for line in finding.why)


def told(finding: Finding) -> str:
    return f"expected {finding.expected}, got {finding.happened}"


def said(point: Point) -> str:
    """``rule hard-bugs: in no case it does not match``."""
    name = point.kind if point.name == point.kind else f"{point.kind} {point.name}"
    return f"{name}: in no case it {' or '.join(point.missing)}"


def _figures(report: Report, coverage_min: int) -> str:
    passed, coverage = len(report.results) - len(report.failed), report.coverage
    short = "" if coverage.reaches(coverage_min) else f", below {coverage_min} %"
    return (
        f"{report.suite.file}: {passed} of {len(report.results)} cases passed, "
        f"rule coverage {coverage.percent} % ({coverage.exercised} of {coverage.total}){short}{_inherited(report)}"
    )


def _inherited(report: Report) -> str:
    """``; 9 lines are inherited from base, tested there``."""
    points = report.coverage.inherited
    names = sorted({_stem(point.at.file) for point in points})
    lines = len({(point.at.file, point.at.line) for point in points})
    are = "line is" if lines == 1 else "lines are"
    return f"; {lines} {are} inherited from {', '.join(names)}, tested there" if points else ""


def _stem(file: str) -> str:
    return file.replace("\\", "/").rpartition("/")[2].partition(".")[0]


def as_data(reports: Sequence[Report], coverage_min: int = 0) -> dict[str, JSON]:
    """All reports as one JSON document, schema ``policy-tests/v1``."""
    files: list[JSON] = [_file(report, coverage_min) for report in reports]
    return {"schema": SCHEMA, "passed": all(item.passed(coverage_min) for item in reports), "files": files}


def _file(report: Report, coverage_min: int) -> dict[str, JSON]:
    plan, coverage = report.suite.plan, report.coverage
    return {
        "file": report.suite.file,
        "policy": plan.policy.name,
        "policy_fingerprint": plan.policy.fingerprint,
        "catalog_fingerprint": plan.catalog.fingerprint,
        "passed": report.passed(coverage_min),
        "cases": [_case(report, result) for result in report.results],
        "coverage": {
            "percent": coverage.percent,
            "exercised": coverage.exercised,
            "total": coverage.total,
            "points": [_point(point) for point in coverage.points],
            "inherited": [_point(point) for point in coverage.inherited],
        },
    }


def _case(report: Report, result: Result) -> dict[str, JSON]:
    index = result.decision.selected
    return {
        "name": result.case.name,
        "at": str(result.case.at),
        "passed": result.passed,
        "selected": None if index is None else report.suite.plan.catalog.targets[index].id,
        "rule": result.decision.rule,
        "cause": result.decision.cause,
        "mode": result.mode,
        "findings": [
            {
                "key": finding.key,
                "at": str(finding.at),
                "expected": finding.expected,
                "happened": finding.happened,
                "why": list(finding.why),
            }
            for finding in result.findings
        ],
    }


def _point(point: Point) -> dict[str, JSON]:
    return {
        "kind": point.kind,
        "name": point.name,
        "at": str(point.at),
        "yes": point.yes,
        "no": point.no,
        "missing": list(point.missing),
    }


def as_junit(reports: Sequence[Report], coverage_min: int = 0) -> str:
    """JUnit's XML: a suite per file, a case per case, and the coverage as a case of its own where one is asked for."""
    root = ElementTree.Element("testsuites")
    for report in reports:
        root.append(_suite(report, coverage_min))
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, coverage_min: int) -> ElementTree.Element:
    short = not report.coverage.reaches(coverage_min)
    tests, failures = len(report.results) + (coverage_min > 0), len(report.failed) + short
    policy = report.suite.plan.policy.name
    suite = ElementTree.Element(
        "testsuite", name=report.suite.file, tests=str(tests), failures=str(failures), errors="0", skipped="0", time="0"
    )
    for result in report.results:
        case = ElementTree.SubElement(suite, "testcase", classname=policy, name=_xml(result.case.name), time="0")
        if result.findings:
            first = result.findings[0]
            failure = ElementTree.SubElement(
                case, "failure", message=_xml(f"{first.key} {told(first)}"), type="finding"
            )
            failure.text = _xml("\n".join(_failed(result)))
    if coverage_min:
        case = ElementTree.SubElement(suite, "testcase", classname=policy, name="rule coverage", time="0")
        if short:
            message = f"{report.coverage.percent} % of at least {coverage_min} %"
            failure = ElementTree.SubElement(case, "failure", message=message, type="coverage")
            failure.text = _xml("\n".join(f"{point.at}: {said(point)}" for point in report.coverage.gaps))
    return suite


def _xml(text: str) -> str:
    """``text`` without the characters that no XML may have."""
    return "".join(char if char in "\t\n\r" or (char >= " " and char not in "\ufffe\uffff") else "?" for char in text)
