"""Whoever changes the chain without its key is found, at the exact place."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.audit.chains import (
    NOON,
    Tamper,
    by_hand,
    chain_of,
    delete,
    delete_and_close_the_gap,
    entries,
    head_of,
    insert,
    swap_with_the_next,
    tell,
    truncate,
    verified,
)

from modelward.audit.chain import GENESIS, Content, hash_of, mark_of
from modelward.audit.keys import Keys, use_secrets
from modelward.audit.service import entry_of
from modelward.audit.tables import AuditEntry
from modelward.audit.walk import Break, KnownHead, Walk
from modelward.kit.database import writing
from modelward.kit.secrets import derived_key

LENGTH = 1_000
KEY = derived_key("a secret of these tests", "audit chain")
WAYS: list[Tamper] = [delete, delete_and_close_the_gap, insert, swap_with_the_next, truncate]
OTHERWISE: dict[str, Any] = {
    "organisation_id": 2,
    "at": NOON,
    "author_title": "eve@example.org",
    "author_kind": "system",
    "author_id": None,
    "on_behalf_of": "somebody",
    "address": "198.51.100.9",
    "action": "model.removed",
    "object_kind": "key",
    "object_id": "another",
    "object_title": "another",
    "model_id": None,
    "before_json": '{"description":"another"}',
    "after_json": None,
    "reason": "none was given",
    "key_mark": "0" * 16,
    "previous": "f" * 64,
    "hash": "f" * 64,
}


@pytest.fixture(scope="module")
def thousand() -> list[AuditEntry]:
    """A chain as `record` makes it, in memory."""
    rows, previous = list[AuditEntry](), GENESIS
    for position in range(1, LENGTH + 1):
        said = Content(
            1, position, NOON + timedelta(seconds=position), "ada@example.org", "user", 3, None, "192.0.2.7",
            "model.changed", "model", str(position), f"churn {position}", 7, '{"a":1}', '{"a":2}', None, mark_of(KEY),
        )  # fmt: skip
        rows.append(entry_of(said, previous=previous, hashed=hash_of(KEY, previous, said)))
        previous = rows[-1].hash
    return rows


def walked(rows: list[AuditEntry]) -> list[Walk]:
    """The walk before each of the rows, of which every one is as it was written."""
    walks = []
    for count in range(len(rows)):
        walk = Walk(Keys([KEY]), {})
        if count:
            walk.position, walk.hash = count, rows[count - 1].hash
        walks.append(walk)
    return walks


def copy_of(row: AuditEntry, **otherwise: Any) -> AuditEntry:
    names = [attribute.key for attribute in AuditEntry.__mapper__.column_attrs]
    return AuditEntry(**{**{name: getattr(row, name) for name in names}, **otherwise})


def test_every_column_of_every_one_of_a_thousand_entries_is_proven(thousand: list[AuditEntry]) -> None:
    assert set(OTHERWISE) == {attribute.key for attribute in AuditEntry.__mapper__.column_attrs} - {"position"}
    for row, walk in zip(thousand, walked(thousand), strict=True):
        assert walk.step(row) is None
    for row, walk in zip(thousand, walked(thousand), strict=True):
        for name, value in OTHERWISE.items():
            value = "x" if getattr(row, name) == value and name != "at" else value
            changed = copy_of(row, **{name: row.at.replace(microsecond=1) if name == "at" else value})
            wrong = walk.step(changed)
            assert wrong is not None, name
            assert wrong.position == row.position


def test_every_one_of_a_thousand_entries_is_missed_and_none_is_taken_for_another(thousand: list[AuditEntry]) -> None:
    for place, walk in enumerate(walked(thousand), start=1):
        for other in (place + 1, place + 2, 1, LENGTH):
            if other == place or other > LENGTH:
                continue
            moved = copy_of(thousand[other - 1], position=place)
            assert walk.step(moved) == Break(
                place, "changed", f"Entry {place} is not what was written there: it was changed, put in or moved."
            )
            if other > place:
                gone = walk.step(thousand[other - 1])
                assert gone is not None
                assert (gone.position, gone.code) == (place, "missing")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_in_the_database_harm_is_found_where_it_was_done(data: st.DataObject, database: Engine) -> None:
    by_hand(database, "DELETE FROM audit_entries", "DELETE FROM audit_heads")
    length = data.draw(st.integers(2, 8))
    chain_of(database, length)
    assert verified(database).whole
    place = data.draw(st.integers(1, length))
    tamper = data.draw(st.sampled_from(WAYS))
    tamper(database, place, length)
    wrong = verified(database).wrong
    assert wrong is not None
    expected = min(place, length - 1) if tamper is swap_with_the_next else place
    assert wrong.position == expected, wrong


@pytest.mark.parametrize("tamper", WAYS, ids=lambda way: way.__name__)
def test_both_databases_show_it(tamper: Tamper, each_database: Engine) -> None:
    chain_of(each_database, 30)
    whole = verified(each_database)
    assert (whole.whole, whole.entries, whole.hash) == (True, 30, head_of(each_database).hash)
    tamper(each_database, 17, 30)
    found = verified(each_database)
    assert found.wrong is not None
    assert (found.wrong.position, found.entries) == (17, 16)


def test_a_cut_chain_with_a_head_written_by_hand_is_found(each_database: Engine) -> None:
    chain_of(each_database, 10)
    truncate(each_database, 8, 10)
    _put_the_head_at(each_database, 7)
    wrong = verified(each_database).wrong
    assert wrong is not None
    assert (wrong.position, wrong.code) == (8, "head_rewritten")


def test_entries_that_follow_do_not_hide_that_the_chain_was_cut(each_database: Engine) -> None:
    chain_of(each_database, 10)
    truncate(each_database, 8, 10)
    _put_the_head_at(each_database, 7)
    with writing(each_database) as session:
        tell(session, 11)
    wrong = verified(each_database).wrong
    assert wrong is not None
    assert (wrong.position, wrong.code) == (8, "head_rewritten")
    assert [row.action for row in entries(each_database)][7:] == ["audit.head_doubted", "model.changed"]


def test_a_head_put_back_with_its_own_seal_is_found_by_one_that_was_kept_elsewhere(each_database: Engine) -> None:
    chain_of(each_database, 5)
    then = _head_row(each_database)
    chain_of(each_database, 5)
    elsewhere = head_of(each_database)
    truncate(each_database, 6, 10)
    by_hand(each_database, "UPDATE audit_heads SET position = :position, hash = :hash, seal = :seal", **then)
    assert verified(each_database).whole, "only somebody who remembers can know"
    wrong = verified(each_database, elsewhere).wrong
    assert wrong is not None
    assert (wrong.position, wrong.code) == (6, "truncated")


def test_a_chain_written_anew_is_found_by_a_head_that_was_kept_elsewhere(each_database: Engine) -> None:
    chain_of(each_database, 5)
    elsewhere = head_of(each_database)
    assert verified(each_database, elsewhere).whole
    wrong = verified(each_database, KnownHead(1, 3, "0" * 64)).wrong
    assert wrong is not None
    assert (wrong.position, wrong.code) == (3, "unlike_known_head")


def test_everything_deleted_is_found_by_a_head_that_was_kept_elsewhere(each_database: Engine) -> None:
    chain_of(each_database, 3)
    elsewhere = head_of(each_database)
    by_hand(each_database, "DELETE FROM audit_entries", "DELETE FROM audit_heads")
    wrong = verified(each_database, elsewhere).wrong
    assert wrong == Break(1, "truncated", "Entries 1 to 3 are cut off: the head that was kept elsewhere knows of 3.")


def test_a_deleted_head_is_found(each_database: Engine) -> None:
    chain_of(each_database, 3)
    by_hand(each_database, "DELETE FROM audit_heads")
    wrong = verified(each_database).wrong
    assert wrong is not None
    assert (wrong.position, wrong.code) == (4, "no_head")


def test_another_key_is_said_to_be_one(each_database: Engine) -> None:
    chain_of(each_database, 3)
    own = each_database.get_execution_options()["modelward_audit_keys"]
    try:
        use_secrets(each_database, "another secret")
        wrong = verified(each_database).wrong
        assert wrong is not None
        assert (wrong.position, wrong.code) == (1, "other_key")
        with writing(each_database) as session:
            tell(session, 4)
        assert [row.action for row in entries(each_database)][3:] == ["audit.key_changed", "model.changed"]
        each_database.update_execution_options(
            modelward_audit_keys=Keys([derived_key("another secret", "audit chain"), *own])
        )
        assert verified(each_database).whole, "with the former secret beside the new one"
    finally:
        each_database.update_execution_options(modelward_audit_keys=own)


def _head_row(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT position, hash, seal FROM audit_heads").mappings().one()
    return dict(row)


def _put_the_head_at(engine: Engine, position: int) -> None:
    last = entries(engine)[-1]
    by_hand(engine, "UPDATE audit_heads SET position = :position, hash = :hash", position=position, hash=last.hash)
