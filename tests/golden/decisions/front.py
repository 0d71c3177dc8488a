"""Vectors of ranks that put some in front: an advisor's, and the order of the rule's list."""

from __future__ import annotations

from typing import Any

from golden.decisions.world import Vector, budget, rule

POOL = ["openai/mid", "groq/mid", "anthropic/small"]


def advisor(behind: str = "cheapest", **weights: int) -> dict[str, Any]:
    """A rank by the advisor ``wise``."""
    rank = {"strategy": "advisor", "weights": weights, "behind": behind, "advisor": "wise", "within_ns": 300_000_000}
    return {"rank": rank}


def listed(behind: str = "cheapest", *rules: dict[str, Any]) -> dict[str, Any]:
    """A rank by the rule's list."""
    return {"rank": {"strategy": "listed", "weights": {}, "behind": behind}, "rules": list(rules)}


def advice(*picks: tuple[str, int], name: str = "wise", **parts: Any) -> dict[str, Any]:
    """What an advisor said, as on a receipt."""
    said = {"advisor": name, "version": "wise/1", "took_ns": 0, **parts}
    return {"advice": {**said, "picks": [list(pick) for pick in picks]} if picks else said}


FRONT = (
    Vector(
        "advised",
        "Whom the advice names comes first, by its scores; the others by the rank behind, without a score.",
        advisor(),
        advice(("groq/mid", 300_000), ("openai/large", 900_000)),
    ),
    Vector(
        "advice-not-as-it-should-be",
        "The first of two scores counts, one out of range names nobody, nobody knows `gone/x`; a tie goes to the id.",
        advisor(),
        advice(
            ("openai/mid", 100_000),
            ("openai/mid", 900_000),
            ("openai/large", 1_000_001),
            ("groq/mid", -1),
            ("gone/x", 800_000),
            ("anthropic/small", 100_000),
        ),
    ),
    Vector("advice-failed", "Without a pick the rank behind decides, as if it were the policy's.", advisor("best"),
           advice(failure="timeout")),
    Vector("advice-of-another", "Another advisor's is not this rank's.", advisor("best"),
           advice(("groq/mid", 900_000), name="other")),
    Vector("not-asked", "Nor is there one where nobody was asked; the weights are those of the rank behind.",
           advisor("weighted", cost=600_000, quality=400_000)),
    Vector(
        "advice-for-the-rejected",
        "It names only who did not survive: the rank stays its own, the cause does not.",
        {**advisor("best"), "filter": [{"rule": "quality <= 0.8", "when": None, "because": None}]},
        advice(("openai/large", 900_000)),
    ),
    Vector(
        "preference-over-advice",
        "A preference of the call stands above the policy's rank, also above an advisor.",
        advisor(),
        {**advice(("openai/large", 900_000)), "context": {"preference": "cost"}},
    ),
    Vector(
        "advice-on-a-hop",
        "What was tried is out; the next of the advice is first.",
        advisor(),
        advice(("groq/mid", 300_000), ("openai/large", 900_000)),
        tried=("openai/large",),
    ),
    Vector("listed", "The order of the matched rule's list; the score is the place.",
           listed("cheapest", rule("pool", use=[*POOL, "gone/x", "openai/mid"]))),
    Vector("listed-place", "Who is in no catalog keeps its place on the list.",
           listed("cheapest", rule("pool", use=["gone/x", *POOL]))),
    Vector("listed-without-a-list", "A rule without a list, and the rank behind decides.",
           listed("best", rule("open", because="everybody"))),
    Vector(
        "listed-set-aside",
        "A budget's tier takes the place of the shortlist; those of the list come first among whom it leaves.",
        {**listed("best", rule("pool", use=["openai/large", "openai/mini"])),
         "budgets": [budget("user", (80, "fast_cheap"))]},
        {"context": {"user": "ana"}},
        {"used": [["user/day", 850_000]]},
    ),
)  # fmt: skip
