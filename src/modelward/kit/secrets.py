"""Random tokens, signed values, and the service's own secret."""

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path

from modelward.errors import Invalid
from modelward.settings import Settings


def random_token() -> str:
    """256 random bits that fit into an address."""
    return secrets.token_urlsafe(32)


def sign(value: bytes, *, secret: str, purpose: str) -> str:
    """`value` with a signature that only `secret` can make, and only for this `purpose`. The value stays readable."""
    return f"{_encode(value)}.{_encode(_signature(value, secret, purpose))}"


def verify(signed: str, *, secret: str, purpose: str) -> bytes | None:
    """The value that was signed, or None when the signature is not ours or for another purpose."""
    body, _, signature = signed.partition(".")
    try:
        value, given = _decode(body), _decode(signature)
    except (binascii.Error, ValueError):
        return None
    return value if hmac.compare_digest(given, _signature(value, secret, purpose)) else None


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from which neither the secret nor the key of another purpose follows."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)


def load_or_create_secret(folder: Path) -> str:
    """The secret kept in `folder`/secret_key, readable by its owner alone; made when it is not there.

    Two processes that start at once get the same one: the file appears whole, and the first wins.
    """
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _create_whole(path, secrets.token_urlsafe(48))
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < 32:
        raise Invalid(
            f"{path} holds less than 32 characters: delete it, and a new one is made (everybody signs in again)."
        )
    return secret


def secret_of(settings: Settings) -> str:
    """What this service signs with: the setting, or else the secret kept in the data folder."""
    return settings.secret_key or _kept_secret(settings.data_dir)


@cache
def _kept_secret(folder: Path) -> str:
    return load_or_create_secret(folder)


def _create_whole(path: Path, content: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # fails when another process was first, whose secret then holds
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _signature(value: bytes, secret: str, purpose: str) -> bytes:
    return hmac.digest(derived_key(secret, purpose), value, hashlib.sha256)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _decode(text: str) -> bytes:
    # One value has one spelling: what does not encode back to itself is not ours.
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _encode(value) != text:
        raise ValueError("not the canonical spelling")
    return value
