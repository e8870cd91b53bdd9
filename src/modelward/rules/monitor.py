"""How data is compared: the configuration of every verdict, and the values that hold unless told otherwise."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

import numpy as np

from modelward.rules.catalogue import CATALOGUE
from modelward.rules.explanation_settings import explanation_fields, explanation_problems
from modelward.rules.learned import Learned
from modelward.rules.outcome_settings import outcome_fields, outcome_problems
from modelward.rules.quality_settings import quality_problems
from modelward.stats import Bins
from modelward.stats.binning import rule_of
from modelward.stats.empty_cells import HALF_ROW, Empty, check_rule

EVERY = "*"  # The key that names all columns in `tests`, `thresholds` and `column_bins`.
WINDOWS = ("hour", "day", "week", "events")
SEASONS = ("whole", "same_weekday", "same_hour_of_week")

WITHOUT_LIMIT = frozenset({"wasserstein", "energy_distance"})
"""Tests that have no usual limit, being in the column's own unit: whoever names one gives a threshold."""

# The names a user may write, and the statistic each of them means.
TESTS: Mapping[str, str] = {
    **{name: name for name in CATALOGUE},
    "ks": "kolmogorov_smirnov",
    "chi2": "chi_squared",
    "chisquare": "chi_squared",
    "js": "jensen_shannon",
    "jensenshannon": "jensen_shannon",
    "kl": "kullback_leibler",
    "kl_div": "kullback_leibler",
    "energy": "energy_distance",
    "anderson": "anderson_darling",
    "mannw": "mann_whitney",
    "welch": "t_test",
    "z": "z_test_proportions",
    "g": "g_test",
    "fisher": "fisher_exact",
    "tvd": "total_variation",
    "pai": "population_accuracy_index",
}

MOST_EVENTS = 10_000_000
"""The largest window of the last events."""


@dataclass(frozen=True)
class Monitor:
    """The configuration of a comparison.

    A column is drifted only when the effect matters and chance does not explain it. Effects: PSI with its bias taken
    off (`psi_moderate`, `psi_strong`), a mean moved by `mean_shift` reference standard deviations (beyond what one
    outlier does: by Welch's t-test at `q`), a missing rate moved by `missing_shift` (0.05 is 5 points), unseen
    categories in `new_category_share` of the rows. Chance: one p-value a column, Benjamini–Hochberg over the columns at
    `q`.

    A column named in `tests` is judged by that test alone, at its `thresholds` or the test's usual one; the key `"*"`
    names all columns that the test fits. A threshold is a number, or a text by which it is learned from the reference's
    own past windows: `"mean+3sd"` or `"quantile:0.99"` of their figures, PSI where no test was named. `reference` is
    which part of the reference a window is held against: all of it, or only the same day or hour of the week.

    `bins` and `column_bins` are a number of quantiles of the reference, another rule by name, or the inner edges;
    `empty` is the rule of PSI and Kullback–Leibler for empty cells (see `modelward.stats.psi`). Columns in `labels`
    come later than their row, so that a missing one is not a finding. The settings of performance and fairness are told
    in `outcome_settings`, those of segments and importance in `explanation_settings`, those of data quality in
    `quality_settings`.

    Raises:
        ValueError: a value that cannot be meant, in a sentence.
    """

    bins: Bins = 10
    empty: Empty = HALF_ROW
    minimum_rows: int = 200
    q: float = 0.01
    psi_moderate: float = 0.1
    psi_strong: float = 0.25
    mean_shift: float = 0.25
    missing_shift: float = 0.05
    new_category_share: float = 0.01
    tests: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float | str] = field(default_factory=dict)
    column_bins: Mapping[str, Bins] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset({"@label"})
    window: Literal["hour", "day", "week", "events"] = "day"
    window_events: int = 5000
    time_zone: str = "UTC"
    reference: Literal["whole", "same_weekday", "same_hour_of_week"] = "whole"
    positive: str | None = None
    performance_fall: float = 0.15
    label_coverage: float = 0.8
    protected: tuple[str, ...] = ()
    protected_edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    minimum_group: int = 30
    fairness_limit: float = 0.8
    segments: tuple[str, ...] = ()
    segment_edges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    out_of_range_share: float = 0.01
    constant_share: float = 0.995
    duplicate_share: float = 0.05
    volume_change: float = 0.5
    freshness_gaps: float = 3.0

    def __post_init__(self) -> None:
        for problem in _misfits(self) or _problems(self):
            raise ValueError(problem)

    def test_of(self, column: str, kind: str) -> str | None:
        """The statistic that the user chose for a column; one chosen for all columns holds where it fits the kind."""
        named = self.tests.get(column)
        if named is not None:
            return TESTS[named]
        general = TESTS.get(self.tests.get(EVERY, ""))
        return general if general is None or CATALOGUE[general].suits(kind) else None

    def threshold_of(self, column: str) -> float | None:
        """The constant threshold that the user chose for a column, if any."""
        chosen = self.thresholds.get(column, self.thresholds.get(EVERY))
        return None if isinstance(chosen, str) else chosen

    def learned_of(self, column: str) -> Learned | None:
        """The rule by which the threshold of a column is learned from the reference's past windows, if it is."""
        chosen = self.thresholds.get(column, self.thresholds.get(EVERY))
        return Learned.of(chosen) if isinstance(chosen, str) else None

    @property
    def constant_thresholds(self) -> dict[str, float]:
        """The thresholds that are numbers, by column."""
        return {column: chosen for column, chosen in self.thresholds.items() if not isinstance(chosen, str)}

    @property
    def learns(self) -> bool:
        """Whether any threshold is learned, for which the reference's past windows are needed."""
        return any(isinstance(chosen, str) for chosen in self.thresholds.values())

    def bins_of(self, column: str) -> Bins:
        """How a column is cut into cells."""
        return self.column_bins.get(column, self.column_bins.get(EVERY, self.bins))

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        plain = asdict(self)
        return {**plain, "ignore": sorted(self.ignore), "labels": sorted(self.labels)}

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> Self:
        """The configuration from its JSON; what is not named keeps its starting value.

        Raises:
            ValueError: an unknown name or an impossible value, in a sentence.
        """
        known = {entry.name for entry in fields(cls)}
        if unknown := sorted(set(wire) - known):
            raise ValueError(f"{unknown[0]!r} is not a setting of a comparison; there are {', '.join(sorted(known))}")
        if wire.get("window", "") is None:  # The volume chooses it; until then a day.
            wire = {name: value for name, value in wire.items() if name != "window"}
        sets = {name: frozenset(wire[name]) for name in ("ignore", "labels") if name in wire}
        bins = {name: _unlisted(wire[name]) for name in ("bins", "column_bins") if name in wire}
        return cls(**{**wire, **sets, **bins, **outcome_fields(wire), **explanation_fields(wire)})


