"""Receipts: events to journal lines, lines to a receipt, a receipt to the published form and back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings

from receipt_cases import (
    AGAIN,
    ANSWERED,
    ATTEMPTING,
    ATTEMPTING_2,
    DECIDED,
    DECISION,
    FAILED,
    FIRST,
    QUESTION,
    RECEIPT,
    SETTLED,
    SETTLEMENT,
    SNAPSHOT,
    STARTED,
    calls,
)
from waypost.core.model.events import Attempted, Attempting, Settled
from waypost.core.model.question import Context, Narrow, Override, Snapshot
from waypost.core.model.receipt import SCHEMA, Receipt
from waypost.core.model.receipt_fold import fold, receipt_of
from waypost.core.model.receipt_lines import attempt_line, attempt_record, attempted_line, settled_line, settled_record
from waypost.core.model.record_question import context_record


def keep(user: str) -> str:
    return user


def records_of(sends: tuple[Attempting, ...], settled: Settled) -> list[dict[str, object]]:
    return [*(attempt_record(send, keep) for send in sends), settled_record(settled, keep)]


@given(call=calls())
@settings(max_examples=80)
def test_any_call_comes_back_from_its_journal_lines_exactly(call: tuple[tuple[Attempting, ...], Settled]) -> None:
    """S2.01, S2.16: question, snapshot, decision, attempts and settlement are rebuilt as the records they were."""
    sends, settled = call
    receipt = fold(records_of(sends, settled))
    assert receipt.call == settled.started
    assert receipt.settlement == settled.settlement
    sent = receipt.hops[: len(sends)]
    assert tuple(hop.attempt for hop in sent) == settled.settlement.attempts
    assert [hop.decision for hop in sent] == [send.decided and send.decided.decision for send in sends]
    assert [hop.snapshot for hop in sent] == [send.decided and send.decided.snapshot for send in sends]
    unsent = settled.decided is not None and not (sends and sends[-1].decided is settled.decided)
    assert len(receipt.hops) == len(sends) + unsent
    if unsent and settled.decided is not None:
        assert receipt.hops[-1].decision == settled.decided.decision
        assert receipt.hops[-1].attempt is None
    if settled.question is not None:
        assert receipt.question == settled.question


@given(call=calls())
@settings(max_examples=80)
def test_published_form_round_trips_through_json(call: tuple[tuple[Attempting, ...], Settled]) -> None:
    """S2.14, S2.22: ``receipt/v1`` holds all that the receipt holds."""
    receipt = fold(records_of(*call))
    assert receipt_of(json.loads(json.dumps(receipt.to_dict()))) == receipt


@given(call=calls())
@settings(max_examples=30)
def test_order_and_repetition_of_records_do_not_matter(call: tuple[tuple[Attempting, ...], Settled]) -> None:
    """S6.06: folding is idempotent, so a record that is read twice changes nothing."""
    records = records_of(*call)
    assert fold([*reversed(records), *records]) == fold(records)


def routed() -> Receipt:
    return fold(records_of((ATTEMPTING, ATTEMPTING_2), SETTLED))


def test_a_fallback_makes_two_hops_each_with_its_decision() -> None:
    """S2.02, S2.08: every hop carries the decision that was made again on what was left."""
    receipt = routed()
    assert [hop.decision for hop in receipt.hops] == [DECISION, AGAIN]
    assert [hop.snapshot for hop in receipt.hops] == [SNAPSHOT, SNAPSHOT]
    assert [hop.attempt for hop in receipt.hops] == [FAILED, ANSWERED]
    assert [hop.selected for hop in receipt.hops] == ["anthropic/claude", "openai/gpt-4o"]
    assert receipt.question == QUESTION
    assert receipt.settlement == SETTLEMENT
    assert (receipt.status, receipt.answered, receipt.policy, receipt.mode) == ("ok", ANSWERED, "default", "route")


def test_without_a_settlement_the_receipt_is_open() -> None:
    """S6.06: killed between decision and answer, the receipt is there and says so."""
    receipt = fold([attempt_record(ATTEMPTING, keep)])
    assert (receipt.status, receipt.settlement, receipt.answered) == ("open", None, None)
    assert receipt.hops[0].attempt == FIRST
    assert receipt.to_dict()["status"] == "open"


def test_a_failed_attempt_is_known_before_settlement_where_it_was_journalled() -> None:
    """An `attempted` record ends an attempt of a receipt that is still open."""
    record = json.loads(attempted_line(Attempted(ATTEMPTING, FAILED)))
    receipt = fold([attempt_record(ATTEMPTING, keep), record])
    assert (receipt.status, receipt.hops[0].attempt) == ("open", FAILED)


def test_nobody_survived_leaves_a_decision_without_an_attempt() -> None:
    """S2.01: a call that no candidate survived has its receipt too, with question and decision."""
    nobody = replace(DECIDED, decision=replace(DECISION, order=(), scores=(), selected=None, survivors=0))
    settlement = replace(SETTLEMENT, outcome="rejected", usage=None, attempts=(), baselines=())
    receipt = fold([settled_record(Settled(STARTED, QUESTION, nobody, (), settlement), keep)])
    assert receipt.status == "rejected"
    assert [(hop.decision, hop.attempt, hop.selected) for hop in receipt.hops] == [(nobody.decision, None, None)]
    assert receipt.question == QUESTION


def test_a_settlement_that_stands_alone_carries_the_whole_attempts() -> None:
    """S2.21: where the disk refused the first record, the second one still makes a receipt."""
    receipt = fold([settled_record(SETTLED, keep, alone=True)])
    assert [hop.attempt for hop in receipt.hops] == [FAILED, ANSWERED]
    assert (receipt.settlement, receipt.question) == (SETTLEMENT, QUESTION)


def test_a_person_appears_as_a_pseudonym_only() -> None:
    """The identifier of ``context.user`` is replaced before anything is written, in both records."""
    lines = [
        attempt_line(ATTEMPTING, lambda user: "p:" + str(len(user))),
        settled_line(SETTLED, lambda user: "p:" + str(len(user)), alone=True),
    ]
    assert [("ann" in line, '"user":"p:15"' in line) for line in lines] == [(False, True), (False, True)]


def test_a_line_stays_one_ascii_line() -> None:
    """Line breaks, lone surrogates and quotes of a caller cannot break out of a journal line."""
    nasty = replace(STARTED, requested='x"\n\r\u2028\ud800', request_id='"}\n{')
    line = attempt_line(replace(ATTEMPTING, started=nasty, decided=None), keep, trace_id="0af7")
    assert line.isascii()
    assert "\n" not in line
    receipt = fold([json.loads(line)])
    assert (receipt.call, receipt.trace_id) == (nasty, "0af7")


def test_records_carry_their_place_in_the_journal() -> None:
    """DESIGN §9: a hop names its journal and seq, and so does the settlement."""
    records = [
        {**attempt_record(ATTEMPTING, keep), "seq": 7, "journal": "boot-1-x"},
        {**attempt_record(ATTEMPTING_2, keep), "seq": 8, "journal": "boot-1-x"},
        {**settled_record(SETTLED, keep), "seq": 9, "journal": "boot-1-x"},
    ]
    receipt = fold(records)
    assert [(hop.journal, hop.journal_seq) for hop in receipt.hops] == [("boot-1-x", 7), ("boot-1-x", 8)]
    assert receipt.settled_seq == 9
    assert receipt_of(receipt.to_dict()) == receipt


def test_unknown_kinds_and_keys_are_passed_over() -> None:
    """S2.22: records of a newer writer stay readable."""
    newer = attempt_record(ATTEMPTING, keep) | {"later": 1}
    newer["question"]["features"]["later"] = 1
    newer["question"]["context"]["later"] = 1
    receipt = fold([newer, {"kind": "feedback", "receipt": RECEIPT, "score": 1}])
    assert receipt.question == QUESTION


def test_fold_refuses_what_is_not_one_receipt() -> None:
    """Records of two receipts, or none at all, are a caller's error."""
    other = attempt_record(replace(ATTEMPTING, started=replace(STARTED, receipt="wp_" + "00" * 16)), keep)
    with pytest.raises(ValueError, match="2 receipts"):
        fold([attempt_record(ATTEMPTING, keep), other])
    with pytest.raises(ValueError, match="0 receipts and no call"):
        fold([])
    with pytest.raises(ValueError, match="1 receipts and no call"):
        fold([settled_record(SETTLED, keep)])


