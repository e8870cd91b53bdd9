"""Giving back memory that was needed for a moment."""

import ctypes
import os
import sys
import threading

EVERY_SECONDS = 5.0


def use_one_allocator() -> None:
    """Let Arrow take its memory from the C library, which can be asked to give it back. Call before Arrow is imported.

    Arrow's own allocator keeps what a burst of large batches took for as long as the process lives.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def keep_memory_small(stop: threading.Event) -> None:
    """Every few seconds return to the system what the C library keeps for later, until told to stop."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is None:  # another system, or musl, whose C library gives back by itself
        return
    while not stop.wait(EVERY_SECONDS):
        trim(0)
