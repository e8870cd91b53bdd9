"""Settings are strict: what is misspelt, contradictory or impossible is said at the start, not found out later."""

import re
from pathlib import Path
from typing import Any

import pytest

from modelward.accounts.principal import Role
from modelward.errors import Invalid
from modelward.settings import ROLES, SECRETS, Settings, read_settings, settings_from

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"
LONG_SECRET = "not-a-real-secret-but-long-enough"
ROW = re.compile(r"^\| `MODELWARD_(\w+)`( \*\*file\*\*)? \| ([^|]+) \|", re.MULTILINE)


def test_the_docs_list_every_setting_and_no_other() -> None:
    listed = [row[0].lower() for row in ROW.findall(DOCS.read_text())]
    assert sorted(listed) == sorted(Settings.model_fields)


def test_the_docs_say_which_settings_may_come_from_a_file() -> None:
    marked = {name.lower() for name, file, _ in ROW.findall(DOCS.read_text()) if file}
    assert marked == set(SECRETS)


def test_the_docs_tell_the_true_defaults() -> None:
    told = {name.lower(): default.strip() for name, _, default in ROW.findall(DOCS.read_text())}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, bool | int | str) and name not in ("database_url", "events_url"):
            assert told[name] == f"`{str(field.default).lower()}`", name


def test_no_settings_are_needed() -> None:
    settings = settings_from({})
    assert settings.data_dir == Path.cwd() / "modelward-data"
    assert settings.database_url == f"sqlite:///{settings.data_dir}/metadata.db"
    assert settings.events_url == f"duckdb:///{settings.data_dir}/events.duckdb"
    assert settings.secret_key is None
    assert settings.auto_reference == 250


def test_events_go_to_postgresql_with_the_metadata_unless_told_otherwise() -> None:
    url = "postgresql+psycopg2://me@db/name"
    assert settings_from({"DATABASE_URL": url}).events_url == url
    assert settings_from({"DATABASE_URL": url, "MODELWARD_EVENTS_URL": "duckdb:///e"}).events_url == "duckdb:///e"


def test_an_unknown_name_is_an_error_that_suggests_the_right_one() -> None:
    with pytest.raises(Invalid, match=r"MODELWARD_DATADIR \(did you mean MODELWARD_DATA_DIR\?\)"):
        settings_from({"MODELWARD_DATADIR": "/x"})
    with pytest.raises(Invalid, match=r"MODELWARD_QQQQ \(docs/settings.md lists all there are\)"):
        settings_from({"MODELWARD_QQQQ": "1"})


@pytest.mark.parametrize("name", ["MODELWARD_BROKER_URL", "MODELWARD_BROKER_URL_FILE"])
def test_a_setting_that_would_do_nothing_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="does not know yet what to do with MODELWARD_"):
        settings_from({name: "amqp://here"})


@pytest.mark.parametrize(
    "address",
    ["mail.example", "http://mail.example", "smtp://", "smtp://h:port", "smtp://h?starttls=maybe", "smtp://h:0"],
)
def test_a_mail_server_that_is_none_is_refused_without_repeating_its_password(address: str) -> None:
    with pytest.raises(Invalid, match=r"MODELWARD_SMTP_URL: it is no mail server"):
        settings_from({"MODELWARD_SMTP_URL": address})
    secret = "hunter2"
    with pytest.raises(Invalid) as caught:
        settings_from({"MODELWARD_SMTP_URL": f"https://me:{secret}@mail.example"})
    assert secret not in str(caught.value)


def test_the_names_of_the_client_library_may_stand_in_the_same_environment() -> None:
    settings_from({"MODELWARD_URL": "http://x", "MODELWARD_API_KEY": "k", "MODELWARD_MODEL": "m"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(LONG_SECRET + "\n")
    assert settings_from({"MODELWARD_SECRET_KEY_FILE": str(file)}).secret_key == LONG_SECRET
    assert settings_from({"SECRET_KEY_FILE": str(file)}).secret_key == LONG_SECRET


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Invalid, match="MODELWARD_EVENTS_URL_FILE names /nowhere/at/all, which cannot be read"):
        settings_from({"MODELWARD_EVENTS_URL_FILE": "/nowhere/at/all"})


def test_a_value_and_a_file_at_once_contradict_each_other() -> None:
    with pytest.raises(Invalid, match="Both SECRET_KEY and SECRET_KEY_FILE are set"):
        settings_from({"SECRET_KEY": LONG_SECRET, "SECRET_KEY_FILE": "/x"})


def test_what_is_no_secret_has_no_file() -> None:
    with pytest.raises(Invalid, match="MODELWARD_DATA_DIR_FILE"):
        settings_from({"MODELWARD_DATA_DIR_FILE": "/x"})


def test_the_name_with_the_prefix_wins() -> None:
    environment = {"DATABASE_URL": "sqlite:///a.db", "MODELWARD_DATABASE_URL": "sqlite:///b.db"}
    assert settings_from(environment).database_url == "sqlite:///b.db"


def test_an_empty_value_counts_as_not_set() -> None:
    assert settings_from({"MODELWARD_RETENTION_DAYS": "", "SECRET_KEY": ""}).retention_days is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETENTION_DAYS", "0"),
        ("PUBLIC_READ", "perhaps"),
        ("SECRET_KEY", "hunter2"),
        ("FRAME_ANCESTORS", "example.com"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_an_impossible_value_is_named_and_secrets_are_not_told(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=f"MODELWARD_{name}: ") as caught:
        settings_from({f"MODELWARD_{name}": value})
    assert "hunter2" not in str(caught.value)


PROVIDER = {
    "MODELWARD_OIDC_ISSUER": "https://login.example.org/realms/ml",
    "MODELWARD_OIDC_CLIENT_ID": "modelward",
    "MODELWARD_OIDC_ROLES": "ml-admins=admin, cn=chess=member,*=viewer",
}


def test_a_provider_is_described_by_three_settings() -> None:
    settings = settings_from(PROVIDER)
    assert settings.oidc_roles == ("ml-admins=admin", "cn=chess=member", "*=viewer")
    assert settings.oidc_client_secret is None


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example.org",
        "login.example.org",
        "https://",
        "https://login.example.org/?tenant=a",
        "https://login.example.org/#a",
        "https://me:secret@login.example.org",
        "https://login.example.org/a b",
        "https://[login",
        "http://127.0.0.1.example.org",
    ],
)
def test_a_provider_is_spoken_to_over_https_alone(issuer: str) -> None:
    with pytest.raises(Invalid, match=r"^MODELWARD_OIDC_ISSUER: it is no ") as caught:
        settings_from({**PROVIDER, "MODELWARD_OIDC_ISSUER": issuer})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_provider_on_this_machine_may_do_without(host: str) -> None:
    settings_from({**PROVIDER, "MODELWARD_OIDC_ISSUER": f"http://{host}:8080/realms/ml"})


