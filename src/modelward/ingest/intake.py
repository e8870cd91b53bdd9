"""From a body to what the journal keeps and the sender hears: an intake for JSON events, for Arrow, for labels."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from modelward.accounts.principal import Scope
from modelward.errors import ModelwardError, Unavailable
from modelward.ingest.bodies import Cut, TooLarge, cut
from modelward.ingest.directory import Directory, ModelName, Registering
from modelward.ingest.labels import label_lines, labels_of_events
from modelward.ingest.reasons import Reason, Refused
from modelward.ingest.schemas import ABSENT, MODEL, PROJECT, Answer, LabelLine, Line, Rejected
from modelward.ingest.segments import Entry, Kind
from modelward.ingest.steps import Batch, lines_of
from modelward.ingest.timestamps import Clock
from modelward.settings import Settings

_encoder = msgspec.json.Encoder()

NO_MODEL = Refused(Reason.NO_MODEL, "The event does not say which model it is of: send `model_id`, an id or a key.")
_UNNAMED = Refused(
    Reason.NO_MODEL, "This key is bound to a project, and a label of it must say which model it is of: send `model_id`."
)


@dataclass
class Taken:
    """What a request comes to."""

    entries: list[Entry] = field(default_factory=list)
    accepted: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    event_ids: list[str] | None = None
    single: bool = False
    labels: bool = False

    def answer(self) -> Answer:
        """What the sender hears."""
        one = self.event_ids[0] if self.single and self.event_ids else None
        return Answer(self.accepted, self.rejected, self.event_ids, event_id=one, id=one)


class Intake(Protocol):
    """Takes one body."""

    async def take(self, body: bytes, *, lines: bool) -> Taken:
        """What the body comes to. Raises the errors that refuse it as a whole."""


class JsonIntake:
    """Events as JSON: one, a list, a list in an envelope, or a line each."""

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

    async def take(self, body: bytes, *, lines: bool) -> Taken:
        found = _bounded(cut(body, lines=lines, lists=("events", "predictions")), self._settings)
        batch = Batch(found.items, self._clock)
        if not found.items:
            return Taken(rejected=found.rejected)
        rows = lines_of(batch, max_features=self._settings.max_features)
        models = await self._models(batch)
        labels = labels_of_events(batch, [row.event_id for row in rows], models)
        kept = _kept(batch, rows, models)
        return Taken(
            entries=[*self._event_entries(*kept), *label_entries(self._scope.organisation_id, self._clock, labels)],
            accepted=len(kept[0]),
            rejected=_in_places(found, batch),
            event_ids=[row.event_id for row in kept[0]],
            single=found.single,
        )

    async def _models(self, batch: Batch) -> list[int]:
        if self._model is not None:
            name = (self._scope, None, self._model)
            model_id = self._directory.known_model(name) or await self._directory.model(
                name, registering=self._registering
            )
            return [model_id] * len(batch.items)
        projects, names = batch.column(PROJECT), batch.column(MODEL)
        return await _resolved(self._directory, self._scope, batch, projects, names, registering=self._registering)

    def _event_entries(self, rows: Sequence[Line], models: Sequence[int]) -> list[Entry]:
        if not rows:
            return []
        if len(set(models)) == 1:
            return [self._entry(models[0], rows)]
        groups: defaultdict[int, list[Line]] = defaultdict(list)
        for model_id, row in zip(models, rows, strict=True):
            groups[model_id].append(row)
        return [self._entry(model_id, group) for model_id, group in groups.items()]

    def _entry(self, model_id: int, rows: Sequence[Line]) -> Entry:
        body = _encoder.encode_lines(rows)
        return Entry(Kind.EVENTS, self._scope.organisation_id, model_id, len(rows), self._clock.now_us, body)


class LabelIntake:
    """Labels: one, a list, or a line each; or the one whose event the address names."""

    def __init__(
        self, directory: Directory, scope: Scope, clock: Clock, settings: Settings, *, event_id: str | None
    ) -> None:
        self._directory = directory
        self._scope = scope
        self._clock = clock
        self._settings = settings
        self._event_id = event_id

    async def take(self, body: bytes, *, lines: bool) -> Taken:
        found = _bounded(cut(body, lines=lines, lists=("labels",)), self._settings)
        batch = Batch(found.items, self._clock)
        if not found.items:
            return Taken(rejected=found.rejected, labels=True)
        rows = label_lines(batch, event_id=self._event_id)
        await self._name_models(batch, rows)
        kept = [row for index, row in enumerate(rows) if index not in batch.refused]
        return Taken(
            entries=label_entries(self._scope.organisation_id, self._clock, kept),
            accepted=len(kept),
            rejected=_in_places(found, batch),
            event_ids=[row.event_id for row in kept],
            single=found.single,
            labels=True,
        )

    async def _name_models(self, batch: Batch, rows: list[LabelLine]) -> None:
        names = batch.column(MODEL)
        if self._scope.whole and all(name is ABSENT or name is None for name in names):
            return
        models = await _resolved(self._directory, self._scope, batch, [ABSENT] * len(names), names, registering=None)
        for index, (row, model_id) in enumerate(zip(rows, models, strict=True)):
            row.model_id = model_id or self._scope.model_id
            if row.model_id is None and self._scope.project_id is not None:
                batch.refuse(index, _UNNAMED)


async def _resolved(
    directory: Directory,
    scope: Scope,
    batch: Batch,
    projects: Sequence[Any],
    names: Sequence[Any],
    *,
    registering: Registering | None,
) -> list[int]:
    """The id of each item's model; 0 for a label that names none, and for what is refused."""
    asked = list(zip(map(_project_in, projects), map(_name_in, names), strict=True))
    answers = {pair: await _resolve_one(directory, scope, *pair, registering=registering) for pair in set(asked)}
    if len(answers) == 1 and isinstance(answers[asked[0]], int):
        return [answers[pair] for pair in asked]  # type: ignore[misc]  # the one answer is a number
    return batch.each(asked, lambda pair: _or_raise(answers[pair]), otherwise=0)


