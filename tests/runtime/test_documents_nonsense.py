"""What can be read but means nothing is refused when a policy is loaded, and each remedy is one that works."""

from __future__ import annotations

import pytest

from waypost.errors import PolicyError
from waypost.runtime.catalogs import load_catalog
from waypost.runtime.documents import read_policy

HEAD = "waypost: policy/v1\nname: a\n"
CATALOG = load_catalog(None)


def errors(body: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "p", catalog=CATALOG)
    return str(caught.value).splitlines()


WRONG = [
    ("vars: {a: !!python/object/apply:os.system [x]}",
     "p:3:11: unknown tag '!!python/object/apply:os.system'; remove it"),
    ("vars: {a: !!binary eA==}", "p:3:11: unknown tag '!!binary'; remove it"),
    ("leave: !!set {a}", "p:3:8: unknown tag '!!set'; remove it"),
    ("mode: !<x> off", "p:3:7: unknown tag 'x'; remove it"),
    ("!!python/none mode: off", "p:3:1: unknown tag '!!python/none'; remove it"),
    ("!x mode: off", "p:3:1: unknown tag '!x'; a key has no tag"),
    ("leave: ['a b']", "p:3:9: 'a b' is not a host; write gateway.corp.example or *.corp.example"),
    ("leave: [a..b]", "p:3:9: 'a..b' is not a host; write gateway.corp.example or *.corp.example"),
    ("leave: [a.example.]", "p:3:9: 'a.example.' is not a host; write gateway.corp.example or *.corp.example"),
    ("leave: ['*.com']", "p:3:9: '*.com' means every host of a whole top level; write the domain, too: *.corp.example"),
    ("rank: {cost: 1000000000000000000000, quality: 1}",
     "p:3:14: the weight of cost is more than 1,000; weights only count against each other"),
    ("default: {openai: anthropic/claude-opus-4-5}",
     "p:3:19: the default 'anthropic/claude-opus-4-5' is not at 'openai', and it would answer only at their own "
     "endpoint; write a target of openai, or `on_no_candidates: default`"),
    ("on_no_candidates: default\ncross_origin: never\ndefault: {openai: anthropic/claude-opus-4-5}",
     "p:5:19: the default 'anthropic/claude-opus-4-5' is not at 'openai', and no call may leave; "
     "write a target of openai"),
    ("match: {}", "p:3:8: `match` is empty; leave it out to match every call, or name a field"),
    ("rank: magic", "p:3:7: unknown rank 'magic'; known: balanced, best, cheapest, fastest, heuristic, listed, "
     "or weights: {cost: 0.6, quality: 0.4}; an advisor comes with the package that has an entry point 'magic' in "
     "the group waypost.advisors"),
    ("rank: heuristics", "p:3:7: unknown rank 'heuristics'; did you mean 'heuristic'?"),
    ("rank: {advisor: notdiamond}", "p:3:17: unknown advisor 'notdiamond'; known: heuristic; an advisor comes with the "
     "package that has an entry point 'notdiamond' in the group waypost.advisors"),
    ("rank: {advisor: }", "p:3:17: rank.advisor is empty; write `advisor: heuristic`"),
    ("rank: {advisor: heuristic, else: magic}", "p:3:34: rank.else is 'magic'; known: balanced, best, cheapest, "
     "fastest, or weights: {cost: 0.6, quality: 0.4}"),
    ("rank: {advisor: heuristic, else: listed}", "p:3:34: rank.else is 'listed'; known: balanced, best, cheapest, "
     "fastest, or weights: {cost: 0.6, quality: 0.4}"),
    ("rank: {advisor: heuristic, cost: 1}", "p:3:28: unknown key 'cost' in rank; known: advisor, else, within"),
    ("rank: {advisor: heuristic, within: 0 s}",
     "p:3:36: rank.within is out of range; write a duration above 0 and at most 10 s"),
    ("rank: {advisor: heuristic, within: 11 s}",
     "p:3:36: rank.within is out of range; write a duration above 0 and at most 10 s"),
    ("rank: {advisor: heuristic, within: 1 USD}",
     "p:3:36: rank.within is 1 USD: USD is the unit of a sum, not of a duration; "
     "write a duration such as 200 ms, 2 s or 5 min"),
    ("rank: {strategy: cheapest}", "p:3:18: the strategy with an else 'cheapest' is unknown; known: listed"),
    ("rank: {strategy: listed, within: 1 s}", "p:3:26: unknown key 'within' in rank; known: else, strategy"),
    ("match: streaming == 1", "p:3:21: streaming is text, 1 is a number; known: false, true"),
    ("match: department == 1", 'p:3:22: department is text, 1 is a number; quote it: "1"'),
    ("vars: {a: '${b}', b: 1}\nfilter: ['quality >= ${a}']",
     "p:3:11: a variable stands for another; write the value itself"),
    ("vars: {b: 1, a: ['x${b}']}\nfilter: ['quality >= ${a}']",
     "p:3:18: a variable stands for another; write the value itself"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "said"), WRONG, ids=[body for body, _ in WRONG])
def test_nonsense_is_one_error(body: str, said: str) -> None:
    """Its place and what to write instead, without errors that only follow from it."""
    assert errors(body) == [said]


@pytest.mark.parametrize(
    "body",
    [
        "mode: !!str off",
        "leave: ['*.internal', a-b.corp.example, '*.Corp.Example', x_y]",
        "rank: {cost: 1000, quality: 0.000001}",
        "on_no_candidates: default\ndefault: {openai: anthropic/claude-opus-4-5}",
        "default: {gcp.gemini: google/gemini-2.5-flash, google: google/gemini-2.5-flash}",
        "match: {department: [a, 5]}",
    ],
)
def test_what_means_something_stays(body: str) -> None:
    """A department may be called 5, and hosts below a private top level are somebody's own."""
    assert read_policy(HEAD + body, "p", catalog=CATALOG).name == "a"
