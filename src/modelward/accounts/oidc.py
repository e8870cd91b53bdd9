"""Signing in through an OpenID Connect provider: the authorization code flow with PKCE.

OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (the issuer in the answer), RFC 9700 (practice).
What goes wrong is one sentence for the person, who cannot mend it, and a reason in the log for whoever can. The log
never quotes what the provider sent, except the short codes that it chooses from.
"""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from modelward.accounts.oidc_attempt import Attempt, Finished
from modelward.accounts.oidc_http import client, json_of
from modelward.accounts.oidc_people import Told, roles_of
from modelward.errors import Unauthorized, Unavailable
from modelward.settings import Settings

log = logging.getLogger(__name__)

# Only signatures with a key that nobody else has: `none` proves nothing, and HS… is made with the client's own secret.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
KNOWN_FOR = timedelta(hours=1)
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
AT_ONCE = 8
"""Sign-ins that may wait for the provider at the same time. Each holds a thread, of which the pages have forty."""

_MALFORMED = (JoseError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
"""What the libraries raise over an answer that is not in the form that the standards give it."""
_REFUSED = (
    "The sign-in could not be confirmed, so nobody was signed in: start again. "
    "If it fails again, the log of the service says why."
)
_AWAY = (
    "The identity provider does not answer as it should: try again in a minute. "
    "If it goes on, the log of the service says why."
)
_DENIED = "The identity provider did not let you in, or you left it: sign in again, or ask who runs it."


class Provider:
    """The identity provider of the settings."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer
        self.issuer = settings.oidc_issuer
        self.roles = roles_of(settings.oidc_roles)
        self.finished = Finished()
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._groups = settings.oidc_groups_claim
        self._document: dict[str, Any] = {}
        self._document_ends: datetime | None = None
        self._keys: KeySet | None = None
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def address_of(self, attempt: Attempt, *, redirect_uri: str, now: datetime) -> str:
        """Where the browser goes to sign in.

        Raises:
            Unavailable: the provider does not say where, or is not the one that the settings name.
        """
        with self._asking(), self._client(redirect_uri) as http:
            document = self._known_document(http, now)
            scopes = ["openid", "email", "profile"]
            if self._groups in _texts(document.get("scopes_supported")):
                scopes.append(self._groups)
            address, _ = http.create_authorization_url(
                document["authorization_endpoint"],
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                scope=" ".join(scopes),
            )
            return str(address)

    def person_of(self, attempt: Attempt, *, code: str, iss: str | None, redirect_uri: str, now: datetime) -> Told:
        """Who came back from the provider with this code; `iss` is the issuer that the answer named, if it did.

        Raises:
            Unauthorized: what the provider says does not prove who they are.
            Unavailable: it does not answer.
        """
        with self._asking(), self._client(redirect_uri) as http:
            document = self._known_document(http, now)
            if iss != self.issuer and (iss or document.get("authorization_response_iss_parameter_supported")):
                raise ValueError("the answer is from another issuer")  # RFC 9207
            http.token_endpoint_auth_method = self._way_to_prove_us(document)
            token = http.fetch_token(document["token_endpoint"], code=code, code_verifier=attempt.verifier)
            claims = self._checked(http, token, nonce=attempt.nonce, now=now)
            more = self._more_of(http, document, token, claims)
            return self._told(claims, more)

    def refuse(self, error: str) -> Unauthorized:
        """What to raise where the provider answers with an error instead of a code (RFC 6749, 4.1.2.1)."""
        log.warning("sign-in through OpenID Connect: the provider answered with the error %s", _code(error))
        return Unauthorized(_DENIED) if error == "access_denied" else _refused()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        if not self._places.acquire(timeout=1):
            raise Unavailable("Too many people wait for the identity provider: try again in a minute.", retry_after=60)
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, _Unfit) as error:
            log.warning("sign-in through OpenID Connect: the provider cannot be used: %s", _described(error))
            raise Unavailable(_AWAY, retry_after=60) from None
        except (AuthlibBaseError, *_MALFORMED) as error:
            log.warning("sign-in through OpenID Connect was refused: %s", _described(error))
            raise _refused() from None
        finally:
            self._places.release()

    def _client(self, redirect_uri: str) -> Any:
        return client(
            client_id=self._client_id,
            client_secret=self._client_secret,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            leeway=0,  # the access token is used at once or never
        )

    def _known_document(self, http: Any, now: datetime) -> dict[str, Any]:
        """What the provider says of itself, asked for at most once an hour."""
        if self._document_ends is None or self._document_ends <= now:
            address = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
            with _fit():
                document = json_of(http.request("GET", address, withhold_token=True))
            self._check(document)
            self._document, self._document_ends, self._keys = document, now + KNOWN_FOR, None
        return self._document

    def _check(self, document: dict[str, Any]) -> None:
        if document.get("issuer") != self.issuer:
            raise _Unfit("it calls itself another issuer: MODELWARD_OIDC_ISSUER must equal that, letter by letter")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            self._check_address(name, document.get(name))
        if "userinfo_endpoint" in document:
            self._check_address("userinfo_endpoint", document["userinfo_endpoint"])

    def _check_address(self, name: str, address: object) -> None:
        scheme = urlsplit(address).scheme if isinstance(address, str) else ""
        if scheme not in ("https", urlsplit(self.issuer).scheme):
            raise _Unfit(f"its {name} is no address that begins with https")

    def _way_to_prove_us(self, document: dict[str, Any]) -> str:
        """As the provider wants the client's secret; in a header, unless it says that it takes it only in the form."""
        if not self._client_secret:
            return "none"
        ways = _texts(document.get("token_endpoint_auth_methods_supported")) or ("client_secret_basic",)
        return "client_secret_basic" if "client_secret_basic" in ways else "client_secret_post"

    def _checked(self, http: Any, token: dict[str, Any], *, nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of the ID token, once its signature and all that it must say are right (Core 1.0, 3.1.3.7)."""
        decoded = self._decoded(http, str(token["id_token"]))
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
        }
        expected = {"nonce": nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
        claims = CodeIDToken(decoded.claims, decoded.header, options, expected)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        return dict(claims)

    def _decoded(self, http: Any, id_token: str) -> jwt.Token:
        """The ID token, whose signature is right. Keys may have changed since we asked: then we ask once more."""
        registry = _Registry(algorithms=ALGORITHMS, strict_check_header=False)
        known = self._keys
        if known is not None:
            try:
                return jwt.decode(id_token, known, registry=registry)
            except (InvalidKeyIdError, BadSignatureError):
                pass
        self._keys = None
        with _fit():
            published: Any = json_of(http.request("GET", self._document["jwks_uri"], withhold_token=True))
            self._keys = KeySet.import_key_set(published)
        return jwt.decode(id_token, self._keys, registry=registry)

    def _more_of(
        self, http: Any, document: dict[str, Any], token: dict[str, Any], claims: dict[str, Any]
    ) -> dict[str, Any]:
        """What the provider tells when asked for the person, where the ID token does not say all that we want to know.

        It is not signed, so it must at least be of the same person (Core 1.0, 5.3.2).
        """
        wanted = ("email", "email_verified", self._groups)
        if all(name in claims for name in wanted) or "userinfo_endpoint" not in document or "access_token" not in token:
            return {}
        more = json_of(http.request("GET", document["userinfo_endpoint"]))
        if more.get("sub") != claims["sub"]:
            raise ValueError("the user's information is that of another person")
        return more

    def _told(self, claims: dict[str, Any], more: dict[str, Any]) -> Told:
        identity = f"{self.issuer} {claims['sub']}"
        if not claims["sub"].isprintable() or len(identity) > 500:
            raise ValueError("the subject is too long, or has characters that cannot be printed")
        both = {**more, **claims}
        # Whether an address is verified, the source that tells the address has to say.
        whole = "email" in claims and ("email_verified" in claims or "email" not in more)
        source = claims if whole else more
        verified = source.get("email_verified")
        return Told(
            identity=identity,
            email=_text(source.get("email")),
            email_verified=None if verified is None else verified in (True, "true"),  # some send words
            name=_text(both.get("name")),
            groups=_texts(both.get(self._groups)),
        )


class _Registry(JWSRegistry):
    """Takes the name EdDSA without a warning: providers write it, and RFC 9864 only minds that it names no curve."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name] if name == "EdDSA" else super().get_alg(name)


class _Unfit(Exception):  # noqa: N818 - it reads as what it says
    """The provider is not set up as we need it."""


@contextmanager
def _fit() -> Iterator[None]:
    """What the provider publishes must be there and well-formed; that no person can mend by signing in again."""
    try:
        yield
    except _MALFORMED as error:
        raise _Unfit(f"what it publishes is not understood ({type(error).__name__})") from None


@lru_cache(maxsize=4)
def provider_of(settings: Settings) -> Provider:
    """The provider, with what is known of it, as long as this process runs."""
    return Provider(settings)


def _refused() -> Unauthorized:
    return Unauthorized(_REFUSED)


def _described(error: Exception) -> str:
    """What may stand in the log. Authlib's errors quote the provider, which may quote the code that it was sent."""
    if isinstance(error, AuthlibBaseError):
        return f"the error {_code(error.error)}"
    return f"{type(error).__name__}: {error}".partition("\n")[0][:300]


def _code(error: object) -> str:
    """One of the short words that errors of OAuth 2 are; whatever else somebody wrote there is not repeated."""
    return str(error) if re.fullmatch(r"[a-z_]{1,40}", str(error)) else "(not one of OAuth 2)"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    """A list of words; one word alone is a list of one."""
    words = value if isinstance(value, list) else [value]
    return tuple(word for word in words if isinstance(word, str))
