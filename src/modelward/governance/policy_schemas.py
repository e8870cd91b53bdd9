"""The shapes of policies in requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from modelward.governance.change_policy import StatusChange
from modelward.governance.policies import InForce
from modelward.governance.policy_tables import PolicyVersion
from modelward.kit.paging import Asked
from modelward.registry.schemas import Prose
from modelward.rules.policy import BUILT_IN

Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Points = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class PolicyFields(BaseModel):
    """What a level names, and so overrides; what is left out is as the more general level says."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"at_risk": 40, "approvals": 2}]})

    weight_drift: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        BUILT_IN.weight_drift, description="Weight of drift."
    )
    weight_fairness: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        BUILT_IN.weight_fairness, description="Weight of fairness."
    )
    at_risk: Points = Field(BUILT_IN.at_risk, description="The risk from which on a model is AT_RISK.")
    blocked: Points = Field(BUILT_IN.blocked, description="The risk from which on a model is BLOCKED.")
    fairness_limit: Share | None = Field(
        BUILT_IN.fairness_limit,
        description="A fairness score below it, with its whole interval, blocks; null: none does.",
    )
    hold_fairness_baseline: bool = Field(
        BUILT_IN.hold_fairness_baseline, description="Whether the fairness given at registration is held."
    )
    performance_fall: Share | None = Field(
        BUILT_IN.performance_fall,
        description="The share of its standard that a metric may lose; null: as much as it likes.",
    )
    require_reference: Literal["none", "any", "confirmed"] = Field(
        "none", description="The reference that a deployment needs."
    )
    require_fairness: Literal["never", "where_declared", "always"] = Field(
        "never", description="Whether a deployment needs a measurement of fairness."
    )
    labels_within_days: Annotated[float, Field(gt=0, le=3650, allow_inf_nan=False)] | None = Field(
        BUILT_IN.labels_within_days,
        description="A deployment needs outcomes of the last so many days; null: it needs none.",
    )
    approvals: int = Field(BUILT_IN.approvals, ge=0, le=10, description="How many people have to approve a deployment.")
    approver_roles: list[Literal["owner", "admin", "member"]] = Field(
        ["owner", "admin"], min_length=1, max_length=3, description="The roles of those who may approve."
    )
    four_eyes: bool = Field(BUILT_IN.four_eyes, description="Whether whoever asks for a deployment cannot approve it.")

    def named(self) -> dict[str, Any]:
        """Only what was sent."""
        return self.model_dump(exclude_unset=True)


class PolicyTried(BaseModel):
    """`POST /policies/preview`."""

    model_config = ConfigDict(extra="forbid")

    policy: PolicyFields


class PolicyWanted(PolicyTried):
    """`PUT /policies`."""

    note: Prose | None = Field(default=None, max_length=2_000, description="Why it is changed.")
    based_on: int | None = Field(
        default=None,
        ge=0,
        le=2**31 - 1,
        description="The number of the version that was edited; 409 if it is not the newest.",
    )


class PolicyAnswer(BaseModel):
    """One version of what a level asks; `policy` has only what it names."""

    id: int
    scope: Literal["organisation", "project", "model"]
    project_id: int | None
    model_id: int | None
    number: int
    policy: dict[str, Any]
    author: str
    note: str | None
    at: datetime

    @classmethod
    def of(cls, version: PolicyVersion) -> Self:
        """The answer that tells of this version."""
        return cls(
            id=version.id,
            scope=version.scope,  # type: ignore[arg-type]
            project_id=version.scope_id if version.scope == "project" else None,
            model_id=version.scope_id if version.scope == "model" else None,
            number=version.number,
            policy=version.body,
            author=version.author,
            note=version.note,
            at=version.at,
        )


class PolicyPage(BaseModel):
    """Some versions; `next` is the cursor of the following ones."""

    items: list[PolicyAnswer]
    next: str | None


class PoliciesAsked(Asked):
    """How the list of versions can be asked for."""

    sort: Literal["id", "-id", "at", "-at", "number", "-number"] = "-id"
    scope: Literal["organisation", "project", "model"] | None = None
    project: str | None = Field(default=None, max_length=200, description="A project's key or id.")
    model: str | None = Field(default=None, max_length=200, description="A model's key or id.")


class InForceAnswer(BaseModel):
    """The policy that holds: all of it, the level that each part comes from, and the versions it was merged from."""

    policy: dict[str, Any]
    origins: dict[str, str]
    versions: list[dict[str, Any]]

    @classmethod
    def of(cls, found: InForce) -> Self:
        """The answer that tells of it."""
        return cls(policy=found.policy.to_dict(), origins=dict(found.origins or {}), versions=found.cited)


class StatusChangeAnswer(BaseModel):
    """A model that would stand otherwise, and why."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int
    model: str
    before: str | None
    after: str | None
    risk_score_before: float | None
    risk_score_after: float | None
    reasons: list[dict[str, Any]]

    @classmethod
    def of(cls, change: StatusChange) -> Self:
        """The answer that tells of it."""
        return cls(
            model_id=change.model.id,
            model=change.model.key,
            before=change.before.status,
            after=change.after.status,
            risk_score_before=change.before.risk_score,
            risk_score_after=change.after.risk_score,
            reasons=[reason.to_dict() for reason in change.after.reasons],
        )


class PreviewAnswer(BaseModel):
    """What a policy would change today."""

    models: int
    changes: list[StatusChangeAnswer]
