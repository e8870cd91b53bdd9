"""The pages of the fixture behind the real headers and the real static files, on a free port, for a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from tests.web import flights_readings as flights

from modelward.errors import NotFound, Unavailable
from modelward.web import pages
from modelward.web.assets import Assets
from modelward.web.errors import PageRoute
from modelward.web.security import SecurityHeaders
from modelward.web.snippets import first_event, first_event_examples
from modelward.web.time_range import model_path
from modelward.web.views.column import Limits
from modelward.web.views.model_page import ModelReadings, model_page, numbers_of
from modelward.web.views.numbers import TITLES
from modelward.web.views.overview import overview_of
from modelward.web.views.timeline import timeline
from modelward.web.waiting import Waiting

SNIPPET = first_event("http://127.0.0.1:8000", "churn")
EXAMPLES = first_event_examples("http://127.0.0.1:8000", "churn")
WAITING = Waiting("churn", flights.NOW)


MODELS = {
    "flights-late": flights.drifted_model,
    "wide": flights.wide_model,
    "churn": flights.new_model,
    "hostile": flights.hostile_model,
}


def read(key: str) -> ModelReadings:
    if key not in MODELS:
        raise NotFound(f"There is no model `{key}`: check the address, or choose one from the list.")
    return MODELS[key]()


def add_models(app: FastAPI) -> None:
    """The pages of a model."""

    @app.get("/dashboard/models/{key}/timeline.json")
    def data(key: str) -> Response:
        return JSONResponse(timeline(read(key).heat, flights.ZONE, Limits()))

    @app.get("/dashboard/models/{key}/numbers")
    def numbers(key: str, part: str, request: Request, column: str | None = None) -> Response:
        shown = read(key)
        table = numbers_of(shown, part)
        template = "_numbers.html" if request.headers.get("x-part") == "numbers" else "numbers.html"
        back = model_path(key)
        return pages.page(request, template, table=table, title=TITLES[part], facts=shown.facts, back=back)

    @app.get("/dashboard/models/{key}")
    def model(key: str, request: Request, column: str | None = None, columns: int = 1) -> Response:
        shown = read(key)
        if column == "carrier":
            shown = ModelReadings(**{**shown.__dict__, "chosen": flights.categorical("carrier", flights.CARRIERS)})
        view = model_page(shown, flights.asked(column=column, columns=columns), now=flights.NOW)
        part = {"column": "_model_column.html", "status": "_model_status.html"}.get(
            request.headers.get("x-part", ""), "model.html"
        )
        return pages.page(
            request,
            part,
            model=view,
            may_decide=True,
            now=flights.NOW,
            waiting=None if view.volume or view.heat else WAITING,
            examples=EXAMPLES,
            key_made=False,
            upload_reference=SNIPPET,
        )


def application() -> FastAPI:
    """Each page once; `X-Part` gives a part, as the real routes do."""
    app = FastAPI()
    app.router.route_class = PageRoute

    @app.get("/dashboard")
    def overview(request: Request) -> Response:
        template = "_overview_list.html" if request.headers.get("x-part") == "models" else "overview.html"
        return pages.page(
            request, template, overview=overview_of(flights.cards()), now=flights.NOW, waiting=None, message=None
        )

    @app.get("/empty")
    def empty(request: Request) -> Response:
        return pages.page(
            request,
            "overview.html",
            overview=overview_of(()),
            waiting=WAITING,
            message=None,
            elsewhere=[],
            examples=EXAMPLES,
            key_made=False,
        )

    @app.get("/dashboard/waiting")
    def waiting(request: Request) -> Response:
        return pages.page(request, "_waiting_state.html", waiting=WAITING)

    add_models(app)

    @app.get("/login")
    def login(request: Request) -> Response:
        return pages.page(
            request,
            "login.html",
            failure="This link was used already: links work once",
            message=None,
            next="/dashboard",
            email="",
            by_key=False,
            elsewhere=True,
        )

    @app.get("/away")
    def away() -> Response:
        raise Unavailable(
            "The database does not answer. Nothing is lost: what was sent waits in the journal.", retry_after=5
        )

    app.mount("/static", Assets())
    return app


@contextmanager
def serving() -> Iterator[str]:
    """The address of the running server."""
    server = uvicorn.Server(uvicorn.Config(SecurityHeaders(application()), port=0, log_level="error", lifespan="off"))
    started = threading.Event()
    original = server.startup

    async def startup(sockets: object = None) -> None:
        await original(sockets)  # type: ignore[arg-type]
        started.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
