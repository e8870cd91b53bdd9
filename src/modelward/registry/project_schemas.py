"""The shapes of projects in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from modelward.kit.paging import Asked

Name = Annotated[str, Field(max_length=200, validation_alias=AliasChoices("name", "key"), examples=["payments"])]


class NewProject(BaseModel):
    """`POST /projects`, and `PATCH /projects/{project}`: the name, which is its key as well."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    name: Name


class ProjectAnswer(BaseModel):
    """A project. `key` and `name` are the same."""

    id: int
    key: str
    name: str
    models: int = Field(description="how many models it has")
    created_at: datetime


class ProjectsAsked(Asked):
    """How the list of projects can be asked for."""

    sort: Literal["id", "-id", "key", "-key", "created_at", "-created_at"] = "id"
    key: str | None = Field(default=None, max_length=200)


class ProjectPage(BaseModel):
    """Some projects; `next` is the cursor of the following ones."""

    items: list[ProjectAnswer]
    next: str | None
