"""Vectors of setting aside, ranking, affinity, selecting, envelopes, and which policy answers in which mode."""

from __future__ import annotations

from golden.decisions.world import SCALES, Vector, budget, line, ranked, rule, taken

BEST = ranked("best")
AT_FULL = {"used": [["user/day", 1_000_000]]}
FORCED = {
    "id": "o1",
    "target": "anthropic/small",
    "author": "ana",
    "reason": "incident 7",
    "until_ns": 2_000_000_000_000_000_000,
}
BY_RULE = {"rules": [rule("strong", use=["anthropic/large", "openai/large", "openai/mid"], because="It matters.")]}
HEAVY = {"features": {"tokens_input": 8192, "tokens_output": 16}}

ASIDE = (
    Vector(
        "override",
        "A forced target takes the place of the rule's shortlist; its reason is the decision's, the rule stays named.",
        {**BEST, **BY_RULE},
        {"override": FORCED},
    ),
    Vector(
        "override-of-the-rejected",
        "Where a hard rule rejects the forced target, the override is left out.",
        {**BEST, **BY_RULE, "filter": [line("quality >= 0.6")]},
        {"override": FORCED},
    ),
    Vector(
        "override-after-a-hop",
        "A forced target that was tried does not apply again.",
        {**BEST, **BY_RULE},
        {"override": FORCED},
        tried=("anthropic/small",),
    ),
    Vector(
        "tier-of-the-policy",
        "A budget's tier is the policy's own of that name.",
        {**BEST, "tiers": {"fast_cheap": ["openai/mini"]}, "budgets": [budget("user", (100, "fast_cheap"))]},
        snapshot=AT_FULL,
    ),
    Vector(
        "tier-of-the-catalog",
        "Else it is the catalog's, with those below it on the ladder; the shortlist of the rule is set aside.",
        {**BEST, **BY_RULE, "budgets": [budget("user", (100, "fast_cheap"))]},
        snapshot=AT_FULL,
    ),
    Vector(
        "downgrade",
        "One tier below that of the best, or more.",
        {**BEST, **BY_RULE, "budgets": [budget("user", (80, "downgrade"), (100, "fail"))]},
        snapshot={"used": [["user/day", 990_000]]},
    ),
    Vector(
        "downgrade-of-the-cheap",
        "Where only the local tier lies below, it does not apply.",
        {**BEST, "filter": [line("tier == fast_cheap")], "budgets": [budget("user", (80, "downgrade"))]},
        snapshot=AT_FULL,
    ),
    Vector(
        "beside",
        "Where the best is allowed anyway nothing is set aside, and the others fail beside the rule's shortlist.",
        {**BY_RULE, "budgets": [budget("user", (100, "balanced"))]},
        snapshot=AT_FULL,
    ),
    Vector(
        "strictest",
        "Of several budgets the one that allows the fewest.",
        {
            **BEST,
            "budgets": [
                budget("policy", (50, "balanced")),
                budget("user", (100, "local")),
                budget("all", (1, "powerful")),
            ],
        },
        snapshot={"used": [["policy/day", 500_000], ["user/day", 1_000_000], ["all/day", 10_000]]},
    ),
    Vector(
        "soft",
        "A budget that would leave nobody is left out.",
        {**BEST, "filter": [line("quality >= 0.9")], "budgets": [budget("user", (100, "fast_cheap"))]},
        snapshot=AT_FULL,
    ),
    Vector(
        "claims-against-a-tier",
        "A call that lets in only who is above the tier lets in nobody: the tier is not left out for it.",
        {**BEST, **BY_RULE, "budgets": [budget("user", (100, "fast_cheap"))]},
        {"context": {"narrow": {"only": ["openai/large"]}}},
        snapshot=AT_FULL,
    ),
    Vector(
        "claims-against-an-override",
        "Nor does a call that leaves out the forced target get another one; the cause is the override.",
        {**BEST, **BY_RULE},
        {"override": FORCED, "context": {"narrow": {"ignore": ["anthropic/small"]}}},
    ),
)

RANK = (
    Vector(
        "cheapest",
        "Ascending by estimated cost; ties go to the smaller id; of nine eight stand by, and unknown is the last.",
    ),
    Vector("fastest", "Ascending by estimated latency.", ranked("fastest")),
    Vector("best", "Descending by quality.", ranked("best")),
    Vector("weighted", "Cost and quality on the default scales.", ranked("weighted", cost=600_000, quality=400_000)),
    Vector(
        "scales",
        "On the policy's own scales; what lies outside is held at the ends.",
        {
            **ranked("weighted", latency=500_000, quality=500_000),
            "scales": {
                **SCALES,
                "latency": {"low": 500_000_000, "high": 4_000_000_000},
                "quality": {"low": 500_000, "high": 700_000},
            },
        },
    ),
    Vector("balanced", "0.4 quality, 0.4 cost, 0.2 latency.", ranked("balanced")),
    Vector(
        "preference",
        "A preference for latency ranks by speed, and is the cause.",
        {},
        {"context": {"preference": "latency"}},
    ),
    Vector(
        "strategy",
        "A strategy stands above a preference.",
        {},
        {"context": {"preference": "latency", "strategy": "best"}},
    ),
)

