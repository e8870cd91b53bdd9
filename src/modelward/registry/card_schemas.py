"""What a model card says beside what is measured: for what the model is meant, whose it is, what it learned from, and
where it should not be trusted.
"""

from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator


def storable(text: str) -> str:
    """The text, if a database can keep it. ValueError: it holds what is no text."""
    if "\0" in text:
        raise ValueError("it holds a NUL, which is no text: leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a surrogate pair, which is no text: leave it out") from None
    return text


Words = Annotated[str, Field(max_length=10_000), AfterValidator(storable)]
Short = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]


class TrainingData(BaseModel):
    """What the model learned from."""

    model_config = ConfigDict(extra="forbid")

    description: Words | None = None
    source: Annotated[str, Field(max_length=1_000), AfterValidator(storable)] | None = None
    rows: int | None = Field(default=None, ge=0, le=2**53)
    from_date: date | None = None
    to_date: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_date and self.to_date and self.to_date < self.from_date:
            raise ValueError("to_date lies before from_date: swap them")
        return self


class CardFields(BaseModel):
    """The part of a model card that people write. All of it is optional."""

    purpose: Words | None = Field(default=None, examples=["Ranks customers by how likely they are to leave."])
    owner: Short | None = Field(default=None, examples=["growth@example.org"])
    limits: Words | None = Field(default=None, examples=["Not for customers of less than a month."])
    training_data: TrainingData | None = None
    training_metrics: dict[Short, Annotated[float, Field(allow_inf_nan=False)]] | None = Field(
        default=None, max_length=100, examples=[{"accuracy": 0.91}]
    )

    @field_validator("purpose", "owner", "limits")
    @classmethod
    def _stripped(cls, text: str | None) -> str | None:
        return text.strip() or None if text is not None else None


CARD: Final = tuple(CardFields.model_fields)


def card_of(body: CardFields) -> dict[str, Any]:
    """What was said of the card, as it is kept among a model's attributes."""
    return body.model_dump(mode="json", include=set(CARD), exclude_unset=True)


def checked_card(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes in which a part of the card, where it is named, has the shape that it has elsewhere.

    ValueError: it has not.
    """
    named = {name: attributes[name] for name in CARD if name in attributes}
    return attributes | (card_of(CardFields(**named)) if named else {})
