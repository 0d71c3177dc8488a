"""Texts that are not YAML: plain words, the place to mend, and never anything but our own error."""

from __future__ import annotations

import re

import pytest
import yaml as pyyaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policy_samples import CATALOG, HEAD
from waypost.errors import CatalogError, PolicyError
from waypost.runtime import yaml
from waypost.runtime.catalogs import read_catalog
from waypost.runtime.documents import read_policy

TAB = "a tab in the indentation; indent with blanks only"
COLON = "an unquoted value with a colon in it; quote the whole value"
BRACE = "an unquoted value in brackets with '{' in it; quote the whole value"
ENDED = "the value has ended before this; quote the whole value"
INDENT = "the indentation fits nothing above; indent it as far as its neighbours"
BELOW = "the line is indented below a value, as if it went on with it; indent it as far as the key above"
FAULTS = [
    ("rules:\n\t- name: a\n", f"4:1: {TAB}"),
    ("\tmode: route\n", f"3:1: {TAB}"),
    ("filter:\n  - a\n \t- b\n", f"5:2: {TAB}"),
    ("mode:route\n", "3:5: no blank after the colon; write `mode: route`"),
    ("mode:route\nrank: best\n", "3:5: no blank after the colon; write `mode: route`"),
    ("rules:\n  - name:a\n    use: b\n", "4:9: no blank after the colon; write `name: a`"),
    ("rules:\n  - name: a\n    when:turns > 1\n    use: b\n", "5:9: no blank after the colon; write `when: turns > 1`"),
    ("mode\n", "3:1: the line is neither `key: value` nor `- item`; write `key: value`"),
    ("description: Why: so\n", f"3:17: {COLON}"),
    ("rules:\n  - because: Why: so\n", f"4:17: {COLON}"),
    ("mode: off\n  rank: best\n", f"4:3: {BELOW}"),
    ("filter: [quality >= ${floor}]\n", f"3:22: {BRACE}"),
    ("rank: {cost: a{b}}\n", f"3:15: {BRACE}"),
    ("filter: [a, b\nrank: best\n", "3:9: the bracket '[' is not closed; close it with ']'"),
    ("rank: {cost: 1\nmode: off\n", "3:7: the bracket '{' is not closed; close it with '}'"),
    ("tiers: {a: [b, c}\n", "3:12: the bracket '[' is not closed; close it with ']'"),
    ("leave: [, a]\n", "3:9: nothing stands before the comma; remove it, or write a value"),
    ("description: {x} y\n", f"3:18: {ENDED}"),
    ('description: "x" y\n', f"3:18: {ENDED}"),
    ("description: 'it's'\n", f"3:18: {ENDED}"),
    ('description: "x\nmode: off\n', '3:14: the quote is not closed; close it with "'),
    ("description: @x\n", "3:14: a value cannot begin with '@'; quote it"),
    ("description: %x\n", "3:14: a value cannot begin with '%'; quote it"),
    ("description: }\n", "3:14: a value cannot begin with '}'; quote it"),
    ("description: *x\n", "3:14: `*` begins an alias, and nothing has that name; quote it if the sign is meant"),
    ("description: * x\n", "3:14: `*` begins an alias, and nothing has that name; quote it if the sign is meant"),
    ("description: & x\n", "3:14: `&` begins an anchor without a name; quote it if the sign is meant"),
    ("description: > 5 USD\n", "3:14: `>` begins a block of text; quote it if the sign is meant"),
    ("filter:\n  - a\n - b\n", f"5:2: {INDENT}"),
    ("rules:\n  - name: a\n   use: b\n", f"5:4: {INDENT}"),
    ("mode: off\n---\nmode: off\n", "4:1: a second document begins here; keep one document in a file"),
    ("description: a\x07b\n", "3:15: the character U+0007 cannot stand in YAML; remove it"),
    ("description: \ud800\n", "3:14: the character U+D800 cannot stand in YAML; remove it"),
]