def _unlisted(bins: Any) -> Any:
    """Edges as a tuple, where JSON has a list."""
    if isinstance(bins, Mapping):
        return {column: _unlisted(edges) for column, edges in bins.items()}
    return tuple(bins) if isinstance(bins, list) else bins


def _misfits(monitor: Monitor) -> list[str]:
    """What is not of the kind that the other checks, and every evaluation after them, count with."""
    whole = {"minimum_rows": monitor.minimum_rows, "window_events": monitor.window_events}
    names = ("q", "psi_moderate", "psi_strong", "mean_shift", "missing_shift", "new_category_share")
    real = {name: getattr(monitor, name) for name in names}
    real |= {f"the threshold of {column!r}": value for column, value in monitor.constant_thresholds.items()}
    texts: list[Any] = [*monitor.tests.values(), monitor.window, monitor.time_zone, *monitor.ignore, *monitor.labels]
    return [
        *(f"{name} must be a whole number" for name, value in whole.items() if not _is_whole(value)),
        *(f"{name} must be a number" for name, value in real.items() if not _is_real(value)),
        *(f"{text!r} must be a text" for text in texts if not isinstance(text, str)),
    ]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer)


def _is_real(value: Any) -> bool:
    return (_is_whole(value) or isinstance(value, float | np.floating)) and abs(value) < math.inf  # NaN is not below


def _problems(monitor: Monitor) -> list[str]:
    unknown = [name for name in monitor.tests.values() if name not in TESTS]
    found = [
        (monitor.minimum_rows < 2, "minimum_rows must be at least 2: nothing can be said of one row"),
        (not 0 < monitor.q < 1, "q is a rate of false alarms and lies between 0 and 1"),
        (not 0 < monitor.psi_moderate <= monitor.psi_strong, "psi_moderate must be above 0 and not above psi_strong"),
        (
            min(monitor.mean_shift, monitor.missing_shift, monitor.new_category_share) < 0,
            "an effect's threshold cannot be negative",
        ),
        (monitor.window not in WINDOWS, f"window must be one of {', '.join(WINDOWS)}"),
        (not 1 <= monitor.window_events <= MOST_EVENTS, f"window_events must lie between 1 and {MOST_EVENTS:,}"),
        (monitor.reference not in SEASONS, f"reference must be one of {', '.join(SEASONS)}"),
        (bool(unknown), f"there is no test {', '.join(map(repr, unknown))}; choose one of {', '.join(sorted(TESTS))}"),
    ]
    learned = [] if unknown else [*_learning_problems(monitor), *_limitless(monitor)]
    others = [sentence for wrong, sentence in found if wrong]
    return [
        *_binning_problems(monitor),
        *outcome_problems(monitor),
        *explanation_problems(monitor),
        *quality_problems(monitor),
        *learned,
        *others,
    ]


def _limitless(monitor: Monitor) -> list[str]:
    """Tests that were named without the threshold that they need."""
    return [
        f"{test} has no usual threshold, being in the unit of the column {column!r}: give one in thresholds"
        for column, test in monitor.tests.items()
        if TESTS[test] in WITHOUT_LIMIT and column not in monitor.thresholds and EVERY not in monitor.thresholds
    ]


def _learning_problems(monitor: Monitor) -> list[str]:
    learned = {column: text for column, text in monitor.thresholds.items() if isinstance(text, str)}
    wrong = {column: _problem_of(Learned.of, text) for column, text in learned.items()}
    tests = {column: TESTS.get(monitor.tests.get(column, monitor.tests.get(EVERY, "")), "psi") for column in learned}
    return [
        *(f"the threshold of {name!r} must be a number, or learned: {said}" for name, said in wrong.items() if said),
        *(
            f"the threshold of {column!r} cannot be learned: {test} is judged by its p-value; give it a number"
            for column, test in tests.items()
            if CATALOGUE[test].by_p_value
        ),
    ]


def _binning_problems(monitor: Monitor) -> list[str]:
    every = {"bins": monitor.bins, **{f"bins of {column!r}": bins for column, bins in monitor.column_bins.items()}}
    checks = [*((name, rule_of, bins) for name, bins in every.items()), ("empty", check_rule, monitor.empty)]
    return [f"{name}: {problem}" for name, check, value in checks if (problem := _problem_of(check, value))]


def _problem_of(check: Callable[[Any], object], value: Any) -> str:
    try:
        check(value)
    except ValueError as error:
        return str(error)
    except TypeError:
        return f"{value!r} cannot be meant"
    return ""
