"""Whether a model still does what it did: the verdict on one window, and what many windows amount to.

Law: a window is judged by its labels only when enough of its rows have one; until then it is `partial`, whatever the
labels that came first may say, because those that come first are seldom like the others. A metric has fallen when it
lies beyond the limit, which is the standard less `fall` of it, and its whole interval does; it is a warning when the
value lies beyond the limit and the interval at least beyond the standard. Without labels an estimate may warn, no more.
Of many parts judged at once, such as segments, a metric must also differ from its own standard by more than chance
explains among all that are looked at, the chance in the standard included: a part's standard is no surer than itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from modelward.rules.family import widening
from modelward.rules.finding import number
from modelward.rules.metric_names import metric_name
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

    @property
    def early(self) -> bool:
        """Whether what labels there are may not decide yet: too few of them, or too small a share of the window."""
        return self in {self.PARTIAL, self.TOO_FEW, self.NO_LABELS, self.ESTIMATED_FALL}


JUDGED_BY: Mapping[str, tuple[str, ...]] = {
    "binary": ("accuracy", "roc_auc"),
    "multiclass": ("accuracy", "f1_macro"),
    "regression": ("mean_absolute_error",),
}
"""The metrics that decide, by task; the first that has a standard is the one a window is shown by."""
LOWER_IS_BETTER = frozenset({"mean_absolute_error"})

_CHANCE = "among so many parts that is no more than chance explains"

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
    looks: int = 1,
) -> PerformanceFinding:
    """The verdict on one window, or on one part of its rows.

    Args:
        known: How many of its rows have labels.
        measured: Its metrics on the rows with labels.
        estimated: Its metrics as they are expected without labels.
        standards: What the metrics should be; those without a standard are not judged.
        fall: The share of the standard that a metric may lose: 0.15 is 15 %.
        coverage: The share of labelled rows from which on the labels decide.
        minimum: The number of labelled rows from which on they do.
        looks: How many metrics of how many parts are judged together; `looks_at` counts them.
    """
    withheld = _withheld(known, coverage, minimum)
    if withheld is None:
        return _judged(measured, standards, fall, looks)
    expected = _worst(estimated, standards, fall, looks)
    if expected is None or known.rows < minimum:
        return withheld
    if expected.verdict is PerformanceVerdict.FALLEN:
        reason = f"estimated without labels: {expected.reason}; {withheld.reason}"
        return PerformanceFinding(PerformanceVerdict.ESTIMATED_FALL, expected.metric, reason)
    return replace(withheld, reason=f"{withheld.reason}; estimated until then: {expected.reason}")


def standards_of_part(
    measured: Mapping[str, Metric], labelled: int, task: str, *, minimum: int, source: str
) -> dict[str, Standard]:
    """What the deciding metrics of a part should be: what they were in the same part of the rows that are the standard;
    nothing of a part that had fewer labelled rows there than a verdict needs.
    """
    if labelled < minimum:
        return {}
    known = {name: measured[name] for name in JUDGED_BY.get(task, ()) if name in measured}
    return {
        name: Standard(found.statistic, found.low, found.high, source)
        for name, found in known.items()
        if number(found.statistic) is not None
    }


def looks_at(parts: Iterable[tuple[int, Mapping[str, Standard]]], minimum: int) -> int:
    """How many metrics of all parts (their rows, and their standards) can be judged, which are one family."""
    return max(1, sum(len(standards) for rows, standards in parts if rows >= minimum))


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


def _judged(
    measured: Mapping[str, Metric], standards: Mapping[str, Standard], fall: float, looks: int
) -> PerformanceFinding:
    found = _worst(measured, standards, fall, looks)
    if found is not None:
        return found
    reason = (
        "there is nothing to hold this against: give training_accuracy at registration, a reference with labels, or "
        "wait until the first windows are labelled well enough to be the standard"
    )
    return PerformanceFinding(PerformanceVerdict.NO_BASELINE, None, reason)


def _worst(
    measured: Mapping[str, Metric], standards: Mapping[str, Standard], fall: float, looks: int
) -> PerformanceFinding | None:
    findings = [
        _against(name, measured[name], standard, fall, looks)
        for name, standard in standards.items()
        if name in measured and not math.isnan(measured[name].statistic)
    ]
    order = (PerformanceVerdict.FALLEN, PerformanceVerdict.WARNING, PerformanceVerdict.OK)
    return min(findings, key=lambda finding: order.index(finding.verdict), default=None)


def _against(name: str, found: Metric, standard: Standard, fall: float, looks: int) -> PerformanceFinding:
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    limit = standard.value * (1 - sign * fall)
    best, worst_standard = (found.low, standard.high) if sign < 0 else (found.high, standard.low)
    best = found.statistic + widening(looks) * (best - found.statistic)
    beyond = sign * found.statistic < sign * limit
    by_chance = looks > 1 and not _differs(found, standard, looks)
    if beyond and not by_chance and sign * best < sign * limit:
        verdict = PerformanceVerdict.FALLEN
    elif beyond and not by_chance and (looks > 1 or sign * best < sign * worst_standard):
        verdict = PerformanceVerdict.WARNING
    else:
        verdict = PerformanceVerdict.OK
    told = _sentence(name, found, standard, limit, sign)
    return PerformanceFinding(verdict, name, f"{told}; {_CHANCE}" if beyond and by_chance else told)


def _differs(found: Metric, standard: Standard, looks: int) -> bool:
    """Whether two measured values differ by more than chance explains, the interval of each being half of it."""
    worse = found.statistic < standard.value
    of_found = found.high - found.statistic if worse else found.statistic - found.low
    of_standard = standard.value - standard.low if worse else standard.high - standard.value
    return abs(found.statistic - standard.value) > widening(looks) * math.hypot(of_found, of_standard)


def _sentence(name: str, found: Metric, standard: Standard, limit: float, sign: float) -> str:
    change = found.statistic / standard.value - 1 if standard.value else 0.0
    moved = f"{abs(change):.1%} {'above' if change > 0 else 'below'}" if change else "equal to"
    return (
        f"{metric_name(name)} {found.statistic:.4g} (interval {found.low:.4g} to {found.high:.4g}, "
        f"{found.n:,.0f} rows), {moved} the {standard.value:.4g} {standard.source}; the limit is "
        f"{'at most' if sign < 0 else 'at least'} {limit:.4g}"
    )
