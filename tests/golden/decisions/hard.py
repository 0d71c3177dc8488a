"""Vectors of fields, predicates, evaluation, narrowing, and what is hard of budgets and limits."""

from __future__ import annotations

from golden.decisions.world import Vector, budget, line, rule

AWAY = {"endpoint": None, "host": "gateway.corp.example", "provider": "unknown"}


def needs(*flags: str, severity: str = "required") -> dict[str, object]:
    return {"needs": [[flag, f"$.{flag}", severity, None] for flag in flags]}


FIELDS = (
    Vector(
        "grid",
        "1,025 input tokens count as 1,152 and 17 output tokens as 18, in filters and in scores.",
        {"filter": [line("tokens.input == 1152"), line("tokens.output == 18")]},
        {"features": {"tokens_input": 1025, "tokens_output": 17}},
    ),
    Vector(
        "price-tier",
        "100,000 input tokens are 106,496 on the grid, which is above 100,000: anthropic/large costs its second price.",
        {"filter": [line("tier == powerful"), line("estimated.cost < 3 USD")]},
        {"features": {"tokens_input": 100_000}},
    ),
    Vector(
        "measured-latency",
        "A measured p95 stands above the catalog's, and that above twice its first token, if it has one.",
        {"filter": [line("latency.p95 <= 1.5 s")]},
        snapshot={"latency_p95_ns": [["openai/large", 900_000_000], ["groq/mid", 1_500_000_001]]},
    ),
    Vector(
        "context-and-labels",
        "What the user defines is read as context.<name> and labels.<name>; a label that is absent is unknown.",
        {"filter": [line("labels.team == research", "context.project == apollo")]},
        {"context": {"labels": {"project": "apollo"}}},
    ),
    Vector(
        "intent",
        "A rule may ask what the requested model stands for.",
        {"aliases": {"mid": "chat"}, "rules": [rule("chat", when="intent == chat", use=["openai/mini"])]},
        {"intent": "chat"},
    ),
)

PREDICATES = (
    Vector(
        "not-unknown",
        "`not` of unknown is unknown, so a target without a region fails both a line and its opposite.",
        {"filter": [line("region == eu or not region == eu")]},
    ),
    Vector(
        "or-with-unknown",
        "`or` is true where one side is, whatever is unknown; `and` is false where one side is.",
        {"filter": [line("retention == none or quality >= 0.6"), line("not (region == us and quality < 0.65)")]},
    ),
    Vector(
        "not-in-unknown",
        "`not in` of an unknown fact is unknown and fails closed.",
        {"filter": [line('retention not in ["30d"]')]},
    ),
    Vector(
        "field-times-factor",
        "Both sides are compared as integers: the field times a million with the other times its factor.",
        {"filter": [line("context_window >= tokens.total * 100.5")]},
        {"features": {"tokens_input": 1024, "tokens_output": 256}},
    ),
    Vector(
        "glob",
        "`*` and `?` are the only wildcards, over the whole text, and case matters.",
        {"filter": [line('target matches "openai/m???"'), line('model matches "M*"', "code == true")]},
    ),
    Vector(
        "set",
        "`has` asks whether a set contains a word; sets are never unknown.",
        {"filter": [line("capabilities has seed")]},
    ),
)

