"""Organisations and their keys: shown once, stored as digests, revoked at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from modelward.accounts.keys import KeyKind, new_key
from modelward.accounts.principal import (
    RIGHTS_OF_ROLE,
    Principal,
    Right,
    Role,
    Scope,
    key_rights,
    operator,
    public,
)
from modelward.accounts.service import (
    authenticate,
    create_key,
    create_organisation,
    first_organisation,
    keys_of,
    note_use,
    register_known_key,
    revoke_key,
)
from modelward.accounts.sessions import create_login_link
from modelward.errors import Conflict, Invalid, NotFound, Unauthorized
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def organisation(engine: Engine, name: str = "Ours") -> int:
    with writing(engine) as session:
        return create_organisation(session, name=name, now=NOON).id


def key(engine: Engine, organisation_id: int, kind: KeyKind = KeyKind.READ) -> tuple[int, str]:
    with writing(engine) as session:
        row, token = create_key(session, organisation_id=organisation_id, kind=kind, name="a program", now=NOON)
        return row.id, token


def known(engine: Engine, organisation_id: int, token: str, kind: KeyKind = KeyKind.INGEST) -> int:
    with writing(engine) as session:
        return register_known_key(session, organisation_id=organisation_id, kind=kind, token=token, now=NOON).id


def whose(engine: Engine, token: str) -> Principal:
    with reading(engine) as session:
        return authenticate(session, token, now=NOON)


@pytest.fixture
def statements(database: Engine) -> Iterator[list[str]]:
    """The statements that the database is asked."""
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(database, "before_cursor_execute", note)
    yield asked
    event.remove(database, "before_cursor_execute", note)


def test_a_key_tells_whose_it_is(each_database: Engine) -> None:
    ours = organisation(each_database)
    key_id, token = key(each_database, ours)
    holder = whose(each_database, token)
    assert (holder.scope, holder.key_id, holder.role) == (Scope(ours), key_id, "read")
    assert holder.title == 'the read key "a program"'


READ, INGEST, EDIT, ADMIN, OWN = Right


@pytest.mark.parametrize(
    ("kind", "rights"),
    [(KeyKind.INGEST, {INGEST}), (KeyKind.READ, {READ}), (KeyKind.ADMIN, {READ, INGEST, EDIT, ADMIN})],
)
def test_each_kind_of_key_may_do_what_it_is_for(kind: KeyKind, rights: set[Right]) -> None:
    assert key_rights(kind, Scope(1)) == rights
    for bound in (Scope(1, project_id=2), Scope(1, model_id=3)):
        assert key_rights(kind, bound) == rights - {ADMIN}, "a bound key does not rule over people and keys"


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.OWNER, {READ, INGEST, EDIT, ADMIN, OWN}),
        (Role.ADMIN, {READ, INGEST, EDIT, ADMIN}),
        (Role.MEMBER, {READ, INGEST, EDIT}),
        (Role.VIEWER, {READ}),
    ],
)
def test_each_role_may_do_what_it_is_for(role: Role, rights: set[Right]) -> None:
    assert RIGHTS_OF_ROLE[role] == rights


def test_the_operator_may_do_everything_and_the_public_read() -> None:
    assert all(operator(1).may(right) for right in Right)
    assert [right for right in Right if public(1).may(right)] == [READ]


@pytest.mark.parametrize(("seconds", "opens"), [(-1, False), (0, False), (1, True)])
def test_a_key_opens_nothing_from_the_moment_it_expires(each_database: Engine, seconds: int, opens: bool) -> None:
    ours = organisation(each_database)
    with writing(each_database) as session:
        _, token = create_key(
            session,
            organisation_id=ours,
            kind=KeyKind.READ,
            name="k",
            now=NOON,
            expires_at=NOON + timedelta(seconds=seconds),
        )
    if opens:
        assert whose(each_database, token).organisation_id == ours
        return
    with pytest.raises(Unauthorized):
        whose(each_database, token)


def test_a_revoked_key_opens_nothing_and_is_still_listed(each_database: Engine) -> None:
    ours = organisation(each_database)
    key_id, token = key(each_database, ours)
    for moment in (NOON, NOON + timedelta(days=1)):
        with writing(each_database) as session:
            revoke_key(session, organisation_id=ours, key_id=key_id, now=moment)
    with pytest.raises(Unauthorized):
        whose(each_database, token)
    with reading(each_database) as session:
        assert [row.revoked_at for row in keys_of(session, organisation_id=ours)] == [NOON]


def test_nobody_revokes_the_key_of_another_organisation(each_database: Engine) -> None:
    ours, theirs = organisation(each_database), organisation(each_database, "Theirs")
    key_id, token = key(each_database, ours)
    with pytest.raises(NotFound), writing(each_database) as session:
        revoke_key(session, organisation_id=theirs, key_id=key_id, now=NOON)
    assert whose(each_database, token).organisation_id == ours


def test_a_key_that_was_never_made_here_is_refused(each_database: Engine) -> None:
    with pytest.raises(Unauthorized, match="check that it was copied whole"):
        whose(each_database, new_key(KeyKind.ADMIN))


def test_what_cannot_be_a_key_is_refused_before_the_database_is_asked(database: Engine, statements: list[str]) -> None:
    right = new_key(KeyKind.READ)
    wrong = right[:-1] + ("a" if right[-1] != "a" else "b")
    for token in (wrong, "", "x" * 10_000, "mw_read_", "eyJhbGciOiJub25lIn0.e30.", "\0", "ü"):
        with pytest.raises(Unauthorized):
            whose(database, token)
    assert statements == []
    with pytest.raises(Unauthorized):
        whose(database, right)
    assert any("api_keys" in statement for statement in statements), "a right form is looked up"


def test_no_file_of_the_database_holds_a_key_or_a_link(database: Engine, tmp_path: Path) -> None:
    ours = organisation(database)
    tokens = [key(database, ours, kind)[1] for kind in KeyKind]
    known(database, ours, "demo-key-of-all")
    with writing(database) as session:
        tokens.append(create_login_link(session, now=NOON))
    database.dispose()
    dump = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    assert b"a program" in dump, "the dump holds what was written"
    for token in tokens:
        assert token.encode() not in dump
        assert token[-38:-6].encode() not in dump


def test_the_last_use_is_noted_once_a_minute(each_database: Engine) -> None:
    ours = organisation(each_database)
    key_id, token = key(each_database, ours)
    noted = []
    for seconds in (0, 1, 59, 60, 61):
        with writing(each_database) as session:
            noted.append(note_use(session, key_id=key_id, now=NOON + timedelta(seconds=seconds)))
    assert noted == [True, False, False, True, False]
    assert whose(each_database, token).last_used_at == NOON + timedelta(seconds=60)


def test_a_known_key_can_be_registered_twice(each_database: Engine) -> None:
    ours = organisation(each_database)
    first, again = known(each_database, ours, "demo-key"), known(each_database, ours, "demo-key")
    assert first == again
    assert whose(each_database, "demo-key").may(INGEST)


def test_a_known_key_belongs_to_one_organisation_and_one_kind(each_database: Engine) -> None:
    ours, theirs = organisation(each_database), organisation(each_database, "Theirs")
    known(each_database, ours, "demo-key")
    with pytest.raises(Conflict):
        known(each_database, theirs, "demo-key")
    with pytest.raises(Conflict):
        known(each_database, ours, "demo-key", KeyKind.ADMIN)
    with pytest.raises(Invalid, match="4 to 32 lower-case"):
        known(each_database, ours, "Demo Key")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "two\nlines"])
def test_names_are_1_to_200_printable_characters(database: Engine, name: str) -> None:
    with pytest.raises(Invalid, match="1 to 200 printable characters"):
        organisation(database, name)


def test_the_first_organisation_is_the_oldest(each_database: Engine) -> None:
    with reading(each_database) as session:
        assert first_organisation(session) is None
    ours = organisation(each_database)
    organisation(each_database, "Later")
    with reading(each_database) as session:
        first = first_organisation(session)
    assert first
    assert first.id == ours