AFFINITY = (
    Vector(
        "kept",
        "8,192 cached tokens make the dearer anthropic/small cheaper than a switch to groq/mid: it moves to the front.",
        {
            "affinity": {"by": "conversation", "for_ns": 3_600_000_000_000},
            "filter": [line("price.input >= 0.5 USD/MTok")],
        },
        HEAVY,
        {"warm": ["anthropic/small", 8192]},
    ),
    Vector(
        "too-dear",
        "With nothing cached a switch pays for itself.",
        {
            "affinity": {"by": "conversation", "for_ns": 3_600_000_000_000},
            "filter": [line("price.input >= 0.5 USD/MTok")],
        },
        HEAVY,
        {"warm": ["anthropic/small", 16]},
    ),
    Vector(
        "kept-against-chance",
        "Where the first is warm, select does nothing, and the cause is as ever.",
        {
            "affinity": {"by": "conversation", "for_ns": 3_600_000_000_000},
            **taken("canary", target="anthropic/small", share_ppm=1_000_000),
        },
        {},
        {"warm": ["openai/mini", 0]},
    ),
    Vector(
        "not-the-policys",
        "Without `affinity` in the policy it says nothing.",
        {},
        HEAVY,
        {"warm": ["openai/mini", 8192]},
    ),
)

SELECT = (
    Vector(
        "weights",
        "By the policy's weights.",
        taken("weighted", weights={"groq/mid": 3, "openai/large": 1, "openai/mini": 6}),
    ),
    Vector(
        "weights-of-another-seed",
        "The same with another seed.",
        taken("weighted", weights={"groq/mid": 3, "openai/large": 1, "openai/mini": 6}),
        seed="01" * 16,
    ),
    Vector(
        "weights-by-user",
        "The same user stays on one side, whatever the seed.",
        taken("weighted", weights={"groq/mid": 3, "openai/large": 1, "openai/mini": 6}, by="user"),
        {"context": {"user": "ção"}},
        seed="02" * 16,
    ),
    Vector(
        "deployments",
        "Without weights those of the catalog decide among the deployments of the best.",
        {
            **taken("weighted"),
            "rules": [rule("mid", use=["openai/mid", "openai/mid@ap", "openai/mid@eu", "openai/large"])],
        },
    ),
    Vector("explore", "A share takes anybody of the first eight.", taken("explore", share_ppm=900_000), seed="03" * 16),
    Vector("explore-not", "The rest takes the first.", taken("explore", share_ppm=1)),
    Vector("canary", "The canary by its share.", taken("canary", target="anthropic/small", share_ppm=999_999)),
    Vector("canary-not", "The rest takes the best of the others.", taken("canary", target="openai/mini", share_ppm=1)),
    Vector(
        "canary-alone",
        "A canary without company is no choice.",
        {**taken("canary", target="openai/mini", share_ppm=1), "rules": [rule("one", use=["openai/mini"])]},
    ),
    Vector(
        "no-chance-on-a-hop",
        "After a failure nothing is left to chance.",
        taken("canary", target="anthropic/small", share_ppm=1_000_000),
        tried=("openai/mini",),
    ),
    Vector(
        "fallbacks",
        "A call's fallbacks stand behind the first, entry by entry, each entry's as ranked; nobody is let in.",
        question={
            "context": {
                "fallbacks": ["anthropic", "openai/mini", "nobody", "groq/*"],
                "narrow": {"ignore": ["groq/small"]},
            }
        },
    ),
    Vector(
        "fallbacks-on-a-hop",
        "Where the first has failed they come before all others.",
        question={"context": {"fallbacks": ["openai/large", "anthropic"]}},
        tried=("openai/mini",),
    ),
)

ENVELOPES = (
    Vector(
        "host",
        "Its filter stands behind the policy's, under its own condition; of two budgets the smaller holds.",
        {
            "filter": [line("quality >= 0.5")],
            "budgets": [budget("user", (100, "warn"), usd=50)],
            "leave": ["a.corp.example"],
        },
        {"context": {"department": "hr"}},
        {"used": [["user/day", 1_000_000]]},
        envelopes=(
            {
                "name": "host",
                "envelope": True,
                "match": "department == hr",
                "filter": [line("region == eu"), line("retention == none", "data_class == pii")],
                "budgets": [budget("user", (100, "fast_cheap"))],
                "grants": ["mode", "preference"],
                "leave": ["*.corp.example"],
            },
        ),
    ),
    Vector(
        "two",
        "Two envelopes stand in their order.",
        envelopes=(
            {"name": "one", "envelope": True, "filter": [line("region in [eu, us]")]},
            {"name": "two", "envelope": True, "cross_origin": "never", "filter": [line("quality < 0.9")]},
        ),
    ),
)

SHARED = {"mode": {"mode": "route", "share_ppm": 500_000, "by": "user"}}
CHOICE = (
    Vector(
        "first-match",
        "The first policy that matches answers, also behind one without `match`.",
        {"name": "everyone"},
        {"context": {"department": "hr"}},
        others=(
            {"name": "rd", "match": "department == rd"},
            {"name": "hr", "match": "department == hr", "filter": [line("region == eu")]},
        ),
    ),
    Vector(
        "by-name",
        "A policy that the call names stands above those that match.",
        {"name": "everyone", "match": "department == hr"},
        {"context": {"department": "hr", "policy": "cheap"}},
        others=({"name": "cheap", "match": "department == rd"},),
    ),
    Vector("share", "Half of the users are routed; this one is.", SHARED, {"context": {"user": "cy"}}),
    Vector("share-of-another", "Another one is advised.", SHARED, {"context": {"user": "bo"}}),
    Vector(
        "auto",
        '`model="auto"` is always routed.',
        {"mode": {"mode": "observe", "share_ppm": 1_000_000, "by": None}},
        {"auto": True},
    ),
    Vector("lower", "A call may ask for less than the policy.", {}, {"context": {"mode": "advise"}}),
)
