"""What models and features may be called: nearly anything, within bounds, and told clearly where not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelward.errors import Invalid
from modelward.registry.names import LONGEST, feature_name, key_of


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("churn_model_v1", "churn_model_v1"),
        ("  Churn, EU (2026)  ", "Churn, EU (2026)"),
        ("fraud/v2", "fraud-v2"),
        ("Zu\u0308rich", "Zürich"),
        ("模型", "模型"),
        ("🛫 flights", "🛫 flights"),
        ("'; DROP TABLE models; --", "'; DROP TABLE models; --"),
        ("<script>alert(1)</script>", "<script>alert(1)<-script>"),
        ("two\nlines\0", "two-lines-"),
        ("v1.2", "v1.2"),
        ("12a", "12a"),
    ],
)
def test_a_key_is_the_name_without_what_cannot_stand_in_an_address(name: str, key: str) -> None:
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "needs a name"),
        (" \t ", "needs a name"),
        ("..", "needs a name"),
        ("12", "Add a letter"),
        ("٣٤", "Add a letter"),
        ("x" * (LONGEST + 1), "use at most 200"),
    ],
)
def test_what_cannot_be_a_key_is_told_why(name: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        key_of(name)


@given(st.text(max_size=LONGEST))
def test_a_key_gives_itself(name: str) -> None:
    try:
        key = key_of(name)
    except Invalid:
        return
    assert key_of(key) == key
    assert "/" not in key
    assert key.encode()


@pytest.mark.parametrize(
    "name", ["age", "Age", "ts", "f1", "@prediction", "a/b", "line\nbreak", "ß", "x" * LONGEST, " "]
)
def test_a_feature_may_have_any_name(name: str) -> None:
    assert feature_name(name) == name


@pytest.mark.parametrize("name", ["", "x" * (LONGEST + 1), "nul\0", "half\ud800"])
def test_a_feature_name_that_cannot_be_kept_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match=r"use 1 to 200|no text"):
        feature_name(name)
