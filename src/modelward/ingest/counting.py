"""Counters of what the door and the mover did, for /health and /metrics."""

from collections import Counter


class Counters:
    """Named numbers that only grow. Written by one thread each; read by any."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str, n: int = 1) -> None:
        """Count `n` more."""
        self._counts[name] += n

    def read(self) -> dict[str, int]:
        """All numbers as they are now."""
        return dict(self._counts)
