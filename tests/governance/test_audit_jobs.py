"""What is done with the chain unasked: verified every night, its heads kept every hour."""

import json
import logging
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from tests.audit.chains import NOON, by_hand, chain_of

from modelward.audit.check import last_check
from modelward.audit.heads import file_of
from modelward.governance.audit_jobs import handlers, keep_heads, verify
from modelward.jobs.loop import step
from modelward.jobs.tables import Schedule
from modelward.kit.database import change, reading, writing
from modelward.settings import Settings, settings_from
from modelward.signals.tables import Signal


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_from({}, data_dir=tmp_path)


def night(engine: Engine, settings: Settings, day: int) -> None:
    write = verify(engine, settings, now=NOON + timedelta(days=day))
    with writing(engine) as session:
        write(session)


def signals(engine: Engine) -> list[Signal]:
    with reading(engine) as session:
        return list(session.scalars(select(Signal).order_by(Signal.id)))


def test_a_night_keeps_what_it_found(each_database: Engine, settings: Settings) -> None:
    chain_of(each_database, 12)
    night(each_database, settings, 0)
    with reading(each_database) as session:
        check = last_check(session, organisation_id=1)
    assert check is not None
    assert (check.checked_at, check.entries, check.code) == (NOON, 12, None)
    assert signals(each_database) == []


def test_a_chain_that_breaks_is_told_once_and_when_it_is_whole_again(
    each_database: Engine, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    chain_of(each_database, 12)
    harm = "UPDATE audit_entries SET object_title = :title WHERE position = 7"
    by_hand(each_database, harm, title="another")
    for day in (0, 1):
        night(each_database, settings, day)
    by_hand(each_database, harm, title="churn 6")
    night(each_database, settings, 2)
    broken, mended = signals(each_database)
    assert (broken.kind, broken.before, broken.after) == ("audit", "whole", "broken")
    assert broken.evidence == {"position": 7, "code": "changed"}
    assert broken.reason.startswith("Entry 7 is not what was written there")
    assert (mended.before, mended.after) == ("broken", "whole")
    assert [record.levelno for record in caplog.records if "broken" in record.message] == [logging.ERROR] * 2


def test_a_chain_that_is_cut_back_to_an_earlier_head_is_found_by_the_heads_that_were_kept(
    each_database: Engine, settings: Settings
) -> None:
    chain_of(each_database, 5)
    with each_database.connect() as connection:
        head = dict(connection.exec_driver_sql("SELECT position, hash, seal FROM audit_heads").mappings().one())
    chain_of(each_database, 5)
    keep_heads(each_database, settings, {}, now=NOON)
    by_hand(each_database, "DELETE FROM audit_entries WHERE position > 5")
    by_hand(each_database, "UPDATE audit_heads SET position = :position, hash = :hash, seal = :seal", **head)
    night(each_database, settings, 0)
    [broken] = signals(each_database)
    assert broken.evidence == {"position": 6, "code": "truncated"}


def test_a_head_is_a_line_of_the_log_every_hour_and_of_the_file_when_it_moved(
    each_database: Engine, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "modelward.audit")
    chain_of(each_database, 3)
    kept = dict[int, tuple[int, str]]()
    keep_heads(each_database, settings, kept, now=NOON)
    keep_heads(each_database, settings, kept, now=NOON + timedelta(hours=1))
    chain_of(each_database, 1)
    keep_heads(each_database, settings, kept, now=NOON + timedelta(hours=2))
    lines = [json.loads(line) for line in file_of(settings.data_dir).read_text().splitlines()]
    assert [(line["organisation_id"], line["position"], line["at"]) for line in lines] == [
        (1, 3, "2026-01-05T12:00:00+00:00"),
        (1, 4, "2026-01-05T14:00:00+00:00"),
    ]
    assert [vars(record)["position"] for record in caplog.records] == [3, 3, 4]


def test_both_are_asked_for_by_whoever_runs_the_jobs(database: Engine, settings: Settings) -> None:
    chain_of(database, 3)
    work = handlers(database, settings)
    with writing(database) as session:
        change(session, Schedule.__table__.update().values(next_at=NOON))  # type: ignore[attr-defined]
    assert step(work, database, owner="me", stop=threading.Event()) == 2
    assert file_of(settings.data_dir).exists()
    with reading(database) as session:
        assert last_check(session, organisation_id=1) is not None
