"""`modelward serve` as a person runs it: a process of its own, in a folder of its own, spoken to over HTTP."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx2
import psutil

READY_SECONDS = 60


@dataclass
class Running:
    """A running service: where it answers, its first ingest key, and a link that opens the dashboard once."""

    process: subprocess.Popen[str]
    url: str
    link: str
    key: str | None

    def http(self, key: str | None = None, **options: Any) -> httpx2.Client:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Nothing is encrypted here, and reading all certificates of the machine takes longer than most requests.
        return httpx2.Client(base_url=self.url, headers=headers, timeout=30, verify=False, **options)

    def admin_key(self, data_dir: Path, *, kind: str = "admin") -> str:
        """A key that may do everything (or of another kind), made as its operator would."""
        command = [sys.executable, "-m", "modelward", "admin", "create-key", f"--kind={kind}", f"--data-dir={data_dir}"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def child(self) -> psutil.Process:
        """The worker: the child that holds the event store open."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if any("spawn_main" in word for word in child.cmdline()))

    def kill(self) -> None:
        """`kill -9`, and wait until the process is gone."""
        self.process.send_signal(signal.SIGKILL)
        self._ended(30)

    def _ended(self, seconds: float) -> int:
        code = self.process.wait(seconds)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; answers with its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self._ended(60)

    def wait_until_ready(self) -> None:
        with self.http() as client:
            wait_for(lambda: client.get("/health/ready").status_code == 200, "the service to be ready")


def start(data_dir: Path, *, port: int = 0, log: IO[str] | None = None, **environment: str) -> Running:
    """Start `modelward serve` and wait until it says where it answers. Its log goes to `log`, or to ours."""
    process = subprocess.Popen(
        [sys.executable, "-m", "modelward", "serve", "--port", str(port), "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env={**os.environ, **environment},
        cwd=data_dir.parent,
    )
    said = list(_until_announced(process))
    text = "\n".join(said)
    url, link = _found(r"answers at (\S+)", text), _found(r"works once\): (\S+)", text)
    assert url, f"serve ended or said nothing of its address: {text!r}"
    assert link, text
    return Running(process, url, link, _found(r"first ingest key.*: (\S+)", text))


def _until_announced(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        if "works once" in line:
            return


def _found(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found else None


@contextmanager
def running(data_dir: Path, *, port: int = 0, log: IO[str] | None = None, **environment: str) -> Iterator[Running]:
    """A service for one block."""
    service = start(data_dir, port=port, log=log, **environment)
    try:
        service.wait_until_ready()
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def wait_for(condition: Any, what: str, seconds: float = READY_SECONDS) -> None:
    """Ask until it holds; fail with what was waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if condition():
                return
        except httpx2.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {what}")
