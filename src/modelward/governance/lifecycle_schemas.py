"""The shapes of a version's life in requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field

from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import LONGEST_JUSTIFICATION, told
from modelward.kit.paging import Asked
from modelward.registry.card_schemas import storable
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Place

Justification = Annotated[str, Field(max_length=LONGEST_JUSTIFICATION), AfterValidator(storable)]


class StepBody(BaseModel):
    """Why somebody takes a step. Rejecting, rolling back and retiring need it."""

    justification: Justification | None = Field(
        default=None,
        validation_alias=AliasChoices("justification", "reason", "comment"),
        examples=["Accuracy holds on the customers of March."],
    )


class DeployBody(StepBody):
    """`POST /models/{model}/deploy`. All of it is optional."""

    override: bool = Field(default=False, description="Go past the gate, where it says no. Admins only, with a reason.")
    justification: Justification | None = Field(
        default=None,
        validation_alias=AliasChoices("justification", "reason", "override_reason", "comment"),
        description="Needed for an override.",
    )
    expires_at: AwareDatetime | None = Field(default=None, description="When the override ends.")
    place: Place = Field(
        default=Place.CHAMPION,
        description="`challenger` predicts in the shadow, beside the version that is in production.",
    )


class RollBackBody(StepBody):
    """`POST /models/{model}/rollback`."""

    override: bool = Field(default=False, description="Bring the former version back although the gate says no.")
    expires_at: AwareDatetime | None = Field(default=None, description="When the override ends.")


class ReasonAnswer(BaseModel):
    """One reason: a code for programs, a sentence for people, and what it rests on."""

    code: str
    sentence: str
    evidence: dict[str, Any]


class AuthorAnswer(BaseModel):
    """Who did it; `on_behalf_of` is who made a key."""

    title: str
    kind: str
    role: str
    on_behalf_of: str | None


class TransitionAnswer(BaseModel):
    """One step of a version's life, as it was decided."""

    id: int
    action: str
    before: str
    after: str
    place_before: str | None
    place_after: str | None
    told: str
    author: AuthorAnswer
    at: datetime
    justification: str | None
    override: bool
    expires_at: datetime | None
    ended_at: datetime | None
    reasons: list[ReasonAnswer] = Field(description="What the gate said against it: what an override went past.")
    policies: list[dict[str, Any]] = Field(description="The versions of the policies under which it was decided.")
    evidence: dict[str, Any] = Field(description="What was read at that moment.")
    other_model_id: int | None = Field(description="The version that it replaced, or that took its place.")

    @classmethod
    def of(cls, step: Transition, model: Model) -> Self:
        """The answer that tells of this step of the model."""
        names = set(cls.model_fields) - {"told", "author", "reasons"}
        own = {name: getattr(step, name) for name in names}
        author = AuthorAnswer.model_validate(step.author)
        return cls(**own, told=told(model, step), author=author, reasons=[ReasonAnswer(**one) for one in step.grounds])


class StepAnswer(BaseModel):
    """A version after a step, and the step."""

    model_config = ConfigDict(protected_namespaces=())

    id: int
    model_id: int
    model: str
    name: str
    version: str | None
    status: str
    deployment_status: str
    deployment_place: str | None
    deployment_since: datetime | None
    override: bool
    transition: TransitionAnswer
    restored: str | None = Field(default=None, description="After a rollback, the key of the version that came back.")

    @classmethod
    def of(cls, model: Model, step: Transition, *, restored: str | None = None) -> Self:
        """The answer to a step."""
        return cls(
            id=model.id,
            model_id=model.id,
            model=model.key,
            name=model.name,
            version=model.version,
            status=model.deployment_status,
            deployment_status=model.deployment_status,
            deployment_place=model.deployment_place,
            deployment_since=model.deployment_since,
            override=step.override,
            transition=TransitionAnswer.of(step, model),
            restored=restored,
        )


class TransitionsAsked(Asked):
    """How the steps of a version can be asked for."""

    sort: Literal["id", "-id"] = "-id"
    action: str | None = Field(default=None, max_length=24)
    override: bool | None = None


class TransitionPage(BaseModel):
    """Some steps, the newest first; `next` is the cursor of the following ones."""

    items: list[TransitionAnswer]
    next: str | None


class ServingAnswerBody(BaseModel):
    """Whether a version may serve now."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int
    model: str
    answer: Literal["allowed", "shadow_only", "refused"]
    deployment_status: str
    deployment_place: str | None
    reasons: list[ReasonAnswer]
    warnings: list[ReasonAnswer]
    override: TransitionAnswer | None


class ApprovalsAsked(Asked):
    """How the submissions that wait can be asked for."""

    sort: Literal["id", "-id", "deployment_since", "-deployment_since"] = "deployment_since"
    mine: bool = Field(default=True, description="Those alone that the caller can approve.")


class GivenAnswer(BaseModel):
    """An approval that was given."""

    by: str
    role: str
    at: datetime
    justification: str | None


class WaitingAnswer(BaseModel):
    """A submission that waits for approval."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int
    model: str
    name: str
    version: str | None
    submitted_by: str
    submitted_at: datetime
    justification: str | None
    needed: int
    given: list[GivenAnswer]
    roles: list[str]
    governance_status: str | None
    risk_score: float | None
    may_approve: bool
    why_not: ReasonAnswer | None
    reasons: list[ReasonAnswer] = Field(description="What the gate would say to a deployment now.")


class WaitingPage(BaseModel):
    """Some submissions, those that wait longest first; `next` is the cursor of the following ones."""

    items: list[WaitingAnswer]
    next: str | None
