"""Giving back memory that was needed for a moment."""

import ctypes
import os
import sys
import threading
from collections.abc import Callable

EVERY_SECONDS = 5.0


def use_one_allocator() -> None:
    """Let Arrow take its memory from the C library, which can be asked to give it back. Call before Arrow is imported.

    Arrow's own allocator keeps what a burst of large batches took for as long as the process lives.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def keep_memory_small(stop: threading.Event, give_back: Callable[[], None] | None = None) -> None:
    """Every few seconds return to the system what is kept for later, until told to stop.

    Args:
        stop: Ends it.
        give_back: What lets go of a cache of its own first.
    """
    # Other systems, and musl, whose C library gives back by itself, have no such call.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    while not stop.wait(EVERY_SECONDS):
        if give_back is not None:
            give_back()
        if trim is not None:
            trim(0)
