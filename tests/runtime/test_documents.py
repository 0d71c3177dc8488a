"""Policy files: defaults, extends, variables, names of targets, and the fingerprint of what they mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy_samples import BIG, CATALOG, FAST, HEAD, MINI, OPUS, catalog, policy
from waypost.core.model.canonical import canonical, fingerprint
from waypost.core.policy.document import policy_from_document
from waypost.core.policy.render import render
from waypost.errors import PolicyError
from waypost.runtime.documents import load_policy, read_policy

SUPPORT = """\
# Customer support.
waypost: policy/v1
name: support
description: Customer support, EU only
mode: {route: 25%, by: user}
baseline: openai/big
match: {department: support}
vars: {floor: 0.4, home: [eu, us]}
tiers:
  cheap: [openai/mini, groq/fast]
rules:
  - name: simple
    when: task == question_answer and complexity == simple
    use: cheap
    because: Lowest latency and cheapest
  - name: hard
    when: complexity == complex
    use: [big, anthropic/opus]
filter:
  - quality >= ${floor}
  - price.input <= 20 USD/MTok
  - region in ${home}
  - rule: latency.p95 <= 2 s
    when: streaming == true
    because: a person is watching
  - context_window >= tokens.total * 1.2
rank: {cost: 0.6, latency: 0.2, quality: 0.2}
scales: {cost: 0.0000001..1 USD, latency: 0.2..20 s, quality: 0..1}
select: best
fallback:
  max_attempts: 4
  deadline: 30 s
  failures:
    overloaded: {retry_same: 1, backoff: 200 ms, then: next_candidate}
    auth: {disable_provider: 1 min}
    context_length: next_candidate
    bad_request: abort
