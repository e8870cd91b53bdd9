"""What monitoring's routes take."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from modelward.errors import Invalid
from modelward.kit.paging import Asked
from modelward.registry.schemas import Prose


def _aware(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it lies outside the years 1 to 9999 of UTC") from error


Moment = Annotated[datetime, AfterValidator(_aware)]
"""A moment; without a zone it is UTC."""


class PartAsked(BaseModel):
    """One value of one segment, and the span; by default that of the newest evaluated window."""

    model_config = ConfigDict(frozen=True)

    segment: str
    value: str
    start: datetime | None = None
    end: datetime | None = None

    def over(self, start: datetime | None, end: datetime | None) -> "PartAsked":
        """The same, of a span."""
        return self.model_copy(update={"start": start, "end": end})


def _part(
    segment: Annotated[
        str | None, Query(max_length=200, description="Only rows of one value of this column: name `value` too.")
    ] = None,
    value: Annotated[
        str | None, Query(max_length=200, description="The value of `segment`, or the name of a band.")
    ] = None,
) -> PartAsked | None:
    if (segment is None) != (value is None):
        raise Invalid("A part of the rows is named by both `segment` (a column) and `value`: send both, or neither.")
    return PartAsked(segment=segment, value=value) if segment is not None and value is not None else None


Part = Annotated[PartAsked | None, Depends(_part)]
"""A part of the rows, where a route is asked for one."""


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
