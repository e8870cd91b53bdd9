"""Who may use a route: by key, by cookie, or as the public of a demo; and what other sites may not do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.datastructures import Headers

from modelward.accounts.keys import KeyKind
from modelward.accounts.permission import Admin, Ingestor, Reader, token_of
from modelward.accounts.service import create_key, create_organisation, keys_of, revoke_key
from modelward.accounts.sessions import PLAIN_COOKIE, SECURE_COOKIE, begin_session, form_token
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.settings import settings_from

SECRET = "a secret of more than 32 characters"
Client = Callable[..., TestClient]


@pytest.fixture
def client(database: Engine, tmp_path: Path) -> Client:
    app = FastAPI()
    app.state.database = database
    install_problem_handlers(app)

    @app.get("/read")
    def read(reader: Reader) -> int:
        return reader.organisation_id

    @app.post("/ingest")
    def ingest(ingestor: Ingestor) -> int:
        return ingestor.organisation_id

    @app.post("/admin")
    def administer(admin: Admin) -> int:
        return admin.organisation_id

    def make(**settings: str) -> TestClient:
        environment = {"SECRET_KEY": SECRET, **{f"MODELWARD_{name.upper()}": value for name, value in settings.items()}}
        app.state.settings = settings_from(environment, data_dir=tmp_path)
        return TestClient(app, base_url="http://watch.example")

    return make


@pytest.fixture
def ours(database: Engine) -> int:
    with writing(database) as session:
        return create_organisation(session, name="Ours", now=now()).id


def browser(http: TestClient, engine: Engine, organisation_id: int, moment: datetime | None = None) -> str:
    """Let `http` hold the cookie of a session of the operator; answers with the session's token."""
    with writing(engine) as session:
        token = begin_session(session, organisation_id=organisation_id, now=moment or now())
    http.cookies.set(PLAIN_COOKIE, token)
    return token


def key(engine: Engine, organisation_id: int, kind: str) -> dict[str, str]:
    with writing(engine) as session:
        _, token = create_key(session, organisation_id=organisation_id, kind=KeyKind(kind), name="k", now=now())
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("kind", "statuses"), [("ingest", (403, 200, 403)), ("read", (200, 403, 403)), ("admin", (200, 200, 200))]
)
def test_each_kind_of_key_may_do_what_it_is_for(
    client: Client, database: Engine, ours: int, kind: str, statuses: tuple[int, int, int]
) -> None:
    headers, http = key(database, ours, kind), client()
    answers = (
        http.get("/read", headers=headers),
        http.post("/ingest", headers=headers),
        http.post("/admin", headers=headers),
    )
    assert tuple(answer.status_code for answer in answers) == statuses
    for answer in answers:
        told = answer.json()
        assert told == ours or told["detail"].startswith(f'The {kind} key "k" may not ')


@pytest.mark.usefixtures("ours")
def test_without_a_credential_nothing_opens(client: Client) -> None:
    http = client()
    for answer in (http.get("/read"), http.post("/ingest"), http.post("/admin")):
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "Authorization: Bearer" in answer.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer KEY"},
        {"authorization": "bearer KEY"},
        {"authorization": "Bearer  Bearer KEY"},
        {"authorization": "Bearer bearer  KEY "},
        {"x-api-key": "KEY"},
        {"x-api-key": "Bearer KEY"},
        {"authorization": "Basic eDp5", "x-api-key": "KEY"},
    ],
)
def test_a_key_is_found_wherever_programs_put_it(headers: dict[str, str]) -> None:
    assert token_of(Headers(headers)) == "KEY"


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "KEY"}, {"authorization": "Bearer"}, {"authorization": "Bearer a b"}, {"x-api-key": " "}],
)
def test_what_is_no_key_is_not_taken_for_one(headers: dict[str, str]) -> None:
    assert token_of(Headers(headers)) is None


