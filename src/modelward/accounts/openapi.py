"""What OpenAPI says of a route beyond its own shapes: who may use it, and every error that follows from what it is.

A route that needs a right can refuse; one whose path names something may not find it; one that takes a body can refuse
the body. Each error is a problem (RFC 9457) with an example. Bodies and answers have the examples that were recorded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from modelward.accounts.openapi_examples import Recorded, attach
from modelward.accounts.permission import declared_by
from modelward.accounts.principal import RIGHTS_OF_KEY, RIGHTS_OF_ROLE, Right

_PROBLEM = "application/problem+json"
_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_SAID: Mapping[int, tuple[str, str]] = {
    400: ("Not understood", "The header Idempotency-Key needs 1 to 255 printable characters."),
    401: ("Not signed in", "Send an API key or an access token in the header Authorization: Bearer."),
    403: ("Not allowed", 'The read key "dashboard" may not change models: ask an admin for one that may.'),
    404: ("Not found", "There is no model 'churn': check the name, or register it with POST /api/v1/models."),
    408: ("Too slow", "The body did not come: send it faster, or in smaller parts."),
    409: ("Conflict", "There is a model 'churn' already: change it with PATCH, or choose another name."),
    413: ("Too large", "The body has more than 10,000,000 bytes: send it in parts."),
    415: ("Not in a form that is understood", "Send JSON, with the header Content-Type: application/json."),
    422: ("Not valid", "The field task is not understood: see `errors`."),
    429: ("Too many requests", "More than 1,200 requests a minute: wait 12 seconds."),
    503: ("Not available now", "The metadata database does not answer: try again."),
}
_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "What was wrong, as RFC 9457 says it, with a sentence that says what to do.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "always about:blank: the status says the kind"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence that says what to do"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "wrong", "fix"],
                "properties": {
                    "field": {"type": "string", "description": "where it is: `features.0.name`, `query.limit`"},
                    "wrong": {"type": "string"},
                    "fix": {"type": "string"},
                },
            },
        },
        "reasons": {
            "type": "array",
            "description": "all reasons of a decision that is no",
            "items": {
                "type": "object",
                "required": ["code", "sentence"],
                "properties": {
                    "code": {"type": "string", "description": "the reason's name, for programs"},
                    "sentence": {"type": "string"},
                    "evidence": {"type": "object", "description": "what it rests on"},
                },
            },
        },
        "request_id": {"type": "string", "description": "what the service's log calls this request"},
    },
}


def describe(
    api: FastAPI,
    *,
    description: str,
    tags: Sequence[dict[str, Any]],
    prefixes: Sequence[str] = (),
    examples: Mapping[str, Recorded] | None = None,
) -> Callable[[], dict[str, Any]]:
    """What `api.openapi` is to be: the whole description, made once, at its first use.

    A route stands in it once, under the first of the `prefixes`, and says under which others it answers too.
    `examples` are by operation: `GET /api/v1/models`.
    """
    made: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not made:
            whole = get_openapi(
                title=api.title, version=api.version, description=description, routes=api.routes, tags=list(tags)
            )
            made.update(_completed(whole, api, prefixes))
            for path, method, operation in operations(made):
                attach(operation, (examples or {}).get(f"{method.upper()} {path}", {}))
        return made

    return openapi


def operations(described: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of a description, with its path and its method in small letters."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _completed(whole: dict[str, Any], api: FastAPI, prefixes: Sequence[str]) -> dict[str, Any]:
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM_SCHEMA
    routes = list(iter_route_contexts(api.routes))
    paths = {(route.path_format, method) for route in routes for method in route.methods or ()}
    for route in routes:
        for operation in _operations_of(whole, route):
            _complete(operation, route)
            _add_elsewhere(operation, route, paths, prefixes)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return whole


def _operations_of(whole: Mapping[str, Any], route: RouteContext) -> Iterator[dict[str, Any]]:
    described = whole["paths"].get(route.path_format or "", {}) if getattr(route, "include_in_schema", False) else {}
    for method in route.methods or ():
        if method.lower() in described:
            yield described[method.lower()]


def _complete(operation: dict[str, Any], route: RouteContext) -> None:
    right = declared_by(route)
    operation["x-permission"] = right.value if right else "anybody"
    if right is None:
        operation["security"] = []
    else:
        said = operation.get("description", "")
        operation["description"] = f"{said}\n\nFor {holders(right)}.".strip()
    responses = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    for status in _errors(operation, route, right):
        responses.setdefault(str(status), _answer(status))
    for status, answer in responses.items():
        _exemplify(int(status), answer)
    operation["responses"] = dict(sorted(responses.items()))
    operation["tags"] = list(dict.fromkeys(operation.get("tags", ())))  # a router in a router says its tags twice


def _add_elsewhere(
    operation: dict[str, Any], route: RouteContext, paths: set[tuple[str | None, str]], prefixes: Sequence[str]
) -> None:
    path, method = str(route.path_format), next(iter(route.methods or ("GET",)))
    bare = path.removeprefix(prefixes[0]) if prefixes else path
    others = [prefix + bare for prefix in prefixes[1:] if (prefix + bare, method) in paths]
    if others:
        told = " and ".join(f"`{other}`" for other in others)
        operation["description"] = f"{operation.get('description', '')}\n\nAlso answers at {told}.".strip()


def holders(right: Right) -> str:
    """Who has this right, in words: `members, admins, owners; admin keys`."""
    people = [f"{role}s" for role, rights in RIGHTS_OF_ROLE.items() if right in rights]
    keys = [kind.value for kind, rights in RIGHTS_OF_KEY.items() if right in rights]
    with_keys = f"; {' and '.join(keys)} keys" if keys else ""
    return f"{', '.join(reversed(people))}{with_keys}"


def _errors(operation: Mapping[str, Any], route: RouteContext, right: Right | None) -> Iterator[int]:
    yield from (429, 503)
    changes = bool(_CHANGES.intersection(route.methods or ()))
    if right is not None or changes:
        yield from (401, 403)
    if "{" in (route.path or "") or operation.get("parameters"):
        yield 404  # a filter may name what is not there
    if operation.get("parameters") or "requestBody" in operation:
        yield 422
    if changes:
        yield from (400, 404, 409)
    if "requestBody" in operation:
        yield from (408, 413, 415)


def _exemplify(status: int, answer: dict[str, Any]) -> None:
    """A route that describes its own error need not repeat what it looks like."""
    described = answer.get("content", {}).get(_PROBLEM)
    if described is not None and status in _SAID:
        described.setdefault("example", _example(status))


def _answer(status: int) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _example(status)}
    return {"description": _SAID[status][0], "content": {_PROBLEM: content}}


def _example(status: int) -> dict[str, Any]:
    title, detail = _SAID[status]
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}
