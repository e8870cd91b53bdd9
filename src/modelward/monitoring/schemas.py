"""What monitoring's routes take."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modelward.kit.paging import Asked
from modelward.registry.schemas import Prose


def _aware(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it lies outside the years 1 to 9999 of UTC") from error


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A moment; without a zone it is UTC."""


class ReferenceWindow(BaseModel):
    """A span of the model's own events that is to be its reference."""

    model_config = ConfigDict(extra="forbid")

    start: Moment
    end: Moment
    note: Prose | None = Field(default=None, max_length=10_000)


class _SpanAsked(Asked):
    start: Moment | None = Field(default=None, description="From this moment on.")
    end: Moment | None = Field(default=None, description="Up to but without this moment.")


class EventsAsked(_SpanAsked):
    """How the events of a model can be asked for: by pages, or whole as a file."""

    limit: int = Field(default=50, ge=1, le=1_000, description="How many at most, of JSON.")
    sort: Literal["-timestamp"] = "-timestamp"
    format: Literal["json", "csv", "parquet"] = "json"


class EvaluationsAsked(_SpanAsked):
    """How the evaluated windows of a model can be asked for."""

    sort: Literal["starts_at", "-starts_at"] = "-starts_at"
    verdict: str | None = Field(default=None, max_length=20)
    level: str | None = Field(default=None, max_length=20)
    drifted: bool | None = None
    closed: bool | None = None
