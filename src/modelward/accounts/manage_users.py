"""Changing who belongs to an organisation and what they may do there.

Three laws: nobody grants, changes or takes more than they have themselves; an organisation always keeps an owner who is
not disabled; and what a change takes away ends at once.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelward.accounts.entries import about_user
from modelward.accounts.principal import RIGHTS_OF_ROLE, Principal, Right, Role
from modelward.accounts.service import checked_name
from modelward.accounts.sessions import create_login_link
from modelward.accounts.tables import Organisation, User
from modelward.accounts.users import (
    checked_email,
    end_everything_of,
    end_tokens_of,
    owners_of,
    user_of_organisation,
    user_with_email,
)
from modelward.audit.author import SYSTEM, Author
from modelward.errors import Conflict, Forbidden


def create_user(
    session: Session,
    *,
    organisation_id: int,
    email: str,
    role: Role,
    now: datetime,
    name: str = "",
    password_hash: str | None = None,
    author: Author = SYSTEM,
) -> User:
    """A new person of the organisation. Whether the caller may do this was asked before (`check_grant`).

    Raises:
        Conflict: somebody has this email already, here or in another organisation.
        Invalid: the email or the name is none.
    """
    email = checked_email(email)
    taken = Conflict(f"There is a user {email} already: log in, or choose another email.")
    if user_with_email(session, email) is not None:
        raise taken
    user = User(
        organisation_id=organisation_id,
        email=email,
        name=checked_name("A user", name or email.partition("@")[0]),
        role=role.value,
        password_hash=password_hash,
        created_at=now,
    )
    session.add(user)
    try:
        session.flush()
    except IntegrityError:  # somebody was first in this very moment
        raise taken from None
    after = {"name": user.name, "role": user.role}
    about_user(session, user, author=author, action="user.created", at=now, after=after)
    return user


def check_grant(by: Principal, role: Role | str) -> None:
    """Whether the caller may give this role, or do anything to somebody who has it.

    Raises:
        Forbidden: it has more rights than the caller.
    """
    if not RIGHTS_OF_ROLE[Role(role)] <= by.rights:
        raise Forbidden(f"Only an owner may make, change or remove an {Role(role).value}: ask one.")


def managed_user(session: Session, *, by: Principal, user_id: int) -> User:
    """The person, where the caller may manage them: themselves, or as an admin others who have no more rights.

    Raises:
        NotFound: the caller's organisation has no such person, or the caller may not know.
        Forbidden: that person has more rights than the caller.
    """
    user = seen_user(session, by=by, user_id=user_id)
    if user.id != by.user_id:
        check_grant(by, user.role)
    return user


def seen_user(session: Session, *, by: Principal, user_id: int) -> User:
    """The person, where the caller may see them: themselves, or as an admin anybody of the organisation.

    Raises:
        NotFound: the caller's organisation has no such person.
        Forbidden: the caller is neither them nor an admin.
    """
    if user_id != by.user_id and not by.may(Right.ADMIN):
        raise Forbidden("Only an admin may see or change other people: ask one.")
    return user_of_organisation(session, organisation_id=by.organisation_id, user_id=user_id)


def rename_user(session: Session, *, by: Principal, user: User, name: str, now: datetime) -> None:
    """Call a person something else."""
    wanted = checked_name("A user", name)
    if user.name == wanted:
        return
    before, user.name = {"name": user.name}, wanted
    session.flush()
    about_user(session, user, author=by.author, action="user.renamed", at=now, before=before, after={"name": wanted})


def change_role(session: Session, *, by: Principal, user: User, role: Role, now: datetime) -> None:
    """Give a person another role. Their tokens end; their sessions go on, with what the new role may do.

    Raises:
        Forbidden: the caller is no admin, or the role has more rights than the caller.
        Conflict: it is the last owner.
    """
    if user.role == role:
        return
    if not by.may(Right.ADMIN):
        raise Forbidden("Only an admin may change roles: ask one.")
    check_grant(by, role)
    check_grant(by, user.role)
    keep_an_owner(session, user)
    give_role(session, user=user, role=role, author=by.author, now=now)


def give_role(session: Session, *, user: User, role: Role, author: Author, now: datetime) -> None:
    """The other role, for whoever was asked before whether it may be."""
    before, user.role = {"role": user.role}, role.value
    session.flush()
    end_tokens_of(session, user_id=user.id)
    after = {"role": user.role}
    about_user(session, user, author=author, action="user.role_changed", at=now, before=before, after=after)


def disable_user(session: Session, *, by: Principal, user: User, now: datetime) -> None:
    """Shut a person out: all that they hold ends. Doing it again changes nothing.

    Raises:
        Forbidden: the caller is no admin.
        Conflict: it is the last owner.
    """
    _only_admins(by, user)
    if user.disabled_at is not None:
        return
    keep_an_owner(session, user)
    user.disabled_at = now
    session.flush()
    end_everything_of(session, user_id=user.id)
    about_user(session, user, author=by.author, action="user.disabled", at=now)


def enable_user(session: Session, *, by: Principal, user: User, now: datetime) -> None:
    """Let a person in again.

    Raises:
        Forbidden: the caller is no admin.
    """
    _only_admins(by, user)
    if user.disabled_at is None:
        return
    user.disabled_at = None
    session.flush()
    about_user(session, user, author=by.author, action="user.enabled", at=now)


def delete_user(session: Session, *, by: Principal, user: User, now: datetime) -> None:
    """Forget a person and all that they hold. What they did stays, under the email that it was done with.

    Raises:
        Forbidden: the caller is no admin.
        Conflict: it is the last owner.
    """
    _only_admins(by, user)
    keep_an_owner(session, user)
    end_everything_of(session, user_id=user.id)
    session.delete(user)
    session.flush()
    before = {"name": user.name, "role": user.role}
    about_user(session, user, author=by.author, action="user.deleted", at=now, before=before)


def set_password(session: Session, *, user: User, password_hash: str, author: Author, now: datetime) -> None:
    """Give a person another password: all that they held ends, in every browser and program."""
    user.password_hash = password_hash
    session.flush()
    end_everything_of(session, user_id=user.id)
    about_user(session, user, author=author, action="user.password_changed", at=now)


def reset_password(session: Session, *, user: User, author: Author, now: datetime) -> str:
    """End a person's password and all that they hold; answers with the token of a link that signs them in once.

    The link is the only way in until they choose a password, so a forgotten one cannot be found later and used.
    """
    if user.disabled_at is not None:
        raise Conflict(f"{user.email} is disabled: enable them first.")
    user.password_hash = None
    session.flush()
    end_everything_of(session, user_id=user.id)
    about_user(session, user, author=author, action="user.password_reset", at=now)
    return invite(session, user=user, now=now)


def invite(session: Session, *, user: User, now: datetime) -> str:
    """The token of a link that signs this person in once within 24 hours."""
    return create_login_link(session, now=now, organisation_id=user.organisation_id, user_id=user.id)


def _only_admins(by: Principal, user: User) -> None:
    if not by.may(Right.ADMIN):
        raise Forbidden("Only an admin may disable, enable or remove people: ask one.")
    check_grant(by, user.role)


def keep_an_owner(session: Session, user: User) -> None:
    """Whether this person may stop being an owner.

    Raises:
        Conflict: it is the last owner.
    """
    if user.role != Role.OWNER or user.disabled_at is not None:
        return
    # Two owners who demote each other at the same moment wait here for one another.
    session.scalar(select(Organisation.id).where(Organisation.id == user.organisation_id).with_for_update())
    if all(owner.id == user.id for owner in owners_of(session, organisation_id=user.organisation_id)):
        raise Conflict(f"{user.email} is the last owner of the organisation: make somebody else an owner first.")
