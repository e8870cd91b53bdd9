"""From an Arrow IPC stream to what the journal keeps and the sender hears."""

from collections.abc import Iterable

import msgspec
import pyarrow.compute as pc

from modelward.errors import Invalid, ModelwardError, Unavailable
from modelward.ingest.arrow_events import ArrowEvents, packed, read_arrow, selected
from modelward.ingest.bodies import UNPACKED_BYTES
from modelward.ingest.directory import Directory
from modelward.ingest.intake import NO_MODEL, Taken, label_entries, name_of
from modelward.ingest.labels import label_of
from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import LabelLine, Rejected
from modelward.ingest.segments import Entry, Kind
from modelward.ingest.timestamps import Clock
from modelward.settings import Settings

_ARROW_ROWS = 100  # an Arrow stream may have so many times the events of a JSON body
_UNPACKED_FACTOR = 2  # over what a packed body of JSON may unpack to: columns take more than they say


class ArrowIntake:
    """Events as an Arrow IPC stream."""

    def __init__(
        self, directory: Directory, organisation_id: int, clock: Clock, settings: Settings, *, model: str | None
    ) -> None:
        self._directory = directory
        self._organisation_id = organisation_id
        self._clock = clock
        self._settings = settings
        self._model = model

    async def take(self, body: bytes, *, lines: bool) -> Taken:  # noqa: ARG002 - a body is Arrow whatever else it is
        events = read_arrow(
            body,
            self._clock,
            max_bytes=_UNPACKED_FACTOR * max(UNPACKED_BYTES, len(body)),
            max_rows=self._settings.max_events_per_request * _ARROW_ROWS,
            max_features=self._settings.max_features,
        )
        groups, refused = await self._by_model(events)
        entries = [self._entry(model_id, group) for model_id, group in groups]
        labels = [line for model_id, group in groups for line in _labels_of(group, model_id, self._clock)]
        ids = None if events.own_ids else [text for _, group in groups for text in group.table["event_id"].to_pylist()]
        return Taken(
            entries=[*entries, *label_entries(self._organisation_id, self._clock, labels)],
            accepted=sum(group.table.num_rows for _, group in groups),
            rejected=sorted([*events.rejected, *refused], key=lambda rejected: rejected.index),
            event_ids=ids,
        )

    async def _by_model(self, events: ArrowEvents) -> tuple[list[tuple[int, ArrowEvents]], list[Rejected]]:
        if events.table.num_rows == 0:
            return [], []
        if self._model is not None:
            name = (self._organisation_id, None, self._model)
            return [(await self._directory.model(name, register=True), events)], []
        if events.models is None:
            raise Invalid(NO_MODEL.detail)
        return await self._split(events)

    async def _split(self, events: ArrowEvents) -> tuple[list[tuple[int, ArrowEvents]], list[Rejected]]:
        assert events.models is not None
        groups: list[tuple[int, ArrowEvents]] = []
        refused: list[Rejected] = []
        for value in pc.unique(events.models).to_pylist():
            chosen = pc.is_null(events.models) if value is None else pc.equal(events.models, value)
            group = selected(events, pc.fill_null(chosen, False).to_numpy())
            try:
                project = group.projects[0].as_py() if group.projects is not None else None
                name = name_of(self._organisation_id, project and str(project), value)
                groups.append((await self._directory.model(name, register=True), group))
            except Unavailable:
                raise
            except (Refused, ModelwardError) as error:
                refusal = error if isinstance(error, Refused) else Refused(Reason.UNKNOWN_MODEL, error.sentence)
                refused += [Rejected(int(at), refusal.reason.value, refusal.detail) for at in group.places]
        return groups, refused

    def _entry(self, model_id: int, group: ArrowEvents) -> Entry:
        rows = group.table.num_rows
        return Entry(Kind.ARROW, self._organisation_id, model_id, rows, self._clock.now_us, packed(group.table))


def _labels_of(group: ArrowEvents, model_id: int, clock: Clock) -> Iterable[LabelLine]:
    if group.labels is None:
        return
    for event_id, value in zip(group.table["event_id"].to_pylist(), group.labels.to_pylist(), strict=True):
        if value is not None and value == value:  # noqa: PLR0124 - NaN is no label
            yield LabelLine(event_id, label_of(msgspec.Raw(msgspec.json.encode(value))), clock.now_us, model_id)
