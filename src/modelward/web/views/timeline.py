"""The large interactive chart: drift of the worst columns and the volume over the range, as data."""

from typing import Any
from zoneinfo import ZoneInfo

from modelward.monitoring.readings import HeatMap
from modelward.web.views.column import Limits
from modelward.web.views.naming import column_title
from modelward.web.views.traffic import comparable_rows

LINES = 8  # more cannot be told apart


def timeline(heat: HeatMap, zone: ZoneInfo, limits: Limits) -> dict[str, Any]:
    """Times are local to the model and without an offset, because the chart draws them as they are written."""
    rows, noun = comparable_rows(heat.windows)
    return {
        "zone": zone.key,
        "noun": heat.window_kind,
        "starts": [p.starts_at.astimezone(zone).replace(tzinfo=None).isoformat() for p in heat.windows],
        "ends": [p.ends_at.astimezone(zone).replace(tzinfo=None).isoformat() for p in heat.windows],
        "rows": rows,
        "volume": f"events{noun}",
        "columns": [
            {
                "name": column_title(row.column),
                "psi": [_plain(cell.psi) if cell else None for cell in row.cells],
                "since": row.drifted_since.astimezone(zone).replace(tzinfo=None).isoformat()
                if row.drifted_since
                else None,
            }
            for row in heat.rows[:LINES]
        ],
        "thresholds": [limits.moderate, limits.strong],
    }


def _plain(value: float | None) -> float | None:
    return None if value is None or value != value else round(value, 4)  # noqa: PLR0124 - NaN is not itself, nor JSON
