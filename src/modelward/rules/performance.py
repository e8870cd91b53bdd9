"""Whether a model still does what it did: the verdict on one window, and what many windows amount to.

Law: a window is judged by its labels only when enough of its rows have one; until then it is `partial`, whatever the
labels that came first may say, because those that come first are seldom like the others. A metric has fallen when it
lies beyond the limit, which is the standard less `fall` of it, and its whole interval does; it is a warning when the
value lies beyond the limit and the interval at least beyond the standard. Without labels an estimate may warn, no more.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from modelward.rules.names import metric_name
from modelward.stats import Metric


class PerformanceVerdict(StrEnum):
    """What is said of one window, or of the model."""

    OK = "ok"
    WARNING = "warning"
    FALLEN = "fallen"
    ESTIMATED_FALL = "estimated_fall"
    CONCEPT_DRIFT = "concept_drift"
    PARTIAL = "partial"
    TOO_FEW = "too_few"
    NO_LABELS = "no_labels"
    NO_BASELINE = "no_baseline"

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look."""
        return self in {self.WARNING, self.FALLEN, self.ESTIMATED_FALL, self.CONCEPT_DRIFT}

    @property
    def judged(self) -> bool:
        """Whether labels have spoken."""
        return self in {self.OK, self.WARNING, self.FALLEN}


JUDGED_BY: Mapping[str, tuple[str, ...]] = {
    "binary": ("accuracy", "roc_auc"),
    "multiclass": ("accuracy", "f1_macro"),
    "regression": ("mean_absolute_error",),
}
"""The metrics that decide, by task; the first that has a standard is the one a window is shown by."""
LOWER_IS_BETTER = frozenset({"mean_absolute_error"})

FINAL = 0.95
"""From this share of known outcomes on a closed window is final, and needs no estimate: some outcomes never come."""
NEEDED, OF = 2, 3
"""So many of the last windows make what one of them does not make alone."""


@dataclass(frozen=True)
class Standard:
    """What a metric should be: a value given at registration, or one measured, with its interval."""

    value: float
    low: float
    high: float
    source: str


@dataclass(frozen=True)
class Labelled:
    """How much of a window is known: `rows` with a prediction, of which `labelled` have an outcome too."""

    rows: int
    labelled: int

    @property
    def coverage(self) -> float:
        """The share of rows whose outcome is known; 0 without any row."""
        return self.labelled / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class PerformanceFinding:
    """The verdict, the metric that decided it, and why."""

    verdict: PerformanceVerdict
    metric: str | None
    reason: str


def judge_performance(
    known: Labelled,
    measured: Mapping[str, Metric],
    estimated: Mapping[str, Metric],
    standards: Mapping[str, Standard],
    *,
    fall: float,
    coverage: float,
    minimum: int,
) -> PerformanceFinding:
    """The verdict on one window.

    Args:
        known: How many of its rows have labels.
        measured: Its metrics on the rows with labels.
        estimated: Its metrics as they are expected without labels.
        standards: What the metrics should be; those without a standard are not judged.
        fall: The share of the standard that a metric may lose: 0.15 is 15 %.
        coverage: The share of labelled rows from which on the labels decide.
        minimum: The number of labelled rows from which on they do.
    """
    withheld = _withheld(known, coverage, minimum)
    if withheld is None:
        return _judged(measured, standards, fall)
    expected = _worst(estimated, standards, fall)
    if expected is not None and expected.verdict is PerformanceVerdict.FALLEN and known.rows >= minimum:
        reason = f"estimated without labels: {expected.reason}; {withheld.reason}"
        return PerformanceFinding(PerformanceVerdict.ESTIMATED_FALL, expected.metric, reason)
    return withheld


