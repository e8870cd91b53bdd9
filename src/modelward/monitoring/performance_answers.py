"""The JSON of performance and fairness."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.kit.clock import now, require_span
from modelward.monitoring.performance_queries import fairness_view, performance_of_span, performance_view
from modelward.registry.tables import Model

METHOD = (
    "Measured on the rows whose outcome is known. A window is judged once enough of its rows have one: it has fallen "
    "when the metric and its whole 95 % interval lie beyond the standard less the permitted fall. Estimates are "
    "confidence-based: each score counts as what it was worth on the basis, or, of a regression, the loss "
    "that the features promise; they hold while the concept does, and decide nothing where the back-test refuses them"
)
FAIRNESS_METHOD = (
    "The fairness score is the worst ratio of selection rates between groups of at least the minimum size, with a 95 % "
    "interval that holds for all pairs of groups together; unfair is an upper end below the limit"
)


def performance(
    session: Session, model: Model, *, start: datetime | None = None, end: datetime | None = None
) -> dict[str, Any]:
    """What is said of the model now, its newest judged window, and its history."""
    require_span(start, end)
    view = performance_view(session, model_id=model.id, start=start, end=end)
    answer = {"model_id": model.id, "model": model.key, **asdict(view), "method": METHOD}
    if start is not None:
        answer["span"] = performance_of_span(session, model_id=model.id, start=start, end=end or now())
    return answer


def fairness(
    session: Session, model: Model, *, start: datetime | None = None, end: datetime | None = None
) -> dict[str, Any]:
    """What is said of each protected attribute now, and its history."""
    require_span(start, end)
    view = fairness_view(session, model_id=model.id, start=start, end=end)
    return {"model_id": model.id, "model": model.key, **asdict(view), "method": FAIRNESS_METHOD}


_POINT = {
    "starts_at": "2013-04-02T04:00:00Z",
    "ends_at": "2013-04-03T04:00:00Z",
    "closed": True,
    "state": "final",
    "verdict": "ok",
    "reason": "accuracy 0.941 (interval 0.924 to 0.955, 908 rows), 1.2% above the 0.93 given at registration",
    "rows": 910,
    "labelled": 908,
    "coverage": 0.998,
    "metric": "accuracy",
    "measured": {"value": 0.941, "low": 0.924, "high": 0.955},
    "estimated": {"value": 0.937, "low": 0.919, "high": 0.951},
    "estimate_valid": True,
    "calibrated_on": False,
}
PERFORMANCE_EXAMPLE: dict[str, Any] = {
    "model_id": 1,
    "model": "late-arrival",
    "kind": "day",
    "task": "binary",
    "verdict": "ok",
    "reason": "accuracy 0.941 (interval 0.924 to 0.955, 908 rows), 1.2% above the 0.93 given at registration",
    "since": "2013-04-02T04:00:00Z",
    "concept_drift_since": None,
    "metric": "accuracy",
    "standard": 0.93,
    "standard_source": "given at registration",
    "limit": 0.7905,
    "current": {"point": _POINT, "metrics": {"accuracy": {"value": 0.941, "low": 0.924, "high": 0.955, "rows": 908}}},
    "windows": [_POINT],
    "back_test": [
        {
            "metric": "accuracy",
            "windows": 90,
            "mean_absolute_error": 0.011,
            "bias": 0.002,
            "intervals_met": 89,
            "error_of_no_estimate": 0.019,
            "valid": True,
            "reason": "over 90 windows it was off by 0.011 on average, and the standard alone by 0.019",
        }
    ],
    "no_estimate": "",
    "method": METHOD,
}
FAIRNESS_EXAMPLE: dict[str, Any] = {
    "model_id": 2,
    "model": "loans",
    "kind": "day",
    "verdict": "fair",
    "reason": "sex: f is selected 0.931 times as often as m (interval 0.874 to 0.992, 5,200 rows); the limit is 0.8",
    "limit": 0.8,
    "baseline": 0.95,
    "minimum_group": 30,
    "attributes": [
        {
            "attribute": "sex",
            "verdict": "fair",
            "since": "2026-03-02T00:00:00Z",
            "current": {"score": 0.931, "low": 0.874, "high": 0.992, "rows": 5200, "labelled": 4100},
            "windows": [],
        }
    ],
    "not_watched": [],
    "method": FAIRNESS_METHOD,
}
