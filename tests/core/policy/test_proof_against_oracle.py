"""A proof says what the oracle saw: the rows, their order, the names, and the value behind each simple comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

from generators_decision import Ask, Case, cases
from oracle import oracle
from oracle.facts import Fact, View, fact
from oracle.growth import NUMBERS
from oracle.oracle import Observed, OracleDecision
from waypost.core.model.decision import CandidateProof, Proof, Rejection
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.proof import prove
from waypost.core.policy.tree import Compare, Filter, Number, Rule

SEED = 4711
COUNT = 600
BY_RANK = (
    "score ",
    "estimated.",
    "quality ",
    "equal;",
    "equal for the advisor",
    "the advisor ",
    "named by",
    "place ",
    "on the list",
)
"""How a sentence begins that compares what the rank compares."""
SCALES = {
    "ms": Decimal(10**6),
    "s": Decimal(10**9),
    "min": Decimal(60 * 10**9),
    "h": Decimal(3600 * 10**9),
    "d": Decimal(86_400 * 10**9),
}


def proofs() -> Iterator[tuple[Case, Ask, Proof, OracleDecision]]:
    """Every question of a run with both sides' account of it."""
    for case in cases(SEED, COUNT):
        world = case.world
        plan = compile_policy(world.policy, world.catalog, world.expresses)
        for ask in case.asks:
            decision = decide(plan, ask.question, ask.snapshot, ask.seed, frozenset(ask.tried))
            proof = prove(plan, ask.question, ask.snapshot, decision)
            yield case, ask, proof, oracle.decide(world, ask.question, ask.snapshot, ask.seed, ask.tried)


def base_units(text: str, field: str) -> int:
    """What people read, as an integer in the field's base unit."""
    match NUMBERS[field]:
        case "usd" | "usd_per_mtok":
            value = Decimal(text.removeprefix("$").removesuffix("/MTok")) * 10**9
        case "micro":
            value = Decimal(text) * 10**6
        case "count":
            value = Decimal(text.replace(",", ""))
        case _:
            number, unit = text.split(" ")
            value = Decimal(number) * SCALES[unit]
    assert value == int(value)
    return int(value)


def says(row: Rejection, seen: Observed) -> bool:
    """Whether a row shows the field, the operator and the value that the oracle saw."""
    if (row.field, row.op) != (seen.field, seen.op):
        return False
    return row.observed == "unknown" if seen.value is None else reads(row.observed, seen.field, seen.value)


def reads(text: str, field: str, value: Fact) -> bool:
    if isinstance(value, int):
        return base_units(text, field) == value
    if isinstance(value, frozenset):
        return text.startswith("[") and frozenset(text[1:-1].split(", ")) - {""} == value
    return text == value


def lines_of(case: Case, rule: Rule | None) -> list[Filter]:
    return [*case.world.policy.filters, *(rule.filters if rule is not None else ())]


def test_rows_and_their_order() -> None:
    """S2.01, S2.08: the winner, all standby in the order of the full ranking with their scores, the others by id."""
    for case, ask, proof, expected in proofs():
        catalog = case.world.catalog
        ranked = expected.line_up
        out = [target.id for target in catalog.targets if target.id not in expected.survivors]
        assert [row.target for row in proof.candidates] == [target for target, _ in ranked] + out
        assert [row.score for row in proof.candidates] == [score for _, score in ranked] + [None] * len(out)
        states = ["selected", *["standby"] * len(ranked)][: len(ranked)]
        states += ["tried" if target in ask.tried else "rejected" for target in out]
        assert [row.state for row in proof.candidates] == states
        assert [target for target, _ in proof.beats] == list(expected.order[1:])


def test_every_failed_rule_is_a_row() -> None:
    """S2.07: a candidate's rows name each rule that rejects it, in the page's order, and nothing else."""
    for _case, _ask, proof, expected in proofs():
        for row in proof.candidates:
            names = tuple(name for name, _ in groupby(rejection.rule for rejection in row.rejections))
            assert names == expected.rejections[row.target]


