"""Who registers a model, sets nothing, and sends a lot is judged by hours from a midnight of its clock on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from tests.ingest.place import Place
from tests.monitoring.world import World

from modelward.accounts.principal import Scope
from modelward.kit.database import reading, writing
from modelward.monitoring.absorb import absorb
from modelward.monitoring.tables import Evaluation
from modelward.monitoring.window_choice import settings_answer
from modelward.registry.service import register

KOLKATA = ZoneInfo("Asia/Kolkata")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = datetime(2026, 6, 1, tzinfo=KOLKATA)
ROWS = 1_005  # An hour needs 1,000, unless somebody says otherwise.


def an_hour(place: Place, start: datetime) -> None:
    """An hour of events through the door, and all the work that follows."""
    events = [
        {
            "model_id": "churn",
            "timestamp": (start + n * HOUR / ROWS).isoformat(),
            "y_pred": n % 2,
            "features": {"age": n % 60},
        }
        for n in range(ROWS)
    ]
    place.now = (start + HOUR).astimezone(UTC)
    reply = place.send(events)
    assert (reply.status, reply.body["accepted"]) == (201, ROWS), reply.body
    place.move()
    World(place.database, place.store, place.organisation_id, place.model("churn").id).settle(place.now)


def test_who_sends_much_and_sets_nothing_is_judged_by_the_hour_from_a_local_midnight_on(place: Place) -> None:
    with writing(place.database) as session:
        register(session, scope=Scope(place.organisation_id), key="churn", now=place.now, time_zone="Asia/Kolkata")
    place.mover._absorb = lambda session, moved: absorb(session, moved, now=place.now)
    for day in range(3):
        for hour in (0, 9, 10, 11):
            an_hour(place, FIRST + day * DAY + hour * HOUR)
    assert settings_answer(place.model("churn"))["window_in_effect"]["window"] == "day"
    for hour in range(2):
        an_hour(place, FIRST + 3 * DAY + hour * HOUR)
    answer = settings_answer(place.model("churn"))
    assert (answer["window"], answer["window_in_effect"]["window"]) == (None, "hour")
    assert answer["window_in_effect"]["reason"].startswith(
        "`hour`: 1,005 rows an hour in the median over the last 3 days, 1,000 are needed; 3 of 3 days"
    )
    with reading(place.database) as session:
        found = session.scalars(select(Evaluation).order_by(Evaluation.starts_at)).all()
    midnight = (FIRST + 3 * DAY).astimezone(UTC)
    assert midnight.minute == 30
    assert [(entry.kind, entry.starts_at, entry.rows) for entry in found] == [
        *(("day", (FIRST + day * DAY).astimezone(UTC), 4 * ROWS) for day in range(3)),
        ("hour", midnight, ROWS),
        ("hour", midnight + HOUR, ROWS),
    ]
