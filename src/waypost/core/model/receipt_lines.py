"""What is written of a call: a journal's line before each send, at an attempt's end, and at settlement.

`attempt_line` and `settled_line` turn events into the journal's records; `attempt_record` and `settled_record` read
them back. `waypost.core.model.receipt_fold` makes a receipt of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from waypost.core.model import line as txt
from waypost.core.model.events import Attempted, Attempting, InternalError, Settled
from waypost.core.model.kept import Kept, kept_record

Pseudonym: TypeAlias = Callable[[str], str]


def attempt_line(event: Attempting, pseudonym: Pseudonym, trace_id: str | None = None) -> str:
    """The JSON object that the journal is given before a send. ``pseudonym`` replaces user and session."""
    call, asked = event.started, event.question if event.decided is None else event.decided.question
    return (
        f'{txt.head_text("attempt", call.receipt)},"call":{txt.call_text(call)}'
        f',"attempt":{txt.begun_text(event.attempt)}}}'
        + txt.optional_text("host", event.host)
        + txt.optional_text("port", event.port)
        + txt.optional_text("trace_id", trace_id)
        + ("" if asked is None else f',"question":{txt.question_text(asked, call, pseudonym)}')
        + ("" if event.decided is None else txt.decided_text(event.decided))
        + "}"
    )


def attempted_line(event: Attempted) -> str:
    """The end of one attempt, for failed hops to be known even where the process dies before it settles."""
    head = txt.head_text("attempted", event.attempting.started.receipt)
    return f'{head},"attempt":{txt.ended_text(event.attempt)}}}'


def settled_line(event: Settled, pseudonym: Pseudonym, trace_id: str | None = None, *, alone: bool = False) -> str:
    """The JSON object that the journal is given at the end; holds the last decision where that was never sent.

    ``alone`` says that some attempt of this receipt could not be journalled, so that this record must do without.
    """
    call = event.started
    alone = alone or not event.attempts
    settlement, past = event.settlement, event.settlement.attempts[:-1]
    ends = [txt.ended_text(attempt, alone=alone) for attempt in past]
    ends += [txt.ended_text(last, alone=alone, settlement=settlement) for last in settlement.attempts[-1:]]
    out = f'{txt.head_text("settled", call.receipt)},"settlement":{txt.settlement_text(settlement)}'
    out += f',"attempts":[{",".join(ends)}]{txt.optional_text("trace_id", trace_id)}'
    if alone:
        out += f',"call":{txt.call_text(call)}'
    sent = event.attempts[-1].attempting.decided if event.attempts else None
    unsent = event.decided if event.decided is not sent else None
    asked = event.question if unsent is None else unsent.question
    if asked is not None and (alone or unsent is not None):
        out += f',"question":{txt.question_text(asked, call, pseudonym)}'
    if unsent is not None:
        out += txt.decided_text(unsent)
    return out + "}"


def content_line(receipt: str, kept: Kept) -> str:
    """What is kept of a call, told once it is there; the record holds none of it."""
    names = {"kind": "content", "receipt": receipt, "content": kept_record(kept)}
    return json.dumps(names, separators=(",", ":"))


def fault_line(event: InternalError) -> str:
    """Something of ours that broke, for `waypost doctor` to count in another process."""
    names = {"kind": "fault", "receipt": event.receipt or "", "layer": event.layer, "error": event.error}
    return json.dumps(names, separators=(",", ":"))


def attempt_record(event: Attempting, pseudonym: Pseudonym, trace_id: str | None = None) -> dict[str, Any]:
    """`attempt_line` as it is read back."""
    record: dict[str, Any] = json.loads(attempt_line(event, pseudonym, trace_id))
    return record


def settled_record(
    event: Settled, pseudonym: Pseudonym, trace_id: str | None = None, *, alone: bool = False
) -> dict[str, Any]:
    """`settled_line` as it is read back."""
    record: dict[str, Any] = json.loads(settled_line(event, pseudonym, trace_id, alone=alone))
    return record
