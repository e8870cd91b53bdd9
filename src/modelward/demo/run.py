"""`modelward demo`: real flights, replayed into a fresh folder through the real door; the story told; and served."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console
from sqlalchemy import Engine

from modelward.audit.keys import use_settings
from modelward.demo.accounts import Keys, login_address, open_accounts
from modelward.demo.client import Client
from modelward.demo.folder import fresh_folder
from modelward.demo.lesson import Lessons, learn
from modelward.demo.tell import tell, tell_of_second
from modelward.demo.versions import FIRST, SECOND, Version
from modelward.kit.database import migrate, open_database
from modelward.settings import Settings, settings_from

Running = Callable[[Settings, str, int], AbstractContextManager[str]]
"""What runs the service while its `with` lasts, and gives its address."""


def wait_for_the_end() -> None:
    """Until somebody interrupts."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


def run_demo(
    *,
    running: Running,
    host: str,
    port: int,
    data_dir: Path,
    serve: bool,
    console: Console,
    lesson: Callable[[], Lessons] = learn,
    until: Callable[[], None] = wait_for_the_end,
) -> None:
    """Replay the year into a fresh folder and say what was found; then serve it until Ctrl-C, if `serve`.

    Raises:
        Conflict: the folder holds something else, or a demo runs in it.
        Unavailable: the service did not take or judge what was sent.
    """
    # What the environment says of databases and brokers is meant for the user's own service, not for a demo.
    settings = settings_from({}, data_dir=fresh_folder(data_dir))
    with _database(settings) as database, ThreadPoolExecutor(1) as aside:
        keys = open_accounts(database, host=host)
        learning = aside.submit(lesson)  # while the service starts
        console.print("The flights that left New York in 2013: will each of them arrive more than 15 minutes late?\n")
        said = "The model learns from the first months, and the service starts …"
        with console.status(said) as starting, running(settings, host, port) as base_url:
            lessons = learning.result()
            starting.stop()
            with _client(base_url, keys, FIRST) as first, _client(base_url, keys, SECOND) as second:
                counted, team = tell(first, lessons.first, console)
                tell_of_second(second, lessons.second, counted, team, console)
            if serve:
                link = login_address(database, base_url)
                console.print(f"\n{base_url} is the dashboard; this link opens it once: {link}", soft_wrap=True)
                console.print("Ctrl-C ends it.")
                until()
        if not serve:
            console.print(f"\nTo look at it: modelward serve --data-dir {data_dir}", soft_wrap=True)


def _client(base_url: str, keys: Keys, version: Version) -> Client:
    return Client(base_url, ingest_key=keys.ingest, admin_key=keys.admin, version=version)


@contextmanager
def _database(settings: Settings) -> Iterator[Engine]:
    database = use_settings(open_database(settings.database_url), settings)
    try:
        migrate(database)
        yield database
    finally:
        database.dispose()
