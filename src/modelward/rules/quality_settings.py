"""The settings of data quality: from which size on a finding matters."""

import math
from typing import Any, Protocol


class QualitySettings(Protocol):
    """The part of a monitor that speaks of data quality.

    `out_of_range_share` of a column's rows beyond the reference's smallest and largest value matter. A column that held
    different values is nearly constant when one value has `constant_share` of its rows. `duplicate_share` of the events
    may be repetitions beyond what is usual. A window may lose or gain `volume_change` of its usual rows (0.5: it may
    have half of them, or twice as many). Events are late after `freshness_gaps` times the longest gap there was.
    """

    @property
    def out_of_range_share(self) -> float: ...
    @property
    def constant_share(self) -> float: ...
    @property
    def duplicate_share(self) -> float: ...
    @property
    def volume_change(self) -> float: ...
    @property
    def freshness_gaps(self) -> float: ...


def quality_problems(chosen: QualitySettings) -> list[str]:
    """What cannot be meant, each in a sentence."""
    shares = ("out_of_range_share", "constant_share", "duplicate_share")
    change, gaps = chosen.volume_change, chosen.freshness_gaps
    found = [
        *(
            (not _is_number(value := getattr(chosen, name)) or not 0 < value <= 1, f"{name} lies above 0 and up to 1")
            for name in shares
        ),
        (not _is_number(change) or not 0 < change < 1, "volume_change lies between 0 and 1"),
        (not _is_number(gaps) or gaps < 1, "freshness_gaps must be at least 1: a gap as long as ever is not late"),
    ]
    return [sentence for wrong, sentence in found if wrong]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
