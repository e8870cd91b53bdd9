"""What the windows of declared segments amount to: which parts alarm, in which columns, and since when.

Each column of each part goes by the law of alarms; each part's performance by that of performance. What moved in every
part is the whole's own news; what moved in some of them is said with their names.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.jobs.service import enqueue
from modelward.monitoring.columns import title_of
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.segment_parts import Key
from modelward.monitoring.segment_tables import SegmentState, SegmentWindow
from modelward.registry.tables import Model
from modelward.rules.alarm import WindowLevel, column_alarm
from modelward.rules.performance import PerformanceVerdict, judge_history
from modelward.rules.segments import clause_of
from modelward.rules.verdict import Verdict, worst
from modelward.rules.window_spans import WindowSpans
from modelward.signals.service import emit

HISTORY = 12
"""Closed windows that an alarm is judged by."""
PERFORMANCE = "@performance"
_ORDER = {Verdict.DRIFTED.value: 0, Verdict.WARNING.value: 1}
_LEVELS = {
    PerformanceVerdict.FALLEN: Verdict.DRIFTED,
    PerformanceVerdict.WARNING: Verdict.WARNING,
    PerformanceVerdict.ESTIMATED_FALL: Verdict.WARNING,
}


@dataclass(frozen=True)
class SegmentAlarm:
    """One column (or the performance) in the parts in which it alarms: `values`, of `judged` parts of `segment`."""

    segment: str
    column: str
    level: str
    values: tuple[str, ...]
    judged: int
    since: str | None
    clause: str
    reason: str

    @property
    def sentence(self) -> str:
        """All of it as a sentence, such as "only where `origin` is `JFK`: `distance` doubled"."""
        return f"{self.clause}: {self.reason}"


def settle_segments(session: Session, *, state: SegmentState, windows: WindowSpans, now: datetime) -> None:
    """Bring what is said of the segments up to their windows; a change becomes a signal in the same transaction."""
    session.flush()
    histories = _histories(session, state.model_id, windows)
    alarms = alarms_of(histories)
    levels = [Verdict(alarm.level) for alarm in alarms]
    judged = any(row.verdict != Verdict.TOO_FEW.value for rows in histories.values() for row in rows)
    after = worst(levels) if levels else Verdict.OK if judged else Verdict.TOO_FEW
    reason = "; ".join(alarm.sentence for alarm in alarms[:3])
    more = f"; and {len(alarms) - 3} more" if len(alarms) > 3 else ""
    before, told = Verdict(state.verdict), [asdict(alarm) for alarm in alarms]
    if told or state.alarms:  # alerts are asked anew as soon as there is something to say, or no longer
        enqueue(session, "measured", str(state.model_id), run_at=now)
    state.alarms = told
    state.verdict, state.reason = after.value, (reason + more) or "no segment alarms"
    if before is not after:
        state.since = now
        _tell(session, state, before, after, now)


def alarms_of(histories: Mapping[Key, Sequence[SegmentWindow]]) -> list[SegmentAlarm]:
    """The alarms of all parts, those of one column and segment together, the gravest first."""
    found: defaultdict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    judged: defaultdict[str, set[str]] = defaultdict(set)
    parts = Counter(segment for segment, _ in histories)
    for (segment, value), rows in histories.items():
        if any(row.verdict != Verdict.TOO_FEW.value or row.performance for row in rows):
            judged[segment].add(value)
        for column, alarm in _alarms(rows).items():
            found[segment, column][value] = alarm
    told = [_alarm(*key, by_value, len(judged[key[0]]), parts[key[0]]) for key, by_value in found.items()]
    return sorted(told, key=lambda alarm: (_ORDER[alarm.level], len(alarm.values), alarm.segment, alarm.column))


def _alarms(rows: Sequence[SegmentWindow]) -> dict[str, tuple[Verdict, datetime | None, str]]:
    """What alarms in one part, from its windows, oldest first."""
    closed, still_open = [row for row in rows if row.closed], [row for row in rows if not row.closed]
    moved = {name for row in rows for name, entry in row.columns.items() if Verdict(entry["verdict"]).alarming}
    found = {}
    for column in moved:
        latest = _level(still_open[-1], column) if still_open else None
        alarm = column_alarm([_level(row, column) for row in closed], latest)
        if alarm.level.alarming:
            found[column] = (alarm.level, alarm.since, alarm.reason)
    known = [(row.starts_at, row.performance) for row in closed if row.performance]
    said = judge_history([(at, PerformanceVerdict(entry["verdict"]), entry["reason"]) for at, entry in known])
    if said is not None and said[0] in _LEVELS:
        found[PERFORMANCE] = (_LEVELS[said[0]], known[-1][0], said[1])
    return found


def _level(row: SegmentWindow, column: str) -> WindowLevel:
    entry = row.columns.get(column)
    if entry is None:
        return WindowLevel(row.starts_at, Verdict.TOO_FEW)
    return WindowLevel(row.starts_at, Verdict(entry["verdict"]), entry.get("p_value"), entry.get("reason", ""))


def _alarm(
    segment: str, column: str, by_value: Mapping[str, tuple[Verdict, datetime | None, str]], judged: int, parts: int
) -> SegmentAlarm:
    gravest = min(by_value.values(), key=lambda alarm: _ORDER[alarm[0].value])
    since = min((began for _, began, _ in by_value.values() if began), default=None)
    values = tuple(sorted(by_value, key=lambda value: (_ORDER[by_value[value][0].value], value)))
    judgeable = max(judged, len(values))
    clause = clause_of(values, segment, judgeable, unjudged=parts - judgeable)
    began = since.isoformat() if since else None
    return SegmentAlarm(segment, title_of(column), gravest[0].value, values, judged, began, clause, gravest[2])


def _histories(session: Session, model_id: int, windows: WindowSpans) -> dict[Key, list[SegmentWindow]]:
    """The newest windows of every part, oldest first."""
    of_model = (SegmentWindow.model_id == model_id, judged_by(SegmentWindow, windows))
    starts = session.scalars(
        select(SegmentWindow.starts_at)
        .where(*of_model)
        .distinct()
        .order_by(SegmentWindow.starts_at.desc())
        .limit(HISTORY + 1)
    ).all()
    rows = session.scalars(
        select(SegmentWindow).where(*of_model, SegmentWindow.starts_at.in_(starts)).order_by(SegmentWindow.starts_at)
    )
    found: defaultdict[Key, list[SegmentWindow]] = defaultdict(list)
    for row in rows:
        found[row.segment, row.value].append(row)
    return found


def _tell(session: Session, state: SegmentState, before: Verdict, after: Verdict, now: datetime) -> None:
    if not (before.alarming or after.alarming):
        return
    model = session.get_one(Model, state.model_id)
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind="segments",
        subject=model.key,
        before=before.value,
        after=after.value,
        reason=state.reason,
        at=now,
        evidence={"alarms": state.alarms[:20]},
    )
