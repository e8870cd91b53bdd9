"""What the routes of data quality take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_AGE: dict[str, Any] = {
    "column": "age",
    "kind": "numeric",
    "required": True,
    "minimum": 0,
    "maximum": 120,
    "non_negative": True,
    "tolerance": 0.001,
    "severity": "error",
}
_TOWN: dict[str, Any] = {"column": "town", "kind": "text", "allowed": ["Bonn", "Köln", "Ulm"], "severity": "warning"}

Name = Annotated[str, Field(min_length=1, max_length=200)]


class ColumnConstraint(BaseModel):
    """What one column must be; what is left out is not asked."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_AGE, _TOWN]}, allow_inf_nan=False)

    column: Name
    kind: Literal["numeric", "text"] | None = Field(default=None, description="No value is of another type.")
    required: bool = Field(default=False, description="No value is missing.")
    minimum: float | None = Field(default=None, description="The smallest value that is allowed.")
    maximum: float | None = Field(default=None, description="The largest value that is allowed.")
    non_negative: bool = False
    allowed: list[str] | None = Field(default=None, max_length=1_000, description="All categories that there may be.")
    unique_share: float | None = Field(default=None, description="The share of values that differ from all others.")
    tolerance: float = Field(default=0.0, description="The share of rows that may violate each of these.")
    severity: Literal["error", "warning"] = "error"


class ConstraintsWanted(BaseModel):
    """All constraints that are to be in force; an empty list takes all of them away."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"constraints": [_AGE, _TOWN]}]})

    constraints: list[ColumnConstraint] = Field(max_length=1_000)


class ConstraintsAnswer(BaseModel):
    """What the reference suggests, and what is in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_id": 1,
                    "model": "churn",
                    "suggested": [{**_AGE, "minimum": 0, "maximum": 98.2, "tolerance": 0}, {**_TOWN, "required": True}],
                    "in_force": [_AGE],
                    "changed_at": "2026-03-02T10:00:00Z",
                }
            ]
        }
    )

    model_id: int
    model: str
    suggested: list[ColumnConstraint]
    in_force: list[ColumnConstraint]
    changed_at: datetime | None


_FINDING = {
    "check": "missing",
    "column": "age",
    "rule": None,
    "verdict": "failed",
    "reason": "`age`: 36 % of its values are missing (4.8 % in the reference)",
    "count": 361,
    "rows": 1000,
    "share": 0.361,
    "low": 0.332,
    "high": 0.391,
    "expected": 0.048,
    "threshold": 0.05,
    "p_value": 0.0,
    "p_adjusted": 0.0,
    "examples": [{"event_id": "b7-12", "timestamp": "2026-03-04T09:12:00Z", "value": None}],
}
QUALITY_EXAMPLE: dict[str, Any] = {
    "model_id": 1,
    "model": "churn",
    "health": "warning",
    "health_reason": "`age` is missing more often",
    "start": "2026-03-04T00:00:00Z",
    "end": "2026-03-05T00:00:00Z",
    "rows": 1000,
    "verdict": "failed",
    "reason": _FINDING["reason"],
    "findings": [_FINDING],
    "columns": {
        "age": {
            "rows": 1000,
            "missing": 361,
            "missing_rate": 0.361,
            "invalid": 0,
            "invalid_rate": 0.0,
            "missing_rate_reference": 0.048,
            "checks": {"missing": {name: value for name, value in _FINDING.items() if name != "examples"}},
        }
    },
    "volume": {"rows": 1000, "usual": 1190.0, "low": 594.0, "high": 2381.0, "verdict": "ok"},
    "duplicates": {"events": 3, "share": 0.003},
    "freshness": {
        "late": False,
        "last_arrival_at": "2026-03-04T23:59:58Z",
        "silent_seconds": 12.0,
        "late_after_seconds": 3600.0,
        "longest_gap_seconds": 604.0,
    },
    "state": {"verdict": "failed", "since": "2026-03-04T00:00:00Z", "reason": _FINDING["reason"]},
    "repeated_rows": {"looked_at": 1000, "repeated": 4, "examples": [{"event_ids": ["b7-3", "b7-9"], "times": 2}]},
    "schema_changes": [],
}
