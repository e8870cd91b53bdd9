from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine
from tests.monitoring.outcomes import Outcomes
from tests.monitoring.world import START, World

from modelward.errors import Invalid
from modelward.events.duckdb import DuckDBStore
from modelward.governance.compare import compared
from modelward.kit.database import reading, writing
from modelward.registry.tables import Model

END = START + timedelta(days=1)


@pytest.fixture
def pair(database: Engine, tmp_path: Path):
    """A champion, and a challenger of the same name that predicted the same events, right where the champion is not."""
    store = DuckDBStore(tmp_path / "events.duckdb")
    champion, challenger = (World.make(database, store, key=key) for key in ("churn", "churn-2"))
    with writing(database) as session:
        one, two = (session.get_one(Model, world.model_id) for world in (champion, challenger))
        two.organisation_id, two.project_id, two.name = one.organisation_id, one.project_id, one.name
    outcomes = Outcomes(champion)
    table = outcomes.send("day", 0, rows=400)
    outcomes.label("day")
    outcomes.work()
    yield champion, challenger, table, outcomes
    store.close()


def between(world: World, this: int, other: int):
    with reading(world.engine) as session:
        one, two = (session.get_one(Model, found) for found in (this, other))
        return compared(session, world.store, one, two, start=START, end=END)


def right(table: pa.Table, outcomes: Outcomes) -> pa.Table:
    """The same events, predicted as they turned out."""
    truth = [outcomes.truth[found] for found in table["event_id"].to_pylist()]
    at = table.schema.get_field_index("prediction")
    table = table.set_column(at, "prediction", pa.array(truth, pa.float64()))
    at = table.schema.get_field_index("latency_ms")
    slower = np.asarray(table["latency_ms"].to_pylist()) + 5.0
    return table.set_column(at, "latency_ms", pa.array(slower))


def test_versions_that_predicted_the_same_events_are_compared_event_by_event(pair):
    champion, challenger, table, outcomes = pair
    challenger.send(right(table, outcomes))
    Outcomes(challenger).work()
    found = between(champion, challenger.model_id, champion.model_id)
    assert found["paired"]
    assert found["common_events"] == 400
    by_metric = {one["metric"]: one for one in found["differences"]}
    accuracy = by_metric["accuracy"]
    assert (accuracy["this"], accuracy["better"]) == (1.0, "this")
    sent = zip(table["event_id"].to_pylist(), table["prediction"].to_pylist(), strict=True)
    hits = np.array([predicted == outcomes.truth[event] for event, predicted in sent])
    apart = 1.0 - hits
    assert accuracy["difference"] == pytest.approx(apart.mean())
    assert accuracy["high"] - accuracy["low"] == pytest.approx(2 * 1.959964 * apart.std(ddof=1) / 20)
    assert by_metric["latency_ms"]["difference"] == pytest.approx(5.0)
    assert by_metric["latency_ms"]["better"] == "other"
    assert by_metric["brier_score"]["better"] == "neither"
    assert found["this"]["performance"]["rows"] == found["other"]["performance"]["rows"] == 400


def test_versions_without_common_events_are_compared_over_the_same_span_and_it_says_so(pair):
    champion, challenger, _, _ = pair
    challenger.send(challenger.events(400, START, prefix="other"))
    found = between(champion, challenger.model_id, champion.model_id)
    assert (found["paired"], found["common_events"], found["differences"]) == (False, 0, [])
    assert "unpaired" in found["told"]
    assert "no reference" in found["this"]["why_not"]["drift"]


def test_only_the_time_in_which_both_had_traffic_is_compared(pair):
    champion, challenger, _, _ = pair
    challenger.send(challenger.events(300, START + timedelta(hours=18), over=timedelta(hours=2), prefix="later"))
    found = between(champion, challenger.model_id, champion.model_id)
    assert START + timedelta(hours=17) < found["start"] < found["end"] < START + timedelta(hours=21)
    assert "over the same span" in found["told"]
    champion_rows = found["other"]["performance"]["rows"]
    assert 0 < champion_rows < 100


def test_versions_that_never_had_traffic_at_the_same_time_are_not_said_to(pair):
    champion, challenger, _, _ = pair
    challenger.send(challenger.events(300, START + timedelta(days=3), prefix="later"))
    found = between(champion, challenger.model_id, champion.model_id)
    assert "never had traffic at the same time" in found["told"]


def test_only_versions_of_one_name_are_compared(pair):
    champion = pair[0]
    with pytest.raises(Invalid, match="Only two versions"):
        between(champion, champion.model_id, champion.model_id)
