"""From an Arrow IPC stream to what the journal keeps and the sender hears."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from modelward.accounts.principal import Scope
from modelward.errors import Invalid, ModelwardError, Unavailable
from modelward.ingest.arrow_events import ArrowEvents, Mask, packed, read_arrow, selected
from modelward.ingest.bodies import UNPACKED_BYTES
from modelward.ingest.directory import Directory, Registering
from modelward.ingest.intake import NO_MODEL, Taken, label_entries, name_of
from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import LabelLine, Rejected
from modelward.ingest.segments import Entry, Kind
from modelward.ingest.timestamps import Clock
from modelward.settings import Settings

_ARROW_ROWS = 100  # an Arrow stream may have so many times the events of a JSON body
_MOST_MODELS = 1_000  # each is a filter over the whole stream
_UNPACKED_FACTOR = 2  # over what a packed body of JSON may unpack to: columns take more than they say


class ArrowIntake:
    """Events as an Arrow IPC stream."""

    def __init__(
        self,
        directory: Directory,
        scope: Scope,
        clock: Clock,
        settings: Settings,
        *,
        model: str | None,
        registering: Registering,
    ) -> None:
        self._directory = directory
        self._scope = scope
        self._clock = clock
        self._settings = settings
        self._model = model
        self._registering = registering

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
            entries=[*entries, *label_entries(self._scope.organisation_id, self._clock, labels)],
            accepted=sum(group.table.num_rows for _, group in groups),
            rejected=sorted([*events.rejected, *refused], key=lambda rejected: rejected.index),
            event_ids=ids,
        )

    async def _by_model(self, events: ArrowEvents) -> tuple[list[tuple[int, ArrowEvents]], list[Rejected]]:
        if events.table.num_rows == 0:
            return [], []
        if self._model is not None:
            name = (self._scope, None, self._model)
            return [(await self._directory.model(name, registering=self._registering), events)], []
        if events.models is None:
            raise Invalid(NO_MODEL.detail)
        return await self._split(events)

    async def _split(self, events: ArrowEvents) -> tuple[list[tuple[int, ArrowEvents]], list[Rejected]]:
        groups: list[tuple[int, ArrowEvents]] = []
        refused: list[Rejected] = []
        for project, value, keep in _named(events):
            group = selected(events, keep)
            try:
                name = name_of(self._scope, project or None, value)
                groups.append((await self._directory.model(name, registering=self._registering), group))
            except Unavailable:
                raise
            except (Refused, ModelwardError) as error:
                refusal = error if isinstance(error, Refused) else Refused(Reason.UNKNOWN_MODEL, error.sentence)
                refused += [Rejected(int(at), refusal.reason.value, refusal.detail) for at in group.places]
        return groups, refused

    def _entry(self, model_id: int, group: ArrowEvents) -> Entry:
        rows = group.table.num_rows
        return Entry(Kind.ARROW, self._scope.organisation_id, model_id, rows, self._clock.now_us, packed(group.table))


def _named(events: ArrowEvents) -> Iterator[tuple[str | None, str | int | None, Mask]]:
    """Each pair of a project and a model, and which events are theirs."""
    models = _encoded(events.models, events.table.num_rows)
    projects = _encoded(events.projects, events.table.num_rows)
    pairs = models[1] * (len(projects[0]) + 1) + projects[1]
    _, firsts, group_of = np.unique(pairs, return_index=True, return_inverse=True)
    if len(firsts) > _MOST_MODELS:
        raise Invalid(
            f"The Arrow stream names {len(firsts):,} models; {_MOST_MODELS:,} are allowed: send several streams."
        )
    for group, first in enumerate(firsts.tolist()):
        yield projects[0].get(projects[1][first]), models[0].get(models[1][first]), group_of == group


def _encoded(values: pa.ChunkedArray | None, rows: int) -> tuple[dict[int, Any], npt.NDArray[np.int64]]:
    """The distinct values by number, and each row's number; -1 where there is none."""
    if values is None or pa.types.is_null(values.type):
        return {}, np.full(rows, -1, np.int64)
    encoded = pa.concat_arrays(values.chunks).dictionary_encode()
    numbers = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy()
    return dict(enumerate(encoded.dictionary.to_pylist())), numbers


def _labels_of(group: ArrowEvents, model_id: int, clock: Clock) -> Iterable[LabelLine]:
    if group.labels is None:
        return
    for event_id, value in zip(group.table["event_id"].to_pylist(), group.labels.to_pylist(), strict=True):
        if value is not None and value == value:  # noqa: PLR0124 - NaN is no label
            yield LabelLine(event_id, msgspec.Raw(msgspec.json.encode(value)), clock.now_us, model_id)
