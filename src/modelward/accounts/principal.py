"""Who is calling, what they may do, and where. The one table of roles and kinds of keys is here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from modelward.audit.author import OPERATOR, Author, AuthorKind


class Right(StrEnum):
    """What a route may ask for."""

    READ = "read"
    INGEST = "ingest"  # send events and labels, and register models
    EDIT = "edit"  # change models, references, how they are watched
    ADMIN = "admin"  # people and keys
    OWN = "own"  # the organisation itself, and who owns it


class Role(StrEnum):
    """What a person is in their organisation."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class KeyKind(StrEnum):
    """What a key may do: send events, read, or what an admin may."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


_MEMBER = frozenset({Right.READ, Right.INGEST, Right.EDIT})
_ADMIN = _MEMBER | {Right.ADMIN}

RIGHTS_OF_ROLE: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.ADMIN: _ADMIN,
    Role.MEMBER: _MEMBER,
    Role.VIEWER: frozenset({Right.READ}),
}
RIGHTS_OF_KEY: Final[Mapping[KeyKind, frozenset[Right]]] = {
    KeyKind.INGEST: frozenset({Right.INGEST}),
    KeyKind.READ: frozenset({Right.READ}),
    KeyKind.ADMIN: _ADMIN,
}


class Scope(NamedTuple):
    """How far a caller sees: an organisation, or one project or model of it. All else is not there for them."""

    organisation_id: int
    project_id: int | None = None
    model_id: int | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole organisation."""
        return self.project_id is None and self.model_id is None


@dataclass(frozen=True)
class Principal:
    """Who is calling. `title` names them to people (`the ingest key "billing"`, `ada@example.org`)."""

    scope: Scope
    rights: frozenset[Right]
    title: str
    role: str
    """a role, the kind of a key, `operator` (who opened a one-time link of the machine) or `public`"""
    user_id: int | None = None
    key_id: int | None = None
    session_id: int | None = None
    last_used_at: datetime | None = None
    expires_at: datetime | None = None
    on_behalf_of: str | None = None
    """of a key, who made it"""
    address: str | None = None
    """where the request came from; behind a proxy that is trusted, what that says"""

    @property
    def author(self) -> Author:
        """The caller, as the audit chain names whoever changed something."""
        kind, number = self._kind_and_id()
        return Author(self.title, kind, number, self.on_behalf_of, self.address)

    def _kind_and_id(self) -> tuple[AuthorKind, int | None]:
        if self.user_id is not None:
            return "user", self.user_id
        if self.key_id is not None:
            return "key", self.key_id
        return ("public" if self.role == "public" else "operator"), None

    @property
    def organisation_id(self) -> int:
        """The organisation that the caller belongs to."""
        return self.scope.organisation_id

    def may(self, right: Right) -> bool:
        """Whether the caller has this right, within their scope."""
        return right in self.rights


def key_rights(kind: KeyKind, scope: Scope) -> frozenset[Right]:
    """What a key may do. One that is bound to a part of the organisation does not rule over its people and keys."""
    rights = RIGHTS_OF_KEY[kind]
    return rights if scope.whole else rights - {Right.ADMIN, Right.OWN}


def operator(organisation_id: int, *, session_id: int | None = None) -> Principal:
    """Whoever opened a one-time link of the machine, and so could read its files anyway."""
    rights = RIGHTS_OF_ROLE[Role.OWNER]
    return Principal(Scope(organisation_id), rights, OPERATOR.title, "operator", session_id=session_id)


def public(organisation_id: int) -> Principal:
    """Anybody, where the service is a public demo."""
    return Principal(Scope(organisation_id), frozenset({Right.READ}), "the public", "public")
