"""Signs that a terminal or a reader takes for something else: refused in every text of a policy, with their place."""

from __future__ import annotations

import pytest

from waypost.errors import PolicyError
from waypost.runtime.documents import read_policy

HEAD = "waypost: policy/v1\n"


def errors(body: str) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "p.yaml", catalog=None)
    return [f"{one.where}: {one.what}" for one in (caught.value, *caught.value.others)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('name: "r\\e[31m"', "p.yaml:2:7: the text has the character U+001B"),
        ('name: "a\\nb"', "p.yaml:2:7: the text has the character U+000A"),
        ('name: a\ndescription: "x\\e[2J"', "p.yaml:3:14: the text has the character U+001B"),
        (
            'name: a\nrules: [{name: "\\u202eabc", use: [a/b]}]',
            "p.yaml:3:16: U+202E changes the order in which the text is read",
        ),
        (
            'name: a\nrules: [{name: b, use: [a/b], because: "x\\u200fy"}]',
            "p.yaml:3:40: U+200F changes the order in which the text is read",
        ),
        (
            'name: a\nfilter: [{rule: quality > 0, because: "\\x9b2J"}]',
            "p.yaml:3:39: the text has the character U+009B",
        ),
        (
            "name: a\nfilter: ['model == \"a\\u001bb\"', \"model == 'a\\ebc'\"]",
            "p.yaml:3:33: the text has the character U+001B",
        ),
        ("name: a\nfilter: [\"model == 'a\\nb'\"]", "p.yaml:3:10: the text has the character U+000A"),
        ('name: a\ntiers: {"a\\rb": [a/b]}', "p.yaml:3:9: the text has the character U+000D"),
        ('name: a\nvars: {a: ["b\\ec"]}', "p.yaml:3:12: the text has the character U+001B"),
        ('name: a\n"x\\e": 1', "p.yaml:3:1: the text has the character U+001B"),
    ],
)
def test_a_sign_that_nobody_sees_is_an_error(body: str, said: str) -> None:
    """Neither a terminal nor a receipt gets it, and the message names it by its code point."""
    assert errors(body) == [said]


def test_reasons_are_folded_to_one_line() -> None:
    """A reason cannot look like a line of the receipt; blocks of text may still be written."""
    policy = read_policy(
        HEAD
        + "name: a\ndescription: |\n  one\n  two\nrules:\n  - name: b\n    use: [a/b]\n"
        + '    because: "x\\n  \\n\\tDECISION"\n'
        + 'filter:\n  - rule: |\n      quality > 0\n      and model != "x"\n    because: "y\\tz"\n',
        "p.yaml",
        catalog=None,
    )
    assert policy.description == "one two"
    assert policy.rules[0].because == "x DECISION"
    assert policy.filters[0].because == "y z"
    assert policy.filters[0].name == "quality > 0 and model != x"


def test_letters_of_all_scripts_stay() -> None:
    """What is refused are signs, not languages."""
    name = "größe-日本-עברית-a\u200db"
    assert read_policy(f"{HEAD}name: {name}\n", "p.yaml", catalog=None).name == name


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("filter: [price.input <= 5\u00a0USD/MTok]", "p.yaml:3:10: U+00A0 only looks like a blank"),
        ("match: department\u2003== hr", "p.yaml:3:8: U+2003 only looks like a blank"),
        ("affinity: {for: 1\u00a0h}", "p.yaml:3:17: U+00A0 only looks like a blank"),
        ("budgets: [{scope: user, limit: 5\u202fUSD/day}]", "p.yaml:3:32: U+202F only looks like a blank"),
    ],
)
def test_a_blank_is_an_ordinary_one(body: str, said: str) -> None:
    """A copied line looks right and is another text for whoever compares it."""
    assert errors(f"name: a\n{body}") == [said]


def test_other_blanks_stay_in_names_and_prose() -> None:
    """They are part of what somebody is called."""
    body = 'match: {department: "営業\u3000部"}\ndescription: "5\u00a0USD"\nfilter: ["user != \'a\u00a0b\'"]\n'
    policy = read_policy(f"{HEAD}name: a\n{body}", "p.yaml", catalog=None)
    assert policy.description == "5\u00a0USD"
