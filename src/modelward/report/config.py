"""The `config` of the library as a `Monitor`: one value for all columns, or a mapping by column."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelward.rules.monitor import EVERY, Monitor


def monitor_of(config: Monitor | Mapping[str, Any] | None, *, labels: frozenset[str] = frozenset()) -> Monitor:
    """The configuration of a comparison, with the columns whose values come later added to it.

    Raises:
        ValueError: a setting that does not exist or cannot be meant, in a sentence.
    """
    monitor = config if isinstance(config, Monitor) else Monitor.from_dict(_spread(config or {}))
    return replace(monitor, labels=monitor.labels | labels)


def texts_in(config: Monitor | Mapping[str, Any] | None) -> Sequence[str] | bool:
    """The columns of texts: those that are named, none for False, and True where they are to be found.

    Raises:
        ValueError: it is none of these.
    """
    texts = config.get("texts", True) if isinstance(config, Mapping) else True
    named = [texts] if isinstance(texts, str) else texts
    if isinstance(named, bool) or (isinstance(named, list | tuple) and all(isinstance(name, str) for name in named)):
        return named
    raise ValueError("texts must be names of columns, or False so that none is taken for texts")


def _spread(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in the shape of a `Monitor`: one test or threshold is meant for every column."""
    wire = {name: value for name, value in config.items() if name != "texts"}
    for name, single in (("tests", str), ("thresholds", int | float | str)):
        if isinstance(wire.get(name), single):
            wire[name] = {EVERY: wire[name]}
    if isinstance(wire.get("bins"), Mapping):
        wire["column_bins"] = {**wire.pop("bins"), **wire.get("column_bins", {})}
    if isinstance(wire.get("ignore"), str):
        wire["ignore"] = [wire["ignore"]]
    return wire
