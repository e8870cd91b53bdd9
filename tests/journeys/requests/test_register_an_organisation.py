"""`POST /auth/register` in both of its shapes, and `POST /auth/login`."""

import requests
from tests.journeys.requests.field import Field, fresh

PASSWORD = "seven violet otters"

ORGANISATION = """
curl -X POST "$URL/auth/register" -H "Content-Type: application/json" -d '{"name": "My Test Company"}'
"""
WITH_ITS_KEY = """
curl -X POST "$URL/models" -H "Authorization: Bearer $API_KEY" -H "Content-Type: application/json" \\
     -d '{"name": "churn", "version": "1.0"}'
curl -X POST "$URL/events" -H "X-API-Key: $API_KEY" -H "Content-Type: application/json" \\
     -d '{"model_id": "churn", "y_pred": 1, "features": {"age": 41}}'
curl "$URL/models/churn" -H "Authorization: Bearer $API_KEY"
"""
PERSON = """
curl -X POST "$URL/auth/register" -H "Content-Type: application/json" \\
     -d "{\\"email\\": \\"$EMAIL\\", \\"password\\": \\"$PASSWORD\\", \\"name\\": \\"Ada\\"}"
curl -X POST "$URL/auth/login" -H "Content-Type: application/json" \\
     -d "{\\"username\\": \\"$EMAIL\\", \\"password\\": \\"$PASSWORD\\"}"
"""
WITH_THEIR_TOKEN = """
curl -X POST "$URL/models" -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
     -d '{"model_name": "loans", "version": "2"}'
curl "$URL/models/loans" -H "Authorization: Bearer Bearer $TOKEN"
"""


def test_an_organisation_by_curl(field: Field) -> None:
    [made] = field.curl(ORGANISATION)
    assert made.status == 201
    registered, sent, read = field.curl(WITH_ITS_KEY, API_KEY=made.body["api_key"])
    assert (registered.status, sent.status, read.status) == (201, 201, 200)
    assert read.body["id"] == registered.body["id"]
    own = Field(field.url, field.home, made.body["api_key"], field.folder)
    assert own.stored("churn", 1)[0]["features"] == {"age": 41}


def test_an_organisation_by_a_program(field: Field) -> None:
    company = requests.post(f"{field.url}/auth/register", json={"name": "My Test Company"}, timeout=30)
    assert company.status_code == 201
    api_key = company.json()["api_key"]

    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {api_key}"
        model = session.post(f"{field.url}/models", json={"name": "churn", "version": "1.0"}, timeout=30)
        model_id = model.json()["id"]
        predictions = {"predictions": [{"features": {"age": 41}, "prediction_value": 0.8}]}
        sent = session.post(f"{field.url}/models/{model_id}/predictions", json=predictions, timeout=30)
    assert (model.status_code, sent.status_code) == (201, 201)
    assert len(Field(field.url, field.home, api_key, field.folder).stored(model_id, 1)) == 1


def test_a_person_by_curl(field: Field) -> None:
    email = f"{fresh('ada')}@example.org"
    registered, logged_in = field.curl(PERSON, EMAIL=email, PASSWORD=PASSWORD)
    assert (registered.status, logged_in.status) == (201, 200)
    assert registered.body["email"] == email
    assert logged_in.body["token_type"] == "bearer"
    made, read = field.curl(WITH_THEIR_TOKEN, TOKEN=logged_in.body["access_token"])
    assert (made.status, read.status) == (201, 200)
    assert made.body["created_by"] == email
    assert read.body["id"] == made.body["id"]


def test_a_person_by_a_program(field: Field) -> None:
    email = f"{fresh('grace')}@example.org"
    person = {"email": email, "password": PASSWORD, "name": "Grace"}
    assert requests.post(f"{field.url}/auth/register", json=person, timeout=30).status_code == 201

    # Programs send the login as a form as often as they send JSON.
    login = requests.post(f"{field.url}/auth/login", data={"username": email, "password": PASSWORD}, timeout=30)
    assert set(login.json()) >= {"access_token", "token_type"}
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}

    made = requests.post(f"{field.url}/models", json={"name": "churn", "version": "1"}, headers=headers, timeout=30)
    logged = requests.post(
        f"{field.url}/logs/prediction",
        json={"model_id": made.json()["id"], "input_features": {"age": 41}, "prediction": 1, "actual_label": None},
        headers=headers,
        timeout=30,
    )
    assert (made.status_code, logged.status_code) == (201, 201)
    told = requests.get(f"{field.url}/models/churn", headers=headers, timeout=30).json()
    assert told["model_name"] == "churn"
