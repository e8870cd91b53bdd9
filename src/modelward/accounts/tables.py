"""Organisations, people, and what opens their doors.

No key, link, token or password is stored: only what proves that one was right. What a key is bound to is an id of the
registry, which stands above this room, so those columns are plain numbers.
"""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base


class Organisation(Base):
    """Who owns models, events, people and keys. Nothing crosses from one to another."""

    __tablename__ = "organisations"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class User(Base):
    """A person of one organisation. `token_version` counts how often all their tokens were ended."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)  # in lower case
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))  # owner, admin, member, viewer
    password_hash: Mapped[str | None] = mapped_column(String(200))  # None: signs in elsewhere, or has not chosen one
    identity: Mapped[str | None] = mapped_column(String(500), unique=True)  # issuer and subject at OpenID Connect
    token_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key of a program. `digest` is its SHA-256; `hint` its last four characters, to tell keys apart."""

    __tablename__ = "api_keys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))  # ingest, read, admin
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    hint: Mapped[str] = mapped_column(String(4))
    project_id: Mapped[int | None]  # bound to this project
    model_id: Mapped[int | None]  # bound to this model
    replaces_id: Mapped[int | None]  # the key that this one came in place of
    created_by: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginLink(Base):
    """A link that signs in once: a person, or the operator of the machine, who needs no account."""

    __tablename__ = "login_links"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class DashboardSession(Base):
    """A browser that is signed in: as a person, by a key, or (neither) as the operator of the machine."""

    __tablename__ = "sessions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    agent: Mapped[str] = mapped_column(String(200))  # what the browser says it is
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class RefreshToken(Base):
    """A token that is exchanged for the next one, once. Those of one sign-in are a family, and fall together."""

    __tablename__ = "refresh_tokens"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    family: Mapped[str] = mapped_column(String(40), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    token_version: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class IdempotentRequest(Base):
    """A request that carried an Idempotency-Key, and its answer, encrypted with a key that only its sender has."""

    __tablename__ = "idempotent_requests"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # of the caller and the key
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))  # of the method, the path and the body
    status: Mapped[int | None]  # None while it is being answered
    answer: Mapped[bytes | None]
    begun_at: Mapped[datetime] = mapped_column(index=True)
