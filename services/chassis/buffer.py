"""The buffer between Faust's consumer and our stream: full by bytes as well as by messages.

Faust counts messages alone, and 256 of the largest are 230 MB. While the buffer is full its consumer waits; what it
has fetched meanwhile is bounded by the broker, at most a mebibyte a partition.
"""

from __future__ import annotations

from typing import Any

from mode.utils.queues import ThrowableQueue

from services.chassis.budget import size_of


class HeldQueue(ThrowableQueue):  # type: ignore[type-arg]  # not subscriptable at run time
    """Holds events; one that is larger than the bound is let in when nothing else is held."""

    def __init__(self, *args: Any, held_bytes: int, **kwargs: Any) -> None:
        self._limit, self._held = held_bytes, 0
        super().__init__(*args, **kwargs)

    def full(self) -> bool:
        """Whether the next event waits."""
        return bool(super().full()) or self._held >= self._limit

    def clear(self) -> None:
        """Drop everything, as when partitions go to somebody else."""
        super().clear()
        self._held = 0

    def _put(self, item: Any) -> None:
        self._held += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self._held -= _size(item)
        return item


def _size(event: Any) -> int:
    return size_of(event.message.key, event.message.value)
