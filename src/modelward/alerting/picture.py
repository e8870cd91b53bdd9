"""Small pictures for messages: PNG, without a library for pictures.

The reference is grey, what is now has the accent colour, a limit is dashed: as on the pages. There is no text in them;
the message around them says what they show. A file has 1 to 3 KB.
"""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 480, 160
MARGIN = 8
PALETTE: Final = ((255, 255, 255), (176, 182, 190), (37, 99, 180), (179, 38, 30), (226, 229, 233))
PAPER, GREY, ACCENT, RED, LINE = range(5)

_Canvas = NDArray[np.uint8]


def distributions(reference: Sequence[float], current: Sequence[float]) -> bytes:
    """How it was (grey, wide) and how it is now (narrow, before it): the share of each bin; any totals."""
    canvas = _paper()
    shares = [_shares(reference), _shares(current)]
    highest = max(float(share.max(initial=0.0)) for share in shares) or 1.0
    slots = np.linspace(MARGIN, WIDTH - MARGIN, max(len(reference), len(current), 1) + 1)
    for share, colour, inset in ((shares[0], GREY, 0.08), (shares[1], ACCENT, 0.28)):
        for at, value in enumerate(share):
            left, right = slots[at], slots[at + 1]
            _bar(canvas, left + inset * (right - left), right - inset * (right - left), value / highest, colour)
    return png(canvas)


def timeline(values: Sequence[float | None], limit: float | None = None) -> bytes:
    """Values by time, oldest first; red where they are beyond the limit. None is a gap."""
    canvas = _paper()
    known = [value for value in values if value is not None and np.isfinite(value)]
    highest = max([*known, limit or 0.0, 0.0]) * 1.05 or 1.0
    slots = np.linspace(MARGIN, WIDTH - MARGIN, max(len(values), 1) + 1)
    for at, value in enumerate(values):
        if value is None or not np.isfinite(value):
            continue
        colour = RED if limit is not None and value >= limit else ACCENT
        gap = 0.12 * (slots[at + 1] - slots[at])
        _bar(canvas, slots[at] + gap, slots[at + 1] - gap, value / highest, colour)
    if limit is not None:
        row = _row(limit / highest)
        canvas[row : row + 2, MARGIN : WIDTH - MARGIN] = np.where(
            np.arange(WIDTH - 2 * MARGIN) % 12 < 7, RED, canvas[row : row + 2, MARGIN : WIDTH - MARGIN]
        )
    return png(canvas)


def png(canvas: _Canvas) -> bytes:
    """A picture of the palette's colours, one byte a dot."""
    height, width = canvas.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = canvas
    palette = bytes(part for colour in PALETTE for part in colour)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _paper() -> _Canvas:
    canvas = np.full((HEIGHT, WIDTH), PAPER, np.uint8)
    canvas[HEIGHT - MARGIN, MARGIN : WIDTH - MARGIN] = LINE
    return canvas


def _shares(counts: Sequence[float]) -> NDArray[np.float64]:
    values = np.nan_to_num(np.asarray(counts, float), nan=0.0, posinf=0.0, neginf=0.0).clip(0)
    total = values.sum()
    return np.asarray(values / total if total else values, float)


def _row(height: float) -> int:
    """The row of a height from 0 to 1."""
    return round((HEIGHT - MARGIN) - min(max(height, 0.0), 1.0) * (HEIGHT - 2 * MARGIN))


def _bar(canvas: _Canvas, left: float, right: float, height: float, colour: int) -> None:
    if height > 0:
        first = round(left)
        canvas[min(_row(height), HEIGHT - MARGIN - 1) : HEIGHT - MARGIN, first : max(round(right), first + 1)] = colour