async def _resolve_one(
    directory: Directory, scope: Scope, project: Any, name: Any, *, registering: Registering | None
) -> int | Refused:
    if name is None and registering is None:
        return 0
    try:
        known = name_of(scope, project, name)
        return directory.known_model(known) or await directory.model(known, registering=registering)
    except Refused as refusal:
        return refusal
    except Unavailable:
        raise
    except ModelwardError as error:
        return Refused(Reason.UNKNOWN_MODEL, error.sentence)


def name_of(scope: Scope, project: Any, name: Any) -> ModelName:
    """What the directory is asked for.

    Raises:
        Refused: there is no name, or it, or the project, is neither text nor a whole number.
    """
    if name is None or name == "":
        raise NO_MODEL
    if name is _UNFIT:
        raise Refused(Reason.NO_MODEL, "The model must be named by its id, a whole number, or by its key, a text.")
    if project is _UNFIT:
        raise Refused(Reason.BAD_PROJECT, "The project must be named by a text, or a whole number.")
    if isinstance(name, int) and not 0 <= name <= _HIGHEST_ID:
        raise Refused(Reason.UNKNOWN_MODEL, "There is no model of this id: no id is so long, and none is negative.")
    return scope, project, name


_HIGHEST_ID = 2**63 - 1
_UNFIT = object()


def _name_in(value: Any) -> Any:
    if value is ABSENT or value is None:
        return None
    return value if type(value) in (str, int) else _UNFIT


def _project_in(value: Any) -> Any:
    if value is ABSENT or value is None or value == "":
        return None
    return str(value) if type(value) in (str, int) else _UNFIT


def _or_raise(found: int | Refused) -> int:
    if isinstance(found, Refused):
        raise Refused(found.reason, found.detail)
    return found


def _kept(batch: Batch, rows: list[Line], models: list[int]) -> tuple[list[Line], list[int]]:
    if not batch.refused:
        return rows, models
    kept = [index for index in range(len(rows)) if index not in batch.refused]
    return [rows[index] for index in kept], [models[index] for index in kept]


def _in_places(found: Cut, batch: Batch) -> list[Rejected]:
    """All rejections of the request, by the places that the sender knows."""
    if not batch.refused:
        return found.rejected
    moved = [Rejected(found.places[index], one.reason, one.detail) for index, one in batch.refused.items()]
    return sorted([*found.rejected, *moved], key=lambda rejected: rejected.index)


def _bounded(found: Cut, settings: Settings) -> Cut:
    check_count(len(found.items) + len(found.rejected), settings.max_events_per_request)
    return found


def check_count(count: int, most: int) -> None:
    if count > most:
        raise TooLarge(f"The request has {count:,} items; {most:,} are allowed at once.")


def label_entries(organisation_id: int, clock: Clock, labels: Sequence[LabelLine]) -> list[Entry]:
    if not labels:
        return []
    body = _encoder.encode_lines(labels)
    return [Entry(Kind.LABELS, organisation_id, 0, len(labels), clock.now_us, body)]
