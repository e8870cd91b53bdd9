"""The same POST sent twice under one Idempotency-Key has one effect and one answer."""

import sqlite3
import threading
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import func, select, update
from starlette.testclient import TestClient
from tests.accounts.whole import whole_service

from modelward.accounts.api_route import ApiRoute
from modelward.accounts.permission import Admin, Anybody, Editor
from modelward.accounts.principal import KeyKind
from modelward.accounts.service import create_key, create_organisation, revoke_key
from modelward.accounts.tables import ApiKey, IdempotentRequest
from modelward.errors import Conflict, TooMany
from modelward.kit.clock import now
from modelward.kit.database import reading, writing
from modelward.kit.problems import install_problem_handlers
from modelward.kit.web import Writing
from modelward.settings import settings_from

SECRET = "a secret of the service, long enough"


class NewKey(BaseModel):
    name: str


class Place:
    """A few routes with effects that can be counted: keys made, and files, failures and attempts noted."""

    def __init__(self, database: Any, folder: Any) -> None:
        self.database = database
        self.done: list[str] = []
        self.entered, self.leave = threading.Event(), threading.Event()
        self.app = FastAPI()
        self.app.state.database = database
        self.app.state.settings = settings_from({}, data_dir=folder, secret_key=SECRET)
        install_problem_handlers(self.app)
        self.app.include_router(self._router(), prefix="/api/v1")
        with writing(database) as session:
            self.organisation_id = create_organisation(session, name="Here", now=now()).id
        self.key_id, self.key = self.make_key()

    def make_key(self, kind: KeyKind = KeyKind.ADMIN) -> tuple[int, str]:
        with writing(self.database) as session:
            key, token = create_key(session, organisation_id=self.organisation_id, kind=kind, name="test", now=now())
            return key.id, token

    def client(self, key: str | None = None) -> TestClient:
        return TestClient(self.app, headers={"X-API-Key": key or self.key}, raise_server_exceptions=False)

    def post(self, path: str = "/api/v1/keys", *, idempotency: str = "k-1", key: str | None = None, **sent: Any) -> Any:
        if not sent:
            sent = {"json": {"name": "billing"}}
        return self.client(key).post(path, headers={"Idempotency-Key": idempotency}, **sent)

    def keys_named(self, name: str) -> int:
        with reading(self.database) as session:
            return session.scalar(select(func.count()).select_from(ApiKey).where(ApiKey.name == name)) or 0

    def _router(self) -> APIRouter:
        router = APIRouter(route_class=ApiRoute)

        @router.post("/keys", status_code=201)
        def make(body: NewKey, session: Writing, admin: Admin, response: Response) -> dict[str, str]:
            key, token = create_key(
                session, organisation_id=admin.organisation_id, kind=KeyKind.READ, name=body.name, now=now()
            )
            response.headers["Location"] = f"/api/v1/keys/{key.id}"
            return {"key": token}

        @router.post("/other")
        def other(body: NewKey, _: Admin) -> None:
            self.done.append("other")

        @router.post("/fail/{how}")
        def fail(how: str, _: Editor) -> None:
            self.done.append(how)
            raise {"often": TooMany("Not so often."), "taken": Conflict("It is taken."), "fault": KeyError("x")}[how]

        @router.post("/slow")
        def slow(_: Editor) -> None:
            self.entered.set()
            assert self.leave.wait(30)

        @router.post("/files")
        def files(file: UploadFile, _: Editor) -> dict[str, int]:
            self.done.append(str(file.filename))
            return {"bytes": len(file.file.read())}

        @router.post("/stream")
        def stream(_: Editor) -> StreamingResponse:
            self.done.append("stream")
            return StreamingResponse(iter(["a", "b"]))

        @router.post("/token")
        def token(_: Anybody) -> dict[str, int]:
            self.done.append("token")
            return {"token": len(self.done)}

        @router.put("/put")
        def put(_: Editor, request: Request) -> None:
            self.done.append(request.method)

        return router


@pytest.fixture
def place(each_database, tmp_path):
    return Place(each_database, tmp_path)


def test_the_second_has_no_effect_and_the_same_answer_byte_for_byte(place):
    first, second = place.post(), place.post()
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    kept = ("location", "content-type", "content-length")
    assert [second.headers[name] for name in kept] == [first.headers[name] for name in kept]
    assert place.keys_named("billing") == 1


def test_without_the_header_each_request_counts(place):
    client = place.client()
    assert (
        client.post("/api/v1/keys", json={"name": "a"}).json() != client.post("/api/v1/keys", json={"name": "a"}).json()
    )


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/api/v1/keys", {"json": {"name": "another"}}),
        ("/api/v1/keys?dry=1", {"json": {"name": "billing"}}),
        ("/api/v1/other", {"json": {"name": "billing"}}),
    ],
)
def test_another_request_with_the_same_key_is_refused(place, path, sent):
    place.post()
    answer = place.post(path, **sent)
    assert answer.status_code == 422
    assert "was used for another request" in answer.json()["detail"]
    assert place.done == []
    assert place.keys_named("another") == 0


def test_two_callers_may_think_of_the_same_key(place):
    _, theirs = place.make_key()
    assert place.post().json() != place.post(key=theirs).json()
    assert place.keys_named("billing") == 2


def test_a_revoked_key_is_answered_nothing_again(place):
    place.post()
    with writing(place.database) as session:
        revoke_key(session, organisation_id=place.organisation_id, key_id=place.key_id, now=now())
    answer = place.post()
    assert answer.status_code == 401
    assert "mw_" not in answer.text


