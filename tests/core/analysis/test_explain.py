"""The explanation of a receipt: everything of the sketch is there, in every format, and nothing is claimed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from receipt_cases import (
    AGAIN,
    ATTEMPTING,
    ATTEMPTING_2,
    DECIDED,
    DECISION,
    QUESTION,
    SETTLED,
    SETTLEMENT,
    STARTED,
    single,
    started,
)
from waypost.core.analysis import words_decision, words_outcome
from waypost.core.analysis.explain import explain
from waypost.core.analysis.layout import Fields, Heading, Layout, Line, Rows, markdown, text
from waypost.core.analysis.words_decision import unforced
from waypost.core.model.decision import (
    CandidateProof,
    Decision,
    Flip,
    Passed,
    Proof,
    Rejection,
    ScoreTerm,
    Source,
)
from waypost.core.model.events import Attempted, Settled
from waypost.core.model.outcome import UNPRICED, Failure
from waypost.core.model.question import Context, Narrow, Override, Snapshot
from waypost.core.model.receipt import Receipt
from waypost.core.model.receipt_fold import fold
from waypost.core.model.receipt_lines import attempt_record, settled_record

FLOOR = Source("policies/base.yaml", 12, 3)
TINY = CandidateProof(
    "a/tiny",
    "rejected",
    None,
    (),
    (
        Rejection("need.tools", "capabilities", "has", "absent", ""),
        Rejection("quality >= 0.5", "quality", ">=", "0.42", "0.5", FLOOR),
    ),
    90_000,
)
SMALL = CandidateProof(
    "a/small", "rejected", None, (), (Rejection("quality >= 0.5", "quality", ">=", "0.48", "0.5", FLOOR),), 9_000_000
)
CLAUDE = CandidateProof("anthropic/claude", "selected", 540_000, (), (), 2_000_000)
GPT = CandidateProof("openai/gpt-4o", "standby", 510_000, (), (), 3_000_000)
PASSED = (Passed("need.tools", "tools ok"), Passed("quality >= 0.5", "quality 0.61 >= 0.5", FLOOR))
PROOF = Proof(DECISION, (CLAUDE, GPT, SMALL, TINY), PASSED, (("openai/gpt-4o", "score 0.54 > 0.51"),))


def proof_of(decision: Decision) -> Proof:
    return replace(PROOF, decision=decision)


def simple(**changes: object) -> tuple[Receipt, tuple[Proof, ...]]:
    attempting, settled = single(started(**changes), response_id="chatcmpl-1")
    receipt = fold([attempt_record(attempting, str), settled_record(settled, str)])
    decision = receipt.hops[0].decision
    assert decision is not None
    return receipt, (proof_of(decision),)


def after_fallback() -> tuple[Receipt, tuple[Proof, ...]]:
    records = [attempt_record(ATTEMPTING, str), attempt_record(ATTEMPTING_2, str), settled_record(SETTLED, str)]
    tried = replace(
        CLAUDE,
        state="tried",
        score=None,
        rejections=(Rejection("tried", "target", "not in", "anthropic/claude", "tried"),),
    )
    winner = replace(GPT, state="selected")
    return fold(records), (PROOF, Proof(AGAIN, (winner, tried, SMALL, TINY), PASSED, ()))


EXPECTED = """\
Receipt wp_abababababababababababababababab
===========================================
  status        ok
  asked for     auto at openai (openai.chat)
  answered      anthropic/claude
  mode          route
  at            2026-09-21 14:13:20.000 UTC
  request id    rq-1
  response id   chatcmpl-1
  request       complex, debugging, ~230 tokens in (counted as 240), ~400 out (counted as 416), at
                most 512 out, en, python
  needs         tools
  context       department rd, user ann@example.org, workflow triage, team core

