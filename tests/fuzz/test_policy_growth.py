"""Short files that would become large policies, and long ones: bounded, and read in time linear in their length."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from policy_samples import CATALOG, HEAD
from waypost.errors import PolicyError
from waypost.runtime.documents import load_policy, read_policy


def calls(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, of Python and of C: what it costs, whatever else the machine does."""
    count = 0

    def counted(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def read(body: str) -> None:
    try:
        read_policy(HEAD + body, "g.yaml", catalog=CATALOG)
    except PolicyError as error:
        str(error)


def lines(count: int, line: str) -> str:
    return "".join(line.replace("#", str(number)) for number in range(count))


GROWING: dict[str, Callable[[int], str]] = {
    "filters": lambda n: "filter:\n" + lines(n, "  - quality >= 0.#\n"),
    "one filter often": lambda n: "filter:\n" + "  - region in [eu, us]\n" * n,
    "filters with when": lambda n: "filter:\n" + lines(n, "  - {rule: quality > 0.1, when: turns > #}\n"),
    "rules": lambda n: "rules:\n" + lines(n, "  - {name: r#, when: turns == #, use: fast_cheap}\n"),
    "rules after one that always matches": lambda n: "rules:\n" + lines(n, "  - {name: r#, use: fast_cheap}\n"),
    "rules of one name": lambda n: "rules:\n" + "  - {name: a, when: turns == 1, use: fast_cheap}\n" * n,
    "terms": lambda n: "filter: ['" + " or ".join(["turns == 1"] * (n // 4)) + "']\n",
    "items": lambda n: "filter: ['user in [" + ", ".join(["a"] * n) + "]']\n",
    "exclusions": lambda n: "filter:\n" + lines(n, "  - turns != #\n"),
    "tiers": lambda n: "tiers:\n" + lines(n, "  t#: [big]\n") + "rules:\n" + lines(n, "  - {name: r#, use: t#}\n"),
    "tiers that nobody has": lambda n: (
        "tiers:\n" + lines(n, "  t#: [big]\n") + "rules:\n" + lines(n, "  - {name: r#, use: u#}\n")
    ),
    "unknown keys": lambda n: lines(n, "kez#: 1\n"),
    "unknown fields": lambda n: "filter:\n" + lines(n, "  - qualty# >= 1\n"),
    "unknown words": lambda n: "filter:\n" + lines(n, "  - provider == opnai#\n"),
    "unknown units": lambda n: "filter:\n" + lines(n, "  - quality >= # parsec\n"),
    "variables": lambda n: "vars:\n" + lines(n, "  v#: 1\n") + "filter:\n" + lines(n, "  - quality >= ${v#}\n"),
    "budgets": lambda n: "budgets:\n" + lines(n, "  - {scope: context.c#, limit: 1 USD/day}\n"),
    "one budget often": lambda n: "budgets:\n" + "  - {scope: user, limit: 1 USD/day}\n" * n,
    "limits": lambda n: "limits:\n" + lines(n, "  - {scope: context.c#, requests: 1/s}\n"),
    "weights": lambda n: "select:\n  weighted:\n" + lines(n, "    openai/m#: 1\n"),
    "aliases": lambda n: "aliases:\n" + lines(n, "  m#: chat\n"),
    "hosts": lambda n: "leave:\n" + lines(n, "  - h#.example\n"),
    "values of match": lambda n: "match:\n  user:\n" + lines(n, "    - u#\n"),
    "anchors": lambda n: "description: &a x\nleave:\n" + "  - *a\n" * n,
    "brackets": lambda n: "filter: " + "[" * n + "\n",
    "parentheses": lambda n: "filter: ['" + "(" * n + "turns == 1" + ")" * n + "']\n",
    "stars": lambda n: "filter: ['user matches " + "a*" * n + "']\n",
    "dashes": lambda n: "- " * n + "\n",
    "quotes": lambda n: "description: '" + "''" * n + "'\n",
    "comments": lambda n: "# nothing\n" * n,
    "noise": lambda n: "x: y: " * n,
    "tabs": lambda n: "\t" * n,
}


@pytest.mark.parametrize("kind", GROWING)
def test_four_times_the_text_is_four_times_the_work(kind: str) -> None:
    """Counted in calls. What is refused after so many errors may cost less."""
    make = GROWING[kind]
    read(make(20))  # what the first of a process imports and remembers
    small, large = (calls(lambda size=size: read(make(size))) for size in (120, 480))  # type: ignore[misc]
    assert large < 4.4 * small + 400, (small, large)


TOO_MUCH = "more than 200,000 values, 8,000,000 characters or 64 levels after aliases"
SLOW = {
    "variables that do not end": "description: " + "${" * 200_000 + "\n",
    "a number that does not end": "rank: {cost: " + "9" * 200_000 + " x y}\n",
    "a whole number that does not end": "fallback: {max_attempts: " + "9" * 200_000 + "}\n",
    "numbers without blanks": "filter:\n" + ("  - 'turns in [" + "1%" * 3_000 + "é]'\n") * 40,
    "quotes that do not end": "filter:\n" + ('  - user == "' + "a\\\\" * 2_000 + "\n") * 40,
    "stars": "filter:\n" + ("  - user matches " + "a*" * 3_000 + "b\n") * 40,
}


@pytest.mark.parametrize("kind", SLOW)
def test_no_text_makes_a_pattern_go_back_and_forth(kind: str) -> None:
    """What one call of C may hide: each of these took minutes with a pattern that looks again at what it has seen."""
    begun = time.process_time()
    read(SLOW[kind])
    assert time.process_time() - begun < 20


BOMBS = {
    "billion laughs": (
        "vars:\n  a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"  {b}: &{b} [{', '.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
        TOO_MUCH,
    ),
    "a huge list, often": (
        "vars:\n  a: &a [" + "x, " * 999 + "x]\n" + "".join(f"  v{n}: *a\n" for n in range(300)),
        TOO_MUCH,
    ),
    "a huge text, often": (
        "description: &a " + "x" * 100_000 + "\nleave: [" + "*a, " * 99 + "*a]\n",
        TOO_MUCH,
    ),
    "an anchor in itself": ("vars: &a {b: *a}\n", TOO_MUCH),
    "deep lists": ("leave: " + "[" * 100 + "]" * 100 + "\n", TOO_MUCH),
    "deeper lists than a stack": ("leave: " + "[" * 100_000 + "\n", TOO_MUCH),
    "deeper mappings than a stack": ("vars: " + "{a: " * 100_000 + "\n", TOO_MUCH),
    "deeper items than a stack": ("leave:\n  " + "- " * 100_000 + "\n", TOO_MUCH),
    "deeper lines than a stack": ("".join(f"{' ' * n}a:\n" for n in range(2_000)), TOO_MUCH),
    "a variable in a text, often": (
        "vars: {a: " + "x" * 10_000 + "}\ndescription: " + "${a}" * 101 + "\n",
        "variables stand for more than 1,000,000 characters in all",
    ),
    "a variable in lines, often": (
        "vars: {a: [" + "xyz, " * 2_000 + "x]}\nfilter:\n" + "  - user in ${a}\n" * 200,
        "variables stand for more than 1,000,000 characters in all",
    ),
    "a long predicate": (
        "filter: ['" + "turns == 1 or " * 1_000 + "turns == 1']\n",
        "a predicate of 14,010 characters",
    ),
    "too much text": ("description: " + "x" * 8_000_000 + "\n", "8,000,046 characters, more than 8,000,000"),
    "nobody reads so many": ("filter:\n" + "  - x == 1\n" * 5_000, "unknown field 'x'"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_a_short_file_stays_a_small_policy(kind: str) -> None:
    """Each bomb is refused at a place, with what to do instead."""
    body, what = BOMBS[kind]
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "g.yaml", catalog=CATALOG)
    assert caught.value.what == what
    assert caught.value.where.startswith("g.yaml:")
    assert caught.value.remedy
    assert len(caught.value.others) <= 200


def test_more_errors_than_anybody_reads_end_with_a_line_that_says_so() -> None:
    """The first two hundred in the order of the file, then one that tells that there are more."""
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + "filter:\n" + "  - x == 1\n" * 5_000, "g.yaml", catalog=CATALOG)
    errors = [caught.value, *caught.value.others]
    assert [error.where for error in errors[:200]] == [f"g.yaml:{line}:5" for line in range(4, 204)]
    assert (errors[200].what, errors[200].remedy) == ("200 errors or more", "mend the others first")
    assert len(errors) == 201


def test_shortlists_do_not_multiply_without_end() -> None:
    """A tier that every rule names counts with each rule; without a catalog nothing else bounds it."""
    tier = ", ".join(f"a/m{number}" for number in range(2_000))
    body = f"tiers: {{mine: [{tier}]}}\nrules:\n" + lines(600, "  - {name: r#, use: mine}\n")
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "g.yaml", catalog=None)
    assert caught.value.what == "the rules name more than 1,000,000 targets in all"


def test_a_chain_of_extends_has_an_end(tmp_path: Path) -> None:
    """Thirty-two policies may extend each other."""
    for number in range(40):
        (tmp_path / f"p{number}.yaml").write_text(f"{HEAD}extends: p{number + 1}\n")
    (tmp_path / "p40.yaml").write_text(HEAD)
    assert load_policy(tmp_path / "p9.yaml", catalog=CATALOG).name == "sample"
    with pytest.raises(PolicyError) as caught:
        load_policy(tmp_path / "p0.yaml", catalog=CATALOG)
    assert caught.value.what == "extends goes through more than 32 policies"
    assert caught.value.where == f"{tmp_path / 'p32.yaml'}:3:10"


@pytest.mark.parametrize("name", ["x" * 5_000, '"\\0"', "/", ".", '"a\\nb"', "../../../../etc", '"\\ud800"'])
def test_a_name_that_no_file_can_have(name: str) -> None:
    """``extends`` of anything is an error at its place, not one of the file system."""
    with pytest.raises(PolicyError) as caught:
        read_policy(f"{HEAD}extends: {name}\n", "g.yaml", catalog=CATALOG)
    assert caught.value.where.startswith("g.yaml:3:")


LOOKALIKES = [
    ("mоde: route\n", "g.yaml:3:1: unknown key 'mоde' in a policy; "
     "it only looks like 'mode': write 'o' in place of 'о' (U+043E)"),
    ("mo\u200bde: route\n", "g.yaml:3:1: unknown key 'mo\\u200bde' in a policy; "
     "it only looks like 'mode': remove U+200B, which cannot be seen"),
    ("mode: rоute\n", "g.yaml:3:7: mode 'rоute' is unknown; "
     "it only looks like 'route': write 'o' in place of 'о' (U+043E)"),
    ("filter: [quаlity >= 0.5]\n", "g.yaml:3:12: unexpected 'а'; write 'a' in place of 'а' (U+0430)"),
    ("filter: [quality ≥ 0.5]\n", "g.yaml:3:18: unexpected '≥'; write '>=' in place of '≥' (U+2265)"),
    ("filter: [quality >= ０.５]\n", "g.yaml:3:21: unexpected '０'; write '0' in place of '０' (U+FF10)"),
    ("filter: ['user == “a”']\n", "g.yaml:3:19: unexpected '“'; write '\"' in place of '“' (U+201C)"),
    ("filter: [price.input <= 5 USD/МTok]\n", "g.yaml:3:27: unknown unit 'USD/МTok'; "
     "it only looks like 'USD/MTok': write 'M' in place of 'М' (U+041C)"),
    ("filter: [provider == 'оpenai']\n", "g.yaml:3:22: no target of the catalog has the provider 'оpenai'; "
     "it only looks like 'openai': write 'o' in place of 'о' (U+043E)"),
    ("budgets: [{scope: usеr, limit: 1 USD/day}]\n", "g.yaml:3:19: scope 'usеr' is unknown; "
     "it only looks like 'user': write 'e' in place of 'е' (U+0435)"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), LOOKALIKES, ids=[message[:40] for _, message in LOOKALIKES])
def test_letters_that_only_look_alike_are_told_apart(body: str, message: str) -> None:
    """A message that repeats such a name says nothing to who reads it."""
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "g.yaml", catalog=CATALOG)
    assert str(caught.value).splitlines()[0] == message


ODD = [
    ("filter: [quality >= .nan]\n", "g.yaml:3:21: "),
    ("rank: {cost: .nan}\n", "g.yaml:3:14: .nan is not a number here; write a finite number"),
    ("rank: {cost: .inf}\n", "g.yaml:3:14: .inf is not a number here; write a finite number"),
    ("rank: {cost: -.INF}\n", "g.yaml:3:14: -.INF is not a number here; write a finite number"),
    ("rank: {cost: 1e999}\n", "g.yaml:3:14: unknown unit 'e999' in rank.cost; "),
    ("rank: {cost: nan}\n", "g.yaml:3:14: rank.cost is 'nan', not a number; write a ratio such as 0.5 or 50%"),
    ("rank: {cost: 0x10}\n", "g.yaml:3:14: unknown unit 'x10' in rank.cost; "),
    ("filter: [price.input <= -1 USD/MTok]\n",
     "g.yaml:3:25: -1 must not be negative; write a number from 0, or quote it if text is meant"),
    ("filter: [price.input <= 5 EUR/MTok]\n", "g.yaml:3:27: unknown unit 'EUR/MTok'; did you mean 'USD/MTok'?"),
    ("filter: [quality >= " + "9" * 5_000 + "]\n",
     "g.yaml:3:21: a number of 5,000 digits; write at most 40"),
    ("budgets: [{scope: user, limit: " + "9" * 5_000 + " USD/day}]\n",
     "g.yaml:3:32: limit is '99999999999999999999' and 4,988 characters more, not a number; "
     "write a sum such as 5 USD/day"),
    ("fallback: {max_attempts: " + "9" * 5_000 + "}\n", "g.yaml:3:26: max_attempts is "),
    ("mode: route\n'mode': off\n", "g.yaml:4:1: duplicate key 'mode'; it stands in line 3 already"),
    ("? [a]\n: b\n", "g.yaml:3:3: a key must be a word; quote it, or use a list"),
    ('description: "\\ud800"\n', "g.yaml:3:"),
    ("filter: [quality >= 0.5]\nleave: [a.example] # \u202e ]\n",
     "g.yaml:4:22: U+202E changes the order in which the line is read; remove it; it cannot be seen"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "message"), ODD, ids=[body[:40] for body, _ in ODD])
def test_numbers_and_keys_that_are_none(body: str, message: str) -> None:
    """Each is a clear error at its place."""
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "g.yaml", catalog=CATALOG)
    first = str(caught.value).splitlines()[0]
    assert first == message or (message.endswith((": ", "; ", ":3:", "is ")) and first.startswith(message))
