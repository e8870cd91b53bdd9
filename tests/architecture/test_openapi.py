"""The description of the API is complete: every operation says what it is and who may use it, and has examples."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from modelward.accounts.openapi import operations
from modelward.accounts.openapi_examples import attach
from modelward.accounts.principal import Right
from modelward.api import create_api, recorded_examples

PROBLEM = "application/problem+json"
JSON = "application/json"
NO_PROBLEM = {("get", "/api/v1/health/ready", "503")}
"""It tells what is missing, part by part."""
AGAIN = "record the examples anew: scripts/api-examples"
SECRETS = {
    "an API key": r"mw_(ingest|read|admin)_\w{6,}",
    "a JSON Web Token": r"\bey[JA][\w-]{5,}\.[\w-]+",
    "a link that signs in": r"token=[\w-]",
    "a hashed password": r"\$argon2",
}


class Operation(NamedTuple):
    """One operation, and how it is called where a test fails."""

    method: str
    path: str
    described: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"


WHOLE = create_api().openapi()
OPERATIONS = [Operation(method, path, described) for path, method, described in operations(WHOLE)]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)


def body_of(operation: Operation) -> Mapping[str, Any]:
    """What is described of its body, by media type."""
    content: Mapping[str, Any] = operation.described.get("requestBody", {}).get("content", {})
    return content


def good_answers(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for status, answer in operation.described["responses"].items():
        if status.startswith("2"):
            yield status, answer.get("content", {})


def bad_answers(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for status, answer in operation.described["responses"].items():
        if status[0] in "45" and (operation.method, operation.path, status) not in NO_PROBLEM:
            yield status, answer.get("content", {})


def examples(described: Mapping[str, Any]) -> list[Any]:
    named = [entry["value"] for entry in described.get("examples", {}).values()]
    return [described["example"], *named] if "example" in described else named


def faults(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Why the value is not as the schema says; nothing where it is."""
    rooted = {**schema, "components": WHOLE["components"]}  # so that #/components/schemas/… is found
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(rooted).iter_errors(value)]


@every_operation
def test_it_has_a_name_a_description_and_a_place(operation: Operation) -> None:
    assert operation.described["summary"]
    assert operation.described["description"]
    tags = operation.described["tags"]
    assert len(tags) == 1
    assert set(tags) <= {tag["name"] for tag in WHOLE["tags"]}


@every_operation
def test_it_says_who_may_use_it(operation: Operation) -> None:
    assert operation.described["x-permission"] in {"anybody", *Right}
    assert (operation.described["x-permission"] == "anybody") == (operation.described.get("security") == [])


@every_operation
def test_every_error_is_a_problem_with_an_example(operation: Operation) -> None:
    errors = dict(bad_answers(operation))
    assert "429" in errors
    if operation.described["x-permission"] != "anybody":
        assert {"401", "403"} <= errors.keys()
    if body_of(operation):
        assert {"400", "413", "415", "422"} <= errors.keys()
    for status, content in errors.items():
        assert "Problem" in json.dumps(content[PROBLEM]["schema"]), status
        example = content[PROBLEM]["example"]
        assert example["status"] == int(status)
        assert not faults(example, content[PROBLEM]["schema"])
        assert not faults(example, WHOLE["components"]["schemas"]["Problem"])


@every_operation
def test_its_bodies_have_examples_that_are_valid(operation: Operation) -> None:
    for kind, described in body_of(operation).items():
        binary = described["schema"].get("format") == "binary"
        assert binary or examples(described), f"{kind}: {AGAIN}"
        for example in examples(described):
            assert not faults(example, described["schema"]), f"{kind}: {AGAIN}"


@every_operation
def test_its_answers_have_examples_that_are_valid(operation: Operation) -> None:
    answers = dict(good_answers(operation))
    assert answers
    for status, content in answers.items():
        assert content or status == "204"
        if JSON in content:
            assert examples(content[JSON]), f"{status}: {AGAIN}"
        for described in content.values():
            for example in examples(described):
                assert not faults(example, described.get("schema", {})), f"{status}: {AGAIN}"


@every_operation
def test_no_example_holds_a_secret(operation: Operation) -> None:
    text = json.dumps(operation.described, ensure_ascii=False)
    assert not [name for name, pattern in SECRETS.items() if re.search(pattern, text)]


def test_what_was_recorded_is_of_operations_that_there_are() -> None:
    assert not recorded_examples().keys() - {str(operation) for operation in OPERATIONS}, AGAIN
    assert not [name for name, pattern in SECRETS.items() if re.search(pattern, json.dumps(recorded_examples()))]


def test_the_examples_say_something_of_drift() -> None:
    told = recorded_examples()["GET /api/v1/models/{model}/drift/current"]["answers"]["200"][JSON]["one"]
    assert told["drift_detected"] is True
    assert told["features"]["age"]["psi"] > 0.25


def test_a_schema_that_an_example_does_not_fit_is_found() -> None:
    page = {"$ref": "#/components/schemas/ModelPage"}
    assert not faults({"items": [], "next": None}, page)
    assert faults({"items": [{"id": "one"}], "next": None}, page)


def test_what_is_written_by_hand_stays_and_several_examples_keep_their_names() -> None:
    by_hand: dict[str, Any] = {"schema": {}, "example": 1}
    operation: dict[str, Any] = {
        "requestBody": {"content": {JSON: by_hand}},
        "responses": {"201": {"content": {JSON: {}, "text/csv; charset=utf-8": {}}}},
    }
    answers = {"201": {JSON: {"a": 1, "b": 2}, "text/csv": {"one": "x\n"}}, "200": {JSON: {"one": 1}}}
    attach(operation, {"request": {JSON: {"one": 2}}, "answers": answers})
    assert by_hand == {"schema": {}, "example": 1}
    content = operation["responses"]["201"]["content"]
    assert content[JSON] == {"examples": {"a": {"value": 1}, "b": {"value": 2}}}
    assert content["text/csv; charset=utf-8"] == {"example": "x\n"}
