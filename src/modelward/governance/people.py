"""Who stands behind a caller. Four eyes are two people, and a key is as much as whoever made it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import KeyKind, Principal, Right, Role
from modelward.accounts.tables import ApiKey, User
from modelward.rules.deployment_gate import Approver

OPERATOR = "operator"
_DEEPEST = 20  # a key made by a key made by a key …
_KEPT = 200  # so many characters of a title are kept with the keys that somebody made


def approver_of(session: Session, principal: Principal) -> Approver:
    """The caller as somebody who asks or decides."""
    if principal.user_id is not None:
        return Approver(principal.title, principal.role, frozenset({holder_of(principal)}))
    if principal.key_id is not None:
        role = Role.ADMIN if principal.role == KeyKind.ADMIN and principal.may(Right.ADMIN) else Role.MEMBER
        behind = frozenset({holder_of(principal)}) | makers_of(session, principal.key_id)
        return Approver(principal.title, role.value, behind, nameless=True)
    return Approver(principal.title, Role.OWNER.value, frozenset({OPERATOR}), nameless=True)


def holder_of(principal: Principal) -> str:
    """The caller as one word: `user:3`, `key:7`, `operator`."""
    if principal.user_id is not None:
        return f"user:{principal.user_id}"
    return OPERATOR if principal.key_id is None else f"key:{principal.key_id}"


def makers_of(session: Session, key_id: int) -> frozenset[str]:
    """The people and keys by whom this key came to be, however many keys lie between."""
    found: set[str] = set()
    waiting = [key_id]
    for _ in range(_DEEPEST):
        if not waiting:
            break
        key = session.get(ApiKey, waiting.pop())
        if key is None or not key.created_by:
            continue
        people, keys = _named(session, key.organisation_id, key.created_by)
        waiting += [other for other in keys if f"key:{other}" not in found]
        found |= people | {f"key:{other}" for other in keys}
    return frozenset(found)


def _named(session: Session, organisation_id: int, title: str) -> tuple[set[str], list[int]]:
    """Whom a title names. Keys of the same name cannot be told apart, so all of them are meant."""
    kept = func.substr(User.email, 1, _KEPT)
    people = select(User.id).where(User.organisation_id == organisation_id, kept == title.lower())
    keys = select(ApiKey).where(ApiKey.organisation_id == organisation_id)
    named = [key.id for key in session.scalars(keys) if f'the {key.kind} key "{key.name}"'[:_KEPT] == title]
    operator = {OPERATOR} if title == "the operator of this machine" else set()
    return {f"user:{found}" for found in session.scalars(people)} | operator, named
