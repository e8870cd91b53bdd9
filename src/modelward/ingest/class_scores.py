"""The probabilities of many classes, sent in the place of a score: each becomes a column, `@score:<class>`.

An object names its classes; a list is for the classes 0, 1, 2 and so on. The score itself is the highest of them, so
that it says how sure the model was; of the classes 0 and 1 it is the probability of 1, and needs no columns. What is no
distribution (a number outside [0, 1], a sum that is not 1) is set aside as an invalid score.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from modelward.registry.names import CLASS_SCORE
from modelward.stats.class_scores import MOST_CLASSES, TOLERANCE

_TWO = frozenset({"0", "1"})


class Spread(NamedTuple):
    """The score, and the probabilities by the names of their columns."""

    score: float | None
    columns: Mapping[str, float]


def spread(value: Mapping[str, Any] | Sequence[Any]) -> Spread | None:
    """The probabilities of one event; None where they are none."""
    named = value if isinstance(value, Mapping) else {str(place): entry for place, entry in enumerate(value)}
    chances = {name: entry for name, entry in named.items() if entry is not None}
    if not chances:
        return Spread(None, {})
    if len(chances) > MOST_CLASSES or not all(map(_is_share, chances.values())):
        return None
    if abs(sum(chances.values()) - 1) > TOLERANCE:
        return None
    if chances.keys() <= _TWO:
        return Spread(float(chances.get("1", 0.0)), {})
    # Of two classes with other names nobody knows here which is the positive one.
    score = max(chances.values()) if len(chances) > 2 else None
    return Spread(score, {f"{CLASS_SCORE}{name}": float(entry) for name, entry in chances.items()})


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
