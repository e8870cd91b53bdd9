"""Who somebody is here that an identity provider sends: their account, and the role that their groups give them.

The provider's word counts at every sign-in. Two things are beyond it: an owner who has a password stays an owner, and
so does the last one, because a slip in the groups must not leave an organisation that nobody rules.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from modelward.accounts.entries import about_user
from modelward.accounts.first_start import organisation_of_the_service
from modelward.accounts.manage_users import create_user, give_role, keep_an_owner
from modelward.accounts.principal import RIGHTS_OF_ROLE, Role
from modelward.accounts.tables import User
from modelward.accounts.users import end_everything_of, is_email, user_with_email
from modelward.audit.author import Author
from modelward.errors import Conflict, Unauthorized

log = logging.getLogger(__name__)

EVERYBODY = "*"


class Told(NamedTuple):
    """What the provider says of a person, once it is certain that the provider says it."""

    identity: str
    """issuer and subject: what stays the same when names and addresses change"""
    email: str
    email_verified: bool | None
    """None: the provider says nothing of it"""
    name: str
    groups: tuple[str, ...]


def roles_of(pairs: Iterable[str]) -> dict[str, Role]:
    """The setting `group=role` as a table. A group may have an equals sign in its name, a role has none."""
    parted = (pair.rpartition("=") for pair in pairs)
    return {group.strip(): Role(role.strip()) for group, _, role in parted}


def role_for(groups: Iterable[str], roles: Mapping[str, Role]) -> Role | None:
    """The role with the most rights that one of the groups has, or everybody; None where none has."""
    found = [roles[group] for group in (*groups, EVERYBODY) if group in roles]
    return max(found, key=lambda role: len(RIGHTS_OF_ROLE[role]), default=None)


def admit(
    session: Session, told: Told, *, roles: Mapping[str, Role], now: datetime, address: str | None = None
) -> int | None:
    """The id of the person; their account is made or joined where it was not known, and has the role of their groups.

    None when no group of theirs has a role: then what they still held here is ended.

    Raises:
        Unauthorized: they are disabled, or have no email that an account can be made or joined with.
    """
    role = role_for(told.groups, roles)
    user = _known(session, told, now=now, address=address)
    if user is None:
        if role is None:
            return None
        user = _created(session, told, role=role, now=now, address=address)
    if user.disabled_at is not None:
        raise Unauthorized("Your account is disabled here: ask an admin to enable it.")
    rules_by_password = user.role == Role.OWNER and user.password_hash is not None
    if role is None:
        if not rules_by_password:
            end_everything_of(session, user_id=user.id)
        return None
    if not rules_by_password:
        _give(session, user, role, now=now, address=address)
    user.last_login_at = now
    session.flush()
    return user.id


def _known(session: Session, told: Told, *, now: datetime, address: str | None) -> User | None:
    """Their account, joined to the provider's person when this is the first time.

    Only an address that the provider has verified joins an account: else whoever may write what they like into their
    profile there would be whoever they like here. Nobody can have prepared such an account in order to keep its
    password: in the service's own organisation only admins make accounts.
    """
    user = session.scalars(select(User).where(User.identity == told.identity)).first()
    if user is not None:
        return user
    user = user_with_email(session, told.email)
    if user is None:
        return None
    ours = user.organisation_id == organisation_of_the_service(session).id
    if not (ours and told.email_verified and user.identity is None):
        raise Unauthorized(
            "There is an account with your email already, and it cannot be joined to this sign-in: ask an admin."
        )
    user.identity = told.identity
    session.flush()
    author, after = _author(address), {"identity": told.identity}
    about_user(session, user, author=author, action="user.joined_to_provider", at=now, after=after)
    return user


def _author(address: str | None) -> Author:
    return Author("the identity provider", "system", address=address)


def _created(session: Session, told: Told, *, role: Role, now: datetime, address: str | None) -> User:
    """A new account. Many providers of companies say nothing of whether an address is verified, since their admins
    write it; that is enough where nobody has it. One that is said to be unverified anybody may have typed.
    """
    if not is_email(told.email):
        raise Unauthorized("The identity provider did not tell your email, without which there is no account: ask it.")
    if told.email_verified is False:
        raise Unauthorized("The identity provider has not verified your email yet: do that there, then sign in again.")
    organisation_id = organisation_of_the_service(session).id
    name = "".join(char for char in told.name if char.isprintable()).strip()[:200].strip()
    try:
        user = create_user(
            session,
            organisation_id=organisation_id,
            email=told.email,
            role=role,
            name=name,
            now=now,
            author=_author(address),
        )
        user.identity = told.identity
        session.flush()
    except (Conflict, IntegrityError):  # the same person in another tab, in this very moment
        raise Unauthorized("Your account was made a moment ago: sign in again.") from None
    return user


def _give(session: Session, user: User, role: Role, *, now: datetime, address: str | None) -> None:
    """The role of their groups. With another one their tokens end; sessions look it up."""
    if user.role == role:
        return
    try:
        keep_an_owner(session, user)
    except Conflict:
        log.warning("user %d stays an owner, being the last one, though their groups give the role %s", user.id, role)
        return
    give_role(session, user=user, role=role, author=_author(address), now=now)
