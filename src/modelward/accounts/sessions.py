"""Signing in to the dashboard: links that open it once, and the signed cookie that they are exchanged for."""

import json
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from modelward.accounts.keys import digest_of
from modelward.accounts.service import Principal, first_organisation
from modelward.accounts.tables import LoginLink
from modelward.errors import NotFound, Unauthorized
from modelward.kit.database import change
from modelward.kit.secrets import random_token, sign, verify

COOKIE = "modelward_session"
LINK_LASTS = timedelta(hours=24)
SESSION_LASTS = timedelta(days=30)
PURPOSE = "dashboard session"
OWNER = "session"


def create_login_link(session: Session, *, now: datetime, organisation_id: int | None = None) -> str:
    """The token of a link that opens the dashboard of an organisation (the first, unless said) once within 24 hours.

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
    session.add(LoginLink(digest=digest_of(token), organisation_id=organisation_id, expires_at=now + LINK_LASTS))
    session.flush()
    return token


def redeem_login_link(session: Session, token: str, *, now: datetime, secret: str) -> str:
    """Exchange the link's token for the value of the cookie `modelward_session`.

    Raises:
        Unauthorized: the link is unknown, used, or too old.
    """
    fresh = (LoginLink.digest == digest_of(token), LoginLink.used_at.is_(None), LoginLink.expires_at > now)
    used = update(LoginLink).where(*fresh).values(used_at=now).returning(LoginLink.organisation_id)
    organisation_id = session.execute(used, execution_options={"synchronize_session": False}).scalar()
    if organisation_id is None:
        raise Unauthorized(
            "This link was used already or is older than 24 hours: print a new one with `modelward admin login-link`."
        )
    return session_cookie(organisation_id, now=now, secret=secret)


def session_cookie(organisation_id: int, *, now: datetime, secret: str, kind: str = OWNER) -> str:
    """The value of a cookie that opens the dashboard of this organisation for 30 days.

    `kind` is that of the key that was signed in with: the cookie may do what the key may, no more. A one-time link is
    the owner's own and may do all.
    """
    content = {"organisation": organisation_id, "kind": kind, "until": int((now + SESSION_LASTS).timestamp())}
    return sign(json.dumps(content).encode(), secret=secret, purpose=PURPOSE)


def read_session(cookie: str, *, now: datetime, secret: str) -> Principal | None:
    """Who holds this cookie; None when it is not ours or too old."""
    content = verify(cookie, secret=secret, purpose=PURPOSE)
    if content is None:
        return None
    told = json.loads(content)
    if told["until"] <= now.timestamp():
        return None
    return Principal(told["organisation"], None, told.get("kind", OWNER))
