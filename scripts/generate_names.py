"""Make names.py and docs/telemetry.md from telemetry/registry, the source of every name that Waypost emits.

    python scripts/generate_names.py            write both
    python scripts/generate_names.py --check    exit 1 where a written one differs

The registry is in OpenTelemetry Weaver's format (definition/2); only the part of it that we use is understood, and
anything else is an error. Needs PyYAML.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = ROOT / "telemetry" / "registry"
NAMES = ROOT / "src" / "waypost" / "adapters" / "sinks" / "names.py"
PAGE = ROOT / "docs" / "telemetry.md"

SECTIONS = frozenset(("attributes", "attribute_groups", "spans", "metrics"))
TYPES = ("string", "int", "double", "boolean")


class RegistryError(Exception):
    """The registry cannot be understood; ``str()`` names the file or the key."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``type`` is one of TYPES, ``<type>[]`` or ``template[<type>]``; ``members`` are the values of an enum."""

    key: str
    type: str
    members: tuple[str, ...]
    brief: str
    note: str
    stability: str
    examples: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Signal:
    """A span or a metric. ``levels`` maps attribute keys to requirement levels; ``start`` are those of the start.

    ``id`` is a span's type or a metric's name, ``shape`` a span's kind or a metric's instrument, ``detail`` a span's
    name pattern or a metric's unit.
    """

    id: str
    shape: str
    detail: str
    brief: str
    note: str
    stability: str
    levels: Mapping[str, str]
    start: frozenset[str]


@dataclass(frozen=True, slots=True)
class Registry:
    attributes: Mapping[str, Attribute]
    spans: Mapping[str, Signal]
    metrics: Mapping[str, Signal]

    def attribute(self, name: str) -> Attribute | None:
        """The declaration of an emitted attribute; a template covers every name below its key."""
        if name in self.attributes:
            found = self.attributes[name]
            return None if found.type.startswith("template[") else found
        templates = (each for each in self.attributes.values() if each.type.startswith("template["))
        return next((each for each in templates if name.startswith(f"{each.key}.")), None)


# -- reading ----------------------------------------------------------------------------------------------------------


def load(folder: Path = REGISTRY) -> Registry:
    """The registry of a folder, its groups resolved."""
    parts: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == "manifest.yaml":
            continue
        document = yaml.safe_load(path.read_text())
        if document.pop("file_format", None) != "definition/2":
            raise RegistryError(f"{path.name}: file_format is not definition/2")
        if unknown := document.keys() - SECTIONS:
            raise RegistryError(f"{path.name}: unknown sections {sorted(unknown)}")
        for section, entries in document.items():
            parts[section].extend(entries)
    attributes = _unique(_attribute(each) for each in parts["attributes"])
    groups = {each["id"]: each["attributes"] for each in parts["attribute_groups"]}
    spans = [_signal(each, groups, each["type"], each["kind"], each["name"]["note"]) for each in parts["spans"]]
    metrics = [_signal(each, groups, each["name"], each["instrument"], each["unit"]) for each in parts["metrics"]]
    registry = Registry(attributes, {each.id: each for each in spans}, {each.id: each for each in metrics})
    for signal in (*spans, *metrics):
        if missing := signal.levels.keys() - attributes.keys():
            raise RegistryError(f"{signal.id}: undeclared {sorted(missing)}")
    return registry


def _unique(found: Iterator[Attribute]) -> dict[str, Attribute]:
    out: dict[str, Attribute] = {}
    for each in found:
        if each.key in out:
            raise RegistryError(f"{each.key} is declared twice")
        out[each.key] = each
    return dict(sorted(out.items()))


def _attribute(entry: Mapping[str, Any]) -> Attribute:
    kind, members = entry["type"], ()
    if isinstance(kind, dict):
        members = tuple(member["value"] for member in kind["members"])
        kind = "string"
    if kind.removeprefix("template[").removesuffix("]").removesuffix("[") not in TYPES:
        raise RegistryError(f"{entry['key']}: unknown type {kind}")
    return Attribute(
        entry["key"],
        kind,
        members,
        _line(entry["brief"]),
        _line(entry.get("note", "")),
        entry["stability"],
        tuple(entry.get("examples", ())),
    )


