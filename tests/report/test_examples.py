"""The examples in the docstrings give what they say they give."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["modelward.report.compare"])
def test_the_examples_hold(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
