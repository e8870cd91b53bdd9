"""The examples in the docstrings run, and every public function says where it comes from and shows one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

from modelward import stats

MODULES = [f"modelward.stats.{module.name}" for module in pkgutil.iter_modules(stats.__path__)]
FUNCTIONS = [name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name):
    results = doctest.testmod(importlib.import_module(name), raise_on_error=True)
    assert results.failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_statistic_has_edge_cases_an_example_and_a_source(name):
    text = inspect.getdoc(getattr(stats, name)) or ""
    assert "Edge cases:" in text
    assert ">>>" in text
    assert "Source: " in text or "Sources: " in text


def test_every_result_is_frozen():
    results = [getattr(stats, name) for name in stats.__all__ if hasattr(getattr(stats, name), "__dataclass_params__")]
    assert len(results) > 10
    assert all(result.__dataclass_params__.frozen for result in results)
