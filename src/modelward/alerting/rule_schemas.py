"""The shapes of alert rules in requests and answers."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from modelward.alerting.tables import Rule
from modelward.kit.paging import Asked
from modelward.rules.alert_rules import AlertKind, AlertRule, Condition, Severity

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Name = int | Annotated[str, StringConstraints(max_length=200)]
Level = Literal["moderate", "strong"]
Channels = Annotated[list[int], Field(max_length=100)]


class ConditionBody(BaseModel):
    """When a rule fires; each kind reads its own fields (docs/alerting.md has the table)."""

    model_config = ConfigDict(extra="forbid")

    columns: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] | None = Field(
        default=None, max_length=2_000, description="These columns (of fairness: attributes) alone."
    )
    share: float | None = Field(default=None, description="This share of the columns together: 0.3 is 30 %.")
    at_least: Level | None = Field(default=None, description="The level of the alarm from which on it is told.")
    gaps: float | None = Field(default=None, description="So many times the longest gap may pass without an event.")
    percentile: Literal[50, 95, 99] | None = None
    metric: str | None = Field(default=None, max_length=60, examples=["roc_auc"])
    limit: float | None = Field(
        default=None, allow_inf_nan=False, description="Of the latency (ms), metric, score, risk."
    )
    fall: float | None = Field(default=None, description="The share of its standard that a metric may lose.")
    status: Literal["AT_RISK", "BLOCKED"] | None = None

    def condition(self) -> Condition:
        """As the rules take it."""
        return Condition.from_dict(self.model_dump(exclude_none=True))

    @classmethod
    def of(cls, condition: Condition) -> Self:
        """The shape of a condition, whole."""
        return cls(**{**asdict(condition), "columns": list(condition.columns)})


class _RuleBody(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    condition: ConditionBody = Field(default_factory=ConditionBody)
    severity: Severity | None = Field(default=None, description="As grave as the alarm is, unless said.")
    wait_seconds: int = Field(default=0, ge=0, le=86_400, description="For how long it must hold before it counts.")
    project: Name | None = Field(default=None, description="For the models of this project: id or key.")
    model: Name | None = Field(default=None, description="For this model: id or key.")


class NewRule(_RuleBody):
    """`POST /alert-rules`."""

    title: Title = Field(examples=["A third of the columns drifts"])
    kind: AlertKind
    enabled: bool = True
    channel_ids: Channels | None = Field(default=None, description="To these channels; to all of them, unless said.")
    built_in: str | None = Field(
        default=None,
        max_length=40,
        description="It takes the place of this built-in rule, within its scope.",
        examples=["drift"],
    )


class RuleChanges(BaseModel):
    """`PATCH /alert-rules/{rule}`: what is named is changed, and nothing else."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    condition: ConditionBody | None = None
    severity: Severity | None = None
    wait_seconds: int | None = Field(default=None, ge=0, le=86_400)
    enabled: bool | None = None
    channel_ids: Channels | None = None


class PreviewAsked(_RuleBody):
    """`POST /alert-rules/preview`."""

    kind: AlertKind
    days: int = Field(default=30, ge=1, le=90, description="So many days are looked back.")


class RuleAnswer(BaseModel):
    """A rule. `key` names it in addresses; a built-in one that nobody has changed has no id."""

    model_config = ConfigDict(protected_namespaces=())

    id: int | None
    key: str
    built_in: str | None
    title: str
    kind: AlertKind
    condition: ConditionBody
    severity: Severity | None
    wait_seconds: int
    enabled: bool
    project_id: int | None
    model_id: int | None
    channel_ids: list[int] | None
    created_by: str | None
    created_at: datetime | None
    changed_at: datetime | None

    @classmethod
    def of(cls, row: Rule, rule: AlertRule) -> Self:
        """The answer that tells of a rule that somebody wrote."""
        own = ("id", "built_in", "project_id", "model_id", "created_by", "created_at", "changed_at")
        return cls(**_told(rule), key=str(row.id), **{name: getattr(row, name) for name in own})

    @classmethod
    def of_built_in(cls, rule: AlertRule) -> Self:
        """The answer that tells of a built-in rule that nobody has changed."""
        nothing: Mapping[str, Any] = dict.fromkeys(
            ("id", "project_id", "model_id", "created_by", "created_at", "changed_at")
        )
        return cls(**_told(rule), key=rule.key, built_in=rule.key, **nothing)


def _told(rule: AlertRule) -> dict[str, Any]:
    return {
        "title": rule.title,
        "kind": rule.kind,
        "condition": ConditionBody.of(rule.condition),
        "severity": rule.severity,
        "wait_seconds": round(rule.wait.total_seconds()),
        "enabled": rule.enabled,
        "channel_ids": list(rule.channel_ids) if rule.channel_ids is not None else None,
    }


class RulesAsked(Asked):
    """How the list of rules can be asked for."""

    sort: Literal["id", "-id", "changed_at", "-changed_at"] = "id"
    kind: AlertKind | None = None
    model: str | None = Field(default=None, max_length=200, description="Those written for this model: id or key.")


class RulePage(BaseModel):
    """Some of the rules that people wrote; `built_in` are those that hold as they came, without anybody writing one."""

    items: list[RuleAnswer]
    built_in: list[RuleAnswer]
    next: str | None


class WouldHaveFired(BaseModel):
    """One alert that the rule would have raised."""

    model_config = ConfigDict(protected_namespaces=())

    model: str
    subject: str
    severity: Severity
    since: datetime = Field(description="when what it tells of began")
    fired_at: datetime = Field(description="when it would have been known")
    until: datetime | None = Field(description="when it was over; null: it lasts")
    sentence: str


class Preview(BaseModel):
    """What a rule would have done. `times` counts moments: 200 columns that drift together are one."""

    sentence: str
    times: int
    alerts: list[WouldHaveFired]
    more: int = Field(description="alerts that are not listed")
    models: int = Field(description="models that were looked at")
