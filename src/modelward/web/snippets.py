"""Commands ready to paste, with the real address and the model's own key."""

import json
import shlex
from urllib.parse import quote

_KEY = '  -H "Authorization: Bearer YOUR_KEY" \\\n'


def first_event(base: str, key: str = "my-model") -> str:
    """Sends one prediction; a model that is not known yet is registered by it."""
    event = {
        "model_id": key,
        "prediction": "yes",
        "score": 0.81,
        "latency_ms": 12,
        "features": {"age": 41, "plan": "pro"},
    }
    body = shlex.quote(json.dumps(event))
    return f"curl {base}/api/v1/events \\\n{_KEY}  -H 'Content-Type: application/json' \\\n  -d {body}"


def upload_reference(base: str, key: str) -> str:
    """Uploads a file with one column a feature."""
    return f"curl {base}/api/v1/models/{quote(key, safe='')}/baseline \\\n{_KEY}  -F file=@reference.csv"