on_no_candidates: default
on_internal_error: open
default: {openai: openai/mini, "*": openai/big}
cross_origin: never
leave: [gateway.corp.example, "*.corp.example"]
privacy: {content: none}
envelope: false
"""


def put(folder: Path, **files: str) -> Path:
    """Write ``name.yaml`` for each file; the folder."""
    for name, body in files.items():
        (folder / f"{name}.yaml").write_text(f"waypost: policy/v1\nname: {name}\n{body}", encoding="utf-8")
    return folder


def test_every_key_is_read() -> None:
    """A whole policy, part by part, in base units and with places."""
    found = read_policy(SUPPORT, "support.yaml", catalog=CATALOG)
    assert (found.name, found.description, found.baseline) == ("support", "Customer support, EU only", "openai/big")
    assert (found.mode.mode, found.mode.share_ppm, found.mode.by) == ("route", 250_000, "user")
    assert found.match is not None
    assert render(found.match) == "department == support"
    assert found.tiers == (("cheap", ("openai/mini", "groq/fast")),)
    assert [(rule.name, rule.use, str(rule.at)) for rule in found.rules] == [
        ("simple", ("openai/mini", "groq/fast"), "support.yaml:12:5"),
        ("hard", ("openai/big", "anthropic/opus"), "support.yaml:16:5"),
    ]
    assert found.rules[0].because == "Lowest latency and cheapest"
    assert [(line.name, str(line.predicate.at)) for line in found.filters] == [
        ("quality >= 0.4", "support.yaml:20:5"),
        ("price.input <= 20 USD/MTok", "support.yaml:21:5"),
        ("region in [eu, us]", "support.yaml:22:5"),
        ("latency.p95 <= 2 s", "support.yaml:23:11"),
        ("context_window >= tokens.total * 1.2", "support.yaml:26:5"),
    ]
    watching = found.filters[3]
    assert watching.when is not None
    assert (render(watching.when), watching.because) == ("streaming == true", "a person is watching")
    assert found.rank.strategy == "weighted"
    assert found.rank.weights == (("cost", 600_000), ("latency", 200_000), ("quality", 200_000))
    assert [(scale.field, scale.low, scale.high) for scale in found.scales] == [
        ("cost", 100, 10**9),
        ("latency", 200_000_000, 20 * 10**9),
        ("quality", 0, 1_000_000),
    ]
    assert (found.fallback.max_attempts, found.fallback.deadline_ns) == (4, 30 * 10**9)
    reactions = {reaction.kind: reaction for reaction in found.fallback.reactions}
    assert len(reactions) == 13
    assert (reactions["overloaded"].retry_same, reactions["overloaded"].backoff_ns) == (1, 200_000_000)
    assert (reactions["auth"].then, reactions["auth"].disable_provider_ns) == ("next_candidate", 60 * 10**9)
    assert reactions["context_length"].then == "next_candidate"
    assert reactions["content_filter"].then == "abort"
    assert (found.on_no_candidates, found.on_internal_error, found.cross_origin) == ("default", "open", "never")
    assert dict(found.default) == {"openai": "openai/mini", "*": "openai/big"}
    assert found.leave == ("gateway.corp.example", "*.corp.example")
    assert found.sources == ("support.yaml",)


def test_the_smallest_policy_has_every_default() -> None:
    """A version and a name are enough; what is not said is spelled out in the document."""
    found = policy()
    assert (found.mode.mode, found.mode.share_ppm) == ("advise", 1_000_000)
    assert (found.rank.strategy, dict(found.rank.weights)) == (
        "balanced",
        {"cost": 400_000, "latency": 200_000, "quality": 400_000},
    )
    assert (found.fallback.max_attempts, found.fallback.deadline_ns) == (3, None)
    assert (found.on_no_candidates, found.on_internal_error, found.cross_origin) == ("error", "open", "auto")
    assert (found.match, found.rules, found.filters, dict(found.default), found.leave) == (None, (), (), {}, ())
    assert found.document["scales"] == {
        "cost": {"low": 100, "high": 10**9},
        "latency": {"low": 200_000_000, "high": 20 * 10**9},
        "quality": {"low": 0, "high": 1_000_000},
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("filter: [quality >= 0.5]\n", "open"),
        ("filter: [estimated.cost <= 1 USD]\n", "closed"),
        ("filter: [latency.p95 <= 20 s]\n", "closed"),
        ("filter: [{rule: quality >= 0.3, when: turns > 2}]\n", "closed"),
        ("rules: [{name: a, when: turns > 2, use: powerful}]\n", "closed"),
        ("rules: [{name: a, use: powerful}]\n", "open"),
        ("filter: [estimated.cost <= 1 USD]\non_internal_error: open\n", "open"),
        ("on_internal_error: closed\n", "closed"),
    ],
)
def test_how_it_fails_open_follows_from_its_hard_rules(body: str, expected: str) -> None:
    """DESIGN §7: hard rules that need the call or the world close `auto`, unless the policy says open."""
    assert policy(body).on_internal_error == expected


# extends


def test_extends_merges_as_documented(tmp_path: Path) -> None:
    """Scalars override, mappings merge deeply, rank replaces, lists append, and a child's rules come first."""
    put(
        tmp_path,
        parent="mode: route\ndescription: parent\nbaseline: openai/big\nvars: {floor: 0.3, ceiling: 20 USD/MTok}\n"
        "rules: [{name: old, when: turns > 9, use: powerful}]\n"
        "filter: ['quality >= ${floor}', 'price.input <= ${ceiling}']\nrank: {cost: 1}\n"
        "fallback: {max_attempts: 5, failures: {timeout: abort, overloaded: abort}}\n"
        "tiers: {mine: [openai/big]}\nleave: [a.example]\n",
        child="extends: parent\nmode: advise\nvars: {floor: 0.5}\n"
        "rules: [{name: new, when: turns > 1, use: mine}]\nfilter: ['region in [eu, us]']\nrank: {quality: 1}\n"
        "fallback: {failures: {timeout: next_candidate}}\ntiers: {mine: [anthropic/opus]}\nleave: [b.example]\n",
    )
    found = load_policy(tmp_path / "child.yaml", catalog=CATALOG)
    assert (found.name, found.description, found.mode.mode) == ("child", "", "advise")
    assert found.baseline == "openai/big"
    assert [rule.name for rule in found.rules] == ["new", "old"]
    assert [line.name for line in found.filters] == [
        "quality >= 0.5",
        "price.input <= 20 USD/MTok",
        "region in [eu, us]",
    ]
    assert found.rank.weights == (("quality", 1_000_000),)
    reactions = {reaction.kind: reaction.then for reaction in found.fallback.reactions}
    assert found.fallback.max_attempts == 5
    assert (reactions["timeout"], reactions["overloaded"]) == ("next_candidate", "abort")
    assert found.tiers == (("mine", ("openai/big", "anthropic/opus")),)
    assert found.leave == ("a.example", "b.example")
    assert found.sources == (str(tmp_path / "child.yaml"), str(tmp_path / "parent.yaml"))
    assert found.filters[0].at.file == str(tmp_path / "parent.yaml")


