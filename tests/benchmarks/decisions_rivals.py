"""The same policy the way it is written elsewhere: a loop over closures, and rules evaluated in CEL one by one.

Both look at every line for every candidate, as a policy engine does that is asked "may this one?"; neither remembers
anything from one question to the next. What is converted once for a catalog is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from waypost.core.catalog.table import Catalog
from waypost.core.model.money import line_cost
from waypost.core.model.question import Question
from waypost.core.model.target import Target

Facts = dict[str, Any]
Answer = tuple[tuple[int, ...], dict[int, list[str]]]
"""The best eight by index, and by index the lines that reject."""


class Line(NamedTuple):
    """One predicate in both languages. ``when`` reads the request alone."""

    name: str
    test: Callable[[Facts, Facts], bool]
    cel: str
    when: Callable[[Facts], bool] | None = None
    cel_when: str | None = None


def _simple(q: Facts) -> bool:
    return bool(q["complexity"] == "simple" and q["task"] == "conversation")


LINES = (
    Line("price.input <= 50 USD/MTok", lambda t, q: t["price_in"] <= 50 * 10**9, "t.price_in <= 50000000000"),
    Line("quality >= 0.2", lambda t, q: t["quality"] >= 200_000, "t.quality >= 200000"),
    Line("region in [eu, us]", lambda t, q: t["region"] in ("eu", "us"), "t.region in ['eu', 'us']"),
    Line(
        "estimated.cost <= 1 USD",
        lambda t, q: line_cost(q["input"], t["price_in"]) + line_cost(q["output"], t["price_out"]) <= 10**9,
        "(q.input * t.price_in + q.output * t.price_out) / 1000000 <= 1000000000",
    ),
    Line("latency.p95 < 20 s", lambda t, q: t["p95"] < 20 * 10**9, "t.p95 < 20000000000"),
    Line(
        "context_window >= tokens.total * 1.2",
        lambda t, q: t["window"] * 10 >= (q["input"] + q["output"]) * 12,
        "t.window * 10 >= (q.input + q.output) * 12",
    ),
    Line("price.output <= 200 USD/MTok", lambda t, q: t["price_out"] <= 200 * 10**9, "t.price_out <= 200000000000"),
    Line("max_output >= 4096", lambda t, q: t["max_output"] >= 4096, "t.max_output >= 4096"),
    Line(
        "capabilities has tools or capabilities has output.json_schema",
        lambda t, q: "tools" in t["can"] or "output.json_schema" in t["can"],
        "'tools' in t.can || 'output.json_schema' in t.can",
    ),
    Line(
        "provider in [one, two, three]",
        lambda t, q: t["provider"] in ("one", "two", "three"),
        "t.provider in ['one', 'two', 'three']",
    ),
    Line("not region == asia", lambda t, q: t["region"] != "asia", "!(t.region == 'asia')"),
    Line("latency.first_token <= 3 s", lambda t, q: t["first"] <= 3 * 10**9, "t.first <= 3000000000"),
    Line(
        "estimated.latency <= 200 s",
        lambda t, q: t["first"] + t["each"] * q["output"] <= 200 * 10**9,
        "t.first + t.each * q.output <= 200000000000",
    ),
    Line(
        "price.output <= price.input * 5",
        lambda t, q: t["price_out"] <= t["price_in"] * 5,
        "t.price_out <= t.price_in * 5",
    ),
    Line("model matches m*", lambda t, q: t["model"].startswith("m"), "t.model.startsWith('m')"),
    Line(
        "region == eu",
        lambda t, q: t["region"] == "eu",
        "t.region == 'eu'",
        lambda q: q["data_class"] == "personal",
        "q.data_class == 'personal'",
    ),
    Line(
        "quality >= 0.5",
        lambda t, q: t["quality"] >= 500_000,
        "t.quality >= 500000",
        lambda q: q["complexity"] == "complex",
        "q.complexity == 'complex'",
    ),
    Line(
        "price.input <= 10 USD/MTok",
        lambda t, q: t["price_in"] <= 10 * 10**9,
        "t.price_in <= 10000000000",
        lambda q: q["streaming"],
        "q.streaming",
    ),
    Line(
        "price.input <= 2 USD/MTok",
        lambda t, q: t["price_in"] <= 2 * 10**9,
        "t.price_in <= 2000000000",
        _simple,
        "q.complexity == 'simple' && q.task == 'conversation'",
    ),
    Line(
        "quality >= 0.4",
        lambda t, q: t["quality"] >= 400_000,
        "t.quality >= 400000",
        lambda q: q["task"] == "code_generation",
        "q.task == 'code_generation'",
    ),
)
WEIGHTS = {"cost": 600_000, "latency": 200_000, "quality": 200_000}


def target_facts(target: Target) -> Facts:
    """One candidate as a mapping of plain values."""
    price, latency = target.price, target.latency
    assert price is not None
    assert latency is not None
    return {
        "price_in": price.input, "price_out": price.output, "quality": target.quality, "region": target.region,
        "p95": latency.p95_ns, "first": latency.first_token_ns, "each": latency.per_token_ns, "model": target.model,
        "window": target.context_window, "max_output": target.max_output, "can": list(target.capabilities),
        "provider": target.provider,
    }  # fmt: skip


def request_facts(question: Question, grid: Callable[[int], int]) -> Facts:
    """One question as a mapping of plain values, tokens on the grid."""
    features = question.features
    return {
        "input": grid(features.tokens_input), "output": grid(features.tokens_output), "task": features.task,
        "complexity": features.complexity, "data_class": features.data_class, "streaming": question.streaming,
        "needs": [need.flag for need in question.needs],
    }  # fmt: skip


class Closures:
    """A loop over candidates and closures."""

    def __init__(self, catalog: Catalog, grid: Callable[[int], int], utility: Callable[[str, int], int]) -> None:
        self._targets = [target_facts(target) for target in catalog.targets]
        self._grid = grid
        self._utility = utility

    def decide(self, question: Question) -> Answer:
        """Who is best, and which lines reject whom."""
        q = request_facts(question, self._grid)
        active = [line for line in LINES if line.when is None or line.when(q)]
        return self.best(q, [[line.name for line in active if not line.test(t, q)] for t in self._targets])

    def best(self, q: Facts, failed: Sequence[list[str]]) -> Answer:
        """Rank those that fail nothing, neither lines nor needs nor the window."""
        rejected, scored = {}, []
        for index, (t, names) in enumerate(zip(self._targets, failed, strict=True)):
            names = [f"need.{flag}" for flag in q["needs"] if flag not in t["can"]] + names
            if q["input"] + q["output"] > t["window"]:
                names = ["need.context_window", *names]
            if names:
                rejected[index] = names
            else:
                scored.append((-self.score(t, q), index))
        return tuple(index for _, index in sorted(scored)[:8]), rejected

    def score(self, t: Facts, q: Facts) -> int:
        values = {
            "cost": line_cost(q["input"], t["price_in"]) + line_cost(q["output"], t["price_out"]),
            "latency": t["first"] + t["each"] * q["output"],
            "quality": t["quality"],
        }
        return sum(weight * self._utility(name, values[name]) for name, weight in WEIGHTS.items()) // 1_000_000


class Cel:
    """The lines as CEL programs of `cel-python`, each evaluated for each candidate."""

    def __init__(self, catalog: Catalog, closures: Closures, grid: Callable[[int], int]) -> None:
        import celpy  # only in the environment of the benchmarks

        self._cel = celpy
        environment = celpy.Environment(runner_class=celpy.CompiledRunner)
        program = lambda text: environment.program(environment.compile(text))  # noqa: E731
        self._lines = [
            (line.name, program(line.cel), None if line.cel_when is None else program(line.cel_when)) for line in LINES
        ]
        self._targets = [celpy.json_to_cel(target_facts(target)) for target in catalog.targets]
        self._closures = closures
        self._grid = grid

    def decide(self, question: Question) -> Answer:
        """The same by CEL; ranking is that of the closures."""
        q = request_facts(question, self._grid)
        asked = self._cel.json_to_cel(q)
        active = [(name, test) for name, test, when in self._lines if when is None or when.evaluate({"q": asked})]
        failed = [
            [name for name, test in active if not test.evaluate({"t": target, "q": asked})] for target in self._targets
        ]
        return self._closures.best(q, failed)
