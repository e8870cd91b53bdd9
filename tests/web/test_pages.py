"""The pages on a real database and event store, through the routes."""

import re

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine
from tests.monitoring.world import START, World
from tests.web.conftest import DAY, sign_in

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key, create_organisation
from modelward.accounts.sessions import PLAIN_COOKIE, begin_session, create_login_link, form_token
from modelward.events.remote import RemoteStore
from modelward.kit.clock import now
from modelward.kit.database import writing
from modelward.kit.secrets import secret_of


def key_of(world: World, kind: KeyKind) -> str:
    with writing(world.engine) as session:
        return create_key(session, organisation_id=world.organisation_id, kind=kind, name="k", now=now())[1]


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_address_leads_to_the_overview(reader: TestClient) -> None:
    answer = reader.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/dashboard")


def test_whoever_is_not_known_is_led_to_the_login_and_back(stranger: TestClient) -> None:
    answer = stranger.get("/dashboard/models/churn?range=7d")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fdashboard%2Fmodels%2Fchurn%3Frange%3D7d"
    assert 'value="/dashboard/models/churn?range=7d"' in stranger.get(answer.headers["location"]).text


def test_a_one_time_link_opens_the_dashboard_once(stranger: TestClient, world: World) -> None:
    token = world.write(lambda session: create_login_link(session, now=now()))
    answer = stranger.get(f"/login?token={token}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert stranger.get("/dashboard").status_code == 200
    stranger.cookies.clear()
    again = stranger.get(f"/login?token={token}")
    assert again.status_code == 401
    assert "modelward admin login-link" in again.text


def test_a_used_link_does_no_harm_to_whoever_is_signed_in(reader: TestClient) -> None:
    answer = reader.get("/login?token=used")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")


OWN = {"sec-fetch-site": "same-origin"}


def test_a_key_signs_in_to_what_it_may_do_and_no_more(stranger: TestClient, world: World) -> None:
    ingest = stranger.post("/login", data={"key": key_of(world, KeyKind.INGEST)}, headers=OWN)
    assert ingest.status_code == 403
    assert "of the kind ingest" in ingest.text
    assert "set-cookie" not in ingest.headers
    assert stranger.post("/login", data={"key": "nonsense"}, headers=OWN).status_code == 401
    admin = stranger.post(
        "/login", data={"key": f" {key_of(world, KeyKind.ADMIN)}\n", "next": "/dashboard"}, headers=OWN
    )
    assert (admin.status_code, admin.headers["location"]) == (303, "/dashboard")
    assert stranger.get("/dashboard").status_code == 200


def test_a_read_key_signs_in_to_look_and_may_not_decide(stranger: TestClient, world: World, settings) -> None:
    world.auto_reference = 250
    world.send(world.events(1200, START, over=DAY), now=START + DAY)
    world.settle(START + DAY)
    assert stranger.post("/login", data={"key": key_of(world, KeyKind.READ)}, headers=OWN).status_code == 303
    page = stranger.get("/dashboard/models/churn")
    assert page.status_code == 200
    assert "reference/confirm" not in page.text
    assert "Confirming it needs somebody who may decide" in text_of(page.text)
    token = form_token(stranger.cookies[PLAIN_COOKIE], secret=secret_of(settings))
    refused = stranger.post("/dashboard/models/churn/reference/confirm", data={"form_token": token}, headers=OWN)
    assert refused.status_code == 403
    assert "The read key &#34;k&#34; may not change models" in text_of(refused.text)


def test_another_site_cannot_sign_a_reader_in(stranger: TestClient, world: World) -> None:
    key = key_of(world, KeyKind.ADMIN)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}):
        assert "set-cookie" not in stranger.post("/login", data={"key": key}, headers=headers).headers


def test_signing_in_never_leads_to_another_server(stranger: TestClient, world: World) -> None:
    for away in ("//evil.example", "https://evil.example", "/\\evil.example", "/login?token=x"):
        token = world.write(lambda session: create_login_link(session, now=now()))
        answer = stranger.get("/login", params={"token": token, "next": away})
        assert answer.headers["location"] == "/dashboard"


def test_an_organisation_without_models_is_taught_with_its_own_address(
    stranger: TestClient, settings, database
) -> None:
    with writing(database) as session:
        other = create_organisation(session, name="Other", now=now()).id
        token = begin_session(session, organisation_id=other, now=now())
    sign_in(stranger, token, settings)
    page = stranger.get("/dashboard").text
    assert "Waiting for your first event" in page
    assert "curl http://models.example:8000/api/v1/events" in page


