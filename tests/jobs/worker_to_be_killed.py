"""A worker process for test_killed_workers.py: does the jobs of the kind `tell`, each of which emits one signal."""

import random
import sys
import threading
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from modelward.jobs.loop import Write, run_jobs
from modelward.jobs.service import Claim
from modelward.kit.database import open_database
from modelward.signals.service import emit


def tell(job: Claim) -> Write:
    """Some work, then an effect that would be seen if it were written twice."""
    threading.Event().wait(random.random() / 100)

    def write(session: Session) -> None:
        emit(
            session,
            organisation_id=1,
            model_id=None,
            kind="told",
            subject=job.key,
            before=None,
            after=str(job.generation),
            reason="A job was done.",
            at=datetime.now(UTC),
        )

    return write


if __name__ == "__main__":
    run_jobs({"tell": tell}, open_database(sys.argv[1]), threading.Event(), idle_seconds=0.05, lease_seconds=1)
