"""A request to somebody else, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outgoing:
    """A request as it will be sent. Its address and headers may hold secrets: they are not in its readable form."""

    address: str = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"


@dataclass(frozen=True)
class Answer:
    """What came back. The body is for the sender's own understanding, and is not shown to whoever gave the address."""

    status: int
    body: bytes = field(default=b"", repr=False)
    retry_after: float | None = None
