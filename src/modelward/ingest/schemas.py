"""The wire shapes of events and labels, with every name that programs in the field use for their fields.

Values stay as they were sent (`Raw`, or whatever JSON made of them): what they mean is decided by the steps and the
mover, item by item, so that one bad value never loses the others. A field that was not sent is `ABSENT`.
"""

from typing import Any, Final

import msgspec

ABSENT: Final = msgspec.Raw(b"null")

# The names of one thing, the canonical one first. The first that was sent counts.
EVENT_ID: Final = ("event_id", "prediction_id")
TIME: Final = ("timestamp", "ts")
MODEL: Final = ("model_id", "model", "model_name")
PROJECT: Final = ("project_id", "project")
PREDICTION: Final = ("prediction", "prediction_value", "y_pred")
SCORE: Final = ("score", "y_proba")
FEATURES: Final = ("features", "input_features")
ENDPOINT: Final = ("endpoint",)
LATENCY: Final = ("latency_ms",)
LABEL: Final = ("label", "actual_label", "actual", "y_true")
LABEL_ID: Final = ("event_id", "prediction_id", "id")
LABEL_TIME: Final = ("timestamp", "ts", "timestamp_actual_known")


class Item(msgspec.Struct, gc=False):
    """One event or one label as sent, under any of its names."""

    event_id: Any = ABSENT
    prediction_id: Any = ABSENT
    id: Any = ABSENT
    timestamp: Any = ABSENT
    ts: Any = ABSENT
    timestamp_actual_known: Any = ABSENT
    project_id: Any = ABSENT
    project: Any = ABSENT
    model_id: Any = ABSENT
    model: Any = ABSENT
    model_name: Any = ABSENT
    endpoint: Any = ABSENT
    latency_ms: msgspec.Raw = ABSENT
    prediction: msgspec.Raw = ABSENT
    prediction_value: msgspec.Raw = ABSENT
    y_pred: msgspec.Raw = ABSENT
    score: msgspec.Raw = ABSENT
    y_proba: msgspec.Raw = ABSENT
    features: msgspec.Raw = ABSENT
    input_features: msgspec.Raw = ABSENT
    label: msgspec.Raw = ABSENT
    actual_label: msgspec.Raw = ABSENT
    actual: msgspec.Raw = ABSENT
    y_true: msgspec.Raw = ABSENT


class Envelope(Item):
    """One item, or many in a list with what they share (a model, a project) beside it."""

    predictions: msgspec.Raw = ABSENT
    events: msgspec.Raw = ABSENT
    labels: msgspec.Raw = ABSENT


class Line(msgspec.Struct, gc=False, omit_defaults=True):
    """The canonical line of the journal: one event of one model. `ts` in microseconds since 1970."""

    event_id: str
    ts: int
    features: msgspec.Raw = ABSENT
    prediction: msgspec.Raw = ABSENT
    score: msgspec.Raw = ABSENT
    latency_ms: msgspec.Raw = ABSENT
    endpoint: str | None = None


class LabelLine(msgspec.Struct, gc=False, omit_defaults=True):
    """The canonical line of one label. Without a model it belongs to whichever of the organisation has the event."""

    event_id: str
    label: msgspec.Raw
    labelled_at: int
    model_id: int | None = None


class Rejected(msgspec.Struct, frozen=True):
    """Why one item of a request was not taken: a reason from the closed set, and a sentence."""

    index: int
    reason: str
    detail: str


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the sender hears once everything accepted is durable. `event_id` and `id` when one event was sent."""

    accepted: int
    rejected: list[Rejected]
    event_ids: list[str] | None = None
    event_id: str | None = None
    id: str | None = None
