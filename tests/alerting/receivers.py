"""Real receivers on this machine: HTTPS servers with certificates of an authority of ours, and a mail server.

Every name leads to the server: a resolver of ours says so. Everything else is as in production: the guarded sender
resolves, checks, connects, and holds the certificate against the name.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from modelward.kit.outbound_rules import OutboundRules

NAMES = (
    "hooks.slack.com",
    "discord.com",
    "prod-00.westeurope.logic.azure.com",
    "events.pagerduty.com",
    "api.telegram.org",
    "ntfy.sh",
    "ntfy.example.org",
    "sns.eu-west-1.amazonaws.com",
    "hooks.example.org",
    "mattermost.example.org",
)


@dataclass
class Request:
    """One request as the receiver saw it."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def parts(self) -> dict[str, tuple[str, bytes]]:
        """The parts of a form by name: file name (or nothing) and content."""
        whole = b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n" + self.body
        told = {}
        for part in message_from_bytes(whole, policy=default).iter_parts():
            name = part.get_param("name", header="content-disposition")
            told[str(name)] = (part.get_filename() or "", part.get_payload(decode=True))
        return told  # type: ignore[return-value]


@dataclass
class Receiver:
    """Answers what it is told to, and keeps what it was sent."""

    port: int
    status: int = 200
    answer: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    hold: threading.Event | None = None  # answers only once this is set


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def _take(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        receiver = self.receiver
        receiver.requests.append(Request(self.command, headers["host"], parts.path, query, headers, body))
        if receiver.hold is not None:
            receiver.hold.wait(20)
        self.send_response(receiver.status)
        for name, value in receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(receiver.answer)))
        self.end_headers()
        self.wfile.write(receiver.answer)

    do_POST = do_PUT = do_GET = _take

    def log_message(self, *_: object) -> None:
        """Nothing: the tests ask the receiver."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A sender that hangs up is what some tests are about."""


def authority(folder: Path) -> tuple[Path, Path]:
    """A file with the certificate of our authority, and one with a server's certificate and key for all the names."""
    key, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    root = (
        _certificate(name, name, key.public_key())
        .add_extension(constraints, critical=True)
        .add_extension(ski, critical=False)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName(each) for each in NAMES])
    aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])])
    certificate = (
        _certificate(subject, name, leaf.public_key())
        .add_extension(names, critical=False)
        .add_extension(aki, critical=False)
        .sign(key, hashes.SHA256())
    )
    ca, server = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    private = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    server.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return ca, server


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )


@contextmanager
def receiving(server_pem: Path | None = None) -> Iterator[Receiver]:
    """A receiver over HTTPS, or over http where there is no certificate."""
    handler = type("Handler", (_Handler,), {})
    server = _Server(("127.0.0.1", 0), handler)
    if server_pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server_pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver = Receiver(server.server_address[1])
    handler.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def leading_to(port: int) -> Any:
    """A resolver that leads every name to the receiver."""

    def resolve(*_: object, **__: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    return resolve


def rules_with(ca: Path) -> OutboundRules:
    """What an operator sets who has receivers on this machine, and an authority of their own."""
    return OutboundRules((ip_network("127.0.0.0/8"),), ca_file=str(ca))


class Mailbox:
    """What a mail server took; `refuse` is the answer to recipients, `fail` that to a mail."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}
        self.fail: str | None = None

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.fail:
            return self.fail
        mail: Any = message_from_bytes(envelope.content, policy=default)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def mail_server_running(**given: Any) -> Iterator[tuple[Mailbox, int]]:
    """A real mail server of this machine, and its port."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **given)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()
