"""What a model's monitor made of its own reference."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from modelward.kit.database import Base
from modelward.monitoring.tables import _model_id


class PlaceboRun(Base):
    """The replay of a model's monitor on windows of one kind of its reference, and the yardstick that they gave.

    `settings` are the monitor's, as they were: with others, or another reference, the run is out of date. `outcome` is
    as JSON answers it; `calibration` how far the reference's windows lie from one another, None where there are fewer
    than 20 of them.
    """

    __tablename__ = "monitoring_placebos"

    model_id: Mapped[int] = _model_id(primary_key=True)
    window: Mapped[str] = mapped_column(primary_key=True)
    baseline_id: Mapped[int]
    settings: Mapped[str]
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)
    window_rows: Mapped[int]
    detectable: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    calibration: Mapped[bytes | None]
    tried_at: Mapped[datetime]
