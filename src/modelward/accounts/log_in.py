"""Signing in with a password. Whoever is refused learns nothing of why, neither by the words nor by the time."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from modelward.accounts.attempts import Attempts
from modelward.accounts.hashing import Verdict, verify, waited
from modelward.accounts.tables import User
from modelward.accounts.users import is_email, kept_email
from modelward.errors import Unauthorized
from modelward.kit.database import change, reading, writing

attempts = Attempts()
"""Of this process."""


class Attempt(NamedTuple):
    """Somebody says who they are; what is stored of that person, as far as they may sign in by a password."""

    email: str
    address: str
    user_id: int | None
    password_hash: str | None


def log_in(database: Engine, *, email: str, password: str, address: str, now: datetime) -> int:
    """The id of the person with this email and password. No transaction is open while the password is hashed.

    Raises:
        Unauthorized: there is none, or they may not sign in so.
        TooMany: there were too many attempts; or too many people sign in just now.
    """
    attempt = begin_log_in(database, email=email, address=address)
    verdict = waited(verify(password, attempt.password_hash))
    note = finish_log_in(attempt, verdict, now=now)
    with writing(database) as session:
        return note(session)


def begin_log_in(database: Engine, *, email: str, address: str) -> Attempt:
    """Whether they may try at all, and what to compare with.

    Raises:
        TooMany: there were too many attempts.
    """
    email = kept_email(email)
    attempts.admit(email, address)
    if not is_email(email):
        return Attempt(email, address, None, None)
    with reading(database) as session:
        able = (User.email == email, User.disabled_at.is_(None), User.password_hash.is_not(None))
        found = session.execute(select(User.id, User.password_hash).where(*able)).first()
    return Attempt(email, address, *(found or (None, None)))


def finish_log_in(attempt: Attempt, verdict: Verdict, *, now: datetime) -> Callable[[Session], int]:
    """What is to be written down when the password was right; that answers with the person's id.

    Raises:
        Unauthorized: it was wrong, or there is no such person.
    """
    if not verdict.right or attempt.user_id is None:
        attempts.wrong(attempt.email, attempt.address)
        raise Unauthorized("The email or the password is wrong: check both, or ask an admin for a new link.")
    attempts.right(attempt.email, attempt.address)
    user_id = attempt.user_id

    def note(session: Session) -> int:
        change(session, update(User).where(User.id == user_id).values(last_login_at=now))
        if verdict.new_hash is not None:  # unless the password was changed meanwhile
            unchanged = (User.id == user_id, User.password_hash == attempt.password_hash)
            change(session, update(User).where(*unchanged).values(password_hash=verdict.new_hash))
        return user_id

    return note
