"""What a rule would have done, by the function that says what it does."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.alerting.gather import readings_for
from modelward.alerting.manage_rules import scope_of
from modelward.alerting.rule_schemas import Preview, PreviewAsked, WouldHaveFired
from modelward.alerting.watched import PREVIEWS, Watched
from modelward.errors import Invalid
from modelward.monitoring.tables import Evaluation
from modelward.registry.service import is_replayed, within
from modelward.registry.tables import Model
from modelward.rules.alert_episodes import Episode, fired_between
from modelward.rules.alert_rules import AlertKind, AlertRule, problems

MOST_MODELS: Final = 50
MOST_ALERTS: Final = 200


def preview_rule(session: Session, *, scope: Scope, asked: PreviewAsked, now: datetime) -> Preview:
    """When the rule would have fired lately, over the models that it is for (the 50 that heard last).

    Raises:
        Invalid: it could not be meant so.
    """
    wait = timedelta(seconds=asked.wait_seconds)
    rule = AlertRule("preview", "", asked.kind, asked.condition.condition(), asked.severity, wait)
    if found := problems(rule.kind, rule.condition, rule.wait):
        raise Invalid(f"This rule cannot be meant so: {found[0]}.")
    if rule.kind is AlertKind.MONITOR:
        said = "Whether the monitor ran is not kept, so there is no preview."
        return Preview(sentence=said, times=0, alerts=[], more=0, models=0)
    models = _models(session, scope, asked)
    fired = [(model, episode) for model in models for episode in _fired(session, model, rule, days=asked.days, now=now)]
    fired.sort(key=lambda entry: entry[1].fired_at, reverse=True)
    times = len({(model.id, episode.fired_at) for model, episode in fired})
    return Preview(
        sentence=_said(times, asked.days, models),
        times=times,
        alerts=[_would_have_fired(model, episode) for model, episode in fired[:MOST_ALERTS]],
        more=max(0, len(fired) - MOST_ALERTS),
        models=len(models),
    )


def _models(session: Session, scope: Scope, asked: PreviewAsked) -> Sequence[Model]:
    project_id, model_id = scope_of(session, scope, project=asked.project, model=asked.model)
    query = select(Model).where(*within(scope))
    if model_id is not None:
        query = query.where(Model.id == model_id)
    if project_id is not None:
        query = query.where(Model.project_id == project_id)
    newest = (Model.last_event_at.is_(None), Model.last_event_at.desc(), Model.id)
    return session.scalars(query.order_by(*newest).limit(MOST_MODELS)).all()


def _fired(session: Session, model: Model, rule: AlertRule, *, days: int, now: datetime) -> list[Episode]:
    end = _newest_window(session, model) or now if is_replayed(model) else now
    watched = Watched.of(session, model, now=now, windows=PREVIEWS)
    return fired_between(rule, readings_for(watched, rule), start=end - timedelta(days=days), end=end)


def _newest_window(session: Session, model: Model) -> datetime | None:
    """A model that is replayed has its last days where its events have them."""
    return session.scalar(select(func.max(Evaluation.ends_at)).where(Evaluation.model_id == model.id))


def _said(times: int, days: int, models: Sequence[Model]) -> str:
    where = f" over {len(models)} models" if len(models) > 1 else ""
    often = {0: "never", 1: "once"}.get(times, f"{times:,} times")
    replayed = ", counted back from the newest window" if any(is_replayed(model) for model in models) else ""
    return f"This rule would have fired {often} in the last {days} days{where}{replayed}."


def _would_have_fired(model: Model, episode: Episode) -> WouldHaveFired:
    return WouldHaveFired(
        model=model.key,
        subject=episode.title,
        severity=episode.severity,
        since=episode.since,
        fired_at=episode.fired_at,
        until=episode.until,
        sentence=episode.sentence,
    )
