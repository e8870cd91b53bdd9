"""UUIDs of version 7 (RFC 9562): they sort by time, and one process never makes a smaller one later."""

import os
import threading

# 60 bits that count up: 48 bits of milliseconds, then 12 bits of a counter (RFC 9562, section 6.2, method 1).
_lock = threading.Lock()
_next = 0

_LINE = 37  # 36 characters and a line's end
_COUNTER = ["".join(f"{count:03x}"[digit] for count in range(4096)).encode() for digit in range(3)]
_VARIANT = bytes(0x80 | (byte & 0x3F) for byte in range(256))


def uuid7(now_ms: int) -> str:
    """One UUIDv7 for the time `now_ms`, in milliseconds since 1970."""
    return uuid7_batch(1, now_ms)[0]


def uuid7_batch(n: int, now_ms: int) -> list[str]:
    """`n` UUIDv7 in ascending order, all greater than any made before by this process.

    More than 4,096 in one millisecond, or a clock that went back, borrow from the milliseconds to come.
    """
    position = _reserve(n, now_ms)
    end = position + n
    identifiers: list[str] = []
    while position < end:
        millisecond, counter = divmod(position, 4096)
        here = min(end - position, 4096 - counter)
        identifiers += _of_one_millisecond(millisecond, counter, here)
        position += here
    return identifiers


def _reserve(n: int, now_ms: int) -> int:
    global _next  # noqa: PLW0603 - ids of one process are one sequence
    with _lock:
        start = max(_next, now_ms * 4096)
        _next = start + n
        return start


def _of_one_millisecond(millisecond: int, counter: int, n: int) -> list[str]:
    # The text of all ids is filled in column by column, a quarter of the time of formatting one by one.
    stamp = f"{millisecond:012x}"
    text = bytearray(f"{stamp[:8]}-{stamp[8:]}-7000-0000-000000000000\n".encode() * n)
    for digit in range(3):
        text[15 + digit :: _LINE] = _COUNTER[digit][counter : counter + n]
    tails = _random_tails(n)
    for digit in range(16):
        text[(19 if digit < 4 else 20) + digit :: _LINE] = tails[digit::16]
    return text.decode("ascii").splitlines()


def _random_tails(n: int) -> bytes:
    """16 hexadecimal digits an id: the variant's two bits, then 62 random bits."""
    raw = bytearray(os.urandom(8 * n))
    raw[::8] = raw[::8].translate(_VARIANT)
    return raw.hex().encode()
