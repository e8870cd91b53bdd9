"""The report of a model over the range that its page shows, for whoever is signed in."""

from fastapi import APIRouter
from starlette.responses import Response

from modelward.accounts.permission import Reader
from modelward.errors import Invalid
from modelward.kit.clock import now
from modelward.kit.web import Reading
from modelward.monitoring import queries as monitoring
from modelward.monitoring.report_routes import as_file
from modelward.monitoring.reports import report_of
from modelward.registry.tables import Model
from modelward.web import queries
from modelward.web.errors import PageRoute
from modelward.web.routes import Asking

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/dashboard/models/{key}/report")
@router.get("/models/{key}/report")
def report(key: str, asking: Asking, session: Reading, reader: Reader) -> Response:
    """Where programs look for it under their prefix, a person finds it without."""
    facts = queries.facts_of(session, reader.scope, key)
    asked = queries.asked_of(session, facts, asking, now())
    shown = {"start": asked.range.start, "end": asked.range.end}
    windows = monitoring.window_history(session, model_id=facts.id, **shown, limit=queries.WINDOWS)
    if not windows:
        raise Invalid(
            f"There is nothing to report on yet: `{facts.name}` has no event in this range. Choose another one."
        )
    model, start = session.get_one(Model, facts.id), windows[0].starts_at
    return as_file(report_of(session, model, start, windows[-1].ends_at, now=now()), model, start, "html")
