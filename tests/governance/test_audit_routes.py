"""The chain over HTTP: by pages, searched, exported, verified; for admins alone."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient
from tests.accounts.whole import Whole, whole_service
from tests.audit.chains import NOON, by_hand, tell

from modelward.audit.author import Author
from modelward.audit.chain import Content, as_json, hash_of
from modelward.audit.keys import keys_of
from modelward.kit.database import reading, writing

EVIL = '=HYPERLINK("https://evil.example","open me")'


@pytest.fixture
def whole(tmp_path, each_database: Engine) -> Iterator[Whole]:
    with whole_service(tmp_path, each_database) as service:
        yield service


@pytest.fixture
def admin(whole: Whole) -> TestClient:
    return whole.client("admin")


def told(whole: Whole, count: int, **more: Any) -> None:
    with writing(whole.database) as session:
        for number in range(count):
            tell(session, number, organisation_id=whole.organisation_id, **{"model_id": None, **more})


def seen(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_pages_lead_through_the_whole_chain_newest_first(whole: Whole, admin: TestClient) -> None:
    told(whole, 7)
    positions, cursor = list[int](), None
    while True:
        page = admin.get("/api/v1/audit", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        positions += [item["position"] for item in page["items"]]
        cursor = page.get("next")
        if cursor is None:
            break
    assert positions == list(range(positions[0], 0, -1))
    assert len(positions) == 4 + 7  # the organisation and its three keys came first


def test_entries_are_found_by_what_was_done_to_what_by_whom_and_when(whole: Whole, admin: TestClient) -> None:
    told(whole, 3)
    told(
        whole,
        1,
        author=Author("grace@example.org", "user", 5),
        action="policy.changed",
        object_kind="policy",
        object_id="org",
    )
    told(whole, 1, reason="The quarter's 100 % target", at=NOON + timedelta(days=3))
    assert [item["author"]["title"] for item in seen(admin, action="policy.changed")] == ["grace@example.org"]
    assert len(seen(admin, action="model.")) == 4
    assert len(seen(admin, author="GRACE")) == 1
    assert len(seen(admin, object_kind="model", object_id="0")) == 2
    assert len(seen(admin, start=(NOON + timedelta(days=1)).isoformat(), author="ada")) == 1
    assert len(seen(admin, end=NOON.isoformat(), author="ada")) == 0
    assert len(seen(admin, q="ärger & söhne" if whole.database.dialect.name == "postgresql" else "rger & S")) == 5
    assert len(seen(admin, q="100 % t")) == 1
    assert len(seen(admin, q="%")) == 1, "a sign of LIKE is a sign like any other"
    assert admin.get("/api/v1/audit", params={"model": "nowhere"}).status_code == 404
    assert admin.get("/api/v1/audit", params={"unknown": "filter"}).status_code == 422


def test_entries_of_a_model_are_found_by_its_key(whole: Whole, admin: TestClient) -> None:
    made = admin.post("/api/v1/models", json={"name": "churn"}).json()
    admin.post("/api/v1/models", json={"name": "fraud"})
    [item] = seen(admin, model="churn")
    assert (item["action"], item["model_id"], item["object"]["title"]) == ("model.registered", made["id"], "churn")


def test_what_is_exported_is_what_was_asked_for_and_can_be_verified_by_whoever_has_the_key(
    whole: Whole, admin: TestClient
) -> None:
    told(whole, 3)
    exported = admin.get("/api/v1/audit/export", params={"format": "json"}).json()
    assert exported == seen(admin)[::-1]
    with reading(whole.database) as session:
        key = keys_of(session)[0]
    previous = "0" * 64
    for item in exported:
        said = EntryOf(item, whole.organisation_id)
        assert hash_of(key, previous, said.content) == item["hash"]
        previous = item["hash"]
    assert [
        item["position"]
        for item in admin.get("/api/v1/audit/export", params={"format": "json", "action": "model."}).json()
    ] == [5, 6, 7]


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(whole: Whole, admin: TestClient) -> None:
    told(whole, 1, object_title=EVIL, reason="+1", author=Author("@evil", "key", 1, on_behalf_of="-2", address="\t3"))
    answer = admin.get("/api/v1/audit/export", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (rows[-1]["object"], rows[-1]["reason"], rows[-1]["author"]) == (f"'{EVIL}", "'+1", "'@evil")
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t\r") and cell]
    assert json.loads(rows[-1]["after"]) == {"description": "Ärger & Söhne", "weight": None}


def test_a_long_chain_is_exported_in_little_memory(whole: Whole, admin: TestClient) -> None:
    from modelward.accounts.principal import operator
    from modelward.governance.audit_log import entries_file
    from modelward.governance.audit_schemas import AuditAsked

    told(whole, 520, after={"text": "x" * 2_000})
    by = operator(whole.organisation_id)
    pieces = entries_file(whole.database, reader=by, asked=AuditAsked(), kind="json")
    next(pieces)
    tracemalloc.start()
    size = sum(len(piece) for piece in pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 1_000_000
    assert peak < size * 3 + 2_000_000, "some batches are held, never all of it and its rows"


def test_an_empty_export_is_a_file_all_the_same(admin: TestClient) -> None:
    asked = {"action": "nothing.done"}
    assert admin.get("/api/v1/audit/export", params={"format": "json", **asked}).json() == []
    assert len(admin.get("/api/v1/audit/export", params={"format": "csv", **asked}).text.splitlines()) == 1


def test_the_chain_is_verified_when_somebody_asks(whole: Whole, admin: TestClient) -> None:
    told(whole, 3)
    assert (answer := admin.get("/api/v1/audit/verify").json())["whole"]
    assert answer["entries"] == 7
    by_hand(whole.database, "UPDATE audit_entries SET action = 'x' WHERE position = 6")
    wrong = admin.get("/api/v1/audit/verify").json()
    assert (wrong["whole"], wrong["entries"], wrong["wrong"]["position"]) == (False, 5, 6)
    assert wrong["wrong"]["code"] == "changed"


def test_an_organisation_sees_its_own_chain_alone(whole: Whole, admin: TestClient) -> None:
    with writing(whole.database) as session:
        tell(session, 1, organisation_id=whole.organisation_id + 1, object_title="of another")
    assert "of another" not in admin.get("/api/v1/audit").text
    assert "of another" not in admin.get("/api/v1/audit/export").text


class EntryOf:
    """An exported entry as it was hashed."""

    def __init__(self, item: dict[str, Any], organisation_id: int) -> None:
        from datetime import datetime

        by, to = item["author"], item["object"]
        self.content = Content(
            organisation_id=organisation_id,
            position=item["position"],
            at=datetime.fromisoformat(item["at"]),
            author_title=by["title"],
            author_kind=by["kind"],
            author_id=by["id"],
            on_behalf_of=by["on_behalf_of"],
            address=by["address"],
            action=item["action"],
            object_kind=to["kind"],
            object_id=to["id"],
            object_title=to["title"],
            model_id=item["model_id"],
            before=as_json(item["before"]),
            after=as_json(item["after"]),
            reason=item["reason"],
            key_mark=item["key_mark"],
        )