def test_another_schema_is_refused() -> None:
    """S2.22: the version of the form is checked."""
    with pytest.raises(ValueError, match="receipt/v9"):
        receipt_of({**routed().to_dict(), "schema": "receipt/v9"})
    assert routed().to_dict()["schema"] == SCHEMA


def test_a_session_appears_as_a_pseudonym_only() -> None:
    """It names a person as much as ``context.user`` does; labels are the user's own facts and stay."""
    context = Context(session="ann-laptop-7", labels={"team": "core"})
    asked = replace(QUESTION, context=context)
    decided = replace(DECIDED, question=asked)
    lines = [
        attempt_line(replace(ATTEMPTING, question=asked, decided=decided), lambda text: "p:" + str(len(text))),
        settled_line(replace(SETTLED, question=asked, decided=decided), lambda text: "p:" + str(len(text)), alone=True),
    ]
    found = [json.loads(line)["question"]["context"] for line in lines]
    assert found == [{"session": "p:12", "labels": {"team": "core"}}] * 2
    assert context_record(context, lambda text: "p:" + str(len(text))) == found[0]


def narrowed() -> tuple[Attempting, Settled]:
    """A call that says all that a call can say, in a world where all is reached, under an override."""
    context = Context(user="ann@example.org", strategy="fastest", narrow=Narrow(("gpt-*",), (), ("groq",), 3, 4))
    scope = (("department", "rd"), ("session", "ann-laptop-7"), ("user", "ann@example.org"))
    override = Override("ov_1", "openai/gpt-4o", "ops", "outage at the other", 9, scope)
    asked = replace(QUESTION, context=context, intent="cheap", override=override, withheld=("mode", "policy"))
    world = Snapshot(
        used=(("user/day", 810_000),),
        limited=(("limit.user", ""), ("limit.target", "a/tiny")),
        refused=(("budget.user", "a/small"),),
        warm=("openai/gpt-4o", 800),
    )
    chosen = replace(DECISION, cause="override", chance="canary", aside="override", propensity_ppm=100_000)
    decided = replace(DECIDED, question=asked, snapshot=world, decision=chosen)
    return replace(ATTEMPTING, question=asked, decided=decided), replace(SETTLED, question=asked, decided=decided)


