"""Which key a chain is hashed with. It hangs on the engine, so that no caller of `record` hands it around.

The key is derived from the service's secret and lies in memory alone. After a change of the secret new entries are
written with the new key; the former ones are needed to prove what was written before.
"""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.kit.secrets import derived_key, secret_of
from modelward.settings import Settings

_OPTION: Final = "modelward_audit_keys"


class Keys(tuple[bytes, ...]):
    """The present key, and after it the former ones. Says nothing of them where it is printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} audit keys>"


def use_secrets(engine: Engine, secret: str, former: Iterable[str] = ()) -> Engine:
    """Let sessions of this engine append to the audit chain, with a key that follows from `secret`."""
    keys = Keys(derived_key(each, "audit chain") for each in (secret, *former))
    engine.update_execution_options(**{_OPTION: keys})
    return engine


def use_settings(engine: Engine, settings: Settings) -> Engine:
    """The same, with the secrets of this service, the present one and those that it had before."""
    return use_secrets(engine, secret_of(settings), settings.former_secret_keys)


def keys_of(session: Session) -> Keys:
    """The keys of the session's engine.

    Raises:
        RuntimeError: it has none, which is a mistake of whoever opened the database.
    """
    keys: Keys | None = session.get_bind().get_execution_options().get(_OPTION)
    if not keys:
        raise RuntimeError(
            "This engine has no key for the audit chain: call audit.keys.use_settings(engine, settings) "
            "where the database is opened."
        )
    return keys
