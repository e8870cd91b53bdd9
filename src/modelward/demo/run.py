"""`modelward demo`: real flights, replayed into a fresh folder through the real door; the story told; and served."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import Engine

from modelward.demo import story
from modelward.demo.accounts import login_address, open_accounts
from modelward.demo.client import MODEL, Client
from modelward.demo.evaluated import reason_for, wait_until_evaluated
from modelward.demo.flights import between, read_flights
from modelward.demo.folder import fresh_folder
from modelward.demo.incident import SENTENCE, SINCE, as_it_arrives
from modelward.demo.model import LateArrival, fit
from modelward.demo.monitor import monitor_settings
from modelward.demo.replay import days_of, reference_of
from modelward.demo.tally import Tally
from modelward.kit.database import migrate, open_database
from modelward.settings import Settings, settings_from

FIRST, REPLAYED_FROM = date(2013, 1, 1), date(2013, 4, 1)
"""The model learns, and the reference is taken, from the days before `REPLAYED_FROM`."""
NEVER = date.max

Running = Callable[[Settings, str, int], AbstractContextManager[str]]
"""What runs the service while its `with` lasts, and gives its address."""


def run_demo(*, running: Running, host: str, port: int, data_dir: Path, serve: bool, console: Console) -> None:
    """Replay the year into a fresh folder and say what was found; then serve it until Ctrl-C, if `serve`.

    Raises:
        Conflict: the folder holds something else, or a demo runs in it.
    """
    # What the environment says of databases and brokers is meant for the user's own service, not for a demo.
    settings = settings_from({}, data_dir=fresh_folder(data_dir))
    with _database(settings) as database:
        keys = open_accounts(database, host=host)
        with running(settings, host, port) as base_url:
            with Client(base_url, ingest_key=keys.ingest, admin_key=keys.admin) as client:
                tell(client, console)
            console.print(f"\nThe dashboard, by a link that works once: [bold]{login_address(database, base_url)}[/]")
            if serve:
                console.print("Ctrl-C ends it.")
                _wait_for_the_end()


def tell(client: Client, console: Console) -> None:
    """Train, replay, wait for the verdicts, and say what they are."""
    console.print("The flights that left New York in 2013. Will each of them arrive more than 15 minutes late?\n")
    with console.status("The model learns from the flights of January to March, which are also its reference …"):
        flights = as_it_arrives(read_flights())
        learned = between(flights, FIRST, REPLAYED_FROM)
        model = fit(learned.to_pylist())
        _introduce(client, model, learned)
    console.print(f"January to March: the model learned from {learned.num_rows:,} flights; they are the reference.")
    counted = replay(client, model, between(flights, REPLAYED_FROM, NEVER), console)
    judged = _verdicts(client, counted, console)
    _say_findings(client, console, judged, counted)


def replay(client: Client, model: LateArrival, flights: pa.Table, console: Console) -> dict[date, Tally]:
    """Send the days in order, telling the story by month; what was counted of each day."""
    counted: dict[date, Tally] = {}
    with _progress(console) as progress:
        bar = progress.add_task("", total=flights.num_rows)
        for day in days_of(model, flights):
            _close_month(console, counted, day.day)
            if day.day == SINCE:
                console.print(f"  [yellow]{SENTENCE}[/]")
            progress.update(bar, description=f"{day.day:%d %B}")
            client.send_flights(day.flights)
            client.send_outcomes(day.outcomes)
            if day.tally.flights:
                counted[day.day] = day.tally
            progress.advance(bar, day.tally.flights)
    return counted


def _introduce(client: Client, model: LateArrival, learned: pa.Table) -> None:
    client.register()
    client.give_reference(reference_of(model, learned))
    client.watch(monitor_settings())


def _close_month(console: Console, counted: dict[date, Tally], today: date) -> None:
    """Say what the month before was like, on the first day of the next."""
    last = max(counted, default=today)
    if (last.year, last.month) == (today.year, today.month):
        return
    month = sum((tally for day, tally in counted.items() if day.month == last.month), Tally())
    console.print(f"  {last:%B}".ljust(12) + story.month_said(month), highlight=False)


def _verdicts(client: Client, counted: dict[date, Tally], console: Console) -> list[story.Judged]:
    words = "Each day gets its verdict: {} of " + str(len(counted))
    with console.status(words.format(0)) as status:
        expected = {day: tally.flights for day, tally in counted.items()}
        return wait_until_evaluated(client, expected, lambda ready: status.update(words.format(ready)))


def _say_findings(client: Client, console: Console, judged: list[story.Judged], counted: dict[date, Tally]) -> None:
    changes = story.lasting_changes(judged)
    passing = story.passing_days(judged, changes)
    console.print(f"\n[bold]What Modelward found[/] in {len(judged)} days")
    for change in changes:
        console.print(f"  [red]drifted[/]  {story.change_said(change, reason_for(client, change))}", highlight=False)
    console.print(f"  [yellow]passing[/]  {story.passing_said(passing)}", highlight=False)
    before = sum((tally for day, tally in counted.items() if day < SINCE), Tally())
    after = sum((tally for day, tally in counted.items() if day >= SINCE), Tally())
    console.print(f"  [bold]{MODEL}[/] since then: {story.consequence_said(before, after)}", highlight=False)


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    database = open_database(settings.database_url)
    try:
        migrate(database)
        yield database
    finally:
        database.dispose()


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:>12}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("flights"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _wait_for_the_end() -> None:
    """Until somebody interrupts."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
