"""Whatever form a secret comes in, it does not stand in the log."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.kit.redact import HIDDEN, redacted, redacted_value

SECRET = "hunter2-correct-horse"
KEY = "mw_ingest_" + "Ab3" * 12 + "xy"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
BASIC = base64.b64encode(f"ada:{SECRET}".encode()).decode()
QUOTED = json.dumps({"email": "ada@example.org", "password": SECRET})

TEXTS = [
    f"the key {KEY} is not known",
    f"GET /api/v1/models/{KEY}/drift",
    f"https://here/login?next=%2F&token={SECRET}#x",
    f"the token {JWT} ran out",
    f"Authorization: Bearer {SECRET}",
    f"Authorization: bearer Bearer {SECRET}",
    f"authorization: Basic {BASIC}",
    f"sent Basic {BASIC} instead",
    f"headers=[(b'x-api-key', b'{SECRET}'), (b'cookie', b'a={SECRET}')]",
    f'headers=[("x-api-key", "{SECRET}")]',
    f"Cookie: theme=dark; __Host-modelward_session={SECRET}",
    f"modelward_session={SECRET}; Path=/",
    f"email=ada%40example.org&password={SECRET}&x=1",
    f"password='{SECRET} with a space'",
    f"password = '{SECRET}'",
    f"{{'password': '{SECRET}', 'n': 1}}",
    f"{{b'password': b'{SECRET}'}}",
    QUOTED,
    json.dumps(QUOTED),
    json.dumps(json.dumps(QUOTED)),
    f'{{"password":"{SECRET}","secret_key":"{SECRET}","client_secret":"a\\"{SECRET}"}}',
    '{"api_key": 123456789}',
    f"postgresql://modelward:{SECRET}@db.example.org/metadata",
    f"postgresql+psycopg://modelward:a/b@{SECRET}:c@db/metadata",
    f"redis://:{SECRET}@cache:6379/0",
    f"https://ada:{SECRET}@example.org/path",
    f"MODELWARD_SECRET_KEY={SECRET}",
    f"OWNER_PASSWORD={SECRET}",
    f"login failed with password: {SECRET}",
    f"-----BEGIN EC PRIVATE KEY-----\n{SECRET.replace('-', '')}\n-----END EC PRIVATE KEY-----",
    f"$argon2id$v=19$m=19456,t=2,p=1${SECRET}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_secret_goes_and_the_rest_stays(text: str) -> None:
    said = redacted(text)
    assert HIDDEN in said
    for secret in (SECRET, SECRET.replace("-", ""), KEY[10:], JWT[10:], BASIC, "123456789"):
        assert secret not in said


@pytest.mark.parametrize(
    "text",
    [
        "3 events of model 7 are set aside: a value that is no number",
        "GET /api/v1/models/{model}/drift",
        "http://127.0.0.1:8000/users/ada@example.org answered 404",
        "the worker ended with code -9; starting another in 0.2 s",
        "MODELWARD_SECRET_KEY: String should have at least 32 characters",
        "sqlite:////data/metadata.db is read by nobody",
        "max_tokens=5 tokenized=6",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text


def test_a_reader_still_sees_what_it_was_about() -> None:
    assert redacted("postgresql://me:geheim@db/name") == "postgresql://me:[redacted]@db/name"
    assert redacted("/login?token=abc&next=/dashboard") == "/login?token=[redacted]&next=/dashboard"
    assert redacted(KEY) == "mw_ingest_[redacted]"


@given(
    st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=8, max_size=64),
    st.sampled_from(
        ["password={}", '"password": "{}"', "x://u:{}@h", "Bearer {}", "'token': '{}'", "Cookie: a={}; b={}"]
    ),
    st.sampled_from(["{}", "said {} and left", "\n{}\n", "[{}]", "({})"]),
)
def test_whatever_the_secret_is_and_wherever_it_stands(secret: str, form: str, around: str) -> None:
    assert f"…{secret}" not in redacted(around.format(form.format(*[f"…{secret}"] * 2)))


def test_fields_are_redacted_by_their_name_and_by_what_they_hold() -> None:
    told = redacted_value(
        {
            "password": "x",
            "X-API-Key": "y",
            "new_password": ["z"],
            "n": 3,
            "none": None,
            "list": [f"Bearer {SECRET}", 1.5],
            "bytes": f"token={SECRET}".encode(),
        }
    )
    assert told == {
        "password": HIDDEN,
        "X-API-Key": HIDDEN,
        "new_password": HIDDEN,
        "n": 3,
        "none": None,
        "list": ["Bearer [redacted]", 1.5],
        "bytes": "token=[redacted]",
    }


@pytest.mark.parametrize(
    "piece", ["eyJ", "://", "://a:", "password", "password=", '"password": "\\', "Bearer ", "a@", "mw_ingest_"]
)
def test_a_long_hostile_text_is_read_in_time(piece: str) -> None:
    """A pattern that goes back over what it has read would need hours for this."""
    assert len(redacted(piece * 100_000)) < 40_000


def test_nothing_steers_the_terminal_of_who_reads_the_log() -> None:
    assert redacted("a\x1b[2Jb\rc\n\td") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\n\td"