def test_a_model_without_events_waits_with_a_snippet_of_its_own(reader: TestClient) -> None:
    page = reader.get("/dashboard/models/churn").text
    assert "Waiting for the first event" in page
    assert "&#34;model_id&#34;: &#34;churn&#34;" in page
    assert "http://models.example:8000/api/v1/models/churn/baseline" in page


def test_the_overview_says_how_each_model_is_and_why(reader: TestClient, drifted: World) -> None:
    page = text_of(reader.get("/dashboard").text)
    assert "1 model: 1 drifted." in page
    assert "age moved" in page


def test_the_model_page_says_what_moved_since_when_and_how_it_was_tested(reader: TestClient, drifted: World) -> None:
    answer = reader.get("/dashboard/models/churn")
    page = text_of(answer.text)
    assert answer.status_code == 200
    assert "Drifted" in page
    assert "1 of 5 columns is in alarm: age since 5 March 2026." in page
    assert "Kolmogorov–Smirnov" in page
    assert "600 rows of reference, 600 in this window" in page
    assert "Half of the answers take" in page
    assert "Bonn" in page
    assert answer.headers["cache-control"] == "no-store"


def test_a_column_and_a_window_are_addresses(reader: TestClient, drifted: World) -> None:
    page = reader.get("/dashboard/models/churn?column=town&window=20260303T0000Z").text
    assert "<code>town</code>" in page
    assert "Tue 3 Mar 2026" in page
    part = reader.get("/dashboard/models/churn?column=town", headers={"x-part": "column"}).text
    assert part.lstrip().startswith('<section id="column"')
    assert "<html" not in part


def test_the_status_refreshes_alone(reader: TestClient, drifted: World) -> None:
    part = reader.get("/dashboard/models/churn", headers={"x-part": "status"}).text
    assert part.lstrip().startswith('<section id="status"')
    assert "Drifted" in part


def test_a_range_holds_for_the_whole_page(reader: TestClient, drifted: World) -> None:
    page = reader.get("/dashboard/models/churn?from=2026-03-02&to=2026-03-03").text
    assert "2 Mar to 3 Mar 2026 (UTC)" in page
    assert "window=20260305" not in page
    assert "window=20260303" in page


def test_addresses_that_mean_nothing_say_what_to_do(reader: TestClient, drifted: World) -> None:
    for address, status, words in (
        ("/dashboard/models/none", 404, "There is no model"),
        ("/dashboard/models/churn?column=none", 404, "has no column"),
        ("/dashboard/models/churn?window=20250101T0000Z", 404, "no such window"),
        ("/dashboard/models/churn?window=yesterday", 422, "names no window"),
        ("/dashboard/models/churn?range=5y", 422, "There is no range"),
        ("/dashboard/models/churn?from=2026-03-05&to=2026-03-02", 422, "ends before it starts"),
        ("/dashboard/models/churn?from=soon", 422, "is not a day"),
        ("/dashboard/models/churn?columns=many", 422, "not understood"),
        ("/dashboard/nowhere", 404, "There is no page"),
    ):
        answer = reader.get(address)
        assert (answer.status_code, words in text_of(answer.text)) == (status, True), address
        assert 'href="/dashboard"' in answer.text


def test_a_provisional_reference_is_confirmed_by_a_person_of_this_site(reader: TestClient, world: World) -> None:
    world.auto_reference = 250
    world.send(world.events(1200, START, over=DAY), now=START + DAY)
    world.settle(START + DAY)
    page = reader.get("/dashboard/models/churn").text
    assert "provisional reference" in page
    action = re.search(r'action="(/dashboard/models/churn/reference/confirm)"', page)
    assert action
    other = reader.post(action[1], headers={"sec-fetch-site": "cross-site"})
    assert other.status_code == 403
    mine = reader.post(action[1], headers={"sec-fetch-site": "same-origin"})
    assert (mine.status_code, mine.headers["location"]) == (303, "/dashboard/models/churn")
    assert "confirmed reference" in reader.get("/dashboard/models/churn").text


def test_the_page_stands_while_the_event_store_is_away(
    reader: TestClient, app: FastAPI, drifted: World, tmp_path
) -> None:
    app.state.events = RemoteStore(tmp_path / "nobody.sock")
    answer = reader.get("/dashboard/models/churn")
    assert answer.status_code == 200
    assert "1 of 5 columns is in alarm" in text_of(answer.text)
    assert "The latest events cannot be shown just now." in text_of(answer.text)


def test_the_page_says_when_the_database_is_away(reader: TestClient, app: FastAPI, tmp_path) -> None:
    app.state.database = create_engine(f"sqlite:///{tmp_path}/no/such/folder.db")
    answer = reader.get("/dashboard")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "The database does not answer" in answer.text


