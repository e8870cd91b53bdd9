"""Bodies that may come as JSON or as a form: OAuth 2 sends forms, and programs in the field send either."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from modelward.errors import FieldError, Invalid
from modelward.kit.problems import validation_problem

T = TypeVar("T", bound=BaseModel)

FORM = "application/x-www-form-urlencoded"
_FORMS = (FORM, "multipart/form-data")


async def read_body(request: Request, shape: type[T]) -> T:
    """What was sent, by form or (whatever else the type says) as JSON.

    Raises:
        Invalid: it is neither, or a field is missing or wrong.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    sent: Any = dict(await request.form(max_files=0)) if kind in _FORMS else _json(await request.body())
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        raise validation_problem([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


def described(shape: type[BaseModel]) -> dict[str, Any]:
    """The same for OpenAPI."""
    schema = shape.model_json_schema()
    content = {kind: {"schema": schema} for kind in ("application/json", FORM)}
    return {"requestBody": {"required": True, "content": content}}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        field = FieldError("body", "it is not JSON", "send a JSON object, or a form with its Content-Type")
        raise Invalid("The body is neither JSON nor a form: send one of them.", fields=(field,)) from None
