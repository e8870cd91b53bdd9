"""Encrypting what is kept: AES-GCM, bound to what it belongs to, so that a sealed value put elsewhere does not open."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE: Final = 12


def seal(plain: bytes, *, key: bytes, about: bytes) -> bytes:
    """`plain` as nobody reads it without `key` (32 bytes). `about` names what it belongs to."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(sealed: bytes, *, key: bytes, about: bytes) -> bytes | None:
    """What was sealed; None where the key is another, or it belonged to something else, or was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], about)
    except InvalidTag:
        return None