def test_a_wrong_key_is_not_helped_by_a_right_cookie(client: Client, database: Engine, ours: int) -> None:
    http = client()
    browser(http, database, ours)
    assert http.get("/read").status_code == 200
    assert http.get("/read", headers={"x-api-key": "wrong-key"}).status_code == 401


def test_the_use_of_a_key_is_noted(client: Client, database: Engine, ours: int) -> None:
    before = now()
    client().get("/read", headers=key(database, ours, "read"))
    with reading(database) as session:
        [row] = keys_of(session, organisation_id=ours)
    assert row.last_used_at
    assert before <= row.last_used_at <= now()


def test_the_session_of_the_operator_counts_as_admin(client: Client, database: Engine, ours: int) -> None:
    http = client()
    token = form_token(browser(http, database, ours), secret=SECRET)
    assert http.get("/read").json() == ours
    ours_alone = {"x-form-token": token}
    assert http.post("/admin", headers={"sec-fetch-site": "same-origin", **ours_alone}).json() == ours
    assert http.post("/admin", headers={"origin": "http://watch.example", **ours_alone}).json() == ours


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://watch.example", "sec-fetch-site": "cross-site"},
    ],
)
def test_another_site_cannot_use_the_cookie_to_change_anything(
    client: Client, database: Engine, ours: int, headers: dict[str, str]
) -> None:
    http = client()
    token = form_token(browser(http, database, ours), secret=SECRET)
    assert http.post("/admin", headers={**headers, "x-form-token": token}).status_code == 403


@pytest.mark.parametrize("given", ["", "nonsense", "of another session", "with another secret"])
def test_a_form_without_the_sessions_own_token_changes_nothing(
    client: Client, database: Engine, ours: int, given: str
) -> None:
    http = client()
    mine = browser(http, database, ours)
    forged = {
        "of another session": form_token("another session", secret=SECRET),
        "with another secret": form_token(mine, secret=SECRET + "2"),
    }
    headers = {"sec-fetch-site": "same-origin", "x-form-token": forged.get(given, given)}
    answer = http.post("/admin", headers=headers)
    assert answer.status_code == 403
    assert "form" in answer.json()["detail"]


def test_an_old_or_invented_session_opens_nothing(client: Client, database: Engine, ours: int) -> None:
    http = client()
    browser(http, database, ours, now() - timedelta(days=30))
    assert http.get("/read").status_code == 401
    for cookie in (PLAIN_COOKIE, SECURE_COOKIE):
        http = client()
        http.cookies.set(cookie, "nonsense")
        assert http.get("/read").status_code == 401


def test_a_session_of_a_key_ends_with_the_key(client: Client, database: Engine, ours: int) -> None:
    with writing(database) as session:
        row, _ = create_key(session, organisation_id=ours, kind=KeyKind.READ, name="k", now=now())
        token = begin_session(session, organisation_id=ours, key_id=row.id, now=now())
    http = client()
    http.cookies.set(PLAIN_COOKIE, token)
    assert http.get("/read").status_code == 200
    with writing(database) as session:
        revoke_key(session, organisation_id=ours, key_id=row.id, now=now())
    assert http.get("/read").status_code == 401


def test_a_public_demo_can_be_read_by_everybody_and_changed_by_nobody(client: Client, ours: int) -> None:
    http = client(public_read="true")
    assert http.get("/read").json() == ours
    assert http.post("/ingest").status_code == 401
    assert http.post("/admin").status_code == 401


def test_a_public_demo_without_an_organisation_has_nothing_to_read(client: Client) -> None:
    assert client(public_read="true").get("/read").status_code == 401


def test_the_description_of_the_api_tells_where_a_key_goes(client: Client) -> None:
    told = client().get("/openapi.json").json()
    assert set(told["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyHeader"}
    assert told["paths"]["/admin"]["post"]["security"] == [{"HTTPBearer": []}, {"APIKeyHeader": []}]
