"""The registry is sound, agrees with the records' vocabularies, and what is generated from it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from waypost.adapters.sinks import attributes, candidates, names
from waypost.core.model.decision import Cause
from waypost.core.model.outcome import CostBasis, FailureKind, Outcome
from waypost.core.model.question import Complexity, Mode

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # scripts/ is a package of the checkout, not of the wheel
    sys.path.insert(0, str(ROOT))

from scripts import generate_names  # noqa: E402

REGISTRY = generate_names.load()


@pytest.mark.parametrize(
    ("path", "text"),
    [(generate_names.NAMES, generate_names.names(REGISTRY)), (generate_names.PAGE, generate_names.page(REGISTRY))],
    ids=["names.py", "telemetry.md"],
)
def test_generated_files_are_up_to_date(path: Path, text: str) -> None:
    """Whoever changes the registry runs `python scripts/generate_names.py`."""
    assert path.read_text() == text


def test_check_mode_tells_stale_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` writes nothing and exits 1 for a stale file; without it the file is written, and the check passes."""
    page = tmp_path / "telemetry.md"
    page.write_text("old")
    monkeypatch.setattr(generate_names, "PAGE", page)
    monkeypatch.setattr(generate_names, "ROOT", tmp_path)
    monkeypatch.setattr(generate_names, "NAMES", tmp_path / "names.py")
    assert generate_names.main(["--check"]) == 1
    assert page.read_text() == "old"
    assert generate_names.main([]) == 0
    assert generate_names.main(["--check"]) == 0
    assert page.read_text() == generate_names.page(REGISTRY)


def test_every_constant_is_an_attribute() -> None:
    """names.py has exactly the registry's attributes, templates as their prefix, and its metrics."""
    constants = {name: value for name, value in vars(names).items() if name.isupper()}
    metrics = {name: value for name, value in constants.items() if isinstance(value, names.Metric)}
    plain = {each.key for each in REGISTRY.attributes.values() if not each.type.startswith("template[")}
    prefixes = {f"{each.key}." for each in REGISTRY.attributes.values() if each.type.startswith("template[")}
    assert {value for value in constants.values() if isinstance(value, str)} == plain | prefixes
    assert {each.name for each in metrics.values()} == REGISTRY.metrics.keys()
    assert ("waypost.cost", "{USD}", REGISTRY.metrics["waypost.cost"].brief) == names.METRIC_COST
    assert names.REJECTED_PREFIX == "waypost.rejected."


@pytest.mark.parametrize(
    ("key", "literal"),
    [
        (names.SELECTED_CAUSE, Cause),
        (names.OUTCOME, Outcome),
        (names.COST_BASIS, CostBasis),
        (names.MODE, Mode),
        (names.COMPLEXITY, Complexity),
        (names.FALLBACK_REASON, FailureKind),
    ],
)
def test_enums_are_the_records_vocabularies(key: str, literal: Any) -> None:
    """A member that a record can have and the registry has not would be emitted undeclared."""
    assert REGISTRY.attributes[key].members == get_args(literal)


def test_a_template_covers_only_names_below_it() -> None:
    """`waypost.rejected.openai/gpt-5` is declared; the bare prefix and a look-alike are not."""
    covered = REGISTRY.attribute("waypost.rejected.openai/gpt-5")
    assert covered is not None
    assert covered.type == "template[string]"
    assert REGISTRY.attribute("waypost.rejected") is None
    assert REGISTRY.attribute("waypost.rejectedness.x") is None


def test_the_route_span_declares_nothing_that_backends_would_count() -> None:
    """`gen_ai.*` on the route span would double calls, tokens and cost (S6.15)."""
    assert not [key for key in REGISTRY.spans["waypost.route"].levels if key.startswith("gen_ai.")]
    assert not [key for key in REGISTRY.spans["waypost.attempt.internal"].levels if key.startswith("gen_ai.")]
    assert {names.GEN_AI_OPERATION_NAME, names.GEN_AI_PROVIDER_NAME, names.GEN_AI_REQUEST_MODEL} <= set(
        REGISTRY.spans["waypost.attempt.client"].start
    )


@pytest.mark.parametrize("path", sorted(generate_names.REGISTRY.glob("*.yaml")), ids=lambda path: path.stem)
def test_files_have_weavers_shape(path: Path) -> None:
    """Every definition has what Weaver's definition/2 requires of it, so that `weaver registry check` accepts it."""
    document = yaml.safe_load(path.read_text())
    if path.name == "manifest.yaml":
        assert document.keys() >= {"name", "description", "schema_url"}
        return
    assert document["file_format"] == "definition/2"
    for entry in document.get("attributes", ()):
        assert entry.keys() >= {"key", "type", "brief", "stability"}, entry
        if isinstance(entry["type"], dict):
            assert all(member.keys() >= {"id", "value", "stability"} for member in entry["type"]["members"]), entry
        elif entry["type"] != "boolean":
            assert entry["examples"], entry["key"]
    for entry in document.get("spans", ()):
        assert entry.keys() >= {"type", "kind", "name", "brief", "stability", "attributes"}
    for entry in document.get("metrics", ()):
        assert entry.keys() >= {"name", "instrument", "unit", "brief", "stability", "attributes"}


def test_examples_have_their_attributes_type() -> None:
    """An example of the wrong type would mislead readers and fail `weaver registry check`."""
    for each in REGISTRY.attributes.values():
        kind = each.type.removeprefix("template[").removesuffix("]") if "template" in each.type else each.type
        for example in each.examples:
            assert fits(example, kind), (each.key, example)


def fits(value: object, kind: str) -> bool:
    if kind.endswith("[]"):
        return isinstance(value, list) and all(fits(item, kind[:-2]) for item in value)
    return type(value) is {"string": str, "int": int, "double": float, "boolean": bool}[kind]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file_format: definition/1\n", "file_format"),
        ("file_format: definition/2\nthings: []\n", "unknown sections"),
        ("file_format: definition/2\nattributes: [{key: a, type: text, brief: b, stability: s}]\n", "unknown type"),
        (
            "file_format: definition/2\nattributes:\n"
            "  - {key: a, type: int, brief: b, stability: s}\n  - {key: a, type: int, brief: b, stability: s}\n",
            "declared twice",
        ),
        (
            "file_format: definition/2\nmetrics:\n  - {name: m, instrument: counter, unit: s, brief: b, stability: s,\n"
            "     attributes: [{ref: nobody, requirement_level: required}]}\n",
            "undeclared",
        ),
    ],
)
def test_a_broken_registry_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """The generator understands all of what it reads, or says what it does not."""
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(generate_names.RegistryError, match=message):
        generate_names.load(tmp_path)


def test_our_bounds_leave_room_for_others() -> None:
    """Spans keep 128 attributes by default; ours take half of that at most."""
    assert attributes.MAX_ATTRIBUTES == 64
    assert candidates.MAX_LISTED <= candidates.MAX_CANDIDATES == 24
