"""Bodies that do not come: the door waits for so long and no longer, and says so."""

import http.client
import json
import socket
import time

import pytest

from modelward.kit.patience import Patience

HEAD = "POST /api/v1/events?model=m HTTP/1.1\r\nHost: here\r\nX-API-Key: {}\r\nContent-Length: {}\r\n\r\n"


def opened(place, length):
    sender = socket.create_connection(("127.0.0.1", place.port), timeout=30)
    sender.sendall(HEAD.format(place.key, length).encode())
    return sender


def all_of(sender):
    """What comes until the other side closes."""
    with sender:
        parts = iter(lambda: sender.recv(65536), b"")
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize("begun", [b"", b'[{"features":'])
def test_a_body_that_stands_still_is_408_and_the_connection_is_closed(place_with, begun):
    place = place_with(patience=Patience(still=0.2, whole=60))
    sender = opened(place, 1000)
    sender.sendall(begun)
    status, problem = all_of(sender)
    assert (status, problem["status"]) == (408, 408)
    assert "stand still for 0.2 seconds" in problem["detail"]
    assert place.door.counters()["refused.TooSlow"] == 1
    assert not place.door._readings._open


def test_a_body_that_trickles_is_408_in_the_end(place_with):
    place = place_with(patience=Patience(still=20, whole=0.3))
    sender = opened(place, 1_000_000)
    sender.settimeout(0.02)
    while True:
        sender.sendall(b" ")
        try:
            sender.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        break
    sender.settimeout(30)
    assert all_of(sender)[0] == 408


def test_a_slow_body_that_keeps_coming_is_taken(place_with, event):
    place = place_with(patience=Patience(still=5, whole=60))
    body = json.dumps(event).encode()
    sender = opened(place, len(body))
    for at in range(len(body)):
        sender.sendall(body[at : at + 1])
        time.sleep(0.002)  # so that each arrives by itself
    with sender:
        assert sender.recv(65536).startswith(b"HTTP/1.1 201")
    assert place.send(event).status == 201


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_told_so_and_not_cut_off(place_with, announced):
    place = place_with(max_body_bytes=3_000_000)
    for size in (3_100_000, 8_500_000):
        body = b" " * size if announced else (b" " * 50_000 for _ in range(size // 50_000))
        connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)
        connection.request("POST", "/api/v1/events", body, {"X-API-Key": place.key})
        reply = connection.getresponse()
        assert (reply.status, "3,000,000" in json.loads(reply.read())["detail"]) == (413, True)
        connection.close()
    assert place.door.counters()["refused.TooLarge"] == 2


@pytest.mark.parametrize("more", ["Expect: 100-continue\r\n", ""])
def test_a_body_that_is_held_back_or_endless_is_refused_before_it_comes(place_with, more):
    place = place_with(max_body_bytes=10_000)
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as sender:
        head = HEAD.format(place.key, 20_000 if more else 20_000_000)
        sender.sendall((head.removesuffix("\r\n") + more + "\r\n").encode())
        assert sender.recv(65536).startswith(b"HTTP/1.1 413")
