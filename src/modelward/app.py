"""The service over HTTP: the ingest door, the API and the pages as one application, and `serve`, which runs it."""

import asyncio
import fcntl
import ipaddress
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from modelward.accounts.first_start import check_settings, first_start
from modelward.accounts.sessions import create_login_link
from modelward.accounts.sharing import Shares
from modelward.alerting.delivery_jobs import stand_in
from modelward.alerting.jobs import watchman
from modelward.api import check_declared, create_api
from modelward.audit.keys import use_settings
from modelward.errors import Conflict, Unavailable
from modelward.events.contract import EventStore
from modelward.events.open import check_address
from modelward.events.remote import RemoteStore
from modelward.ingest.door import Door
from modelward.ingest.journal import Journal
from modelward.jobs.loop import run_jobs
from modelward.kit.body_limit import BodyLimits
from modelward.kit.clock import now
from modelward.kit.connections import Connection, close_silent
from modelward.kit.database import migrate, open_database, writing
from modelward.kit.hosts import Hosts
from modelward.kit.left_address import address_left
from modelward.kit.memory import keep_memory_small, made_for_good
from modelward.kit.observe import Observed
from modelward.operation import Checks, Parts, measures_of
from modelward.settings import PREFIX, WITHOUT_PREFIX, Settings
from modelward.web.assets import static_files
from modelward.web.docs_page import router as docs
from modelward.web.errors import install_page_errors
from modelward.web.pages import compile_templates
from modelward.web.routers import include_pages
from modelward.web.security import SecurityHeaders
from modelward.worker import Child, events_socket

log = logging.getLogger("modelward.app")

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
GRACE_SECONDS = 10
WATCHES_EVERY_SECONDS = 5.0
PROBE_SECONDS = 5.0  # how long a check of the event store may take
UNPREFIXED = {name.upper() for name in WITHOUT_PREFIX}


class Service:
    """What answers a connection: the ingest door for its paths, FastAPI for all others.

    The door is asked first and without any framework around it: it is the path that every prediction takes.
    """

    def __init__(self, door: Door, rest: ASGIApp) -> None:
        self._door = door
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._door.answers(scope):
            await self._door(scope, receive, send)
        else:
            await self._rest(scope, receive, send)


def create_application() -> FastAPI:
    """All routes there are, the API's first: a page's address that ends in anything stands behind them.

    Raises:
        RuntimeError: one of them does not declare who may use it.
    """
    api = create_api()
    api.include_router(docs)
    include_pages(api)
    api.router.routes.append(static_files())
    install_page_errors(api)
    check_declared(api)
    return api


def create_service(
    parts: Parts, *, events: EventStore, hosts: tuple[str, ...], registration_open: bool = False
) -> ASGIApp:
    """The whole ASGI application over what is open already. `hosts` are the names it answers to; empty: any.

    `registration_open` says whether strangers may register organisations where the settings leave that open.
    """
    settings, door, checks = parts.settings, parts.door, Checks(parts)
    measures = measures_of(parts, checks)
    api = create_application()
    compile_templates()
    api.state.settings = settings
    api.state.database = parts.database
    api.state.registration_open = (
        registration_open if settings.open_registration is None else settings.open_registration
    )
    api.state.events = events
    api.state.door = door
    api.state.checks = checks
    api.state.worker_alive = parts.worker_alive
    api.state.measures = measures
    api.add_middleware(BodyLimits, settings=settings)
    rest: ASGIApp = Shares(api, per_minute=settings.rate_limit_per_minute, api=api)
    rest = SecurityHeaders(rest, frame_ancestors=settings.frame_ancestors)
    service: ASGIApp = Service(door, Observed(rest, measures.requests))
    if settings.cors_origins:
        service = _across_origins(service, settings.cors_origins)
    return Hosts(service, names=hosts, api=api) if hosts else service


