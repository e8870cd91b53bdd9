"""Links that open the dashboard once, and the sessions that they are exchanged for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from modelward.accounts.principal import Principal, Right, Role, Scope
from modelward.accounts.service import create_organisation
from modelward.accounts.sessions import (
    SESSION_LASTS,
    begin_session,
    create_login_link,
    end_session,
    end_sessions_of,
    form_token,
    holder_of,
    is_form_token,
    note_seen,
    redeem_login_link,
    sessions_of,
    switch_organisation,
)
from modelward.accounts.tables import DashboardSession, LoginLink, User
from modelward.errors import NotFound, Unauthorized
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "a secret of more than 32 characters"


def link(engine: Engine, user_id: int | None = None) -> str:
    with writing(engine) as session:
        return create_login_link(session, now=NOON, user_id=user_id)


def redeem(engine: Engine, token: str, hours: float = 0) -> str:
    with writing(engine) as session:
        return redeem_login_link(session, token, now=NOON + timedelta(hours=hours))


def holder(engine: Engine, token: str, moment: datetime = NOON) -> Principal | None:
    with reading(engine) as session:
        held = holder_of(session, token, now=moment)
    return held[0] if held else None


@pytest.fixture
def ours(each_database: Engine) -> int:
    with writing(each_database) as session:
        return create_organisation(session, name="Ours", now=NOON).id


@pytest.fixture
def ada(each_database: Engine, ours: int) -> int:
    """The id of a viewer of our organisation."""
    with writing(each_database) as session:
        user = User(organisation_id=ours, email="ada@example.org", name="Ada", role=Role.VIEWER, created_at=NOON)
        session.add(user)
        session.flush()
        return user.id


def test_a_link_makes_the_operator_once(each_database: Engine, ours: int) -> None:
    token = link(each_database)
    operator = holder(each_database, redeem(each_database, token))
    assert operator
    assert (operator.scope, operator.role, operator.may(Right.OWN)) == (Scope(ours), "operator", True)
    with pytest.raises(Unauthorized, match="used already"):
        redeem(each_database, token)


def test_a_link_of_a_person_makes_that_person(each_database: Engine, ada: int) -> None:
    person = holder(each_database, redeem(each_database, link(each_database, ada)))
    assert person
    assert (person.user_id, person.role, person.title) == (ada, "viewer", "ada@example.org")


def test_a_link_of_somebody_who_was_disabled_opens_nothing(each_database: Engine, ada: int) -> None:
    token = link(each_database, ada)
    session_token = redeem(each_database, link(each_database, ada))
    with writing(each_database) as session:
        session.get_one(User, ada).disabled_at = NOON
    with pytest.raises(Unauthorized):
        redeem(each_database, token)
    assert holder(each_database, session_token) is None


@pytest.mark.usefixtures("ours")
def test_a_link_lasts_24_hours_and_old_ones_are_cleared_away(each_database: Engine) -> None:
    token = link(each_database)
    with pytest.raises(Unauthorized):
        redeem(each_database, token, hours=24)
    assert redeem(each_database, token, hours=23.9)
    with writing(each_database) as session:
        create_login_link(session, now=NOON + timedelta(hours=25))
    with reading(each_database) as session:
        assert session.scalar(select(func.count()).select_from(LoginLink)) == 1


@pytest.mark.usefixtures("ours")
def test_an_invented_link_opens_nothing(each_database: Engine) -> None:
    with pytest.raises(Unauthorized):
        redeem(each_database, "invented")


def test_without_an_organisation_there_is_nothing_to_open(each_database: Engine) -> None:
    with pytest.raises(NotFound, match="make one first"):
        link(each_database)


def test_a_session_lasts_30_days_and_old_ones_are_cleared_away(each_database: Engine, ours: int) -> None:
    token = redeem(each_database, link(each_database))
    assert holder(each_database, token, NOON + SESSION_LASTS - timedelta(seconds=1))
    assert holder(each_database, token, NOON + SESSION_LASTS) is None
    for invented in ("", "invented", token + "x"):
        assert holder(each_database, invented) is None
    with writing(each_database) as session:
        begin_session(session, organisation_id=ours, now=NOON + SESSION_LASTS)
    with reading(each_database) as session:
        assert session.scalar(select(func.count()).select_from(DashboardSession)) == 1


def test_signing_out_ends_one_browser_and_signing_out_everywhere_all(
    each_database: Engine, ours: int, ada: int
) -> None:
    with writing(each_database) as session:
        tokens = [begin_session(session, organisation_id=ours, user_id=ada, now=NOON, agent=name) for name in "abc"]
        operator = begin_session(session, organisation_id=ours, now=NOON)
    first = holder(each_database, tokens[0])
    assert first
    assert first.session_id
    with writing(each_database) as session:
        end_session(session, session_id=first.session_id)
    assert [holder(each_database, token) is None for token in tokens] == [True, False, False]
    with writing(each_database) as session:
        assert sorted(row.agent for row in sessions_of(session, user_id=ada)) == ["b", "c"]
        assert end_sessions_of(session, user_id=ada) == 2
    assert [holder(each_database, token) for token in tokens] == [None] * 3
    assert holder(each_database, operator)


def test_when_a_session_was_seen_is_kept(each_database: Engine, ours: int) -> None:
    with writing(each_database) as session:
        token = begin_session(session, organisation_id=ours, now=NOON)
    later = NOON + timedelta(minutes=7)
    with writing(each_database) as session:
        held = holder_of(session, token, now=later)
        assert held
        assert held[0].session_id
        note_seen(session, session_id=held[0].session_id, now=later)
    with reading(each_database) as session:
        assert session.scalars(select(DashboardSession.last_seen_at)).all() == [later]


def test_only_the_operator_may_look_at_another_organisation(each_database: Engine, ours: int, ada: int) -> None:
    with writing(each_database) as session:
        theirs = create_organisation(session, name="Theirs", now=NOON).id
        tokens = [begin_session(session, organisation_id=ours, user_id=user, now=NOON) for user in (None, ada)]
    seen = []
    for token in tokens:
        held = holder(each_database, token)
        assert held
        assert held.session_id
        with writing(each_database) as session:
            switch_organisation(session, session_id=held.session_id, organisation_id=theirs)
        after = holder(each_database, token)
        assert after
        seen.append(after.organisation_id)
    assert seen == [theirs, ours]


def test_a_form_belongs_to_its_session_and_to_this_service() -> None:
    token = form_token("a session", secret=SECRET)
    assert is_form_token(token, "a session", secret=SECRET)
    assert not is_form_token(token, "another session", secret=SECRET)
    assert not is_form_token(token, "a session", secret=SECRET + "2")
    assert not is_form_token("", "a session", secret=SECRET)
