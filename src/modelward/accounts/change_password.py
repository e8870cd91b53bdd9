"""Changing one's own password."""

from sqlalchemy import Engine

from modelward.accounts.hashing import hash_password, verify, waited
from modelward.accounts.log_in import attempts
from modelward.accounts.manage_users import set_password
from modelward.accounts.passwords import checked_password
from modelward.accounts.principal import Principal
from modelward.accounts.tables import User
from modelward.errors import Conflict, Forbidden, Unauthorized
from modelward.kit.clock import now
from modelward.kit.database import reading, writing


def change_own_password(database: Engine, *, by: Principal, current: str | None, new: str) -> None:
    """Give oneself another password; who has none yet (after an invitation or a reset) names no current one.

    Everything that the person held ends: every token, and every browser is signed out, this one too.

    Raises:
        Forbidden: the current password is wrong, or they sign in elsewhere and have none here.
        Invalid: the new one is not taken.
        TooMany: there were too many attempts.
        Conflict: it was changed by somebody else meanwhile.
    """
    with reading(database) as session:
        user = _user(session.get(User, by.user_id))
    if user.password_hash is None and user.identity is not None:
        raise Forbidden("You sign in with your organisation's provider, so there is no password here to change.")
    if user.password_hash is not None:
        _check_current(user, current, by.address or "")
    hashed = hash_password(checked_password(new, email=user.email, name=user.name))
    with writing(database) as session:
        now_stored = _user(session.get(User, by.user_id))
        if now_stored.password_hash != user.password_hash:
            raise Conflict("The password was changed meanwhile: log in again.")
        set_password(session, user=now_stored, password_hash=hashed, author=by.author, now=now())


def _check_current(user: User, current: str | None, address: str) -> None:
    attempts.admit(user.email, address)
    if not waited(verify(current or "", user.password_hash)).right:
        attempts.wrong(user.email, address)
        raise Forbidden("The current password is wrong: nothing was changed.")


def _user(user: User | None) -> User:
    if user is None or user.disabled_at is not None:
        raise Unauthorized("You are signed out: log in again.")
    return user
