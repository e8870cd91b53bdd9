"""The shapes of silences in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from modelward.alerting.rule_schemas import Name
from modelward.kit.paging import Asked
from modelward.rules.alert_rules import AlertKind

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]
Hours = Annotated[float, Field(gt=0, le=90 * 24, description="Instead of `ends_at`: so many hours from its start.")]


class NewSilence(BaseModel):
    """`POST /silences`. It must end, within 90 days."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    reason: Why = Field(examples=["The feed is migrated until Monday"])
    starts_at: AwareDatetime | None = Field(default=None, description="Now, unless said.")
    ends_at: AwareDatetime | None = None
    hours: Hours | None = None
    project: Name | None = Field(default=None, description="For the models of this project: id or key.")
    model: Name | None = Field(default=None, description="For this model: id or key.")
    kind: AlertKind | None = Field(default=None, description="For alerts of this kind alone.")
    column: str | None = Field(default=None, max_length=200, description="For alerts on this column alone.")

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.ends_at is None) == (self.hours is None):
            raise ValueError("a silence must end: give ends_at, or hours")
        return self


class SilenceChanges(BaseModel):
    """`PATCH /silences/{silence}`: another end, or another reason."""

    model_config = ConfigDict(extra="forbid")

    reason: Why | None = None
    ends_at: AwareDatetime | None = None


class SilenceAnswer(BaseModel):
    """A silence. What is null matches everything."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: int
    state: Literal["pending", "active", "expired"]
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    project_id: int | None
    model_id: int | None
    model: str | None = None
    kind: AlertKind | None
    column: str | None
    created_at: datetime
    expired_by: str | None = Field(description="who ended it early")


class SilencesAsked(Asked):
    """How the list of silences can be asked for."""

    sort: Literal["id", "-id", "ends_at", "-ends_at"] = "-id"
    expired: bool | None = Field(default=None, description="Only those that ended, or only those that did not.")
    model: str | None = Field(default=None, max_length=200, description="Those of this model: id or key.")


class SilencePage(BaseModel):
    """Some silences; `next` is the cursor of the following ones."""

    items: list[SilenceAnswer]
    next: str | None
