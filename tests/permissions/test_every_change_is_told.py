"""Every route that changes something leaves an entry in the audit chain, by whoever asked and in the same moment.

The requests are those of the table of who may; where one of them would change nothing, a better one stands here.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from tests.permissions.place import PASSWORD, Town, fresh_database, town
from tests.permissions.test_matrix import API, OWN_PASSWORD, PAGES, THERE, Row, filled, is_page, row_of

from modelward.accounts.manage_users import create_user
from modelward.accounts.principal import KeyKind, Role
from modelward.accounts.service import create_key
from modelward.alerting.channel_tables import Delivery
from modelward.alerting.deliveries import queue
from modelward.alerting.messages import Message
from modelward.alerting.tables import IncidentRow
from modelward.api import declared
from modelward.app import create_application
from modelward.audit.tables import AuditEntry
from modelward.audit.verify import verify_chain
from modelward.kit.clock import now
from modelward.kit.database import change, reading, writing
from modelward.monitoring.constraints import put_constraints
from modelward.registry.service import save_baseline
from modelward.registry.tables import Baseline, Model, Project

MEMBER = Role.MEMBER
WEBHOOK = {"kind": "webhook", "config": {"url": "https://receiver.example/hook"}}
EVENTS = "what programs send is data, kept in the event store; a model that it registers is told of by another test"
SIGNING = "signing in and out opens or ends what somebody holds, and changes nothing of the organisation"

TELLS_NOTHING: Final[Mapping[tuple[str, str], str]] = {
    ("POST", "/auth/login"): SIGNING,
    ("POST", "/auth/token"): SIGNING,
    ("POST", "/auth/logout"): SIGNING,
    ("POST", "/login"): SIGNING,
    ("POST", "/logout"): SIGNING,
    ("POST", "/account/browsers/end"): SIGNING,
    ("POST", "/account/browsers/{session_id}/end"): SIGNING,
    ("POST", "/events"): EVENTS,
    ("POST", "/models/{model}/predictions"): EVENTS,
    ("POST", "/logs/prediction"): EVENTS,
    ("POST", "/logs/prediction/batch"): EVENTS,
    ("PUT", "/logs/prediction/{event_id}"): EVENTS,
    ("POST", "/labels"): EVENTS,
    ("POST", "/auth/register"): "the entry stands in the chain of the organisation that it makes: another test",
    ("POST", "/audit/verify"): "it looks at the chain and keeps what it found",
    ("POST", "/alert-rules/preview"): "it tries what nobody puts in force",
    ("POST", "/policies/preview"): "it tries what nobody puts in force",
    ("POST", "/ingestion/retry"): "there is nothing to retry here: tests/ingest/test_health.py",
    ("POST", "/models/{model}/baseline/window"): "the model has no events here: tests/monitoring/test_told.py",
}
"""Routes that may succeed without an entry, each with the reason."""

CSV = "age\n" + "\n".join(str(20 + number) for number in range(40))
INSTEAD: Final[Mapping[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/projects"): {"body": {"name": "another"}},
    ("PATCH", "/projects/{project}"): {"body": {"name": "renamed"}},
    ("PUT", "/models/{model}/monitor"): {"body": {"bins": 7}},
    ("PUT", "/models/{model}/constraints"): {"body": {"constraints": [{"column": "score", "minimum": 0}]}},
    ("POST", "/models/{model}/baseline"): {"files": {"file": ("reference.csv", CSV.encode())}},
    OWN_PASSWORD: {"body": {"current": PASSWORD, "new": "eight purple herons", "again": "eight purple herons"}},
    ("POST", "/settings/people"): {"body": {"email": "newer@ours.example"}},
    ("POST", "/dashboard/models/{key}/constraints"): {"body": {"column": "score", "minimum": "0.1"}},
    ("POST", "/dashboard/models/{key}/monitor"): {"body": {"minimum_rows": "333"}},
    ("POST", "/settings"): {"body": {"name": "Renamed"}},
    ("POST", "/settings/channels/{channel_id}/change"): {"body": {"name": "named anew"}},
}
"""What is sent where the table's own request would not change anything."""
STAGES: Final[Mapping[str, tuple[str, str | None]]] = {
    "approve": ("draft", None),
    "reject": ("draft", None),
    "rollback": ("deployed", "champion"),
    "{action}": ("draft", None),
}
"""How far the version is before a step that does not begin anywhere."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("told")
    with fresh_database(folder, _migrated_file) as database, town(folder, database) as settled:
        yield settled


def changing() -> list[tuple[str, str]]:
    """Each route that is not for reading, once: one of the API stands in several places and is one function."""
    found = declared(create_application())
    pairs = {(method, route.path) for route in found for method in route.methods or ("GET",)}
    api = {(method, path.removeprefix("/api/v1")) for method, path in pairs if path.startswith("/api/v1/")}
    pages = {(method, path) for method, path in pairs - api if not path.startswith("/api/")}
    return sorted(pair for pair in api | pages if pair[0] not in ("GET", "HEAD", "OPTIONS"))


def entries(ours: Town) -> list[AuditEntry]:
    mine = select(AuditEntry).where(AuditEntry.organisation_id == ours.organisation_id).order_by(AuditEntry.position)
    with reading(ours.whole.database) as session:
        return list(session.scalars(mine))


def asked(ours: Town, method: str, path: str) -> tuple[str, Row]:
    """The address and the request, with things that are there and not yet as they are to be."""
    row = PAGES.get((method, path)) or API.get((method, path)) or Row(set())
    row = row._replace(**INSTEAD.get((method, path), {}))
    home = ours.organisation_id
    with writing(ours.whole.database) as session:
        person = create_user(session, organisation_id=home, email=f"{uuid4().hex}@ours.example", role=MEMBER, now=now())
        person.disabled_at = now() if path.endswith("/enable") else None
        key, _ = create_key(session, organisation_id=home, kind=KeyKind.READ, name="to be tried", now=now())
        session.add(project := Project(organisation_id=home, key=uuid4().hex, created_at=now()))
        if path.endswith("/confirm"):
            change(session, update(Baseline).values(status="replaced"))
            save_baseline(session, model_id=ours.model_id, source="window", status="provisional", now=now())
        model = session.get_one(Model, ours.model_id)
        stage = STAGES.get(path.rpartition("/")[2])
        if stage is not None:
            model.deployment_status, model.deployment_place = stage
        if path.endswith("/constraints/all"):
            wire = [{"column": "score", "maximum": 0.9}]
            put_constraints(session, model=model, wire=wire, now=now())
    if path.endswith(("/approve", "/reject")):  # by somebody else: four eyes
        assert ours.caller("member").post("/api/v1/models/churn/submit", json={}).status_code == 200
    there = {
        **THERE,
        "{action}": "submit",
        "{user_id}": str(person.id),
        "{key_id}": str(key.id),
        "{project}": project.key,
        **alerting(ours, path),
    }
    if path == "/settings/organisations":
        row = row._replace(body={"organisation": ours.organisation_id})
    return filled(path, there), row


def alerting(ours: Town, path: str) -> dict[str, str]:
    """A rule, a silence, a channel, an incident or a delivery to be changed, where the address names one."""
    owner, home = ours.caller("owner"), ours.organisation_id
    wanted = {
        "{rule}": ("/alert-rules", {"title": uuid4().hex, "kind": "drift", "model": "churn"}),
        "{silence}": ("/silences", {"reason": "we know", "hours": 1, "model": "churn"}),
        "{channel_id}": ("/channels", WEBHOOK | {"name": uuid4().hex}),
    }
    made = {
        name: str(owner.post(f"/api/v1{address}", json=body).json()["id"])
        for name, (address, body) in wanted.items()
        if name in path or (name == "{channel_id}" and "{delivery_id}" in path)
    }
    common = {"organisation_id": home, "title": "drift", "sentence": "It moved.", "severity": "warning"}
    with writing(ours.whole.database) as session:
        incident = IncidentRow(group_key=uuid4().hex, opened_at=now(), since=now(), **common)
        session.add(incident)
        session.flush()
        made["{incident}"] = str(incident.id)
        if "{delivery_id}" in path:
            channel = int(made["{channel_id}"])
            said = Message("firing", "drift", "It moved.", organisation_id=home, at=now())
            queue(session, message=said, channel_ids=[channel], now=now())
            made["{delivery_id}"] = str(session.scalar(select(func.max(Delivery.id))))
            change(session, update(Delivery).values(state="failed"))
    return made


@pytest.mark.parametrize(("method", "path"), changing(), ids=lambda part: part)
def test_a_change_leaves_an_entry_by_whoever_made_it(ours: Town, method: str, path: str) -> None:
    if (method, path) in TELLS_NOTHING:
        return
    ours.forget("owner")  # what an earlier change ended
    address, row = asked(ours, method, path)
    page = (method, path) == OWN_PASSWORD or is_page(method, path)
    kind = "operator" if path == "/settings/organisations" else "owner"
    before = len(entries(ours))
    body: dict[str, Any] = {"files": row.files} if row.files else {"data" if page else "json": row.body}
    answer = ours.caller(kind, page=page).request(method, address if page else f"/api/v1{address}", **body)
    assert answer.status_code < 400, answer.text
    told = entries(ours)[before:]
    assert told, "no entry was written: tell it with audit.service.record, in the same transaction"
    author = "the operator of this machine" if kind == "operator" else f"{kind}@ours.example"
    for entry in told:
        assert (entry.author_title, entry.author_kind) == (author, "operator" if kind == "operator" else "user")
        assert entry.address == "192.0.2.7"
    with reading(ours.whole.database) as session:
        assert verify_chain(session, organisation_id=ours.organisation_id).whole
    kept = " ".join(str(value) for entry in told for value in vars(entry).values())
    assert PASSWORD not in kept
    assert "$argon2" not in kept
    assert "eight purple herons" not in kept


def test_the_exceptions_are_routes_that_there_are() -> None:
    there = set(changing())
    assert set(TELLS_NOTHING) | set(INSTEAD) <= there
    assert [pair for pair in there if row_of(*pair) is None and pair != OWN_PASSWORD] == []
