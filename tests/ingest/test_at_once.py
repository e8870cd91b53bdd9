"""So many requests at once are taken, and the next is told to come again."""

import socket
import time

import pytest


@pytest.fixture
def narrow(place_with):
    return place_with(max_ingest_requests=2)


def half_sent(place, key):
    """A request whose body has begun."""
    connection = socket.create_connection(("127.0.0.1", place.port), timeout=30)
    head = f"POST /events HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\nContent-Length: 99\r\n\r\n" + "{"
    connection.sendall(head.encode())
    return connection


def taken_until(place, event, status):
    """The answer to an event, once it is `status`: what was begun before has arrived, or has gone."""
    for _ in range(600):
        reply = place.send(event)
        if reply.status == status:
            return reply
        time.sleep(0.05)
    raise AssertionError(f"never answered with {status}")


def test_one_more_than_fit_is_503_and_counted_and_room_comes_again(narrow, event):
    assert narrow.send(event).status == 201
    held = [half_sent(narrow, narrow.key) for _ in range(2)]
    refused = taken_until(narrow, event, 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.body["detail"] == "2 requests are being taken at this moment: send this one again shortly."
    assert narrow.door.counters()["refused.Unavailable"] >= 1
    for connection in held:
        connection.close()
    taken_until(narrow, event, 201)


def test_strangers_take_no_place(narrow, event):
    held = [half_sent(narrow, "mw_ingest_wrong") for _ in range(5)]
    for connection in held:
        assert connection.recv(20).startswith(b"HTTP/1.1 401")
    assert narrow.send(event).status == 201
    for connection in held:
        connection.close()
