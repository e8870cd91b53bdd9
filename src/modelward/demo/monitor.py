"""How the demo's model is watched: the default rule, but for four decisions that its reference itself suggests.

docs/decisions has the figures behind them, and `python -m benchmarks.demo_columns` measures them anew.
"""

from typing import Any

STORMY = ("departure_delay", "@score", "@prediction")
"""Columns that every storm moves. Judged by PSI alone, at a limit that one of the reference's own 90 days passes: the
snow of 8 March. At the usual 0.25 every windy week is an alarm, and an alarm a week is an alarm that nobody reads."""
STORM_LIMIT = 0.5

SEASONAL = ("temperature", "wind_speed", "visibility")
"""A day has one weather, not a sample of the winter's: these differ from the reference every day of the year."""


def monitor_settings() -> dict[str, Any]:
    """The body of `PUT /models/{model}/monitor`."""
    return {
        "tests": dict.fromkeys(STORMY, "psi"),
        "thresholds": dict.fromkeys(STORMY, STORM_LIMIT),
        "ignore": list(SEASONAL),
    }
