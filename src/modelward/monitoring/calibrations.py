"""The yardstick of a reference by its own windows: made once by the placebo's job, kept, and used for every window."""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from modelward.monitoring.blocks import dated, whole_windows
from modelward.monitoring.monitor_settings import windows_of
from modelward.monitoring.placebo_tables import PlaceboRun
from modelward.monitoring.subject import Reference
from modelward.registry.tables import Model
from modelward.rules.calibration import FEWEST, Calibration
from modelward.rules.monitor import Monitor


def settings_of(monitor: Monitor) -> str:
    """The monitor's settings as a text that is the same where they are."""
    return json.dumps(monitor.to_dict(), sort_keys=True)


def run_of(session: Session, model_id: int, monitor: Monitor, reference: Reference | None) -> PlaceboRun | None:
    """The run of this reference and these settings, the kind of windows among them; None where there is none yet."""
    stored = session.get(PlaceboRun, (model_id, monitor.window))
    if stored is None or reference is None:
        return None
    return stored if (stored.baseline_id, stored.settings) == (reference.id, settings_of(monitor)) else None


def awaited(session: Session, model_id: int, monitor: Monitor, reference: Reference | None) -> bool:
    """Whether windows must wait: the reference is long enough for a yardstick, and that is still to be made."""
    if reference is None or reference.provisional or not dated(reference):
        return False
    if monitor.window == "events":
        long = reference.rows >= FEWEST * monitor.window_events
    else:
        long = len(whole_windows(reference, monitor)) >= FEWEST
    return long and run_of(session, model_id, monitor, reference) is None


def calibration_of(
    session: Session, model_id: int, monitor: Monitor, reference: Reference | None
) -> Calibration | None:
    """The yardstick; None where the reference has fewer than 20 windows, or is provisional."""
    run = run_of(session, model_id, monitor, reference)
    return unpack(run.calibration) if run is not None and run.calibration is not None else None


def calibration_of_span(
    session: Session, model: Model, monitor: Monitor, reference: Reference, span: tuple[datetime, datetime]
) -> Calibration | None:
    """The yardstick where the span is a window of the model; spans of other lengths vary by other amounts."""
    if monitor.window == "events":
        return None
    window = windows_of(model).window_of(span[0])
    if (window.start, window.end) != span:
        return None
    own = replace(monitor, window=window.kind)  # type: ignore[arg-type]
    return calibration_of(session, model.id, own, reference)


def pack(calibration: Calibration) -> bytes:
    """The yardstick as bytes; numbers keep every digit."""
    figures = {
        column: {name: values.tolist() for name, values in by_name.items()}
        for column, by_name in calibration.figures.items()
    }
    return json.dumps([calibration.blocks, calibration.q, figures]).encode()


def unpack(payload: bytes) -> Calibration:
    """The yardstick of `pack`."""
    blocks, q, figures = json.loads(payload)
    arrays = {
        column: {name: np.array(values, dtype=np.float64) for name, values in by_name.items()}
        for column, by_name in figures.items()
    }
    return Calibration(blocks, q, arrays)
