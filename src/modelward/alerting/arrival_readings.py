"""Readings of silence: by arrival, so that a replay of old events is not silent. A model marked as replayed has none.

What arrived when is not kept for ever. A preview therefore reads the hours (or quarters) that have events, by their own
time: its silences are right to an hour.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import select, union

from modelward.alerting.watched import LOOKS_BACK, Watched
from modelward.monitoring.alarms import silent_after
from modelward.monitoring.quality_tables import QualityState
from modelward.monitoring.tables import Activity, BucketProfile, Partial
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertRule
from modelward.rules.verdict import Verdict
from modelward.rules.volume import LEAST_SILENCE, SETTLED_AFTER

PREVIEWED = timedelta(days=31)


def silence_readings(watched: Watched, rule: AlertRule) -> list[Series]:
    """For how long nothing has arrived, against the longest gap that there was."""
    activity = watched.session.get(Activity, watched.model.id)
    if activity is None or watched.replayed:
        return []
    past = _past_gaps(watched, rule, activity) if watched.windows > LOOKS_BACK else []
    return [Series("", [*past, _present(watched, activity)])]


def _present(watched: Watched, activity: Activity) -> Reading:
    state = watched.session.get(QualityState, watched.model.id)
    settled = state is not None and watched.now - state.watched_since >= SETTLED_AFTER
    # Until the model was watched for a week its gaps know neither nights nor weekends.
    least = LEAST_SILENCE if settled else max(LEAST_SILENCE, silent_after(activity, watched.monitor.window))
    silence = max(timedelta(0), watched.now - activity.last_arrival_at)
    return Reading(
        activity.last_arrival_at,
        watched.now,
        value=silence.total_seconds(),
        usual=activity.longest_gap_seconds,
        best=least.total_seconds(),
    )


def _past_gaps(watched: Watched, rule: AlertRule, activity: Activity) -> list[Reading]:
    """Each gap as a reading, held against the longest before it, and after it one that says that events came again."""
    length, longest = activity.bucket_seconds, 0.0
    since = int((watched.now - PREVIEWED).timestamp())
    of_model = [
        select(table.bucket).where(table.model_id == watched.model.id, table.bucket >= since)
        for table in (BucketProfile, Partial)
    ]
    buckets = sorted(set(watched.session.scalars(union(*of_model))))
    readings: list[Reading] = []
    for before, after in pairwise(buckets):
        gap = float(after - before - length)
        if gap > 0:
            least = max(longest * rule.condition.gaps, LEAST_SILENCE.total_seconds())
            known = _moment(before + length + min(gap, least))
            readings.append(
                Reading(_moment(before + length), known, value=gap, usual=longest, best=LEAST_SILENCE.total_seconds())
            )
            readings.append(Reading(_moment(after), _moment(after), Verdict.OK))
            longest = max(longest, gap)
    return readings


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
