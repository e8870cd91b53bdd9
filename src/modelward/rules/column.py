"""The verdict on one column: the effect matters and chance does not explain it.

It is made in two steps, because significance is adjusted over all columns of a comparison: `weigh` measures a column,
and `judge` gives the verdict when its adjusted p-value is known.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from modelward.rules import phrases
from modelward.rules.calibration import Calibration, Whose, chosen_limit
from modelward.rules.describe import describe
from modelward.rules.effects import Measured, measure
from modelward.rules.finding import ColumnFinding
from modelward.rules.monitor import Monitor
from modelward.rules.shape import change
from modelward.rules.verdict import Verdict
from modelward.stats import Summary

_AMONG_THEMSELVES = {
    Whose.REFERENCE: "the reference's own windows among themselves",
    Whose.SEGMENT: "this segment's own windows in the reference among themselves",
    Whose.SEGMENTS: "windows of all segments in the reference among themselves",
}


@dataclass(frozen=True)
class Effect:
    """A figure that reached, or did not reach, the size from which a change matters.

    `own` is the size that the reference's own windows reach among themselves, 0 where that is not known or not asked.
    """

    method: str
    statistic: float
    usual: float
    level: Verdict  # What it makes of the column when it is reached.
    own: float = 0.0

    @property
    def threshold(self) -> float:
        return max(self.usual, self.own)

    @property
    def reached(self) -> bool:
        return not math.isnan(self.statistic) and abs(self.statistic) >= self.threshold

    @property
    def as_usual(self) -> bool:
        """Whether the change would matter, did the reference's own windows not differ as much."""
        return not self.reached and self.usual <= abs(self.statistic) < self.own


@dataclass(frozen=True)
class Weighed:
    """A column that was measured and waits for its adjusted p-value.

    `own_p` is the rank of the deciding effect among those of the reference's `windows`; nan where they are too few.
    `whose` windows they are.
    """

    column: str
    kind: str
    reference: Summary
    current: Summary
    measured: Measured
    effect: Effect
    own_p: float = math.nan
    windows: int = 0
    whose: Whose = Whose.REFERENCE


def weigh(
    column: str,
    kind: str,
    reference: Summary,
    current: Summary,
    monitor: Monitor,
    *,
    calibration: Calibration | None = None,
) -> Weighed:
    """Measure a column of enough rows and find the effect that decides."""
    measured = measure(reference, current, monitor.bins_of(column))
    chosen = chosen_limit(column, "psi", monitor, calibration)
    effects = list(_effects(measured, monitor, chosen, learned=monitor.learned_of(column) is not None))
    if calibration is not None:
        effects = [_calibrated(effect, column, calibration, chosen) for effect in effects]
    own = next((effect for effect in effects if effect.as_usual), effects[1])
    decisive = next((effect for effect in effects if effect.reached), own)
    weighed = Weighed(column, kind, reference, current, measured, decisive)
    if calibration is None or not decisive.own:
        return weighed
    own_p = calibration.p_value(column, decisive.method, decisive.statistic)
    windows = calibration.known(column, decisive.method).size
    return replace(weighed, own_p=own_p, windows=windows, whose=calibration.whose_of(column))


def _calibrated(effect: Effect, column: str, calibration: Calibration, chosen: float | None) -> Effect:
    """An effect that must also pass what the reference shows of itself, unless the user chose where it counts."""
    if effect.method == "psi" and chosen is not None:
        return effect
    return replace(effect, own=calibration.limit(column, effect.method))


def _effects(measured: Measured, monitor: Monitor, strong: float | None, *, learned: bool) -> Iterator[Effect]:
    """The effects that count, the one that is said first first."""
    figures = measured.statistics
    moderate = monitor.psi_moderate if strong is None else min(monitor.psi_moderate, strong)
    if learned and strong is not None:
        moderate = strong  # What is below it is what the reference does anyway.
    nothing = math.nan
    yield Effect("psi", figures["psi"], monitor.psi_strong if strong is None else strong, Verdict.DRIFTED)
    yield Effect("psi", figures["psi"], moderate, Verdict.WARNING)
    fresh = figures.get("new_category_share", nothing)
    yield Effect("new_categories", fresh, max(monitor.new_category_share, 1e-12), Verdict.WARNING)
    yield Effect("missing_rate", figures["missing_rate_change"], monitor.missing_shift, Verdict.WARNING)
    yield Effect("invalid_rate", figures.get("invalid_rate_change", nothing), monitor.missing_shift, Verdict.WARNING)
    yield Effect("mean_shift", figures.get("mean_shift", nothing), monitor.mean_shift, Verdict.WARNING)


