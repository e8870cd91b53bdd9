"""What the audit chain is told of organisations, people and keys. Never what opens a door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from modelward.accounts.tables import ApiKey, Organisation, User
from modelward.audit.author import Author
from modelward.audit.service import record


def about_user(
    session: Session,
    user: User,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Somebody did something to a person's account."""
    record(
        session,
        organisation_id=user.organisation_id,
        author=author,
        action=action,
        object_kind="user",
        object_id=user.id,
        object_title=user.email,
        at=at,
        before=before,
        after=after,
    )


def about_key(
    session: Session,
    key: ApiKey,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Somebody did something to a key."""
    record(
        session,
        organisation_id=key.organisation_id,
        author=author,
        action=action,
        object_kind="key",
        object_id=key.id,
        object_title=f'the {key.kind} key "{key.name}"',
        at=at,
        before=before,
        after=after,
        model_id=key.model_id,
    )


def facts_of(key: ApiKey) -> dict[str, Any]:
    """What a person would want to know of a key: all but what opens the door."""
    named = ("kind", "name", "project_id", "model_id", "expires_at", "replaces_id")
    return {name: value for name in named if (value := getattr(key, name)) is not None}


def about_organisation(
    session: Session,
    organisation: Organisation,
    *,
    author: Author,
    action: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Somebody did something to the organisation itself."""
    record(
        session,
        organisation_id=organisation.id,
        author=author,
        action=action,
        object_kind="organisation",
        object_id=organisation.id,
        object_title=organisation.name,
        at=at,
        before=before,
        after=after,
    )
