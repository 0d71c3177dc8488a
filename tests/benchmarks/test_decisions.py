"""The benchmark of the decision measures what it says: rivals decide the same, the picture shows its numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from decisions_plot import Curve, plot
from decisions_rivals import LINES, Closures
from decisions_samples import POLICY, made_up, questions, variant
from decisions_table import shown

from waypost.core.codecs import EXPRESSES
from waypost.core.model.money import grid
from waypost.core.model.question import EMPTY_SNAPSHOT
from waypost.core.policy.compile import compile_policy
from waypost.core.policy.decide import decide
from waypost.core.policy.rank import DEFAULTS, utility
from waypost.runtime.documents import load_policy

SVG = "{http://www.w3.org/2000/svg}"


def test_a_loop_over_closures_decides_the_same() -> None:
    """Order, survivors and the names of all rejections, over catalogs that are ranked one by one and by blocks."""
    for size in (40, 700):
        catalog = made_up(size)
        plan = compile_policy(load_policy(POLICY, catalog=catalog), catalog, EXPRESSES)
        rival = Closures(catalog, grid, lambda name, value: utility(value, DEFAULTS[name]))
        for question in questions(60):
            found = decide(plan, question, EMPTY_SNAPSHOT, bytes(16), frozenset())
            order, rejected = rival.decide(question)
            assert found.order == order
            names = {
                index: sorted(name for name, mask in found.rejections if mask >> index & 1) for index in range(size)
            }
            assert {index: sorted(set(rejected.get(index, ()))) for index in range(size)} == names


def test_twenty_predicates() -> None:
    """What the documents say of the policy is true of it, and of the thousand like it."""
    catalog = made_up(20)
    for text in (POLICY, variant(0), variant(999)):
        policy = load_policy(text, catalog=catalog)
        assert len(policy.filters) + sum(len(rule.filters) for rule in policy.rules) == len(LINES) == 20
    assert len({load_policy(variant(number), catalog=catalog).fingerprint for number in range(30)}) == 30


def test_the_picture_shows_each_point_on_both_scales() -> None:
    """A decade is as wide as any other, higher is slower, and names stand apart."""
    text = plot(
        [Curve("a <b>", [(10, 1), (100, 10), (1_000, 100)]), Curve("c", [(10, 1), (1_000, 90)])], across="n", up="t"
    )
    tree = ElementTree.fromstring(text)
    dots = [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in tree.iter(f"{SVG}circle")]
    (x1, y1), (x2, y2), (x3, y3) = dots[:3]
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.11)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.11)
    assert y1 > y2 > y3
    names = {node.text: float(node.get("y", "")) for node in tree.iter(f"{SVG}text")}
    assert abs(names["a <b>"] - names["c"]) >= 14
    assert text == plot(
        [Curve("a <b>", [(10, 1), (100, 10), (1_000, 100)]), Curve("c", [(10, 1), (1_000, 90)])], across="n", up="t"
    )


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (3.456, "3.46 µs"),
        (45.67, "45.7 µs"),
        (456.7, "457 µs"),
        (1_234, "1.23 ms"),
        (2_000_000, "2.00 s"),
        (None, "not waited for"),
    ],
)
def test_numbers_for_people(us: float | None, text: str) -> None:
    """Three digits in the unit that people would say."""
    assert shown(us) == text
