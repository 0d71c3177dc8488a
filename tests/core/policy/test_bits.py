"""Masks, sorted columns and bounded memos: what the decision's speed stands on, against the obvious way."""

from __future__ import annotations

import operator
import random
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from policy_samples import SEED, catalog, latency, plan, question, target
from waypost.core.model.question import EMPTY_SNAPSHOT, Snapshot
from waypost.core.policy.bits import Sorted, bits, mask_of, remember
from waypost.core.policy.decide import decide
from waypost.core.policy.rank import DEFAULTS, lg, utility
from waypost.core.policy.request import glob
from waypost.core.policy.tree import Op

OPS: dict[Op, object] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


@given(st.sets(st.integers(0, 300)))
def test_a_mask_and_its_bits(indices: set[int]) -> None:
    """There and back, ascending."""
    mask = mask_of(indices, 301)
    assert mask == sum(1 << index for index in indices)
    assert list(bits(mask)) == sorted(indices)


@given(
    st.lists(st.none() | st.integers(0, 40), max_size=200),
    st.sampled_from(list(OPS)),
    st.integers(0, 41_000_000),
)
def test_a_sorted_column_compares_as_a_loop_does(column: list[int | None], op: Op, scaled: int) -> None:
    """A prefix of the sorted column is the same set, for any operator and any fraction."""
    compare = OPS[op]
    expected = {
        index
        for index, value in enumerate(column)
        if value is not None and compare(value * 1_000_000, scaled)  # type: ignore[operator]
    }
    found = Sorted(column)
    assert set(bits(found.compare(op, scaled))) == expected
    assert set(bits(found.known)) == {index for index, value in enumerate(column) if value is not None}


def test_a_memo_is_bounded_and_forgets_the_oldest() -> None:
    """No memo grows for ever."""
    memo: dict[int, int] = {}
    for number in range(100):
        assert remember(memo, number, number * 2, 10) == number * 2
    assert memo == {number: number * 2 for number in range(90, 100)}


@given(st.text("ab?*", max_size=8), st.text("ab", max_size=10))
def test_globs(pattern: str, text: str) -> None:
    """`*` is any text, `?` any one character, over the whole text."""
    assert glob(pattern)(text) is _glob(pattern, text)


def _glob(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_glob(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _glob(pattern[1:], text[1:])


def test_a_glob_cannot_explode() -> None:
    """POLICY.md: never a regular expression that can explode."""
    assert glob("*a" * 60 + "b")("a" * 3_000) is False


def test_logarithms_and_utilities() -> None:
    """Exact at powers of two, linear between, and held within the scale."""
    assert [lg(x) for x in (0, 1, 2, 3, 4, 1024)] == [0, 0, 1_000_000, 1_500_000, 2_000_000, 10_000_000]
    cost = DEFAULTS["cost"]
    assert [utility(x, cost) for x in (None, 0, 100, 10**9, 10**12)] == [0, 1_000_000, 1_000_000, 0, 0]
    quality = DEFAULTS["quality"]
    assert [utility(x, quality) for x in (None, 0, 420_000, 10**6, 10**7)] == [0, 0, 420_000, 10**6, 10**6]


def test_threads_share_a_plan() -> None:
    """Memos are filled by many threads at once; each decision is what one thread alone decides."""
    rows = random.Random(5)
    table = catalog(
        *(
            target(
                f"openai/m{number:03d}",
                price=(rows.randrange(1, 60), rows.randrange(1, 90)),
                quality=rows.randrange(10**6),
                latency=latency(rows.randrange(1, 3_000), rows.randrange(90), rows.randrange(1, 20)),
            )
            for number in range(300)
        )
    )
    body = "filter: ['estimated.cost <= 0.05 USD', latency.p95 <= 15 s]\nrank: {cost: 0.5, quality: 0.5}\n"
    worlds = (EMPTY_SNAPSHOT, Snapshot(epoch=1, broken=("openai/m001",)))
    cases = [(question(tokens=(rows.randrange(9_000), rows.randrange(900))), worlds[n % 2]) for n in range(400)]
    alone, shared = plan(body, table=table), plan(body, table=table)
    expected = [decide(alone, asked, world, SEED, frozenset()) for asked, world in cases]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda case: decide(shared, *case, SEED, frozenset()), cases * 3))
    assert found == expected * 3
