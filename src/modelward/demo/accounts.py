"""The demo's organisation and its keys, made before the service starts."""

import ipaddress
from dataclasses import dataclass

from sqlalchemy import Engine

from modelward.accounts.keys import KeyKind
from modelward.accounts.service import create_key, create_organisation, register_known_key
from modelward.accounts.sessions import create_login_link
from modelward.kit.clock import now
from modelward.kit.database import writing

KNOWN_KEY = "demo-key"


@dataclass(frozen=True)
class Keys:
    """What the demo signs its requests with."""

    ingest: str
    admin: str


def open_accounts(database: Engine, *, host: str) -> Keys:
    """Make the organisation. Where only this machine listens, `demo-key` may send events; elsewhere not."""
    moment = now()
    with writing(database) as session:
        owner = create_organisation(session, name="Demo", now=moment).id
        _, admin = create_key(session, organisation_id=owner, kind=KeyKind.ADMIN, name="the demo itself", now=moment)
        if only_this_machine(host):
            register_known_key(session, organisation_id=owner, kind=KeyKind.INGEST, token=KNOWN_KEY, now=moment)
            return Keys(KNOWN_KEY, admin)
        _, ingest = create_key(session, organisation_id=owner, kind=KeyKind.INGEST, name="the demo itself", now=moment)
    return Keys(ingest, admin)


def login_address(database: Engine, base_url: str) -> str:
    """An address that opens the dashboard once."""
    with writing(database) as session:
        return f"{base_url}/login?token={create_login_link(session, now=now())}"


def only_this_machine(host: str) -> bool:
    """Whether an address to listen on is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
