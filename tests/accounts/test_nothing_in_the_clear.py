"""Neither a file of the database nor a log line holds a password, a token or a link."""

import io
import logging
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from tests.accounts.conftest import PASSWORD, Town

from modelward.accounts.principal import Role
from modelward.kit.logs import configure_logs
from modelward.migrations.generate import all_tables

NEW = "eight purple herons"


def everything_happens(town: Town) -> list[str]:
    """Register, sign in, refresh, invite, reset, be refused; answers with all secrets that were seen."""
    http = town.client()
    http.post("/auth/register", json={"email": "ada@example.org", "password": PASSWORD})
    key = http.post("/auth/register", json={"name": "Theirs"}).json()["api_key"]
    tokens = town.log_in("ada")
    ada = town.client(tokens["access_token"])
    refreshed = http.post("/auth/token", data={"grant_type": "refresh_token", **_only(tokens, "refresh_token")}).json()
    invited = ada.post("/users", json={"email": "bob@example.org"}).json()
    reset = ada.post(f"/users/{invited['id']}/password", json={}).json()
    me = ada.get("/auth/me").json()["user_id"]
    ada.post(f"/users/{me}/password", json={"password": NEW, "current_password": PASSWORD})
    http.post("/auth/login", json={"username": "ada@example.org", "password": "a wrong and secret word"})
    http.post("/auth/login", content=b'{"password": "a wrong and secret word"')
    TestClient(town.app).get("/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}x"})
    links = [invited["invitation"], reset["link"]]
    given = [tokens["access_token"], tokens["refresh_token"], refreshed["access_token"], refreshed["refresh_token"]]
    return [PASSWORD, NEW, "a wrong and secret word", key, *given, *(link.partition("token=")[2] for link in links)]


def _only(tokens: dict[str, str], name: str) -> dict[str, str]:
    return {name: tokens[name]}


@pytest.fixture
def log(town: Town):
    stream = io.StringIO()
    settings = town.app.state.settings.model_copy(update={"log_level": "debug", "log_format": "json"})
    before = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs(settings, to=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    logging.captureWarnings(capture=False)


def dump_of(database: Engine, folder: Path) -> bytes:
    if database.dialect.name == "sqlite":
        database.dispose()
        return b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
    with database.connect() as connection:
        rows = [connection.execute(text(f'SELECT t::text FROM "{name}" t')).scalars() for name in all_tables().tables]
        return "\n".join(value for found in rows for value in found).encode()


def test_no_database_and_no_log_holds_a_secret(town: Town, tmp_path: Path, log: io.StringIO) -> None:
    town.person("carol", Role.MEMBER)
    secrets = everything_happens(town)
    logging.getLogger("modelward").warning("said aloud", extra={"password": PASSWORD})
    dump, said = dump_of(town.database, tmp_path), log.getvalue()
    assert b"ada@example.org" in dump, "the dump holds what was written"
    assert "said aloud" in said
    for secret in secrets:
        assert secret
        assert secret.encode() not in dump
        assert secret.encode().hex().encode() not in dump
        assert secret not in said
