"""The working half of `serve`: a child process that alone opens the event store.

It moves, profiles, evaluates, and answers reads. The parent answers HTTP and never waits for this process:
events are acknowledged by the journal, pages read the metadata database, and the few reads of raw rows come here over
a local socket.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

from modelward.errors import ModelwardError
from modelward.kit.logs import configure_logs
from modelward.kit.memory import made_for_good
from modelward.settings import Settings

log = logging.getLogger("modelward.worker")

_RESTART_AFTER_SECONDS = (0.2, 1.0, 5.0, 15.0)


def events_socket(data_dir: Path) -> Path:
    """Where the child answers reads of raw events."""
    return data_dir / "run" / "events.sock"


def run_worker(settings: Settings, stop: threading.Event) -> None:
    """Move, profile, evaluate and answer reads until `stop` is set."""
    with made_for_good():
        from modelward.alerting.delivery_jobs import run_deliveries
        from modelward.alerting.jobs import handlers as alert_handlers
        from modelward.audit.keys import use_settings
        from modelward.events.open import open_store
        from modelward.events.remote import StoreServer
        from modelward.governance.audit_jobs import handlers as audit_handlers
        from modelward.governance.jobs import handlers as governance_handlers
        from modelward.ingest.journal import JournalReader
        from modelward.ingest.mover import Mover
        from modelward.jobs.loop import run_jobs
        from modelward.kit.database import open_database
        from modelward.monitoring.absorb import absorb
        from modelward.monitoring.jobs import OUTCOMES, SLOW, handlers

    database = use_settings(open_database(settings.database_url), settings)
    with (
        closing(open_store(settings.events_url, settings.data_dir)) as store,
        StoreServer(store, events_socket(settings.data_dir)),
    ):
        mover = Mover(
            JournalReader(settings.data_dir / "journal", keep_hours=settings.journal_keep_hours),
            store,
            database,
            absorb,
        )
        work = {**handlers(database, store, settings), **governance_handlers(database)}
        quick = {kind: handler for kind, handler in work.items() if kind not in (*SLOW, *OUTCOMES)}
        slow = {kind: handler for kind, handler in work.items() if kind in SLOW}
        outcomes = {kind: handler for kind, handler in work.items() if kind in OUTCOMES}
        alerts = alert_handlers(database)
        audited = audit_handlers(database, settings)
        parts: dict[str, Callable[[], None]] = {
            "mover": lambda: mover.run(stop),
            "verdicts": lambda: run_jobs(quick, database, stop),
            "rebuilds": lambda: run_jobs(slow, database, stop),
            "outcomes": lambda: run_jobs(outcomes, database, stop),
            "alerts": lambda: run_jobs(alerts, database, stop),
            "audit": lambda: run_jobs(audited, database, stop, idle_seconds=30),
            "deliveries": lambda: run_deliveries(database, settings, stop),
        }
        threads = [
            threading.Thread(target=_guarded, args=(name, part, stop), name=name) for name, part in parts.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _guarded(name: str, part: Callable[[], None], stop: threading.Event) -> None:
    """Run one part; if it falls, stop the whole child, so that the parent starts a sound one."""
    try:
        part()
    except Exception:
        log.exception("the %s stopped", name)
    finally:
        stop.set()


def _child(settings: Settings, lifeline: Connection) -> None:
    """The child's first function: work until told to stop, or until the parent is gone."""
    configure_logs(settings)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides.
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_follow, args=(lifeline, stop), daemon=True, name="lifeline").start()
    try:
        run_worker(settings, stop)
    except ModelwardError as error:
        log.error("%s", error.sentence)  # noqa: TRY400 - the sentence says it all; the parent starts another
        os._exit(1)
    except Exception:
        log.exception("the worker fell")
        os._exit(1)
    # Everything is closed. Leaving by the ordinary way would let DuckDB's bindings report what they leak, at length.
    logging.shutdown()
    os._exit(0)


def _follow(lifeline: Connection, stop: threading.Event) -> None:
    """Nothing is ever sent: the pipe closes when the parent dies, however it dies."""
    try:
        lifeline.recv()
    except (EOFError, OSError):
        stop.set()
    # A part that does not come back within the grace is left to the journal, which makes it harmless.
    threading.Timer(20.0, os._exit, args=(1,)).start()


class Child:
    """The child process as its parent sees it: started, watched, started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._lifeline: Connection | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="child")

    def start(self) -> None:
        self._watcher.start()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int:
        """The child's, or that of the last one; 0 before the first."""
        return (self._process.pid or 0) if self._process is not None else 0

    def stop(self, timeout: float = 30.0) -> None:
        """Ask the child to finish what it holds, and wait for it."""
        self._stopping.set()
        if self._lifeline is not None:
            self._lifeline.close()
        self._watcher.join(timeout)
        if self._process is not None and self._process.is_alive():
            self._process.kill()

    def _watch(self) -> None:
        falls = 0
        while not self._stopping.is_set():
            self._start_one()
            assert self._process is not None
            self._process.join()
            if self._stopping.is_set():
                return
            wait = _RESTART_AFTER_SECONDS[min(falls, len(_RESTART_AFTER_SECONDS) - 1)]
            falls += 1
            log.error("the worker ended with code %s; starting another in %s s", self._process.exitcode, wait)
            self._stopping.wait(wait)

    def _start_one(self) -> None:
        spawning = multiprocessing.get_context("spawn")  # fork would copy the event loop's and SQLite's open files
        theirs, self._lifeline = spawning.Pipe(duplex=False)
        self._process = spawning.Process(target=_child, args=(self._settings, theirs), name="modelward-worker")
        self._process.start()
        theirs.close()
