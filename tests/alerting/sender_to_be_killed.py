"""A worker process for test_killed_senders.py: delivers what waits, with leases of so many seconds."""

import sys
import threading

from modelward.alerting.delivery_jobs import handlers
from modelward.audit.keys import use_settings
from modelward.jobs.loop import run_jobs
from modelward.kit.database import open_database
from modelward.settings import read_settings

if __name__ == "__main__":
    settings = read_settings()
    engine = use_settings(open_database(settings.database_url), settings)
    work, lease = handlers(engine, settings), float(sys.argv[1])
    run_jobs(work, engine, threading.Event(), idle_seconds=0.05, lease_seconds=lease, limit=1)
