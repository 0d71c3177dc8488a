"""Rank by the house's own weights."""

from __future__ import annotations

from waypost.core.policy.rank.weighted import keys, reads, scores

WEIGHTS: tuple[tuple[str, int], ...] = (("cost", 400_000), ("latency", 200_000), ("quality", 400_000))
"""The weights that a balanced rank carries, in micro-units."""

__all__ = ["WEIGHTS", "keys", "reads", "scores"]
