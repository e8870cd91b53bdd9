"""What the operator of the machine does with accounts from the command line, without one of their own."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.accounts import manage_users
from modelward.accounts.entries import about_organisation, about_user
from modelward.accounts.first_start import organisation_of_the_service
from modelward.accounts.hashing import hash_password
from modelward.accounts.passwords import checked_password
from modelward.accounts.principal import Role
from modelward.accounts.sessions import create_login_link
from modelward.accounts.tables import Organisation, User
from modelward.accounts.users import checked_email, user_with_email
from modelward.audit.author import OPERATOR
from modelward.errors import Conflict, NotFound
from modelward.kit.clock import now
from modelward.kit.database import reading, writing


def add_user(database: Engine, *, email: str, name: str, role: Role, password: str) -> str:
    """Make an account in the first organisation (made, too, where there is none); says what was made.

    Raises:
        Invalid: the email, the name or the password is not taken.
        Conflict: somebody has this email.
    """
    email = checked_email(email)
    hashed = hash_password(checked_password(password, email=email, name=name))
    with writing(database) as session:
        organisation = organisation_of_the_service(session)
        user = manage_users.create_user(
            session,
            organisation_id=organisation.id,
            email=email,
            name=name,
            role=role,
            password_hash=hashed,
            now=now(),
            author=OPERATOR,
        )
        return f"{user.email} is now {user.role} of {organisation.name}."


def give_password(database: Engine, *, email: str, password: str) -> str:
    """Replace a person's password; says what was done.

    Raises:
        NotFound: nobody has this email.
        Invalid: the password is not taken.
    """
    with reading(database) as session:
        user = _person(session, email)
    hashed = hash_password(checked_password(password, email=user.email, name=user.name))
    with writing(database) as session:
        manage_users.set_password(
            session, user=_person(session, email), password_hash=hashed, author=OPERATOR, now=now()
        )
    return f"{user.email} has the new password, and is signed out everywhere."


def end_password(database: Engine, *, email: str) -> str:
    """End a person's password; answers with the token of a link that signs them in once.

    Raises:
        NotFound: nobody has this email.
        Conflict: they are disabled.
    """
    with writing(database) as session:
        return manage_users.reset_password(session, user=_person(session, email), author=OPERATOR, now=now())


def link_for(session: Session, *, organisation_id: int, email: str | None) -> str:
    """The token of a link that signs in once: this person, or the operator.

    Raises:
        NotFound: nobody has this email.
        Conflict: they are disabled.
    """
    if email is None:
        organisation = session.get_one(Organisation, organisation_id)
        about_organisation(session, organisation, author=OPERATOR, action="operator.link_made", at=now())
        return create_login_link(session, now=now(), organisation_id=organisation_id)
    user = _person(session, email)
    if user.disabled_at is not None:
        raise Conflict(f"{user.email} is disabled: an admin has to enable them first.")
    about_user(session, user, author=OPERATOR, action="user.link_made", at=now())
    return manage_users.invite(session, user=user, now=now())


def _person(session: Session, email: str) -> User:
    user = user_with_email(session, email)
    if user is None:
        raise NotFound(f"Nobody has the email {email[:320]}: check it, or make the account with `admin create-user`.")
    return user
