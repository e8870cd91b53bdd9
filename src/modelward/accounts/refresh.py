"""Refresh tokens: each is exchanged once for the next and a new access token (RFC 9700, section 4.14.2).

A token that comes again although it was exchanged is in two hands, one of them perhaps a thief's. Then everything of
that person ends, access tokens too, and they sign in anew. Within ten seconds after the exchange it is taken once more:
an answer that got lost on its way and two threads of one program are far more frequent than thieves, and a thief who
keeps what they stole is found out at the next exchange all the same.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from modelward.accounts.keys import digest_of
from modelward.accounts.tables import RefreshToken, User
from modelward.accounts.users import end_tokens_of, principal_of_user
from modelward.errors import Unauthorized
from modelward.kit.database import change, writing
from modelward.kit.secrets import random_token

LASTS = timedelta(days=30)
GRACE = timedelta(seconds=10)
_LONGEST = 200  # characters


class Grant(NamedTuple):
    """What a person signed in with: the version that their access token names, and the next refresh token."""

    user_id: int
    version: int
    refresh_token: str


def grant(session: Session, *, user_id: int, now: datetime) -> Grant:
    """The first token of a new family, for a person who has just signed in.

    Raises:
        Unauthorized: they were disabled or deleted meanwhile.
    """
    return _next(session, user_id=user_id, family=random_token()[:40], now=now)


def exchange(database: Engine, token: str, *, now: datetime) -> Grant:
    """Take a refresh token, and give the next one. Uses a transaction of its own, because a refusal may end tokens.

    Raises:
        Unauthorized: it is unknown, too old, ended, or was exchanged before.
    """
    if len(token) > _LONGEST or not token.isascii():
        raise _refused()
    with writing(database) as session:
        granted = _exchange(session, digest_of(token), now)
    if granted is None:
        raise _refused()
    return granted


def _exchange(session: Session, digest: bytes, now: datetime) -> Grant | None:
    fresh = (RefreshToken.digest == digest, RefreshToken.used_at.is_(None))
    taken = change(session, update(RefreshToken).where(*fresh).values(used_at=now)) == 1
    row = session.scalars(select(RefreshToken).where(RefreshToken.digest == digest)).first()
    if row is None or row.expires_at <= now:
        return None
    if not taken and (row.used_at is None or row.used_at < now - GRACE):
        end_tokens_of(session, user_id=row.user_id)
        return None
    try:
        principal_of_user(session, row.user_id, version=row.token_version)
    except Unauthorized:
        return None
    return _next(session, user_id=row.user_id, family=row.family, now=now)


def _next(session: Session, *, user_id: int, family: str, now: datetime) -> Grant:
    principal_of_user(session, user_id)
    version = session.get_one(User, user_id).token_version
    token = random_token()
    change(session, delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at <= now))
    session.add(
        RefreshToken(
            digest=digest_of(token),
            family=family,
            user_id=user_id,
            token_version=version,
            created_at=now,
            expires_at=now + LASTS,
        )
    )
    session.flush()
    return Grant(user_id, version, token)


def _refused() -> Unauthorized:
    return Unauthorized("This refresh token is not valid any more, or never was: log in again.")
