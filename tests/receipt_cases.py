"""Events of made-up calls for tests of receipts: one fixed call, and hypothesis strategies for any call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from waypost.core.model.decision import Decision, Proof
from waypost.core.model.events import Attempted, Attempting, Decided, Settled, Started
from waypost.core.model.needs import Need
from waypost.core.model.outcome import Attempt, Baseline, Cost, CostLine, Failure, Settlement, Usage
from waypost.core.model.question import Context, Features, Origin, Question, Snapshot


def nobody() -> Proof:
    """Nothing that is written asks for a proof."""
    raise AssertionError


SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND
RECEIPT = "wp_" + "ab" * 16

STARTED = Started(
    RECEIPT,
    T0,
    "openai",
    "chat",
    "openai.chat",
    False,
    "auto",
    "openai",
    "default",
    "f" * 64,
    "c" * 64,
    "route",
    "rq-1",
)
QUESTION = Question(
    "openai.chat",
    "auto",
    True,
    Origin("openai", "OpenAI", "api.openai.com", "openai", "openai"),
    Features(230, 400, 512, 4, 2, "en", ("python",), True, "debugging", "complex", ("code_block",)),
    (Need("tools", "tools"),),
    Context(department="rd", user="ann@example.org", workflow="triage", labels={"team": "core"}),
    granted=True,
    credentials=("anthropic", "openai"),
)
SNAPSHOT = Snapshot(3, T0, ("groq/llama",), (), (("openai/gpt-4o", 1_200_000_000),))
DECISION = Decision(
    "f" * 64,
    "c" * 64,
    b"\xab" * 16,
    (("need.tools", 0b1), ("quality >= 0.5", 0b11)),
    0b1100,
    (2, 3),
    (540_000, 510_000),
    2,
    "rule",
    rule="hard-bugs",
    because="a person waits",
    rank="balanced",
)
TARGETS = ("a/tiny", "a/small", "anthropic/claude", "openai/gpt-4o")
DECIDED = Decided(STARTED, T0 + 1, 1, QUESTION, SNAPSHOT, DECISION, 15_000, False, nobody, TARGETS.__getitem__)
FIRST = Attempt(1, "anthropic/claude", "anthropic", "claude", "anthropic.messages", "primary", T0 + 2, 0)
FAILED = replace(FIRST, ended_ns=T0 + SECOND // 4, failure=Failure("rate_limited", 429, "rate_limit_error", 2 * SECOND))
AGAIN = replace(DECISION, order=(3,), scores=(510_000,), selected=3, cause="fallback", tried=("anthropic/claude",))
DECIDED_2 = replace(DECIDED, at_ns=T0 + SECOND // 4, hop=2, decision=AGAIN)
SECOND_TRY = Attempt(2, "openai/gpt-4o", "openai", "gpt-4o", "openai.chat", "fallback", T0 + SECOND // 4 + 1, 0)
USAGE = Usage(230, 99, cache_read=30)
COST = Cost(
    1_565_000,
    "computed",
    (CostLine("input", 230, 2_500_000_000, 575_000), CostLine("output", 99, 10_000_000_000, 990_000)),
    "2026-01-01",
)
ANSWERED = replace(
    SECOND_TRY,
    ended_ns=T0 + SECOND,
    usage=USAGE,
    cost=COST,
    response_id="chatcmpl-123",
    response_model="gpt-4o-2024-08-06",
    finish_reasons=("stop",),
    first_chunk_ns=T0 + SECOND // 2,
    request_id="req_9",
)
BASELINE = Baseline("policy", "openai/o1", Cost(9_390_000, "computed", (), "2026-01-01"))
SETTLEMENT = Settlement("ok", USAGE, COST, (BASELINE,), T0, T0 + SECOND, (FAILED, ANSWERED))
ATTEMPTING = Attempting(STARTED, QUESTION, DECIDED, FIRST, "api.anthropic.com", 443)
ATTEMPTING_2 = Attempting(STARTED, QUESTION, DECIDED_2, SECOND_TRY, "api.openai.com", 443)
SETTLED = Settled(
    STARTED,
    QUESTION,
    DECIDED_2,
    (Attempted(ATTEMPTING, FAILED), Attempted(ATTEMPTING_2, ANSWERED)),
    SETTLEMENT,
)


def started(receipt: str = RECEIPT, at_ns: int = T0, **changes: object) -> Started:
    """A call of another id or time."""
    return replace(STARTED, receipt=receipt, at_ns=at_ns, **changes)  # type: ignore[arg-type]


def single(call: Started, *, outcome: str = "ok", response_id: str | None = None) -> tuple[Attempting, Settled]:
    """The two events of a call with one attempt."""
    decision = replace(DECISION, seed=bytes.fromhex(call.receipt[3:]))
    decided = replace(DECIDED, started=call, decision=decision)
    attempting = replace(ATTEMPTING, started=call, decided=decided)
    ended = replace(FIRST, ended_ns=call.at_ns + SECOND, usage=USAGE, cost=COST, response_id=response_id)
    settlement = replace(
        SETTLEMENT, outcome=outcome, started_ns=call.at_ns, ended_ns=call.at_ns + SECOND, attempts=(ended,)
    )
    return attempting, Settled(call, QUESTION, decided, (Attempted(attempting, ended),), settlement)


def whole(cls: type, **given: st.SearchStrategy[object]) -> st.SearchStrategy[Any]:
    """Any record of ``cls``, with its optional fields too, which `st.builds` would leave at their defaults."""
    return st.builds(cls, **{name: ... for name in cls.__dataclass_fields__ if name not in given}, **given)  # type: ignore[attr-defined]


def few(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=2).map(tuple)


words = st.text(max_size=6)
masks = st.integers(0, 1 << 60)
fingerprints = st.binary(min_size=32, max_size=32).map(bytes.hex)
ids = st.uuids().map(lambda value: f"wp_{value.hex}")
costs = whole(Cost, lines=few(whole(CostLine)))
attempts_ = whole(Attempt, cost=costs, finish_reasons=few(words))
features = whole(Features, code_languages=few(words), signals=few(words))
contexts = whole(Context, labels=st.dictionaries(words, words, max_size=2))
questions = whole(
    Question, context=contexts, features=features, needs=few(whole(Need)), credentials=few(words), origin=whole(Origin)
)
snapshots = whole(
    Snapshot, broken=few(words), disabled=few(words), latency_p95_ns=few(st.tuples(words, st.integers(0)))
)
decisions = whole(
    Decision,
    policy=fingerprints,
    catalog=fingerprints,
    selected=st.none() | st.integers(0, 60),
    rejections=few(st.tuples(words, masks)),
    survivors=masks,
    order=few(st.integers(0, 60)),
    scores=few(st.integers()),
    tried=few(words),
)
settlements = whole(Settlement, baselines=few(whole(Baseline, cost=costs)), attempts=st.just(()), cost=costs)


@st.composite
def calls(draw: st.DrawFn) -> tuple[tuple[Attempting, ...], Settled]:
    """Any call: zero to two attempts, each with or without a decision, perhaps a last one that was never sent."""
    hashes = {"policy_fingerprint": fingerprints, "catalog": fingerprints, "content": st.none() | fingerprints}
    call = draw(whole(Started, receipt=ids, **hashes))
    question = draw(st.none() | questions)
    attempts = tuple(replace(draw(attempts_), number=number) for number in range(1, draw(st.integers(0, 2)) + 1))
    begun = [
        Attempt(a.number, a.target, a.provider, a.model, a.dialect, a.reason, a.started_ns, 0, untold=a.untold)
        for a in attempts
    ]
    sends = tuple(Attempting(call, question, draw(decided(call, question)), a, draw(words), 443) for a in begun)
    last = draw(decided(call, question)) if not sends or draw(st.booleans()) else sends[-1].decided
    settlement = replace(draw(settlements), attempts=attempts)
    if attempts and draw(st.booleans()):
        settlement = replace(settlement, usage=attempts[-1].usage, cost=attempts[-1].cost)
    ended = tuple(Attempted(send, attempt) for send, attempt in zip(sends, attempts, strict=True))
    return sends, Settled(call, question, last, ended, settlement)


def decided(call: Started, question: Question | None) -> st.SearchStrategy[Decided | None]:
    """A decision about ``question``, or none; none at all without a question."""
    if question is None:
        return st.none()

    def made(snapshot: Snapshot, decision: Decision, shared: bool, advised: bool) -> Decided:
        if shared:
            seed = bytes.fromhex(call.receipt[3:])
            decision = replace(decision, policy=call.policy_fingerprint, catalog=call.catalog, seed=seed)
        return Decided(call, call.at_ns, 1, question, snapshot, decision, 9, advised, nobody, str)

    return st.none() | st.builds(made, snapshots, decisions, st.booleans(), st.booleans())
