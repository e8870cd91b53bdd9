"""The one sender to addresses that people give: what is inside of the house is never reached from outside."""

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest

from modelward.errors import Invalid, Unavailable
from modelward.kit.outbound import LARGEST_ANSWER, Outbound
from modelward.kit.outbound_rules import OutboundRules, rules_of
from modelward.kit.outgoing import Outgoing
from modelward.settings import settings_from

METADATA = "http://169.254.169.254/latest/meta-data/"
LOOPBACK = (ip_network("127.0.0.0/8"),)
AnyPort = frozenset(range(1, 65_536))


class Listener:
    """A server of this machine that counts who came, before it answers as it was told."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self._fine
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                listener.connections += 1
                super().setup()

            def do_POST(self) -> None:
                listener.requests.append(self.path)
                listener.headers.append(dict(self.headers))
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                listener.answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing: the tests ask the listener."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @staticmethod
    def _fine(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def hostile(port: int) -> list[str]:
    """Forty ways to write this machine, its network, and nowhere."""
    hosts = (
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "0.0.0.0",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fec0::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "user:password@127.0.0.1",
        "example.org@127.0.0.1",
    )
    return [f"http://{host}:{port}/" for host in hosts]


def post(outbound: Outbound, address: str) -> int:
    return outbound.send(Outgoing(address, b"{}")).status


def test_forty_hostile_addresses_reach_a_listener_of_this_machine_not_once(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[Any] = []
    connect = socket.socket.connect

    def counted(sock: socket.socket, where: Any) -> None:
        connected.append(where)
        connect(sock, where)

    monkeypatch.setattr(socket.socket, "connect", counted)
    addresses = hostile(listener.port)
    assert len(addresses) == 40
    outbound = Outbound(OutboundRules(http=True, ports=AnyPort), seconds=2)
    for address in addresses:
        # Unavailable: what this machine's resolver does not know as an address.
        with pytest.raises((Invalid, Unavailable)):
            post(outbound, address)
    assert connected == []
    assert listener.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "gopher://example.org/",
        "http://example.org/",
        "https://example.org:22/",
        "https://example.org:0/",
        "https://exa mple.org/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/#",
        "https:///path",
        "https://[::1/",
        "https://example.org:port/",
        "https://bücher.example/",
        "//example.org/",
        "",
    ],
)
def test_an_address_that_is_none_or_not_allowed_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(Invalid, match=r"https://|port"):
        OutboundRules().check(address)


def test_an_ordinary_address_is_allowed() -> None:
    for address in ("https://hooks.slack.com/services/T/B/x", "https://example.org:8443/a?b=c", "https://1.1.1.1/"):
        OutboundRules().check(address)


Answers = list[tuple[Any, ...]]


def resolver(*answers: tuple[str, int]) -> Callable[..., Answers]:
    """A resolver that says another thing each time it is asked, and keeps to its last."""
    left = list(answers)

    def resolve(*_: object, **__: object) -> Answers:
        ip, port = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    return resolve


def test_a_name_that_changes_its_mind_leads_nowhere(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def connect(sock: socket.socket, where: Any) -> None:
        connected.append(where)
        raise OSError("there is no network in a test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", resolver(("93.184.216.34", 443), ("127.0.0.1", listener.port)))
    outbound = Outbound(OutboundRules(), seconds=2)
    with pytest.raises(Unavailable):
        post(outbound, "https://rebinding.example/")
    with pytest.raises(Invalid, match="private"):
        post(outbound, "https://rebinding.example/")
    assert connected == [("93.184.216.34", 443)]
    assert listener.connections == 0


def test_of_several_answers_only_the_public_ones_are_tried(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", listener.port))
    inside6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", listener.port, 0, 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [inside, inside6])
    with pytest.raises(Invalid, match="private"):
        post(Outbound(OutboundRules(), seconds=2), "https://mixed.example/")
    assert listener.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_the_metadata_of_a_cloud_is_not_followed(listener: Listener, status: int) -> None:
    trap = Listener()

    def lead_astray(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Location", f"http://127.0.0.1:{trap.port}/")
        handler.end_headers()

    listener.answer = lead_astray
    outbound = Outbound(OutboundRules(LOOPBACK, AnyPort, http=True), seconds=2)
    assert post(outbound, f"http://127.0.0.1:{listener.port}/") == status
    trap.server.shutdown()
    trap.server.server_close()
    assert (listener.connections, trap.connections) == (1, 0)


def test_what_the_operator_allows_is_reached_and_nothing_beside_it(listener: Listener) -> None:
    outbound = Outbound(OutboundRules((ip_network("127.0.0.1"),), AnyPort, http=True), seconds=2)
    assert post(outbound, f"http://127.0.0.1:{listener.port}/hook") == 200
    for other in ("127.0.0.2", "[::ffff:127.0.0.1]", "[::1]"):
        with pytest.raises(Invalid):
            post(outbound, f"http://{other}:{listener.port}/hook")
    assert listener.requests == ["/hook"]


def test_proxies_and_credentials_of_the_environment_do_not_count(
    listener: Listener, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    trap = Listener()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    outbound = Outbound(OutboundRules(LOOPBACK, AnyPort, http=True), seconds=2)
    assert post(outbound, f"http://127.0.0.1:{listener.port}/") == 200
    trap.server.shutdown()
    trap.server.server_close()
    assert trap.connections == 0
    assert "Authorization" not in listener.headers[0]


def test_of_an_endless_answer_64_kilobytes_are_read(listener: Listener) -> None:
    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65_536)
        except OSError:
            pass

    listener.answer = pour
    outbound = Outbound(OutboundRules(LOOPBACK, AnyPort, http=True), seconds=5)
    answer = outbound.send(Outgoing(f"http://127.0.0.1:{listener.port}/", b""))
    assert len(answer.body) == LARGEST_ANSWER


def test_an_answer_that_drips_is_cut_off(listener: Listener) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not over.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            pass

    listener.answer = drip
    outbound = Outbound(OutboundRules(LOOPBACK, AnyPort, http=True), seconds=0.5)
    try:
        # Each byte comes in time; the whole does not. What came until then is all there is.
        assert len(outbound.send(Outgoing(f"http://127.0.0.1:{listener.port}/", b"")).body) < 100
    except Unavailable:
        pass
    finally:
        over.set()


def test_nothing_that_is_raised_or_shown_holds_the_address(listener: Listener) -> None:
    outbound = Outbound(OutboundRules(LOOPBACK, AnyPort, http=True), seconds=1)
    listener.server.server_close()
    secret = f"http://127.0.0.1:{listener.port}/services/very-secret"
    outgoing = Outgoing(secret, b"body-secret", {"Authorization": "Bearer header-secret"})
    with pytest.raises(Unavailable) as caught:
        outbound.send(outgoing)
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {outgoing!r}"


def test_the_rules_are_the_operators(tmp_path: Any) -> None:
    settings = settings_from(
        {
            "MODELWARD_WEBHOOK_ALLOW_CIDRS": "10.20.0.0/16, fd00::7",
            "MODELWARD_WEBHOOK_PORTS": "9000",
            "MODELWARD_WEBHOOK_ALLOW_HTTP": "true",
        }
    )
    rules = rules_of(settings)
    rules.check("http://10.20.3.4:9000/hook")
    rules.check("https://[fd00::7]/hook")
    with pytest.raises(Invalid, match="operator"):
        rules.check("https://10.21.0.1/hook")
    with pytest.raises(Invalid, match="CIDRS"):
        settings_from({"MODELWARD_WEBHOOK_ALLOW_CIDRS": "10.20.0.1/16"})
