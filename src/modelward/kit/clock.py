"""The one place that asks what time it is, everything else is told; and what a span of time must be."""

from datetime import UTC, datetime

from modelward.errors import Invalid


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def require_span(start: datetime | None, end: datetime | None) -> None:
    """Refuse a span that ends before it begins; a side that is open is fine.

    Raises:
        Invalid: it does.
    """
    if start is not None and end is not None and end <= start:
        raise Invalid("The span must end after it begins.")
