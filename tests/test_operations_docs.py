"""docs/operations.md names every measure and every check that there is, and no other."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from tests.ingest.place import Place

from modelward.operation import Checks, Parts, measures_of

DOCS = (Path(__file__).parents[1] / "docs" / "operations.md").read_text()
ROW = re.compile(r"^\| `(\w+)`", re.MULTILINE)


def parts_of(place: Place) -> Parts:
    return Parts(place.settings, place.database, place.store, place.door, lambda: True, lambda: 0)


def test_every_measure_is_explained(tmp_path: Path, database) -> None:
    place = Place(tmp_path, database)
    try:
        parts = parts_of(place)
        place.door.requests.observe("GET", "/x", 200, 0.1)
        content, _ = measures_of(parts, Checks(parts)).exposition("")
        names = {
            f"{family.name}_total" if family.type == "counter" else family.name
            for family in text_string_to_metric_families(content.decode())
        }
        ours = {name for name in names if name.startswith("modelward_")}
        assert {name for name in ROW.findall(DOCS) if name.startswith("modelward_")} == ours
        assert {name for name in ROW.findall(DOCS) if not name.startswith("modelward_")} == set(Checks(parts).answers())
    finally:
        place.door.close()
        place.close()
