"""Giving back memory that was needed for a moment, and leaving alone what is needed for good."""

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_SECONDS = 5.0


def use_one_allocator() -> None:
    """Let Arrow take its memory from the C library, which can be asked to give it back. Call before Arrow is imported.

    Arrow's own allocator keeps what a burst of large batches took for as long as the process lives.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


@contextmanager
def made_for_good() -> Iterator[None]:
    """What the block makes lives as long as the process: it is not searched for garbage, now or later.

    Importing the service makes 300,000 objects. Going through them again and again while they became more was two
    fifths of the time that it took to start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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
