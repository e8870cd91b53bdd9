"""Access tokens of people: JSON Web Tokens (RFC 7519, RFC 9068) signed with the service's own secret.

A token says who and until when, never what they may do: role and version are read from the person's row each time, so
that a logout, another role or a disabled account holds at once.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import jwt

from modelward.errors import Unauthorized
from modelward.kit.secrets import derived_key, random_token

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = "modelward"
AUDIENCE = "modelward-api"
PURPOSE = "access token"
LONGEST = 4_096
"""Characters. Ours have about 350; a longer one is refused before anything looks into it."""

_CLAIMS = ["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "ver"]


class Claims(NamedTuple):
    """What a token says that was found to be ours."""

    user_id: int
    version: int
    expires_at: int


def issue_access_token(*, user_id: int, version: int, now: datetime, lasts: timedelta, secret: str) -> str:
    """A token for this person that ends by itself."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "ver": version,
        "iat": now,
        "nbf": now,
        "exp": now + lasts,
        "jti": random_token(),
    }
    return jwt.encode(claims, derived_key(secret, PURPOSE), algorithm=ALGORITHM, headers={"typ": TYPE})


def looks_like_token(credential: str) -> bool:
    """Whether this has the form of a JWT: three parts, which a key has not."""
    return credential.count(".") == 2


def read_access_token(token: str, *, now: datetime, secret: str) -> Claims:
    """What the token says.

    Raises:
        Unauthorized: it is not ours, for another audience, changed, too old, not valid yet, or of another form.
    """
    if len(token) > LONGEST:
        raise _refused()
    try:
        told = jwt.decode_complete(
            token,
            derived_key(secret, PURPOSE),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            # The clock is the caller's, as everywhere.
            options={"require": _CLAIMS, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        return _claims(told["header"], told["payload"], now)
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        raise _refused() from None


def _claims(header: dict[str, object], payload: dict[str, object], now: datetime) -> Claims:
    moment, begins, ends = now.timestamp(), payload["nbf"], payload["exp"]
    if header.get("typ") != TYPE or type(begins) is not int or type(ends) is not int or type(payload["iat"]) is not int:
        raise _refused()
    if not begins <= moment + 1 or moment >= ends:  # one second for clocks that are cut to seconds
        raise _refused()
    version, user_id = payload["ver"], str(payload["sub"])
    if type(version) is not int or not (user_id.isascii() and user_id.isdigit()):
        raise _refused()
    return Claims(int(user_id), version, ends)


def _refused() -> Unauthorized:
    return Unauthorized("This access token is not valid any more, or never was: log in again.")
