"""The message that shows what messages look like: for previews and tests of a channel."""

from datetime import UTC, datetime

from modelward.alerting.channels.contract import Letter
from modelward.alerting.messages import Message
from modelward.alerting.picture import distributions

REFERENCE = (1, 3, 7, 12, 17, 19, 17, 12, 7, 3, 1, 1)
CURRENT = (0, 1, 2, 4, 7, 11, 15, 18, 17, 13, 8, 4)


def sample_message(*, organisation_id: int = 0, at: datetime, link: str | None = "/alerts") -> Message:
    """A test message, that says it is one."""
    return Message(
        kind="test",
        title="this is how an alert looks",
        sentence="`distance` moved from median 872 to 1,403, a factor of 1.61, since 1 October: a change of unit?",
        details=(
            "PSI 0.83 where 0.25 counts as strong; 12,400 rows against 52,000 of the reference.",
            "Nothing has happened: somebody has tested this channel.",
        ),
        link=link,
        severity="info",
        organisation_id=organisation_id,
        at=at,
        model_key="flight_delays",
        picture=distributions(REFERENCE, CURRENT),
    )


def sample() -> Letter:
    """A letter that is sent nowhere."""
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    return Letter(
        sample_message(at=at), "msg_sample", at, "https://modelward.example/alerts", "https://modelward.example"
    )
