"""Usage that comes in pieces."""

from __future__ import annotations

from waypost.core.model.outcome import Usage


def later(first: Usage | None, second: Usage | None) -> Usage | None:
    """Two cumulative counts of one answer as one: the greater of each, since a later event may leave some out."""
    if first is None or second is None:
        return second or first
    known = [count for count in (first.reasoning, second.reasoning) if count is not None]
    return Usage(
        input=max(first.input, second.input),
        output=max(first.output, second.output),
        cache_read=max(first.cache_read, second.cache_read),
        cache_write=max(first.cache_write, second.cache_write),
        cache_write_1h=max(first.cache_write_1h, second.cache_write_1h),
        reasoning=max(known) if known else None,
        estimated=first.estimated and second.estimated,
    )
