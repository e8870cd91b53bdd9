"""What a rule is asked about: the readings of its kind, of one model or of an organisation."""

from collections.abc import Callable, Mapping
from typing import Final

from modelward.alerting.arrival_readings import silence_readings
from modelward.alerting.cost_readings import cost_readings
from modelward.alerting.governance_readings import risk_readings, status_readings
from modelward.alerting.outcome_readings import estimate_readings, fairness_readings, performance_readings
from modelward.alerting.segment_readings import segment_readings
from modelward.alerting.watched import Watched
from modelward.alerting.window_readings import (
    column_readings,
    latency_readings,
    prediction_readings,
    quality_readings,
    volume_readings,
)
from modelward.rules.alert_readings import Series
from modelward.rules.alert_rules import AlertKind, AlertRule

Reader = Callable[[Watched, AlertRule], list[Series]]


def readings_for(watched: Watched, rule: AlertRule) -> list[Series]:
    """The readings that a rule is asked about, of one model."""
    return READERS[rule.kind](watched, rule)


def _costs(watched: Watched, _rule: AlertRule) -> list[Series]:
    model, session = watched.model, watched.session
    return cost_readings(session, organisation_id=model.organisation_id, model_id=model.id, now=watched.now)


def _nothing(_watched: Watched, _rule: AlertRule) -> list[Series]:
    return []


READERS: Final[Mapping[AlertKind, Reader]] = {
    AlertKind.DRIFT: column_readings,
    AlertKind.PREDICTION_DRIFT: prediction_readings,
    AlertKind.SEGMENTS: segment_readings,
    AlertKind.QUALITY: quality_readings,
    AlertKind.VOLUME: volume_readings,
    AlertKind.SILENCE: silence_readings,
    AlertKind.LATENCY: latency_readings,
    AlertKind.PERFORMANCE: performance_readings,
    AlertKind.ESTIMATED_PERFORMANCE: estimate_readings,
    AlertKind.FAIRNESS: fairness_readings,
    AlertKind.RISK: risk_readings,
    AlertKind.GOVERNANCE_STATUS: status_readings,
    AlertKind.COST: _costs,
    AlertKind.MONITOR: _nothing,  # of the organisation alone
}
