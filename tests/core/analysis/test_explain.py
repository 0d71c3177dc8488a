"""The explanation of a receipt: everything of the sketch is there, in every format, and nothing is claimed."""

from __future__ import annotations

import json
from dataclasses import replace

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
from waypost.core.analysis.explain import explain
from waypost.core.analysis.layout import Fields, Heading, Layout, Line, Rows, markdown, text
from waypost.core.model.decision import CandidateProof, Decision, Passed, Proof, Rejection, Source
from waypost.core.model.events import Settled
from waypost.core.model.receipt import Receipt, attempt_record, fold, settled_record

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
  request       complex, debugging, ~230 tokens in, ~400 out, at most 512 out, en, python
  needs         tools
  context       department rd, user ann@example.org, workflow triage, team core

DECISION
  selected      anthropic/claude  score 0.54
  cause         rule 'hard-bugs': a rule of the policy matched; rank balanced
  because       a person waits
  Reason: it passed
    tools ok
    quality 0.61 >= 0.5  (base.yaml:12)
  Ahead of (parts of the score from 0 to 1: weight times utility, neither dollars nor seconds)
    openai/gpt-4o  score 0.54 > 0.51
  Rejected (2)
    a/small  filtered: quality 0.48 < 0.5 (base.yaml:12)
    a/tiny   filtered: no tools; quality 0.42 < 0.5 (base.yaml:12); cheaper, about $0.00009

FALLBACK: STANDBY CASCADE, NOT TRIGGERED THIS RUN
  openai/gpt-4o

OUTCOME
  latency       1.00 s
  tokens        230 in (30 from cache), 99 out
  cost          $0.001565 (computed, prices of 2026-01-01)
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
    assert "b/dull filtered: not in rule hard-bugs (base.yaml:12); quality 0.48 < 0.5 (base.yaml:12)" in shown
    assert (
        "4 candidates filtered: not in rule hard-bugs (base.yaml:12); 1 cheaper, the cheapest b/m0, about $0.001: "
        "b/ m0, m1, m2, m3 "
    ) in shown
    assert "4 candidates filtered: not in rule hard-bugs (base.yaml:12); no credentials; 1 cheaper" in shown
    assert "A row for each of them: `waypost explain ID --all`" in shown


def test_each_has_its_row_where_that_is_wanted_or_they_are_few() -> None:
    """--all, three or fewer, and JSON in any case."""
    few, each = explain(*crowded(3)), explain(*crowded(4), each=True)
    assert "candidates" not in few + each
    assert "    b/m2     filtered: not in rule hard-bugs (base.yaml:12)\n" in few
    assert "    c/m3     filtered: no credentials for mistral; not in rule hard-bugs (base.yaml:12)\n" in each
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


def test_nobody_survived_shows_every_rejection() -> None:
    """S2.07: the rows are there when they are needed most."""
    none = replace(DECISION, order=(), scores=(), selected=None, survivors=0, rule=None, because=None)
    settlement = replace(SETTLEMENT, outcome="rejected", usage=None, attempts=(), baselines=())
    event = Settled(STARTED, QUESTION, replace(DECIDED, decision=none), (), settlement)
    shown = explain(fold([settled_record(event, str)]), (Proof(none, (SMALL, TINY), (), ()),))
    assert "rejected: no candidate survived" in shown
    assert "  selected      nobody: no candidate survived\n" in shown
    assert "Rejected (2)" in shown


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
