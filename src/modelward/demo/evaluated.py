"""Reading the service's verdicts, once there is one for every day."""

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from modelward.demo.client import Client
from modelward.demo.flights import TIME_ZONE
from modelward.demo.story import Change, Judged
from modelward.errors import Unavailable

AT_ONCE = 1_000
PATIENCE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.5


def wait_until_evaluated(client: Client, expected: Mapping[date, int], told: Callable[[int], None]) -> list[Judged]:
    """The verdicts on all days, when each was made over as many rows as were sent; `told` hears how many are.

    Raises:
        Unavailable: nothing came forward for two minutes.
    """
    ready, since = -1, time.monotonic()
    while True:
        judged = [entry for entry in read_verdicts(client) if expected.get(entry.day) == entry.rows]
        if len(judged) == len(expected):
            return judged
        if len(judged) > ready:
            ready, since = len(judged), time.monotonic()
            told(ready)
        if time.monotonic() - since > PATIENCE_SECONDS:
            sentence = f"The service judged {ready} of {len(expected)} days and then no more: see its log."
            raise Unavailable(sentence)
        time.sleep(LOOK_EVERY_SECONDS)


def read_verdicts(client: Client) -> list[Judged]:
    """The verdicts that there are, oldest first."""
    return [_judged(window) for window in client.read("/evaluations", limit=AT_ONCE, sort="starts_at")["items"]]


def reason_for(client: Client, change: Change) -> str:
    """How a column differs from the reference over all the time since it changed, in the service's words."""
    start = datetime(change.since.year, change.since.month, change.since.day, tzinfo=ZoneInfo(TIME_ZONE))
    columns = client.read("/drift", start=start.isoformat())["columns"]
    return next(str(column["reason"]) for column in columns if column["column"] == change.column)


def _judged(window: Mapping[str, Any]) -> Judged:
    moment = datetime.fromisoformat(window["starts_at"]).astimezone(ZoneInfo(TIME_ZONE))
    enough = window["verdict"] != "too_few"
    return Judged(moment.date(), window["rows"], frozenset(window["drifted_columns"]), enough)