@pytest.mark.parametrize("missing", ["MODELWARD_OIDC_ISSUER", "MODELWARD_OIDC_CLIENT_ID"])
def test_a_provider_that_is_half_described_is_refused(missing: str) -> None:
    with pytest.raises(Invalid, match="MODELWARD_OIDC_ISSUER and MODELWARD_OIDC_CLIENT_ID are set together"):
        settings_from({name: value for name, value in PROVIDER.items() if name != missing})


def test_a_provider_through_which_nobody_could_sign_in_is_refused() -> None:
    with pytest.raises(Invalid, match="MODELWARD_OIDC_ROLES: without it nobody could sign in"):
        settings_from({**PROVIDER, "MODELWARD_OIDC_ROLES": ""})


@pytest.mark.parametrize("pair", ["ml", "ml=", "=admin", "ml=king", "ml=Admin", "ml:admin"])
def test_a_group_has_a_role_that_there_is(pair: str) -> None:
    with pytest.raises(Invalid, match="write group=role, with a role of owner, admin, member, viewer"):
        settings_from({**PROVIDER, "MODELWARD_OIDC_ROLES": f"*=viewer,{pair}"})


def test_the_roles_of_the_settings_are_those_of_people() -> None:
    assert tuple(role.value for role in Role) == ROLES


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        settings_from({"MODELWARD_RETENTION_DAYS": "x", "MODELWARD_AUTO_REFERENCE": "-1"})
    assert [field.field for field in caught.value.fields] == ["MODELWARD_RETENTION_DAYS", "MODELWARD_AUTO_REFERENCE"]


def test_the_level_and_the_form_of_the_log_are_words_in_any_case() -> None:
    settings = settings_from({"MODELWARD_LOG_LEVEL": "WARNING", "MODELWARD_LOG_FORMAT": "Json"})
    assert (settings.log_level, settings.log_format) == ("warning", "json")


def test_lists_are_split_at_commas() -> None:
    assert settings_from({"MODELWARD_ALLOWED_HOSTS": "a.example, b.example,"}).allowed_hosts == (
        "a.example",
        "b.example",
    )


def test_settings_cannot_be_changed_and_do_not_show_secrets() -> None:
    settings = settings_from({"SECRET_KEY": LONG_SECRET, "DATABASE_URL": "postgresql://u:geheim@h/d"})
    with pytest.raises(ValueError, match="frozen"):
        settings.public_read = True
    assert LONG_SECRET not in repr(settings)
    assert "geheim" not in repr(settings)


def test_the_environment_wins_over_the_env_file_and_arguments_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("MODELWARD_AUTO_REFERENCE=1\nMODELWARD_RETENTION_DAYS=30\nOTHER=x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELWARD_AUTO_REFERENCE", "2")
    given: dict[str, Any] = {"retention_rows": 5, "data_dir": None}
    settings = read_settings(**given)
    assert (settings.auto_reference, settings.retention_days, settings.retention_rows) == (2, 30, 5)
    assert settings.data_dir == tmp_path / "modelward-data"


def test_a_misspelt_line_of_the_env_file_is_an_error_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("MODELWARD_AUTO_REFERENZ=1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Invalid, match="did you mean MODELWARD_AUTO_REFERENCE"):
        read_settings()


def test_a_misspelt_argument_is_an_error_too() -> None:
    with pytest.raises(Invalid, match="did you mean data_dir"):
        settings_from({}, data_dirs="x")


@pytest.mark.parametrize("proxies", ["10.0.0.7", "10.0.0.0/8,::1", "*"])
def test_proxies_are_addresses_or_networks(proxies: str) -> None:
    assert ",".join(settings_from({"MODELWARD_TRUSTED_PROXIES": proxies}).trusted_proxies) == proxies


def test_a_proxy_that_is_a_name_would_trust_nobody_so_it_is_refused() -> None:
    with pytest.raises(Invalid, match="neither an address nor a network"):
        settings_from({"MODELWARD_TRUSTED_PROXIES": "proxy.internal"})
