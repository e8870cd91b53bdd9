"""Every route × everybody, against one table that is written by hand and knows nothing of the code."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import httpx2
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from tests.permissions.place import EVENT, PASSWORD, PEOPLE, Town, town

from modelward.api import declared
from modelward.app import create_application

STRANGERS = {"anonymous", "expired key", "revoked key"}
READ = {"viewer", "member", "admin", "owner", "read key", "admin key", "bound key", "operator"}
INGEST = {"member", "admin", "owner", "ingest key", "admin key", "bound key", "operator"}
EDIT = {"member", "admin", "owner", "admin key", "bound key", "operator"}
ADMIN = {"admin", "owner", "admin key", "operator"}
OWN = {"owner", "operator"}
KNOWN = READ | {"ingest key"}
EVERYBODY = KNOWN | STRANGERS
PERSON = {"viewer", "member", "admin", "owner"}
OPERATOR = {"operator"}
UNBOUND = frozenset({"bound key"})
"""The key is bound to one model: it makes no other, and no projects."""
OTHERS = frozenset(READ - ADMIN)
"""They may read and change their own account alone."""
WITH_A_HEADER = {"operator"}
"""The door for events knows no cookies."""

SPAN = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
LOGIN = {"username": "viewer@ours.example", "password": PASSWORD}
FORM_LOGIN = {"email": "viewer@ours.example", "password": PASSWORD}


class Row(NamedTuple):
    """Who may, and a request that lacks nothing."""

    who: set[str]
    body: dict[str, Any] | None = None  # JSON of the API, a form of the pages
    query: str = ""
    files: dict[str, Any] | None = None
    further: frozenset[str] = frozenset()  # these have the right, and are refused for what or whom they mean


API: dict[tuple[str, str], Row] = {
    ("POST", "/auth/register"): Row(EVERYBODY, {}),
    ("POST", "/auth/login"): Row(EVERYBODY, LOGIN),
    ("POST", "/auth/token"): Row(EVERYBODY, LOGIN),
    ("POST", "/auth/logout"): Row(PERSON),
    ("GET", "/auth/me"): Row(KNOWN),
    ("GET", "/users"): Row(ADMIN),
    ("POST", "/users"): Row(ADMIN, {"email": "new@ours.example"}),
    ("GET", "/users/{user_id}"): Row(ADMIN, further=OTHERS),  # somebody else: oneself is another test
    ("PATCH", "/users/{user_id}"): Row(ADMIN, {"name": "Somebody"}, further=OTHERS),
    ("DELETE", "/users/{user_id}"): Row(ADMIN),
    ("POST", "/users/{user_id}/password"): Row(ADMIN, {}, further=OTHERS),
    ("GET", "/api-keys"): Row(ADMIN),
    ("POST", "/api-keys"): Row(ADMIN, {"kind": "read", "name": "one more"}),
    ("GET", "/api-keys/{key_id}"): Row(ADMIN),
    ("DELETE", "/api-keys/{key_id}"): Row(ADMIN),
    ("POST", "/api-keys/{key_id}/rotate"): Row(ADMIN, {}),
    ("GET", "/projects"): Row(READ),
    ("POST", "/projects"): Row(EDIT - UNBOUND, {"name": "risk"}, further=UNBOUND),
    ("GET", "/projects/{project}"): Row(READ),
    ("PATCH", "/projects/{project}"): Row(EDIT - UNBOUND, {"name": "default"}, further=UNBOUND),
    ("GET", "/models"): Row(READ),
    ("POST", "/models"): Row(INGEST - UNBOUND, {"name": "another", "version": "1"}, further=UNBOUND),
    ("GET", "/models/{model}"): Row(READ),
    ("PATCH", "/models/{model}"): Row(EDIT, {"description": "of customers"}),
    ("GET", "/models/{model}/baseline"): Row(READ),
    ("POST", "/models/{model}/baseline"): Row(EDIT, files={"file": ("reference.csv", b"age\n1\n2\n")}),
    ("POST", "/models/{model}/baseline/window"): Row(EDIT, SPAN),
    ("POST", "/models/{model}/baseline/confirm"): Row(EDIT),
    ("GET", "/models/{model}/drift"): Row(READ),
    ("GET", "/models/{model}/drift/current"): Row(READ),
    ("GET", "/models/{model}/metrics"): Row(READ),
    ("GET", "/models/{model}/performance"): Row(READ),
    ("GET", "/models/{model}/fairness"): Row(READ),
    ("GET", "/approvals"): Row(READ),
    ("POST", "/models/{model}/submit"): Row(EDIT, {}),
    ("POST", "/models/{model}/approve"): Row(EDIT, {}),
    ("POST", "/models/{model}/deploy"): Row(EDIT, {"override": False}),
    ("GET", "/models/{model}/may-serve"): Row(READ),
    ("GET", "/models/{model}/evidence-pack"): Row(READ),
    ("GET", "/models/{model}/compare"): Row(READ, query="with=1"),
    ("GET", "/models/{model}/transitions"): Row(READ),
    ("POST", "/models/{model}/request-retraining"): Row(EDIT, {}),
    ("POST", "/models/{model}/rollback"): Row(EDIT, {"justification": "It is slow."}),
    ("POST", "/models/{model}/reject"): Row(EDIT, {"justification": "It leaks."}),
    ("POST", "/models/{model}/retire"): Row(EDIT, {"justification": "It is old."}),
    ("GET", "/models/{model}/quality"): Row(READ),
    ("GET", "/models/{model}/profiles"): Row(READ, query="start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"),
    ("GET", "/models/{model}/segments"): Row(
        READ, query="column=age&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"
    ),
    ("GET", "/models/{model}/slices"): Row(READ, query="start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"),
    ("GET", "/models/{model}/together"): Row(READ, query="start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"),
    ("GET", "/models/{model}/report"): Row(READ, query="start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z"),
    ("GET", "/models/{model}/placebo"): Row(READ),
    ("GET", "/models/{model}/evaluations"): Row(READ),
    ("GET", "/models/{model}/events"): Row(READ),
    ("GET", "/models/{model}/monitor"): Row(READ),
    ("PUT", "/models/{model}/monitor"): Row(EDIT, {}),
    ("GET", "/models/{model}/constraints"): Row(READ),
    ("PUT", "/models/{model}/constraints"): Row(EDIT, {"constraints": []}),
    ("GET", "/models/{model}/status"): Row(READ),
    ("GET", "/models/{model}/risk-history"): Row(READ),
    ("GET", "/policies"): Row(READ),
    ("GET", "/policies/in-force"): Row(READ),
    ("GET", "/policies/{policy}"): Row(READ),
    ("PUT", "/policies"): Row(ADMIN, {"policy": {"at_risk": 40}}),
    ("POST", "/policies/preview"): Row(ADMIN, {"policy": {"at_risk": 40}}),
    ("GET", "/audit"): Row(ADMIN),
    ("GET", "/audit/export"): Row(ADMIN),
    ("GET", "/audit/verify"): Row(ADMIN),
    ("GET", "/alert-rules"): Row(READ),
    ("POST", "/alert-rules"): Row(EDIT, {"title": "Age", "kind": "drift", "model": "churn"}),
    ("POST", "/alert-rules/preview"): Row(EDIT, {"kind": "drift", "model": "churn"}),
    ("GET", "/alert-rules/{rule}"): Row(READ),
    ("PATCH", "/alert-rules/{rule}"): Row(EDIT, {"enabled": False}),
    ("DELETE", "/alert-rules/{rule}"): Row(EDIT),
    ("GET", "/alerts"): Row(READ),
    ("GET", "/alerts/{incident}"): Row(READ),
    ("POST", "/alerts/{incident}/acknowledge"): Row(EDIT, {}),
    ("GET", "/silences"): Row(READ),
    ("POST", "/silences"): Row(EDIT, {"reason": "we know", "hours": 1, "model": "churn"}),
    ("GET", "/silences/{silence}"): Row(READ),
    ("PATCH", "/silences/{silence}"): Row(EDIT, {"reason": "we know more"}),
    ("DELETE", "/silences/{silence}"): Row(EDIT),
    ("GET", "/channels"): Row(READ),
    ("POST", "/channels"): Row(ADMIN, {"kind": "email", "name": "team", "config": {"to": "team@ours.example"}}),
    ("GET", "/channels/{channel_id}"): Row(READ),
    ("PATCH", "/channels/{channel_id}"): Row(ADMIN, {"name": "another"}),
    ("DELETE", "/channels/{channel_id}"): Row(ADMIN),
    ("POST", "/channels/{channel_id}/test"): Row(ADMIN),
    ("GET", "/channels/{channel_id}/preview"): Row(ADMIN),
    ("POST", "/channels/{channel_id}/rotate-secret"): Row(ADMIN),
    ("GET", "/deliveries"): Row(READ),
    ("POST", "/deliveries/{delivery_id}/resend"): Row(ADMIN),
    ("GET", "/dashboard/data"): Row(READ),
    ("GET", "/overview"): Row(READ),
    ("GET", "/ingestion"): Row(READ),
    ("POST", "/ingestion/retry"): Row(EDIT, {}),
    ("POST", "/events"): Row(INGEST - WITH_A_HEADER, EVENT),
    ("POST", "/models/{model}/predictions"): Row(INGEST - WITH_A_HEADER, EVENT),
    ("POST", "/logs/prediction"): Row(INGEST - WITH_A_HEADER, EVENT),
    ("POST", "/logs/prediction/batch"): Row(INGEST - WITH_A_HEADER, EVENT),
    ("PUT", "/logs/prediction/{event_id}"): Row(INGEST - WITH_A_HEADER, {"actual_label": 1}),
    ("POST", "/labels"): Row(INGEST - WITH_A_HEADER, {"event_id": "e1", "label": 1}),
    ("GET", "/health"): Row(EVERYBODY),
    ("GET", "/health/ready"): Row(EVERYBODY),
    ("GET", "/metrics"): Row(READ),
    ("GET", "/openapi.json"): Row(EVERYBODY),
}
PAGES: dict[tuple[str, str], Row] = {
    ("GET", "/"): Row(EVERYBODY),
    ("GET", "/favicon.ico"): Row(EVERYBODY),
    ("GET", "/static"): Row(EVERYBODY),
    ("GET", "/docs"): Row(EVERYBODY),
    ("GET", "/login"): Row(EVERYBODY),
    ("POST", "/login"): Row(EVERYBODY, FORM_LOGIN),
    ("GET", "/login/oidc"): Row(EVERYBODY),
    ("GET", "/login/oidc/callback"): Row(EVERYBODY),
    ("POST", "/logout"): Row(READ),
    ("GET", "/account"): Row(READ),
    ("POST", "/account/name"): Row(PERSON, {"name": "Somebody"}),
    ("POST", "/account/browsers/end"): Row(PERSON),
    ("POST", "/account/browsers/{session_id}/end"): Row(PERSON),
    ("GET", "/dashboard"): Row(READ),
    ("GET", "/dashboard/{rest:path}"): Row(EVERYBODY),
    ("GET", "/dashboard/models/{key}"): Row(READ),
    ("GET", "/dashboard/models/{key}/numbers"): Row(READ, query="part=drift"),
    ("GET", "/dashboard/models/{key}/timeline.json"): Row(READ),
    ("GET", "/dashboard/models/{key}/performance"): Row(READ),
    ("GET", "/dashboard/models/{key}/performance/numbers"): Row(READ),
    ("GET", "/dashboard/models/{key}/fairness"): Row(READ),
    ("GET", "/dashboard/models/{key}/fairness/numbers"): Row(READ),
    ("GET", "/dashboard/models/{key}/quality"): Row(READ),
    ("GET", "/approvals"): Row(READ),
    ("GET", "/dashboard/models/{key}/deployment"): Row(READ),
    ("GET", "/dashboard/models/{key}/compare"): Row(READ, query="with=1"),
    ("POST", "/dashboard/models/{key}/deployment/{action}"): Row(EDIT, {"justification": "It is slow."}),
    ("GET", "/dashboard/models/{key}/quality/numbers"): Row(READ),
    ("GET", "/dashboard/models/{key}/segments"): Row(READ),
    ("GET", "/dashboard/models/{key}/report"): Row(READ),
    ("GET", "/models/{key}/report"): Row(READ),
    ("GET", "/dashboard/models/{key}/monitor"): Row(READ),
    ("POST", "/dashboard/models/{key}/monitor"): Row(EDIT),
    ("GET", "/dashboard/models/{key}/constraints"): Row(READ),
    ("POST", "/dashboard/models/{key}/constraints"): Row(EDIT, {"column": "age"}),
    ("POST", "/dashboard/models/{key}/constraints/all"): Row(EDIT, {"act": "clear"}),
    ("GET", "/dashboard/models/{key}/governance"): Row(READ),
    ("GET", "/dashboard/models/{key}/governance/numbers"): Row(READ),
    ("GET", "/command-center"): Row(READ),
    ("GET", "/command-center/numbers"): Row(READ),
    ("GET", "/policies"): Row(READ),
    ("POST", "/policies"): Row(ADMIN, {"at_risk": "40"}),
    ("POST", "/policies/preview"): Row(ADMIN, {"at_risk": "40"}),
    ("POST", "/dashboard/models/{key}/reference/confirm"): Row(EDIT),
    ("GET", "/dashboard/waiting"): Row(READ, query="since=0"),
    ("POST", "/dashboard/waiting/key"): Row(ADMIN),
    ("GET", "/audit"): Row(READ),
    ("POST", "/audit/verify"): Row(ADMIN),
    ("GET", "/alerts"): Row(READ),
    ("GET", "/alerts/{incident}"): Row(READ),
    ("POST", "/alerts/{incident}/acknowledge"): Row(EDIT),
    ("GET", "/alerts/rules"): Row(READ),
    ("POST", "/alerts/rules"): Row(EDIT, {"title": "Age", "kind": "drift", "bound": "model:churn"}),
    ("GET", "/alerts/rules/new"): Row(EDIT, query="kind=drift"),
    ("GET", "/alerts/rules/{rule}"): Row(READ),
    ("POST", "/alerts/rules/{rule}"): Row(EDIT, {"title": "Age"}),
    ("POST", "/alerts/rules/{rule}/remove"): Row(EDIT, {"understood": "true"}),
    ("GET", "/alerts/silences"): Row(READ),
    ("POST", "/alerts/silences"): Row(EDIT, {"reason": "we know", "hours": "1", "model": "churn"}),
    ("POST", "/alerts/silences/{silence}/expire"): Row(EDIT),
    ("GET", "/settings"): Row(READ),
    ("POST", "/settings"): Row(OWN, {"name": "Ours"}),
    ("GET", "/settings/organisations"): Row(OPERATOR),
    ("POST", "/settings/organisations"): Row(OPERATOR, {"organisation": 999_999}, further=frozenset(READ - OPERATOR)),
    ("GET", "/settings/keys"): Row(ADMIN),
    ("POST", "/settings/keys"): Row(ADMIN, {"kind": "read", "name": "one more"}),
    ("GET", "/settings/keys/{key_id}"): Row(ADMIN),
    ("POST", "/settings/keys/{key_id}/rotate"): Row(ADMIN),
    ("POST", "/settings/keys/{key_id}/revoke"): Row(ADMIN, {"understood": "true"}),
    ("GET", "/settings/channels"): Row(READ),
    ("GET", "/settings/channels/new"): Row(ADMIN),
    ("POST", "/settings/channels/new"): Row(ADMIN, {"kind": "email", "name": "t", "field.to": "t@ours.example"}),
    ("GET", "/settings/channels/deliveries"): Row(READ),
    ("POST", "/settings/channels/deliveries/{delivery_id}/resend"): Row(ADMIN),
    ("GET", "/settings/channels/{channel_id}"): Row(ADMIN),
    ("POST", "/settings/channels/{channel_id}/test"): Row(ADMIN),
    ("POST", "/settings/channels/{channel_id}/change"): Row(ADMIN, {"name": "another"}),
    ("POST", "/settings/channels/{channel_id}/state"): Row(ADMIN, {"state": "paused"}),
    ("POST", "/settings/channels/{channel_id}/rotate"): Row(ADMIN),
    ("POST", "/settings/channels/{channel_id}/delete"): Row(ADMIN, {"understood": "true"}),
    ("GET", "/settings/people"): Row(ADMIN),
    ("POST", "/settings/people"): Row(ADMIN, {"email": "new@ours.example"}),
    ("GET", "/settings/people/{user_id}"): Row(ADMIN),
    ("POST", "/settings/people/{user_id}/role"): Row(ADMIN, {"role": "viewer"}),
    ("POST", "/settings/people/{user_id}/name"): Row(ADMIN, {"name": "Somebody"}),
    ("POST", "/settings/people/{user_id}/link"): Row(ADMIN),
    ("POST", "/settings/people/{user_id}/disable"): Row(ADMIN),
    ("POST", "/settings/people/{user_id}/enable"): Row(ADMIN),
    ("POST", "/settings/people/{user_id}/remove"): Row(ADMIN),
}
OWN_PASSWORD = ("POST", "/account/password")
"""Answers 403 where the present password is wrong, so it has a test of its own."""
ENDING = ("logout", "browsers/end")
"""Whoever asks for these holds nothing afterwards."""
THERE = {"{model}": "churn", "{key}": "churn", "{project}": "default", "{event_id}": "e1", "{rest:path}": "nowhere",
         "{key_id}": "999999", "{user_id}": "999999", "{session_id}": "999999",
         "{rule}": "999999", "{incident}": "999999", "{silence}": "999999",
         "{channel_id}": "999999", "{delivery_id}": "999999"}  # fmt: skip
NOWHERE = {**THERE, "{model}": "nowhere", "{key}": "nowhere", "{project}": "nowhere"}


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, str]]:
    """Each method and path there is, as it is routed."""
    found = declared(create_application())
    return sorted({(method, route.path) for route in found for method in route.methods or ("GET",)})


@pytest.fixture
def ours(tmp_path, database: Engine) -> Iterator[Town]:
    with town(tmp_path, database) as settled:
        yield settled


def row_of(method: str, path: str) -> Row | None:
    """What the table says; HEAD is what GET is."""
    asked = "GET" if method == "HEAD" else method
    bare = re.sub(r"^/api(/v1)?(?=/)", "", path)
    return PAGES.get((asked, path)) or API.get((asked, bare))


def is_page(method: str, path: str) -> bool:
    return ("GET" if method == "HEAD" else method, path) in PAGES


def filled(path: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        path = path.replace(name, value)
    return "/static/mark.svg" if path == "/static" else path


def send(client: TestClient, method: str, path: str, row: Row) -> httpx2.Response:
    """The request of the table."""
    kind = "data" if is_page(method, path) else "json"
    body: dict[str, Any] = {"files": row.files} if row.files else {kind: row.body} if row.body is not None else {}
    answer: httpx2.Response = client.request(method, f"{filled(path, THERE)}?{row.query}", **body)
    return answer


def send_broken(client: TestClient, method: str, path: str) -> httpx2.Response:
    """A request for what is not there, with a body that nobody can read."""
    address = filled(path, NOWHERE) + "?limit=none&since=never&part=none&start=never"
    kind = "application/x-www-form-urlencoded" if is_page(method, path) else "application/json"
    body: dict[str, Any] = {"content": b'{"role": [', "headers": {"content-type": kind}}
    answer: httpx2.Response = client.request(method, address, **({} if method in ("GET", "HEAD") else body))
    return answer


def judged(answer: httpx2.Response, kind: str, row: Row, *, page: bool) -> bool:
    """Whether the answer is what the table says."""
    led_away = answer.status_code == 303 and answer.headers["location"].startswith("/login?next=")
    refused = answer.status_code in (401, 403) or led_away
    if kind in row.who:
        return not refused and answer.status_code < 500
    if kind in STRANGERS:
        return led_away if page else answer.status_code == 401
    unseen = row.who == INGEST - WITH_A_HEADER and kind in WITH_A_HEADER
    return answer.status_code == (401 if unseen else 403)


Ask = Callable[[str, str, str, Row], httpx2.Response]


def wrong_answers(routes: list[tuple[str, str]], ask: Ask, kinds: Callable[[Row], set[str]]) -> list[str]:
    """Where the service and the table disagree."""
    found = []
    for method, path in routes:
        row = row_of(method, path)
        if row is None:
            continue
        for kind in sorted(kinds(row)):
            answer = ask(kind, method, path, row)
            if not judged(answer, kind, row, page=is_page(method, path)):
                found.append(f"{method} {path} as {kind}: {answer.status_code} {answer.headers.get('location', '')}")
    return found


def asking(ours: Town, how: Callable[[TestClient, str, str, Row], httpx2.Response]) -> Ask:
    """Everybody, with what they hold, and with something new once a route has ended that."""

    def ask(kind: str, method: str, path: str, row: Row) -> httpx2.Response:
        answer = how(ours.caller(kind, page=is_page(method, path)), method, path, row)
        if path.endswith(ENDING):
            ours.forget(kind)
        return answer

    return ask


def test_the_table_knows_every_route_and_no_other(routes: list[tuple[str, str]]) -> None:
    unknown = [pair for pair in routes if row_of(*pair) is None and pair != OWN_PASSWORD]
    assert unknown == [], "say in the table who may use it"
    there = {(method, path.removeprefix("/api/v1")) for method, path in routes}
    assert {pair for pair in (API | PAGES) if pair not in there} == set(), "the table knows more than there is"


def test_whoever_may_is_let_through_and_nobody_else(ours: Town, routes: list[tuple[str, str]]) -> None:
    ask = asking(ours, send)
    assert "\n".join(wrong_answers(routes, ask, lambda _: EVERYBODY)) == ""


def test_permission_comes_before_the_body_and_before_what_is_there(ours: Town, routes: list[tuple[str, str]]) -> None:
    ask = asking(ours, lambda client, method, path, _: send_broken(client, method, path))
    assert "\n".join(wrong_answers(routes, ask, lambda row: EVERYBODY - row.who - row.further)) == ""


@pytest.mark.parametrize("name", PEOPLE)
def test_people_reach_their_own_account_and_no_other(ours: Town, name: str) -> None:
    person, own = ours.holding(ours.token(name)), ours.people[name]
    assert person.get(f"/api/v1/users/{own}").json()["email"] == f"{name}@ours.example"
    assert person.patch(f"/api/v1/users/{own}", json={"name": "Me"}).status_code == 200
    assert person.post(f"/api/v1/users/{own}/password", json={}).status_code == 422
    for other in set(ours.people.values()) - {own}:
        expected = 200 if name in ("admin", "owner") else 403
        assert person.get(f"/api/v1/users/{other}").status_code == expected


def test_a_password_is_changed_by_its_person_alone(ours: Town) -> None:
    form = {"current": PASSWORD, "new": "eight purple herons", "again": "eight purple herons"}
    for kind in sorted(EVERYBODY - PERSON):
        answer = ours.caller(kind, page=True).post("/account/password", data=form)
        assert answer.status_code == (303 if kind in STRANGERS else 403), kind
        assert answer.headers.get("location", "/login?next").startswith("/login?next"), kind
    answer = ours.browser("viewer").post("/account/password", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=password-changed")


def test_the_public_of_a_demo_reads_and_does_nothing_else(tmp_path, database, routes) -> None:
    with town(tmp_path, database, public_read=True) as demo:
        personal = {"/account", "/settings"}
        found = []
        for method, path in routes:
            row = row_of(method, path)
            if row is None:
                continue
            may = row.who >= READ and method in ("GET", "HEAD") and path not in personal
            answer = send(demo.client(), method, path, row)
            refused = answer.status_code in (401, 403) or answer.headers.get("location", "").startswith("/login?next=")
            if refused == (may or row.who == EVERYBODY) and (method, path) != ("POST", "/login"):
                found.append(f"{method} {path}: {answer.status_code}")
        assert "\n".join(found) == ""


@pytest.mark.parametrize("content_type", ["image/png", "text/html; charset=none", ""])
def test_the_door_asks_who_is_there_before_it_looks_at_what_they_bring(ours: Town, content_type: str) -> None:
    for kind, status in (("anonymous", 401), ("read key", 403)):
        answer = ours.caller(kind).post("/events", content=b"x", headers={"content-type": content_type})
        assert answer.status_code == status
