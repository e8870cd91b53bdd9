"""Every setting of the service: read once, strict, frozen. docs/settings.md explains each; a test holds the two equal.

The setting `data_dir` is the environment's `MODELWARD_DATA_DIR`, or a line of a `.env` file in the working folder (the
environment wins). `DATABASE_URL` and `SECRET_KEY` are also read without the prefix. A setting that may hold a secret
can be given as a file: `MODELWARD_SECRET_KEY_FILE=/run/secrets/key`.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from modelward.errors import FieldError, Invalid

PREFIX = "MODELWARD_"
SECRETS = (
    "database_url",
    "events_url",
    "secret_key",
    "former_secret_keys",
    "owner_password",
    "oidc_client_secret",
    "smtp_url",
)
"""Settings that may hold a secret (an address may hold a password): also read from the file that `…_FILE` names."""
WITHOUT_PREFIX = ("database_url", "secret_key")
OF_THE_SDK = ("MODELWARD_URL", "MODELWARD_API_KEY", "MODELWARD_MODEL")
"""Names of the client library, which may run beside the server in one environment."""
NOT_YET = (
    "BROKER_URL",
    "COST_TAG_PREFIX",
    "ALLOW_PICKLE",
)
"""Names whose rooms are not built yet. Setting one is refused: a setting that does nothing would be a lie."""
ROLES = ("owner", "admin", "member", "viewer")
"""Of people; `accounts` says what each may do."""
MEBIBYTE = 1024 * 1024


def _split(value: object) -> object:
    """`a, b` is a list of two; an empty text is an empty list."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


