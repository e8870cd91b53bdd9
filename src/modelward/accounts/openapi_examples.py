"""What was recorded of each operation, put beside its description: one request that it took, and what it answered."""

from collections.abc import Mapping
from typing import Any

Recorded = Mapping[str, Any]
"""Of one operation: `request` is examples by media type, `answers` the same by status. Examples have a name each."""


def attach(operation: dict[str, Any], recorded: Recorded) -> None:
    """Add the recorded examples to an operation. What was written by hand stays."""
    body = operation.get("requestBody", {}).get("content", {})
    _fill(body, recorded.get("request", {}))
    for status, answers in recorded.get("answers", {}).items():
        if status in operation["responses"]:
            _fill(operation["responses"][status].get("content", {}), answers)


def _fill(content: dict[str, Any], examples: Mapping[str, Mapping[str, Any]]) -> None:
    for media_type, described in content.items():
        named = examples.get(media_type.partition(";")[0], {})
        if not named or described.keys() & {"example", "examples"}:
            continue
        if len(named) == 1:
            described["example"] = next(iter(named.values()))
        else:
            described["examples"] = {name: {"value": value} for name, value in named.items()}
