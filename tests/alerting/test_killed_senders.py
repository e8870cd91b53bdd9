"""Real processes, a real receiver, `kill -9`: a message comes twice at most and never not at all."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from tests.alerting.outbox import SECRET, Outbox
from tests.alerting.receivers import Receiver, receiving

from modelward.alerting.channel_tables import Delivery
from modelward.kit.clock import now
from modelward.kit.database import reading

SENDER = Path(__file__).with_name("sender_to_be_killed.py")


@contextmanager
def sender(outbox: Outbox, port: int, *, lease: int = 60) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that may reach the receiver."""
    given = {
        "MODELWARD_DATABASE_URL": outbox.engine.url.render_as_string(hide_password=False),
        "MODELWARD_DATA_DIR": str(outbox.settings.data_dir),
        "MODELWARD_SECRET_KEY": SECRET,
        "MODELWARD_WEBHOOK_ALLOW_CIDRS": "127.0.0.1",
        "MODELWARD_WEBHOOK_ALLOW_HTTP": "true",
        "MODELWARD_WEBHOOK_PORTS": str(port),
    }
    process = subprocess.Popen([sys.executable, str(SENDER), str(lease)], env={"PATH": os.environ["PATH"], **given})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def a_webhook(outbox: Outbox, receiver: Receiver) -> None:
    allowed = {
        "webhook_allow_cidrs": ("127.0.0.1",),
        "webhook_allow_http": True,
        "webhook_ports": (str(receiver.port),),
    }
    outbox.settings = outbox.settings.model_copy(update=allowed)
    outbox.now = now()
    outbox.channel("program", "webhook", url=f"http://127.0.0.1:{receiver.port}/hook")


def until_sent(outbox: Outbox) -> None:
    while True:
        with reading(outbox.engine) as session:
            if set(session.scalars(select(Delivery.state))) == {"sent"}:
                return
        Event().wait(0.02)


def ids(receiver: Receiver) -> Counter[str]:
    return Counter(request.headers["webhook-id"] for request in receiver.requests)


def test_a_worker_killed_between_sending_and_noting_sends_it_twice_at_most_and_never_not(outbox: Outbox) -> None:
    with receiving() as receiver:
        a_webhook(outbox, receiver)
        receiver.hold = Event()
        outbox.tell("first")
        outbox.tell("second")
        with sender(outbox, receiver.port, lease=1) as doomed:
            while not receiver.requests:  # it has come; the answer is held back, so it cannot have been noted
                Event().wait(0.01)
            doomed.kill()
            doomed.wait()
        receiver.hold.set()
        with sender(outbox, receiver.port):
            until_sent(outbox)
    first, second = (delivery.message_id for delivery in outbox.deliveries())
    assert ids(receiver) == {first: 2, second: 1}


@pytest.mark.proof
def test_two_workers_send_each_of_100_messages_once_and_in_order(outbox: Outbox) -> None:
    with receiving() as receiver:
        a_webhook(outbox, receiver)
        for number in range(100):
            outbox.tell(f"message {number}")
        with sender(outbox, receiver.port), sender(outbox, receiver.port):
            until_sent(outbox)
    told = [request.headers["webhook-id"] for request in receiver.requests]
    assert told == [delivery.message_id for delivery in outbox.deliveries()]
