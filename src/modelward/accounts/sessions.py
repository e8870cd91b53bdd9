"""The dashboard's sessions: a row here, and in the browser a random token that leads to it."""

import os
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelward.accounts.keys import digest_of
from modelward.accounts.principal import Principal, operator
from modelward.accounts.service import first_organisation, principal_of_key
from modelward.accounts.tables import ApiKey, DashboardSession, LoginLink
from modelward.accounts.users import principal_of_user
from modelward.errors import NotFound, Unauthorized
from modelward.kit.database import change
from modelward.kit.secrets import random_token, sign, verify

SECURE_COOKIE = "__Host-modelward_session"
"""The cookie over HTTPS and on loopback: browsers let no other host and no plain connection set it."""
PLAIN_COOKIE = "modelward_session"
"""The cookie over plain HTTP, where browsers refuse the other."""
LINK_LASTS = timedelta(hours=24)
SESSION_LASTS = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)
"""When a session was last seen is written down at most this often."""

_FORM = "form token"
_SALT = 16  # bytes


def create_login_link(
    session: Session, *, now: datetime, organisation_id: int | None = None, user_id: int | None = None
) -> str:
    """The token of a link that signs in once within 24 hours: this person, or else the operator of the machine.

    Raises:
        NotFound: there is no organisation yet.
    """
    if organisation_id is None:
        first = first_organisation(session)
        if first is None:
            raise NotFound("There is no organisation yet: make one first.")
        organisation_id = first.id
    token = random_token()
    change(session, delete(LoginLink).where(LoginLink.expires_at <= now))
    expires = now + LINK_LASTS
    session.add(
        LoginLink(digest=digest_of(token), organisation_id=organisation_id, user_id=user_id, expires_at=expires)
    )
    session.flush()
    return token


def redeem_login_link(session: Session, token: str, *, now: datetime, agent: str = "") -> str:
    """Exchange the link's token for that of a session.

    Raises:
        Unauthorized: the link is unknown, used, or too old, or its person may not sign in any more.
    """
    fresh = (LoginLink.digest == digest_of(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now)
    used = update(LoginLink).where(*fresh).values(used_at=now).returning(LoginLink.organisation_id, LoginLink.user_id)
    found = session.execute(used, execution_options={"synchronize_session": False}).first()
    if found is None:
        raise Unauthorized(
            "This link was used already or is older than 24 hours: print a new one with `modelward admin login-link`."
        )
    organisation_id, user_id = found
    if user_id is not None:
        principal_of_user(session, user_id)  # whoever was disabled meanwhile
    return begin_session(session, organisation_id=organisation_id, user_id=user_id, now=now, agent=agent)


def begin_session(
    session: Session,
    *,
    organisation_id: int,
    now: datetime,
    user_id: int | None = None,
    key_id: int | None = None,
    agent: str = "",
    lasts: timedelta = SESSION_LASTS,
) -> str:
    """A new session: as a person, by a key (it may do what the key may, while the key holds), or as the operator.

    Answers with its token, which is nowhere to be read again.
    """
    token = random_token()
    change(session, delete(DashboardSession).where(DashboardSession.expires_at <= now))
    session.add(
        DashboardSession(
            digest=digest_of(token),
            organisation_id=organisation_id,
            user_id=user_id,
            key_id=key_id,
            agent="".join(char for char in agent if char.isprintable())[:200],
            created_at=now,
            last_seen_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return token


def holder_of(session: Session, token: str, *, now: datetime) -> tuple[Principal, datetime] | None:
    """Who holds this session, and when it was last seen; None when it ended, or its person or key may no more."""
    alive = (DashboardSession.digest == digest_of(token), DashboardSession.expires_at > now)
    row = session.scalars(select(DashboardSession).where(*alive)).first()
    if row is None:
        return None
    try:
        return _principal(session, row, now), row.last_seen_at
    except Unauthorized:
        return None


def note_seen(session: Session, *, session_id: int, now: datetime) -> None:
    """Write down that the session was used."""
    change(session, update(DashboardSession).where(DashboardSession.id == session_id).values(last_seen_at=now))


def end_session(session: Session, *, session_id: int) -> None:
    """Sign this browser out. Doing it again changes nothing."""
    change(session, delete(DashboardSession).where(DashboardSession.id == session_id))


def end_sessions_of(session: Session, *, user_id: int) -> int:
    """Sign a person out of every browser; says of how many."""
    return change(session, delete(DashboardSession).where(DashboardSession.user_id == user_id))


def sessions_of(session: Session, *, user_id: int) -> list[DashboardSession]:
    """A person's browsers, the one seen last first."""
    mine = select(DashboardSession).where(DashboardSession.user_id == user_id)
    return list(session.scalars(mine.order_by(DashboardSession.last_seen_at.desc())))


def switch_organisation(session: Session, *, session_id: int, organisation_id: int) -> None:
    """Let the operator look at another organisation of this machine. Others stay where they are."""
    as_operator = (DashboardSession.user_id.is_(None), DashboardSession.key_id.is_(None))
    change(
        session,
        update(DashboardSession)
        .where(DashboardSession.id == session_id, *as_operator)
        .values(organisation_id=organisation_id),
    )


def form_token(session_token: str, *, secret: str) -> str:
    """What every form of this session carries, and no page of another site can know.

    Each one is another: pages are compressed, and from the lengths of many an attacker could guess one that stays the
    same (BREACH).
    """
    return sign(os.urandom(_SALT) + digest_of(session_token), secret=secret, purpose=_FORM)


def is_form_token(given: str, session_token: str, *, secret: str) -> bool:
    """Whether the form came from a page that this session was shown."""
    signed = verify(given, secret=secret, purpose=_FORM)
    return signed is not None and signed[_SALT:] == digest_of(session_token)


def _principal(session: Session, row: DashboardSession, now: datetime) -> Principal:
    if row.user_id is not None:
        return principal_of_user(session, row.user_id, session_id=row.id)
    if row.key_id is not None:
        return principal_of_key(session.get_one(ApiKey, row.key_id), now=now, session_id=row.id)
    return operator(row.organisation_id, session_id=row.id)
