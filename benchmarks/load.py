"""A load generator that costs little: bare sockets, one epoll, requests made beforehand. Prints its figures as JSON."""

import argparse
import json
import random
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import cycle

FEATURES = 8  # numbers; and two texts
Made = Callable[[int], tuple[str, bytes]]


@dataclass(frozen=True)
class Figures:
    """What one run amounted to; latencies in milliseconds from sending to the last byte of the answer."""

    requests: int
    events: int
    refused: int
    seconds: float
    requests_per_second: float
    events_per_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float


def event(number: int) -> dict[str, object]:
    """An event of about 266 bytes as JSON, without an id of its own."""
    rng = random.Random(number)
    features: dict[str, object] = {f"number_{k}": round(rng.gauss(0, 100), 3) for k in range(FEATURES)}
    features |= {"city": rng.choice(["Lyon", "Paris", "Nice"]), "plan": rng.choice(["basic", "gold", "free"])}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - rng.random() * 600))
    return {"timestamp": stamp, "prediction": rng.randrange(2), "score": round(rng.random(), 4), "features": features}


def json_bodies(size: int, count: int) -> list[bytes]:
    """`count` JSON bodies of `size` events each."""
    compact = (",", ":")
    if size == 1:
        return [json.dumps(event(n), separators=compact).encode() for n in range(count)]
    return [json.dumps([event(size * n + k) for k in range(size)], separators=compact).encode() for n in range(count)]


def arrow_bodies(size: int, count: int) -> list[bytes]:
    """The same events as Arrow IPC streams."""
    import pyarrow as pa

    bodies = []
    for n in range(count):
        rows = [event(size * n + k) for k in range(size)]
        flat = [{**{k: v for k, v in row.items() if k != "features"}, **row["features"]} for row in rows]  # type: ignore[dict-item]
        table = pa.Table.from_pylist(flat)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        bodies.append(sink.getvalue().to_pybytes())
    return bodies


def requests_of(bodies: list[bytes], *, path: str, key: str, content_type: str) -> list[bytes]:
    head = f"POST {path} HTTP/1.1\r\nHost: load\r\nX-API-Key: {key}\r\nContent-Type: {content_type}\r\n"
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


class _Connection:
    """One connection that always has one request open."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.unsent = memoryview(b"")
        self.received = b""
        self.begun = 0.0

    def begin(self, request: bytes) -> None:
        self.unsent = memoryview(request)
        self.received = b""
        self.begun = time.perf_counter()
        self.send()

    def send(self) -> None:
        while self.unsent:
            try:
                self.unsent = self.unsent[self.socket.send(self.unsent) :]
            except BlockingIOError:
                return

    def answered(self) -> int | None:
        """The status, once the answer is whole."""
        self.received += self.socket.recv(1 << 18)
        head, ended, body = self.received.partition(b"\r\n\r\n")
        if not ended:
            return None
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return int(head[9:12]) if len(body) >= length else None


def run(port: int, requests: list[bytes], *, connections: int, seconds: float, events: int) -> Figures:
    """Keep `connections` requests open for `seconds`; `events` is how many each carries."""
    selector = selectors.EpollSelector()
    left: Iterator[bytes] = cycle(requests)
    for _ in range(connections):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
        _begin(selector, connection, next(left))
    start = time.perf_counter()
    latencies: list[float] = []
    refused = 0
    while (now := time.perf_counter()) < start + seconds:
        for key, ready in selector.select(timeout=1):
            connection = key.data
            if ready & selectors.EVENT_WRITE:
                _send(selector, connection)
            if ready & selectors.EVENT_READ and (status := connection.answered()) is not None:
                latencies.append(time.perf_counter() - connection.begun)
                refused += status != 201
                _begin(selector, connection, next(left))
    taken = now - start
    ordered = sorted(latencies)
    done = len(ordered) - refused
    return Figures(
        requests=len(ordered),
        events=done * events,
        refused=refused,
        seconds=round(taken, 3),
        requests_per_second=round(done / taken, 1),
        events_per_second=round(done * events / taken, 1),
        p50_ms=round(1e3 * ordered[len(ordered) // 2], 2),
        p99_ms=round(1e3 * ordered[int(len(ordered) * 0.99)], 2),
        longest_ms=round(1e3 * ordered[-1], 2),
    )


def _begin(selector: selectors.BaseSelector, connection: _Connection, request: bytes) -> None:
    connection.begin(request)
    _interest(selector, connection)


def _send(selector: selectors.BaseSelector, connection: _Connection) -> None:
    connection.send()
    _interest(selector, connection)


def _interest(selector: selectors.BaseSelector, connection: _Connection) -> None:
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
    if selector.get_key(connection.socket).events != wanted:
        selector.modify(connection.socket, wanted, connection)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--path", default="/api/v1/events?model=load")
    parser.add_argument("--kind", choices=("json", "arrow"), default="json")
    parser.add_argument("--size", type=int, default=1, help="events a request")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    asked = parser.parse_args()
    bodies = (json_bodies if asked.kind == "json" else arrow_bodies)(asked.size, max(2, min(500, 20_000 // asked.size)))
    content_type = "application/json" if asked.kind == "json" else "application/vnd.apache.arrow.stream"
    requests = requests_of(bodies, path=asked.path, key=asked.key, content_type=content_type)
    figures = run(asked.port, requests, connections=asked.connections, seconds=asked.seconds, events=asked.size)
    print(json.dumps({**asdict(figures), "bytes_per_event": round(len(bodies[0]) / asked.size, 1)}))


if __name__ == "__main__":
    main()