DECISION
  selected      anthropic/claude  score 0.54
  cause         rule 'hard-bugs': a rule of the policy matched; rank balanced
  because       a person waits
  rank          balanced: the highest score, quality 0.4, cost 0.4, latency 0.2 (the policy's)
  broken        groq/llama
  Reason: it passed
    tools ok
    quality 0.61 >= 0.5  (base.yaml:12)
  Ahead of (+ and - are its lead in each part of the score, neither dollars nor seconds)
    openai/gpt-4o  score 0.54 > 0.51; dearer, about $0.003
  Rejected (2)
    a/small  filtered: quality 0.48 < 0.5 (base.yaml:12)
    a/tiny   filtered: no tools; quality 0.42 < 0.5 (base.yaml:12); cheaper, about $0.00009

FALLBACK: STANDBY CASCADE, NOT TRIGGERED THIS RUN
  openai/gpt-4o

OUTCOME
  latency       1.00 s
  tokens        230 in (30 from cache), 99 out
  cost          $0.001565 (computed, prices of 2026-01-01)
                the catalog's prices times the tokens that the provider reported
                cost against baseline -83% (the policy's baseline openai/o1: $0.00939 for the same
                tokens)
  Bill
    input   230 tokens x $2.50/MTok = $0.000575
    output  99 tokens x $10.00/MTok = $0.00099

PROVENANCE
  policy        default  ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
  catalog       cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
  versions      policy/v1, engine 1, receipt/v1
"""


def test_the_whole_receipt_as_text() -> None:
    """S2.04-S2.11, S2.20: header, selection, reasons, rejected rows, standby, latency, cost, policy, in this order."""
    assert explain(*simple()) == EXPECTED


SHORTLIST = Rejection("rule.hard-bugs", "target", "in", "b/x", "rule hard-bugs", FLOOR)
KEYLESS = Rejection("provider.credentials", "endpoint", "in", "mistral", "credentials")


def crowded(count: int) -> tuple[Receipt, tuple[Proof, ...]]:
    """A decision that a shortlist left ``count`` candidates out of, and as many without a key."""
    receipt, (proof,) = simple()
    left_out = tuple(
        CandidateProof(f"{vendor}/m{number}", "rejected", None, (), failed, 1_000_000 * (number + 1))
        for vendor, failed in (("b", (SHORTLIST,)), ("c", (KEYLESS, SHORTLIST)))
        for number in range(count)
    )
    also_dull = CandidateProof("b/dull", "rejected", None, (), (SHORTLIST, *SMALL.rejections), None)
    return receipt, (replace(proof, candidates=(*proof.candidates, *left_out, also_dull)),)


def test_those_that_only_the_shortlist_leaves_out_share_a_row() -> None:
    """S2.05: counted and named, with the cheapest; who fails anything else keeps a row of its own."""
    shown = " ".join(explain(*crowded(4)).split())
    assert "Rejected (11) a/small filtered: quality 0.48 < 0.5" in shown
    assert (
        "b/dull filtered: not on the list of rule hard-bugs (base.yaml:12); quality 0.48 < 0.5 (base.yaml:12)" in shown
    )
    assert (
        "4 candidates filtered: not on the list of rule hard-bugs (base.yaml:12); 1 cheaper, the cheapest b/m0, "
        "about $0.001: b/ m0, m1, m2, m3 "
    ) in shown
    assert "4 candidates filtered: no credentials; not on the list of rule hard-bugs (base.yaml:12); 1 cheaper" in shown
    assert "Every candidate in a row of its own: `waypost explain ID --all`" in shown


def test_each_has_its_row_where_that_is_wanted_or_they_are_few() -> None:
    """--all, three or fewer, and JSON in any case."""
    few, each = explain(*crowded(3)), explain(*crowded(4), each=True)
    assert "candidates" not in few + each
    assert "    b/m2     filtered: not on the list of rule hard-bugs (base.yaml:12)\n" in few
    assert (
        "    c/m3     filtered: no credentials for mistral; not on the list of rule hard-bugs (base.yaml:12)\n" in each
    )
    rows = json.loads(explain(*crowded(9), format="json"))["proofs"][0]["candidates"]
    assert len(rows) == 23


def test_of_a_great_crowd_forty_are_named() -> None:
    """A catalog may have thousands."""
    shown = " ".join(explain(*crowded(50)).split())
    assert "50 candidates filtered" in shown
    assert "m38, m39; and 10 more" in shown
    assert "m40" not in shown


def test_a_fallback_shows_each_hop_and_repeats_no_row() -> None:
    """S2.02, S2.08: both decisions, both attempts; of the second decision only the rows that are new."""
    shown = explain(*after_fallback())
    assert "DECISION BEFORE ATTEMPT 1" in shown
    second = shown[shown.index("DECISION BEFORE ATTEMPT 2") :]
    assert "  selected      openai/gpt-4o  score 0.51" in second
    assert "  Rejected (3, 2 as before)\n    anthropic/claude  filtered: already tried\n\n" in second
    assert "FALLBACK: 2 ATTEMPTS\n    1. anthropic/claude  rate_limited (429 rate_limit_error, retry after" in second
    assert "2. openai/gpt-4o     fallback, ok, 750 ms" in second
    assert "standby" not in second.lower()


def test_finance_reads_what_each_would_have_cost() -> None:
    """S2.15: of the standby as of the rejected, and what the bill's sum rests on."""
    receipt, (proof,) = simple()
    cheap = replace(GPT, target="x/cheap", estimated_nano_usd=1_000_000)
    same = replace(GPT, target="x/same", estimated_nano_usd=2_000_000)
    free = replace(GPT, target="x/unknown", estimated_nano_usd=None)
    beats = tuple((row.target, "score 0.54 > 0.51") for row in (cheap, same, free))
    shown = explain(receipt, (replace(proof, candidates=(CLAUDE, cheap, same, free), beats=beats),))
    assert "    x/cheap    score 0.54 > 0.51; cheaper, about $0.001\n" in shown
    assert "    x/same     score 0.54 > 0.51; as dear, about $0.002\n" in shown
    assert "    x/unknown  score 0.54 > 0.51\n" in shown
    for basis, said in words_outcome.BASES.items():
        cost = replace(SETTLEMENT.cost, basis=basis, nano_usd=None if basis == "unpriced" else 5)
        settled = replace(receipt, settlement=replace(SETTLEMENT, cost=cost))
        assert f"                {said}\n" in explain(settled, ())


def test_a_long_name_shares_its_line_where_there_is_room() -> None:
    """A place in a file is found beside what stands there."""
    name = "on the list of rule simple-questions"
    page = text(Layout("t", (Rows("R", ((name, "(demo.yaml:34)"), ("a" * 60, "b " * 30))),)))
    assert f"    {name}  (demo.yaml:34)\n" in page
    assert f"    {'a' * 60}\n" in page


def test_advice_is_not_taken_for_what_happened() -> None:
    """S2.01: beside an unchanged call the choice is advice, and says so."""
    advised = replace(ATTEMPTING, decided=replace(DECIDED, advised=True), started=replace(STARTED, mode="advise"))
    shown = explain(fold([attempt_record(advised, str)]), (PROOF,))
    assert "  advised       anthropic/claude  score 0.54" in shown
    assert "advice only: the call ran unchanged" in shown
    assert "STANDBY" not in shown


def test_an_open_receipt_says_what_is_not_known() -> None:
    """S6.06: no latency and no cost are made up."""
    shown = explain(fold([attempt_record(ATTEMPTING, str)]), (PROOF,))
    assert "  status        open\n" in shown
    assert "nothing recorded; the last send was to anthropic/claude" in shown
    assert "Open: nothing has been settled." in shown
    assert "cost " not in shown[shown.index("OUTCOME") :]


def test_observed_calls_have_no_decision() -> None:
    """Observe mode shows the call and its cost alone."""
    observed = replace(ATTEMPTING, decided=None, started=replace(STARTED, mode="observe"))
    shown = explain(fold([attempt_record(observed, str)]), ())
    assert "observe: the call ran unchanged" in shown
    assert "DECISION" not in shown


@pytest.mark.parametrize("endpoint", ["openai", None])
@pytest.mark.parametrize("reason", ["passthrough", "primary"])
def test_a_host_that_nobody_knows_is_named_and_its_prices_are_said_to_be_others(
    endpoint: str | None, reason: Any
) -> None:
    """Not every server that speaks a vendor's dialect is that vendor's: finance must see that the price is a guess,
    unless the call left that server."""
    asked = replace(QUESTION, origin=replace(QUESTION.origin, host="llm.corp.example", endpoint=endpoint))
    attempting, settled = single(started(mode="observe"))
    attempting = replace(attempting, question=asked, decided=None, attempt=replace(attempting.attempt, reason=reason))
    receipt = fold([attempt_record(attempting, str), settled_record(settled, str)])
    shown = " ".join(explain(receipt, ()).split())
    assert ("auto at openai (openai.chat), sent to llm.corp.example, which the catalog does not know" in shown) is (
        endpoint is None
    )
    assert ("unchanged; from a host that the catalog does not know nothing is routed" in shown) is (endpoint is None)
    guessed = "the prices are those of openai; what llm.corp.example charges is not known"
    assert (guessed in shown) is (endpoint is None and reason == "passthrough")


def test_what_failed_has_no_cost_and_not_a_missing_price() -> None:
    """Whether the catalog has a price is another question than whether there is anything to price."""
    attempting, settled = single(started(), outcome="error")
    failed = replace(settled.attempts[0].attempt, usage=None, cost=UNPRICED, failure=Failure("auth", 401))
    settlement = replace(settled.settlement, usage=None, cost=UNPRICED, baselines=(), attempts=(failed,))
    settled = replace(settled, attempts=(Attempted(attempting, failed),), settlement=settlement)
    shown = explain(fold([attempt_record(attempting, str), settled_record(settled, str)]), ())
    assert shown.count("none known: nobody told of any tokens") == 1
    assert "price" not in shown.partition("OUTCOME")[2].partition("PROVENANCE")[0]


def test_nobody_survived_shows_every_rejection() -> None:
    """S2.07: the rows are there when they are needed most."""
    none = replace(DECISION, order=(), scores=(), selected=None, survivors=0, rule=None, because=None)
    settlement = replace(SETTLEMENT, outcome="rejected", usage=None, attempts=(), baselines=())
    event = Settled(STARTED, QUESTION, replace(DECIDED, decision=none), (), settlement)
    shown = explain(fold([settled_record(event, str)]), (Proof(none, (SMALL, TINY), (), ()),))
    assert "rejected: no candidate survived" in shown
    assert "  selected      nobody: no candidate survived\n" in shown
    assert "Rejected (2)" in shown
    assert "cost nothing was sent" in " ".join(shown.split())
    assert "price is known" not in shown


def test_of_an_embedding_no_features_are_shown() -> None:
    """It has no task and no answer whose length could be guessed."""
    observed = replace(ATTEMPTING, decided=None, started=replace(STARTED, mode="observe", operation="embeddings"))
    asked = explain(fold([attempt_record(replace(observed, question=QUESTION), str)]), ())
    chat = replace(observed, question=QUESTION, started=replace(STARTED, mode="observe"))

    assert "  request  " not in asked
    assert "  request  " in explain(fold([attempt_record(chat, str)]), ())


def test_without_its_policy_the_masks_are_shown() -> None:
    """A receipt whose objects are gone still says which rules failed, and that it cannot say more."""
    shown = explain(simple()[0], ())
    assert "is not in the object store" in shown
    assert "    need.tools      1 candidate\n    quality >= 0.5  2 candidates\n" in shown
    assert "candidate 3" in shown


def test_the_json_holds_receipt_and_rows() -> None:
    """S2.14: one document: the published receipt, and beside each hop its rows with numbers and sources."""
    receipt, proofs = after_fallback()
    document = json.loads(explain(receipt, proofs, format="json"))
    assert document["schema"] == "explanation/v1"
    assert document["receipt"] == receipt.to_dict()
    assert document["answered"] == "openai/gpt-4o"
    first = document["proofs"][0]["candidates"]
    assert [row["state"] for row in first] == ["selected", "standby", "rejected", "rejected"]
    assert first[3]["rejections"][1] == {
        "rule": "quality >= 0.5",
        "field": "quality",
        "op": ">=",
        "observed": "0.42",
        "limit": "0.5",
        "source": {"file": "policies/base.yaml", "line": 12, "column": 3},
        "exact": None,
        "margin_ppm": None,
        "text": "quality 0.42 < 0.5 (base.yaml:12)",
    }
    assert document["against"] == [{"label": "policy", "target": "openai/o1", "nano_usd": 9_390_000, "change": "-83%"}]


def test_what_was_not_found_is_said_in_every_format() -> None:
    """S2.02: that no policy's `match` held, and that no rule matched, is text, Markdown and data."""
    receipt, (proof,) = simple()
    (hop,) = receipt.hops
    assert hop.decision is not None
    decision = replace(hop.decision, cause="policy", rule=None)
    receipt, proofs = replace(receipt, hops=(replace(hop, decision=decision),)), (replace(proof, decision=decision),)
    last, none = "default: no `match` held; taken as the last", "none of the policy's 3 rules matched"
    shown = explain(receipt, proofs, last=True, rules=3)
    assert f"  policy        {last}\n" in shown
    assert f"  rule          {none}\n" in shown
    page = explain(receipt, proofs, format="markdown", last=True, rules=3)
    assert "- **policy**: default: no \\`match\\` held; taken as the last\n" in page
    assert f"- **rule**: {none}\n" in page
    document = json.loads(explain(receipt, proofs, format="json", last=True, rules=3))
    assert document["notes"] == [{"about": "policy", "text": last}]
    assert document["proofs"][0]["notes"] == [{"about": "rule", "text": none}]
    one = json.loads(explain(receipt, proofs, format="json", rules=1))
    assert one["notes"] == []
    assert one["proofs"][0]["notes"][0]["text"] == "the policy's only rule did not match"


@pytest.mark.parametrize("rules", [0, 3])
def test_where_a_rule_matched_or_nothing_is_known_of_them_nothing_is_added(rules: int) -> None:
    """A remark that always stands there is not read."""
    document = json.loads(explain(*simple(), format="json", rules=rules))
    assert document["notes"] == document["proofs"][0]["notes"] == []


def test_the_markdown_is_the_same_content() -> None:
    """Every row of the text stands in the Markdown's tables."""
    shown = explain(*simple(), format="markdown")
    assert shown.startswith("# Receipt wp_abab")
    assert "## Decision\n\n- **selected**: anthropic/claude  score 0.54\n" in shown
    assert "| a/small | filtered: quality 0.48 \\< 0.5 (base.yaml:12) |\n" in shown


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_nothing_is_claimed_to_be_saved(format: str) -> None:
    """S2.10, S2.18: cost against a baseline, never savings; no colour codes either."""
    for receipt, proofs in (simple(), after_fallback()):
        shown = explain(receipt, proofs, format=format)  # type: ignore[arg-type]
        assert "sav" not in shown.lower()
        assert "\x1b" not in shown


def test_text_keeps_to_its_width() -> None:
    """100 columns hold every line but those that are one long word."""
    long = CandidateProof("vllm/" + "m" * 60, "rejected", None, (), SMALL.rejections * 9, None)
    receipt, (proof,) = simple(requested="x " * 90)
    shown = explain(receipt, (replace(proof, candidates=(CLAUDE, long)),))
    assert max(len(line) for line in shown.splitlines()) <= 100


def test_an_unknown_format_is_refused() -> None:
    """A typing error in a format is said."""
    with pytest.raises(ValueError, match="format is 'html'; use text, markdown or json"):
        explain(*simple(), format="html")  # type: ignore[arg-type]


def test_markdown_cells_cannot_be_broken_out_of() -> None:
    """What a caller wrote is text, in tables too."""
    page = Layout(
        "a|b", (Heading("*x*"), Line("<b>"), Fields((("k", "`v`"),), "T"), Rows("", (("a|b", "c\nd_e _f_"),)))
    )
    assert markdown(page) == (
        "# a\\|b\n\n## \\*x\\*\n\n\\<b>\n\n"
        "## T\n\n- **k**: \\`v\\`\n\n| | |\n| --- | --- |\n| a\\|b | c d_e \\_f\\_ |\n"
    )
    assert text(page).splitlines()[0] == "a|b"


def with_values(*observed: tuple[str, int | None]) -> tuple[Receipt, tuple[Proof, ...]]:
    """A decision whose rejected all fail one line, each with its own value and margin."""
    receipt, (proof,) = simple()
    rows = tuple(
        CandidateProof(
            f"b/m{at}", "rejected", None, (), (Rejection("q", "quality", ">=", value, "0.5", FLOOR, None, by),), 1
        )
        for at, (value, by) in enumerate(observed)
    )
    return receipt, (replace(proof, candidates=(CLAUDE, *rows)),)


def test_a_crowd_is_told_with_the_range_of_its_values() -> None:
    """S2.07: who failed the same line shares a row, from the farthest value to the nearest."""
    shown = " ".join(
        explain(*with_values(("0.4", 200_000), ("0.2", 600_000), ("0.48", 40_000), ("0.3", 400_000))).split()
    )
    assert "4 candidates filtered: quality 0.2 to 0.48 < 0.5 (base.yaml:12); 4 cheaper" in shown
    shown = " ".join(explain(*with_values(("0.4", 200_000), *[("unknown", None)] * 3)).split())
    assert "4 candidates filtered: quality 0.4 or not known < 0.5 (base.yaml:12)" in shown


def test_the_range_of_what_is_too_much_ascends() -> None:
    """From the nearest value to the farthest, where the limit is above none of them."""
    receipt, (proof,) = simple()
    rows = tuple(
        CandidateProof(
            f"b/m{at}", "rejected", None, (), (Rejection("p", "turns", "<=", str(at + 4), "3", None, None, at + 1),), 1
        )
        for at in range(4)
    )
    shown = explain(receipt, (replace(proof, candidates=(CLAUDE, *rows)),))
    assert "4 candidates filtered: turns 4 to 7 > 3;" in shown


def test_of_many_that_passed_a_few_are_named() -> None:
    """S2.08: those beyond the standby are counted, with their order; --all has a row for each."""
    receipt, (proof,) = simple()
    many = tuple(CandidateProof(f"b/m{at:02d}", "standby", 500_000 - at, (), (), 1) for at in range(12))
    proofs = (replace(proof, candidates=(CLAUDE, GPT, *many)),)
    shown = " ".join(explain(receipt, proofs).split())
    assert "and 12 more that passed everything, in this order: b/m00 (score 0.5), " in shown
    assert "b/m07 (score 0.5), and 4 more" in shown
    assert "b/m08" not in shown
    assert "`waypost explain ID --all`" in shown
    assert "    b/m11          score 0.5; cheaper, about $0.000000001\n" in explain(receipt, proofs, each=True)


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("fallback", "fallback: an earlier attempt failed; rule 'hard-bugs'; rank balanced"),
        ("budget", "budget: so much of a budget is used that it narrows the choice; rule 'hard-bugs'; rank balanced"),
    ],
)
def test_another_cause_than_the_rule_has_the_rule_behind_it(cause: Any, expected: str) -> None:
    """S2.02: what decided comes first, which rule held comes after it."""
    assert words_decision.cause(replace(DECISION, cause=cause)) == expected