def test_who_may_not_is_refused_before_anything_is_looked_up_or_read(place):
    _, reading_key = place.make_key(KeyKind.READ)
    assert place.post(key=reading_key).status_code == 403
    assert place.post(key=reading_key, content=b"{no json").status_code == 403
    assert place.post(key="mw_read_wrong", content=b"{no json").status_code == 401


def test_while_the_first_is_being_answered_the_second_has_to_wait(place):
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(place.post("/api/v1/slow").status_code))
    thread.start()
    assert place.entered.wait(30)
    second = place.post("/api/v1/slow")
    place.leave.set()
    thread.join(30)
    assert (second.status_code, second.headers["retry-after"], answers) == (409, "1", [200])
    assert place.post("/api/v1/slow").headers["idempotency-replayed"] == "true"


def test_eight_at_the_same_moment_have_one_effect(place):
    together = threading.Barrier(8)
    answers: list[Any] = []

    def send() -> None:
        client = place.client()
        together.wait(30)
        answers.append(client.post("/api/v1/keys", json={"name": "race"}, headers={"Idempotency-Key": "r"}))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert place.keys_named("race") == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1


def test_failures_of_the_service_and_too_many_are_not_kept_and_refusals_are(place):
    for how, status in (("often", 429), ("fault", 500), ("taken", 409)):
        assert [place.post(f"/api/v1/fail/{how}", idempotency=how).status_code for _ in range(2)] == [status] * 2
    assert place.done == ["often", "often", "fault", "fault", "taken"]
    assert place.post("/api/v1/fail/taken", idempotency="taken").json()["detail"] == "It is taken."


def test_a_body_that_is_not_valid_is_refused_again_in_the_same_words(place):
    first, second = (place.post(json={"nome": "x"}) for _ in range(2))
    assert (first.status_code, second.content) == (422, first.content)
    assert second.headers["idempotency-replayed"] == "true"


def test_a_file_is_the_same_however_its_form_is_cut(place):
    for boundary in ("one", "two"):
        named = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
        body = f"--{boundary}\r\n{named}\r\n\r\n1,2\r\n--{boundary}--\r\n"
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": "f"}
        answer = place.client().post("/api/v1/files", content=body.encode(), headers=kind)
        assert answer.json() == {"bytes": 3}
    assert place.done == ["a.csv"]
    assert place.post("/api/v1/files", idempotency="f", files={"file": ("a.csv", b"1,3")}).status_code == 422


@pytest.mark.parametrize("word", ["", "x" * 256, "tab\there"])
def test_a_key_is_1_to_255_printable_characters(place, word):
    assert place.post(idempotency=word).status_code == 422
    assert place.keys_named("billing") == 0


def test_a_key_sent_twice_in_one_request_is_none(place):
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert place.client().post("/api/v1/keys", json={"name": "x"}, headers=headers).status_code == 422


def test_routes_that_anybody_may_use_and_other_methods_pass_it_by(place):
    assert place.post("/api/v1/token").json() != place.post("/api/v1/token").json()
    for _ in range(2):
        place.client().put("/api/v1/put", headers={"Idempotency-Key": "p"})
    assert place.done == ["token", "token", "PUT", "PUT"]


def test_an_answer_that_is_streamed_is_not_kept(place):
    assert [place.post("/api/v1/stream").text for _ in range(2)] == ["ab", "ab"]
    assert place.done == ["stream", "stream"]


def test_after_a_day_the_key_is_new_and_the_old_answer_is_gone(place):
    first = place.post()
    _move_back(place, timedelta(hours=25))
    assert place.post(idempotency="unrelated").status_code == 201
    with reading(place.database) as session:
        assert session.scalar(select(func.count()).select_from(IdempotentRequest)) == 1
    assert place.post().json() != first.json()


def test_a_request_that_was_cut_off_is_never_done_twice(place):
    place.post()
    _move_back(place, timedelta(minutes=6), status=None, answer=None)  # as after a crash before the answer was noted
    answer = place.post()
    assert answer.status_code == 409
    assert "was cut off" in answer.json()["detail"]
    assert "retry-after" not in answer.headers
    assert place.keys_named("billing") == 1


def test_an_answer_that_another_secret_sealed_is_not_given_and_not_done_again(place):
    place.post()
    place.app.state.settings = place.app.state.settings.model_copy(update={"secret_key": "another " + SECRET})
    assert place.post().status_code == 409
    assert place.keys_named("billing") == 1


def test_the_database_holds_neither_the_key_that_was_shown_once_nor_the_word(database, tmp_path):
    place = Place(database, tmp_path)
    shown = place.post(idempotency="a-word-of-the-sender").json()["key"]
    connection = sqlite3.connect(str(database.url.database))
    dump = "\n".join(connection.iterdump())
    connection.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.glob("metadata.db*"))
    assert "idempotent_requests" in dump
    for secret in (shown, shown[8:-6], "a-word-of-the-sender", shown.encode().hex().upper()):
        assert secret not in dump
        assert secret.encode() not in raw


def test_every_post_of_the_api_but_ingest_and_signing_in_takes_it_and_openapi_says_so(database, tmp_path):
    with whole_service(tmp_path, database) as whole:
        paths = whole.client("admin").get("/api/v1/openapi.json").json()["paths"]
    without = {
        path.removeprefix("/api/v1")
        for path, methods in paths.items()
        if "post" in methods
        and "Idempotency-Key" not in {one.get("name") for one in methods["post"].get("parameters", [])}
    }
    assert without == {
        "/auth/login", "/auth/register", "/auth/token", "/events", "/labels", "/logs/prediction",
        "/logs/prediction/batch", "/models/{model}/predictions",
    }  # fmt: skip


def _move_back(place: Place, by: timedelta, **values: Any) -> None:
    with writing(place.database) as session:
        session.execute(update(IdempotentRequest).values(begun_at=now() - by, **values))
