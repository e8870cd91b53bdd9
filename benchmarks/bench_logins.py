"""How much longer single events wait while 200 people sign in at once.

`modelward serve` runs as its users run it, with its worker, on this machine, beside the load generator; each person
signs in with a password of their own account, all in the same moment. Runs alone and during take turns, so that what
else the machine does meets both. Prints JSON; `rise` is the rise of the median p99.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_ingest import KEY, LOAD, RUNS, opened, prepare

PASSWORD = "seven violet otters"
PEOPLE = 200


def prepare_people(folder: Path) -> None:
    from modelward.accounts.hashing import hash_password
    from modelward.accounts.manage_users import create_user
    from modelward.accounts.principal import Role
    from modelward.accounts.service import first_organisation
    from modelward.kit.clock import now
    from modelward.kit.database import writing

    _, database = opened(folder)
    hashed = hash_password(PASSWORD)
    with writing(database) as session:
        organisation = first_organisation(session)
        assert organisation is not None
        for number in range(PEOPLE):
            create_user(
                session,
                organisation_id=organisation.id,
                email=f"person-{number}@example.org",
                role=Role.MEMBER,
                password_hash=hashed,
                now=now(),
            )
    database.dispose()


def started(folder: Path) -> tuple["subprocess.Popen[str]", int]:
    command = [sys.executable, "-m", "modelward", "serve", "--port", "0", "--data-dir", str(folder)]
    environment = {**os.environ, "MODELWARD_ALLOWED_HOSTS": "127.0.0.1,load"}  # as the load generator calls it
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        raise SystemExit((folder / "log").read_text())
    return process, int(said.strip().rpartition(":")[2])


def log_in(port: int, number: int, source: str) -> tuple[int, float]:
    """Sign in on a connection of one's own; the status and the seconds that it took."""
    body = json.dumps({"username": f"person-{number}@example.org", "password": PASSWORD}).encode()
    head = (
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
    )
    begun = time.perf_counter()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=120, source_address=(source, 0))) as line:
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b""
        while part := line.recv(65_536):
            answer += part
    return int(answer[9:12] or 0), time.perf_counter() - begun


def everybody(port: int, run: int) -> dict[str, Any]:
    """All sign in at once, each run from another address of this machine: an address has a share of its own."""
    begun = time.perf_counter()
    with ThreadPoolExecutor(PEOPLE) as pool:
        answers = list(pool.map(lambda number: log_in(port, number, f"127.0.1.{run + 1}"), range(PEOPLE)))
    longest = sorted(seconds for _, seconds in answers)
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "signed_in": sum(status == 200 for status, _ in answers),
        "statuses": sorted({status for status, _ in answers}),
        "p50_seconds": round(longest[len(longest) // 2], 2),
    }


def loading(port: int, seconds: float, connections: int) -> "subprocess.Popen[str]":
    kind = [*RUNS["single"][:2], "--connections", str(connections)]
    command = [sys.executable, str(LOAD), "--port", str(port), "--key", KEY, "--seconds", str(seconds), *kind]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def figures_of(load: "subprocess.Popen[str]") -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(load.communicate()[0])
    assert not figures["refused"], "a door that refuses measures nothing"
    return figures


def measured(port: int, *, seconds: float, runs: int, connections: int) -> dict[str, Any]:
    figures_of(loading(port, 1.0, connections))  # registers the model, and loads what is loaded late
    log_in(port, 0, "127.0.2.1")
    alone, during, people = [], [], []
    for run in range(runs):
        alone.append(figures_of(loading(port, seconds, connections)))
        load = loading(port, seconds, connections)
        time.sleep(0.5)  # until the generator has made its requests
        people.append(everybody(port, run))
        during.append(figures_of(load))
    before, meanwhile = (statistics.median(one["p99_ms"] for one in each) for each in (alone, during))
    return {
        "alone_p99_ms": [one["p99_ms"] for one in alone],
        "during_p99_ms": [one["p99_ms"] for one in during],
        "alone_events_per_second": [one["events_per_second"] for one in alone],
        "during_events_per_second": [one["events_per_second"] for one in during],
        "rise": round(meanwhile / before - 1, 3),
        "logins": people,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        prepare_people(folder)
        process, port = started(folder)
        try:
            results = measured(port, seconds=asked.seconds, runs=asked.runs, connections=asked.connections)
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()
    print(json.dumps({"cores": os.cpu_count(), "load_average": os.getloadavg()[0], **results}, indent=2))


if __name__ == "__main__":
    main()
