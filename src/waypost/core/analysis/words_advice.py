"""What an advisor said of a call, in words."""

from __future__ import annotations

from waypost.core.analysis.words_numbers import duration, micro
from waypost.core.model.advice import Advice, AdviceFailure

WITHOUT: dict[AdviceFailure, str] = {
    "timeout": "it did not answer in time",
    "error": "it failed",
    "malformed": "its answer could not be read",
    "empty": "it named nobody who may answer",
    "resting": "it failed again and again, and is left alone for a while",
    "missing": "this process has no advisor of that name",
    "unasked": "it was not asked, because fewer than two candidates were left",
}
NAMED = 3
"""So many of the picks are told."""


def advice(said: Advice) -> str:
    """``heuristic (heuristic/1): openai/o1 0.81, openai/o3 0.8 and 14 more; complex debugging: ...; in 80 us``."""
    who = f"{said.advisor} ({said.version})" if said.version else said.advisor
    if said.failure is not None:
        return f"none of {who}: {WITHOUT[said.failure]}; ranked as the policy says for that"
    picks = ", ".join(f"{target} {micro(score)}" for target, score in said.picks[:NAMED])
    more = f" and {len(said.picks) - NAMED} more" if len(said.picks) > NAMED else ""
    because = f"; {said.because}" if said.because else ""
    took = f"; in {duration(said.took_ns)}" if said.took_ns else ""
    return f"{who}: {picks or 'nobody'}{more}{because}{took}"
