"""What a step of the mover did, by model, as the profiles are told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from modelward.events.contract import TIME, Appended
from modelward.ingest.entry_tables import Batch
from modelward.ingest.segments import Waiting


@dataclass(frozen=True, eq=False)
class Moved:
    """What a step did to one model. `events` are the new rows only, in the columns of the event store."""

    model_id: int
    batch: str
    events: pa.Table
    repeated: pa.TimestampArray
    labelled: pa.TimestampArray


def moved_of(
    batches: Mapping[int, Batch], appended: Mapping[int, Appended], touched: pa.Table | None
) -> Iterator[Moved]:
    """What the store said, by model."""
    by_model = _by_model(touched)
    for model_id in sorted(batches.keys() | by_model.keys()):
        labelled = by_model.get(model_id, [])
        if model_id not in batches:
            yield Moved(model_id, "", _COLUMNS.empty_table(), _times([]), _times(labelled))
            continue
        batch, result = batches[model_id], appended[model_id]
        all_new = pc.all(result.new, min_count=0).as_py()
        yield Moved(
            model_id,
            _name(batch.entries),
            batch.table if all_new else batch.table.filter(result.new),
            _times([] if all_new else [batch.table["ts"].filter(pc.invert(result.new))]),
            _times([*labelled, result.labelled["ts"]]),
        )


# The columns, not an empty table: making the first array imports pandas, where that is installed, which takes a second.
_COLUMNS = pa.schema({"event_id": pa.string(), "ts": TIME, "received_at": TIME})


def together(results: Sequence[Appended]) -> Appended:
    new = pa.concat_arrays([chunk for one in results for chunk in _chunks_of(one.new)])
    return Appended(new, pa.concat_tables([one.labelled for one in results]))


def _chunks_of(array: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


def _by_model(touched: pa.Table | None) -> dict[int, list[pa.ChunkedArray]]:
    if touched is None or not touched.num_rows:
        return {}
    models = pc.unique(touched["model_id"]).to_pylist()
    return {model_id: [touched.filter(pc.equal(touched["model_id"], model_id))["ts"]] for model_id in models}


def _times(parts: Sequence[pa.ChunkedArray]) -> pa.TimestampArray:
    chunks = [chunk for part in parts for chunk in part.chunks]
    return pa.concat_arrays(chunks) if chunks else pa.array([], TIME)


def _name(entries: Sequence[Waiting]) -> str:
    first, last = entries[0].position, entries[-1].position
    return f"{first.segment}:{first.id}-{last.segment}:{last.id}"
