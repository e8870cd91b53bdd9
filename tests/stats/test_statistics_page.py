"""docs/statistics.md says what the docstrings say."""

import importlib.machinery
import importlib.util
import inspect
from pathlib import Path

from modelward import stats

ROOT = Path(__file__).parents[2]


def script():
    loader = importlib.machinery.SourceFileLoader("statistics_page", str(ROOT / "scripts" / "statistics-page"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert page == script().page(), "run .venv/bin/python scripts/statistics-page"


def test_every_public_statistic_is_on_the_page_with_an_example():
    page = script().page()
    sections = dict(part.split("\n", 1) for part in page.split("\n### ")[1:])
    assert set(sections) == {name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))}
    assert not [name for name, text in sections.items() if "```python\n>>> " not in text]


def test_every_statistic_of_two_samples_has_its_edge_cases_and_its_source_on_the_page():
    two = next(part for part in script().page().split("\n## ") if part.startswith("Two samples"))
    for part in two.split("\n### ")[1:]:
        name = part.split("\n")[0]
        assert "**Edge cases:**" in part, name
        assert "**Source:**" in part, name
