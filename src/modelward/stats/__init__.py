"""Pure maths: summaries that merge, and statistics on them. Each statistic takes two arrays or two summaries."""

from modelward.stats.adjust import Adjusted, benjamini_hochberg, bonferroni
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.cells import Cells, cells_of
from modelward.stats.chi_squared import ChiSquared, chi_squared
from modelward.stats.hellinger import Hellinger, hellinger
from modelward.stats.jensen_shannon import JensenShannon, jensen_shannon
from modelward.stats.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov
from modelward.stats.missing_rate import MissingRate, missing_rate_test
from modelward.stats.new_categories import NewCategories, new_categories
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.profile import Profile
from modelward.stats.psi import PSI, psi
from modelward.stats.samples import Sample, Summary
from modelward.stats.total_variation import TotalVariation, total_variation
from modelward.stats.wasserstein import Wasserstein, wasserstein

__all__ = [
    "PSI",
    "Adjusted",
    "CategoricalSummary",
    "Cells",
    "ChiSquared",
    "Hellinger",
    "JensenShannon",
    "KolmogorovSmirnov",
    "MissingRate",
    "NewCategories",
    "NumericSummary",
    "Profile",
    "Sample",
    "Summary",
    "TotalVariation",
    "Wasserstein",
    "benjamini_hochberg",
    "bonferroni",
    "cells_of",
    "chi_squared",
    "hellinger",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "missing_rate_test",
    "new_categories",
    "psi",
    "total_variation",
    "wasserstein",
]
