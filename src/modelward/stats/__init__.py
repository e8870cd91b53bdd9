"""Pure maths: summaries that merge, and statistics on them. Each statistic takes two arrays or two summaries."""

from modelward.stats.adjust import Adjusted, benjamini_hochberg, bonferroni
from modelward.stats.anderson_darling import AndersonDarling, anderson_darling
from modelward.stats.binning import Bins
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.cells import Cells, cells_of
from modelward.stats.chi_squared import ChiSquared, chi_squared
from modelward.stats.cramer_von_mises import CramerVonMises, cramer_von_mises
from modelward.stats.energy_distance import EnergyDistance, energy_distance
from modelward.stats.fisher_exact import FisherExact, fisher_exact
from modelward.stats.g_test import GTest, g_test
from modelward.stats.hellinger import Hellinger, hellinger
from modelward.stats.jensen_shannon import JensenShannon, jensen_shannon
from modelward.stats.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov
from modelward.stats.kullback_leibler import KullbackLeibler, kullback_leibler
from modelward.stats.mann_whitney import MannWhitney, mann_whitney
from modelward.stats.missing_rate import MissingRate, missing_rate_test
from modelward.stats.new_categories import NewCategories, new_categories
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.population_accuracy_index import PopulationAccuracyIndex, population_accuracy_index
from modelward.stats.profile import Profile
from modelward.stats.psi import PSI, psi
from modelward.stats.samples import Sample, Summary
from modelward.stats.t_test import TTest, t_test
from modelward.stats.total_variation import TotalVariation, total_variation
from modelward.stats.wasserstein import Wasserstein, wasserstein
from modelward.stats.z_test_proportions import ZTestProportions, z_test_proportions

__all__ = [
    "PSI",
    "Adjusted",
    "AndersonDarling",
    "Bins",
    "CategoricalSummary",
    "Cells",
    "ChiSquared",
    "CramerVonMises",
    "EnergyDistance",
    "FisherExact",
    "GTest",
    "Hellinger",
    "JensenShannon",
    "KolmogorovSmirnov",
    "KullbackLeibler",
    "MannWhitney",
    "MissingRate",
    "NewCategories",
    "NumericSummary",
    "PopulationAccuracyIndex",
    "Profile",
    "Sample",
    "Summary",
    "TTest",
    "TotalVariation",
    "Wasserstein",
    "ZTestProportions",
    "anderson_darling",
    "benjamini_hochberg",
    "bonferroni",
    "cells_of",
    "chi_squared",
    "cramer_von_mises",
    "energy_distance",
    "fisher_exact",
    "g_test",
    "hellinger",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "kullback_leibler",
    "mann_whitney",
    "missing_rate_test",
    "new_categories",
    "population_accuracy_index",
    "psi",
    "t_test",
    "total_variation",
    "wasserstein",
    "z_test_proportions",
]
