"""The report in a terminal: the sentence first, the gravest first, and readable at any width."""

import io

import numpy as np
import pytest
from rich.console import Console

import modelward
from modelward.report.terminal import render

RNG = np.random.default_rng(0)
BEFORE = {
    "fine": RNG.normal(size=400),
    "moderate": RNG.normal(size=400),
    "distance": RNG.gamma(3, 350, 400),
    "[bold]odd[/bold]": RNG.normal(size=400),
}
NOW = {
    "fine": BEFORE["fine"][::-1],
    "moderate": BEFORE["moderate"] + 0.4,
    "distance": BEFORE["distance"] * 1.61,
    "[bold]odd[/bold]": BEFORE["[bold]odd[/bold]"] * 9,
    "new": np.zeros(400),
}


def shown(width=120, **options):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render(modelward.compare(BEFORE, NOW), **options))
    return console.export_text()


def test_the_first_line_is_the_verdict_on_the_whole():
    assert shown().splitlines()[0] == "● 2 of 5 columns drifted, 2 changed moderately: 400 rows against 400."


def test_the_gravest_columns_come_first_and_the_quiet_ones_are_counted():
    text = "".join(shown().splitlines(keepends=True)[1:])
    order = [text.index(word) for word in ("[bold]odd[/bold]", "distance", "new", "moderate", "1 more column is as in")]
    assert order == sorted(order)
    assert "fine" not in text
    assert "fine" in shown(every=True)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width):
    text = shown(width)
    assert max(map(len, text.splitlines())) <= width
    assert "a factor of 1.61" in " ".join(text.split()) or width < 80


def test_without_drift_there_is_a_sentence_and_no_table():
    console = Console(width=100, record=True, quiet=False)
    console.print(modelward.compare(BEFORE, BEFORE))
    assert console.export_text().strip() == "✓ No drift in 4 columns: 400 rows against 400 of the reference."


def test_a_name_out_of_a_file_does_not_steer_the_terminal():
    before = {"\x1b[31mred": [1.0] * 300, "town": ["Bonn"] * 300}
    now = {"\x1b[31mred": [2.0] * 300, "town": ["\x1b]0;title\x07"] * 300, "\x9bnew": [None] * 300}
    written = io.StringIO()
    Console(width=120, file=written).print(modelward.compare(before, now))
    assert not set(written.getvalue()) & {"\x1b", "\x07", "\x9b"}
    assert "title" in written.getvalue()
