"""Labels into the DuckDB file, on the caller's cursor and inside its transaction.

A label that found its event is a row of `labels`, at most one for an event; one that did not, of `labels_waiting`.
"""

# ruff: noqa: S608 - Every name in these statements is made or quoted by duckdb_tables, every value is a parameter.

import duckdb
import pyarrow as pa

from modelward.events.contract import TOUCHED, LabelsApplied
from modelward.events.duckdb_tables import KEY

GIVEN = f"""
CREATE OR REPLACE TEMP TABLE given AS
SELECT *, {KEY} AS key, row_number() OVER () AS i FROM given_rows
QUALIFY row_number() OVER (PARTITION BY organisation_id, model_id, event_id ORDER BY sequence DESC) = 1
"""

MATCHED = """
CREATE OR REPLACE TEMP TABLE matched AS
SELECT g.i, k.model_id, g.event_id, k.ts, g.number, g.text, g.labelled_at, g.sequence, g.model_id IS NULL AS everywhere
FROM event_keys k JOIN given g ON k.key = g.key
    JOIN event_tables t ON t.model_id = k.model_id AND t.organisation_id = g.organisation_id
WHERE g.model_id IS NULL OR g.model_id = k.model_id
"""

LATEST = """
CREATE OR REPLACE TEMP TABLE latest AS SELECT * EXCLUDE (i) FROM matched
QUALIFY row_number() OVER (PARTITION BY model_id, event_id, ts ORDER BY sequence DESC) = 1
"""

# The range of ts lets the zone maps leave out the labels of all other times.
REPLACE = """
DELETE FROM labels l USING latest n WHERE l.model_id = n.model_id AND l.ts = n.ts AND l.event_id = n.event_id
    AND l.sequence <= n.sequence
    AND l.ts BETWEEN (SELECT min(ts) FROM latest) AND (SELECT max(ts) FROM latest);
INSERT INTO labels SELECT * FROM latest n WHERE NOT EXISTS (
    SELECT 1 FROM labels l WHERE l.model_id = n.model_id AND l.ts = n.ts AND l.event_id = n.event_id)
"""

WAIT = """
CREATE OR REPLACE TEMP TABLE waiting AS
SELECT * EXCLUDE (key, i) FROM given WHERE i NOT IN (SELECT i FROM matched);
DELETE FROM labels_waiting w USING waiting n WHERE w.organisation_id = n.organisation_id
    AND w.model_id IS NOT DISTINCT FROM n.model_id AND w.event_id = n.event_id AND w.sequence <= n.sequence;
INSERT INTO labels_waiting SELECT * FROM waiting n WHERE NOT EXISTS (
    SELECT 1 FROM labels_waiting w WHERE w.organisation_id = n.organisation_id
        AND w.model_id IS NOT DISTINCT FROM n.model_id AND w.event_id = n.event_id)
"""


def append_labels(cursor: duckdb.DuckDBPyConnection, labels: pa.Table) -> LabelsApplied:
    """Store (conformed) labels: those of known events with their events, the others aside."""
    cursor.register("given_rows", labels)
    cursor.execute(GIVEN)
    cursor.unregister("given_rows")
    cursor.execute(MATCHED)
    cursor.execute(LATEST)
    cursor.execute(REPLACE)
    cursor.execute(WAIT)
    touched = cursor.sql("SELECT model_id, ts FROM latest").to_arrow_table().cast(TOUCHED)
    waiting = cursor.execute("SELECT count(*) FROM waiting").fetchall()
    return LabelsApplied(touched, int(waiting[0][0]))
