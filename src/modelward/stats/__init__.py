"""Pure maths: summaries that merge, and statistics on them. Each statistic takes two arrays or two summaries."""

from modelward.stats.accuracy import accuracy, balanced_accuracy
from modelward.stats.adjust import Adjusted, benjamini_hochberg, bonferroni
from modelward.stats.adwin import Adwin, adwin
from modelward.stats.anderson_darling import AndersonDarling, anderson_darling
from modelward.stats.average_precision import average_precision
from modelward.stats.binary_scores import BinaryScores
from modelward.stats.binning import Bins
from modelward.stats.calibration import Calibration, calibrate
from modelward.stats.calibration_bins import CalibrationBins
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.cells import Cells, cells_of
from modelward.stats.chi_squared import ChiSquared, chi_squared
from modelward.stats.class_averages import ClassMetrics, per_class
from modelward.stats.class_calibrations import ClassCalibrations, calibrate_classes
from modelward.stats.class_scores import ClassScores
from modelward.stats.confusion import Confusion, confusion_matrix
from modelward.stats.cramer_von_mises import CramerVonMises, cramer_von_mises
from modelward.stats.disparity import Disparity
from modelward.stats.distance_of_means import DistanceOfMeans, distance_of_means
from modelward.stats.domain_classifier import DomainClassifier, domain_classifier
from modelward.stats.energy_distance import EnergyDistance, energy_distance
from modelward.stats.estimated_classes import estimate_multiclass
from modelward.stats.estimated_performance import EstimatedPerformance, estimate_performance
from modelward.stats.expected_calibration_error import expected_calibration_error
from modelward.stats.fairness import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
    error_rate_difference,
    fairness_score,
    false_positive_rate_difference,
    predictive_parity_difference,
)
from modelward.stats.fisher_exact import FisherExact, fisher_exact
from modelward.stats.g_test import GTest, g_test
from modelward.stats.group_metrics import GroupMetrics, group_metrics, selection_rate
from modelward.stats.group_outcomes import GroupOutcomes, intersection
from modelward.stats.hellinger import Hellinger, hellinger
from modelward.stats.jensen_shannon import JensenShannon, jensen_shannon
from modelward.stats.kolmogorov_smirnov import KolmogorovSmirnov, kolmogorov_smirnov
from modelward.stats.kullback_leibler import KullbackLeibler, kullback_leibler
from modelward.stats.mann_whitney import MannWhitney, mann_whitney
from modelward.stats.matthews import matthews_correlation
from modelward.stats.metric import Metric
from modelward.stats.missing_rate import MissingRate, missing_rate_test
from modelward.stats.new_categories import NewCategories, new_categories
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.outcome import Observed, Outcome
from modelward.stats.page_hinkley import Change, PageHinkley, page_hinkley
from modelward.stats.pca_reconstruction import PcaReconstruction, pca_reconstruction
from modelward.stats.population_accuracy_index import PopulationAccuracyIndex, population_accuracy_index
from modelward.stats.precision_recall import f1, precision, recall, specificity
from modelward.stats.probability_losses import brier_score, log_loss
from modelward.stats.profile import Profile
from modelward.stats.psi import PSI, psi
from modelward.stats.r_squared import r_squared
from modelward.stats.regression_errors import (
    bias,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    root_mean_squared_error,
)
from modelward.stats.residual_quantiles import median_absolute_error, residual_quantiles
from modelward.stats.residuals import Residuals
from modelward.stats.roc_auc import roc_auc
from modelward.stats.samples import Sample, Summary
from modelward.stats.t_test import TTest, t_test
from modelward.stats.total_variation import TotalVariation, total_variation
from modelward.stats.wasserstein import Wasserstein, wasserstein
from modelward.stats.words import Vocabulary
from modelward.stats.z_test_proportions import ZTestProportions, z_test_proportions

__all__ = [
    "PSI",
    "Adjusted",
    "Adwin",
    "AndersonDarling",
    "BinaryScores",
    "Bins",
    "Calibration",
    "CalibrationBins",
    "CategoricalSummary",
    "Cells",
    "Change",
    "ChiSquared",
    "ClassCalibrations",
    "ClassMetrics",
    "ClassScores",
    "Confusion",
    "CramerVonMises",
    "Disparity",
    "DistanceOfMeans",
    "DomainClassifier",
    "EnergyDistance",
    "EstimatedPerformance",
    "FisherExact",
    "GTest",
    "GroupMetrics",
    "GroupOutcomes",
    "Hellinger",
    "JensenShannon",
    "KolmogorovSmirnov",
    "KullbackLeibler",
    "MannWhitney",
    "Metric",
    "MissingRate",
    "NewCategories",
    "NumericSummary",
    "Observed",
    "Outcome",
    "PageHinkley",
    "PcaReconstruction",
    "PopulationAccuracyIndex",
    "Profile",
    "Residuals",
    "Sample",
    "Summary",
    "TTest",
    "TotalVariation",
    "Vocabulary",
    "Wasserstein",
    "ZTestProportions",
    "accuracy",
    "adwin",
    "anderson_darling",
    "average_precision",
    "balanced_accuracy",
    "benjamini_hochberg",
    "bias",
    "bonferroni",
    "brier_score",
    "calibrate",
    "calibrate_classes",
    "cells_of",
    "chi_squared",
    "confusion_matrix",
    "cramer_von_mises",
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "distance_of_means",
    "domain_classifier",
    "energy_distance",
    "equal_opportunity_difference",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "error_rate_difference",
    "estimate_multiclass",
    "estimate_performance",
    "expected_calibration_error",
    "f1",
    "fairness_score",
    "false_positive_rate_difference",
    "fisher_exact",
    "g_test",
    "group_metrics",
    "hellinger",
    "intersection",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "kullback_leibler",
    "log_loss",
    "mann_whitney",
    "matthews_correlation",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "median_absolute_error",
    "missing_rate_test",
    "new_categories",
    "page_hinkley",
    "pca_reconstruction",
    "per_class",
    "population_accuracy_index",
    "precision",
    "predictive_parity_difference",
    "psi",
    "r_squared",
    "recall",
    "residual_quantiles",
    "roc_auc",
    "root_mean_squared_error",
    "selection_rate",
    "specificity",
    "t_test",
    "total_variation",
    "wasserstein",
    "z_test_proportions",
]