def _across_origins(service: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Let pages of these origins call the service, with a key or token in a header. Cookies are never theirs to use."""
    return CORSMiddleware(
        service,
        allow_origins=origins,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=(
            "Authorization",
            "Content-Type",
            "Content-Encoding",
            "Idempotency-Key",
            "X-API-Key",
            "X-Request-Id",
        ),
        expose_headers=(
            "Idempotency-Replayed",
            "Link",
            "RateLimit-Limit",
            "RateLimit-Policy",
            "RateLimit-Remaining",
            "RateLimit-Reset",
            "Retry-After",
            "X-Request-Id",
        ),
    )


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the service until it is told to stop (SIGINT, SIGTERM)."""
    reachable = not is_loopback(host)
    if reachable:
        check_settings(settings, host=host)
    check_address(settings.events_url)
    with _alone_in(settings.data_dir), _listening(host, port) as listener:
        database = use_settings(open_database(settings.database_url), settings)
        migrate(database)
        first_key = first_start(database, settings, host=host, reachable=reachable)
        child = Child(settings)
        child.start()
        threading.Thread(target=_watch_over, args=(database,), daemon=True, name="watchman").start()
        threading.Thread(target=_stand_in, args=(database, settings), daemon=True, name="stand-in").start()
        threading.Thread(target=keep_memory_small, args=(threading.Event(),), daemon=True, name="memory").start()
        journal = Journal(
            settings.data_dir / "journal",
            limit_bytes=settings.journal_limit_bytes,
            min_free_disk_bytes=settings.min_free_disk_bytes,
        )
        door = Door(journal, database, settings)
        try:
            store = events_socket(settings.data_dir)
            parts = Parts(
                settings,
                database,
                RemoteStore(store, patience=PROBE_SECONDS),
                door,
                worker_alive=lambda: child.alive,
                worker_pid=lambda: child.pid,
            )
            with made_for_good():
                service = create_service(
                    parts,
                    events=RemoteStore(store),
                    hosts=settings.allowed_hosts or (() if reachable else LOOPBACK_NAMES),
                    registration_open=not reachable,
                )
            address = f"http://{_written(host)}:{listener.getsockname()[1]}"
            announce = partial(_announce, database, address, first_key, reachable=reachable)
            with _ended_by_signals(), address_left(settings.data_dir, address):
                _Server(_configuration(service, settings.trusted_proxies), announce).run([listener])
        finally:
            door.close()
            child.stop()


def _watch_over(database: Engine) -> None:
    """Do alerting's work in this process too, now and then: a worker that is gone cannot tell that it is."""
    try:
        run_jobs(watchman(database), database, threading.Event(), idle_seconds=WATCHES_EVERY_SECONDS, limit=1)
    except Exception:
        log.exception("the watchman fell: while the worker is away, nobody is told of that")


def _stand_in(database: Engine, settings: Settings) -> None:
    """Send what the watchman has to say while the worker, which else sends everything, is away."""
    try:
        stand_in(database, settings, threading.Event())
    except Exception:
        log.exception("whoever sends in the worker's place fell: while the worker is away, nothing is sent")


def _configuration(service: ASGIApp, trusted_proxies: tuple[str, ...]) -> uvicorn.Config:
    return uvicorn.Config(
        service,
        http=Connection,
        ws="none",
        forwarded_allow_ips=list(trusted_proxies),
        lifespan="off",
        log_config=None,  # its lines go through ours
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=2048,
    )


class _Server(uvicorn.Server):
    """uvicorn, saying when it answers, and closing connections that say nothing."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._watch = asyncio.create_task(close_silent(self.server_state.connections))
            self._announce()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more when it is done, which would cut short our own closing."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach the address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    """One service per data folder; the lock goes with the process, however it ends."""
    with _lock_file(data_dir) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                f"Another `modelward serve` uses {data_dir}: stop it, or give this one another --data-dir."
            ) from error
        yield


def _lock_file(data_dir: Path) -> IO[str]:
    """The file that is locked, in a folder that only its owner may enter."""
    run = data_dir / "run"
    try:
        run.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o700)
        return (run / "lock").open("w")
    except OSError as error:
        said = os.strerror(error.errno or 0)
        raise Unavailable(
            f"The data folder {data_dir} cannot be used ({said}): give another with --data-dir."
        ) from error


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, bound before anything is started, so that a taken port is one sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"{host}:{port} cannot be listened on ({os.strerror(error.errno or 0)}): choose another with --port."
            ) from error
        yield listener


def _announce(database: Engine, address: str, first_key: str | None, *, reachable: bool) -> None:
    lines = [f"Modelward answers at {address}"]
    if first_key:
        lines.append(f"Your first ingest key, shown only now: {first_key}")
    if reachable:  # what is printed here may be kept where others read it
        lines.append(f"Sign in at {address}/login, or ask for a link: modelward admin login-link")
    else:
        with writing(database) as session:
            link = create_login_link(session, now=now())
        lines.append(f"Open the dashboard (this link works once): {address}/login?token={link}")
    print("\n".join(lines), flush=True)  # noqa: T201 - the door of a command line speaks to a person


@contextmanager
def running_service(settings: Settings, host: str, port: int) -> Iterator[str]:
    """The service as a process of its own while the block lasts; gives its address. Its log lies in the data folder.

    Nothing of the caller's environment but the path of programs reaches it: what counts is `settings`. It reads
    publicly, so it is for demos.
    """
    run = settings.data_dir / "run"
    run.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "modelward",
        "serve",
        f"--host={host}",
        f"--port={port}",
        f"--data-dir={settings.data_dir}",
    ]
    environment = {
        name: value for name, value in os.environ.items() if name not in UNPREFIXED and not name.startswith(PREFIX)
    }
    with (
        (run / "service.log").open("w") as log,
        subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=run,
            env={**environment, f"{PREFIX}PUBLIC_READ": "true"},
        ) as process,
    ):
        try:
            yield _announced(process, run / "service.log")
        finally:
            process.send_signal(signal.SIGINT)


def _announced(process: "subprocess.Popen[str]", log: Path) -> str:
    """The address that the service says it answers at."""
    assert process.stdout is not None
    said = process.stdout.readline()
    if not said:
        process.wait()
        raise Unavailable(f"The service did not start. {log.read_text().strip()}")
    # What it prints later (its own link and key) is for nobody here, but may not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return said.rsplit(maxsplit=1)[-1]
