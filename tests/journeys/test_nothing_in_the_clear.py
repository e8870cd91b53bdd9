"""A real `modelward serve`, given and giving every kind of secret: none of them stays in it, in any form."""

import base64
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from tests.journeys.running import Running, running

PASSWORD, NEXT_PASSWORD, WRONG = "seven violet otters/+", "eight purple herons&?", "a wrong but telling phrase"
KEY = re.compile(r"mw_(?:ingest|read|admin)_[0-9A-Za-z]{38}")
LINK = re.compile(r"/login\?token=([\w-]+)")
OWN = {"sec-fetch-site": "same-origin"}


def of_people(http: httpx2.Client) -> Iterator[str]:
    """Register, sign in and be refused, refresh, invite, reset; every secret that was sent or seen."""
    http.post("/auth/register", json={"email": "ada@example.org", "password": PASSWORD, "name": "Ada"})
    yield http.post("/auth/register", json={"name": "Theirs"}).json()["api_key"]
    tokens = http.post("/auth/login", data={"username": "ada@example.org", "password": PASSWORD}).json()
    yield from (tokens["access_token"], tokens["refresh_token"])
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    tokens = http.post("/api/v1/auth/token", data=refresh).json()
    yield from (tokens["access_token"], tokens["refresh_token"])
    ada = {"Authorization": f"Bearer {tokens['access_token']}"}
    invited = http.post("/api/v1/users", json={"email": "bob@example.org"}, headers=ada).json()
    yield LINK.findall(invited["invitation"])[0]
    reset = http.post(f"/api/v1/users/{invited['id']}/password", json={}, headers=ada).json()["link"]
    yield LINK.findall(reset)[0]
    me = http.get("/api/v1/auth/me", headers=ada).json()["user_id"]
    change = {"password": NEXT_PASSWORD, "current_password": PASSWORD}
    assert http.post(f"/api/v1/users/{me}/password", json=change, headers=ada).status_code == 200
    yield from of_keys(http, tokens["access_token"])


def of_keys(http: httpx2.Client, ended: str) -> Iterator[str]:
    """Keys made, made twice under one Idempotency-Key, and rotated; and a token that ended, in every place."""
    body = {"username": "ada@example.org", "password": NEXT_PASSWORD}
    token = http.post("/api/v1/auth/login", json=body).json()["access_token"]
    yield token
    ada, once = {"Authorization": f"Bearer {token}"}, {"Idempotency-Key": "one-word-of-ada"}
    made = [
        http.post("/api/v1/api-keys", json={"kind": "admin", "name": "ci"}, headers={**ada, **once}) for _ in range(2)
    ]
    assert made[0].json() == made[1].json()
    yield made[0].json()["key"]
    rotated = http.post(f"/api/v1/api-keys/{made[0].json()['id']}/rotate", json={}, headers={**ada, **once})
    assert rotated.status_code == 422
    rotated = http.post(f"/api/v1/api-keys/{made[0].json()['id']}/rotate", json={}, headers=ada)
    yield rotated.json()["key"]
    assert http.get("/api/v1/models", headers={"X-API-Key": ended}).status_code == 401
    sent = {"model_id": "churn", "features": {"age": 1}, "prediction": 1}
    assert http.post("/events", json=sent, headers={"X-API-Key": rotated.json()["key"]}).status_code == 201


def of_browsers(service: Running, invitation: str) -> Iterator[str]:
    """A browser of the operator, one of a person by password, one by an invitation: sessions, keys and links shown."""
    for begin in (service.link.removeprefix(service.url), "", f"/login?token={invitation}"):
        with service.http() as browser:
            if begin:
                assert browser.get(begin).status_code == 303
            else:
                form = {"email": "ada@example.org", "password": NEXT_PASSWORD}
                assert browser.post("/login", data=form, headers=OWN).status_code == 303
            yield from {cookie.value or "" for cookie in browser.cookies.jar if "session" in cookie.name}
            browser.headers |= OWN
            form_token = re.findall(r'name="form_token" value="([^"]+)"', browser.get("/account").text)
            if form_token and invitation not in begin:
                browser.headers["x-form-token"] = form_token[0]
                yield KEY.findall(browser.post("/dashboard/waiting/key").text)[0]
                person = {"email": f"by{len(begin)}@example.org", "role": "viewer"}
                yield LINK.findall(browser.post("/settings/people", data=person).text)[0]


def guess(http: httpx2.Client) -> None:
    """Wrong passwords from one address, which says each time that it is another."""
    statuses = []
    for n in range(7):
        elsewhere = {"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}", "X-Real-IP": "10.0.0.1"}
        body = {"username": "carol@example.org", "password": WRONG}
        statuses.append(http.post("/auth/login", json=body, headers=elsewhere).status_code)
    assert statuses[5:] == [429, 429], "a header moved the caller elsewhere"


def forms_of(secret: str) -> set[bytes]:
    """The secret as it is, and as programs write it."""
    raw = secret.encode()
    coded = {base64.b64encode(raw[at:])[4:-4] for at in range(3)} | {base64.urlsafe_b64encode(raw)[:-4]}
    return {raw, raw.hex().encode(), raw.hex().upper().encode(), quote(secret, safe="").encode(), *coded}


def dumped(folder: Path) -> bytes:
    """Every file as it lies there, and every database as its statements."""
    kept = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            kept.append(path.read_bytes())
            if kept[-1].startswith(b"SQLite format 3"):
                with closing(sqlite3.connect(path)) as database:
                    kept.append("\n".join(database.iterdump()).encode("utf-8", "surrogateescape"))
    return b"\n".join(kept)


def test_neither_the_folder_nor_the_log_of_a_service_holds_a_secret(tmp_path: Path) -> None:
    folder, log = tmp_path / "data", tmp_path / "log"
    settings: dict[str, Any] = {"MODELWARD_LOG_LEVEL": "debug", "MODELWARD_LOG_FORMAT": "json"}
    settings["MODELWARD_TRUSTED_PROXIES"] = "192.0.2.1"  # not whoever is on this machine
    with log.open("w") as file, running(folder, log=file, **settings) as service, service.http() as http:
        seen = [PASSWORD, NEXT_PASSWORD, WRONG, service.key or "", service.link.partition("token=")[2]]
        seen += [service.admin_key(folder)]
        people = list(of_people(http))
        reset = people[6]  # the link that came in place of the invitation
        seen += [*people, *of_browsers(service, reset)]
        guess(http)
        seen += ["Bearer of my own", "one-word-of-ada"]
        http.get("/api/v1/models", headers={"Authorization": "Bearer Bearer of my own"})
        living = dumped(folder)
    said, kept = log.read_bytes(), dumped(folder)
    assert len(seen) == len(set(seen)) > 20
    assert b"ada@example.org" in kept
    assert b"/api/v1/api-keys" in said
    for where, text in (("folder", kept), ("folder while it runs", living), ("log", said)):
        found = [secret for secret in seen if any(form in text for form in forms_of(secret))]
        assert found == [], where
