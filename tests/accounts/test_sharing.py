"""Each caller has a share of requests a minute; who is not known shares one with their address."""

import pytest
from tests.accounts.whole import whole_service

from modelward.accounts.principal import KeyKind
from modelward.accounts.service import create_key, revoke_key
from modelward.accounts.sharing import network_of
from modelward.kit.clock import now
from modelward.kit.database import writing

LIMIT = 40  # of a caller; an address has 10


@pytest.fixture
def whole(tmp_path, database):
    with whole_service(tmp_path, database, rate_limit_per_minute=LIMIT) as whole:
        yield whole


def spent(client, path, most):
    """Ask until it is too much; the answer that said so. (A minute may begin meanwhile, which lets a few more pass.)"""
    for _ in range(2 * most + 2):
        answer = client.get(path)
        if answer.status_code == 429:
            return answer
    raise AssertionError(f"{path} was never refused")


def test_every_answer_says_what_is_left(whole):
    client = whole.client("admin")
    client.get("/api/v1/models")  # the first request of a credential counts for its address
    answer = client.get("/api/v1/models")
    assert answer.headers["ratelimit-limit"] == str(LIMIT)
    assert answer.headers["ratelimit-policy"] == f"{LIMIT};w=60"
    assert 0 <= int(answer.headers["ratelimit-remaining"]) < LIMIT
    assert 1 <= int(answer.headers["ratelimit-reset"]) <= 60
    for path in ("/login", "/nowhere", "/api/v1/models/nothing", "/dashboard"):
        assert "ratelimit-remaining" in whole.client().get(path).headers, path


def test_a_caller_over_their_share_is_told_when_to_go_on_and_others_are_not_held_up(whole):
    refused = spent(whole.client("admin"), "/api/v1/models", LIMIT)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"].startswith("There were more than 40 requests within a minute: go on in ")
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"]
    assert refused.headers["ratelimit-remaining"] == "0"
    assert whole.client("read").get("/api/v1/models").status_code == 200


def test_people_get_a_page_that_says_so(whole):
    client = whole.client()
    client.headers["accept"] = "text/html"
    refused = spent(client, "/login", LIMIT // 4)
    assert refused.headers["content-type"].startswith("text/html")
    assert "Not so fast" in refused.text


def test_whoever_guesses_keys_is_slowed_down_and_good_keys_behind_the_same_address_go_on(whole):
    good = whole.client("admin")
    assert good.get("/api/v1/models").status_code == 200
    guesser = whole.client()
    guesser.headers["x-api-key"] = whole.keys["read"][:-1] + "_"
    assert guesser.get("/api/v1/models").status_code == 401
    spent(guesser, "/api/v1/models", LIMIT // 4)
    right = whole.client()  # even the right guess is not answered now
    right.headers["x-api-key"] = whole.keys["read"]
    assert right.get("/api/v1/models").status_code == 429
    assert good.get("/api/v1/models").status_code == 200
    assert whole.client("read", address="192.0.2.8").get("/api/v1/models").status_code == 200


def test_a_revoked_key_is_a_stranger_again(whole):
    with writing(whole.database) as session:
        row, token = create_key(session, organisation_id=whole.organisation_id, kind=KeyKind.READ, name="x", now=now())
    client = whole.client()
    client.headers["x-api-key"] = token
    assert [client.get("/api/v1/models").headers["ratelimit-limit"] for _ in range(2)] == ["10", "40"]
    with writing(whole.database) as session:
        revoke_key(session, organisation_id=whole.organisation_id, key_id=row.id, now=now())
    assert client.get("/api/v1/models").status_code == 401
    assert client.get("/api/v1/models").headers["ratelimit-limit"] == "10"


def test_health_static_files_and_events_are_not_counted(whole):
    stranger = whole.client()
    spent(stranger, "/login", LIMIT // 4)
    for path in ("/health", "/api/v1/health", "/api/health/ready", "/static/app.css"):
        answer = stranger.get(path)
        assert answer.status_code != 429
        assert "ratelimit-limit" not in answer.headers
    event = {"model_id": "churn", "features": {"age": 41}, "prediction": 1}
    ingesting = whole.client("ingest")
    assert {ingesting.post("/events", json=event).status_code for _ in range(LIMIT + 5)} == {201}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_what_one_subscriber_has(address, network):
    assert network_of(address) == network
