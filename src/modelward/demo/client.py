"""The demo speaks to the service as anybody does: over HTTP, with keys."""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

import httpx2
import msgspec
import pyarrow as pa
import pyarrow.parquet

from modelward.demo.flights import FEATURES, TEXTS, TIME_ZONE
from modelward.demo.model import THRESHOLD
from modelward.demo.versions import NAME, Version
from modelward.errors import Unavailable

ARROW = "application/vnd.apache.arrow.stream"
TRIES = 50


@dataclass(frozen=True)
class Person:
    """Somebody with an account, who is signed in."""

    name: str
    email: str
    password: str = field(repr=False)
    ask: Callable[[str, str, Mapping[str, Any]], None] = field(repr=False)
    """Send a body by a method to a path, as this person."""


class Client:
    """A connection to a running service on behalf of one version, for as long as the `with` lasts."""

    def __init__(self, base_url: str, *, ingest_key: str, admin_key: str, version: Version) -> None:
        self._version = version
        self._http = httpx2.Client(base_url=f"{base_url}/api/v1", timeout=60.0)
        self._ingest = {"Authorization": f"Bearer {ingest_key}"}
        self._admin = {"Authorization": f"Bearer {admin_key}"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def register(self) -> None:
        """Make the version known, with its features and the zone whose days it lives by."""
        kinds = {name: "str" if name in TEXTS else "float" for name in FEATURES}
        body = {
            "name": NAME,
            "version": self._version.number,
            "description": self._version.description,
            "project": "demo",
            "task": "classification",
            "time_zone": TIME_ZONE,
            "threshold": THRESHOLD,
            "replayed": True,  # 2013 is over: else its windows were no news, and its silence were
            "schema_definition": {"features": list(FEATURES), "feature_types": kinds, "target": "late"},
        }
        self._ask("POST", "/models", json=body, headers=self._admin)

    def give_reference(self, table: pa.Table) -> None:
        """Hand over the table that later days are held against."""
        sink = io.BytesIO()
        pa.parquet.write_table(table, sink)
        files = {"file": (self._version.reference, sink.getvalue(), "application/vnd.apache.parquet")}
        self._ask("POST", f"/models/{self._version.key}/baseline", files=files, headers=self._admin)

    def watch(self, settings: Mapping[str, Any]) -> None:
        """Say how the model is to be watched."""
        self._ask("PUT", f"/models/{self._version.key}/monitor", json=settings, headers=self._admin)

    def send_flights(self, flights: pa.Table) -> None:
        """Post events, as an Arrow stream; every one must be taken."""
        named = flights.append_column("model", pa.repeat(self._version.key, flights.num_rows))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, named.schema) as writer:
            writer.write_table(named)
        self._send("/events", sink.getvalue().to_pybytes(), ARROW, flights.num_rows)

    def send_outcomes(self, outcomes: pa.Table) -> None:
        """Post labels, as JSON; every one must be taken."""
        self._send("/labels", msgspec.json.encode(outcomes.to_pylist()), "application/json", outcomes.num_rows)

    def read(self, path: str, **asked: Any) -> Any:
        """What the service answers about the model."""
        return self._ask("GET", f"/models/{self._version.key}{path}", params=asked, headers=self._admin).json()

    def add_person(self, *, email: str, name: str, role: str, password: str) -> "Person":
        """Make an account in the organisation, and sign in with it."""
        account = {"email": email, "name": name, "role": role, "password": password}
        self._ask("POST", "/users", json=account, headers=self._admin)
        tokens = self._ask("POST", "/auth/login", json={"email": email, "password": password}).json()
        return Person(name, email, password, partial(self._as, tokens["access_token"]))

    def _as(self, token: str, method: str, path: str, body: Mapping[str, Any]) -> None:
        self._ask(method, path, json=body, headers={"Authorization": f"Bearer {token}"})

    def _send(self, path: str, body: bytes, kind: str, rows: int) -> None:
        if rows == 0:
            return
        answer = self._ask("POST", path, content=body, headers={**self._ingest, "Content-Type": kind}).json()
        if answer["accepted"] != rows:
            raise Unavailable(f"The service took {answer['accepted']:,} of {rows:,} rows: {answer['rejected'][:1]}.")

    def _ask(self, method: str, path: str, **details: Any) -> httpx2.Response:
        for _ in range(TRIES):
            response = self._http.request(method, path, **details)
            if response.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(min(float(response.headers.get("Retry-After", 1)), 5.0))
        if response.is_error:
            raise Unavailable(f"{method} {path} was answered with {response.status_code}: {response.text[:300]}")
        return response
