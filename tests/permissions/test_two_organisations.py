"""Two organisations, seeded alike: nobody of the one reads, changes or hears of anything of the other."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any, NamedTuple

import httpx2
import pytest
from sqlalchemy import Engine, select
from tests.monitoring.world import World
from tests.permissions.place import Town, fresh_database, towns
from tests.permissions.test_matrix import API, EVERYBODY, PAGES, Row, is_page

from modelward.accounts.tables import DashboardSession
from modelward.ingest.journal import JournalReader
from modelward.ingest.mover import Mover
from modelward.kit.clock import now
from modelward.kit.database import reading
from modelward.migrations.generate import all_tables
from modelward.monitoring.absorb import absorb

HIDDEN = "hidden-model"
"""Has a name without a mark, because refusals repeat the name that was asked for."""
LISTS = ("/models", "/projects", "/users", "/api-keys", f"/models/{HIDDEN}/events", f"/models/{HIDDEN}/evaluations")
DOOR = ("/predictions", "/logs/prediction/{event_id}")
NOT_THERE = {"{event_id}": "only-here", "{rest:path}": "x"}


class Side(NamedTuple):
    """One organisation, the word that stands in all its data, and the ids of what it has."""

    town: Town
    mark: str
    ids: dict[str, list[str]]


def seed(town: Town, mark: str) -> None:
    """Two models with data, references, verdicts and labels; keys, projects, sessions, kept answers."""
    admin = town.holding(town.keys["admin key"])
    for key, project in (("churn", "shop"), (HIDDEN, "vault")):
        events = [event(mark, key, project, n) for n in range(300)]
        assert admin.post("/api/v1/events", json=events).status_code == 201
        about = {"description": f"{mark} model", "attributes": {"team": mark}}
        assert admin.patch(f"/api/v1/models/{key}", json=about).status_code == 200
    labels = [{"event_id": "e1", "label": f"{mark} outcome"}]
    assert admin.post("/api/v1/labels", json=labels).status_code == 201
    for body in ({"kind": "read", "name": f"{mark} key"}, {"kind": "admin", "name": "bound", "model": HIDDEN}):
        once = {"Idempotency-Key": f"the same {body['name']}"}
        assert admin.post("/api/v1/api-keys", json=body, headers=once).status_code == 201
    assert admin.post("/api/v1/users", json={"email": f"new@{mark}.example", "name": mark}).status_code == 201
    for name in (*town.people, None):
        town.session_token(name)


def event(mark: str, key: str, project: str, n: int) -> dict[str, Any]:
    """Day after day alike, then otherwise: there is an alarm to hear of."""
    moved = n >= 200
    at = now().replace(microsecond=0) - timedelta(days=4) + timedelta(minutes=n)
    features = {f"{mark}_age": n % 50 + 100 * moved, "town": f"{mark}-{project}", f"{mark}_plan": "abc"[n % 3]}
    ids = f"e{n}" if key == "churn" else f"h{n}"
    return {"event_id": ids, "project_id": project, "model_id": key, "timestamp": at.isoformat(),
            "prediction": n % 2, "endpoint": f"/{mark}", "features": features}  # fmt: skip


def move(town: Town) -> None:
    """What waits in the journal into the store, and all work that follows from it."""
    whole = town.whole
    with closing(JournalReader(whole.folder / "journal")) as journal:
        mover = Mover(journal, whole.events, whole.database, absorb)
        while mover.step():
            pass
    world = World(whole.database, whole.events, town.organisation_id, town.model_id, auto_reference=100)
    world.settle(now() + timedelta(days=1))


def side_of(town: Town, mark: str) -> Side:
    admin = town.holding(town.keys["admin key"])

    def ids(path: str) -> list[str]:
        return [str(item["id"]) for item in admin.get(f"/api/v1{path}?limit=100").json()["items"]]

    with reading(town.whole.database) as session:
        mine = select(DashboardSession.id).where(DashboardSession.organisation_id == town.organisation_id)
        sessions = [str(one) for one in session.scalars(mine)]
    models = ids("/models")
    return Side(
        town,
        mark,
        {
            "{model}": models,
            "{key}": models,
            "{project}": ids("/projects"),
            "{key_id}": ids("/api-keys"),
            "{user_id}": ids("/users"),
            "{session_id}": sessions,
        },
    )


@pytest.fixture(scope="module")
def sides(tmp_path_factory, _migrated_file) -> Iterator[tuple[Side, Side]]:
    """Seeded once for all tests: none of them may change what another asks for."""
    folder = tmp_path_factory.mktemp("sides")
    with (
        fresh_database(folder, _migrated_file) as database,
        towns(folder, database, "zebrafish", "axolotl") as (ours, theirs),
    ):
        for town, mark in ((ours, "zebrafish"), (theirs, "axolotl")):
            seed(town, mark)
        move(ours)
        yield side_of(ours, "zebrafish"), side_of(theirs, "axolotl")


def whole_text(answer: httpx2.Response) -> str:
    return f"{answer.headers} {answer.text}".lower()


def rows_of(side: Side) -> str:
    """All that the database holds of an organisation, but when it was last used."""
    organisation, models = side.town.organisation_id, {int(one) for one in side.ids["{model}"]}
    found = []
    with reading(side.town.whole.database) as session:
        for table in all_tables().sorted_tables:
            columns = [column for column in table.columns if column.name not in ("last_used_at", "last_seen_at")]
            for row in session.execute(select(*columns)).mappings():
                if row.get("organisation_id") == organisation or row.get("model_id") in models:
                    found.append(f"{table.name} {sorted((name, str(value)) for name, value in row.items())}")
    return "\n".join(sorted(found))


def addresses_of(there: dict[str, list[str]]) -> Iterator[tuple[str, str, str, Row]]:
    """Each route that takes an id, with each id of the other side."""
    for (method, path), row in (API | PAGES).items():
        prefix = "" if is_page(method, path) else "/api/v1"
        named = next((name for name in there if name in path), None)
        for value in there[named] if named else ():
            filled = path.replace(named or "", value)
            for name, word in NOT_THERE.items():
                filled = filled.replace(name, word)
            yield method, path, prefix + filled, row


def test_an_id_of_the_other_organisation_is_not_there_whatever_is_held_here(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    before, wrong = rows_of(theirs), []
    few = {name: [values[0], values[-1]] for name, values in theirs.ids.items()}
    for method, path, address, row in addresses_of(few):
        for kind in sorted(EVERYBODY):
            client = ours.town.caller(kind, page=is_page(method, path))
            answer = asked(client, method, path, address, row)
            expected: tuple[int, ...] = (404, 422) if path.endswith(DOOR) else (404,)
            if kind not in row.who:
                expected = (401, 403, 404, 303)
            if answer.status_code not in expected or theirs.mark in whole_text(answer):
                wrong.append(f"{method} {address} as {kind}: {answer.status_code}")
    assert "\n".join(wrong) == ""
    assert rows_of(theirs) == before


def asked(client: Any, method: str, path: str, address: str, row: Row) -> httpx2.Response:
    """The request of the table, sent to this address."""
    kind = "data" if is_page(method, path) else "json"
    body: dict[str, Any] = {"files": row.files} if row.files else {kind: row.body} if row.body is not None else {}
    answer: httpx2.Response = client.request(method, f"{address}?{row.query}", **body)
    return answer


def test_what_is_listed_and_shown_is_ones_own(sides: tuple[Side, Side]) -> None:
    for here, there in (sides, sides[::-1]):
        shown = 0
        for (method, path), row in (API | PAGES).items():
            if method != "GET" or path == "/settings/organisations":
                continue
            for kind in sorted(row.who - {"operator"}):
                page = is_page(method, path)
                values = {name: ids[0] for name, ids in here.ids.items()}
                values |= {"{key}": HIDDEN if kind != "bound key" else "churn"}
                address = ("" if page else "/api/v1") + "".join(path)
                for name, value in (values | NOT_THERE).items():
                    address = address.replace(name, value)
                address = address.replace("/static", "/static/mark.svg")
                answer = here.town.caller(kind, page=page).get(f"{address}?{row.query}")
                assert there.mark not in whole_text(answer), f"{address} as {kind}"
                shown += here.mark in whole_text(answer)
        assert shown > 50, "the marks are there to be found"


def test_a_cursor_of_the_other_organisation_leads_to_nothing_of_theirs(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    mine, other = (side.town.holding(side.town.keys["admin key"]) for side in sides)
    for path in LISTS:
        cursor = other.get(f"/api/v1{path}?limit=1").json()["next"]
        assert cursor or path.endswith("evaluations"), path
        answer = mine.get(f"/api/v1{path}", params={"limit": 500 if "events" in path else 100, "cursor": cursor or "x"})
        assert answer.status_code in (200, 422), path
        assert theirs.mark not in whole_text(answer)
    for page in ("/settings/people", "/settings/keys"):
        cursor = other.get("/api/v1/users?limit=1").json()["next"]
        assert theirs.mark not in whole_text(ours.town.browser("owner").get(page, params={"cursor": cursor}))


def test_nothing_of_theirs_is_found_by_a_filter_or_bound_to(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    admin, browser = ours.town.holding(ours.town.keys["admin key"]), ours.town.browser("owner")
    model, project = theirs.ids["{model}"][0], theirs.ids["{project}"][0]
    for query in (f"/dashboard/data?model={model}", f"/api-keys?model={model}", f"/api-keys?project={project}"):
        answer = admin.get(f"/api/v1{query}")
        assert answer.status_code == 404, query
        assert theirs.mark not in whole_text(answer)
    answer = admin.get(f"/api/v1/models?project={project}")
    assert answer.status_code == 404 or answer.json()["items"] == []
    assert browser.get(f"/dashboard/waiting?since=0&model={model}").status_code == 404
    assert browser.post("/dashboard/waiting/key", data={"model": model}).status_code == 404
    before = rows_of(theirs)
    for bound in ({"model": int(model)}, {"model": model}, {"project": int(project)}, {"project": project}):
        answer = admin.post("/api/v1/api-keys", json={"kind": "read", "name": "x", **bound})
        assert answer.status_code == 404, bound
    for wanted in (f"model:{model}", f"project:{project}"):
        form = {"kind": "read", "name": "x", "bound": wanted}
        assert browser.post("/settings/keys", data=form).status_code == 422
    assert rows_of(theirs) == before


def events_of(side: Side, key: str) -> dict[str, Any]:
    admin = side.town.holding(side.town.keys["admin key"])
    items = admin.get(f"/api/v1/models/{key}/events?limit=500").json()["items"]
    return {one["event_id"]: one for one in items}


def test_events_and_labels_stay_in_their_organisation(sides: tuple[Side, Side]) -> None:
    ours, theirs = sides
    sender = ours.town.holding(ours.town.keys["ingest key"])
    events = {key: events_of(theirs, key) for key in ("churn", HIDDEN)}
    assert len(events["churn"]) == len(events[HIDDEN]) == 300
    model = int(theirs.ids["{model}"][0])
    for name in (model, str(model)):
        body = {"event_id": "e9", "model_id": name, "features": {"a": 1}, "prediction": 1}
        assert sender.post("/events", json=body).status_code == 422
        assert sender.post("/labels", json={"event_id": "e9", "model_id": name, "label": 5}).status_code == 422
        assert sender.post(f"/events?model={name}", json={**body, "model_id": None}).status_code in (404, 422)
    for event_id in ("e2", "e3", "h3", "h4"):  # both have them
        assert sender.post("/labels", json={"event_id": event_id, "label": "ours"}).status_code == 201
        assert sender.put(f"/logs/prediction/{event_id}", json={"actual_label": "ours"}).status_code == 201
    other = theirs.town.holding(theirs.town.keys["ingest key"])
    alone = {"event_id": "only-here", "model_id": "churn", "features": {"town": theirs.mark}, "prediction": 1}
    assert sender.post("/labels", json={"event_id": "only-here", "label": "ours"}).status_code == 201
    assert other.post("/events", json=alone).status_code == 201
    again = {"event_id": "e5", "model_id": "churn", "features": {"town": "ours"}, "prediction": 0}
    assert sender.post("/events", json=again).status_code == 201
    move(ours.town)
    after = events_of(theirs, "churn")
    assert after.pop("only-here")["label"] is None
    assert after == events["churn"]
    assert events_of(theirs, HIDDEN) == events[HIDDEN]
    assert events_of(ours, "churn")["e2"]["label"] == "ours"


def test_the_same_idempotency_key_is_another_in_another_organisation(sides: tuple[Side, Side]) -> None:
    answers = []
    for side in sides:
        admin = side.town.holding(side.town.keys["admin key"])
        key = {"Idempotency-Key": "one word"}
        answers.append([admin.post("/api/v1/projects", json={"name": "same"}, headers=key) for _ in range(2)])
    for first, second in answers:
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert first.json() == second.json()
    assert answers[0][0].json()["id"] != answers[1][0].json()["id"]


def test_the_share_of_one_organisation_is_not_taken_by_the_other(tmp_path, database: Engine) -> None:
    with towns(tmp_path, database, "zebrafish", "axolotl", rate_limit_per_minute=12) as (ours, theirs):
        mine, other = (side.holding(side.keys["read key"]) for side in (ours, theirs))
        assert other.get("/api/v1/models").status_code == 200
        statuses = [mine.get("/api/v1/models").status_code for _ in range(20)]
        assert statuses[-1] == 429
        assert int(other.get("/api/v1/models").headers["ratelimit-remaining"]) == 11


def test_a_bound_key_finds_nothing_of_the_rest_of_its_own_organisation(sides: tuple[Side, Side]) -> None:
    ours, _ = sides
    admin = ours.town.holding(ours.town.keys["admin key"])
    hidden, vault = str(admin.get(f"/api/v1/models/{HIDDEN}").json()["id"]), "vault"
    vault_id = str(admin.get(f"/api/v1/projects/{vault}").json()["id"])
    churn = admin.get("/api/v1/models/churn").json()["id"]
    bounds: list[dict[str, Any]] = [{"model": churn}, {"project": "default"}]
    there = {**ours.ids, "{model}": [hidden, HIDDEN], "{key}": [hidden, HIDDEN], "{project}": [vault, vault_id]}
    before, wrong = events_of(ours, HIDDEN), []
    for bound in bounds:
        for kind in ("read", "ingest", "admin"):
            token = admin.post("/api/v1/api-keys", json={"kind": kind, "name": "b", **bound}).json()["key"]
            for method, path, address, row in addresses_of(there):
                answer = asked(ours.town.holding(token), method, path, address, row)
                if answer.status_code not in (401, 403, 404, 422):
                    wrong.append(f"{method} {address} as {kind} bound to {bound}: {answer.status_code}")
                if "zebrafish-vault" in whole_text(answer):
                    wrong.append(f"{method} {address} tells {kind} {bound}")
            sent = {"event_id": "h1", "label": "not theirs"}
            ours.town.holding(token).post("/labels", json=sent)
    assert "\n".join(wrong) == ""
    move(ours.town)
    assert events_of(ours, HIDDEN) == before
