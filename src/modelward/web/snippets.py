"""Commands ready to paste, with the real address, the model's own name and, where there is one, a real key."""

import json
import shlex
from dataclasses import dataclass
from pprint import pformat
from urllib.parse import quote

from starlette.requests import Request

from modelward.accounts.principal import KeyKind

NO_KEY = "YOUR_KEY"


@dataclass(frozen=True)
class Example:
    """The same request in one language."""

    language: str
    text: str


def base_of(request: Request) -> str:
    """The address of this service as the reader's browser knows it."""
    return str(request.base_url).rstrip("/")


def first_event(base: str, key: str = "my-model", *, token: str = NO_KEY) -> str:
    """Sends one prediction; a model that is not known yet is registered by it."""
    body = shlex.quote(json.dumps(_event(key)))
    return f"curl {base}/api/v1/events \\\n{_header(token)}  -H 'Content-Type: application/json' \\\n  -d {body}"


def upload_reference(base: str, key: str, *, token: str = NO_KEY) -> str:
    """Uploads a file with one column a feature."""
    return f"curl {base}/api/v1/models/{quote(key, safe='')}/baseline \\\n{_header(token)}  -F file=@reference.csv"


def first_event_examples(base: str, key: str = "my-model", *, token: str = NO_KEY) -> list[Example]:
    """One prediction, by the command line and by a program."""
    event = pformat(_event(key), indent=4, sort_dicts=False, width=80)
    program = (
        "import requests\n\n"
        f"event = {_opened(event)}\n"
        "answer = requests.post(\n"
        f'    "{base}/api/v1/events",\n'
        "    json=event,\n"
        f'    headers={{"Authorization": "Bearer {token}"}},\n'
        "    timeout=10,\n"
        ")\n"
        "print(answer.status_code, answer.text)"
    )
    return [Example("curl", first_event(base, key, token=token)), Example("Python", program)]


def examples_of(kind: KeyKind, base: str, key: str, token: str) -> list[Example]:
    """What a key of this kind is for."""
    if kind is KeyKind.INGEST:
        return first_event_examples(base, key, token=token)
    program = (
        "import requests\n\n"
        "answer = requests.get(\n"
        f'    "{base}/api/v1/models",\n'
        f'    headers={{"Authorization": "Bearer {token}"}},\n'
        "    timeout=10,\n"
        ")\n"
        "print(answer.status_code, answer.text)"
    )
    command = f'curl {base}/api/v1/models \\\n  -H "Authorization: Bearer {token}"'
    return [Example("curl", command), Example("Python", program)]


def _event(key: str) -> dict[str, object]:
    return {
        "model_id": key,
        "prediction": "yes",
        "score": 0.81,
        "latency_ms": 12,
        "features": {"age": 41, "plan": "pro"},
    }


def _opened(written: str) -> str:
    """A dictionary as people write it: each brace on a line of its own."""
    return "{\n    " + written.removeprefix("{").removesuffix("}").strip() + ",\n}"


def _header(token: str) -> str:
    return f'  -H "Authorization: Bearer {token}" \\\n'


def send_label(base: str, *, token: str = NO_KEY) -> str:
    """Sends the outcome of one prediction."""
    body = shlex.quote(json.dumps({"event_id": "the-id-of-the-event", "label": 1}))
    return f"curl {base}/api/v1/labels \\\n{_header(token)}  -H 'Content-Type: application/json' \\\n  -d {body}"


def declare_protected(base: str, key: str, *, token: str = NO_KEY) -> str:
    """Declares protected attributes in the settings of the monitor."""
    body = shlex.quote(json.dumps({"protected": ["sex"], "positive": "yes"}))
    where = f"{base}/api/v1/models/{quote(key, safe='')}/monitor"
    return f"curl -X PUT {where} \\\n{_header(token)}  -H 'Content-Type: application/json' \\\n  -d {body}"
