"""Why the verdict that holds now is what it is: what was evaluated, with the profiles behind it, as sentences."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from modelward.monitoring.columns import LABEL, LATENCY, PREDICTION, SCORE, SPECIAL, feature_key, title_of
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.payload import EMPTY, restricted
from modelward.monitoring.readings import EvaluationView
from modelward.monitoring.seasonal import in_season
from modelward.monitoring.subject import read_reference
from modelward.monitoring.window_profiles import whole_buckets, window_profile
from modelward.registry.service import current_baseline
from modelward.registry.tables import Model
from modelward.rules.explanation_settings import weights_in
from modelward.rules.finding import ColumnFinding, Comparison, plain
from modelward.rules.segments import Segments
from modelward.rules.verdict import Verdict
from modelward.rules.why import Context, why
from modelward.stats import Profile


def why_now(
    session: Session, model: Model, found: EvaluationView, since: Mapping[str, datetime]
) -> list[dict[str, Any]]:
    """The columns that changed in an evaluated window, ranked by drift × importance.

    Only the profiles of those columns are read. Causes are asked for while the reference is still the one that the
    window was held against.
    """
    findings = tuple(map(_finding, found.findings))
    changed = [finding.column for finding in findings if finding.verdict.alarming]
    if not changed:
        return []
    rows = found.rows_reference, found.rows
    comparison = Comparison(Verdict(found.verdict), findings, *rows, found.reason)
    return explained(comparison, *_profiles(session, model, found, changed), context_of(model, since=since))


def explained(comparison: Comparison, reference: Profile, current: Profile, context: Context) -> list[dict[str, Any]]:
    """The explanation as JSON holds it, columns named as people know them."""
    entries = why(comparison, reference, current, context)
    return [plain({**entry.to_dict(), "column": title_of(entry.column)}) for entry in entries]


def context_of(model: Model, *, since: Mapping[str, datetime], segments: Segments | None = None) -> Context:
    """What is known of a model beside the figures. Importances of the monitor's settings come before those given at
    registration.
    """
    monitor = monitor_of(model)
    given = {**weights_in(model.attributes.get("importance")), **monitor.importance}
    carried = segments.carried if segments else ()
    return Context(
        importance={feature_key(name): value for name, value in given.items()},
        since=since,
        zone=ZoneInfo(model.time_zone),
        where={entry.column: entry.clause for entry in carried},
        outcomes=(SCORE, PREDICTION),
        labels=(LABEL, LATENCY),
        titles={name: title_of(name) for name in SPECIAL},
    )


def _profiles(session: Session, model: Model, found: EvaluationView, columns: list[str]) -> tuple[Profile, Profile]:
    reference = read_reference(session, current_baseline(session, model.id))
    if reference is None or reference.id != found.baseline_id:
        return EMPTY, EMPTY
    start = whole_buckets(session, model.id, found.starts_at)
    season = {"start": found.starts_at, "end": found.ends_at}
    reference = in_season(session, model.id, monitor_of(model), reference, **season)
    current = window_profile(session, model_id=model.id, start=start, end=found.ends_at, columns=columns)
    return restricted(reference.profile, columns), current


def _finding(wire: Mapping[str, Any]) -> ColumnFinding:
    """A finding from the JSON in which it was stored."""
    return ColumnFinding(
        column=wire["column"],
        kind=wire["kind"],
        verdict=Verdict(wire["verdict"]),
        method=wire["method"],
        statistic=wire["statistic"],
        threshold=wire["threshold"],
        p_value=wire["p_value"],
        p_adjusted=wire["p_adjusted"],
        n_reference=wire["n_reference"],
        n_current=wire["n_current"],
        reason=wire["reason"],
        statistics={name: value for name, value in wire["statistics"].items() if value is not None},
        new_categories=tuple(wire["new_categories"]),
    )
