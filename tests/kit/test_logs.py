"""A line of the log: whole, in one form, with the id of its request, and without secrets."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from modelward.kit.logs import Handler, formatter
from modelward.kit.request_id import adopt

SECRET = "hunter2-correct-horse"


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """A logger of its own, whose lines go nowhere else."""
    yield logging.Logger("modelward.test_logs", logging.DEBUG)  # noqa: LOG001 - pytest listens to all registered ones
    adopt(b"")


def to(log: logging.Logger, *, for_people: bool) -> io.StringIO:
    stream = io.StringIO()
    handler = Handler(stream)
    handler.setFormatter(formatter(for_people=for_people))
    log.addHandler(handler)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(log: logging.Logger) -> None:
    try:
        int(f"postgresql://me:{SECRET}@db/name")
    except ValueError:
        log.exception("no database with password=%s", SECRET)


def test_a_line_is_an_object_with_its_time_level_source_and_fields(log: logging.Logger) -> None:
    stream = to(log, for_people=False)
    log.warning("%d events are late", 3, extra={"ms": 1.5, "mails": ["a@b"]})
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "3 events are late",
        "level": "warning",
        "logger": "modelward.test_logs",
        "ms": 1.5,
        "mails": ["a@b"],
    }


def test_a_line_says_which_request_it_belongs_to(log: logging.Logger) -> None:
    stream = to(log, for_people=False)
    log.info("before")
    adopt(b"asked-1")
    log.info("during")
    assert [line.get("request_id") for line in lines(stream)] == [None, "asked-1"]


@pytest.mark.parametrize("for_people", [True, False])
def test_no_form_tells_a_secret(log: logging.Logger, *, for_people: bool) -> None:
    stream = to(log, for_people=for_people)
    fail(log)
    log.info("asked with %s", {"authorization": f"Bearer {SECRET}"}, extra={"password": SECRET, "n": 7})
    said = stream.getvalue()
    assert SECRET not in said
    assert "ValueError: invalid literal for int() with base 10: 'postgresql://me:[redacted]@db/name'" in said
    assert "Traceback" in said


def test_an_exception_stays_one_line_for_machines_and_many_for_people(log: logging.Logger) -> None:
    machines, people = to(log, for_people=False), to(log, for_people=True)
    fail(log)
    assert len(lines(machines)) == 1
    assert len(people.getvalue().splitlines()) > 4


def test_a_stranger_cannot_forge_a_line_for_machines(log: logging.Logger) -> None:
    stream = to(log, for_people=False)
    log.info("GET /x\n%s", '{"event": "all is well"}')
    assert len(lines(stream)) == 1


def test_a_line_that_cannot_be_written_tells_nothing_of_what_it_said(log: logging.Logger) -> None:
    stream = to(log, for_people=False)
    log.warning("%d is no number", SECRET)
    assert stream.getvalue().startswith("A log line of modelward.test_logs (test_logs.py:")
    assert SECRET not in stream.getvalue()


def test_nothing_of_a_whole_process_is_written_past_it(tmp_path: Any) -> None:
    """Warnings, libraries' loggers, threads and what nobody caught: all come as objects, and none with the secret."""
    import subprocess

    program = f"""
import logging, threading, warnings
from modelward.kit.logs import configure_logs
from modelward.settings import settings_from
configure_logs(settings_from({{"MODELWARD_LOG_LEVEL": "info"}}))
warnings.warn("token={SECRET}&x")
logging.getLogger("uvicorn.error").error("Bearer {SECRET}")
logging.getLogger("sqlalchemy.engine").info("details of a library")
logging.getLogger("modelward.x").debug("a detail of ours")
def fall(): raise RuntimeError("password={SECRET}")
thread = threading.Thread(target=fall); thread.start(); thread.join()
fall()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["logger"] for line in said] == ["py.warnings", "uvicorn.error", "modelward", "modelward"]
    assert "RuntimeError: password=[redacted]" in said[-1]["exception"]
    assert SECRET not in done.stderr
