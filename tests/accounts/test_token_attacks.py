"""Forged, foreign and broken tokens: all are 401, at the API and at the ingest door; none is a fault of the service."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.accounts.conftest import SECRET, Town

from modelward.accounts.principal import Role
from modelward.accounts.tables import User
from modelward.accounts.tokens import issue_access_token
from modelward.accounts.users import end_everything_of
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.secrets import derived_key

KEY = derived_key(SECRET, "access token")
HEADER = {"alg": "HS256", "typ": "at+jwt"}
SUB = {"sub": "1"}
"""Whom a good token names; each test says who that is."""
EVENT = {"model_id": "churn", "prediction": 1, "features": {"age": 41}}


def claims(**changes: Any) -> dict[str, Any]:
    """Those of a good token of the first person, with changes; None leaves one out."""
    moment = int(time.time())
    good = {
        "iss": "modelward",
        "aud": "modelward-api",
        **SUB,
        "ver": 1,
        "iat": moment,
        "nbf": moment,
        "exp": moment + 3600,
        "jti": "x",
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(payload: Any, *, key: bytes = KEY, digest: Callable[..., Any] = hashlib.sha256, **header: Any) -> str:
    """A token made by hand, as an attacker would, signed with our own key unless said otherwise."""
    body = f"{part(HEADER | header)}.{part(payload)}"
    return f"{body}.{part(hmac.digest(key, body.encode(), digest))}"


def _public_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _by_rsa() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(), key, algorithm="RS256", headers={"typ": "at+jwt"})


DAY = 86_400
ATTACKS: dict[str, Callable[[], str]] = {
    "none": lambda: f"{part({**HEADER, 'alg': 'none'})}.{part(claims())}.",
    "None": lambda: f"{part({**HEADER, 'alg': 'None'})}.{part(claims())}.{part(b'x')}",
    "none, signed": lambda: signed(claims(), alg="none"),
    "no algorithm": lambda: f"{part({'typ': 'at+jwt'})}.{part(claims())}.{part(b'x')}",
    "HS512 with our key": lambda: signed(claims(), digest=hashlib.sha512, alg="HS512"),
    "says RS256, signed with our key": lambda: signed(claims(), alg="RS256"),
    "RS256": _by_rsa,
    "a public key as the secret": lambda: signed(claims(), key=_public_key()),
    "the undivided secret": lambda: signed(claims(), key=SECRET.encode()),
    "an empty key": lambda: signed(claims(), key=b""),
    "another secret": lambda: signed(claims(), key=derived_key(SECRET + "2", "access token")),
    "a key for another purpose": lambda: signed(claims(), key=derived_key(SECRET, "form token")),
    "a foreign audience": lambda: signed(claims(aud="another")),
    "an audience within a list": lambda: signed(claims(aud=["another"])),
    "a foreign issuer": lambda: signed(claims(iss="https://evil.example")),
    "expired": lambda: signed(claims(exp=int(time.time()) - 1)),
    "expired long ago": lambda: signed(claims(exp=1)),
    "not yet valid": lambda: signed(claims(nbf=int(time.time()) + DAY)),
    "an unknown crit": lambda: signed(claims(), crit=["x"], x=1),
    "an empty crit": lambda: signed(claims(), crit=[]),
    "a crit that is no list": lambda: signed(claims(), crit="exp"),
    "b64": lambda: signed(claims(), crit=["b64"], b64=False),
    "another type": lambda: signed(claims(), typ="JWT"),
    "a type that is no text": lambda: signed(claims(), typ=["at+jwt"]),
    "a key of its own": lambda: signed(claims(), jwk={"kty": "oct", "k": part(b"x")}, key=b"x"),
    "a path as key id": lambda: signed(claims(), kid="../../dev/null", key=b""),
    "a changed payload": lambda: ".".join(
        [*signed(claims()).split(".")[:1], part(claims(sub="0")), signed(claims()).split(".")[2]]
    ),
    "no signature": lambda: signed(claims()).rpartition(".")[0] + ".",
    "two parts": lambda: signed(claims()).rpartition(".")[0],
    "four parts": lambda: signed(claims()) + ".x",
    "five parts (encrypted)": lambda: ".".join([part({"alg": "dir", "enc": "A256GCM"}), "", *[part(b"x")] * 3]),
    "dots alone": lambda: "..",
    "a token in a token": lambda: signed(signed(claims()).encode(), cty="JWT"),
    "a payload that is a list": lambda: signed([claims()]),
    "a payload that is no JSON": lambda: signed(b"{"),
    "a payload that is no text": lambda: signed(b"\xff\xfe"),
    "a payload as deep as a well": lambda: signed(b"[" * 1_200 + b"]" * 1_200),
    "a header that is no JSON": lambda: f"{part(b'{')}.{part(claims())}.{part(b'x')}",
    "a header that is a list": lambda: f"{part([HEADER])}.{part(claims())}.{part(b'x')}",
    "no base64": lambda: "a!b.c!d.e!f",
    "a megabyte": lambda: f"{part(HEADER)}.{part(b'x' * 1_000_000)}.{part(b'x')}",
    "a megabyte that is signed": lambda: signed(claims(more="x" * 1_000_000)),
    "a wrong version": lambda: signed(claims(ver=2)),
    "an older version": lambda: signed(claims(ver=0)),
    "a version that is a text": lambda: signed(claims(ver="1")),
    "a version that is true": lambda: signed(claims(ver=True)),
    "a version that is a fraction": lambda: signed(claims(ver=1.0)),
    "nobody": lambda: signed(claims(sub="999999")),
    "a number as sub": lambda: signed(claims(sub=1)),
    "an empty sub": lambda: signed(claims(sub="")),
    "a sub that is no number": lambda: signed(claims(sub="1 OR 1=1")),
    "a huge sub": lambda: signed(claims(sub="9" * 3_000)),
    "a sub beyond the database": lambda: signed(claims(sub=str(2**31))),
    "a negative sub": lambda: signed(claims(sub="-1")),
    "a sub with a NUL": lambda: signed(claims(sub="1\0")),
    "an exp that is a fraction": lambda: signed(claims(exp=time.time() + DAY)),
    "an exp that is a text": lambda: signed(claims(exp=str(int(time.time()) + DAY))),
    "an exp that is true": lambda: signed(claims(exp=True)),
    "an exp without end": lambda: signed(json.dumps(claims()).replace(str(claims()["exp"]), "Infinity").encode()),
    "an exp that is no number": lambda: signed(json.dumps(claims()).replace(str(claims()["exp"]), "NaN").encode()),
    "an exp of 3,000 digits, before which nbf": lambda: signed(claims(exp=-(10**3_000))),
    "a huge nbf": lambda: signed(claims(nbf=10**300)),
    "an iat that is a text": lambda: signed(claims(iat="x")),
    **{f"no {name}": partial(lambda name: signed(claims(**{name: None})), name) for name in claims()},
    "a sub with a blank": lambda: signed(claims(sub=f" {SUB['sub']}")),
    "a sub in other digits": lambda: signed(claims(sub=SUB["sub"].translate({48 + n: 0x660 + n for n in range(10)}))),
}  # fmt: skip


@pytest.fixture
def door(town: Town, tmp_path: Path) -> Iterator[TestClient]:
    """The ingest door over the same database."""
    journal = Journal(tmp_path / "journal", limit_bytes=1 << 30, min_free_disk_bytes=0)
    door = Door(journal, town.database, town.app.state.settings)

    async def alone(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await door(scope, receive, send)
            return
        for what in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{what}.complete"})

    with TestClient(alone) as client:
        yield client
    door.close()


@pytest.fixture
def ada(town: Town, monkeypatch: pytest.MonkeyPatch) -> int:
    """The id of an owner, whom good tokens name."""
    ada = town.person("ada", Role.OWNER).id
    monkeypatch.setitem(SUB, "sub", str(ada))
    return ada


def answers_to(town: Town, door: TestClient, token: str) -> list[int]:
    """The statuses of the API and of the door, by either header."""
    bearer, key = {"Authorization": f"Bearer {token}"}, {"X-API-Key": token}
    api = TestClient(town.app, raise_server_exceptions=False)
    found = [api.get("/auth/me", headers=headers).status_code for headers in (bearer, key)]
    return found + [door.post("/api/v1/events", json=EVENT, headers=headers).status_code for headers in (bearer, key)]


@pytest.mark.usefixtures("ada")
def test_a_token_of_ours_opens_both(town: Town, door: TestClient) -> None:
    for token in (town.log_in("ada")["access_token"], signed(claims())):
        assert answers_to(town, door, token) == [200, 200, 201, 201]


@pytest.mark.usefixtures("ada")
def test_every_attack_is_refused(town: Town, door: TestClient) -> None:
    assert answers_to(town, door, signed(claims())) == [200, 200, 201, 201], "what is changed was right before"
    found = {name: answers_to(town, door, attack()) for name, attack in ATTACKS.items()}
    assert found == dict.fromkeys(ATTACKS, [401] * 4)


def test_a_person_who_is_gone_or_disabled_has_no_token(town: Town, door: TestClient) -> None:
    gone, disabled = town.person("gone", Role.OWNER), town.person("disabled", Role.OWNER)
    tokens = [town.log_in(name)["access_token"] for name in ("gone", "disabled")]
    with writing(town.database) as session:
        session.get_one(User, disabled.id).disabled_at = now()
    with writing(town.database) as session:
        end_everything_of(session, user_id=gone.id)
        session.delete(session.get_one(User, gone.id))
    for token in tokens:
        assert answers_to(town, door, token) == [401] * 4


def test_the_role_is_read_each_time_and_not_from_the_token(town: Town) -> None:
    ada = town.person("ada", Role.VIEWER)
    token = issue_access_token(user_id=ada.id, version=1, now=now(), lasts=timedelta(hours=1), secret=SECRET)
    assert town.client(token).get("/auth/me").json()["role"] == "viewer"
    with writing(town.database) as session:
        session.get_one(User, ada.id).role = Role.ADMIN
    assert town.client(token).get("/auth/me").json()["role"] == "admin"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3), body=st.binary(max_size=60),
       tail=st.text(alphabet="abcAZ09_-.=", max_size=30))  # fmt: skip
def test_no_token_is_a_fault_of_the_service(
    town: Town, door: TestClient, header: dict[str, Any], body: bytes, tail: str
) -> None:
    for token in (f"{part(header)}.{part(body)}.{tail}", signed(body, **header), f"x{tail}"):
        assert answers_to(town, door, token) == [401] * 4
