"""What an entry of the audit chain adds to the transaction that it stands in, and how fast a chain is verified.

Each append is timed from the call of `record` to its return, in a transaction of its own on SQLite. Prints JSON.
"""

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from modelward.audit.author import Author
from modelward.audit.keys import use_secrets
from modelward.audit.service import record
from modelward.audit.verify import verify_chain
from modelward.kit.database import migrate, open_database, reading, writing

ADA = Author("ada@example.org", "user", 3, address="192.0.2.7")
START = datetime(2026, 1, 5, tzinfo=UTC)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = use_secrets(open_database(f"sqlite:///{Path(folder)}/metadata.db"), "of the benchmark")
        migrate(engine)
        spent = sorted(append(engine, number) for number in range(asked.entries))
        begun = time.perf_counter()
        with reading(engine) as session:
            found = verify_chain(session, organisation_id=1)
        seconds = time.perf_counter() - begun
        engine.dispose()
    assert found.whole
    result = {
        "entries": asked.entries,
        "append_ms_median": round(statistics.median(spent) * 1000, 2),
        "append_ms_p95": round(spent[int(0.95 * len(spent))] * 1000, 2),
        "verified_per_second": round(found.entries / seconds),
    }
    print(json.dumps(result, indent=2))


def append(engine: Engine, number: int) -> float:
    """The seconds that one entry took of its transaction."""
    with writing(engine) as session:
        session.connection()  # the transaction is there already, for the change that the entry tells of
        begun = time.perf_counter()
        record(
            session,
            organisation_id=1,
            author=ADA,
            action="model.changed",
            object_kind="model",
            object_id=7,
            object_title="churn",
            at=START,
            before={"threshold": number / 7, "description": "of customers"},
            after={"threshold": 0.4, "description": "of all customers"},
            model_id=7,
        )
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
