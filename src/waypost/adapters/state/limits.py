"""Rate limits: a bucket for each value of a limit's scope that fills with use and drains evenly. No clock, no lock.

This is the generic cell rate algorithm in integers, exactly. A bucket holds ``amount``, and drains ``amount`` in
``per_ns``; its level is counted in units of ``1 / per_ns``, so that a nanosecond drains ``amount`` of them and nothing
is ever rounded. What finds no room is refused and changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from waypost.core.model.ask import Meter


class Limits:
    """The buckets that were used last, at most ``most`` in each limit. An empty one is as good as none."""

    __slots__ = ("_buckets", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._buckets: dict[str, OrderedDict[str, _Bucket]] = {}

    def frees_ns(self, meter: Meter, value: str, units: int, now_ns: int) -> int | None:
        """In how many nanoseconds there is room for ``units``: 0 for now, ``None`` for never."""
        buckets = self._buckets.get(meter.key, _NONE)
        bucket = buckets.get(value)
        if bucket is None:
            return _wait(meter, 0, units)
        buckets.move_to_end(value)  # who asks in vain is not forgotten for it
        return _wait(meter, bucket.level(meter, now_ns), units)

    def full(self, meter: Meter, units: int, now_ns: int) -> Iterator[tuple[str, int | None]]:
        """The values that have no room for ``units``, and when they will have."""
        for value, bucket in self._buckets.get(meter.key, _NONE).items():
            wait = _wait(meter, bucket.level(meter, now_ns), units)
            if wait != 0:
                yield value, wait

    def add(self, meter: Meter, value: str, units: int, now_ns: int) -> None:
        """Count ``units``, which may be negative to give back; a bucket may be overfull and is never below empty."""
        buckets = self._buckets.setdefault(meter.key, OrderedDict())
        bucket = buckets.get(value)
        if bucket is None:
            bucket = buckets[value] = _Bucket(now_ns, meter.per_ns)
            while len(buckets) > self._most:
                buckets.popitem(last=False)
        else:
            buckets.move_to_end(value)
        bucket.put(max(bucket.level(meter, now_ns) + units * meter.per_ns, 0), now_ns)


class _Bucket:
    __slots__ = ("_at_ns", "_level", "_per_ns")

    def __init__(self, now_ns: int, per_ns: int) -> None:
        self._at_ns = now_ns
        self._level = 0
        self._per_ns = per_ns

    def level(self, meter: Meter, now_ns: int) -> int:
        """What is in it now. A clock that went back drains nothing. A limit that was changed keeps what was counted."""
        if self._per_ns != meter.per_ns:
            self._level = self._level * meter.per_ns // self._per_ns
            self._per_ns = meter.per_ns
        return max(self._level - max(now_ns - self._at_ns, 0) * meter.amount, 0)

    def put(self, level: int, now_ns: int) -> None:
        self._level = level
        self._at_ns = max(now_ns, self._at_ns)


def _wait(meter: Meter, level: int, units: int) -> int | None:
    if units > meter.amount:
        return None
    over = level + units * meter.per_ns - meter.amount * meter.per_ns
    return 0 if over <= 0 else -(-over // meter.amount)


_NONE: OrderedDict[str, _Bucket] = OrderedDict()
