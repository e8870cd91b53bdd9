"""What monitoring's routes take."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


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
    note: str | None = None
