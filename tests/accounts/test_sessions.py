"""Links that open the dashboard once, and the cookie that they are exchanged for."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from modelward.accounts.service import Principal, create_organisation
from modelward.accounts.sessions import create_login_link, read_session, redeem_login_link, session_cookie
from modelward.accounts.tables import LoginLink
from modelward.errors import NotFound, Unauthorized
from modelward.kit.database import reading, writing
from modelward.kit.secrets import sign

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECRET = "a secret of more than 32 characters"


def link(engine: Engine) -> str:
    with writing(engine) as session:
        return create_login_link(session, now=NOON)


def redeem(engine: Engine, token: str, hours: float = 0) -> str:
    with writing(engine) as session:
        return redeem_login_link(session, token, now=NOON + timedelta(hours=hours), secret=SECRET)


@pytest.fixture
def ours(each_database: Engine) -> int:
    with writing(each_database) as session:
        return create_organisation(session, name="Ours", now=NOON).id


@pytest.mark.parametrize(("kind", "reads", "decides"), [("read", True, False), ("admin", True, True)])
def test_a_cookie_may_do_what_the_key_may_that_signed_in(kind: str, reads: bool, decides: bool) -> None:
    holder = read_session(session_cookie(3, now=NOON, secret=SECRET, kind=kind), now=NOON, secret=SECRET)
    assert holder
    assert (holder.organisation_id, holder.kind) == (3, kind)
    assert (holder.can_read, holder.can_admin, holder.can_ingest) == (reads, decides, decides)


def test_a_link_opens_the_dashboard_once(each_database: Engine, ours: int) -> None:
    token = link(each_database)
    cookie = redeem(each_database, token)
    assert read_session(cookie, now=NOON, secret=SECRET) == Principal(ours, None, "session")
    with pytest.raises(Unauthorized, match="used already"):
        redeem(each_database, token)


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


def test_a_cookie_lasts_30_days_and_only_with_our_signature() -> None:
    cookie = session_cookie(3, now=NOON, secret=SECRET)
    assert read_session(cookie, now=NOON + timedelta(days=29), secret=SECRET)
    assert read_session(cookie, now=NOON + timedelta(days=30), secret=SECRET) is None
    assert read_session(cookie, now=NOON, secret=SECRET + "2") is None
    assert read_session("", now=NOON, secret=SECRET) is None
    foreign = sign(b'{"organisation": 3, "until": 9999999999}', secret=SECRET, purpose="another purpose")
    assert read_session(foreign, now=NOON, secret=SECRET) is None