def test_a_margin_is_told() -> None:
    """S6.03: by how much of the limit it failed; next to nothing is not told as 0%."""
    shown = explain(*with_values(("0.42", 160_000), ("0.4999999", 1)))
    assert "b/m0  filtered: quality 0.42 < 0.5 by 16% (base.yaml:12)" in shown
    assert "b/m1  filtered: quality 0.4999999 < 0.5 (base.yaml:12)" in shown


FLIP = Flip("limit", "quality >= 0.5", FLOOR, "0.5", "0.48", 40_000, "a/small")


def test_the_smallest_change_that_would_have_chosen_otherwise() -> None:
    """S6.04: what, where, from what to what, by how much, and who is chosen then."""
    said = {
        FLIP: "quality >= 0.5 (base.yaml:12): 0.48 instead of 0.5, a change of 4%, and a/small is chosen",
        Flip("weight", "cost", FLOOR, "0.4", "0.45", 125_000, "a/b"): (
            "the weight of cost (base.yaml:12): 0.45 instead of 0.4, a change of 12.5%, and a/b is chosen"
        ),
        Flip("fact", "quality of a/b", None, "0.4", "0.401", 1, "a/b"): (
            "quality of a/b: 0.401 instead of 0.4, a change of less than 0.1%, and a/b is chosen"
        ),
        Flip("none", "not known: because"): "not known: because",
        Flip("claim", "the call's ceiling on price.input", None, "$2.4/MTok", "$2.5/MTok", 41_667, "a/b"): (
            "the call's ceiling on price.input: $2.5/MTok instead of $2.4/MTok, a change of 4.2%, and a/b is chosen"
        ),
        Flip("none"): (
            "none found among limits, conditions, budgets, weights, scales, shares, the call's ceilings and facts of "
            "targets, each alone and up to eleven times what it is"
        ),
    }
    for flip, text_of in said.items():
        shown = " ".join(explain(*simple(), flips=(flip,)).split())
        assert f"Smallest change that would have chosen otherwise: {text_of}" in shown


