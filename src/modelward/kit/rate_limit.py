"""How often somebody may ask: a sliding window a minute (the library `limits`), counted in this process's memory.

Each process counts for itself: behind N processes a caller may ask up to N times as often. That is meant. A limit keeps
one caller from taking a process away from the others, and that holds in each of them, without a store to wait for.

The counters are ours and not the library's `MemoryStorage`, which looks through all of them in a thread of its own a
hundred times a second, and never forgets one before its time. Here their number is bounded, and the oldest go first.
"""

import math
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.storage.base import SlidingWindowCounterSupport, TimestampedSlidingWindow
from limits.strategies import SlidingWindowCounterRateLimiter

LARGEST = 50_000
"""So many callers are counted at most, each in up to two counters of some 200 bytes; a new one displaces the oldest."""

_SECONDS = 60


class Share(NamedTuple):
    """What a caller has left of their minute."""

    allowed: bool
    limit: int
    remaining: int
    reset: int
    """seconds until there is more"""

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The same as the header fields `RateLimit-…` (draft-ietf-httpapi-ratelimit-headers)."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
            (b"ratelimit-policy", b"%d;w=%d" % (self.limit, _SECONDS)),
        ]


class RateLimit:
    """So many a minute for each name. Threads may share it. `clock` gives seconds since 1970."""

    def __init__(self, per_minute: int, *, largest: int = LARGEST, clock: Callable[[], float] = time.time) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._counters = Counters(2 * largest, clock)
        self._windows = SlidingWindowCounterRateLimiter(self._counters)

    def take(self, name: str) -> Share:
        """Count one request of this name, if it may have one more."""
        allowed = self._windows.hit(self._item, name)
        stats = self._windows.get_window_stats(self._item, name)
        reset = max(1, math.ceil(stats.reset_time - time.time()))  # the library adds the present to what is left
        return Share(allowed, self._item.amount, stats.remaining if allowed else 0, reset)

    def __len__(self) -> int:
        return len(self._counters)


class Counters(Storage, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """A bounded number of counters, each with the moment when it is forgotten."""

    STORAGE_SCHEME = None

    def __init__(self, largest: int, clock: Callable[[], float]) -> None:
        super().__init__()
        self._largest = largest
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, float]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError  # there is no store that could fail

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        with self._lock:
            return self._add(key, expiry, amount, self._clock())

    def get(self, key: str) -> int:
        return self._count(key, self._clock())

    def get_expiry(self, key: str) -> float:
        return self._kept.get(key, (0, self._clock()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._kept)
            self._kept.clear()
            return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        with self._lock:
            now = self._clock()
            before, weight, inside, _ = self._window(key, expiry, now)
            if math.floor(before * weight / expiry + inside) + amount > limit:
                return False
            self._add(self.sliding_window_keys(key, expiry, now)[1], 2 * expiry, amount, now)
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        with self._lock:
            return self._window(key, expiry, self._clock())

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        for one in self.sliding_window_keys(key, expiry, self._clock()):
            self.clear(one)

    def _window(self, key: str, expiry: int, now: float) -> tuple[int, float, int, float]:
        """The window before: its count, and the seconds that it still weighs. Then this one, likewise."""
        before, current = self.sliding_window_keys(key, expiry, now)
        left = (1 - (now / expiry) % 1) * expiry
        return self._count(before, now), left, self._count(current, now), left + expiry

    def _count(self, key: str, now: float) -> int:
        count, until = self._kept.get(key, (0, 0.0))
        return count if until > now else 0

    def _add(self, key: str, expiry: int, amount: int, now: float) -> int:
        count = self._count(key, now)
        until = self._kept[key][1] if count else now + expiry
        self._kept[key] = (count + amount, until)
        if len(self._kept) > self._largest:
            self._make_room(now)
        return count + amount

    def _make_room(self, now: float) -> None:
        """Forget what is over; where that is not enough, the oldest tenth, lest each request has to do this."""
        for key in [key for key, (_, until) in self._kept.items() if until <= now]:
            del self._kept[key]
        oldest = list(self._kept)[: max(0, len(self._kept) - self._largest * 9 // 10)]
        for key in oldest:
            del self._kept[key]
