"""What authentication and permission take of a request with a single event.

Two doors, alike but for one thing: the second knows beforehand who calls, whatever the headers say. Both are loaded in
turns, and the difference of the processor time an event takes is what finding out costs. Prints JSON.
"""

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_ingest import load, opened, prepare


def serve_door(folder: Path, port: int, *, constant: bool) -> None:
    import uvicorn

    from modelward.accounts.principal import KeyKind, Principal, Scope, key_rights
    from modelward.ingest.door import Door
    from modelward.ingest.journal import Journal

    settings, database = opened(folder)
    journal = Journal(folder / "journal", limit_bytes=16 << 30)
    door = Door(journal, database, settings)
    if constant:
        whole = Scope(1)
        caller = Principal(whole, key_rights(KeyKind.INGEST, whole), "a constant", "ingest", key_id=1)
        vars(door)["_directory"].known_caller = lambda _: caller
    uvicorn.run(
        door, host="127.0.0.1", port=port, http="httptools", access_log=False, log_level="error", lifespan="off"
    )


class Running:
    """A door in a process of its own."""

    def __init__(self, folder: Path, *, constant: bool) -> None:
        folder.mkdir()
        prepare(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self.process = context.Process(target=serve_door, args=(folder, self.port), kwargs={"constant": constant})
        self.process.start()
        while not self._answers():
            time.sleep(0.05)
        load(self.port, "single", 1.0)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def measured(self, seconds: float) -> dict[str, float]:
        """One run: processor time and events a second."""
        before = self._seconds()
        figures = load(self.port, "single", seconds)
        assert not figures["refused"], "a door that refuses measures nothing"
        used = 1e6 * (self._seconds() - before) / figures["events"]
        return {"us": round(used, 2), "events_per_second": figures["events_per_second"], "p99_ms": figures["p99_ms"]}

    def _seconds(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        doors = {kind: Running(Path(name) / kind, constant=kind == "constant") for kind in ("key", "constant")}
        runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in doors}
        try:
            for number in range(asked.runs):
                order = list(doors) if number % 2 else list(doors)[::-1]
                for kind in order:
                    runs[kind].append(doors[kind].measured(asked.seconds))
        finally:
            for door in doors.values():
                door.stop()
    results: dict[str, Any] = {"cores": os.cpu_count(), "load_average": os.getloadavg()[0], "runs": runs}
    medians = {kind: statistics.median(one["us"] for one in found) for kind, found in runs.items()}
    results["us_per_event"] = {kind: round(value, 2) for kind, value in medians.items()}
    results["share"] = round(1 - medians["constant"] / medians["key"], 4)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