def test_the_terms_of_the_winners_score() -> None:
    """S2.05: each with what was observed, and what it adds."""
    receipt, (proof,) = simple()
    terms = (ScoreTerm("quality", 400_000, 600_000, "0.6"), ScoreTerm("estimated.cost", 600_000, 500_000, "$0.002"))
    shown = explain(receipt, (replace(proof, candidates=(replace(CLAUDE, terms=terms), GPT)),))
    assert (
        "  Its score is the sum of\n"
        "    quality         0.6: utility 0.6 x weight 0.4 = 0.24\n"
        "    estimated.cost  $0.002: utility 0.5 x weight 0.6 = 0.3\n"
    ) in shown


def test_what_the_call_claims_and_what_the_world_says() -> None:
    """S3.29, S5.01: claims, override, budgets, and how likely the choice was, a line each."""
    context = Context(
        narrow=Narrow(only=("openai",), max_input_price=5 * 10**9), strategy="fastest", preference="quality"
    )
    forced = Override("ov_1", "openai/gpt-4o", "ops", "outage", 9, (("department", "rd"),))
    asked = replace(QUESTION, context=context, intent="cheap", override=forced, withheld=("mode",))
    world = Snapshot(used=(("user/day", 810_000),), limited=(("limit.target", "a/b"), ("limit.user", "")),
                     refused=(("budget.user", "a/c"),), warm=("a/d", 1_500))  # fmt: skip
    chosen = replace(
        DECISION, rank="fastest", cause="budget", aside="budget.user", chance="canary", propensity_ppm=100_000
    )
    event = replace(
        ATTEMPTING, question=asked, decided=replace(DECIDED, question=asked, snapshot=world, decision=chosen)
    )
    shown = explain(fold([attempt_record(event, str)]), ())
    for line in (
        "  narrowed to   only openai; input at most $5.00/MTok\n",
        "  intent        cheap\n",
        "  not followed  mode: the policy does not grant it\n",
        "  override      openai/gpt-4o, by ops, for department rd: outage (ov_1)\n",
        "  set aside     the shortlist of rule 'hard-bugs' gave way to the tier that budget.user leaves\n",
        "  rank          fastest: the lowest estimated latency (the call's strategy)\n",
        "  chance        a share of the calls goes to the canary; this one with probability 10%\n",
        "  budgets used  user/day 81%\n",
        "  limits hit    limit.target of a/b, limit.user\n",
        "  no room       budget.user (81% used): 1 did not fit\n",
        "  warm cache    a/d, about 1,500 tokens of the prompt\n",
    ):
        assert line in shown


