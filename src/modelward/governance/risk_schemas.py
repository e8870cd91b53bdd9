"""The shapes of status and risk in answers."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from modelward.governance.risk_tables import RiskRecord
from modelward.kit.paging import Asked
from modelward.monitoring.schemas import Moment


class StatusAnswer(BaseModel):
    """How a model stands. `governance_status` and `risk_score` are null where nothing was measured yet."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int
    model: str
    status: str
    """How far the version has come, in capitals: DRAFT, DEPLOYED …"""
    deployment_status: str
    governance_status: Literal["APPROVED", "AT_RISK", "BLOCKED"] | None
    risk_score: float | None
    sentence: str
    reasons: list[dict[str, Any]]
    components: list[dict[str, Any]]
    unmeasured: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    compliance: float | None
    policy: list[dict[str, Any]]
    sources: dict[str, Any]
    measured_at: datetime | None


class RiskStepAnswer(BaseModel):
    """One step of a model's risk: `event` and `cause` say what moved it, `sources` from which windows."""

    id: int
    at: datetime
    risk_score: float
    governance_status: Literal["APPROVED", "AT_RISK", "BLOCKED"] | None
    event: str
    cause: str
    components: list[dict[str, Any]]
    unmeasured: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    sources: dict[str, Any]
    corrected_at: datetime | None

    @classmethod
    def of(cls, row: RiskRecord) -> Self:
        """The answer that tells of this step."""
        return cls(
            id=row.id,
            at=row.at,
            risk_score=row.risk_score or 0.0,
            governance_status=row.status,  # type: ignore[arg-type]
            event=row.event,
            cause=row.cause,
            components=row.components,
            unmeasured=row.unmeasured,
            reasons=row.reasons,
            sources=row.sources,
            corrected_at=row.corrected_at,
        )


class RiskHistoryAsked(Asked):
    """How the history can be asked for."""

    sort: Literal["-at", "at"] = "-at"
    start: Moment | None = None
    end: Moment | None = None
    event: str | None = None
