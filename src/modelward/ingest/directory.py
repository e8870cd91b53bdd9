"""Who calls, and which model is meant: asked of the metadata database once, then remembered for a few seconds.

Nearly every request is answered from memory, so a slow or locked database delays only what is new.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from modelward.accounts.credentials import identify
from modelward.accounts.principal import Principal, Scope
from modelward.accounts.service import NOTED_EVERY, note_use
from modelward.audit.author import Author
from modelward.errors import Conflict, ModelwardError, NotFound, Unavailable
from modelward.kit.database import reading, writing
from modelward.registry.service import resolve, resolve_or_register

KEY_SECONDS = 5.0
"""A revoked key is refused after so long at the latest."""
_MODEL_SECONDS = 60.0
_MOST_REMEMBERED = 50_000
_FAILURE_SECONDS = 2.0

_T = TypeVar("_T")
ModelName = tuple[Scope, str | None, str | int]
"""(what the caller sees, project or None, id or key)"""
Registering = Callable[[], Author]
"""Who registers what is unknown; asked only then, because nearly every event is of a known model."""


class _Memory:
    """Values and refusals with the time until which they hold."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[float, Any]] = {}

    def get(self, key: Any) -> Any:
        """The value, the refusal, or None when nothing (fresh) is known."""
        held = self._known.get(key)
        return held[1] if held is not None and held[0] > time.monotonic() else None

    def keep(self, key: Any, value: Any, seconds: float) -> None:
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (time.monotonic() + seconds, value)


class Directory:
    """What the door asks before it takes anything."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime], secret: str) -> None:
        self._engine = engine
        self._clock = clock
        self._secret = secret
        self._keys = _Memory()
        self._models = _Memory()
        self._registering = asyncio.Lock()

    def known_caller(self, token: str) -> Principal | None:
        """The caller from memory; None when the database has to be asked."""
        known = self._keys.get(token)
        if isinstance(known, ModelwardError):
            raise known
        return known if isinstance(known, Principal) else None

    async def caller(self, token: str) -> Principal:
        """Who holds the key.

        Raises:
            Unauthorized: nobody.
        """
        known = self.known_caller(token)
        if known is not None:
            return known
        return await self._ask(self._keys, token, self._authenticate, token, seconds=KEY_SECONDS)

    def known_model(self, name: ModelName) -> int | None:
        """The model's id from memory; None when the database has to be asked."""
        known = self._models.get(name)
        if isinstance(known, ModelwardError):
            raise known
        return known if isinstance(known, int) else None

    async def model(self, name: ModelName, *, registering: Registering | None) -> int:
        """The id of the model, which is registered if it is unknown and somebody is named who does that.

        Raises:
            NotFound: there is none, and it is not to be registered (an id never is).
            Invalid: it cannot be registered under this name.
        """
        known = self.known_model(name)
        if known is not None:
            return known
        async with self._registering:  # a thousand first events at once register one model, asked for once
            known = self.known_model(name)
            if known is not None:
                return known
            ask = partial(self._register, by=registering()) if registering else self._resolve
            return await self._ask(self._models, name, ask, name, seconds=_MODEL_SECONDS)

    async def _ask(self, memory: _Memory, key: Any, ask: Callable[[Any], _T], value: Any, *, seconds: float) -> _T:
        try:
            answer = await asyncio.to_thread(ask, value)
        except ModelwardError as refusal:
            if not isinstance(refusal, NotFound):
                memory.keep(key, refusal.with_traceback(None), _FAILURE_SECONDS)
            raise
        memory.keep(key, answer, seconds)
        return answer

    def _authenticate(self, token: str) -> Principal:
        with reading(self._engine) as session:
            principal = identify(session, token, now=self._clock(), secret=self._secret)
        self._note_use(principal)
        return principal

    def _note_use(self, principal: Principal) -> None:
        now = self._clock()
        if principal.key_id is None or (principal.last_used_at and now - principal.last_used_at < NOTED_EVERY):
            return
        # A database that somebody writes to for long delays this note, and may lose it, but refuses nobody.
        with suppress(Unavailable), writing(self._engine) as session:
            note_use(session, key_id=principal.key_id, now=now)

    def _resolve(self, name: ModelName) -> int:
        scope, _, key = name
        with reading(self._engine) as session:
            return resolve(session, scope, key).id

    def _register(self, name: ModelName, *, by: Author) -> int:
        scope, project, key = name
        try:
            return self._resolve(name)
        except NotFound:
            pass
        try:
            with writing(self._engine) as session:
                return resolve_or_register(
                    session, scope=scope, name=key, project=project, now=self._clock(), author=by
                ).id
        except (Conflict, IntegrityError):  # another process was first
            return self._resolve(name)