def judge(weighed: Weighed, p_adjusted: float, monitor: Monitor) -> ColumnFinding:
    """The verdict on a column, now that chance was judged over all columns."""
    effect = weighed.effect
    if effect.method == "mean_shift" and effect.reached:
        # One outlier moves the mean as far as it likes, and what makes the column significant may be another change.
        p_adjusted = max(p_adjusted, weighed.measured.p_values["mean_shift"])
    significant = p_adjusted <= monitor.q
    # What is claimed is never less than one in so many windows, whatever a formula for independent rows would say.
    claimed = p_adjusted if math.isnan(weighed.own_p) else max(p_adjusted, weighed.own_p)
    verdict = effect.level if effect.reached and significant else Verdict.OK
    return finding_of(
        weighed,
        verdict=verdict,
        method=effect.method,
        statistic=effect.statistic,
        threshold=effect.threshold,
        p_value=weighed.measured.p_value,
        p_adjusted=claimed,
        reason=_reason(weighed, verdict, p_adjusted, monitor),
    )


def finding_of(
    weighed: Weighed,
    *,
    verdict: Verdict,
    method: str,
    statistic: float,
    threshold: float | None,
    p_value: float | None,
    p_adjusted: float | None,
    reason: str,
) -> ColumnFinding:
    """A finding with the figures of a measured column."""
    return ColumnFinding(
        column=weighed.column,
        kind=weighed.kind,
        verdict=verdict,
        method=method,
        statistic=statistic,
        threshold=threshold,
        p_value=p_value,
        p_adjusted=p_adjusted,
        n_reference=weighed.reference.rows,
        n_current=weighed.current.rows,
        reason=reason,
        statistics=weighed.measured.statistics,
        new_categories=weighed.measured.unseen,
        summary_reference=describe(weighed.reference),
        summary_current=describe(weighed.current),
    )


def _reason(weighed: Weighed, verdict: Verdict, p_adjusted: float, monitor: Monitor) -> str:
    name, effect = f"`{phrases.shortened(weighed.column)}`", weighed.effect
    size = evidence(effect.method, effect.statistic, effect.threshold)
    if verdict.alarming:
        more = f"; none of {weighed.windows:,} {weighed.whose.windows} is as far off" if weighed.windows else ""
        return f"{said_change(weighed)} ({size}{more})"
    if effect.reached:
        chance = phrases.chance(p_adjusted, monitor.q)
        return f"{name} differs ({size}), but chance may explain it ({chance} over all columns)"
    if effect.as_usual:
        return f"{name} differs ({size}), but no more than {_AMONG_THEMSELVES[weighed.whose]}"
    size = f"PSI {phrases.beside(effect.statistic, effect.threshold)}, below {effect.threshold:g}"
    return f"{name} is as in the reference ({size})"


def said_change(weighed: Weighed) -> str:
    """What happened to a column, in words."""
    return change(weighed.column, weighed.reference, weighed.current, weighed.measured.unseen)


def evidence(method: str, statistic: float, limit: float) -> str:
    """The deciding figure as a sentence carries it: exact enough to stand on its own side of the limit."""
    if method == "psi":
        return f"PSI {phrases.beside(statistic, limit, '.2f')}"
    if method == "mean_shift":
        return f"its mean moved by {phrases.beside(abs(statistic), limit)} standard deviations"
    if method in {"missing_rate", "invalid_rate"}:
        what = method.partition("_")[0]
        return f"{what} values changed by {phrases.number(100 * abs(statistic))} points"
    if method == "new_categories":
        return f"{phrases.share(statistic)} of its values were never seen in the reference"
    return f"{method.replace('_', ' ')} {phrases.beside(statistic, limit, '.3g')}"