def judge_history(windows: Sequence[tuple[datetime, PerformanceVerdict, str]]) -> tuple[PerformanceVerdict, str] | None:
    """What closed windows (start, verdict, reason), oldest first, say of the model now; None: nothing yet.

    One fallen window, or 2 of the last 3 that labels judged, or 2 of the last 3 estimated since.
    """
    judged = [window for window in windows if window[1].judged]
    since = judged[-1][0] if judged else None
    estimated = [w for w in windows if since is None or w[0] > since][-OF:]
    falls = [window for window in estimated if window[1] is PerformanceVerdict.ESTIMATED_FALL]
    recent = judged[-OF:]
    bad = [window for window in recent if window[1].alarming]
    if recent and recent[-1][1] is PerformanceVerdict.FALLEN:
        return PerformanceVerdict.FALLEN, f"{recent[-1][2]}, in the last closed window with labels"
    if len(bad) >= NEEDED:
        return PerformanceVerdict.WARNING, f"{bad[-1][2]}, in {len(bad)} of the last {len(recent)} windows with labels"
    if len(falls) >= NEEDED:
        return (
            PerformanceVerdict.ESTIMATED_FALL,
            f"{falls[-1][2]}, in {len(falls)} of the last {len(estimated)} windows",
        )
    return (PerformanceVerdict.OK, recent[-1][2]) if recent else None


def _withheld(known: Labelled, coverage: float, minimum: int) -> PerformanceFinding | None:
    """Why labels may not decide yet; None: they may."""
    if not known.labelled:
        return PerformanceFinding(
            PerformanceVerdict.NO_LABELS, None, f"none of {known.rows:,} predictions has its outcome yet"
        )
    share = f"{known.labelled:,} of {known.rows:,} predictions ({known.coverage:.0%}) have their outcome"
    if known.coverage < coverage:
        reason = (
            f"{share}; from {coverage:.0%} on they are judged, because those that come first may not be like the rest"
        )
        return PerformanceFinding(PerformanceVerdict.PARTIAL, None, reason)
    if known.labelled < minimum:
        return PerformanceFinding(PerformanceVerdict.TOO_FEW, None, f"{share}; {minimum:,} are needed for a verdict")
    return None


def _judged(measured: Mapping[str, Metric], standards: Mapping[str, Standard], fall: float) -> PerformanceFinding:
    found = _worst(measured, standards, fall)
    if found is not None:
        return found
    reason = (
        "there is nothing to hold this against: give training_accuracy at registration, a reference with labels, or "
        "wait until the first windows are labelled well enough to be the standard"
    )
    return PerformanceFinding(PerformanceVerdict.NO_BASELINE, None, reason)


def _worst(measured: Mapping[str, Metric], standards: Mapping[str, Standard], fall: float) -> PerformanceFinding | None:
    findings = [
        _against(name, measured[name], standard, fall)
        for name, standard in standards.items()
        if name in measured and not math.isnan(measured[name].statistic)
    ]
    order = (PerformanceVerdict.FALLEN, PerformanceVerdict.WARNING, PerformanceVerdict.OK)
    return min(findings, key=lambda finding: order.index(finding.verdict), default=None)


def _against(name: str, found: Metric, standard: Standard, fall: float) -> PerformanceFinding:
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    limit = standard.value * (1 - sign * fall)
    best, worst_standard = (found.low, standard.high) if sign < 0 else (found.high, standard.low)
    beyond = sign * found.statistic < sign * limit
    if beyond and sign * best < sign * limit:
        verdict = PerformanceVerdict.FALLEN
    elif beyond and sign * best < sign * worst_standard:
        verdict = PerformanceVerdict.WARNING
    else:
        verdict = PerformanceVerdict.OK
    return PerformanceFinding(verdict, name, _sentence(name, found, standard, limit, sign))


def _sentence(name: str, found: Metric, standard: Standard, limit: float, sign: float) -> str:
    change = found.statistic / standard.value - 1 if standard.value else 0.0
    moved = f"{abs(change):.1%} {'above' if change > 0 else 'below'}" if change else "equal to"
    return (
        f"{metric_name(name)} {found.statistic:.4g} (interval {found.low:.4g} to {found.high:.4g}, "
        f"{found.n:,.0f} rows), {moved} the {standard.value:.4g} {standard.source}; the limit is "
        f"{'at most' if sign < 0 else 'at least'} {limit:.4g}"
    )
