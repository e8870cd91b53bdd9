"""What changes outside of the routes of the table, or in ways of its own, is told too, with who did it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from tests.accounts.whole import NOW, Whole, whole_service
from typer.testing import CliRunner

from modelward.accounts.oidc_people import Told, admit
from modelward.accounts.principal import Role
from modelward.audit.tables import AuditEntry
from modelward.audit.verify import organisations_with_a_chain, verify_chain
from modelward.cli import cli
from modelward.kit.database import open_database, reading, writing

EVENT = {"model_id": "churn", "project_id": "risk", "features": {"age": 41}, "prediction": 1}


@pytest.fixture
def whole(tmp_path, database: Engine) -> Iterator[Whole]:
    with whole_service(tmp_path, database, open_registration=True) as service:
        yield service


def told(database: Engine, action: str | None = None) -> list[AuditEntry]:
    query = select(AuditEntry).order_by(AuditEntry.organisation_id, AuditEntry.position)
    with reading(database) as session:
        for organisation_id in organisations_with_a_chain(session):
            assert verify_chain(session, organisation_id=organisation_id).whole
        return list(session.scalars(query if action is None else query.where(AuditEntry.action == action)))


def by(entry: AuditEntry) -> tuple[Any, ...]:
    return entry.author_title, entry.author_kind, entry.address


def test_a_model_that_its_first_event_registers_is_told_by_the_key_that_sent_it(whole: Whole) -> None:
    for _ in range(2):
        assert whole.client("ingest").post("/api/v1/events", json=EVENT).status_code == 201
    [project], [model] = told(whole.database, "project.created"), told(whole.database, "model.registered")
    assert by(project) == by(model) == ('the ingest key "ingest"', "key", "192.0.2.7")
    assert (project.object_title, model.object_title, model.model_id) == ("risk", "churn", 1)


def test_a_batch_of_two_unknown_models_tells_both(whole: Whole) -> None:
    batch = [EVENT, {**EVENT, "model_id": "fraud"}]
    assert whole.client("ingest").post("/api/v1/events", json=batch).status_code == 201
    assert {entry.object_title for entry in told(whole.database, "model.registered")} == {"churn", "fraud"}


def test_a_key_acts_on_behalf_of_whoever_made_it(whole: Whole) -> None:
    made = whole.client("admin").post("/api/v1/api-keys", json={"kind": "admin", "name": "ci"}).json()["key"]
    client = whole.client()
    client.headers["X-API-Key"] = made
    assert client.post("/api/v1/projects", json={"name": "risk"}).status_code == 201
    [entry] = told(whole.database, "project.created")
    assert by(entry) == ('the admin key "ci"', "key", "192.0.2.7")
    assert entry.on_behalf_of == 'the admin key "admin"'


def test_an_organisation_begins_with_who_registered_it(whole: Whole) -> None:
    assert whole.client().post("/auth/register", json={"name": "My Test Company"}).status_code == 201
    person = {"email": "ada@example.org", "password": "seven violet otters", "name": "Ada"}
    assert whole.client().post("/auth/register", json=person).status_code == 201
    organisations = told(whole.database, "organisation.created")
    assert [by(entry) for entry in organisations] == [
        ("Modelward", "system", None),
        ("whoever registered it", "public", "192.0.2.7"),
        ("ada@example.org", "user", "192.0.2.7"),
    ]
    [user] = told(whole.database, "user.created")
    assert (user.position, user.object_title, user.after) == (2, "ada@example.org", {"name": "Ada", "role": "owner"})


def test_what_the_identity_provider_says_of_a_person_is_told(database: Engine) -> None:
    ada = Told("https://login.example#7", "ada@example.org", True, "Ada", ("ml",))
    for role in (Role.MEMBER, Role.ADMIN):
        with writing(database) as session:
            admit(session, ada, roles={"ml": role}, now=NOW, address="192.0.2.9")
    [made], [changed] = told(database, "user.created"), told(database, "user.role_changed")
    assert by(made) == by(changed) == ("the identity provider", "system", "192.0.2.9")
    assert (changed.before, changed.after) == ({"role": "member"}, {"role": "admin"})


def test_what_did_not_change_is_not_told(whole: Whole) -> None:
    client = whole.client("admin")
    client.post("/api/v1/models", json={"name": "churn", "description": "of customers"})
    before = len(told(whole.database))
    for changes in ({"description": "of customers"}, {}):
        assert client.patch("/api/v1/models/churn", json=changes).status_code == 200
    assert client.put("/api/v1/models/churn/constraints", json={"constraints": []}).status_code == 200
    assert len(told(whole.database)) == before
    assert client.patch("/api/v1/models/churn", json={"description": "of all", "task": None}).status_code == 200
    [entry] = told(whole.database, "model.changed")
    assert (entry.before, entry.after) == ({"description": "of customers"}, {"description": "of all"})


def test_what_is_refused_is_not_told(whole: Whole) -> None:
    before = len(told(whole.database))
    assert whole.client("admin").post("/api/v1/projects", json={"name": ""}).status_code == 422
    assert whole.client("read").post("/api/v1/projects", json={"name": "risk"}).status_code == 403
    assert len(told(whole.database)) == before


def test_the_operator_is_told_from_the_command_line_and_a_key_never(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("MODELWARD_DATA_DIR", str(tmp_path / "data"))
    said = ["admin", "create-user", "--email", "ada@example.org", "--role", "owner", "--password-stdin"]
    assert CliRunner().invoke(cli, said, input="seven violet otters\n").exit_code == 0
    made = CliRunner().invoke(cli, ["admin", "create-key", "--name", "nightly"])
    assert CliRunner().invoke(cli, ["admin", "reset-password", "--email", "ada@example.org"]).exit_code == 0
    database = open_database(f"sqlite:///{tmp_path}/data/metadata.db")
    with reading(database) as session:
        rows = list(session.scalars(select(AuditEntry).order_by(AuditEntry.position)))
    database.dispose()
    actions = ["organisation.created", "user.created", "key.created", "user.password_reset"]
    assert [entry.action for entry in rows] == actions
    assert {by(entry) for entry in rows[1:]} == {("the operator of this machine", "operator", None)}
    assert made.stdout.strip() not in " ".join(str(value) for entry in rows for value in vars(entry).values())
