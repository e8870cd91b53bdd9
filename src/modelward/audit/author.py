"""Who did something, as the audit chain keeps it."""

from dataclasses import dataclass
from typing import Final, Literal

AuthorKind = Literal["user", "key", "operator", "public", "system"]


@dataclass(frozen=True)
class Author:
    """A person, a key, the operator of the machine, the public of a demo, or the service itself.

    `title` names them to people, as they were called then: an entry is read long after a person was renamed or gone.
    """

    title: str
    kind: AuthorKind
    id: int | None = None
    on_behalf_of: str | None = None
    """whose doing it also is: of a key, the person who made it"""
    address: str | None = None
    """the network address that the request came from; None for what was done on the machine itself"""


SYSTEM: Final = Author("Modelward", "system")
OPERATOR: Final = Author("the operator of this machine", "operator")
"""Whoever works on the command line of the machine, and so could read its files anyway."""
