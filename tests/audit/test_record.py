"""Appending: in the transaction of the cause, one after the other, and the same on every database."""

import threading
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.audit.chains import NOON, by_hand, entries, tell, verified

from modelward.audit.author import SYSTEM, Author
from modelward.audit.chain import Content, canonical
from modelward.audit.service import changed, content_of
from modelward.kit.database import open_database, reading, writing

WRITERS, EACH = 8, 12


def test_an_entry_keeps_all_that_it_was_told(each_database: Engine) -> None:
    by = Author('the admin key "ci"', "key", 4, on_behalf_of="ada@example.org", address="2001:db8::1")
    with writing(each_database) as session:
        tell(session, 5, author=by, reason="A new quarter.", before={"a": 1}, after={"a": None})
    [entry] = entries(each_database)
    assert (entry.position, entry.at, entry.action, entry.object_id) == (
        1,
        NOON + timedelta(seconds=5),
        "model.changed",
        "5",
    )
    assert (entry.author_title, entry.author_kind, entry.author_id) == ('the admin key "ci"', "key", 4)
    assert (entry.on_behalf_of, entry.address, entry.reason) == ("ada@example.org", "2001:db8::1", "A new quarter.")
    assert (entry.before, entry.after, entry.model_id) == ({"a": 1}, {"a": None}, 7)


def test_what_is_rolled_back_leaves_neither_entry_nor_gap(each_database: Engine) -> None:
    with writing(each_database) as session:
        tell(session, 1)
    with pytest.raises(ZeroDivisionError):
        _tell_and_fall(each_database)
    with writing(each_database) as session:
        tell(session, 2)
    assert [(entry.position, entry.object_id) for entry in entries(each_database)] == [(1, "1"), (2, "2")]
    assert verified(each_database).whole


def test_eight_writers_at_once_make_one_chain(each_database: Engine) -> None:
    together, fallen = threading.Barrier(WRITERS), list[BaseException]()

    def write(writer: int) -> None:
        try:
            together.wait()
            for number in range(EACH):
                with writing(each_database) as session:
                    tell(session, writer * EACH + number)
        except BaseException as error:  # noqa: BLE001 - told to the test
            fallen.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fallen == []
    rows = entries(each_database)
    assert [row.position for row in rows] == list(range(1, WRITERS * EACH + 1))
    assert {row.object_id for row in rows} == {str(number) for number in range(WRITERS * EACH)}
    assert verified(each_database).whole


def test_each_organisation_has_a_chain_of_its_own(each_database: Engine) -> None:
    with writing(each_database) as session:
        first = tell(session, 1)
        other = tell(session, 2, organisation_id=2)
        second = tell(session, 3)
    assert (first.position, other.position, second.position) == (1, 1, 2)
    assert second.previous == first.hash


def test_values_come_back_as_they_were_told(each_database: Engine) -> None:
    class Colour(Enum):
        RED = "red"

    told = {
        "float": 0.1 + 0.2,
        "tiny": 5e-324,
        "huge": 2**80,
        "not a number": float("nan"),
        "whole float": 1.0,
        "text": "Ünïcode 🦆 \u2028 \x00 \ud800 end",
        "none": None,
        "moment": datetime(2026, 1, 5, 13, tzinfo=timezone(timedelta(hours=1))),
        "day": date(2026, 1, 5),
        "colour": Colour.RED,
        "nested": {"list": [1, {"deep": True}], "tuple": (1, 2), "set": {"b", "a"}},
    }
    with writing(each_database) as session:
        tell(session, after=told)
    [entry] = entries(each_database)
    assert entry.after == {
        "float": 0.30000000000000004,
        "tiny": 5e-324,
        "huge": 2**80,
        "not a number": "nan",
        "whole float": 1.0,
        "text": "Ünïcode 🦆 \u2028 \ufffd ? end",
        "none": None,
        "moment": "2026-01-05T12:00:00+00:00",
        "day": "2026-01-05",
        "colour": "red",
        "nested": {"list": [1, {"deep": True}], "tuple": [1, 2], "set": ["a", "b"]},
    }
    assert verified(each_database).whole


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.dictionaries(st.text(max_size=8), VALUES, max_size=4), title=st.text())
def test_whatever_was_told_verifies_when_it_is_read(told: dict[str, Any], title: str, each_database: Engine) -> None:
    with writing(each_database) as session:
        entry = tell(session, before=told, object_title=title, reason=title)
        written = canonical(content_of(entry))
    with reading(each_database) as session:
        read = session.get_one(type(entry), (1, entry.position))
        assert canonical(content_of(read)) == written
    assert verified(each_database).whole
    if entry.position > 30:  # so that it stays quick
        by_hand(each_database, "DELETE FROM audit_entries", "DELETE FROM audit_heads")


def test_no_two_entries_look_alike_to_the_hash() -> None:
    said = content_of_nothing()
    for name in Content.__dataclass_fields__:
        value = getattr(said, name)
        other = value + 1 if isinstance(value, int) else value + timedelta(microseconds=1) if name == "at" else "other"
        assert canonical(Content(**{**vars(said), name: other})) != canonical(said), name
    shifted = Content(**{**vars(said), "object_kind": "a", "object_id": "bc"})
    assert canonical(shifted) != canonical(Content(**{**vars(said), "object_kind": "ab", "object_id": "c"}))


def content_of_nothing() -> Content:
    return Content(1, 1, NOON, "a", "user", 1, "b", "c", "d", "e", "f", "g", 1, "{}", "{}", "h", "i")


def test_a_secret_is_taken_out_wherever_it_stands(each_database: Engine) -> None:
    key = "mw_ingest_abcdefghijklmnop"
    with writing(each_database) as session:
        tell(
            session, after={"password": "hunter2", "note": f"use {key}", "deep": {"token": "t0p"}}, reason=f"was {key}"
        )
    [entry] = entries(each_database)
    kept = " ".join(map(str, vars(entry).values()))
    assert "hunter2" not in kept
    assert "t0p" not in kept
    assert key not in kept


def test_only_what_changed_is_told() -> None:
    assert changed({"a": 1, "b": 2}, {"a": 1, "b": 3}) == ({"b": 2}, {"b": 3})
    assert changed({}, {"c": 1}) == ({"c": None}, {"c": 1})
    assert changed({"a": 1}, {"a": 1}) is None


def test_without_a_key_nothing_is_recorded_and_the_programmer_is_told(database_url: str) -> None:
    engine = open_database(database_url)
    with pytest.raises(RuntimeError, match="has no key for the audit chain"), writing(engine) as session:
        tell(session)
    engine.dispose()


def test_the_key_is_nowhere_to_be_read(each_database: Engine) -> None:
    with writing(each_database) as session:
        tell(session)
    keys = each_database.get_execution_options()["modelward_audit_keys"]
    assert keys[0].hex() not in repr(each_database.get_execution_options())
    assert repr(keys) == "<1 audit keys>"
    told = " ".join(str(value) for entry in entries(each_database) for value in vars(entry).values())
    assert keys[0].hex() not in told


def test_the_service_itself_is_an_author_too() -> None:
    assert (SYSTEM.title, SYSTEM.kind, SYSTEM.address) == ("Modelward", "system", None)


def _tell_and_fall(engine: Engine) -> None:
    with writing(engine) as session:
        tell(session, 9)
        raise ZeroDivisionError
