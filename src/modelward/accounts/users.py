"""People: who they are, what they may do, and how what they hold is ended."""

import unicodedata

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from modelward.accounts.principal import RIGHTS_OF_ROLE, Principal, Role, Scope
from modelward.accounts.tables import DashboardSession, LoginLink, RefreshToken, User
from modelward.errors import FieldError, Invalid, NotFound, Unauthorized
from modelward.kit.database import change

LARGEST_ID = 2**31 - 1
"""PostgreSQL does not compare an id of a person with a larger number."""
_LONGEST_EMAIL = 320  # RFC 3696, erratum 1003: 64 before the @, 255 after it


def principal_of_user(
    session: Session, user_id: int, *, version: int | None = None, session_id: int | None = None
) -> Principal:
    """Who this person is now, whatever their token said when it was made.

    Raises:
        Unauthorized: they are gone or disabled, or all tokens of this `version` were ended.
    """
    user = session.get(User, user_id) if 0 < user_id <= LARGEST_ID else None
    if user is None or user.disabled_at is not None or (version is not None and version != user.token_version):
        raise Unauthorized("You are signed out: log in again.")
    role = Role(user.role)
    scope = Scope(user.organisation_id)
    return Principal(scope, RIGHTS_OF_ROLE[role], user.email, role.value, user_id=user.id, session_id=session_id)


def user_of_organisation(session: Session, *, organisation_id: int, user_id: int) -> User:
    """The person with this id.

    Raises:
        NotFound: the organisation has none.
    """
    mine = (User.id == user_id, User.organisation_id == organisation_id)
    user = session.scalars(select(User).where(*mine)).first() if 0 < user_id <= LARGEST_ID else None
    if user is None:
        raise NotFound(f"There is no user {user_id}.")
    return user


def user_with_email(session: Session, email: str) -> User | None:
    """The person with this email, of whichever organisation."""
    return session.scalars(select(User).where(User.email == kept_email(email))).first() if is_email(email) else None


def owners_of(session: Session, *, organisation_id: int) -> list[User]:
    """Those who own the organisation and are not disabled."""
    owning = (User.organisation_id == organisation_id, User.role == Role.OWNER, User.disabled_at.is_(None))
    return list(session.scalars(select(User).where(*owning).order_by(User.id)))


def kept_email(email: str) -> str:
    """The email as it is stored and compared: whoever writes `Ada@Example.org` is the same person."""
    return unicodedata.normalize("NFC", email.strip().lower())


def is_email(email: str) -> bool:
    """Whether this can be an email. Only a letter that arrives proves that it is one."""
    written, kept = email.strip(), kept_email(email)
    before, at, after = written.rpartition("@")
    whole = bool(before and at and after) and "@" not in before
    # The Kelvin sign is a k in lower case: who owns the one address is not who owns the other.
    itself = not any(kept_email(char).isascii() for char in written if not char.isascii())
    return whole and itself and len(kept) <= _LONGEST_EMAIL and written.isprintable() and " " not in written


def checked_email(email: str) -> str:
    """The email as it is kept.

    Raises:
        Invalid: it cannot be one.
    """
    if not is_email(email):
        field = FieldError("email", "it is not an email address", "write it as name@example.org")
        raise Invalid("This is not an email address: write it as name@example.org.", fields=(field,))
    return kept_email(email)


def end_tokens_of(session: Session, *, user_id: int) -> None:
    """End every access and refresh token of a person."""
    more = update(User).where(User.id == user_id).values(token_version=User.token_version + 1)
    change(session, more)
    change(session, delete(RefreshToken).where(RefreshToken.user_id == user_id))


def end_everything_of(session: Session, *, user_id: int) -> None:
    """End tokens, sessions of the dashboard and links of a person: from now on only a new sign-in opens anything."""
    end_tokens_of(session, user_id=user_id)
    for table in (DashboardSession, LoginLink):
        change(session, delete(table).where(table.user_id == user_id))
