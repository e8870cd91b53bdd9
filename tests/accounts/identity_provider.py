"""A small OpenID Connect provider on loopback, which does everything right until it is told to misbehave."""

import base64
import gzip
import hashlib
import hmac
import json
import secrets
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

CLIENT_ID = "modelward-here"
CLIENT_SECRET = "the-secret-of-the-client"
HUGE = 3 * 1024 * 1024


@cache
def rsa_key(kid: str) -> RSAKey:
    """Made once for all tests: it takes a while."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@cache
def key_for(algorithm: str) -> Any:
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"256": "P-256", "384": "P-384", "512": "P-521"}[algorithm[2:]], {"kid": algorithm})
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", {"kid": algorithm})
    return RSAKey.generate_key(2048, {"kid": algorithm})


@dataclass
class IdentityProvider:
    """What it knows and does. `misbehave` is the name of one thing that it does wrong, or empty."""

    address: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None  # what it tells only when asked; None: it cannot be asked
    misbehave: str = ""
    algorithm: str = "RS256"
    client_secret: str | None = CLIENT_SECRET
    token_auth: tuple[str, ...] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)  # into the ID token, over all that is right
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # over what is right, by the name of the answer
    key: Any = field(default_factory=lambda: rsa_key("first"))
    published: list[Any] | None = None
    seen: list[str] = field(default_factory=list)  # paths
    sent: list[str] = field(default_factory=list)  # every code and token that was ever handed out
    asked: list[dict[str, str]] = field(default_factory=list)  # what browsers asked the authorisation for
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def rotate(self, kid: str) -> None:
        """Another key from now on; the old one is gone."""
        self.key = rsa_key(kid)

    def discovery(self) -> dict[str, Any]:
        document = {
            "issuer": "https://elsewhere.example" if self.misbehave == "another issuer" else self.address,
            "authorization_endpoint": f"{self.address}/authorize?tenant=a",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "email", "profile", "groups"],
        }
        if self.userinfo is not None:
            document["userinfo_endpoint"] = f"{self.address}/userinfo"
        if self.token_auth is not None:
            document["token_endpoint_auth_methods_supported"] = list(self.token_auth)
        return document | self.metadata

    def keys(self) -> dict[str, Any]:
        keys = self.published if self.published is not None else [self.key]
        if self.misbehave == "unknown kid":
            keys = [rsa_key("never used")]
        return {"keys": [key.as_dict(private=False) for key in keys]}

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent: the person is signed in here already, so nothing is asked."""
        self.asked.append(asked)
        assert asked["response_type"] == "code", asked
        assert asked["client_id"] == CLIENT_ID
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        back = {"state": asked["state"]}
        if self.misbehave == "access denied":
            return f"{asked['redirect_uri']}?{urlencode(back | {'error': 'access_denied'})}"
        code = f"code-{len(self.codes)}-{secrets.token_urlsafe(16)}"
        self.codes[code] = asked
        self.sent.append(code)
        where = "https://evil.example/callback" if self.misbehave == "redirect elsewhere" else asked["redirect_uri"]
        return f"{where}?{urlencode(back | {'code': code})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if not self._is_client(form, authorization):
            return 401, {"error": "invalid_client", "error_description": f"{form} {authorization}"}
        asked = self.codes.get(form["code"])
        if asked is None or not self._is_verifier(form, asked) or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": f"the code {form['code']} is not known"}
        if self.misbehave != "code used twice":
            del self.codes[form["code"]]
        access = f"access-token-{len(self.sent)}-of-a-person"
        told: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 30,
            "id_token": self.id_token(asked, access),
        }
        self.sent += [access, told["id_token"]]
        if self.misbehave == "no id token":
            del told["id_token"]
        return 200, told

    def _is_client(self, form: dict[str, str], authorization: str) -> bool:
        if self.client_secret is None:
            return form.get("client_id") == CLIENT_ID and not authorization
        if self.token_auth == ("client_secret_post",):
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, self.client_secret)
        basic = base64.b64encode(f"{CLIENT_ID}:{self.client_secret}".encode()).decode()
        return authorization == f"Basic {basic}" and "client_secret" not in form

    def _is_verifier(self, form: dict[str, str], asked: dict[str, str]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]

    def id_token(self, asked: dict[str, str], access: str) -> str:
        moment = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.address,
            "aud": CLIENT_ID,
            "iat": moment,
            "exp": moment + 300,
            "nonce": asked["nonce"],
            "sub": "subject-of-nobody",
        }
        if self.algorithm == "RS256":
            claims["at_hash"] = base64.urlsafe_b64encode(half).decode().rstrip("=")
        claims |= self.person | self.claims
        wrong: dict[str, dict[str, Any]] = {
            "wrong nonce": {"nonce": "another"},
            "no nonce": {"nonce": None},
            "wrong audience": {"aud": "another-client"},
            "no audience": {"aud": None},
            "to another party from us": {"aud": ["another-client"], "azp": CLIENT_ID},
            "audiences without azp": {"aud": [CLIENT_ID, "another-client"]},
            "for another party": {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
            "expired": {"iat": moment - 7200, "exp": moment - 3600},
            "never expires": {"exp": None},
            "not yet valid": {"nbf": moment + 3600},
            "issued tomorrow": {"iat": moment + 86400, "exp": moment + 90000},
            "issuer of the token": {"iss": "https://elsewhere.example"},
            "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
            "no subject": {"sub": None},
            "empty subject": {"sub": ""},
            "subject is a number": {"sub": 7},
            "subject too long": {"sub": "s" * 600},
        }
        claims |= wrong.get(self.misbehave, {})
        return self._signed({name: value for name, value in claims.items() if value is not None})

    def _signed(self, claims: dict[str, Any]) -> str:
        every = JWSRegistry(algorithms=[*JWSRegistry.algorithms], strict_check_header=False)
        match self.misbehave:
            case "alg none":
                return ".".join(_b64(json.dumps(part)) for part in ({"alg": "none"}, claims)) + "."
            case "alg HS256 with the client's secret":
                key = OctKey.import_key(CLIENT_SECRET)
                return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, key, registry=every)
            case "alg HS256 with the public key":
                # By hand: no library makes this any more.
                public = self.key.as_pem(private=False)
                text = ".".join(_b64(json.dumps(part)) for part in ({"alg": "HS256", "kid": self.key.kid}, claims))
                return f"{text}.{_b64(hmac.digest(public, text.encode(), hashlib.sha256))}"
            case "signed with another key":
                other = rsa_key("of somebody else")
                return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other, registry=every)
            case "brings its own key":
                other = rsa_key("of somebody else")
                named = {"alg": "RS256", "kid": self.key.kid, "jwk": other.as_dict(private=False)}
                return jwt.encode(named, claims, other, registry=every)
            case "changed afterwards":
                head, _, signature = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key).split(".")
                return f"{head}.{_b64(json.dumps(claims | {'groups': ['ml-admins']}))}.{signature}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # EdDSA is an old name
            return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key, registry=every)


