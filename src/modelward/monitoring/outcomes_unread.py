"""Whether outcomes are stored that no joint summary holds yet: they come by the thousand, and are read in runs."""

from sqlalchemy.orm import Session

from modelward.monitoring.columns import LABEL
from modelward.monitoring.marks import JOINT, STALE, marked
from modelward.monitoring.window_profiles import profile_of_seconds

BEING_READ = "outcomes have come and are being read: windows are judged as soon as their summaries are built"


def outcomes_are_read(session: Session, model_id: int) -> bool:
    """Whether labels came of buckets whose joint summaries are still to be built.

    Events alone mark these buckets too; that labels are among them is said by a mark of theirs, or by the profiles.
    """
    marks = [bucket for _, bucket in marked(session, model_id=model_id, kinds=[JOINT])]
    if not marks:
        return False
    if marked(session, model_id=model_id, kinds=[STALE], limit=1):
        return True
    found = profile_of_seconds(session, model_id=model_id, start=marks[0], end=marks[-1] + 1, columns=[LABEL])
    label = found.columns.get(LABEL)
    return label is not None and label.count > 0
