"""One window held against the reference: what is written of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import EventStore
from modelward.monitoring.columns import SPECIAL, scanned, with_label
from modelward.monitoring.measures import measures
from modelward.monitoring.monitor_settings import judged
from modelward.monitoring.payload import restricted
from modelward.monitoring.profiling import profile_of
from modelward.monitoring.subject import Reference, Subject
from modelward.rules.alarm import WindowLevel, raises_while_open
from modelward.rules.calibration import Calibration
from modelward.rules.comparison import compare_profiles
from modelward.rules.finding import ColumnFinding, Comparison, number
from modelward.rules.fitting_tests import fitting_tests, told_of
from modelward.rules.monitor import Monitor
from modelward.rules.quality_finding import Quality
from modelward.rules.seasons import within_season
from modelward.rules.verdict import Verdict
from modelward.rules.windows import Window
from modelward.stats import Profile

REFERENCE_LEVEL = "reference"
DILUTED = 10
"""In a window of so many times the reference's rows, the reference's own events no longer hide a drift."""


@dataclass(frozen=True)
class Judged:
    """An evaluation, ready to be written."""

    window: Window
    closed: bool
    values: Mapping[str, Any]
    columns: tuple[Mapping[str, Any], ...] = field(default=())
    quality: Quality | None = None


def judge(subject: Subject, window: Window, profile: Profile, *, closed: bool, store: EventStore) -> Judged:
    """Compare a window's profile with the reference.

    Events that a provisional reference was itself made from are taken out first; where too few others are left, the
    verdict says so rather than anything of drift.
    """
    reference = subject.reference
    if reference is None:
        return _unjudged(window, profile, closed, "there is no reference yet to hold this window against")
    if reference.lacking:
        return _of_reference(_unjudged(window, profile, closed, reference.lacking), reference)
    own = reference.overlaps(window.start, window.end) and profile.rows < DILUTED * reference.rows
    current = _without_reference(subject, reference, window, store) if own else profile
    if own and current.rows < subject.monitor.minimum_rows:
        return _covered(subject, window, profile, current, closed)
    comparison = compare_with_reference(subject.monitor, reference, current, subject.calibration)
    return _judged(window, reference, profile, comparison, closed=closed)


def compare_with_reference(
    monitor: Monitor, reference: Reference, current: Profile, calibration: Calibration | None = None
) -> Comparison:
    """The comparison of the judged columns, as the library would make it."""
    sides = compared_sides(monitor, reference, current)
    fitting, wrong = fitting_tests(monitor, *sides, calibration)
    found = compare_profiles(*sides, fitting, calibration)
    return within_season(told_of(found, wrong), monitor)


def compared_sides(monitor: Monitor, reference: Reference, current: Profile) -> tuple[Profile, Profile]:
    """The reference and the current profile with the columns that are held against each other."""
    return comparable(monitor, reference.profile, current)


def _held(profile: Profile, monitor: Monitor) -> Profile:
    return restricted(profile, [name for name in profile.columns if judged(monitor, name)])


def comparable(monitor: Monitor, reference: Profile, current: Profile) -> tuple[Profile, Profile]:
    """Both sides with the judged columns, but for outcomes that one of them never had: a reference from a file need not
    know the scores.

    With too few rows nothing is said of columns that come and go either.
    """
    reference, current = _held(reference, monitor), _held(current, monitor)
    lacking = {name for name in SPECIAL if not (_seen(reference, name) and _seen(current, name))}
    if min(reference.rows, current.rows) < monitor.minimum_rows:
        lacking |= reference.columns.keys() ^ current.columns.keys()
    return tuple(restricted(side, side.columns.keys() - lacking) for side in (reference, current))  # type: ignore[return-value]


def _seen(profile: Profile, name: str) -> bool:
    summary = profile.columns.get(name)
    return summary is not None and summary.count > 0


def _without_reference(subject: Subject, reference: Reference, window: Window, store: EventStore) -> Profile:
    """The window's events but for those that made the reference, from raw rows: they are few."""
    batches = store.scan(subject.model_id, window.start, window.end, ["event_id", *scanned(subject.columns)])
    table = with_label(batches.read_all(), subject.columns)
    own = pc.is_in(table.column("event_id"), value_set=pa.array(sorted(reference.event_ids), pa.string()))
    return profile_of(table.filter(pc.invert(own)), subject.columns)


def _covered(subject: Subject, window: Window, profile: Profile, current: Profile, closed: bool) -> Judged:
    assert subject.reference is not None
    reason = (
        f"the provisional reference was taken from this very window; of the {current.rows} other events "
        f"{subject.monitor.minimum_rows} are needed for a verdict. Confirm the reference, or give one of your own"
    )
    found = _of_reference(_unjudged(window, profile, closed, reason), subject.reference)
    return Judged(window, closed, {**found.values, "level": REFERENCE_LEVEL})


def _of_reference(found: Judged, reference: Reference) -> Judged:
    """What was not judged, with the reference that it would be held against."""
    known = {
        "rows_reference": reference.rows,
        "baseline_id": reference.id,
        "baseline_status": reference.status,
    }
    return Judged(found.window, found.closed, {**found.values, **known})


def _unjudged(window: Window, profile: Profile, closed: bool, reason: str) -> Judged:
    values = {
        "verdict": Verdict.TOO_FEW.value,
        "level": Verdict.TOO_FEW.value,
        "drifted": False,
        "rows": profile.rows,
        "rows_reference": 0,
        "psi": None,
        "ks": None,
        "reason": reason,
        "measures": measures(profile),
        "comparison": {"drifted": False, "verdict": Verdict.TOO_FEW.value, "reason": reason, "columns": []},
        "baseline_id": None,
        "baseline_status": "none",
    }
    return Judged(window, closed, values)


def _judged(window: Window, reference: Reference, profile: Profile, comparison: Comparison, *, closed: bool) -> Judged:
    columns = tuple(_column(finding) for finding in comparison.columns)
    values = {
        "verdict": comparison.verdict.value,
        "level": comparison.verdict.value,
        "drifted": comparison.drifted if closed else any(_speaks(finding) for finding in comparison.columns),
        "rows": profile.rows,
        "rows_reference": comparison.rows_reference,
        "psi": _largest(columns, "psi"),
        "ks": _largest(columns, "ks"),
        "reason": comparison.reason,
        "measures": measures(profile),
        "comparison": comparison.to_dict(),
        "baseline_id": reference.id,
        "baseline_status": reference.status,
    }
    return Judged(window, closed, values, columns)


def _speaks(finding: ColumnFinding) -> bool:
    """Whether a column is bad enough while its window is open."""
    return raises_while_open(WindowLevel(datetime.min.replace(tzinfo=UTC), finding.verdict, finding.p_value))


def _column(finding: ColumnFinding) -> dict[str, Any]:
    return {
        "column": finding.column,
        "kind": finding.kind,
        "level": finding.verdict.value,
        "drifted": finding.drifted,
        "psi": number(finding.statistics.get("psi")),
        "ks": number(finding.statistics.get("ks")),
        "p_value": number(finding.p_value),
        "reason": finding.reason,
    }


def _largest(columns: tuple[Mapping[str, Any], ...], statistic: str) -> float | None:
    return max((entry[statistic] for entry in columns if entry[statistic] is not None), default=None)
