"""The shapes of models in requests and answers. Two ways of registering a model are in the field; both are taken."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from modelward.kit.paging import Asked
from modelward.registry.card_schemas import CardFields, card_of, checked_card, storable
from modelward.registry.schema import FeatureKind
from modelward.registry.service import REPLAYED, is_replayed
from modelward.registry.tables import Model
from modelward.rules.lifecycle import Stage

_KINDS = {
    **dict.fromkeys(
        ("continuous", "numeric", "numerical", "number", "int", "integer", "float", "double"), FeatureKind.NUMERIC
    ),
    **dict.fromkeys(("categorical", "category", "str", "string", "text", "object"), FeatureKind.CATEGORICAL),
    **dict.fromkeys(("bool", "boolean"), FeatureKind.BOOLEAN),
}


def _kind(value: object) -> FeatureKind:
    """`continuous`, `int`, `float64` …: the words of the field for the three kinds there are."""
    word = str(value).strip().lower().rstrip("0123456789")
    if word not in _KINDS:
        raise ValueError(f"{str(value)[:40]!r} is no kind of feature: use continuous, categorical or bool")
    return _KINDS[word]


Kind = Annotated[FeatureKind, BeforeValidator(_kind)]
Named = Annotated[str, Field(min_length=1, max_length=200)]


def _printable(name: str) -> str:
    if not name.strip().isprintable():
        raise ValueError("it holds what cannot be printed: use letters, digits, signs and spaces")
    return name.strip()


Printable = Annotated[str, AfterValidator(_printable)]
Prose = Annotated[str, AfterValidator(storable)]
Version = Annotated[str, Field(max_length=200, coerce_numbers_to_str=True), AfterValidator(storable)]


LARGEST_ATTRIBUTES = 100_000
"""Bytes of JSON. Every list of models carries them."""


def _kept_as_json(attributes: dict[str, Any]) -> dict[str, Any]:
    """Refuse here what could be stored and then not be sent: one such model would take the whole list with it."""
    try:
        size = len(json.dumps(attributes, ensure_ascii=False, allow_nan=False).encode())
    except ValueError as error:  # UnicodeEncodeError is one
        raise ValueError("they hold what is no text or no number (half a surrogate pair, NaN, Infinity)") from error
    if size > LARGEST_ATTRIBUTES:
        raise ValueError(f"they have {size:,} bytes as JSON; {LARGEST_ATTRIBUTES:,} are allowed")
    return checked_card(attributes)


Attributes = Annotated[dict[str, Any], AfterValidator(_kept_as_json)]


REPLAYED_MEANS = (
    "Its events are of another time (a replay, a back-fill): it is never called silent, and old windows are news."
)


class _Body(BaseModel):
    model_config = ConfigDict(protected_namespaces=(), populate_by_name=True)


class FeatureBody(_Body):
    """One feature of a new model."""

    feature_name: Named = Field(validation_alias=AliasChoices("feature_name", "name"))
    feature_type: Kind = Field(validation_alias=AliasChoices("feature_type", "type", "kind"))
    order: int | None = None


class SchemaBody(_Body):
    """The other way to name features: a list of names, and the types of those whose type is known."""

    features: list[Named] = Field(default=[], max_length=2_000)
    target: str | None = Field(default=None, max_length=200)
    feature_types: dict[Named, Kind] = {}


class NewModel(_Body, CardFields):
    """`POST /models`."""

    name: Annotated[Printable, Field(max_length=200)] = Field(
        validation_alias=AliasChoices("name", "model_name", "key"), examples=["churn_model_v1"]
    )
    version: Version | None = Field(default=None, examples=["1.0"])
    description: Prose | None = Field(default=None, max_length=10_000)
    project: str | None = Field(
        None, validation_alias=AliasChoices("project", "project_id"), coerce_numbers_to_str=True
    )
    task: Prose | None = Field(default=None, max_length=40, examples=["classification"])
    time_zone: str = Field("UTC", max_length=80)
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    features: list[FeatureBody] = Field(default=[], max_length=2_000)
    schema_definition: SchemaBody | None = None
    training_accuracy: float | None = Field(default=None, allow_inf_nan=False)
    fairness_baseline: float | None = Field(default=None, allow_inf_nan=False)
    replayed: bool | None = Field(default=None, description=REPLAYED_MEANS)
    protected_attributes: list[Named] | None = None
    importance: dict[Printable, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = Field(
        default=None, max_length=2_000, examples=[{"age": 0.3}]
    )

    def kinds(self) -> dict[str, str]:
        """Every feature whose kind is told, in the order given."""
        ordered = sorted(self.features, key=lambda feature: feature.order if feature.order is not None else 2**31)
        told = {feature.feature_name: feature.feature_type.value for feature in ordered}
        types = self.schema_definition.feature_types if self.schema_definition else {}
        names = [*(self.schema_definition.features if self.schema_definition else ()), *types]
        return told | {name: types[name].value for name in names if name in types}

    def attributes(self) -> dict[str, Any]:
        """What is kept of a model without being asked for by name."""
        kept = self.model_dump(
            include={"training_accuracy", "fairness_baseline", "protected_attributes", "importance", REPLAYED},
            exclude_none=True,
        )
        if self.schema_definition:
            kept["schema_definition"] = self.schema_definition.model_dump(mode="json")
        return kept | {name: said for name, said in card_of(self).items() if said is not None}


class ModelChanges(_Body, CardFields):
    """`PATCH /models/{model}`: what is named is changed, and nothing else."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    name: Annotated[Printable, Field(min_length=1, max_length=200)] | None = None
    version: Version | None = None
    description: Prose | None = Field(default=None, max_length=10_000)
    task: Prose | None = Field(default=None, max_length=40)
    time_zone: str | None = Field(default=None, max_length=80)
    threshold: float | None = Field(default=None, allow_inf_nan=False)
    replayed: bool | None = Field(default=None, description=REPLAYED_MEANS)
    attributes: Attributes | None = None


