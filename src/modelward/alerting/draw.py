"""The picture of a message: how the column was and is, or the value over its windows. A message never fails for it."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from modelward.alerting import picture
from modelward.alerting.compose import in_order
from modelward.alerting.gather import readings_for
from modelward.alerting.rules_in_force import rules_of_model
from modelward.alerting.watched import Watched
from modelward.monitoring.distributions import distribution
from modelward.registry.tables import Model
from modelward.rules.alert_rules import AlertKind
from modelward.rules.alert_states import Alert
from modelward.rules.muting import column_of

log = logging.getLogger(__name__)

OF_COLUMNS: Final = frozenset({AlertKind.DRIFT, AlertKind.PREDICTION_DRIFT, AlertKind.QUALITY})
LEAST_VALUES: Final = 2
"""One bar is no picture of how something came to be."""


def picture_for(session: Session, model: Model, alerts: Sequence[Alert], *, now: datetime) -> bytes | None:
    """Of the alert that the message begins with; None where there is nothing to draw, or drawing fails."""
    if not alerts:
        return None
    first = in_order(alerts)[0]
    try:
        with session.begin_nested():  # what a query that fails leaves behind may not end the message's transaction
            return _drawn(session, model, first, now)
    except Exception:
        log.exception("no picture could be drawn of an alert on %s; its message goes without", first.kind.value)
        return None


def _drawn(session: Session, model: Model, alert: Alert, now: datetime) -> bytes | None:
    column = column_of(alert)
    if alert.kind in OF_COLUMNS and column:
        return _before_and_now(session, model, column)
    return _over_time(session, model, alert, now)


def _before_and_now(session: Session, model: Model, column: str) -> bytes | None:
    found = distribution(session, model_id=model.id, column=column)
    if found is None or found.reference is None:
        return None
    return picture.distributions(found.reference.shares, found.current.shares)


def _over_time(session: Session, model: Model, alert: Alert, now: datetime) -> bytes | None:
    rule = next((one.rule for one in rules_of_model(session, model) if one.rule.key == alert.rule_key), None)
    if rule is None:
        return None
    histories = readings_for(Watched.of(session, model, now=now), rule)
    series = next((one for one in histories if one.subject == alert.subject), None)
    values = [reading.value for reading in series.readings] if series else []
    if series is None or sum(value is not None for value in values) < LEAST_VALUES:
        return None
    return picture.timeline(values, rule.condition.limit if series.higher_is_worse else None)
