"""Registering: strangers make an organisation of their own, where the service lets them."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import KeyKind, Role
from modelward.accounts.service import create_key, create_organisation
from modelward.accounts.tables import Organisation, User
from modelward.audit.author import Author


def register_organisation(
    session: Session, *, name: str, now: datetime, address: str | None = None
) -> tuple[Organisation, str]:
    """A new organisation and its first key, which may do what an admin may and is nowhere to be read again."""
    author = Author("whoever registered it", "public", address=address)
    organisation = create_organisation(session, name=name, now=now, author=author)
    admin, owner = KeyKind.ADMIN, organisation.id
    _, key = create_key(session, organisation_id=owner, kind=admin, name="first key", now=now, author=author)
    return organisation, key


def register_person(
    session: Session,
    *,
    email: str,
    password_hash: str,
    name: str,
    organisation_name: str,
    now: datetime,
    address: str | None = None,
) -> tuple[User, Organisation]:
    """A new organisation and its owner.

    Raises:
        Conflict: somebody has this email.
        Invalid: the email or a name is none.
    """
    title = organisation_name or f"Organisation of {name or email.strip()}"[:200]
    author = Author(email, "user", address=address)
    organisation = create_organisation(session, name=title, now=now, author=author)
    user = create_user(
        session,
        organisation_id=organisation.id,
        email=email,
        name=name,
        role=Role.OWNER,
        password_hash=password_hash,
        now=now,
        author=author,
    )
    return user, organisation
