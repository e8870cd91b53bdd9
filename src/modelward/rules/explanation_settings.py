"""The settings of segments and of importance: what they may be, and how JSON holds them."""

import math
from collections.abc import Mapping
from typing import Any, Protocol

from modelward.rules.band_edges import are_edges, edges_in

MOST_SEGMENTATIONS = 5
"""So many columns may be declared for segments: each costs one more reading of the rows."""


class ExplanationSettings(Protocol):
    """The part of a monitor that says how a verdict is explained.

    `segments` names the columns by whose values every window is divided; numeric ones are cut at their
    `segment_edges`, by default at the reference's quartiles. `importance` is how much the model relies on a column.
    """

    @property
    def segments(self) -> tuple[str, ...]: ...
    @property
    def segment_edges(self) -> Mapping[str, tuple[float, ...]]: ...
    @property
    def importance(self) -> Mapping[str, float]: ...


def explanation_problems(chosen: ExplanationSettings) -> list[str]:
    """What cannot be meant, each in a sentence."""
    segments: Any = chosen.segments
    texts = isinstance(segments, tuple) and all(isinstance(name, str) for name in segments)
    edges = "segment_edges must be rising numbers, such as {'age': [30, 45, 60]}"
    found = [
        (not texts, "segments must be a list of names of features"),
        (texts and len(segments) > MOST_SEGMENTATIONS, f"at most {MOST_SEGMENTATIONS} columns can make segments"),
        (not are_edges(chosen.segment_edges), edges),
        (not _are_weights(chosen.importance), "importance must be numbers of 0 and more, such as {'age': 0.3}"),
    ]
    return [sentence for wrong, sentence in found if wrong]


def explanation_fields(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Of the JSON of a monitor, the lists of these settings as tuples."""
    fields: dict[str, Any] = {}
    if isinstance(segments := wire.get("segments"), list):
        fields["segments"] = tuple(segments)
    if isinstance(edges := wire.get("segment_edges"), Mapping):
        fields["segment_edges"] = edges_in(edges)
    return fields


def weights_in(given: Any) -> dict[str, float]:
    """The importances among what was given at registration; nothing where they are none."""
    return {str(name): float(value) for name, value in given.items()} if _are_weights(given) else {}


def _are_weights(given: Any) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(name, str) and _is_weight(value) for name, value in given.items()
    )


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
