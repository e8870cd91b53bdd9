"""The program that hashes passwords: a process of its own with the lowest priority, which ends with its parent.

A request is a line of JSON, a password and the hash to compare it with (null to make one); the answer is a line too.
It is a process and not a thread, because a thread of low priority that holds the interpreter's lock delays all others.
"""

import base64
import json
import os
import sys
from contextlib import suppress

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LOWEST = 19  # of nice(2)

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second choice for Argon2id

NOBODY = "$argon2id$v=19$m=19456,t=2,p=1${}${}".format(
    *(base64.b64encode(bytes(length)).decode().rstrip("=") for length in (16, 32))
)
"""The hash of no password, which costs as much to compare with as that of a person."""


def compared(password: bytes, stored: str) -> tuple[bool, str | None]:
    """Whether the password is right, and its hash by today's parameters where the stored one has others."""
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False, None
    return True, _hasher.hash(password) if _hasher.check_needs_rehash(stored) else None


def main() -> None:
    """Answer until there is nobody left to ask."""
    with suppress(OSError, AttributeError):  # a system without priorities
        os.nice(_LOWEST)
    for line in sys.stdin.buffer:
        given, stored = json.loads(line)
        password = base64.b64decode(given)
        answer = compared(password, stored) if stored is not None else _hasher.hash(password)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt, BrokenPipeError):
        main()
