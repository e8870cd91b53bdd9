"""The lines that docs/api.md tells people to copy."""

import re
from pathlib import Path

import pytest
import requests
from tests.journeys.requests.field import Field, fresh
from tests.journeys.running import Running

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
LINES = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("prefix", ["/api/v1", "/api", ""])
def test_they_all_work_in_a_new_organisation(service: Running, tmp_path: Path, prefix: str) -> None:
    made = requests.post(f"{service.url}/auth/register", json={"name": "Readers of the docs"}, timeout=30)
    field = Field(service.url + prefix, service.url, made.json()["api_key"], tmp_path)
    with_a_list, *others = LINES
    assert len(others) == 10
    if not prefix:  # pages stand at the root, and programs in the field send no alert rules and no settings
        others = [lines for lines in others if "/alert-rules" not in lines and "/monitor" not in lines]
    email = f"{fresh('ada')}@example.org"
    answers = [answer for lines in others for answer in field.curl(lines, EMAIL=email)]
    assert {answer.status for answer in answers} <= {200, 201}, answers
    project = "".join(part["key"] for part in field.read("/projects", key="crm")["items"])
    assert project == "crm"
    [listed] = field.curl(with_a_list)
    assert [model["key"] for model in listed.body["items"]] == ["upsell"]
    assert len(field.stored("churn_model_v1", 1)) == 1
    assert field.labelled("loan_approval", 1) == {"application-17": 0.0}