def _b64(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        provider, parts = self.server.provider, urlsplit(self.path)
        provider.seen.append(parts.path)
        match parts.path:
            case "/.well-known/openid-configuration":
                self._json(200, provider.discovery(), "discovery")
            case "/keys":
                self._json(200, provider.keys(), "keys")
            case "/authorize":
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                assert asked.pop("tenant") == "a", "the address had parameters of its own"
                self._send(302, b"", {"location": provider.authorize(asked)})
            case "/userinfo":
                known = self.headers.get("authorization", "").removeprefix("Bearer ") in provider.sent
                self._json(200 if known else 401, provider.userinfo or {}, "userinfo")
            case _:
                self._json(404, {}, "")

    def do_POST(self) -> None:
        provider = self.server.provider
        provider.seen.append(self.path)
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        status, told = provider.token(form, self.headers.get("authorization", ""))
        self._json(status, told, "token")

    def _json(self, status: int, told: dict[str, Any], what: str) -> None:
        """`huge token` is an endless answer of the token endpoint, `slow keys` keys that do not come, and so on."""
        provider = self.server.provider
        told = told | provider.answers.get(what, {})
        match provider.misbehave.removesuffix(f" {what}") if provider.misbehave.endswith(f" {what}") else "":
            case "huge":
                told = told | {"padding": "x" * HUGE}
            case "compressed":
                packed = gzip.compress(json.dumps(told | {"padding": "x" * HUGE}).encode())
                return self._send(status, packed, {"content-encoding": "gzip"})
            case "slow":
                self.server.released.wait(20)
            case "trickling":
                return self._trickle()
            case "redirected":
                return self._send(302, b"", {"location": f"{provider.address}/elsewhere?{quote(what)}"})
            case "broken":
                return self._send(status, b"<html>Gateway</html>")
            case "listed":
                return self._send(status, b"[]")
            case "failing":
                status = 500
        self._send(status, json.dumps(told).encode())
        return None

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "1000000")
        self.end_headers()
        while not self.server.released.wait(0.05):
            self.wfile.write(b" ")

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the other side had enough, as it should

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider: IdentityProvider) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.provider = provider
        self.released = threading.Event()


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """A provider for one block."""
    provider = IdentityProvider()
    server = _Server(provider)
    provider.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
