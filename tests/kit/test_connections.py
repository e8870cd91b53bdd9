"""Connections that say nothing, slowly or at length, over real sockets."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from modelward.kit.connections import HEAD_BYTES, Connection, close_silent, most_connections


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextmanager
def serving(connection: type[Connection] = Connection, *, seconds: float = 0.5) -> Iterator[int]:
    """The port of a uvicorn with these connections, which are closed when they are silent for so long."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            self.watch = asyncio.create_task(close_silent(self.server_state.connections, seconds=seconds))
            started.set()

    started = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(answering, http=connection, ws="none", lifespan="off", log_level="critical")
        server = Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert started.wait(30)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "])
def test_headers_that_do_not_come_end_the_connection(begun: bytes) -> None:
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(begun)
        assert read_all(connection) == b""


def test_headers_that_trickle_end_it_too() -> None:
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=0.1) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(300):
            try:
                connection.sendall(b"X-A: b\r\n")
                if connection.recv(1) == b"":
                    return
            except TimeoutError:
                continue
            except OSError:
                return
    raise AssertionError("it was open for 30 seconds")


def test_a_second_request_that_trickles_ends_it_too_and_the_first_is_answered() -> None:
    with serving() as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / HTTP/1.1\r\nX-")
        assert b"200" not in read_all(connection)


def test_headers_without_end_are_refused() -> None:
    with serving(seconds=60) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        with pytest.raises(OSError):  # noqa: PT011, PT012 - closed, or reset, at whichever of the lines
            for _ in range(10_000):
                connection.sendall(b"X-A: " + b"b" * 1_000 + b"\r\n")
    assert Connection.heads_bytes == 0


def test_a_token_of_a_megabyte_is_still_heard() -> None:
    with serving(seconds=60) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"a" * (1 << 20) + b"\r\n")
        connection.sendall(b"Connection: close\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200")
    assert HEAD_BYTES > 1 << 20
    assert Connection.heads_bytes == 0


def test_more_connections_than_may_be_open_are_told_so() -> None:
    class Few(Connection):
        most = 3

    with serving(Few, seconds=60) as port:
        opened = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(3)]
        for connection in opened:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", port), timeout=30) as one_more:
            answer = read_all(one_more)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert f"content-length: {len(body)}".encode() in head
        for connection in opened:
            connection.close()


def test_there_is_a_bound_that_the_files_of_the_process_allow() -> None:
    assert 64 <= most_connections() <= 4_096