def test_what_was_observed() -> None:
    """S2.07: field, operator and value of a failed comparison are the raw ones, to the last unit, or unknown."""
    kinds: Counter[str] = Counter()
    for _case, _ask, proof, expected in proofs():
        rows = {row.target: row for row in proof.candidates}
        for (target, name), seen in expected.observed.items():
            found = [row for row in rows[target].rejections if row.rule == name]
            assert any(says(row, seen) for row in found), (name, seen, found)
            kinds[type(seen.value).__name__] += 1
    assert min(kinds[kind] for kind in ("int", "str", "NoneType", "frozenset")) > 10


def test_limits_margins_and_places() -> None:
    """A failed comparison with a number shows it, how far off the value is, and where the line stands."""
    seen = 0
    for case, ask, proof, _expected in proofs():
        rule = oracle.matched_rule(case.world, ask.question, ask.snapshot)
        simple = {
            line.predicate.at: line.predicate for line in lines_of(case, rule) if isinstance(line.predicate, Compare)
        }
        for row in (row for candidate in proof.candidates for row in candidate.rejections):
            compare = simple.get(row.source) if row.source is not None else None
            if compare is None or not isinstance(compare.value, Number):
                continue
            limit = compare.value.value
            assert base_units(row.limit, compare.field) == limit
            if row.observed != "unknown" and limit:
                assert row.margin_ppm == abs(base_units(row.observed, compare.field) - limit) * 1_000_000 // limit
                seen += 1
    assert seen > 100


def test_terms_make_the_score() -> None:
    """S2.05: the terms of a weighted score sum to it, and each shows the raw value that it comes from."""
    for case, ask, proof, _expected in proofs():
        for row in proof.candidates:
            view = View(case.world.catalog, ask.question, ask.snapshot, case.world.catalog.get(row.target))
            assert row.estimated_nano_usd == fact("estimated.cost", view)
            if row.score is not None:
                assert terms_fit(row, view, proof.decision.rank)


def terms_fit(row: CandidateProof, view: View, rank: str) -> bool:
    for term in row.terms:
        value = fact(term.field, view)
        assert term.observed == "unknown" if value is None else reads(term.observed, term.field, value)
    return (
        rank not in ("weighted", "balanced") or row.score == sum(t.weight * t.utility for t in row.terms) // 1_000_000
    )


def test_every_reserved_rule_says_what_it_saw() -> None:
    """S6.03: claims, budgets, limits and overrides have field, limit and place wherever the policy has the line."""
    seen: Counter[str] = Counter()
    for case, _ask, proof, _expected in proofs():
        policy = case.world.policy
        lines = {one.rule: one.at for one in (*reversed(policy.budgets), *reversed(policy.limits))}
        for row in (row for candidate in proof.candidates for row in candidate.rejections):
            kind = row.rule.partition(".")[0]
            if kind not in ("call", "budget", "limit", "override") or (
                kind in ("budget", "limit") and row.rule not in lines
            ):
                continue
            assert all((row.field, row.op, row.observed, row.limit)), row
            assert (row.source is None) is (kind in ("call", "override")), row
            seen[kind] += 1
    assert min(seen[kind] for kind in ("call", "budget", "limit", "override")) > 10


def test_nobody_is_said_to_be_outranked_by_a_lower_one() -> None:
    """S2.20: where chance or a warm cache took another than the first, that is what the sentence says."""
    others = 0
    for case, ask, proof, expected in proofs():
        alive = [target for target in case.world.catalog.targets if target.id in expected.survivors]
        place = {name: at for at, (name, _) in enumerate(oracle.ranking(case.world, ask.question, ask.snapshot, alive))}
        for name, why in proof.beats:
            by_rank = why.startswith(BY_RANK) and "drawn among" not in why
            if place[name] < place[str(expected.selected)]:
                assert not by_rank, why
                others += 1
            elif not expected.chance:
                assert by_rank, why
    assert others > 20
