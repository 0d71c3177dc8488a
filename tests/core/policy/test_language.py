"""Predicates: the trees that texts make, and the exact errors, with places, of texts that are none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.model.decision import Source
from waypost.core.policy.fields import FIELDS, lookup, operators
from waypost.core.policy.language import MAX_DEPTH, parse_predicate
from waypost.core.policy.render import render
from waypost.core.policy.tree import And, Compare, FieldTimes, Items, Not, Number, Or, Predicate, Word
from waypost.core.policy.units import literal, shown, to_base
from waypost.errors import PolicyError


def parse(text: str, **options: object) -> Predicate:
    return parse_predicate(text, Source("p.yaml", 7, 5, len(text)), **options)  # type: ignore[arg-type]


def value(text: str) -> object:
    tree = parse(text)
    assert isinstance(tree, Compare)
    return tree.value


NUMBERS = [
    ("quality >= 0.5", 500_000, "micro"),
    ("quality >= 50%", 500_000, "micro"),
    ("quality >= 12.5%", 125_000, "micro"),
    ("price.input <= 5.00 USD/MTok", 5_000_000_000, "usd_per_mtok"),
    ("price.input <= 0.000000001 USD/MTok", 1, "usd_per_mtok"),
    ("estimated.cost <= 0.05 USD", 50_000_000, "usd"),
    ("latency.p95 <= 2 s", 2_000_000_000, "ns"),
    ("latency.p95 <= 200 ms", 200_000_000, "ns"),
    ("latency.p95 <= 200ms", 200_000_000, "ns"),
    ("latency.p95 <= 1.5 min", 90_000_000_000, "ns"),
    ("estimated.latency < 1 h", 3_600_000_000_000, "ns"),
    ("estimated.latency < 1 d", 86_400_000_000_000, "ns"),
    ("context_window >= 200k", 200_000, "count"),
    ("context_window >= 1 M", 1_000_000, "count"),
    ("context_window >= 1.5k", 1_500, "count"),
    ("turns == 3", 3, "count"),
]


@pytest.mark.parametrize(("text", "number", "unit"), NUMBERS)
def test_literals_become_integers_in_base_units(text: str, number: int, unit: str) -> None:
    """Every unit of the language, exactly; no float takes part."""
    found = value(text)
    assert isinstance(found, Number)
    assert (found.value, found.unit) == (number, unit)


def test_every_kind_of_value() -> None:
    """Words bare and quoted, lists, globs, another field, another field times a number."""
    at = Source("p.yaml", 7, 5, 1)
    assert isinstance(value("provider == openai"), Word)
    assert value("model == 'gpt 4'").value == "gpt 4"  # type: ignore[attr-defined]
    assert value(r'model == "a \"b\""').value == 'a "b"'  # type: ignore[attr-defined]
    assert value("target == openai/gpt-4o@eu-1").value == "openai/gpt-4o@eu-1"  # type: ignore[attr-defined]
    assert value("model matches gpt-4*-?").value == "gpt-4*-?"  # type: ignore[attr-defined]
    items = value("region in [eu, 'us east']")
    assert isinstance(items, Items)
    assert [item.value for item in items.items] == ["eu", "us east"]
    numbers = value("turns not in [1, 2k]")
    assert isinstance(numbers, Items)
    assert [item.value for item in numbers.items] == [1, 2_000]
    times = value("context_window >= tokens.total * 1.2")
    assert times == FieldTimes("tokens.total", 1_200_000, Source("p.yaml", 7, 23, 18))
    assert value("context_window >= tokens.total") == FieldTimes("tokens.total", 1_000_000, Source("p.yaml", 7, 23, 12))
    assert at.line == 7


def test_precedence_and_flattening() -> None:
    """`not` binds closest, then `and`, then `or`; chains of one word are one node."""
    tree = parse("not code == true and turns > 2 or task == debugging or auto == true")
    assert isinstance(tree, Or)
    first, second, third = tree.terms
    assert isinstance(first, And)
    assert isinstance(first.terms[0], Not)
    assert (second.text, third.text) == ("task == debugging", "auto == true")  # type: ignore[union-attr]
    grouped = parse("not (code == true or turns > 2)")
    assert isinstance(grouped, Not)
    assert isinstance(grouped.term, Or)


def test_every_node_knows_its_place() -> None:
    """DESIGN §9: (file, line, column, length) on each node, inside the scalar."""
    tree = parse("quality >= 0.5 and (region in [eu] or not turns > 2)")
    assert isinstance(tree, And)
    left, right = tree.terms
    assert isinstance(left, Compare)
    assert isinstance(right, Or)
    assert (str(tree.at), tree.at.length) == ("p.yaml:7:5", 52)
    assert (left.at.column, left.at.length) == (5, 14)
    assert (left.value.at.column, left.value.at.length) == (16, 3)
    assert (right.at.column, right.at.length) == (25, 31)
    assert isinstance(right.terms[1], Not)
    assert right.terms[1].at.column == 43


def test_places_inside_a_quoted_scalar() -> None:
    """The quote of the YAML scalar shifts the columns by one."""
    text = "qualty >= 0.5"
    with pytest.raises(PolicyError) as caught:
        parse_predicate(text, Source("p.yaml", 3, 10, len(text) + 2))
    assert caught.value.where == "p.yaml:3:11"


BAD = [
    ("", "p.yaml:7:5: the predicate is empty; write `field op value`"),
    ("qualty >= 0.5", "p.yaml:7:5: unknown field 'qualty'; did you mean 'quality'?"),
    ("context_window >= tokens.totl * 2", "p.yaml:7:23: unknown field 'tokens.totl'; did you mean 'tokens.total'?"),
    ("price.input <= 5", "p.yaml:7:20: 5 does not fit price.input: it has no unit; write a price such as 5 USD/MTok"),
    ("price.input <= 5 USD", "p.yaml:7:20: 5 USD does not fit price.input: USD is the unit of a sum, "
     "not of a price per million tokens; write a price such as 5 USD/MTok"),
    ("price.input <= 5 USD/Mtok", "p.yaml:7:22: unknown unit 'USD/Mtok'; did you mean 'USD/MTok'?"),
    ("estimated.cost <= 5 USD/day", "p.yaml:7:23: 5 USD/day does not fit estimated.cost: USD/day is the unit of a "
     "sum for a period, not of a sum; write a sum such as 0.05 USD"),
    ("turns > 1.5", "p.yaml:7:13: 1.5 does not fit turns: a fraction is too fine; "
     "write a whole number such as 3, 200k or 1M"),
    ("quality >= 0.0000001", "p.yaml:7:16: 0.0000001 does not fit quality: a fraction is too fine; "
     "write a ratio such as 0.5 or 50%"),
    ("quality >= high", "p.yaml:7:16: unknown field 'high'; known: "),
    ("quality >= 'high'", "p.yaml:7:16: quality is a number, 'high' is text; write a ratio such as 0.5 or 50%"),
    ("latency.p95 <= quality * 2", "p.yaml:7:20: latency.p95 is not measured as quality is; "
     "write a duration such as 200 ms, 2 s or 5 min"),
    ("task == debuging", "p.yaml:7:13: task is never 'debuging'; did you mean 'debugging'?"),
    ("streaming == yes", "p.yaml:7:18: streaming is never 'yes'; known: false, true"),
    ("capabilities has tool", "p.yaml:7:22: capabilities is never 'tool'; did you mean 'tools'?"),
    ("department == 42", 'p.yaml:7:19: department is text, 42 is a number; quote it: "42"'),
    ("provider == origin.provider", "p.yaml:7:17: origin.provider is a field; text is not compared with a field by "
     "this version; quote it if the word itself is meant"),
    ("region < eu", "p.yaml:7:12: `<` does not fit region, which is text; known: ==, !=, in, not in, matches"),
    ("needs == tools", "p.yaml:7:11: `==` does not fit needs, which is a set; known: has"),
    ("quality has tools", "p.yaml:7:13: `has` does not fit quality, which is a number; "
     "known: ==, !=, <, <=, >, >=, in, not in"),
    ("region in eu", "p.yaml:7:15: `in` needs a list, found `eu`; write it in brackets: [a, b]"),
    ("region == [eu]", "p.yaml:7:15: `==` does not take a list; write `in [...]`"),
    ("region in [eu, us", "p.yaml:7:22: expected `,` or `]`, found the end; close the list"),
    ("region in []", "p.yaml:7:16: the list is empty, so that nothing is in it; name at least one value"),
    ("(region == eu", "p.yaml:7:18: expected `)`, found the end; close the parenthesis"),
    ("region == eu)", "p.yaml:7:17: unexpected `)`; join two predicates by `and` or `or`"),
    ("region == eu region == us", "p.yaml:7:18: unexpected `region`; join two predicates by `and` or `or`"),
    ("region = eu", "p.yaml:7:12: unexpected '='; write == to compare"),
    ("region like eu", "p.yaml:7:12: expected an operator after region, found `like`; "
     "known: ==, !=, <, <=, >, >=, in, not in, has, matches"),
    ("region not eu", "p.yaml:7:12: expected an operator after region, found `not`; "),
    ("region ==", "p.yaml:7:14: expected a value, found the end; write one behind the operator"),
    ("quality => 0.5", "p.yaml:7:13: unexpected '='; write >= to compare"),
    ("quality =< 0.5", "p.yaml:7:13: unexpected '='; write <= to compare"),
    ("quality >= .5", "p.yaml:7:16: unexpected '.'; write 0.5"),
    ("quality >= $floor", "p.yaml:7:16: unexpected '$'; write ${floor} for a variable"),
    ("quality >= 0,5", "p.yaml:7:17: unexpected `,`; write 0.5: decimals have a point"),
    ("model == gpt-4o*", 'p.yaml:7:20: unexpected `*`; write `matches "gpt-4o*"` for a pattern'),
    ("region == eu or us", "p.yaml:7:23: expected an operator after us, found the end; "
     "known: ==, !=, <, <=, >, >=, in, not in, has, matches; of several values write `field in [a, b]`"),
    ("and region == eu", "p.yaml:7:5: expected a field, found `and`; write `field op value`"),
    ("0.5 <= quality", "p.yaml:7:5: expected a field, found `0.5`; write `field op value`"),
    ("model == 'gpt", "p.yaml:7:14: the quote is not closed; close it with '"),
    ("model == gpt$", "p.yaml:7:17: unexpected '$'; quote text that is not a plain word"),
    ("model == 4o-mini", "p.yaml:7:15: unknown unit 'o'; "),
    ("price.input <= $5", "p.yaml:7:20: unexpected '$'; "
     "write the unit behind the number: 5 USD, of a price 5 USD/MTok"),
    ("price.input <= $ 0.5", "p.yaml:7:20: unexpected '$'; "),
    ("context_window >= tokens.total + 1000", "p.yaml:7:36: unexpected '+'; a field may be multiplied, `field * 1.2`, "
     "and nothing else"),
    ("context_window >= tokens.total - 1000", "p.yaml:7:36: unexpected '-'; "),
    ("context_window >= tokens.total / 2", "p.yaml:7:36: unexpected '/'; "),
    ("quality >= - 1", "p.yaml:7:16: - 1 must not be negative; "),
    ("latency.p95 <= 1.5 sec", "p.yaml:7:24: unknown unit 'sec'; did you mean 's'?"),
    ("latency.p95 <= 1 hour", "p.yaml:7:22: unknown unit 'hour'; did you mean 'h'?"),
    ("latency.p95 <= 90Minutes", "p.yaml:7:22: unknown unit 'Minutes'; did you mean 'min'?"),
    ("cost <= 1 USD", "p.yaml:7:5: unknown field 'cost'; did you mean 'estimated.cost'?"),
    ("latency <= 1 s", "p.yaml:7:5: unknown field 'latency'; "
     "did you mean 'estimated.latency' or 'latency.first_token' or 'latency.p95'?"),
    ("Task == debugging", "p.yaml:7:5: unknown field 'Task'; did you mean 'task'?"),
    ("quality >= ${flor}", "p.yaml:7:16: unknown variable 'flor'; did you mean 'floor'?"),
    ("context_window >= tokens.total * much", "p.yaml:7:38: expected a number after `*`, found `much`; "
     "write `field * 1.2`"),
    ("not " * (MAX_DEPTH + 1) + "code == true", f"p.yaml:7:{5 + 4 * MAX_DEPTH}: nested deeper than {MAX_DEPTH} levels; "
     "write it as several lines"),
    ("code == true or " * 600 + "code == true", "p.yaml:7:5: a predicate of 9,612 characters; split it into lines"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD, ids=[message[:60] for _, message in BAD])
def test_errors_say_where_what_and_the_remedy(text: str, message: str) -> None:
    """One line each: file:line:column inside the scalar, what is wrong, what to write, the nearest known name."""
    with pytest.raises(PolicyError) as caught:
        parse(text, variables={"floor": "0.5"})
    assert str(caught.value).startswith(message)
    if not message.endswith((": ", "; ")):
        assert str(caught.value).splitlines()[0] == message


def test_all_errors_of_meaning_come_together() -> None:
    """One pass finds every wrong name of a predicate."""
    with pytest.raises(PolicyError) as caught:
        parse("qualty >= 0.5 and regoin in [eu] or task == debuging")
    assert [error.where for error in (caught.value, *caught.value.others)] == [
        "p.yaml:7:5",
        "p.yaml:7:23",
        "p.yaml:7:49",
    ]


def test_when_and_match_look_at_the_request_only() -> None:
    """A rule is chosen before any target is looked at."""
    with pytest.raises(PolicyError) as caught:
        parse("turns > 2 and quality >= 0.5", request_only=True)
    assert str(caught.value) == (
        "p.yaml:7:19: quality depends on the target; use fields of the request here, and put this line into `filter`"
    )
    with pytest.raises(PolicyError, match="context_window depends on the target"):
        parse("tokens.total >= context_window", request_only=True)
    assert parse("context.team == red and needs has tools", request_only=True)


def test_variables_are_values_only() -> None:
    """A variable is a literal or a list of them; it cannot smuggle in an operator."""
    variables = {"floor": "0.5", "where": ("eu", "us"), "trick": "0.1 or quality >= 0", "price": "5 USD/MTok"}
    assert render(parse("quality >= ${floor}", variables=variables)) == "quality >= 0.5"
    assert render(parse("region in ${where}", variables=variables)) == "region in [eu, us]"
    assert render(parse("price.input < ${price}", variables=variables)) == "price.input < 5 USD/MTok"
    assert render(parse("context_window >= tokens.total * ${floor}", variables=variables)) == (
        "context_window >= tokens.total * 0.5"
    )
    with pytest.raises(PolicyError, match=r"quality is a number, '0\.1 or quality >= 0' is text"):
        parse("quality >= ${trick}", variables=variables)


def test_reading_is_linear() -> None:
    """Ten times the text takes about ten times the time, and nesting never exhausts the stack."""
    small, large = "code == true or " * 40 + "code == true", "code == true or " * 400 + "code == true"
    begun = time.process_time()
    for _ in range(10):
        parse(small)
    middle = time.process_time()
    parse(large)
    assert time.process_time() - middle < 6 * (middle - begun)
    with pytest.raises(PolicyError, match="nested deeper"):
        parse("(" * 4_000)


CANONICAL = [
    ("quality>=0.50", "quality >= 0.5"),
    ("price.input   <= 5.00 USD/MTok", "price.input <= 5 USD/MTok"),
    ("latency.p95 <= 120 s", "latency.p95 <= 2 min"),
    ("latency.p95 <= 0.2 s", "latency.p95 <= 200 ms"),
    ("context_window >= 200k", "context_window >= 200000"),
    ("region in ['eu','us east']", 'region in [eu, "us east"]'),
    ("model == 'and'", 'model == "and"'),
    ("model == \"origin.provider\"", 'model == "origin.provider"'),
    ("model matches 'gpt-*'", 'model matches "gpt-*"'),
    ("((code == true))", "code == true"),
    ("not (code == true)", "not code == true"),
    ("(code == true and auto == true) or turns>1", "code == true and auto == true or turns > 1"),
    ("(code == true or auto == true) and turns>1", "(code == true or auto == true) and turns > 1"),
    ("context_window >= tokens.total * 1", "context_window >= tokens.total"),
    ("context_window >= tokens.total * 120%", "context_window >= tokens.total * 1.2"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "canonical"), CANONICAL)
def test_one_meaning_has_one_text(text: str, canonical: str) -> None:
    """The canonical text is what names a filter, and it reads back to itself."""
    assert render(parse(text)) == canonical
    assert render(parse(canonical)) == canonical


WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12)
_AT = Source("", 0, 0)


def _compare(field: str) -> st.SearchStrategy[Predicate]:
    known = FIELDS[field]
    words = st.sampled_from(known.values) if known.values else WORDS
    word = words.map(lambda text: Word(text, _AT))
    unit = known.unit
    if unit is not None:
        numbers = st.integers(0, 10**13).map(lambda number: Number(number, unit, literal(number, unit), _AT))
        plain = st.builds(
            lambda op, number: Compare(field, op, number, _AT, ""),
            st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
            numbers,
        )
        alike = [other.name for other in FIELDS.values() if other.unit == unit]
        times = st.builds(
            lambda op, other, factor: Compare(field, op, FieldTimes(other, factor, _AT), _AT, ""),
            st.sampled_from(["<", ">="]),
            st.sampled_from(alike),
            st.integers(0, 10**8),
        )
        items = numbers
        return plain | times | _listed(field, items)
    if known.kind == "set":
        return word.map(lambda item: Compare(field, "has", item, _AT, ""))
    simple = st.builds(
        lambda op, item: Compare(field, op, item, _AT, ""), st.sampled_from(["==", "!=", "matches"]), word
    )
    return simple | _listed(field, word)


def _listed(field: str, items: st.SearchStrategy[object]) -> st.SearchStrategy[Predicate]:
    lists = st.lists(items, min_size=1, max_size=3)
    return st.builds(
        lambda op, found: Compare(field, op, Items(tuple(found), _AT), _AT, ""),  # type: ignore[arg-type]
        st.sampled_from(["in", "not in"]),
        lists,
    )


LEAVES = st.sampled_from([name for name in FIELDS if "<" not in name]).flatmap(_compare)


def _flat(kind: type[And] | type[Or], terms: list[Predicate]) -> Predicate:
    out: list[Predicate] = []
    for term in terms:
        out.extend(term.terms if isinstance(term, kind) else (term,))
    return kind(tuple(out), _AT)


TREES = st.recursive(
    LEAVES,
    lambda inner: (
        inner.map(lambda term: Not(term, _AT))
        | st.lists(inner, min_size=2, max_size=3).map(lambda terms: _flat(And, terms))
        | st.lists(inner, min_size=2, max_size=3).map(lambda terms: _flat(Or, terms))
    ),
    max_leaves=6,
)


def _bare(tree: Predicate) -> object:
    """A tree without places and texts."""
    match tree:
        case Compare():
            found = tree.value
            if isinstance(found, Items):
                return (tree.field, tree.op, [item.value for item in found.items])
            if isinstance(found, FieldTimes):
                return (tree.field, tree.op, found.field, found.factor)
            return (tree.field, tree.op, found.value)
        case Not():
            return ("not", _bare(tree.term))
        case And() | Or():
            return (type(tree).__name__, [_bare(term) for term in tree.terms])


@given(TREES)
def test_the_canonical_text_reads_back_to_the_same_tree(tree: Predicate) -> None:
    """S2.16: what is stored as text is the policy that was in force."""
    text = render(tree)
    assert _bare(parse_predicate(text, _AT)) == _bare(tree)


@given(st.text(max_size=60))
def test_any_text_is_a_tree_or_a_policy_error(text: str) -> None:
    """No input breaks the reader itself."""
    found: PolicyError | None = None
    try:
        parse(text)
    except PolicyError as error:
        found = error
    assert found is None or (found.where.startswith("p.yaml:7:") and found.remedy)


@given(st.integers(0, 10**16), st.sampled_from(["usd", "usd_per_mtok", "ns", "micro", "count"]))
def test_literals_read_back_to_the_same_integer(number: int, unit: str) -> None:
    """Base units lose nothing on the way through a literal."""
    digits, _, suffix = literal(number, unit).partition(" ")  # type: ignore[arg-type]
    assert to_base(digits, suffix or None, unit) == number  # type: ignore[arg-type]


def test_values_as_people_read_them() -> None:
    """Proofs show exact values with a unit (S2.07)."""
    assert shown(15_000_000_000, "usd_per_mtok") == "$15/MTok"
    assert shown(163_500, "usd") == "$0.0001635"
    assert shown(412_000_000, "ns") == "412 ms"
    assert shown(1_500_000_000, "ns") == "1.5 s"
    assert shown(420_000, "micro") == "0.42"
    assert shown(128_000, "count") == "128,000"


def test_the_vocabulary_is_complete_and_closed() -> None:
    """S2.12: each field has a kind, a source and a meaning; the two open corners need a name."""
    for field in FIELDS.values():
        assert field.meaning
        assert operators(field)
    assert lookup("labels.team") is not None
    assert lookup("context.team.lead") is not None
    assert lookup("labels.") is None
    assert lookup("labels.<name>") is None
    assert lookup("gpu") is None
