"""What a search in blocks finds is what ranking all would, and a sweep compares as comparing all would."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from oracle.catalogs import catalog_of, make_catalog
from policy_samples import EXPRESSES, policy, target
from waypost.core.catalog.table import Catalog
from waypost.core.model.target import Latency, Price
from waypost.core.policy import blocks, ordering, rates
from waypost.core.policy.bits import bits, mask_of
from waypost.core.policy.blocks import blocks_of
from waypost.core.policy.columns import columns_of, estimated_cost, estimated_latency
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.plan import Plan
from waypost.core.policy.rank import STRATEGIES, Ask
from waypost.core.policy.recent import Recent
from waypost.core.policy.tree import Op, Rank, Scale

SIZE = 360
CELLS = ((0, 0), (1, 16), (128, 1_024), (129, 9), (4_096, 512), (8_192, 131_072))
AT = policy().at
TIGHT = (Scale("cost", 1_000, 1_500, AT), Scale("latency", 0, 10**9, AT), Scale("quality", 0, 3, AT))
WEIGHTS = (("cost", 600_000), ("latency", 200_000), ("quality", 200_000))


def plan_over(catalog: Catalog, **facts: Any) -> Plan:
    return compile_policy(replace(policy(table=None), rules=(), filters=(), **facts), catalog, EXPRESSES)


def spread(seed: int, size: int = SIZE) -> Catalog:
    """Catalogs as generated, with many ties and unknowns; and one whose facts hardly ever agree."""
    if seed:
        return make_catalog(Random(seed), size)
    rng = Random(1)
    return catalog_of([
        target(
            f"openai/m{number}",
            price=(rng.randrange(1, 10**4) / 100, rng.randrange(1, 10**4) / 100),
            latency=Latency(rng.randrange(10**9), rng.randrange(10**8)),
            quality=rng.randrange(10**6),
        )
        for number in range(size)
    ])  # fmt: skip


def ranked(plan: Plan, strategy: str, survivors: int, cell: tuple[int, int]) -> list[tuple[int, int, int]]:
    """All survivors as (key, index, score), the best first."""
    indices = tuple(bits(survivors))
    scores = STRATEGIES[strategy].scores(
        Ask(plan.columns, ordering.rank_of(plan, strategy), plan.policy.scales, indices, cell)
    )
    return sorted(zip(STRATEGIES[strategy].keys(scores), indices, scores, strict=True))


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
@pytest.mark.parametrize("seed", [0, 11, 12])
def test_a_search_finds_the_best_of_all(seed: int, strategy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever rank, scale, cell and mask, in blocks of any size: order, ties and scores are those of ranking all."""
    catalog, rng = spread(seed), Random(seed)
    weights = WEIGHTS if strategy == "weighted" else ()
    for scales in ((), TIGHT):
        plan = plan_over(catalog, rank=Rank(strategy, weights, AT), scales=scales)
        for size in (6, 32):
            monkeypatch.setattr(blocks, "SIZE", size)
            monkeypatch.setattr(blocks, "_BLOCKS", Recent(blocks.Blocks))
            for cell in CELLS:
                share = rng.choice((1.0, 0.5, 0.05))
                survivors = mask_of((index for index in range(SIZE) if rng.random() < share), SIZE)
                top = rng.choice((1, 8, 32))
                found = ordering._searched(plan, strategy, survivors, cell, top)
                assert found == ranked(plan, strategy, survivors, cell)[:top]


def test_a_search_leaves_most_blocks_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would be ranking all with more words: of 2,000 it scores less than half."""
    plan, scored = plan_over(spread(0, 2_000), rank=Rank("weighted", WEIGHTS, AT)), list[int]()
    blocks_of(plan.columns)
    whole = ordering._scores

    def counted(plan: Plan, strategy: str, indices: Any, cell: tuple[int, int]) -> list[int]:
        scored.append(len(indices))
        return whole(plan, strategy, indices, cell)

    monkeypatch.setattr(ordering, "_scores", counted)
    ordering._searched(plan, "weighted", plan.columns.full, (1_024, 512), 8)
    assert 8 <= sum(scored) < 1_000


def test_weights_below_zero_are_ranked_one_by_one() -> None:
    """No file can say them; an ideal of cheap ones would be no bound for a policy that wants the dearest."""
    plan = plan_over(spread(0), rank=Rank("weighted", (("cost", -1_000_000),), AT))
    found = ordering._rank(plan, "weighted", plan.columns.full, (1_024, 512), 8)
    assert list(found.order) == [index for _, index, _ in ranked(plan, "weighted", plan.columns.full, (1_024, 512))[:8]]


@pytest.mark.parametrize("seed", [0, 21, 22])
@pytest.mark.parametrize("op", ["<", "<=", ">", ">="])
def test_a_sweep_compares_as_all_would_be(seed: int, op: Op) -> None:
    """On limits that occur and beside them, for both estimates; who has none is in neither mask."""
    catalog, rng = spread(seed), Random(seed)
    columns = columns_of(catalog)
    holds = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}[op]
    for tokens in CELLS:
        costs = [estimated_cost(item.price, *tokens) for item in catalog.targets]
        times = [estimated_latency(item, tokens[1]) for item in catalog.targets]
        assert columns.costs(range(SIZE), *tokens) == costs
        assert columns.latencies(range(SIZE), tokens[1]) == times
        for values, sweep, estimate in (
            (costs, columns.rates.by_cost(tokens[0]), rates.costs_for(*tokens)),
            (times, columns.rates.by_latency(), rates.latencies_for(tokens[1])),
        ):
            known = [value for value in values if value is not None]
            for limit in (0, rng.choice(known), rng.choice(known) + 1, max(known), max(known) + 1):
                yes, no = sweep.compare(op, limit, estimate)
                assert yes == mask_of((i for i, v in enumerate(values) if v is not None and holds(v, limit)), SIZE)
                assert no == mask_of((i for i, v in enumerate(values) if v is not None and not holds(v, limit)), SIZE)


def test_half_a_nano_dollar_goes_to_the_even_one() -> None:
    """Each line is rounded by itself, as `line_cost` does: 0.5 to 0, 1.5 to 2, 2.5 to 2."""
    rows = [Price("2026-01-01", 500_000 * odd, 0) for odd in (1, 3, 5)] + [Price("2026-01-01", 500_000, 500_000)]
    catalog = catalog_of([replace(target(f"openai/m{number}"), prices=(row,)) for number, row in enumerate(rows)])
    assert columns_of(catalog).costs(range(4), 1, 1) == [0, 2, 2, 0]
