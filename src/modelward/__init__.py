"""Modelward: a self-hosted watch over machine-learning models in production.

The library: `modelward.compare(reference, current)` says whether data drifted and why; `modelward.Profile.of(frame)` is
a table's small summary, which adds up. Names are imported when they are first used, so that `import modelward` costs
nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelward.report.compare import compare
    from modelward.report.profile import Profile
    from modelward.report.report import DriftFound, Report
    from modelward.rules.monitor import Monitor
    from modelward.rules.verdict import Verdict

__all__ = ["DriftFound", "Monitor", "Profile", "Report", "Verdict", "compare", "errors", "stats"]

_HOMES = {
    "compare": "modelward.report.compare",
    "Profile": "modelward.report.profile",
    "DriftFound": "modelward.report.report",
    "Report": "modelward.report.report",
    "Monitor": "modelward.rules.monitor",
    "Verdict": "modelward.rules.verdict",
}


def __getattr__(name: str) -> Any:
    if name in {"errors", "stats"}:
        return import_module(f"modelward.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'modelward' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # The next look finds it at once.
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
