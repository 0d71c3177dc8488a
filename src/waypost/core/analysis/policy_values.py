"""Values of a canonical policy document in words, with the units that the names around them tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waypost.core.model.money import MICRO
from waypost.core.policy.tree import Unit
from waypost.core.policy.units import decimal, literal

_SUFFIXES: dict[str, Unit] = {"_ns": "ns", "_nano_usd": "usd"}
_SCALES: dict[str, Unit] = {"cost": "usd", "latency": "ns", "quality": "micro"}
_MOST = 8


def shown(path: str, value: Any) -> str | None:
    """A value with its unit, which the names around it tell."""
    key = path.rpartition(".")[2]
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return quantity(path, value)
    if isinstance(value, Mapping):
        inside = (
            f"{label(name)} {shown(f'{path}.{name}', item)}"
            for name, item in value.items()
            if item not in (None, [], {})
        )
        return "{" + ", ".join(inside) + "}"
    if key == "thresholds":
        return ", ".join(f"{percent(share)} {action}" for share, action in value)
    if isinstance(value, list | tuple):
        return joined(value) or "nobody"
    return f"`{value}`" if key in ("when", "match") else str(value)


def rank(said: Mapping[str, Any]) -> str:
    """A strategy's name, or the weights that it stands for."""
    weights = ", ".join(f"{field} {decimal(weight, MICRO)}" for field, weight in said["weights"].items())
    behind = said.get("behind")
    if behind:
        first = "the rule's list" if said["strategy"] == "listed" else f"the advisor {said['advisor']}"
        within = f" within {literal(said['within_ns'], 'ns')}" if "within_ns" in said else ""
        return f"{first}{within}, then {weights if behind == 'weighted' else behind}"
    return weights if said["strategy"] == "weighted" else str(said["strategy"])


def quantity(path: str, value: int) -> str:
    """A whole number of the canonical document, at ``path``, as a policy file has it: ``2000000000`` as ``2 s``."""
    key = path.rpartition(".")[2]
    for suffix, unit in _SUFFIXES.items():
        if key.endswith(suffix):
            return literal(value, unit)
    if key.endswith("_ppm"):
        return percent(value)
    if ".weights." in path or path.startswith("weights."):
        return decimal(value, MICRO) if "rank" in path else str(value)
    parts = path.split(".")
    if "scales" in parts:
        return literal(value, _SCALES.get(parts[parts.index("scales") + 1], "count"))
    return str(value)


def label(path: str) -> str:
    """A path as a policy file has it: without the units of the canonical document."""
    parts = (part.removesuffix("_ns").removesuffix("_ppm").removesuffix("_nano_usd") for part in path.split("."))
    return ".".join("at" if part == "thresholds" else part for part in parts).replace("mode.mode", "mode")


def joined(items: Sequence[Any]) -> str:
    """The first of a list, and how many more there are."""
    shown = ", ".join(map(str, items[:_MOST]))
    return f"{shown} and {len(items) - _MOST} more" if len(items) > _MOST else shown


def percent(ppm: int) -> str:
    return f"{decimal(ppm, MICRO // 100)}%"
