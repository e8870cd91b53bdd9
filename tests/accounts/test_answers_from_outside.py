"""What every answer carries, whoever gives it, and who may read it from another origin."""

import pytest
from tests.accounts.whole import whole_service

EVENT = {"model_id": "churn", "features": {"age": 41}, "prediction": 1}
ORIGIN = "https://app.example"


@pytest.fixture
def whole(tmp_path, database):
    with whole_service(tmp_path, database, max_body_bytes=2_000) as whole:
        yield whole


def kinds(whole):
    """An answer of each kind."""
    anybody, admin, ingest = whole.client(), whole.client("admin"), whole.client("ingest")
    ingest.post("/events", json=EVENT)
    model = admin.get("/api/v1/models").json()["items"][0]["id"]
    return {
        "json": admin.get("/api/v1/models"),
        "problem 401": anybody.get("/api/v1/models"),
        "problem 404": admin.get("/api/v1/models/none"),
        "nothing there": anybody.get("/nowhere"),
        "method": anybody.delete("/api/v1/models"),
        "too large": admin.post("/api/v1/models", content=b"x" * 3_000),
        "not valid": admin.post("/api/v1/models", json={"name": 1}),
        "page": anybody.get("/login"),
        "redirect": anybody.get("/"),
        "missing page": anybody.get("/nowhere", headers={"Accept": "text/html"}),
        "measures": admin.get("/metrics"),
        "health": anybody.get("/health"),
        "openapi": admin.get("/api/v1/openapi.json"),
        "export": admin.get(f"/api/v1/models/{model}/events?format=csv"),
    }


def test_every_answer_keeps_to_itself(whole):
    for kind, answer in kinds(whole).items():
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", kind
        assert "frame-ancestors 'none'" in headers["content-security-policy"], kind
        assert headers["x-frame-options"] == "DENY", kind
        assert headers["referrer-policy"] == "same-origin", kind
        assert headers["cache-control"] == "no-store", kind
        assert "server" not in headers, kind
        assert "strict-transport-security" not in headers, kind


def test_the_kinds_are_what_they_say(whole):
    statuses = {kind: answer.status_code for kind, answer in kinds(whole).items()}
    assert statuses == {
        "json": 200, "problem 401": 401, "problem 404": 404, "nothing there": 404, "method": 405, "too large": 413,
        "not valid": 422, "page": 200, "redirect": 307, "missing page": 404, "measures": 200, "health": 200,
        "openapi": 200, "export": 200,
    }  # fmt: skip


def test_static_files_may_be_kept_and_are_not_guessed_at(whole):
    answer = whole.client().get("/static/mark.svg")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_answers_of_the_ingest_door_are_not_guessed_at(whole):
    for answer in (whole.client("ingest").post("/events", json=EVENT), whole.client().post("/events", json=EVENT)):
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_export_is_a_file(whole):
    assert kinds(whole)["export"].headers["content-disposition"].startswith("attachment; filename=")


def test_over_https_browsers_are_told_to_stay_there(whole):
    answer = whole.client(url="https://testserver").get("/login")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_deep_json_is_refused_in_a_sentence(whole):
    deep = b'{"name": "m", "schema_definition": ' + b'{"a":' * 30 + b"1" + b"}" * 31
    answer = whole.client("admin").post("/api/v1/models", content=deep, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "The body is nested deeper than 20 levels: send flatter JSON.",
    )


def test_other_origins_may_not_read_until_they_are_named(whole):
    answer = whole.client("admin").get("/api/v1/models", headers={"Origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    assert whole.client().options("/events", headers=asked).status_code == 405


def test_an_origin_that_is_named_may_log_and_read_with_a_key_and_never_with_cookies(tmp_path, database):
    with whole_service(tmp_path, database, cors_origins=ORIGIN) as whole:
        asked = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key, content-type, idempotency-key",
        }
        for path in ("/events", "/api/v1/models"):
            allowed = whole.client().options(path, headers=asked)
            assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
            assert "access-control-allow-credentials" not in allowed.headers
        logged = whole.client("ingest").post("/events", json=EVENT, headers={"Origin": ORIGIN})
        assert (logged.status_code, logged.headers["access-control-allow-origin"]) == (201, ORIGIN)
        read = whole.client("admin").get("/api/v1/models", headers={"Origin": ORIGIN})
        exposed = {name.strip().lower() for name in read.headers["access-control-expose-headers"].split(",")}
        assert {"ratelimit-remaining", "retry-after", "link", "x-request-id", "idempotency-replayed"} <= exposed
        stranger = whole.client("admin").get("/api/v1/models", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


def test_the_names_it_answers_to_hold_for_the_door_too(tmp_path, database):
    with whole_service(tmp_path, database, hosts=("127.0.0.1",)) as whole:
        ours, theirs = (whole.client("ingest", url=url) for url in ("http://127.0.0.1:8000", "http://evil.example"))
        assert ours.post("/events", json=EVENT).status_code == 201
        assert (theirs.post("/events", json=EVENT).status_code, theirs.get("/health").status_code) == (400, 400)
