"""People: who they are and what they may do. How they sign in is told in sign_in.py."""

from sqlalchemy.orm import Session

from modelward.accounts.principal import RIGHTS_OF_ROLE, Principal, Role, Scope
from modelward.accounts.tables import User
from modelward.errors import Unauthorized


def principal_of_user(
    session: Session, user_id: int, *, version: int | None = None, session_id: int | None = None
) -> Principal:
    """Who this person is now, whatever their token said when it was made.

    Raises:
        Unauthorized: they are gone or disabled, or all tokens of this `version` were ended.
    """
    user = session.get(User, user_id)
    if user is None or user.disabled_at is not None or (version is not None and version != user.token_version):
        raise Unauthorized("You are signed out: log in again.")
    role = Role(user.role)
    scope = Scope(user.organisation_id)
    return Principal(scope, RIGHTS_OF_ROLE[role], user.email, role.value, user_id=user.id, session_id=session_id)
