"""A file's name is what its sender wrote; what is kept of it can be shown."""

import pytest

from modelward.monitoring.upload import shown_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("june.csv", "june.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\june.csv", "june.csv"),
        ("a\nb\x00\u202ec.csv", "abc.csv"),
        ("x" * 5_000, "x" * 200),
        ("données.csv", "données.csv"),
        ("\n", "a file"),
        ("", "a file"),
        (None, "a file"),
    ],
)
def test_a_name_is_printable_and_bounded(sent, kept):
    assert shown_name(sent) == kept
