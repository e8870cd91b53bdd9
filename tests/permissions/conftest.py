import pytest

from modelward.accounts.log_in import attempts


@pytest.fixture(autouse=True)
def _nobody_tried_before() -> None:
    attempts.__init__()  # type: ignore[misc]  # one process, many tests
