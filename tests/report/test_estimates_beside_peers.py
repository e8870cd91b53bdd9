"""Estimates of many classes and of a regression beside NannyML's, on real tables and from the same probabilities."""

from pathlib import Path

import pytest
from benchmarks.bench_estimation import hires, quality, stays

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
PEERS = ROOT / ".peers" / "bin" / "python"

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real tables are not beside the repository"),
    pytest.mark.skipif(not PEERS.exists(), reason="other libraries are not installed: make peers"),
]


def test_many_classes_are_nannyml_s_within_a_third_of_a_point():
    found = quality("many_classes", stays(DATA), PEERS)
    assert found["windows"] == 8
    assert all(apart < 0.0035 for apart in found["ours_less_nannyml"].values()), found
    assert all(found["ours"][name] < 1.1 * found["nannyml"][name] + 0.001 for name in found["ours"]), found


def test_errors_of_a_regression_are_nannyml_s_within_a_twentieth():
    found = quality("regression", hires(DATA), PEERS)
    assert found["ours_less_nannyml"]["rmse"] < 5.0, found
    assert found["ours_less_nannyml"]["mae"] < 4.0, found
    assert found["ours"]["mae"] < 1.1 * found["nannyml"]["mae"], found
