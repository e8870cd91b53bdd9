"""What people are told, before any channel gives it a form of its own."""

import base64
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

MessageKind = Literal["firing", "changed", "reminder", "resolved", "test"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True)
class Message:
    """One message. `sentence` says what happened and why; `details` are further lines, each a sentence.

    `link` is the page that shows more: a path (`/alerts/7`), before which the sender puts the service's own address,
    or a whole address. `picture` is a PNG.
    """

    kind: MessageKind
    title: str
    sentence: str
    organisation_id: int
    at: datetime
    details: tuple[str, ...] = ()
    link: str | None = None
    severity: Severity = "warning"
    incident_id: int | None = None
    model_key: str | None = None
    picture: bytes | None = None

    def to_dict(self, *, picture: bool = True) -> dict[str, Any]:
        """As JSON has it: the moment in ISO 8601, the picture in base64, or left out."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "picture"}
        told |= {"at": self.at.isoformat(), "details": list(self.details)}
        if picture and self.picture is not None:
            told["picture"] = base64.b64encode(self.picture).decode("ascii")
        return told

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "Message":
        """What `to_dict` was made of."""
        drawn = told.get("picture")
        return cls(
            **{
                **told,
                "at": datetime.fromisoformat(told["at"]),
                "details": tuple(told["details"]),
                "picture": base64.b64decode(drawn) if drawn else None,
            }
        )