def _signal(entry: Mapping[str, Any], groups: Mapping[str, Any], key: str, shape: str, detail: str) -> Signal:
    levels: dict[str, str] = {}
    start = set()
    for ref in _refs(entry["attributes"], groups):
        if ref["ref"] in levels:
            raise RegistryError(f"{key}: {ref['ref']} stands twice")
        level = ref["requirement_level"]
        levels[ref["ref"]] = level if isinstance(level, str) else "conditionally_required"
        if isinstance(level, dict):
            levels[ref["ref"]] += f": {level['conditionally_required']}"
        if ref.get("sampling_relevant"):
            start.add(ref["ref"])
    brief, note = _line(entry["brief"]), _line(entry.get("note", ""))
    return Signal(key, shape, detail, brief, note, entry["stability"], levels, frozenset(start))


def _refs(entries: list[Any], groups: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in entries:
        if "ref_group" in each:
            yield from _refs(groups[each["ref_group"]], groups)
        else:
            yield each


def _line(text: str) -> str:
    return " ".join(text.split())


# -- writing ----------------------------------------------------------------------------------------------------------


def constant(key: str) -> str:
    """``waypost.receipt.id`` to ``RECEIPT_ID``, ``gen_ai.operation.name`` to ``GEN_AI_OPERATION_NAME``."""
    return key.removeprefix("waypost.").replace(".", "_").upper()


HEAD = '''"""Names of spans, attributes and metrics.

Generated by scripts/generate_names.py from telemetry/registry; do not edit.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Metric(NamedTuple):
    """An instrument: its name, unit and description."""

    name: str
    unit: str
    description: str

'''


def names(registry: Registry) -> str:
    """The text of names.py."""
    out = [HEAD]
    for each in registry.attributes.values():
        prefix = "_PREFIX" if each.type.startswith("template[") else ""
        value = f"{each.key}." if prefix else each.key
        out.append(f'\n{constant(each.key)}{prefix}: Final = "{value}"\n{_doc(each.brief)}\n')
    for metric in registry.metrics.values():
        fields = ",\n    ".join(f'"{field}"' for field in (metric.id, metric.detail, metric.brief))
        out.append(f"\nMETRIC_{constant(metric.id)}: Final = Metric(\n    {fields},\n)\n")
    return "".join(out)


def _doc(brief: str) -> str:
    one = f'"""{brief}"""'
    if len(one) <= 120:
        return one
    return '"""' + "\n".join(textwrap.wrap(brief, 117)) + '\n"""'


def page(registry: Registry) -> str:
    """The text of docs/telemetry.md."""
    out = [
        "# Telemetry reference",
        "",
        "Generated by `python scripts/generate_names.py` from `telemetry/registry/` (OpenTelemetry Weaver's format).",
        "Do not edit.",
        "",
        "Attributes marked with * are set when the span starts, so that samplers see them.",
        "",
        "## Spans",
    ]
    for span in registry.spans.values():
        out += ["", f"### {span.id}", "", f"{span.detail}, kind {span.shape.upper()}. {_more(span)}", ""]
        out += _table(span)
    out += ["", "## Metrics"]
    for metric in registry.metrics.values():
        out += ["", f"### {metric.id}", "", f"{metric.shape.capitalize()}, unit `{metric.detail}`. {_more(metric)}", ""]
        out += _table(metric)
    out += ["", "## Attributes", "", "| attribute | type | meaning | examples |", "| --- | --- | --- | --- |"]
    for each in registry.attributes.values():
        kind = " \\| ".join(f"`{member}`" for member in each.members) or f"`{each.type}`"
        name = f"{each.key}.<key>" if each.type.startswith("template[") else each.key
        meaning = f"{each.brief} {each.note}".strip()
        shown = ", ".join(f"`{_example(value)}`" for value in each.examples)
        out.append(f"| `{name}` | {kind} | {meaning} | {shown} |")
    return "\n".join(out) + "\n"


def _more(signal: Signal) -> str:
    return f"{signal.brief} {signal.note}".strip()


def _table(signal: Signal) -> list[str]:
    rows = ["| attribute | level |", "| --- | --- |"]
    for key, level in signal.levels.items():
        mark = "*" if key in signal.start else ""
        rows.append(f"| `{key}`{mark} | {level.replace('conditionally_required: ', '').replace('_', '-')} |")
    return rows


def _example(value: object) -> str:
    if isinstance(value, float):
        return format(value, "f").rstrip("0").rstrip(".") if value else "0"
    return "[" + ", ".join(map(_example, value)) + "]" if isinstance(value, list) else str(value)


def main(arguments: list[str]) -> int:
    """Write both files, or with ``--check`` only say which differ."""
    registry = load()
    wanted = {NAMES: names(registry), PAGE: page(registry)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if "--check" not in arguments:
            path.write_text(wanted[path])
        print(f"{path.relative_to(ROOT)} {'differs' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
