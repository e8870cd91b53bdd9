"""API keys as admins handle them: made and bound, listed, rotated, revoked.

This stands in the registry, because a key may be bound to a project or a model.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, not_, or_, select
from sqlalchemy.orm import Session

from modelward.accounts.entries import about_key
from modelward.accounts.principal import KeyKind, Principal, Scope
from modelward.accounts.service import create_key, key_of_organisation, revoke_key
from modelward.accounts.tables import ApiKey
from modelward.errors import Conflict, FieldError, Invalid
from modelward.kit.paging import Page, listed
from modelward.registry.key_schemas import KeysAsked, NewKey, Rotation
from modelward.registry.projects import resolve_project
from modelward.registry.service import resolve

_COLUMNS = {
    "id": ApiKey.id,
    "kind": ApiKey.kind,
    "name": ApiKey.name,
    "created_at": ApiKey.created_at,
    "expires_at": ApiKey.expires_at,
    "last_used_at": ApiKey.last_used_at,
}


def keys_page(session: Session, scope: Scope, asked: KeysAsked, *, now: datetime) -> Page[ApiKey]:
    """The keys of the organisation, those that ended too."""
    query = select(ApiKey).where(ApiKey.organisation_id == scope.organisation_id)
    if asked.project is not None:
        query = query.where(ApiKey.project_id == resolve_project(session, scope, asked.project).id)
    if asked.model is not None:
        query = query.where(ApiKey.model_id == resolve(session, scope, asked.model).id)
    if asked.live is not None:
        alive = and_(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now))
        query = query.where(alive if asked.live else not_(alive))
    return listed(session, query, asked, columns=_COLUMNS, key=ApiKey.id)


def make_key(session: Session, *, maker: Principal, body: NewKey, now: datetime) -> tuple[ApiKey, str]:
    """A new key, and what it is.

    Raises:
        NotFound: it is to be bound to what is not there.
        Invalid: it is to be bound to two things, or to end in the past or at two moments.
    """
    if body.project is not None and body.model is not None:
        problem = FieldError("project", "a key is bound to a project or to a model", "leave one of the two out")
        raise Invalid("A key is bound to a project or to a model, not to both: leave one out.", fields=(problem,))
    scope = maker.scope
    return create_key(
        session,
        organisation_id=maker.organisation_id,
        kind=body.kind,
        name=body.name,
        now=now,
        project_id=None if body.project is None else resolve_project(session, scope, body.project).id,
        model_id=None if body.model is None else resolve(session, scope, body.model).id,
        expires_at=_end_of(body.expires_at, body.expires_in_days, now),
        created_by=maker.title[:200],
        author=maker.author,
    )


def rotate_key(session: Session, *, maker: Principal, key_id: int, body: Rotation, now: datetime) -> tuple[ApiKey, str]:
    """A second key like this one, which goes on for the grace and then ends.

    At most these two live: every other key that this one replaced, or that replaced it, ends at once. So a rotation
    whose answer was lost is simply asked for again.

    Raises:
        Conflict: the key ended already.
    """
    old = key_of_organisation(session, organisation_id=maker.organisation_id, key_id=key_id)
    if old.revoked_at is not None or (old.expires_at is not None and old.expires_at <= now):
        raise Conflict("This key ended already, so there is nothing to rotate: make a new one with POST /api-keys.")
    family = _family(session, old)
    newest = family[-1]  # nothing replaced it, so its end is the one that it was made with
    lasts = newest.expires_at - newest.created_at if newest.expires_at else None
    for other in family:
        if other is not old and other.revoked_at is None:
            revoke_key(session, organisation_id=other.organisation_id, key_id=other.id, now=now, author=maker.author)
    ends = now + timedelta(hours=body.grace_hours)
    expires_at = _end_of(body.expires_at, body.expires_in_days, now) or (now + lasts if lasts else None)
    before, old.expires_at = {"expires_at": old.expires_at}, min(old.expires_at or ends, ends)
    about_key(
        session,
        old,
        author=maker.author,
        action="key.rotated",
        at=now,
        before=before,
        after={"expires_at": old.expires_at},
    )
    return create_key(
        session,
        organisation_id=old.organisation_id,
        kind=KeyKind(old.kind),
        name=old.name,
        now=now,
        project_id=old.project_id,
        model_id=old.model_id,
        expires_at=expires_at,
        replaces_id=old.id,
        created_by=maker.title[:200],
        author=maker.author,
    )


def _family(session: Session, key: ApiKey) -> list[ApiKey]:
    """All keys that this one led to or came from, itself too, oldest first; locked, so that rotations take turns."""
    mine = select(ApiKey).where(ApiKey.organisation_id == key.organisation_id)
    rows = session.scalars(mine.order_by(ApiKey.id).with_for_update()).all()
    first: dict[int, int] = {}  # the key that each one's family began with; what is replaced is older, so known
    for row in rows:
        first[row.id] = row.id if row.replaces_id is None else first.get(row.replaces_id, row.id)
    return [row for row in rows if first[row.id] == first[key.id]]


def _end_of(expires_at: datetime | None, days: int | None, now: datetime) -> datetime | None:
    if expires_at is not None and days is not None:
        problem = FieldError("expires_in_days", "the end is said twice", "leave out this or expires_at")
        raise Invalid("The key is given two ends: send expires_at or expires_in_days, not both.", fields=(problem,))
    if expires_at is not None and expires_at <= now:
        problem = FieldError("expires_at", "it is over already", "send a moment to come")
        raise Invalid("The key would end before it begins: send an expires_at to come.", fields=(problem,))
    return now + timedelta(days=days) if days is not None else expires_at
