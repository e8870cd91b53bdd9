"""What a service has from its first start: an organisation, and a way in that nobody else knows.

On loopback that is a key, and a link that is printed: nothing is asked. Where other machines can reach the service, it
is the account of an owner; a key or link would stand in the log of a container for all to read.
"""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.accounts.hashing import hash_password
from modelward.accounts.manage_users import create_user
from modelward.accounts.passwords import checked_password
from modelward.accounts.principal import KeyKind, Role
from modelward.accounts.service import create_key, create_organisation, first_organisation, keys_of
from modelward.accounts.tables import Organisation
from modelward.accounts.users import checked_email, owners_of
from modelward.audit.author import OPERATOR
from modelward.errors import Invalid
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.settings import Settings

_OWNER = (
    "MODELWARD_OWNER_EMAIL and MODELWARD_OWNER_PASSWORD "
    "(or make an account with `modelward admin create-user --role owner`)"
)
_SECRET = "MODELWARD_SECRET_KEY (at least 32 characters)"  # noqa: S105 - the name of a setting


def check_settings(settings: Settings, *, host: str) -> None:
    """Whether the service may listen where other machines reach it, as far as the settings tell.

    Raises:
        Invalid: a secret is missing, or half of the owner.
    """
    if not settings.secret_key:
        wanted = _SECRET if settings.owner_email else f"{_SECRET} and, for an owner, {_OWNER}"
        raise _refused(host, "a secret and an owner of yours", wanted)


def first_start(database: Engine, settings: Settings, *, host: str, reachable: bool) -> str | None:
    """Make what is missing: the organisation, the owner that the settings name, and on loopback the first key.

    Answers with that key, to be shown once.

    Raises:
        Invalid: other machines can reach the service, and nobody owns it; or the owner's email or password is none.
        Conflict: the owner's email belongs to somebody who is no owner.
    """
    password_hash = _hash_of_owner(database, settings)
    with writing(database) as session:
        organisation = organisation_of_the_service(session)
        if password_hash is not None and settings.owner_email and not _is_owned(session):
            create_user(
                session,
                organisation_id=organisation.id,
                email=settings.owner_email,
                role=Role.OWNER,
                password_hash=password_hash,
                now=now(),
                author=OPERATOR,  # whose settings name the owner
            )
        if not reachable:
            return _first_key(session, organisation)
        if not _is_owned(session):
            raise _refused(host, "an owner", _OWNER)
    return None


def organisation_of_the_service(session: Session) -> Organisation:
    """The first organisation; made where there is none yet."""
    return first_organisation(session) or create_organisation(session, name="My organisation", now=now())


def _hash_of_owner(database: Engine, settings: Settings) -> str | None:
    """Made before any transaction begins; None where no owner is to be made."""
    email, password = settings.owner_email, settings.owner_password
    with reading(database) as session:
        if _is_owned(session) or (email is None and password is None):
            return None
    if email is None or password is None:
        raise Invalid("The owner needs both MODELWARD_OWNER_EMAIL and MODELWARD_OWNER_PASSWORD: set both, or neither.")
    try:
        return hash_password(checked_password(password, email=checked_email(email)))
    except Invalid as error:
        raise Invalid(f"The owner's account cannot be made. {error.sentence}", fields=error.fields) from None


def _is_owned(session: Session) -> bool:
    organisation = first_organisation(session)
    return organisation is not None and bool(owners_of(session, organisation_id=organisation.id))


def _first_key(session: Session, organisation: Organisation) -> str | None:
    if keys_of(session, organisation_id=organisation.id):
        return None
    kind = KeyKind.INGEST
    return create_key(session, organisation_id=organisation.id, kind=kind, name="first key", now=now())[1]


def _refused(host: str, what: str, wanted: str) -> Invalid:
    return Invalid(
        f"{host} can be reached from other machines, so Modelward wants {what}: set {wanted}, or listen on 127.0.0.1."
    )