Listed = Annotated[tuple[str, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """What the operator of the service decides. Made by `read_settings`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path
    database_url: str = Field(repr=False)
    events_url: str = Field(repr=False)
    secret_key: str | None = Field(None, repr=False, min_length=32)
    former_secret_keys: Listed = Field((), repr=False)  # what the audit chain was written with before
    owner_email: str | None = None
    owner_password: str | None = Field(None, repr=False)
    open_registration: bool | None = None  # None: on loopback
    access_token_minutes: int = Field(720, ge=1, le=527_040)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = Field(None, validate_default=True)
    oidc_client_secret: str | None = Field(None, repr=False)
    oidc_groups_claim: str = "groups"
    oidc_roles: Listed = Field((), validate_default=True)  # group=role
    cors_origins: Listed = ()
    rate_limit_per_minute: int = Field(1_200, ge=1)
    max_ingest_requests: int = Field(256, ge=1)  # at once
    allowed_hosts: Listed = ()  # none: any host
    trusted_proxies: Listed = ("127.0.0.1", "::1")
    frame_ancestors: Listed = ()
    public_read: bool = False
    public_url: str | None = None
    smtp_url: str | None = Field(None, repr=False)
    smtp_from: str | None = None
    webhook_allow_cidrs: Listed = ()
    webhook_allow_http: bool = False
    webhook_ports: Listed = ()  # besides 80, 443 and 8443
    webhook_ca_file: Path | None = None
    retention_days: int | None = Field(None, ge=1)
    retention_rows: int | None = Field(None, ge=1)
    auto_reference: int = Field(250, ge=0)
    journal_limit_bytes: int = Field(1024 * MEBIBYTE, ge=MEBIBYTE)
    journal_keep_hours: int = Field(24, ge=0)
    min_free_disk_bytes: int = Field(256 * MEBIBYTE, ge=0)
    max_body_bytes: int = Field(10_000_000, ge=1_000)  # of JSON; an Arrow stream may have ten times as much
    max_upload_bytes: int = Field(1_000_000_000, ge=1_000)
    max_events_per_request: int = Field(10_000, ge=1)
    max_features: int = Field(2_000, ge=1)
    log_format: Literal["auto", "console", "json"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="before")
    @classmethod
    def _default_addresses(cls, values: dict[str, Any]) -> dict[str, Any]:
        folder = Path(values.get("data_dir") or "modelward-data").expanduser().absolute()
        database = values.get("database_url") or f"sqlite:///{folder}/metadata.db"
        team = str(database).startswith("postgres")
        events = values.get("events_url") or (database if team else f"duckdb:///{folder}/events.duckdb")
        return {**values, "data_dir": folder, "database_url": database, "events_url": events}

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _in_small_letters(cls, word: object) -> object:
        return word.lower() if isinstance(word, str) else word

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network("0.0.0.0/0" if proxy == "*" else proxy)
            except ValueError:
                raise ValueError(
                    f"{proxy!r} is neither an address nor a network: write 10.0.0.7 or 10.0.0.0/8"
                ) from None
        return proxies

    @field_validator("webhook_allow_cidrs")
    @classmethod
    def _are_whole_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ip_network(network)
            except ValueError:
                raise ValueError(
                    f"{network!r} is no network: write 10.20.0.0/16, or 10.20.0.7 for one address"
                ) from None
        return networks

    @field_validator("webhook_ports")
    @classmethod
    def _are_ports(cls, ports: tuple[str, ...]) -> tuple[str, ...]:
        for port in ports:
            if not port.isdecimal() or not 0 < int(port) < 65_536:
                raise ValueError(f"{port!r} is no port: write a number from 1 to 65535")
        return ports

    @field_validator("webhook_ca_file")
    @classmethod
    def _can_be_read(cls, file: Path | None) -> Path | None:
        if file is not None and not file.is_file():
            raise ValueError(f"there is no file {file}")
        return file

    @field_validator("public_url")
    @classmethod
    def _is_where_people_look(cls, address: str | None) -> str | None:
        if address is not None and not (address.startswith(("http://", "https://")) and urlsplit(address).hostname):
            raise ValueError("it is no address: write https://modelward.example.org")
        return address.rstrip("/") if address else None

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, address: str | None) -> str | None:
        try:
            parts = urlsplit(address or "smtp://localhost")
            sound = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound or parts.query not in ("", "starttls=required", "starttls=offered", "starttls=never"):
            raise ValueError("it is no mail server: write smtp://user:password@host:587?starttls=required or smtps://…")
        return address

    @field_validator("oidc_issuer")
    @classmethod
    def _is_an_issuer(cls, issuer: str | None) -> str | None:
        if issuer is None:
            return None
        try:
            parts = urlsplit(issuer)
            at_home = parts.scheme == "http" and _is_loopback(parts.hostname or "")
            whole = bool(parts.hostname) and issuer.isascii() and issuer.isprintable() and " " not in issuer
        except ValueError:
            raise ValueError("it is no address") from None
        if (
            not whole
            or not (parts.scheme == "https" or at_home)
            or parts.query
            or parts.fragment
            or "@" in parts.netloc
        ):
            raise ValueError(
                "it is no issuer: write the address that the provider gives, https://login.example.org "
                "(http only for a provider on this machine)"
            )
        return issuer

    @field_validator("oidc_client_id")
    @classmethod
    def _goes_with_an_issuer(cls, client_id: str | None, told: ValidationInfo) -> str | None:
        if bool(client_id) != bool(told.data.get("oidc_issuer", client_id)):
            raise ValueError("MODELWARD_OIDC_ISSUER and MODELWARD_OIDC_CLIENT_ID are set together, or neither")
        return client_id

    @field_validator("oidc_roles")
    @classmethod
    def _are_roles(cls, pairs: tuple[str, ...], told: ValidationInfo) -> tuple[str, ...]:
        if told.data.get("oidc_issuer") and not pairs:
            raise ValueError(
                "without it nobody could sign in: say which group has which role, or *=viewer for everybody"
            )
        for pair in pairs:
            group, _, role = pair.rpartition("=")
            if not group.strip() or role.strip() not in ROLES:
                raise ValueError(f"{pair!r} is not understood: write group=role, with a role of {', '.join(ROLES)}")
        return pairs

    @field_validator("frame_ancestors", "cors_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and not origin.startswith(("http://", "https://")):
                raise ValueError(f"{origin!r} is not an origin: write it as https://name.example")
        return origins


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment and `.env`; `overrides` (of the command line; None counts as not given) win.

    Raises:
        Invalid: an unknown name, a value of the wrong kind, a file that cannot be read. All are named at once.
    """
    try:
        dotenv = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"The file .env in this folder cannot be read: {error}.") from error
    given = {name: value for name, value in overrides.items() if value is not None}
    return settings_from({**dotenv, **os.environ}, **given)


def settings_from(environment: Mapping[str, str], **overrides: Any) -> Settings:
    """The settings that `environment` describes. Raises as `read_settings` does."""
    _refuse_unknown(environment)
    values = {name: value for name in Settings.model_fields if (value := _value_of(name, environment)) is not None}
    try:
        return Settings(**{**values, **overrides})
    except ValidationError as error:
        raise _explained(error) from None


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS}
    early = sorted(
        PREFIX + name for name in NOT_YET if PREFIX + name in environment or f"{PREFIX}{name}_FILE" in environment
    )
    if early:
        raise Invalid(f"This version does not know yet what to do with {', '.join(early)}: leave it out.")
    strangers = sorted(name for name in environment if name.startswith(PREFIX) and name not in known.union(OF_THE_SDK))
    if strangers:
        raise Invalid("Unknown settings: " + "; ".join(_suggested(name, known) for name in strangers) + ".")


def _suggested(name: str, known: set[str]) -> str:
    near = get_close_matches(name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in sorted(known)], n=1)
    return f"{name} (did you mean {PREFIX}{near[0]}?)" if near else f"{name} (docs/settings.md lists all there are)"


def _value_of(name: str, environment: Mapping[str, str]) -> str | None:
    """The value under the first spelling that is set. An empty value counts as not set."""
    spellings = [PREFIX + name.upper(), *([name.upper()] if name in WITHOUT_PREFIX else [])]
    for spelling in spellings:
        value = environment.get(spelling) or None
        file = environment.get(f"{spelling}_FILE") if name in SECRETS else None
        if value and file:
            raise Invalid(f"Both {spelling} and {spelling}_FILE are set: keep one of them.")
        if value or file:
            return value or _content(f"{spelling}_FILE", str(file))
    return None


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{name} names {file}, which cannot be read: {error}.") from error


def _explained(error: ValidationError) -> Invalid:
    fields = []
    for detail in error.errors(include_url=False, include_input=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if detail["type"] == "extra_forbidden":
            near = get_close_matches(name, list(Settings.model_fields), n=1)
            fields.append(FieldError(name, "there is no such setting", f"did you mean {near[0]}?" if near else ""))
        else:
            fields.append(FieldError(PREFIX + name.upper(), detail["msg"].removeprefix("Value error, ")))
    return Invalid(
        "; ".join(f"{field.field}: {field.wrong}. {field.fix}".strip() for field in fields), fields=tuple(fields)
    )
