"""policies/policy.schema.json: it is what its script makes, takes what loads, and refuses what an editor can see."""

from __future__ import annotations

import importlib.util
import json
import re
import time
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from policy_fuzz import mutations
from policy_samples import CATALOG, HEAD, policy
from waypost.core.model.decision import Source
from waypost.core.policy.fields import FIELDS
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.words import Words
from waypost.errors import PolicyError
from waypost.runtime import yaml
from waypost.runtime.documents import read_policy
from waypost.runtime.policy_words import CLOSED

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "generate_policy_schema.py"
FILE = ROOT / "policies" / "policy.schema.json"
SCHEMA: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
MOST = 12_000
HEADER = "# yaml-language-server: $schema=policy.schema.json\n"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_policy_schema", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(node: yaml.Node) -> Any:
    """What a YAML 1.2 reader of an editor makes of a document."""
    match node:
        case yaml.Scalar():
            return float(node.raw) if node.kind == "float" else node.value
        case yaml.Sequence():
            return [plain(item) for item in node.items]
        case yaml.Mapping():
            return {key.raw: plain(value) for key, value in node.entries}


def faults(text: str) -> list[str]:
    return [error.json_path for error in VALIDATOR.iter_errors(plain(yaml.parse(text, "p.yaml")))]


def test_the_schema_is_what_the_script_makes() -> None:
    """A key, a field or a word that the reader learns comes into the schema with it."""
    assert script().rendered() == FILE.read_text(encoding="utf-8")
    assert script().main(["--check"]) == 0


def test_the_schema_is_one_of_2020_12() -> None:
    """Every key has a description, so that an editor can explain it; every pattern is a pattern."""
    Draft202012Validator.check_schema(SCHEMA)
    assert [key for key, value in SCHEMA["properties"].items() if "description" not in str(value)] == []
    for pattern in re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', FILE.read_text(encoding="utf-8")):
        re.compile(json.loads(f'"{pattern}"'))


SHIPPED = sorted(
    path
    for path in [*(ROOT / "policies").glob("*.yaml"), *(ROOT / "examples").glob("*.yaml")]
    if path.name != "catalog.yaml" and not path.name.endswith(".test.yaml")
)


@pytest.mark.parametrize("path", SHIPPED, ids=[path.name for path in SHIPPED])
def test_every_shipped_policy_is_valid(path: Path) -> None:
    """And those of the package say in their first line where the schema is."""
    text = path.read_text(encoding="utf-8")
    assert faults(text) == []
    if path.parent.name == "policies":
        assert text.startswith(HEADER)


PAGES = [ROOT / "docs" / "policy.md", ROOT / "docs" / "tutorial.md", ROOT / "README.md"]
WHOLE = [
    block
    for page in PAGES
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    if "waypost: policy/v1" in block
]


@pytest.mark.parametrize("text", WHOLE, ids=[str(index) for index, _ in enumerate(WHOLE)])
def test_every_policy_of_the_pages_is_valid(text: str) -> None:
    """A reader copies them."""
    assert faults(text) == []


GOOD = [
    "mode: off",
    "mode: {route: 25%, by: user}",
    "mode: {route: 0.25, by: context.team}",
    "match: department == support and not task == debugging",
    "match: {department: [support, sales], streaming: true, context.team: 7}",
    "vars: {floor: 0.5, where: [eu, us]}\nfilter: ['quality >= ${floor}']\nbaseline: ${who}\n".replace("${who}", "big"),
    "tiers: {mine: [big, openai/mini]}\nrules: [{name: a, use: mine}]",
    "rules: [{name: a, when: (turns > 3), use: [fast_cheap, big], because: why}]",
    "rules: [{name: a, filter: [quality >= 0.5]}]",
    "filter: [labels.team == a, {rule: region == eu, when: context.team == b}]",
    "filter: [context_window>=tokens.total*1.2, not capabilities has tools]",
    "rank: cheapest",
    "rank: listed",
    "rank: heuristic",
    "rank: {strategy: listed, else: {cost: 1, quality: 50%}}",
    "rank: {advisor: heuristic}",
    "rank: {advisor: heuristic, else: best, within: 1.5 s}",
    "rank: {cost: 60%, quality: 0.4}",
    "scales: {cost: 0.001..1 USD, latency: 100 ms..20 s}",
    "select:",
    "select: {weighted: deployments, by: session}",
    "select: {weighted: {big: 3, openai/mini: 1}}",
    "select: {explore: 5%}",
    "select: {canary: {target: big, share: 10%, by: user}}",
    "fallback: {max_attempts: 2, deadline: 30 s, failures: {overloaded: {retry_same: 1, backoff: 1 s}, auth: abort}}",
    "default: {openai: big, '*': openai/mini}",
    "leave: [gateway.corp.example]\ncross_origin: never",
    "affinity: {for: 1 h}",
    "budgets: [{scope: user, limit: 5 USD/day, at: {80%: downgrade, 100%: fast_cheap}}]",
    "budgets: [{scope: context.team, limit: 0.5 USD/month}]",
    "limits: [{scope: endpoint, requests: 60/min, tokens: 200k/min}]",
    "privacy: {content: hash}",
    "privacy: {content: redacted, for: 30 d}",
    "envelope: true\nfilter: [region == eu]",
    "grants: [models, only]\naliases: {gpt-4: chat}",
    "aliases: {gpt-4: 4}\ndescription: 5",
    "rules: [{name: 5, use: mine, because: true}]\ntiers: {mine: [big, openai/big, big]}",
    "envelope: 'true'\nfilter: [{rule: region == eu, because: 1.5}]",
    "leave: ['*.internal', Gateway.corp.example]\nrank: {cost: 1000}",
]