EVALUATION = (
    Vector(
        "tried",
        "What was tried is rejected, and the cause of what follows is fallback.",
        tried=("openai/mini", "groq/mid"),
    ),
    Vector(
        "not-granted", "A call that was not granted to leave stays at its own endpoint.", question={"granted": False}
    ),
    Vector("pinned", "Nor does a pinned one, whatever the policy says; that is the cause.", question={"pinned": True}),
    Vector("never", "`cross_origin: never` keeps every call at home.", {"cross_origin": "never"}),
    Vector("unknown-host", "A host that the catalog does not know is not left.", question={"origin": AWAY}),
    Vector(
        "host-of-ours",
        "Unless the policy says so: *.corp.example is every host below corp.example.",
        {"leave": ["*.corp.example"]},
        {"origin": AWAY},
    ),
    Vector(
        "host-that-ends-alike",
        "But not one that merely ends in the same letters.",
        {"leave": ["*.corp.example", "corp.example"]},
        {"origin": {**AWAY, "host": "evilcorp.example"}},
    ),
    Vector(
        "credentials",
        "An endpoint without a key is out, but for the caller's own.",
        question={"credentials": ["anthropic"]},
    ),
    Vector(
        "dialect",
        "An endpoint whose dialect has no codec is only for those who speak it themselves.",
        question={
            "dialect": "google.generate_content",
            "origin": {"sdk": "google", "host": "google.example", "provider": "google", "endpoint": "google"},
        },
    ),
    Vector(
        "breaker",
        "Broken targets and everybody at a disabled endpoint are rejected under one name.",
        snapshot={"epoch": 1, "broken": ["groq/mid"], "disabled": ["anthropic"]},
    ),
    Vector(
        "needs-of-three-levels",
        "A model's need wants the capability and a dialect that says it, a dialect's only the latter, any other the"
        " caller's own endpoint; each is a rule of its own, by flag.",
        question=needs("tools", "message.name", "server_state.thread"),
    ),
    Vector(
        "needs-of-the-asked",
        "The target that was asked for at the caller's own endpoint meets whatever its request needs; others there meet"
        " what only some models have where their capabilities say so, and nobody else a cache.",
        question=needs("logprobs", "output.image", "server_state.cached_content", "server_tool.search"),
    ),
    Vector(
        "needs-of-nobody-asked",
        "Where a call is auto nobody was asked: the endpoint alone has tools of the provider, and nobody a cache.",
        question={**needs("server_state.cached_content", "server_tool.search"), "auto": True},
    ),
    Vector("hint", "A hint rejects nobody.", question=needs("message.name", "x.unheard", severity="hint")),
    Vector(
        "window",
        "What the caller allows for the answer counts exactly, and an unknown window or maximum fails.",
        question={"features": {"tokens_input": 24_576, "max_output": 8193}},
    ),
    Vector(
        "shortlist",
        "The first rule whose condition is true chooses; one whose condition is unknown does not match.",
        {
            "rules": [
                rule("pt", when="language == pt", use=["openai/large"]),
                rule("short", when="complexity == simple", use=["openai/mid", "openai/mini"], because="It is easy."),
                rule("rest", use=["openai/large"]),
            ]
        },
    ),
    Vector(
        "condition-unknown",
        "A filter whose condition is unknown applies, one whose condition is false is left out.",
        {"filter": [line("quality >= 0.9", "language == en"), line("quality >= 0.92", "complexity == complex")]},
    ),
    Vector(
        "one-name-twice",
        "Filters of the same text are one entry at the place of the first that applies, also a rule's own.",
        {
            "filter": [line("quality >= 0.6"), line("region == eu")],
            "rules": [rule("any", filter=[line("quality >= 0.6"), line("tier == balanced")])],
        },
    ),
)

NARROWING = (
    Vector(
        "models",
        "An entry names targets by id, by id without deployment, by model, by provider, by endpoint or as a glob.",
        question={"context": {"narrow": {"models": ["openai/mid", "tiny", "anthropic"], "only": ["*/m*", "office"]}}},
    ),
    Vector(
        "ignore",
        "What is ignored is out, and a glob is one of the id.",
        question={"context": {"narrow": {"ignore": ["google", "groq/*", "*@eu"]}}},
    ),
    Vector(
        "max-price",
        "A price above what the call allows is out, and so is an unknown one.",
        question={"context": {"narrow": {"max_input_price": 800_000_000, "max_output_price": 790_000_000}}},
    ),
    Vector(
        "claims-that-are-not-granted",
        "What the policy does not grant is withheld: here all but what is ignored.",
        {"grants": ["ignore"]},
        {"context": {"preference": "quality", "narrow": {"only": ["anthropic"], "ignore": ["openai/mini"]}}},
    ),
)

SPENDING = (
    Vector(
        "limits",
        "A limit of a target, an endpoint or a provider rejects its own; names come in the order of the snapshot.",
        snapshot={
            "limited": [["limit.provider", "anthropic"], ["limit.target", "groq/mid"], ["limit.endpoint", "office"]]
        },
    ),
    Vector("limit-of-the-user", "Any other limit rejects everybody.", snapshot={"limited": [["limit.user", ""]]}),
    Vector(
        "ceiling",
        "`fail` at the highest threshold that is reached rejects everybody; `warn` nobody.",
        {"budgets": [budget("user", (80, "warn"), (100, "fail")), budget("policy", (50, "fail"), (60, "warn"))]},
        snapshot={"used": [["user/day", 1_000_000], ["policy/day", 990_000]]},
    ),
    Vector(
        "ceiling-and-an-unknown-price",
        "Whom nobody can price fails a ceiling before anything is spent, and no budget that never fails.",
        {"budgets": [budget("user", (100, "fail")), budget("policy", (100, "local"))]},
    ),
    Vector(
        "refusals",
        "A reservation that found no room rejects one target; budgets of one scope reject under one name.",
        {"budgets": [budget("user", (100, "fail")), budget("user", (100, "fail"), period="week")]},
        snapshot={
            "used": [["user/day", 990_000], ["user/week", 100_000]],
            "refused": [["budget.user", "google/flash"], ["budget.user", "openai/large"]],
        },
    ),
)
