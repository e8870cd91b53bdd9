"""The settings of performance and fairness: what they may be, and how JSON holds them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from modelward.rules.band_edges import are_edges, edges_in

MOST_PROTECTED = 10
"""So many attributes have 45 intersections of two."""


class OutcomeSettings(Protocol):
    """The part of a monitor that speaks of outcomes.

    `positive` is the outcome that counts as the positive class (1 unless named). A metric may lose `performance_fall`
    of its standard. Labels decide once `label_coverage` of a window has one. `protected` attributes are watched beside
    those given at registration; numeric ones are cut at their `protected_edges`, by default at the reference's
    quartiles. Groups of fewer than `minimum_group` rows are not compared; a fairness score below `fairness_limit` is
    unfair.
    """

    @property
    def positive(self) -> str | None: ...
    @property
    def performance_fall(self) -> float: ...
    @property
    def label_coverage(self) -> float: ...
    @property
    def protected(self) -> Sequence[str]: ...
    @property
    def protected_edges(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def minimum_group(self) -> int: ...
    @property
    def fairness_limit(self) -> float: ...


def outcome_problems(chosen: OutcomeSettings) -> list[str]:
    """What cannot be meant, each in a sentence."""
    shares = {name: getattr(chosen, name) for name in ("performance_fall", "label_coverage", "fairness_limit")}
    protected: Any = chosen.protected
    texts = isinstance(protected, tuple) and all(isinstance(name, str) for name in protected)
    positive: Any = chosen.positive
    least: Any = chosen.minimum_group
    found = [
        *((not _is_share(value), f"{name} is a share and lies between 0 and 1") for name, value in shares.items()),
        (positive is not None and not isinstance(positive, str), "positive must be a text, such as '1'"),
        (not texts, "protected must be a list of names of features"),
        (texts and len(protected) > MOST_PROTECTED, f"at most {MOST_PROTECTED} attributes can be protected"),
        (
            isinstance(least, bool) or not isinstance(least, int) or least < 1,
            "minimum_group must be a whole number of 1 or more",
        ),
        (
            not are_edges(chosen.protected_edges),
            "protected_edges must be rising numbers, such as {'age': [30, 45, 60]}",
        ),
    ]
    return [sentence for wrong, sentence in found if wrong]


def outcome_fields(wire: Mapping[str, Any]) -> dict[str, Any]:
    """Of the JSON of a monitor, the lists of these settings as tuples."""
    fields: dict[str, Any] = {}
    if isinstance(protected := wire.get("protected"), list):
        fields["protected"] = tuple(protected)
    if isinstance(edges := wire.get("protected_edges"), Mapping):
        fields["protected_edges"] = edges_in(edges)
    return fields


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
