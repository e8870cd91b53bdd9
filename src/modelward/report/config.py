"""The `config` of the library as a `Monitor`: one value for all columns, or a mapping by column."""

from collections.abc import Mapping
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


def _spread(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in the shape of a `Monitor`: one test or threshold is meant for every column."""
    wire = dict(config)
    for name, single in (("tests", str), ("thresholds", int | float | str)):
        if isinstance(wire.get(name), single):
            wire[name] = {EVERY: wire[name]}
    if isinstance(wire.get("bins"), Mapping):
        wire["column_bins"] = {**wire.pop("bins"), **wire.get("column_bins", {})}
    if isinstance(wire.get("ignore"), str):
        wire["ignore"] = [wire["ignore"]]
    return wire
