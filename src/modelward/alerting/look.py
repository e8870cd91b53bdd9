"""Looking at a model (or the organisation as a whole): the rules are asked, outside of any write; the answer writes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.alerting.cost_readings import cost_readings
from modelward.alerting.gather import readings_for
from modelward.alerting.groups import live_alerts
from modelward.alerting.monitor_readings import monitor_readings
from modelward.alerting.rules_in_force import Holding, rules_of_model, rules_of_organisation
from modelward.alerting.settle import Fired, Look, settle
from modelward.alerting.watched import Watched
from modelward.kit.database import reading
from modelward.monitoring.alarms import alarm_beginnings
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.tables import Evaluation
from modelward.registry.tables import Model
from modelward.rules.alert_episodes import Episode, firing
from modelward.rules.alert_readings import Series
from modelward.rules.alert_rules import AlertKind

Write = Callable[[Session], object]


def look_at_model(engine: Engine, *, model_id: int, now: datetime) -> Write | None:
    """Ask every rule that holds for the model; the answer writes what changed. None: there is no such model."""
    with reading(engine) as session:
        model = session.get(Model, model_id)
        if model is None:
            return None
        watched = Watched.of(session, model, now=now)
        look = Look(
            group_key=group_of_model(model_id),
            organisation_id=model.organisation_id,
            model_id=model_id,
            known_until=_newest_closed(watched),
            replayed=watched.replayed,
            fired=tuple(_fired(watched)),
            now=now,
        )
    return lambda writer: settle(writer, look)


def look_at_organisation(engine: Engine, *, organisation_id: int, now: datetime) -> Write | None:
    """Ask the rules that concern the organisation as a whole: the monitor itself, and its costs. None: all is well."""
    with reading(engine) as session:
        fired = [
            Fired(holding.rule, holding.changed_at, episode)
            for holding in rules_of_organisation(session, organisation_id)
            for episode in firing(holding.rule, _readings(session, holding, organisation_id, now))
        ]
        if not fired and not live_alerts(session, group_of_organisation(organisation_id)):
            return None
    look = Look(
        group_key=group_of_organisation(organisation_id),
        organisation_id=organisation_id,
        model_id=None,
        known_until=None,
        replayed=False,
        fired=tuple(fired),
        now=now,
    )
    return lambda writer: settle(writer, look)


def group_of_model(model_id: int) -> str:
    """The key of a model's group."""
    return f"model:{model_id}"


def group_of_organisation(organisation_id: int) -> str:
    """The key of the group of what concerns an organisation as a whole."""
    return f"organisation:{organisation_id}"


def _readings(session: Session, holding: Holding, organisation_id: int, now: datetime) -> list[Series]:
    if holding.rule.kind is AlertKind.MONITOR:
        return monitor_readings(session, organisation_id=organisation_id, now=now)
    return cost_readings(session, organisation_id=organisation_id, model_id=None, now=now)


def _fired(watched: Watched) -> Iterable[Fired]:
    for holding in rules_of_model(watched.session, watched.model):
        found = firing(holding.rule, readings_for(watched, holding.rule))
        if holding.rule.kind in (AlertKind.DRIFT, AlertKind.PREDICTION_DRIFT):
            found = _since_their_beginning(watched, found)
        yield from (Fired(holding.rule, holding.changed_at, episode) for episode in found)


def _since_their_beginning(watched: Watched, found: list[Episode]) -> list[Episode]:
    """Alarms that are older than the windows looked at: monitoring looks further back for when they began."""
    oldest = min((episode.since for episode in found), default=None)
    if oldest is None:
        return found
    old = [episode.subject for episode in found if episode.subject and episode.since == oldest]
    begun = alarm_beginnings(watched.session, watched.model.id, watched.spans, old)
    return [replace(e, since=min(e.since, begun.get(e.subject, e.since))) for e in found]


def _newest_closed(watched: Watched) -> datetime | None:
    closed = (Evaluation.model_id == watched.model.id, judged_by(Evaluation, watched.spans), Evaluation.closed)
    query = select(Evaluation.starts_at).where(*closed).order_by(Evaluation.starts_at.desc()).limit(1)
    return watched.session.scalars(query).first()