def test_an_override_that_was_not_followed_says_why() -> None:
    """S3.29: the first rule that it fails beside the list that it would have set aside."""
    forced = Override("ov_1", "groq/slow", "ops", "outage", 9)
    asked = replace(QUESTION, override=forced)
    listed = Rejection("rule.hard-bugs", "target", "in", "groq/slow", "rule hard-bugs", Source("p.yaml", 4, 5))
    priced = Rejection("price.input <= 5 USD/MTok", "price.input", "<=", "$10/MTok", "$5/MTok", Source("p.yaml", 6, 5))
    row = CandidateProof("groq/slow", "rejected", None, (), (listed, priced), None)
    said = "not followed: groq/slow: "
    assert unforced(DECISION, asked, (row,)) == [("override", f"{said}price.input $10/MTok > $5/MTok (p.yaml:6)")]
    assert unforced(DECISION, asked, (replace(row, rejections=(listed,)),)) == [
        ("override", f"{said}not on the list of rule hard-bugs (p.yaml:4)")
    ]
    assert unforced(DECISION, asked, (replace(row, target="groq/quick"),)) == [
        ("override", f"{said}the catalog has no such target")
    ]
    assert unforced(replace(DECISION, aside="override"), asked, (row,)) == unforced(DECISION, QUESTION, (row,)) == []
    event = replace(ATTEMPTING, question=asked, decided=replace(DECIDED, question=asked))
    assert f"  override      {said}it could not answer this call\n" in explain(fold([attempt_record(event, str)]), ())


