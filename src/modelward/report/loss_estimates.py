"""What a regression's metrics are expected to be on rows of a table whose outcomes are missing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelward.errors import Unavailable
from modelward.report.direct_loss import MOST_ROWS, learn_losses
from modelward.report.outcome_plan import Plan
from modelward.report.rows import Rows, draw
from modelward.rules.outcome_metrics import Estimate
from modelward.stats import Profile
from modelward.stats.arrays import F64

_NO_FEATURES = frozenset({"label", "prediction", "timestamp"})


def estimate_losses(
    tables: tuple[Any, Any],
    profiles: tuple[Profile, Profile],
    plan: Plan,
    roles: Mapping[str, str],
    *,
    seed: int = 0,
) -> Estimate:
    """The estimate for the second table, learned on the first; without one, why there is none.

    Of each table 10,000 rows at most are looked at, drawn by `seed`.
    """
    features = [
        name for name in profiles[0].columns if name in profiles[1].columns and roles.get(name) not in _NO_FEATURES
    ]
    rng = np.random.default_rng(seed)
    wanted = {*features, *filter(None, (plan.prediction or plan.score, plan.label))}
    before, now = (draw(table, wanted, MOST_ROWS, rng) for table in tables)
    sides = [{name: rows[name] for name in features if name in rows} for rows in (before, now)]
    guess = plan.prediction or plan.score
    try:
        learned = learn_losses(sides[0], _numbers(before, guess), _numbers(before, plan.label), seed=seed)
    except (Unavailable, ValueError) as error:
        return Estimate(reason=str(error))
    return Estimate(learned.estimate(sides[1], _numbers(now, guess)))


def _numbers(rows: Rows, name: str | None) -> F64:
    """A column as numbers; nothing but missing ones where it holds none."""
    values = rows.get(name or "")
    if values is None or values.dtype.kind != "f":
        return np.full(len(next(iter(rows.values()), ())), np.nan)
    return values.astype(np.float64)
