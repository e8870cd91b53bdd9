"""Where numbers are cut into bands, as users write it: rising numbers by column."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any


def are_edges(given: Any) -> bool:
    """Whether these are rising numbers by column."""
    return isinstance(given, Mapping) and all(isinstance(name, str) and _rise(cut) for name, cut in given.items())


def edges_in(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Edges from JSON, their lists as tuples; what is no list stays as it was, to be told of."""
    return {name: tuple(cut) if isinstance(cut, list) else cut for name, cut in wire.items()}


def _rise(cut: Any) -> bool:
    if not isinstance(cut, tuple) or not cut:
        return False
    numbers = all(isinstance(edge, int | float) and not isinstance(edge, bool) and math.isfinite(edge) for edge in cut)
    return numbers and all(low < high for low, high in pairwise(cut))
