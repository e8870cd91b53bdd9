"""The shapes of API keys in requests and answers. The key itself stands in one answer, and never again."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from modelward.accounts.principal import KeyKind
from modelward.kit.paging import Asked

Days = Annotated[int, Field(ge=1, le=3_650, description="Instead of `expires_at`: it ends so many days from now.")]
Bound = Annotated[str, StringConstraints(max_length=200)]


class _Ending(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, protected_namespaces=())

    expires_at: AwareDatetime | None = Field(default=None, description="When it ends by itself; never, unless said.")
    expires_in_days: Days | None = None


class NewKey(_Ending):
    """`POST /api-keys`."""

    kind: KeyKind
    name: str = Field(min_length=1, max_length=200, examples=["billing service"])
    project: int | Bound | None = Field(
        default=None,
        validation_alias=AliasChoices("project", "project_id"),
        description="Bind it to this project: id or key.",
    )
    model: int | Bound | None = Field(
        default=None,
        validation_alias=AliasChoices("model", "model_id"),
        description="Bind it to this model: id or key.",
    )


class Rotation(_Ending):
    """`POST /api-keys/{key}/rotate`. Without an end, the new key lasts as long as the one before was made to."""

    grace_hours: int = Field(
        default=24, ge=0, le=720, description="So long the old key goes on working beside the new one."
    )


class KeyAnswer(BaseModel):
    """A key, without the key."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    id: int
    kind: KeyKind
    name: str
    hint: str = Field(description="the last four characters of the key")
    project_id: int | None = Field(description="bound to this project")
    model_id: int | None = Field(description="bound to this model")
    replaces_id: int | None = Field(description="the key that it came in place of")
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyAnswer(KeyAnswer):
    """A new key. `key` is shown now and never again."""

    key: str


class KeysAsked(Asked):
    """How the list of keys can be asked for."""

    sort: Literal[
        "id",
        "-id",
        "name",
        "-name",
        "created_at",
        "-created_at",
        "expires_at",
        "-expires_at",
        "last_used_at",
        "-last_used_at",
    ] = "id"
    kind: KeyKind | None = None
    name: str | None = Field(default=None, max_length=200)
    project: str | None = Field(default=None, max_length=200, description="Keys bound to this project: its key or id.")
    model: str | None = Field(default=None, max_length=200, description="Keys bound to this model: its key or id.")
    live: bool | None = Field(default=None, description="true: neither revoked nor ended; false: the others")


class KeyPage(BaseModel):
    """Some keys; `next` is the cursor of the following ones."""

    items: list[KeyAnswer]
    next: str | None
