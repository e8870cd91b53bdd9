"""Readings of costs: the signals of the kind `cost_spike`, of one model or of the organisation as a whole.

A spike begins with a signal whose `after` is anything but `normal`, and ends with one that says `normal`, or after a
day in which it was not said again.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.rules.alert_readings import Reading, Series
from modelward.rules.verdict import Verdict
from modelward.signals.tables import Signal

COST_SPIKE: Final = "cost_spike"
NORMAL: Final = "normal"
LASTS: Final = timedelta(days=1)
LOOKS_BACK: Final = timedelta(days=32)


def cost_readings(session: Session, *, organisation_id: int, model_id: int | None, now: datetime) -> list[Series]:
    """What was said of costs lately, by what they are for."""
    mine = Signal.model_id.is_(None) if model_id is None else Signal.model_id == model_id
    signals = session.scalars(
        select(Signal)
        .where(
            Signal.organisation_id == organisation_id, mine, Signal.kind == COST_SPIKE, Signal.at >= now - LOOKS_BACK
        )
        .order_by(Signal.id)
    )
    said: defaultdict[str, list[Signal]] = defaultdict(list)
    for signal in signals:
        said[signal.subject].append(signal)
    return [Series(subject, _readings(of_subject, now)) for subject, of_subject in said.items()]


def _readings(signals: list[Signal], now: datetime) -> list[Reading]:
    readings: list[Reading] = []
    for signal, following in zip(signals, [*signals[1:], None], strict=True):
        level = Verdict.OK if signal.after in (None, NORMAL) else Verdict.DRIFTED
        readings.append(Reading(signal.at, signal.at, level, signal.reason))
        ends = signal.at + LASTS
        if level is Verdict.DRIFTED and ends <= (following.at if following else now):
            readings.append(Reading(ends, ends, Verdict.OK))
    return readings