@pytest.mark.parametrize("body", GOOD, ids=GOOD)
def test_what_loads_is_valid(body: str) -> None:
    """The schema never objects to what the reader takes."""
    assert policy(f"{body}\n").name == "sample"
    assert faults(f"{HEAD}{body}\n") == []


def test_a_name_may_be_a_number() -> None:
    """What stands in the file is the name, and an editor does not object."""
    text = HEAD.replace("name: sample", "name: 5")
    assert read_policy(text, "p.yaml", catalog=CATALOG).name == "5"
    assert faults(text) == []


NAMES = [name.replace("<name>", "team") for name in FIELDS]
OPS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "has", "matches", "=", "like")
VALUES = (
    "5", "0.5", "50%", "2 s", "200 ms", "5 USD", "0.5 USD/MTok", "200k", "5 USD/day", "10/min", "eu", "simple", "'a b'",
    "[eu]", "[5, 200k]", "[1 s, 2 s]", "['a', b]", "[]", "[eu,]", "tokens.total * 1.2", "quality", "price.input*50%",
    "true", "tools", "de", "a*", "${x}", "[${x}, 5 s]", "and", "-1", "",
)  # fmt: skip


def taken(text: str, schema: Any, *, request_only: bool = False) -> tuple[bool, bool]:
    """Whether the reader takes a predicate, and whether the schema does."""
    at = Source("p.yaml", 1, 1, len(text))
    try:
        tree = parse_predicate(text, at, variables={"x": ("eu", "us")}, request_only=request_only)
        read = not any(doubt.fatal for doubt in Words(closed=CLOSED).doubts(tree))
    except PolicyError:
        read = False
    return read, Draft202012Validator(schema).is_valid(text)


@pytest.mark.parametrize("kind", ["predicate", "request_predicate"])
def test_every_comparison_is_checked_as_the_reader_checks_it(kind: str) -> None:
    """Each field with each operator and each shape of a value, alone and behind another comparison: the schema never
    refuses what can be read, and takes nothing else but what a quoted word, a glob, a fraction or a variable is."""
    schema, lenient, strict = SCHEMA["$defs"][kind], 0, 0
    for name, op, value in product(NAMES, OPS, VALUES):
        text = f"{name} {op} {value}"
        read, valid = taken(text, schema, request_only=kind == "request_predicate")
        assert valid or not read, text
        strict += not read
        if valid and not read:
            lenient += 1
            assert any(part in text for part in ("'", "${", "0.5", "50%", "matches")), text
        if read:
            both = f"not (turns > 3) and ({text})or auto == true"
            assert taken(both, schema, request_only=kind == "request_predicate")[1], both
        elif not valid:
            assert not taken(f"turns > 3 or {text}", schema)[1], text
    assert strict > 10_000
    assert lenient < strict / 30


WRONG = [
    "quality >= 0.5 and qualty >= 0.6",
    "quality >= 0.5 or price.input <= 5 s",
    "quality >= 0.5 and",
    "and quality >= 0.5",
    "quality >= 0.5 quality <= 0.9",
    "quality >= 0.5and turns > 3",
    "(task == debuging)",
    "task in [debugging, debuging]",
    "region in [eu, ]",
    "region in eu",
    "region has eu",
    "capabilities == tools",
    "capabilities has tool",
    "context_window >= price.input * 2",
    "context_window >= tokens.total * 1.2 s",
    "not quality",
    "quality >= 'high'",
    "",
]


@pytest.mark.parametrize("text", WRONG)
def test_a_slip_behind_the_first_comparison_is_seen(text: str) -> None:
    """The whole predicate is looked at, not its beginning alone."""
    assert taken(text, SCHEMA["$defs"]["predicate"]) == (False, False)