def test_what_a_call_claims_and_what_was_forced_on_it_come_back() -> None:
    """S3.29, S5.01: claims, override, budgets and chance are on the receipt as they were."""
    sent, _ = narrowed()
    receipt = fold([attempt_record(sent, keep)])
    assert sent.decided is not None
    assert (receipt.question, receipt.hops[0].snapshot) == (sent.question, sent.decided.snapshot)
    assert receipt.hops[0].decision == sent.decided.decision
    assert receipt_of(json.loads(json.dumps(receipt.to_dict()))) == receipt


def test_the_scope_of_an_override_names_nobody() -> None:
    """Users and sessions that an override is for are pseudonyms; the other facts of its scope stay."""
    lines = [
        attempt_line(narrowed()[0], lambda user: "p:" + str(len(user))),
        settled_line(narrowed()[1], lambda user: "p:" + str(len(user)), alone=True),
    ]
    scopes = [json.loads(line)["question"]["override"]["scope"] for line in lines]
    assert scopes == [[["department", "rd"], ["session", "p:12"], ["user", "p:15"]]] * 2
    assert [("ann" in line) for line in lines] == [False, False]


def test_what_is_at_its_default_is_not_written() -> None:
    """S2.14: a plain call's lines have no member for anything that it does not use."""
    absent = ("narrow", "strategy", "intent", "override", "withheld", "used", "limited", "refused", "warm", "chance")
    line = attempt_line(ATTEMPTING, keep)
    assert [name for name in (*absent, "aside") if f'"{name}":' in line] == []
