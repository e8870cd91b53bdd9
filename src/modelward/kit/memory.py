"""Giving back memory that was needed for a moment."""

import ctypes
import sys

import pyarrow as pa


def give_back_memory() -> None:
    """Return what Arrow and the C library keep for later to the system.

    After a burst of large batches they hold on to several times what a quiet service needs. A few milliseconds.
    """
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
