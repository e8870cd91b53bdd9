"""The fields of a channel, as they are kept: what is secret sealed, the rest in the open."""

import json
from collections.abc import Mapping
from datetime import datetime

from modelward.alerting.channel_tables import Channel
from modelward.alerting.channels.contract import Kind
from modelward.errors import Conflict
from modelward.kit.sealing import seal, unseal
from modelward.kit.secrets import derived_key, secret_of
from modelward.settings import Settings

PURPOSE = "channels"
PREVIOUS, UNTIL = "previous_secret", "previous_until"
"""Of a webhook whose secret is being exchanged: the older one, and how long it signs beside the newer."""


def keep(channel: Channel, kind: Kind, values: Mapping[str, str], settings: Settings) -> None:
    """Put the values into the row, which must have its id: what is sealed opens for this channel alone."""
    secret = {field.name for field in kind.fields if field.secret} | {PREVIOUS, UNTIL}
    channel.options = {name: value for name, value in values.items() if name not in secret}
    hidden = {name: value for name, value in values.items() if name in secret}
    channel.secret = seal(json.dumps(hidden).encode(), key=_key(settings), about=_about(channel)) if hidden else None
    channel.hint = kind.hint(values)[:200]


def values_of(channel: Channel, settings: Settings, *, now: datetime) -> dict[str, str]:
    """All values of the channel; an older secret is left out once its time is over.

    Raises:
        Conflict: they cannot be read any more.
    """
    values = dict(channel.options)
    if channel.secret is not None:
        plain = unseal(channel.secret, key=_key(settings), about=_about(channel))
        if plain is None:
            raise Conflict(
                f"The secrets of the channel {channel.name!r} cannot be read any more, because the service's secret "
                "was changed: give them anew."
            )
        values |= json.loads(plain)
    if UNTIL in values and datetime.fromisoformat(values[UNTIL]) <= now:
        del values[PREVIOUS], values[UNTIL]
    return values


def _key(settings: Settings) -> bytes:
    return derived_key(secret_of(settings), PURPOSE)


def _about(channel: Channel) -> bytes:
    return f"channel/{channel.organisation_id}/{channel.id}/{channel.kind}".encode()
