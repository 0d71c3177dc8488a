"""Any text at all, given for a policy: an error with a place and a remedy, or a policy that can be used. Nothing else.

5,000 inputs; ``WAYPOST_EXHAUSTIVE=1`` makes it 100,000.
"""

from __future__ import annotations

import os
import random
import runpy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy_fuzz import SEEDS, WORDS, examine, mutations
from policy_samples import HEAD, policy
from waypost.core.policy.fields import FIELDS
from waypost.core.policy.language import parse_predicate
from waypost.core.policy.render import render
from waypost.errors import PolicyError

TARGET = Path(__file__).with_name("fuzz_policy.py")
EXHAUSTIVE = os.environ.get("WAYPOST_EXHAUSTIVE") == "1"
MUTATED = 60_000 if EXHAUSTIVE else 3_000
DRAWN = settings(
    max_examples=20_000 if EXHAUSTIVE else 1_000,
    deadline=None,
    database=None,
    derandomize=not EXHAUSTIVE,
    suppress_health_check=list(HealthCheck),
)
AT = policy("").at


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_is_a_policy(seed: str) -> None:
    """Mutations of what is refused anyway would try little."""
    assert examine(HEAD + seed) is not None


def test_mutations_are_refused_or_used() -> None:
    """The seeded mutator: both outcomes are common, and each of them is whole."""
    used = sum(examine(text) is not None for text in mutations(20261121, MUTATED))
    assert 0.03 * MUTATED < used < 0.9 * MUTATED


PIECES = st.one_of(st.sampled_from(WORDS), st.sampled_from(SEEDS), st.text(max_size=8))


@DRAWN
@given(st.lists(PIECES, max_size=12).map("".join), st.booleans())
def test_texts_that_hypothesis_draws(text: str, headed: bool) -> None:
    """The words of the language in any order, noise, and both without the head of a policy."""
    examine(HEAD + text if headed else text)


NAMES = st.sampled_from([name.replace("<name>", "team") for name in FIELDS])
VALUES = st.sampled_from(
    ["5 USD/MTok", "2 s", "50%", "0.5", "200k", "true", "eu", "'a b'", "[eu, us]", "tokens.total * 1.2"]
)
OPS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "has", "matches"])
COMPARED = st.tuples(NAMES, OPS, VALUES).map(" ".join)
TOKENS = st.one_of(
    COMPARED, st.sampled_from([" and ", " or ", "not ", "(", ")"]), st.sampled_from(WORDS), st.text(max_size=3)
)


@DRAWN
@given(st.lists(TOKENS, max_size=10).map("".join))
def test_predicates_that_hypothesis_draws(text: str) -> None:
    """A tree whose canonical text is read back to the same text, or an error in it."""
    try:
        tree = parse_predicate(text, AT)
    except PolicyError as error:
        for one in (error, *error.others):
            assert one.where.startswith("p.yaml:1:")
            assert one.remedy
        return
    assert render(parse_predicate(render(tree), AT)) == render(tree)


def test_the_fuzz_target_takes_any_bytes() -> None:
    """What the coverage-guided fuzzer calls, called by the mutator: it stays runnable where atheris is not."""
    consume = runpy.run_path(str(TARGET))["consume"]
    draw = random.Random(7)
    for text in mutations(7, 100):
        consume(text.encode("utf-8", "replace"))
        consume(draw.randbytes(draw.randrange(60)))
