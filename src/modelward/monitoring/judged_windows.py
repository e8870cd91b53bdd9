"""Which of a model's stored windows speak for it: those of the kind that was in effect when they began.

Windows of another kind may be stored beside them: where somebody asked for hours once and for days later, what was
judged by the hour is kept, unseen.
"""

from sqlalchemy import ColumnElement, and_, or_

from modelward.monitoring.segment_tables import SegmentWindow
from modelward.monitoring.tables import Evaluation, Fairness, Performance
from modelward.rules.window_spans import WindowSpans

Judged = type[Evaluation] | type[Performance] | type[Fairness] | type[SegmentWindow]


def judged_by(table: Judged, windows: WindowSpans) -> ColumnElement[bool]:
    """The condition that a stored window is one of these."""
    return or_(
        *(
            and_(
                table.kind == span.kind,
                *([table.starts_at >= span.start] if span.start else []),
                *([table.starts_at < span.end] if span.end else []),
            )
            for span in windows.spans
        )
    )
