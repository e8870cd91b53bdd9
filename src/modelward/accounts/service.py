"""Making organisations and keys, and telling who holds a key."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from modelward.accounts.entries import about_key, about_organisation, facts_of
from modelward.accounts.keys import digest_of, is_known_form, is_wellformed, new_key
from modelward.accounts.principal import KeyKind, Principal, Scope, key_rights
from modelward.accounts.tables import ApiKey, Organisation
from modelward.audit.author import SYSTEM, Author
from modelward.errors import Conflict, Invalid, NotFound, Unauthorized
from modelward.kit.database import change

NOTED_EVERY = timedelta(minutes=1)
"""The last use of a key is written down at most this often."""


def create_organisation(session: Session, *, name: str, now: datetime, author: Author = SYSTEM) -> Organisation:
    """A new organisation. Names need not be unique: people are not told which others exist."""
    organisation = Organisation(name=checked_name("An organisation", name), created_at=now)
    session.add(organisation)
    session.flush()
    after = {"name": organisation.name}
    about_organisation(session, organisation, author=author, action="organisation.created", at=now, after=after)
    return organisation


def rename_organisation(session: Session, *, organisation_id: int, name: str, author: Author, now: datetime) -> None:
    """Call the organisation something else.

    Raises:
        Invalid: this can be no name.
    """
    organisation, title = session.get_one(Organisation, organisation_id), checked_name("An organisation", name)
    if organisation.name == title:
        return
    before, organisation.name = {"name": organisation.name}, title
    about_organisation(
        session,
        organisation,
        author=author,
        action="organisation.renamed",
        at=now,
        before=before,
        after={"name": title},
    )


def first_organisation(session: Session) -> Organisation | None:
    """The oldest organisation: the one of a service that has only one."""
    return session.scalars(select(Organisation).order_by(Organisation.id).limit(1)).first()


def create_key(
    session: Session,
    *,
    organisation_id: int,
    kind: KeyKind,
    name: str,
    now: datetime,
    project_id: int | None = None,
    model_id: int | None = None,
    expires_at: datetime | None = None,
    replaces_id: int | None = None,
    created_by: str | None = None,
    author: Author = SYSTEM,
) -> tuple[ApiKey, str]:
    """A new key: its row, and the key itself, which is nowhere to be read again.

    `project_id` or `model_id` bind it to a part of the organisation; the caller has made sure that it is one.
    """
    token = new_key(kind)
    key = _store_key(session, organisation_id, kind=kind, name=name, token=token, now=now)
    key.project_id, key.model_id = project_id, model_id
    key.expires_at, key.replaces_id, key.created_by = expires_at, replaces_id, created_by
    session.flush()
    about_key(session, key, author=author, action="key.created", at=now, after=facts_of(key))
    return key, token


def register_known_key(session: Session, *, organisation_id: int, kind: KeyKind, token: str, now: datetime) -> ApiKey:
    """Accept a key that everybody knows (`demo-key`), for a demo on loopback. Twice is the same as once.

    Raises:
        Invalid: the token is not 4 to 32 lower-case letters, digits and hyphens.
        Conflict: another organisation uses it.
    """
    if not is_known_form(token):
        raise Invalid("A known key has 4 to 32 lower-case letters, digits and hyphens.")
    existing = session.scalars(select(ApiKey).where(ApiKey.digest == digest_of(token))).first()
    if existing is None:
        key = _store_key(session, organisation_id, kind=kind, name=token, token=token, now=now)
        about_key(session, key, author=SYSTEM, action="key.created", at=now, after=facts_of(key))
        return key
    if (existing.organisation_id, existing.kind) != (organisation_id, kind):
        raise Conflict("This known key belongs to another organisation, or is of another kind: choose another.")
    return existing


def revoke_key(session: Session, *, organisation_id: int, key_id: int, now: datetime, author: Author = SYSTEM) -> None:
    """From now on the key opens nothing. Revoking it again changes nothing."""
    key = key_of_organisation(session, organisation_id=organisation_id, key_id=key_id)
    if key.revoked_at is not None:
        return
    key.revoked_at = now
    session.flush()
    about_key(session, key, author=author, action="key.revoked", at=now, after={"revoked_at": now})


def key_of_organisation(session: Session, *, organisation_id: int, key_id: int) -> ApiKey:
    """The key with this id.

    Raises:
        NotFound: the organisation has none.
    """
    key = session.scalars(select(ApiKey).where(ApiKey.id == key_id, ApiKey.organisation_id == organisation_id)).first()
    if key is None:
        raise NotFound(f"There is no key {key_id}.")
    return key


def keys_of(session: Session, *, organisation_id: int) -> list[ApiKey]:
    """All keys of an organisation, revoked ones too, oldest first."""
    return list(session.scalars(select(ApiKey).where(ApiKey.organisation_id == organisation_id).order_by(ApiKey.id)))


def authenticate(session: Session, token: str, *, now: datetime) -> Principal:
    """Who holds this key. What has not the form and checksum of a key is refused without asking the database.

    Raises:
        Unauthorized: it is not a key, unknown, expired or revoked; which of them is not told.
    """
    if is_wellformed(token) or is_known_form(token):
        key = session.scalars(select(ApiKey).where(ApiKey.digest == digest_of(token))).first()
        if key is not None:
            return principal_of_key(key, now=now)
    raise _refused()


def principal_of_key(key: ApiKey, *, now: datetime, session_id: int | None = None) -> Principal:
    """What the key may do now.

    Raises:
        Unauthorized: it is expired or revoked.
    """
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise _refused()
    kind, scope = KeyKind(key.kind), Scope(key.organisation_id, key.project_id, key.model_id)
    return Principal(
        scope,
        key_rights(kind, scope),
        f'the {kind} key "{key.name}"',
        kind.value,
        key_id=key.id,
        session_id=session_id,
        last_used_at=key.last_used_at,
        expires_at=key.expires_at,
        on_behalf_of=key.created_by,
    )


def note_use(session: Session, *, key_id: int, now: datetime) -> bool:
    """Write down that the key was used, unless that was done within the last minute. True when it was written."""
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - NOTED_EVERY)
    return change(session, update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now)) > 0


def checked_name(whose: str, name: str) -> str:
    """A name as it is kept.

    Raises:
        Invalid: it is empty, too long, or holds what cannot be printed.
    """
    stripped = name.strip()
    if not stripped or len(stripped) > 200 or not stripped.isprintable():
        raise Invalid(f"{whose} needs a name of 1 to 200 printable characters.")
    return stripped


def _refused() -> Unauthorized:
    return Unauthorized("This API key is not valid: check that it was copied whole, or make a new one.")


def _store_key(session: Session, organisation_id: int, *, kind: str, name: str, token: str, now: datetime) -> ApiKey:
    key = ApiKey(
        organisation_id=organisation_id,
        kind=KeyKind(kind).value,
        name=checked_name("A key", name),
        digest=digest_of(token),
        hint=token[-4:] if is_wellformed(token) else "",
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key
