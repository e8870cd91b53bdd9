"""Refresh tokens: one exchange each; one that comes again ends everything that it led to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from tests.accounts.conftest import Town

from modelward.accounts.principal import Role
from modelward.accounts.refresh import GRACE, LASTS, Grant, exchange, grant
from modelward.accounts.tables import RefreshToken, User
from modelward.accounts.users import end_tokens_of, principal_of_user
from modelward.errors import Unauthorized
from modelward.kit.database import reading, writing

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ada(town: Town) -> int:
    return town.person("ada", Role.MEMBER).id


def begin(database: Engine, user_id: int) -> Grant:
    with writing(database) as session:
        return grant(session, user_id=user_id, now=NOON)


def is_signed_in(database: Engine, granted: Grant) -> bool:
    with reading(database) as session:
        try:
            principal_of_user(session, granted.user_id, version=granted.version)
        except Unauthorized:
            return False
    return True


def assert_refused(database: Engine, token: str, moment: datetime) -> None:
    with pytest.raises(Unauthorized, match="log in again"):
        exchange(database, token, now=moment)


def test_a_token_is_exchanged_for_the_next_of_its_family(each_database: Engine, ada: int) -> None:
    granted = first = begin(each_database, ada)
    for hour in range(1, 4):
        granted = exchange(each_database, granted.refresh_token, now=NOON + timedelta(hours=hour))
        assert granted.user_id == ada
        assert is_signed_in(each_database, granted)
    with reading(each_database) as session:
        assert session.scalar(select(func.count(RefreshToken.family.distinct()))) == 1
    assert granted.refresh_token != first.refresh_token


def test_a_token_that_comes_again_ends_everything_of_that_person(each_database: Engine, ada: int) -> None:
    stolen = begin(each_database, ada)
    newest = exchange(each_database, stolen.refresh_token, now=NOON)
    assert_refused(each_database, stolen.refresh_token, NOON + GRACE + SECOND)
    assert_refused(each_database, newest.refresh_token, NOON + GRACE + SECOND)
    assert not is_signed_in(each_database, newest)


def test_others_are_not_touched_by_that(each_database: Engine, town: Town, ada: int) -> None:
    stolen = begin(each_database, ada)
    other = begin(each_database, town.person("bob", Role.MEMBER).id)
    exchange(each_database, stolen.refresh_token, now=NOON)
    assert_refused(each_database, stolen.refresh_token, NOON + timedelta(hours=1))
    assert is_signed_in(each_database, exchange(each_database, other.refresh_token, now=NOON))


def test_an_answer_that_got_lost_may_be_asked_for_again_at_once(each_database: Engine, ada: int) -> None:
    token = begin(each_database, ada).refresh_token
    exchange(each_database, token, now=NOON)
    again = exchange(each_database, token, now=NOON + GRACE)
    assert is_signed_in(each_database, exchange(each_database, again.refresh_token, now=NOON + timedelta(hours=1)))


def test_a_token_lasts_30_days_and_old_ones_are_cleared_away(each_database: Engine, ada: int) -> None:
    first, second = begin(each_database, ada), begin(each_database, ada)
    assert exchange(each_database, first.refresh_token, now=NOON + LASTS - SECOND)
    assert_refused(each_database, second.refresh_token, NOON + LASTS)
    with writing(each_database) as session:
        grant(session, user_id=ada, now=NOON + LASTS)
    with reading(each_database) as session:
        expired = select(func.count()).select_from(RefreshToken).where(RefreshToken.expires_at <= NOON + LASTS)
        assert session.scalar(expired) == 0


def test_a_sign_out_ends_refresh_tokens_too(each_database: Engine, ada: int) -> None:
    granted = begin(each_database, ada)
    with writing(each_database) as session:
        end_tokens_of(session, user_id=ada)
    assert not is_signed_in(each_database, granted)
    assert_refused(each_database, granted.refresh_token, NOON)


def test_whoever_is_disabled_refreshes_nothing(each_database: Engine, ada: int) -> None:
    granted = begin(each_database, ada)
    with writing(each_database) as session:
        session.get_one(User, ada).disabled_at = NOON
    assert_refused(each_database, granted.refresh_token, NOON)
    with pytest.raises(Unauthorized):
        begin(each_database, ada)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=300))
def test_any_text_is_refused(database: Engine, token: str) -> None:
    assert_refused(database, token, NOON)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=12))
def test_a_token_used_after_its_grace_always_ends_the_family(database: Engine, steps: list[tuple[int, int]]) -> None:
    """Exchange any token seen so far at any time: whatever happens, no token gives anything after a reuse."""
    town = Town(None, database, _organisation(database))  # type: ignore[arg-type]
    ada = town.person(f"ada-{_count(database)}", Role.MEMBER).id
    tokens, used, moment, ended = [begin(database, ada).refresh_token], dict[str, datetime](), NOON, False
    for which, seconds in steps:
        moment += timedelta(seconds=seconds)
        token = tokens[which % len(tokens)]
        reused = token in used and used[token] < moment - GRACE
        try:
            tokens.append(exchange(database, token, now=moment).refresh_token)
        except Unauthorized:
            assert reused or ended
            ended = True
        else:
            assert not reused
            assert not ended
            used.setdefault(token, moment)


def _organisation(database: Engine) -> int:
    from modelward.accounts.service import create_organisation

    with writing(database) as session:
        return create_organisation(session, name="Ours", now=NOON).id


def _count(database: Engine) -> int:
    with reading(database) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0
