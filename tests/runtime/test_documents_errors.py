"""What is wrong with a policy file, in exact words and at exact places; all of it in one pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import waypost.policy
from policy_samples import CATALOG, HEAD, policy
from waypost.errors import PolicyError
from waypost.runtime.checking import check_files
from waypost.runtime.documents import load_policy, read_policy

BAD = [
    ("mode: rute\n", "p.yaml:3:7: mode 'rute' is unknown; did you mean 'route'?"),
    ("mode: {route: 120%}\n", "p.yaml:3:15: the share of route is more than 100%; write a share from 0% to 100%"),
    ("mode: {rout: 20%}\n", "p.yaml:3:8: unknown key 'rout' in mode; did you mean 'route'?"),
    ("mode: {by: user}\n", "p.yaml:3:7: no share is given; write `{route: 25%, by: user}`"),
    ("mode: {route: 5%, by: usr}\n", "p.yaml:3:23: by 'usr' is unknown; did you mean 'user'?"),
    ("modes: route\n", "p.yaml:3:1: unknown key 'modes' in a policy; did you mean 'mode'?"),
    ("filters: [quality >= 0.5]\n", "p.yaml:3:1: unknown key 'filters' in a policy; did you mean 'filter'?"),
    ("filter: quality >= 0.5\n", "p.yaml:3:9: filter is 'quality >= 0.5', not a list; write a list: [a, b]"),
    ("filter: [[a]]\n", "p.yaml:3:10: a filter is a list, not a mapping; write `key: value` lines"),
    ("filter: [{rule: quality >= 0.5, wen: turns > 1}]\n",
     "p.yaml:3:33: unknown key 'wen' in a filter; did you mean 'when'?"),
    ("filter: [{when: turns > 1}]\n", "p.yaml:3:10: a filter without a `rule`; write `- rule: field op value`"),
    ("filter: [{rule: quality >= 0.5, when: quality > 1}]\n",
     "p.yaml:3:39: quality depends on the target; use fields of the request here, and put this line into `filter`"),
    ("match: {departmen: rd}\n", "p.yaml:3:9: unknown field 'departmen'; did you mean 'department'?"),
    ("match: {department: []}\n", "p.yaml:3:21: match.department has no value; write a word or a list of words"),
    ("match: quality > 0.5\n",
     "p.yaml:3:8: quality depends on the target; use fields of the request here, and put this line into `filter`"),
    ("baseline: openai/bigg\n", "p.yaml:3:11: unknown target 'openai/bigg'; did you mean 'openai/big'?"),
    ("baseline: zzz\n",
     "p.yaml:3:11: unknown target 'zzz'; `waypost catalog show` lists the targets of catalog 'sample'"),
    ("tiers: {cheap: [openai/min]}\n", "p.yaml:3:17: unknown target 'openai/min'; did you mean 'openai/mini'?"),
    ("rules: [{name: a, use: fastcheap}]\n", "p.yaml:3:24: unknown tier 'fastcheap'; did you mean 'fast_cheap'?"),
    ("rules: [{name: a, use: [openai/minni]}]\n",
     "p.yaml:3:25: unknown target 'openai/minni'; did you mean 'openai/mini'?"),
    ("rules: [{use: powerful}]\n",
     "p.yaml:3:9: a rule has no name; write `- name: ...`; receipts show it as rule.<name>"),
    ("rules: [{name: a, when: turns > 1}]\n", "p.yaml:3:9: rule 'a' does nothing; add `use` or `filter`"),
    ("rules: [{name: a, use: powerful}, {name: a, use: fast_cheap}]\n",
     "p.yaml:3:35: a second rule 'a'; the first is at p.yaml:3:9"),
    ("rank: cheepest\n", "p.yaml:3:7: unknown rank 'cheepest'; did you mean 'cheapest'?"),
    ("rank: weighted\n", "p.yaml:3:7: `weighted` needs weights; write `rank: {cost: 0.6, quality: 0.4}`"),
    ("rank: {speed: 1}\n", "p.yaml:3:8: unknown key 'speed' in rank; known: cost, latency, quality"),
    ("rank: {cost: 0}\n", "p.yaml:3:7: no weight is above 0; write `rank: {cost: 0.6, quality: 0.4}`"),
    ("rank: {cost: -1}\n", "p.yaml:3:14: rank.cost is -1, and must not be negative; write a ratio such as 0.5 or 50%"),
    ("rank: {cost: -.5}\n",
     "p.yaml:3:14: rank.cost is -.5, and must not be negative; write a ratio such as 0.5 or 50%"),
    ("rank: {cost: -a}\n", "p.yaml:3:14: rank.cost is '-a', not a number; write a ratio such as 0.5 or 50%"),
    ("mode: {route: -5%}\n",
     "p.yaml:3:15: the share of route is -5%, and must not be negative; write a ratio such as 0.5 or 50%"),
    ("fallback: {deadline: -5 s}\n",
     "p.yaml:3:22: deadline is -5 s, and must not be negative; write a duration such as 200 ms, 2 s or 5 min"),
    ("fallback: {max_attempts: -1}\n",
     "p.yaml:3:26: max_attempts is -1, and must not be negative; write a whole number from 1 to 20"),
    ("scales: {cost: -1..1 USD}\n",
     "p.yaml:3:16: scales.cost is -1, and must not be negative; write a sum such as 0.05 USD"),
    ("filter: ['quality >= -0.5']\n",
     "p.yaml:3:22: -0.5 must not be negative; write a number from 0, or quote it if text is meant"),
    ("scales: {cost: 1 USD}\n",
     "p.yaml:3:16: scales.cost is '1 USD', not a range; write `low..high` with one unit: 0.2..20 s"),
    ("scales: {cost: 2..1 USD}\n",
     "p.yaml:3:16: scales.cost is '2..1 USD'; its low end must be above 0 and clearly below its high end"),
    ("scales: {latency: 0..20 s}\n",
     "p.yaml:3:19: scales.latency is '0..20 s'; its low end must be above 0 and clearly below its high end"),
    ("scales: {latency: 1..20 parsec}\n", "p.yaml:3:19: unknown unit 'parsec' in scales.latency; "),
    ("fallback: {max_attempts: 0}\n",
     "p.yaml:3:26: max_attempts is 0; write a whole number from 1 to 20"),
    ("fallback: {deadline: 5}\n",
     "p.yaml:3:22: deadline is 5: it has no unit; write a duration such as 200 ms, 2 s or 5 min"),
    ("fallback: {failures: {timeot: abort}}\n",
     "p.yaml:3:23: unknown key 'timeot' in failures; did you mean 'timeout'?"),
    ("fallback: {failures: {timeout: retry}}\n",
     "p.yaml:3:32: timeout 'retry' is unknown; known: abort, next_candidate"),
    ("fallback: {failures: {timeout: {retry_same: 99}}}\n",
     "p.yaml:3:45: timeout.retry_same is 99; write a whole number from 0 to 10"),
    ("on_no_candidates: defalt\n", "p.yaml:3:19: on_no_candidates 'defalt' is unknown; did you mean 'default'?"),
    ("on_no_candidates: default\n", "p.yaml:3:19: there is no default; write `default: provider/model`"),
    ("default: openai/gone\n",
     "p.yaml:3:10: unknown target 'openai/gone'; `waypost catalog show` lists the targets of catalog 'sample'"),
    ("default: mini\n", "p.yaml:3:10: unknown target 'mini'; write 'openai/mini'"),
    ("baseline: opnai/mini\n", "p.yaml:3:11: unknown target 'opnai/mini'; did you mean 'openai/mini'?"),
    ("rules: [{name: a, use: mini}]\n", "p.yaml:3:24: unknown tier 'mini'; write 'openai/mini'"),
    ("rules: [{name: a, use: [mini, powerfull]}]\n", "p.yaml:3:25: unknown tier 'mini'; write 'openai/mini'"),
    ("rules: [{name: a, use: []}]\n",
     "p.yaml:3:24: `use` is an empty list, so nobody could be chosen; name targets or a tier"),
    ("tiers: {cheap: []}\n", "p.yaml:3:16: tiers.cheap has no targets; write a list: [provider/model, ...]"),
    ("tiers: {cheap: }\n", "p.yaml:3:16: tiers.cheap has no targets; write a list: [provider/model, ...]"),
    ("tiers: {cheap: openai/mini}\n", "p.yaml:3:16: tiers.cheap is 'openai/mini', not a list; write a list: [a, b]"),
    ("default: {opnai: openai/big}\n", "p.yaml:3:11: unknown provider 'opnai'; did you mean 'openai'?"),
    ("filter: [quality >= 0.5]\ndefault: openai/mini\n",
     "p.yaml:4:10: the default 'openai/mini' is rejected by the policy's own `quality >= 0.5`; "
     "choose one that passes it, or change the line at p.yaml:3:10"),
    ("leave: ['https://x.example']\n",
     "p.yaml:3:9: 'https://x.example' is not a host; write gateway.corp.example or *.corp.example"),
    ("vars: {a: 1}\nfilter: ['quality >= ${b}']\n", "p.yaml:4:22: unknown variable 'b'; known: a"),
    ("vars: {a: 1}\nbaseline: ${b}\n", "p.yaml:4:11: unknown variable 'b'; known: a"),
    ("vars: {a: [1]}\nbaseline: ${a}\n",
     "p.yaml:4:11: variable 'a' is a list; use it after `in` or `not in` only"),
    ("filter: !append [quality >= 0.5]\n", "p.yaml:3:9: unknown tag '!append'; the only tag is !replace"),
    ("extends: [base]\n", "p.yaml:3:10: extends is a list, not a name; write `extends: base`"),
    ("mode: route\nmode: off\n", "p.yaml:4:1: duplicate key 'mode'; it stands in line 3 already"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), BAD, ids=[message.partition(": ")[2][:50] for _, message in BAD])
def test_a_mistake_is_named_with_place_and_remedy(body: str, message: str) -> None:
    """file:line:column: what; remedy, with the nearest known name."""
    with pytest.raises(PolicyError) as caught:
        policy(body)
    assert str(caught.value).startswith(message)
    if not message.endswith("; "):
        assert str(caught.value).splitlines()[0] == message


def test_all_errors_of_a_file_come_in_one_pass() -> None:
    """The first by place is raised; the others stand behind it, in the order of the file."""
    with pytest.raises(PolicyError) as caught:
        policy(
            "mode: rute\nfilter:\n  - qualty >= 0.5\n  - regin in [eu] and task == debuging\n"
            "rules: [{name: a, use: nope}]\nbudgets: [x]\nbaseline: gone\n"
        )
    errors = [caught.value, *caught.value.others]
    assert [error.where.partition(":")[2] for error in errors] == [
        "3:7",
        "5:5",
        "6:5",
        "6:31",
        "7:24",
        "8:11",
        "9:11",
    ]
    assert all(not error.others for error in errors[1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\n", "f.yaml:1:1: the language version is missing; write `waypost: policy/v1`"),
        ("waypost: policy/v2\nname: x\n",
         "f.yaml:1:10: unknown language version 'policy/v2'; this version of Waypost reads policy/v1"),
        ("waypost: policy/v1\nmode: route\n", "f.yaml:1:1: the policy has no name; write `name: my-policy`"),
        ("- a\n", "f.yaml:1:1: a policy is a mapping, not a list; write `name: ...`"),
        ("", "f.yaml:1:1: the file is empty; write a document"),
        ("a: [\n", "f.yaml:1:4: the bracket '[' is not closed; close it with ']'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_policy(text: str, message: str) -> None:
    """The version comes first: nothing else is judged without it."""
    with pytest.raises(PolicyError) as caught:
        read_policy(text, "f.yaml", catalog=CATALOG)
    assert str(caught.value) == message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, not text, not UTF-8: each says which file."""
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "gone.yaml", catalog=CATALOG)
    assert str(caught.value) == f"{tmp_path}/gone.yaml: there is no file '{tmp_path}/gone.yaml'; check the path"
    (tmp_path / "latin.yaml").write_bytes(HEAD.encode() + b"description: caf\xe9\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "latin.yaml", catalog=CATALOG)
    line = HEAD.count("\n") + 1
    path = tmp_path / "latin.yaml"
    assert str(caught.value) == f"{path}:{line}:17: '{path}' is not UTF-8: the byte 0xE9; save it as UTF-8"
    with pytest.raises(PolicyError, match="cannot read"):
        load_policy(tmp_path, catalog=CATALOG)


def test_words_of_yaml_1_1_are_text() -> None:
    """`off`, `no` and `on` are what is written (POLICY.md: YAML 1.2)."""
    assert policy("mode: off\n").mode.mode == "off"
    assert policy("match: {department: no}\n").document["match"] == "department == no"


def test_only_policies_are_suggested_to_be_extended(tmp_path: Path) -> None:
    """Neither a test file nor the catalog is a policy, whatever their names look like."""
    path = tmp_path / "mine.yaml"
    path.write_text("waypost: policy/v1\nname: mine\nextends: catalogue\n")
    (tmp_path / "catalogue.test.yaml").write_text("waypost: policy-test/v1\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(path, catalog=CATALOG)
    assert "test" not in str(caught.value).partition("; ")[2]
    assert "catalog" not in str(caught.value).partition("; ")[2]


def test_a_duplicate_key_hides_no_other_error() -> None:
    """S2.12: each key that stands twice, and whatever else is wrong, in one pass; the first value is checked."""
    text = "waypost: policy/v1\nname: p\nmode: rout\nmode: off\nfilter:\n  - qualty >= 0.5\n"
    text += "rules:\n  - {name: a, use: balanced, use: powerful}\n"
    with pytest.raises(PolicyError) as caught:
        read_policy(text, "p.yaml", catalog=None)
    assert [line.partition(";")[0] for line in str(caught.value).splitlines()] == [
        "p.yaml:4:1: duplicate key 'mode'",
        "p.yaml:8:30: duplicate key 'use'",
        "p.yaml:3:7: mode 'rout' is unknown",
        "p.yaml:6:5: unknown field 'qualty'",
        "p.yaml:8:20: unknown tier 'balanced'",
    ]


@pytest.mark.parametrize(
    "content", ["root:x:0:0:root\nwaypost:x:1:1\n", "secret: key-123\n", "a: [\n", "top secret", "a: 1\na: 2\n"]
)
def test_nothing_of_a_file_that_is_no_policy_is_quoted(tmp_path: Path, content: str) -> None:
    """`extends` may name any file that lies there, and an error may be shown to somebody who could not read it."""
    other = tmp_path / "passwd"
    other.write_text(content)
    with pytest.raises(PolicyError) as caught:
        read_policy(f"{HEAD}extends: passwd\n", "p.yaml", catalog=None, search=[tmp_path])
    at = f"p.yaml:{HEAD.count(chr(10)) + 1}:10"
    remedy = "extend a policy, which begins with `waypost: policy/v1`"
    assert str(caught.value) == f"{at}: '{other}' is no policy: it has no key `waypost`; {remedy}"


@pytest.mark.parametrize("head", ["waypost: policy/v1\n", '{"waypost":"policy/v1"}', "{name: b, waypost: policy/v1}"])
def test_a_base_is_found_however_its_version_is_written(tmp_path: Path, head: str) -> None:
    """A mapping in braces is a policy, too."""
    other = tmp_path / "other.yaml"
    other.write_text(head)
    found = read_policy(f"{HEAD}extends: other\n", "p.yaml", catalog=None, search=[tmp_path])
    assert found.sources == ("p.yaml", str(other))


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder with a policy of its own, one beneath it and one beside it."""
    (tmp_path / "team" / "parts").mkdir(parents=True)
    for name in ("company", "team/own", "team/parts/limits"):
        (tmp_path / f"{name}.yaml").write_text(f"waypost: policy/v1\nmode: advise\nname: {name.rpartition('/')[2]}\n")
    return tmp_path / "team"


@pytest.mark.parametrize(
    "written", ["{root}/company.yaml", "{root}/company", "../company", "parts/../../company.yaml", "..", "/etc/passwd"]
)
def test_extends_does_not_lead_out_of_the_folder(team: Path, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by an absolute path nor by `..`, whether a file lies there or not; the file is not opened."""
    monkeypatch.setattr("waypost.runtime.documents._read", lambda *_: pytest.fail("opened"))
    written = written.format(root=team.parent)
    with pytest.raises(PolicyError) as caught:
        read_policy(f"{HEAD}extends: {written}\n", "p.yaml", catalog=None, search=[team])
    assert str(caught.value) == (
        f"p.yaml:3:10: extends {written!r} leads out of this policy's folder; name a packaged policy or a file beneath "
        "that folder, or add that file to WAYPOST_POLICY"
    )


@pytest.mark.parametrize("written", ["own", "parts/limits", "./parts/limits.yaml", "parts/../own"])
def test_extends_leads_beneath_the_folder(team: Path, written: str) -> None:
    """Names, and paths that stay within."""
    assert read_policy(f"{HEAD}extends: {written}\n", "p.yaml", catalog=None, search=[team]).mode.mode == "advise"


@pytest.mark.parametrize("written", ["{root}/company.yaml", "{root}/company", "../company"])
def test_extends_leads_to_what_the_operator_listed(team: Path, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named as a policy beside this one, or in `WAYPOST_POLICY`, may be extended wherever it lies; a
    base cannot list one for itself."""
    company = team.parent / "company.yaml"
    child = team / "child.yaml"
    child.write_text(f"{HEAD}extends: {written.format(root=team.parent)}\n")
    assert [Path(file).resolve() for file in load_policy(child, catalog=None, others=[company]).sources] == [
        child,
        company,
    ]
    assert waypost.policy.load([child, company])[0].mode.mode == "advise"
    assert [file.problems for file in check_files([child, company], None)] == [(), ()]
    with pytest.raises(PolicyError, match="leads out"):
        load_policy(child, catalog=None)
    monkeypatch.setenv("WAYPOST_POLICY", f"{child}{os.pathsep}{company}")
    assert load_policy(child, catalog=None).mode.mode == "advise"


def test_a_packaged_policy_over_another_catalog_says_what_to_do() -> None:
    """Its author is not who reads the error: what helps is another catalog, or another policy."""
    with pytest.raises(PolicyError) as caught:
        load_policy("base", catalog=CATALOG)
    assert caught.value.remedy == (
        "catalog 'sample' lacks what this packaged policy names: make yours an overlay of the packaged catalog, "
        "or write a policy that does not extend this one"
    )