@pytest.fixture(params=["libyaml", "python"])
def _parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either parser of PyYAML; where libyaml was not built in, its wheels have the other alone."""
    if request.param == "python":
        monkeypatch.delattr(pyyaml, "CSafeLoader", raising=False)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(("body", "message"), FAULTS, ids=[ascii(body) for body, _ in FAULTS])
def test_a_fault_is_said_in_plain_words(body: str, message: str) -> None:
    """Place, fault and remedy, the same from both parsers."""
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + body, "p.yaml", catalog=CATALOG)
    assert str(caught.value) == f"p.yaml:{message}"


def test_an_unknown_escape_names_its_quote() -> None:
    """A Windows path in double quotes."""
    with pytest.raises(PolicyError) as caught:
        read_policy(HEAD + 'extends: "C:\\q"\n', "p.yaml", catalog=CATALOG)
    assert str(caught.value).startswith("p.yaml:3:1")
    assert caught.value.what == "an escape that YAML does not know"
    assert caught.value.remedy == "double the backslash, or use single quotes"


def test_a_file_beyond_the_bounds_has_a_place_too() -> None:
    """Size and depth."""
    for text in ("x" * (yaml.MAX_BYTES + 1), "[" * 5_000, "[" * 5_000 + "]" * 5_000):
        with pytest.raises(PolicyError) as caught:
            read_policy(text, "p.yaml", catalog=CATALOG)
        assert re.fullmatch(r"p\.yaml:1:\d+", caught.value.where)


SIGNS = "\t -:,[]{}'\"#&*!|>%@`?~$=<.\\\r\n\x85\u2028\ufeff"
PIECES = st.sampled_from(
    [
        "waypost: policy/v1\n", "name: x\n", "mode: ", "route", "rules:\n", "  - name: a\n", "    when: ", "    use: ",
        "task == debugging", "provider in [openai, x]", "quality >= -1", "${a}", "vars: {a: 1}\n", "filter:\n  - ",
        "tiers: {", "rank: {cost: 0.5}\n", "scales: {cost: 1..2 USD}\n", "fallback: {max_attempts: 3}\n", "default: ",
        "openai/big", "extends: ", "base", "!replace ", "- ", "\t", "\n", " ", ": ", "{", "}", "[", "]", "'", '"', "#",
        "&a ", "*a", "---\n", "...\n", "| \n", "? ", "match: {department: x}\n", "select: best\n", "1e999", ".nan",
        "has tools", "not (", "and ", ")", "matches *", "leave: [a]\n", "\u00e9", "\U0001f600", "\x00", "\ud800",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(st.sampled_from(SIGNS + "ab1"), max_size=60),
    st.lists(PIECES, max_size=30).map("".join),
    st.lists(PIECES, max_size=30).map(lambda pieces: HEAD + "".join(pieces)),
    st.text(st.characters(), max_size=60).map(lambda text: f"{HEAD}filter:\n  - {text}\n"),
    st.text(st.characters(), max_size=60).map(
        lambda text: f"{HEAD}rules: [{{name: a, when: {text!r}, use: {text!r}}}]\n"
    ),
)


def check_places(error: PolicyError | CatalogError, text: str) -> None:
    """Each error stands in a line of the text, at a column of that line or one behind its end; or in a packaged policy
    that the text extends, where that names what the sample catalog lacks."""
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text)
    for one in (error, *error.others):
        if "extends" in text and re.fullmatch(r".*/policies/\w+\.yaml:\d+:\d+", one.where):
            assert "this packaged policy names" in one.remedy or "catalog 'sample'" in one.remedy, str(one)
            continue
        found = re.fullmatch(r"p\.yaml:(\d+):(\d+)", one.where)
        assert found, one.where
        line, column = int(found[1]), int(found[2])
        assert 1 <= line <= len(lines), str(one)
        assert 1 <= column <= len(lines[line - 1]) + 1, str(one)
        assert one.what


@pytest.mark.usefixtures("_parser")
@settings(max_examples=300, deadline=None)
@given(text=TEXTS)
@example(text="\ufeff" + HEAD + "mode: x\n")
@example(text=HEAD + "filter: ['" + "(" * 500 + "']\n")
@example(text=HEAD + "vars: {a: [1, [2]]}\nfilter: ['turns in ${a}']\n")
@example(text=HEAD + "description: " + "9" * 5_000 + "\n")
@example(text=HEAD + "fallback: {max_attempts: \u0661}\n")
@example(text=HEAD + "rank: {cost: 0." + "1" * 400 + "}\n")
@example(text="waypost: policy/v1\nextends: base\n0: 1\n")
def test_no_text_raises_anything_but_our_own_error(text: str) -> None:
    """Whatever stands in a policy file: it loads, or it is refused with places inside of the file."""
    try:
        read_policy(text, "p.yaml", catalog=CATALOG)
    except PolicyError as error:
        check_places(error, text)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_no_text_as_a_catalog_raises_anything_but_our_own_error(text: str) -> None:
    """The same for catalogs."""
    try:
        read_catalog(text, "p.yaml")
    except CatalogError as error:
        check_places(error, text)