def test_replace_replaces(tmp_path: Path) -> None:
    """`!replace` holds against all ancestors, also where a grandchild adds to it."""
    put(
        tmp_path,
        first="filter: [quality >= 0.1]\ndefault: {openai: openai/big}\n",
        second="extends: first\nfilter: !replace [quality >= 0.2]\ndefault: !replace {anthropic: anthropic/opus}\n",
        third="extends: second\nfilter: [quality >= 0.3]\n",
    )
    found = load_policy(tmp_path / "third.yaml", catalog=CATALOG)
    assert [line.name for line in found.filters] == ["quality >= 0.2", "quality >= 0.3"]
    assert dict(found.default) == {"anthropic": "anthropic/opus"}


def test_bases_are_found_beside_the_file_then_in_search_then_in_the_package(tmp_path: Path) -> None:
    """The nearest file of a name wins; the packaged policies are always there."""
    beside, elsewhere = tmp_path / "a", tmp_path / "b"
    beside.mkdir()
    elsewhere.mkdir()
    put(beside, child="extends: mine\n", mine="mode: observe\n")
    put(elsewhere, mine="mode: route\n", other="mode: route\n")
    assert load_policy(beside / "child.yaml", catalog=CATALOG, search=[elsewhere]).mode.mode == "observe"
    text = "waypost: policy/v1\nname: x\nextends: other\n"
    assert load_policy(text, catalog=CATALOG, search=[elsewhere]).mode.mode == "route"
    with pytest.raises(PolicyError) as caught:
        load_policy("waypost: policy/v1\nname: x\nextends: bose\n", catalog=CATALOG)
    assert str(caught.value) == "<policy>:3:10: extends 'bose': no such policy; did you mean 'base'?"