@pytest.mark.parametrize("kind", ["predicate", "request_predicate"])
def test_the_pattern_is_bounded_portable_and_linear(kind: str) -> None:
    """An editor compiles it for each file, as JavaScript does with `u`: no needless backslash; and no text hangs it."""
    schema = SCHEMA["$defs"][kind]
    assert len(schema["pattern"]) <= MOST
    assert re.findall(r"\\[^\^$\\.*+?()\[\]{}|/sx]", schema["pattern"]) == []
    assert all(taken(text, schema)[1] for text in schema["examples"])
    hard = (
        "(" * 7_000,
        "turns > 3 and " * 550,
        "not " * 1_900,
        "turns > 3" + " " * 7_000 + "x",
        "task in [" + "debugging, " * 700,
    )
    began = time.process_time()
    assert not any(re.search(schema["pattern"], text) for text in hard)
    assert time.process_time() - began < 1


def test_what_the_reader_takes_of_mutated_policies_is_valid() -> None:
    """The schema is never the stricter of the two: an editor that objects to what loads is worse than none."""
    taken = 0
    for text in mutations(5, 2_500):
        try:
            read_policy(text, "f.yaml", catalog=CATALOG)
        except PolicyError:
            continue
        taken += 1
        assert faults(text) == [], text
    assert taken > 75


BAD = [
    ("mode: rute", "$.mode"),
    ("mode: {route: 120 USD}", "$.mode"),
    ("filters: []", "$"),
    ("match: {departmnt: support}", "$.match"),
    ("match: price.input <= 5 USD/MTok", "$.match"),
    ("rules: [{name: a, when: tsk == debugging, use: fast_cheap}]", "$.rules"),
    ("rules: [{use: fast_cheap}]", "$.rules"),
    ("rules: [{name: a}]", "$.rules"),
    ("filter: [qualty >= 0.5]", "$.filter"),
    ("filter: [quality = 0.5]", "$.filter"),
    ("filter: [{when: code == true}]", "$.filter"),
    ("rank: cheapst", "$.rank"),
    ("rank: {price: 1}", "$.rank"),
    ("rank: {cost: -1}", "$.rank"),
    ("scales: {cost: 1 USD}", "$.scales"),
    ("select: explore", "$.select"),
    ("select: {explore: 5%, canary: {target: big, share: 1%}}", "$.select"),
    ("select: {canary: {target: big}}", "$.select"),
    ("select: {weighted: {big: 0}}", "$.select"),
    ("fallback: {max_attempts: 0}", "$.fallback"),
    ("fallback: {deadline: 5}", "$.fallback"),
    ("fallback: {failures: {timeot: abort}}", "$.fallback"),
    ("fallback: {failures: {timeout: retry}}", "$.fallback"),
    ("on_no_candidates: defalt", "$.on_no_candidates"),
    ("cross_origin: always", "$.cross_origin"),
    ("tiers: {mine: []}", "$.tiers"),
    ("tiers: {fail: [big]}", "$.tiers"),
    ("affinity: {by: conversation}", "$.affinity"),
    ("affinity: {for: 5}", "$.affinity"),
    ("budgets: [{scope: usr, limit: 5 USD/day}]", "$.budgets"),
    ("budgets: [{scope: user, limit: 5 USD}]", "$.budgets"),
    ("budgets: [{scope: user, limit: 5 USD/day, at: {120%: fail}}]", "$.budgets"),
    ("limits: [{scope: user, requests: 60}]", "$.limits"),
    ("limits: [{scope: user}]", "$.limits"),
    ("privacy: {content: everything}", "$.privacy"),
    ("privacy: {content: full, for: 5}", "$.privacy"),
    ("envelope: maybe", "$.envelope"),
    ("envelope: 'true'\nrank: best", "$.rank"),
    ("match: {}", "$.match"),
    ("rank: {cost: 1001}", "$.rank"),
    ("rank: {advisor: heuristic, else: magic}", "$.rank"),
    ("rank: {advisor: heuristic, cost: 1}", "$.rank"),
    ("rank: {strategy: cheapest}", "$.rank"),
    ("rank: {else: best}", "$.rank"),
    ("leave: ['a b']", "$.leave"),
    ("envelope: true\nrank: best", "$.rank"),
    ("grants: [modles]", "$.grants"),
    ("aliases: {gpt-4: }", "$.aliases"),
    ("waypost: policy/v1", "$"),
]


@pytest.mark.parametrize(("body", "place"), BAD, ids=[body for body, _ in BAD])
def test_what_an_editor_can_see_is_refused_where_it_stands(body: str, place: str) -> None:
    """Both the schema and the reader refuse it, so that neither is the stricter by mistake."""
    text = f"{body}\n" if body.startswith("waypost:") else f"{HEAD}{body}\n"
    found = faults(text)
    assert found
    assert all(path.startswith(place) for path in found)
    if not body.startswith("waypost:"):
        with pytest.raises(PolicyError):
            policy(f"{body}\n")
