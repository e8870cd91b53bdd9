"""Labels: what really happened, known by the event's id and often long after it."""

from itertools import repeat
from operator import is_
from typing import Any

import msgspec

from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import ABSENT, LABEL, LABEL_ID, LABEL_TIME, LabelLine
from modelward.ingest.steps import MAX_ID_CHARACTERS, Batch, first_of, read_times

MAX_LABEL_CHARACTERS = 10_000
_MOST_DIGITS = 1_000
_UNKNOWN = frozenset((b"null", b"NaN"))


def label_lines(batch: Batch, *, event_id: str | None = None) -> list[LabelLine]:
    """The labels of a request as canonical lines; `event_id` is the one that the address names, if it does."""
    ids = (
        [event_id] * len(batch.items) if event_id is not None else batch.each(batch.column(LABEL_ID), _id, otherwise="")
    )
    values = batch.each(batch.column(LABEL), _required, otherwise=ABSENT)
    return list(map(LabelLine, ids, values, read_times(batch, LABEL_TIME)))


def labels_of_events(batch: Batch, ids: list[str], model_ids: list[int]) -> list[LabelLine]:
    """The labels that came together with their events."""
    if len(batch.items) == 1 and first_of(batch.items[0], LABEL) is ABSENT:
        return []
    values = batch.column(LABEL)
    if all(map(is_, values, repeat(ABSENT))):
        return []
    lines = []
    for index, value in enumerate(values):
        if value is not ABSENT and bytes(value) not in _UNKNOWN and index not in batch.refused:
            try:
                lines.append(LabelLine(ids[index], label_of(value), batch.clock.now_us, model_ids[index]))
            except Refused as refusal:
                batch.refuse(index, refusal)
    return lines


def label_of(value: msgspec.Raw) -> msgspec.Raw:
    """A label as sent.

    Raises:
        Refused: it is neither a number, text nor a boolean.
    """
    text = bytes(value)
    if text[:1] in (b"{", b"["):
        raise Refused(Reason.BAD_LABEL, "The label must be a number, a text or a boolean.")
    if text[:1] != b'"' and len(text) > _MOST_DIGITS:
        raise Refused(Reason.BAD_LABEL, f"The label is a number of more than {_MOST_DIGITS} characters.")
    if len(text) > MAX_LABEL_CHARACTERS:
        raise Refused(Reason.BAD_LABEL, f"The label is longer than {MAX_LABEL_CHARACTERS:,} characters.")
    return value


def _required(value: msgspec.Raw) -> msgspec.Raw:
    if value is ABSENT or bytes(value) in _UNKNOWN:
        raise Refused(Reason.NO_LABEL, "There is no label: send it as `label`.")
    return label_of(value)


def _id(value: Any) -> str:
    if value is ABSENT or value is None or value == "":
        raise Refused(Reason.BAD_ID, "The label does not say whose it is: send the event's id as `event_id`.")
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_ID_CHARACTERS:
        detail = f"The event's id must be text of at most {MAX_ID_CHARACTERS} characters."
        raise Refused(Reason.BAD_ID, detail)
    return value
