"""What the error of a call for which nobody survived says of each candidate, and of many at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from waypost.core.model.decision import CandidateProof, Rejection
from waypost.core.model.outcome import Attempt, Failure
from waypost.core.routing.nobody import MAX_LINES, failed, near_first

BROKEN = Rejection("breaker", "", "", "", "")


def low(quality: str) -> Rejection:
    return Rejection("quality >= 0.9", "quality", ">=", quality, "0.9")


def off(*more: Rejection) -> tuple[Rejection, ...]:
    return (Rejection("rule.claude", "target", "in", "x", "rule claude"), *more)


def rejected(name: str, *rejections: Rejection) -> CandidateProof:
    return CandidateProof(name, "rejected", None, (), rejections, None)


def test_of_few_each_has_a_line() -> None:
    """Who was on the list comes first, and says how many rules it fails beside the one that is shown."""
    rows = [rejected(f"p/{n}", *off()) for n in range(MAX_LINES - 1)]
    told = list(near_first([*rows, rejected("p/near", low("0.5"), BROKEN)]))
    assert told[0] == "p/near: quality 0.5 < 0.9 (and 1 more)"
    assert told[1:] == [f"p/{n}: not on the list of rule claude" for n in sorted(map(str, range(MAX_LINES - 1)))]


def test_of_many_those_that_were_near_have_one_and_the_others_are_counted() -> None:
    """The caller reads who could have answered, not a catalog; groups are told by the rule that they fail first."""
    rows = [rejected(f"p/off{n}", *off(low("0.1"))) for n in range(100)]
    assert list(near_first([*rows, rejected("p/b", BROKEN), rejected("p/a", low("0.5"))])) == [
        "p/a: quality 0.5 < 0.9",
        "p/b: breaker open",
        "100 others: not on the list of rule claude",
    ]


def test_where_nobody_was_near_those_that_fail_the_fewest_are_shown() -> None:
    """What differs among the others is said by the line that they fail; a group of one has its name."""
    rows = [rejected(f"p/{n:02}", low(f"0.{n:02}")) for n in range(10, 30)]
    far = [rejected("p/far", Rejection("region == eu", "region", "==", "us", "eu"), low("0.1"))]
    told = list(near_first([*far, *rows]))
    assert told[:2] == ["p/10: quality 0.10 < 0.9", "p/11: quality 0.11 < 0.9"]
    assert told[MAX_LINES:] == ["8 others: fail quality >= 0.9", "p/far: region us != eu"]


@pytest.mark.parametrize(
    ("target", "shown"), [("google/gemini-x", "google/gemini-x"), (None, "gcp.gemini/models/gemini-x")]
)
def test_attempts_are_named_as_a_policy_names_them(target: str | None, shown: str) -> None:
    """What an error names can be written into a policy; only who is no target has the provider's own name."""
    why = Failure("server_error", 503)
    tried = Attempt(
        1, target, "gcp.gemini", "models/gemini-x", "google.generate_content", "primary", 0, 2_000_000, failure=why
    )
    stage: Any = SimpleNamespace(call=SimpleNamespace(receipt="wp_1"))
    error: Any = failed(stage, [tried, tried], why, None)

    assert error.message == f"waypost: {shown} failed: server_error (receipt wp_1)"
    assert error.notes[0] == f"waypost: attempt 1/2 {shown}: server_error (503) after 2 ms"


def test_who_is_named_by_the_call_itself_comes_first() -> None:
    """A caller who narrows the call wants to know of those, not that the others are not named."""
    above = Rejection("need.sampling.temperature.above_1", "", "", "absent", "")
    only = Rejection("call.only", "target", "in", "x", "anthropic")
    others = [rejected(f"google/{n:02}", only) for n in range(11)]
    both = [rejected(f"groq/{n}", above, only) for n in range(3)]
    meant = [rejected(f"anthropic/{n}", above) for n in range(6)]
    assert list(near_first([*others, *both, *meant])) == [
        *[f"anthropic/{n}: takes no temperature above 1" for n in range(6)],
        "14 others: not named by the call's only anthropic",
    ]


def test_where_the_call_leaves_out_everybody_nobody_is_put_first() -> None:
    """Then it is told as ever."""
    only = Rejection("call.only", "target", "in", "x", "nobody")
    assert list(near_first([rejected("p/a", only)])) == ["p/a: not named by the call's only nobody"]
