"""Events over HTTP into the journal, and on into the event store: requests and events a second, and how long they wait.

The door and the mover run as `serve` runs them, in two processes, the load generator in a third, all on this machine.
Each figure is the median of its runs. Prints JSON.
"""

import argparse
import json
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from modelward.settings import Settings, settings_from

KEY = "bench-key"
LOAD = Path(__file__).with_name("load.py")
RUNS = {
    "single": ["--size", "1", "--connections", "32"],
    "batch": ["--size", "1000", "--connections", "8"],
    "arrow": ["--size", "10000", "--connections", "4", "--kind", "arrow"],
}


def serve_door(folder: Path, port: int) -> None:
    import uvicorn

    from modelward.ingest.door import Door
    from modelward.ingest.journal import Journal

    settings, database = opened(folder)
    journal = Journal(folder / "journal", limit_bytes=16 << 30)
    door = Door(journal, database, settings)
    uvicorn.run(
        door, host="127.0.0.1", port=port, http="httptools", access_log=False, log_level="error", lifespan="off"
    )


def run_mover(folder: Path, stopping: Any, moved: Any, working: bool) -> None:
    from modelward.events.open import open_store
    from modelward.ingest.journal import JournalReader
    from modelward.ingest.mover import Mover
    from modelward.jobs.loop import run_jobs
    from modelward.monitoring.absorb import absorb
    from modelward.monitoring.jobs import OUTCOMES, SLOW, handlers

    settings, database = opened(folder)
    store = open_store(settings.events_url, folder)
    mover = Mover(JournalReader(folder / "journal"), store, database, absorb)
    stop = threading.Event()
    runners = [threading.Thread(target=mover.run, args=(stop,))]
    if working:  # All that `serve` does beside moving, in the loops in which it does it.
        work = handlers(database, store, settings)
        loops: list[dict[str, Any]] = [{}, {}, {}]
        for kind, handler in work.items():
            loops[1 if kind in SLOW else 2 if kind in OUTCOMES else 0][kind] = handler
        runners += [threading.Thread(target=run_jobs, args=(some, database, stop)) for some in loops]
    for runner in runners:
        runner.start()
    while not stopping.is_set():
        moved.value = mover.counters().get("moved", 0)
        stopping.wait(0.1)
    stop.set()
    for runner in runners:
        runner.join()
    store.close()


def opened(folder: Path) -> tuple[Settings, Engine]:
    from modelward.audit.keys import use_settings
    from modelward.kit.database import open_database

    settings = settings_from({}, data_dir=folder)
    return settings, use_settings(open_database(settings.database_url), settings)


def prepare(folder: Path) -> None:
    from modelward.accounts.keys import KeyKind
    from modelward.accounts.service import create_organisation, register_known_key
    from modelward.kit.clock import now
    from modelward.kit.database import migrate, writing

    _, database = opened(folder)
    migrate(database)
    with writing(database) as session:
        organisation = create_organisation(session, name="Load", now=now())
        register_known_key(session, organisation_id=organisation.id, kind=KeyKind.INGEST, token=KEY, now=now())
    database.dispose()


class Running:
    """A door that answers, and a mover if one was asked for."""

    def __init__(self, folder: Path, *, mover: bool, working: bool = False) -> None:
        spawning = multiprocessing.get_context("spawn")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.stopping, self.moved = spawning.Event(), spawning.Value("q", 0)
        self.door = spawning.Process(target=serve_door, args=(folder, self.port))
        moving = (folder, self.stopping, self.moved, working)
        self.folder = folder
        self.mover = spawning.Process(target=run_mover, args=moving) if mover else None
        for process in (self.door, self.mover):
            if process is not None:
                process.start()
        while not self._answers():
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def seconds_of_door(self) -> float:
        """Processor time that the door has taken."""
        import psutil

        times = psutil.Process(self.door.pid).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self.stopping.set()
        if self.mover is not None:
            self.mover.join()
        self.door.terminate()
        self.door.join()


@contextmanager
def running(*, mover: bool, working: bool = False) -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name))
        started = Running(Path(name), mover=mover, working=working)
        try:
            yield started
        finally:
            started.stop()


def load(port: int, kind: str, seconds: float) -> dict[str, Any]:
    command = [sys.executable, str(LOAD), "--port", str(port), "--key", KEY, "--seconds", str(seconds), *RUNS[kind]]
    figures: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def acknowledged(kind: str, *, seconds: float, runs: int) -> dict[str, Any]:
    """What the door acknowledges, with nobody moving it on."""
    with running(mover=False) as started:
        load(started.port, kind, 1.0)  # the first requests register the model and load what is loaded late
        figures = []
        for _ in range(runs):
            before = started.seconds_of_door()
            one = load(started.port, kind, seconds)
            figures.append(one | {"door_us_per_event": 1e6 * (started.seconds_of_door() - before) / one["events"]})
    return median_of(figures)


def median_of(figures: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("events_per_second", "p50_ms", "p99_ms", "longest_ms", "refused", "bytes_per_event", "door_us_per_event")
    medians = {name: round(statistics.median(one[name] for one in figures), 2) for name in names}
    rates = [one["events_per_second"] for one in figures]
    return medians | {"lowest": min(rates), "highest": max(rates), "runs": len(figures)}


def declare(folder: Path, segments: list[str]) -> None:
    """Divide the model by these columns."""
    from sqlalchemy import select

    from modelward.kit.clock import now
    from modelward.kit.database import writing
    from modelward.monitoring.monitor_settings import change_monitor
    from modelward.registry.tables import Model

    _, database = opened(folder)
    with writing(database) as session:
        change_monitor(session, model=session.scalars(select(Model)).one(), wire={"segments": segments}, now=now())
    database.dispose()


def sustained(*, seconds: float, segments: list[str] | None = None) -> dict[str, Any]:
    """Events a second from the first request until the last of them is in the event store and the profiles.

    With `segments` all the work beside it is done too, and the model is divided by these columns (none, if empty).
    """
    with running(mover=True, working=segments is not None) as started:
        load(started.port, "batch", 1.0)
        if segments:
            declare(started.folder, segments)
        before, _ = wait_until_moved(started)
        start = time.perf_counter()
        figures = load(started.port, "batch", seconds)
        after, when = wait_until_moved(started)
    taken = when - start
    moved = after - before
    return {
        "events": moved,
        "seconds": round(taken, 2),
        "stored_per_second": round(moved / taken, 1),
        "acknowledged_per_second_meanwhile": figures["events_per_second"],
        "p99_ms_meanwhile": figures["p99_ms"],
    }


def wait_until_moved(started: Running) -> tuple[int, float]:
    """How many were moved, once that has not grown for two seconds, and when it last grew."""
    last, since = -1, time.perf_counter()
    while time.perf_counter() - since < 2.0 or last == 0:
        if started.moved.value != last:
            last, since = started.moved.value, time.perf_counter()
        time.sleep(0.02)
    return int(last), since


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=(*RUNS, "sustained"))
    parser.add_argument("--segments", nargs="*", help="do all work beside it, with these columns as segments")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    results: dict[str, Any] = {"cores": os.cpu_count(), "load_average": os.getloadavg()[0]}
    for kind in RUNS:
        if asked.only in (None, kind):
            results[kind] = acknowledged(kind, seconds=asked.seconds, runs=asked.runs)
    if asked.only in (None, "sustained"):
        results["sustained"] = sustained(seconds=asked.seconds, segments=asked.segments)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