def test_the_numbers_of_a_chart_are_a_page_and_a_part(reader: TestClient, drifted: World) -> None:
    for part, head in (("drift", "PSI"), ("volume", "Events"), ("latency", "p95"), ("predictions", "Window")):
        address = f"/dashboard/models/churn/numbers?part={part}&column=age"
        whole = reader.get(address)
        assert (whole.status_code, head in text_of(whole.text), "<html" in whole.text) == (200, True, True), part
        alone = reader.get(address, headers={"x-part": "numbers"}).text
        assert alone.startswith("<table>")
        assert alone.count("<tr data-from") == 4
    assert reader.get("/dashboard/models/churn/numbers?part=all").status_code == 422
    empty = reader.get("/dashboard/models/churn/numbers?part=volume&from=2025-01-01&to=2025-01-02")
    assert "There are no numbers in this range" in empty.text


def test_the_timeline_is_plain_data(reader: TestClient, drifted: World) -> None:
    data = reader.get("/dashboard/models/churn/timeline.json").json()
    assert len(data["starts"]) == len(data["rows"]) == 4
    assert data["rows"] == [600] * 4
    age = next(column for column in data["columns"] if column["name"] == "age")
    assert age["psi"][-1] > 1
    assert age["since"] == "2026-03-05T00:00:00"


def test_another_organisation_sees_nothing(reader: TestClient, drifted: World, settings, database) -> None:
    with writing(database) as session:
        other = create_organisation(session, name="Other", now=now()).id
        token = begin_session(session, organisation_id=other, now=now())
    sign_in(reader, token, settings)
    assert reader.get("/dashboard/models/churn").status_code == 404
    assert reader.get("/dashboard/models/churn/timeline.json").status_code == 404


def test_every_answer_carries_the_headers_that_keep_it_here(reader: TestClient) -> None:
    for address in ("/dashboard", "/dashboard/models/none", "/static/app.css", "/login"):
        headers = reader.get(address).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_people_get_a_page_for_what_is_not_there_and_programs_a_problem(reader: TestClient) -> None:
    person = reader.get("/nowhere<b>")
    assert (person.status_code, person.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no page /nowhere&lt;b&gt;: choose a model" in text_of(person.text.replace("</code>", ""))
    assert reader.post("/dashboard", headers=OWN).headers["allow"]
    for address, accept in (("/nowhere", "*/*"), ("/nowhere", "application/json"), ("/api/v1/nowhere", "text/html")):
        program = reader.get(address, headers={"accept": accept})
        assert (program.status_code, program.headers["content-type"]) == (404, "application/problem+json"), address
        assert address in program.json()["detail"]


def test_a_fault_is_a_page_for_people_and_is_logged(app: FastAPI, reader: TestClient, caplog) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a wheel came off")

    outside = TestClient(app, raise_server_exceptions=False)
    page = outside.get("/broken", headers={"accept": "text/html"})
    assert (page.status_code, "a wheel" in page.text) == (500, False)
    assert "This is a fault of the service" in page.text
    assert outside.get("/broken").headers["content-type"] == "application/problem+json"
    assert len([record for record in caplog.records if record.message == "GET /broken failed"]) == 2


def test_whoever_may_get_a_page_may_ask_for_its_head(reader: TestClient, drifted: World) -> None:
    for address in ("/dashboard", "/dashboard/models/churn", "/login", "/", "/favicon.ico", "/dashboard/models/none"):
        assert reader.head(address).status_code == reader.get(address).status_code, address
    assert reader.head("/dashboard/models/churn/reference/confirm").status_code == 404


def test_the_icon_is_where_browsers_look_for_it(stranger: TestClient) -> None:
    answer = stranger.get("/favicon.ico", follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_pages_are_compressed_for_whoever_takes_it(reader: TestClient, drifted: World) -> None:
    reader.headers["accept-encoding"] = "identity"
    plain = reader.get("/dashboard/models/churn?range=all")
    assert "content-encoding" not in plain.headers
    small = reader.get("/dashboard/models/churn?range=all", headers={"accept-encoding": "br, gzip;q=0.5"})
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert int(small.headers["content-length"]) < len(plain.content) / 3
    assert text_of(small.text)[:2000] == text_of(plain.text)[:2000]
    data = reader.get("/dashboard/models/churn/timeline.json", headers={"accept-encoding": "gzip"})
    assert data.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in reader.get("/dashboard", headers={"accept-encoding": "gzip;q=0"}).headers


def test_the_page_that_secrets_are_sent_to_is_not_compressed(stranger: TestClient) -> None:
    answer = stranger.get("/login?next=/dashboard/models/churn", headers={"accept-encoding": "gzip"})
    assert len(answer.content) > 1000
    assert "content-encoding" not in answer.headers
