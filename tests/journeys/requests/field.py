"""How programs in the field speak to a service: lines of curl in a shell, and `requests`."""

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import requests
from tests.journeys.running import wait_for

_CURLRC = """\
silent
show-error
write-out = "\\n%{http_code}\\n\\n"
"""


class Answer(NamedTuple):
    status: int
    body: Any


@dataclass(frozen=True)
class Field:
    """The service under one prefix (`url`), where it answers canonically (`home`), and a key."""

    url: str
    home: str
    key: str
    folder: Path

    def curl(self, lines: str, **names: object) -> list[Answer]:
        """What a person's shell answers to these lines, who sets URL and KEY and whatever else they name."""
        (self.folder / ".curlrc").write_text(_CURLRC)
        env = {"PATH": os.environ["PATH"], "CURL_HOME": str(self.folder), "URL": self.url, "KEY": self.key}
        env |= {name: str(value) for name, value in names.items()}
        ran = subprocess.run(["/bin/sh", "-eu", "-c", lines], capture_output=True, text=True, env=env, check=False)
        assert ran.returncode == 0, ran.stderr
        return [_answer(said) for said in ran.stdout.split("\n\n") if said.strip()]

    def read(self, path: str, **asked: Any) -> Any:
        """What the canonical API says, after all."""
        reply = requests.get(f"{self.home}/api/v1{path}", params=asked, headers=self.headers, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def stored(self, model: str | int, count: int) -> list[dict[str, Any]]:
        """The model's events, newest first, once there are so many."""
        items: list[dict[str, Any]] = []

        def there() -> bool:
            items[:] = self.read(f"/models/{model}/events", limit=1000)["items"]
            return len(items) >= count

        wait_for(there, f"{count} events of {model}")
        assert len(items) == count
        return items

    def labelled(self, model: str | int, count: int) -> dict[str, Any]:
        """The labels of the model's events by their ids, once so many have one."""
        labels: dict[str, Any] = {}

        def there() -> bool:
            items = self.read(f"/models/{model}/events", limit=1000)["items"]
            labels.update({item["event_id"]: item["label"] for item in items if item["label"] is not None})
            return len(labels) >= count

        wait_for(there, f"{count} labels of {model}")
        return labels


def fresh(name: str) -> str:
    """A name that no other test uses."""
    return f"{name}_{uuid.uuid4().hex[:8]}"


def _answer(said: str) -> Answer:
    body, _, status = said.strip().rpartition("\n")
    return Answer(int(status), json.loads(body) if body else None)