class FeatureAnswer(BaseModel):
    """One feature of a model."""

    name: str
    kind: FeatureKind


class ModelAnswer(BaseModel):
    """A model. `name` and `model_name` are the same, for programs that read either."""

    model_config = ConfigDict(protected_namespaces=())

    id: int
    key: str
    name: str
    model_name: str
    project_id: int
    version: str | None
    description: str | None
    task: str | None
    time_zone: str
    threshold: float | None
    replayed: bool
    attributes: dict[str, Any]
    status: str
    deployment_status: str
    deployment_place: str | None = Field(description="`champion`, `challenger`, or null: not in production")
    deployment_since: datetime | None
    health: str
    health_since: datetime | None
    health_reason: str | None
    event_count: int
    first_event_at: datetime | None
    last_event_at: datetime | None
    created_by: str | None
    created_at: datetime

    @classmethod
    def of(cls, model: Model, **more: Any) -> Self:
        """The answer that tells of this model."""
        own = {name: getattr(model, name) for name in ModelAnswer.model_fields if hasattr(Model, name)}
        status, replayed = model.deployment_status, is_replayed(model)
        return cls(**own, model_name=model.name, status=status, replayed=replayed, **more)


class ModelDetail(ModelAnswer):
    """A model with its features."""

    features: list[FeatureAnswer]


Health = Literal["healthy", "warning", "drifted", "silent", "too_few"]


class ModelsAsked(Asked):
    """How the list of models can be asked for."""

    sort: Literal[
        "id",
        "-id",
        "key",
        "-key",
        "name",
        "-name",
        "created_at",
        "-created_at",
        "last_event_at",
        "-last_event_at",
        "event_count",
        "-event_count",
    ] = "id"
    project: str | None = Field(default=None, max_length=200, description="A project's key or id.")
    key: str | None = Field(default=None, max_length=200)
    name: str | None = Field(default=None, max_length=200)
    version: str | None = Field(default=None, max_length=200)
    task: str | None = Field(default=None, max_length=40)
    health: Health | None = None
    deployment_status: Stage | None = None


class ModelPage(BaseModel):
    """Some models; `next` is the cursor of the following ones."""

    items: list[ModelAnswer]
    next: str | None