def test_the_json_has_the_selection_and_the_flip() -> None:
    """S2.14, S6.04: its cause, how likely it was, who stands by, and the change with its parts."""
    document = json.loads(explain(*simple(), format="json", flips=(FLIP,), catalog="packaged"))
    assert document["policy"] == {"name": "default", "fingerprint": "f" * 64}
    assert document["catalog"] == {"name": "packaged", "fingerprint": "c" * 64}
    (proof,) = document["proofs"]
    told = ("selected", "standby", "cause", "rule", "because", "rank", "chance", "propensity_ppm", "aside")
    assert [proof[name] for name in told] == [
        "anthropic/claude", ["openai/gpt-4o"], "rule", "hard-bugs", "a person waits", "balanced", "", 1_000_000, None,
    ]  # fmt: skip
    assert proof["flip"] == {
        "kind": "limit",
        "what": "quality >= 0.5",
        "source": {"file": "policies/base.yaml", "line": 12, "column": 3},
        "from": "0.5",
        "to": "0.48",
        "change_ppm": 40_000,
        "selected": "a/small",
        "text": "quality >= 0.5 (base.yaml:12): 0.48 instead of 0.5, a change of 4%, and a/small is chosen",
    }
    assert "  catalog       packaged  cccc" in explain(*simple(), catalog="packaged")


def keys_of(value: object) -> set[str]:
    """Every key below ``value``."""
    match value:
        case dict():
            return set(value) | {key for item in value.values() for key in keys_of(item)}
        case list():
            return {key for item in value for key in keys_of(item)}
        case _:
            return set()


def test_the_shape_of_the_json_is_documented() -> None:
    """S2.14: docs/receipts.md names every key beside the receipt's own."""
    page = (Path(__file__).parents[3] / "docs" / "receipts.md").read_text(encoding="utf-8")
    shape = page[page.index("### explanation/v1") : page.index("## receipt/v1")]
    content = json.loads(explain(*with_values(("0.42", 160_000)), format="json", flips=(FLIP,)))
    named = keys_of({name: value for name, value in content.items() if name != "receipt"}) | {"receipt"}
    assert [key for key in sorted(named) if f"`{key}`" not in shape and f".{key}`" not in shape] == []