def test_a_circle_of_extends_is_an_error(tmp_path: Path) -> None:
    """Cycles are found by file, and the message shows the way round."""
    put(tmp_path, one="extends: two\n", two="extends: three\n", three="extends: one\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "one.yaml", catalog=CATALOG)
    assert str(caught.value) == (
        f"{tmp_path}/three.yaml:3:10: extends goes in a circle: one.yaml -> two.yaml -> three.yaml -> one.yaml; "
        "break it at one place"
    )
    put(tmp_path, itself="extends: itself\n")
    with pytest.raises(PolicyError, match=r"itself\.yaml -> itself\.yaml"):
        load_policy(tmp_path / "itself.yaml", catalog=CATALOG)


@pytest.mark.parametrize("folder", ["child", "rd"])
def test_a_file_that_hides_a_packaged_policy_is_told_so(tmp_path: Path, folder: str) -> None:
    """`extends: rd` in a file of that name means the packaged one, but the nearest file is the file itself."""
    put(tmp_path, rd="extends: rd\n", child="extends: rd\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / f"{folder}.yaml", catalog=CATALOG)
    assert str(caught.value) == (
        f"{tmp_path}/rd.yaml:3:10: extends 'rd' names this file itself, which hides the packaged 'rd'; rename the file"
    )


def test_an_error_in_a_base_names_the_base(tmp_path: Path) -> None:
    """The place is the file in which the mistake stands."""
    put(tmp_path, parent="filter: [qualty >= 0.5]\n", child="extends: parent\nmode: rute\n")
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "child.yaml", catalog=CATALOG)
    errors = [caught.value, *caught.value.others]
    assert [error.where for error in errors] == [f"{tmp_path}/child.yaml:4:7", f"{tmp_path}/parent.yaml:3:10"]


# Names


def test_tiers_and_aliases_of_the_catalog() -> None:
    """S3.19: a catalog tier is all targets with it; a policy's tier of the same name hides it; lists may mix."""
    found = policy(
        "tiers: {powerful: [openai/mini]}\nrules:\n"
        "  - {name: a, when: turns > 9, use: fast_cheap}\n"
        "  - {name: b, when: turns > 8, use: powerful}\n"
        "  - {name: c, when: turns > 7, use: [big, fast_cheap, openai/big]}\n"
    )
    assert [rule.use for rule in found.rules] == [
        ("groq/fast", "openai/mini"),
        ("openai/mini",),
        ("openai/big", "groq/fast", "openai/mini"),
    ]


def test_without_a_catalog_names_are_taken_at_their_word() -> None:
    """A policy can be read alone; then only its own tiers are known."""
    found = policy("tiers: {t: [x/y]}\nrules: [{name: a, use: [t, u/v]}]\ndefault: w/x\n", table=None)
    assert (found.rules[0].use, dict(found.default)) == (("x/y", "u/v"), {"*": "w/x"})
    with pytest.raises(PolicyError, match="unknown tier 'powerful'"):
        policy("rules: [{name: a, use: powerful}]\n", table=None)


# Fingerprints


def test_comments_order_and_file_do_not_change_the_fingerprint() -> None:
    """The fingerprint is of the meaning (S2.11, S2.16)."""
    plain = read_policy(SUPPORT, "support.yaml", catalog=CATALOG)
    lines = SUPPORT.replace("20 USD/MTok", "20.00   USD/MTok").replace("# Customer support.", "# Another comment.")
    head, _, rest = lines.partition("mode:")
    keys = rest.split("\nbaseline: openai/big", 1)
    turned = head + "baseline: openai/big\nmode:" + keys[0] + keys[1]
    turned = turned.replace("{cost: 0.6, latency: 0.2, quality: 0.2}", "{quality: 20%, latency: 0.20, cost: 0.6}")
    turned = turned.replace('{openai: openai/mini, "*": openai/big}', '{"*": big, openai: openai/mini}')
    other = read_policy(turned, "elsewhere.yaml", catalog=CATALOG)
    assert other.fingerprint == plain.fingerprint
    assert other.positions != plain.positions


def test_variables_and_extends_do_not_change_the_fingerprint(tmp_path: Path) -> None:
    """What is the same after extends, variables and defaults is the same policy."""
    put(tmp_path, parent="vars: {floor: 0.5}\nfilter: ['quality >= ${floor}']\n")
    short = read_policy(f"{HEAD}extends: parent\n", "a", catalog=CATALOG, search=[tmp_path])
    long = policy(
        "mode: advise\nfilter: [quality >= 50%]\nrank: balanced\nselect: best\n"
        "fallback: {max_attempts: 3, failures: {timeout: next_candidate, auth: {disable_provider: 5 min}}}\n"
    )
    assert short.fingerprint == long.fingerprint


CHANGES = [
    ("floor: 0.4", "floor: 0.41"),
    ("name: support", "name: support-2"),
    ("route: 25%", "route: 26%"),
    ("by: user", "by: session"),
    ("baseline: openai/big", "baseline: openai/mini"),
    ("department: support", "department: sales"),
    ("[openai/mini, groq/fast]", "[openai/mini]"),
    ("complexity == simple", "complexity == medium"),
    ("Lowest latency and cheapest", "Cheapest"),
    ("price.input <= 20", "price.input < 20"),
    ("when: streaming == true", "when: streaming == false"),
    ("tokens.total * 1.2", "tokens.total * 1.3"),
    ("cost: 0.6", "cost: 0.7"),
    ("0.2..20 s", "0.2..21 s"),
    ("max_attempts: 4", "max_attempts: 5"),
    ("deadline: 30 s", "deadline: 31 s"),
    ("backoff: 200 ms", "backoff: 201 ms"),
    ("context_length: next_candidate", "context_length: abort"),
    ("on_no_candidates: default", "on_no_candidates: error"),
    ("on_internal_error: open", "on_internal_error: closed"),
    ('"*": openai/big', '"*": openai/mini'),
    ("cross_origin: never", "cross_origin: auto"),
    ('"*.corp.example"', '"*.corp2.example"'),
]


@pytest.mark.parametrize(("old", "new"), CHANGES, ids=[new for _, new in CHANGES])
def test_every_change_of_meaning_changes_the_fingerprint(old: str, new: str) -> None:
    """S2.16: a fingerprint pins the exact rule."""
    assert SUPPORT.count(old) == 1
    plain = read_policy(SUPPORT, "a", catalog=CATALOG)
    other = read_policy(SUPPORT.replace(old, new), "a", catalog=CATALOG)
    assert other.fingerprint != plain.fingerprint


def test_the_document_is_what_is_fingerprinted() -> None:
    """The stored object hashes to its name: canonical JSON, integers and text only."""
    found = read_policy(SUPPORT, "support.yaml", catalog=CATALOG)
    assert fingerprint(found.document) == found.fingerprint  # type: ignore[arg-type]
    assert json.loads(canonical(found.document))["filter"][0] == {  # type: ignore[arg-type]
        "rule": "quality >= 0.4",
        "when": None,
        "because": None,
    }


def test_a_policy_is_rebuilt_from_its_document_alone() -> None:
    """S2.16: months later the stored document gives the same policy, and the positions its places, without a file."""
    found = read_policy(SUPPORT, "support.yaml", catalog=CATALOG)
    stored = json.loads(canonical(found.document))  # type: ignore[arg-type]
    places = json.loads(canonical(dict(found.positions)))
    again = policy_from_document(stored, places)
    assert again.fingerprint == found.fingerprint
    assert again.positions == found.positions
    assert again.sources == found.sources
    assert [str(line.predicate.at) for line in again.filters] == [str(line.predicate.at) for line in found.filters]
    bare = policy_from_document(stored)
    assert bare.fingerprint == found.fingerprint
    assert {line.at.line for line in bare.filters} == {0}
    assert bare.positions == {}


def test_a_document_of_another_version_is_refused() -> None:
    """Nothing guesses what an unknown version means."""
    with pytest.raises(ValueError, match="not a policy/v1 document: 'policy/v9'"):
        policy_from_document({"waypost": "policy/v9"})


# Packaged policies


@pytest.mark.parametrize("name", ["base", "default"])
def test_the_packaged_policies_load_over_the_packaged_catalog(name: str) -> None:
    """S3.10, S3.19: simple work goes to fast_cheap, medium to balanced, complex to powerful."""
    from waypost.runtime.catalogs import load_catalog

    table = load_catalog(None)
    found = load_policy(Path(__file__).parents[2] / "policies" / f"{name}.yaml", catalog=table)
    tiers = {}
    for rule in found.rules:
        assert rule.use
        tiers[rule.name] = {table.targets[table.index[item]].tier for item in rule.use}
        assert rule.because
    assert tiers == {"simple-work": {"fast_cheap"}, "medium-work": {"balanced"}, "complex-work": {"powerful"}}
    assert found.mode.mode == "advise"
    assert all(line.because for line in found.filters)


def test_a_catalog_of_four() -> None:
    """The sample catalog is sorted by id, as its indices say."""
    assert [item.id for item in catalog(MINI, BIG, FAST, OPUS).targets] == [item.id for item in CATALOG.targets]


@pytest.mark.parametrize(
    ("head", "first"),
    [
        ("waypost: policy/v2\nname: x\n", "1:10: unknown language version 'policy/v2'"),
        ("name: x\ndescription: y\n", "1:1: the language version is missing"),
        ("waypost: policy/v1\nname: x\nextends: nosuch\n", "3:10: extends 'nosuch': no such policy"),
    ],
)
def test_no_head_hides_what_is_wrong_below_it(head: str, first: str) -> None:
    """All errors at once; what a base that is not there may define is not among them."""
    body = "mode: fast\nfilter: [qualty >= 0.5, 'quality >= ${floor}']\nrules: [{name: r, use: ours}]\ncolour: red\n"
    with pytest.raises(PolicyError) as caught:
        read_policy(head + body, "p.yaml", catalog=None)
    told = [str(one).removeprefix("p.yaml:").partition(";")[0] for one in (caught.value, *caught.value.others)]
    assert told[0] == first
    start = head.count("\n")
    places = {(int(one.split(":")[0]) - start, one.split(": ")[1].split(" '")[0]) for one in told[1:]}
    own = {(1, "mode"), (2, "unknown field"), (4, "unknown key")}
    assert places == own if "extends" in head else places > own


def test_what_is_no_policy_is_told_as_one_error() -> None:
    """Another tool's file has no hundred mistakes, it is the wrong file."""
    with pytest.raises(PolicyError) as caught:
        read_policy("services: {a: {image: b}}\nvolumes: []\n", "c.yaml", catalog=None)
    assert (str(caught.value), caught.value.others) == (
        "c.yaml:1:1: the language version is missing; write `waypost: policy/v1`", (),
    )  # fmt: skip


def test_every_number_that_is_none_is_told_beside_the_other_errors() -> None:
    """One error for each place: that its text is no number either need not be said."""
    body = f"{HEAD}rank: {{cost: .inf, quality: .nan}}\nfilter: [qualty >= 0.5]\nscales: {{cost: .nan}}\n"
    with pytest.raises(PolicyError) as caught:
        read_policy(body, "p.yaml", catalog=None)
    assert [str(one).partition(";")[0] for one in (caught.value, *caught.value.others)] == [
        "p.yaml:3:14: .inf is not a number here",
        "p.yaml:3:29: .nan is not a number here",
        "p.yaml:5:16: .nan is not a number here",
        "p.yaml:4:10: unknown field 'qualty'",
    ]
