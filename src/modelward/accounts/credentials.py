"""Whatever a caller holds, a key or an access token, as who they are."""

from datetime import datetime

from sqlalchemy.orm import Session

from modelward.accounts.principal import Principal
from modelward.accounts.service import authenticate
from modelward.accounts.tokens import looks_like_token, read_access_token
from modelward.accounts.users import principal_of_user


def identify(session: Session, credential: str, *, now: datetime, secret: str) -> Principal:
    """Who holds this credential. What cannot be one is refused without asking the database.

    Raises:
        Unauthorized: nobody does; why is not told.
    """
    if not looks_like_token(credential):
        return authenticate(session, credential, now=now)
    claims = read_access_token(credential, now=now, secret=secret)
    return principal_of_user(session, claims.user_id, version=claims.version)
