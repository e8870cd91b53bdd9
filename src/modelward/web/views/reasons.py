"""Why the drift that holds now is what it is: a sentence a column, those that weigh most first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelward.monitoring.columns import SPECIAL, feature_key, title_of
from modelward.web.states import State, state_of
from modelward.web.views.heat import Link
from modelward.web.writing import percent


@dataclass(frozen=True)
class Reason:
    """One column's part in the verdict; `weight` is its share of all that moved, weighted by importance."""

    title: str
    state: State
    sentence: str
    weight: str
    address: str


def reasons_of(told: Sequence[Mapping[str, Any]], link: Link) -> tuple[Reason, ...]:
    """What monitoring's explanation says, as the page shows it."""
    return tuple(
        Reason(
            title=entry["column"],
            state=state_of(entry["verdict"]),
            sentence=entry["sentence"],
            weight=percent(entry["weight"]) if entry["weight"] else "",
            address=link(column=_KEYS.get(entry["column"], feature_key(entry["column"]))),
        )
        for entry in told
    )


_KEYS = {title_of(name): name for name in SPECIAL}
