"""What each statistic says, for who asks: its name and its meaning, by the key of a finding's `statistics`."""

from collections.abc import Mapping

MEANINGS: Mapping[str, tuple[str, str]] = {
    "psi": ("PSI, bias taken off", "how much of the mass changed cells; 0.1 is moderate, 0.25 strong"),
    "psi_plain": ("PSI, plain", "the same without the correction for small samples"),
    "ks": ("Kolmogorov–Smirnov", "the largest gap between the two cumulative curves, 0 to 1"),
    "js": ("Jensen–Shannon", "distance between the distributions, 0 to 1"),
    "hellinger": ("Hellinger", "distance between the distributions, 0 to 1"),
    "total_variation": ("Total variation", "the share of the mass that would have to move"),
    "wasserstein": ("Wasserstein", "how far the mass moved on average, in the column's unit"),
    "wasserstein_normalised": ("Wasserstein, normalised", "the same in standard deviations of the reference"),
    "mean_shift": ("Mean shift", "how far the mean moved, in standard deviations of the reference"),
    "missing_rate_change": ("Missing rate, change", "difference of the shares of missing values"),
    "invalid_rate_change": ("Wrong type, change", "difference of the shares of values of a wrong type"),
    "new_category_share": ("New categories", "the share of the values that the reference never saw"),
    "auc": ("AUC", "how well the current vectors can be told from the reference's: 0.5 not at all, 1 wholly"),
    "auc_low": ("AUC, low end", "the low end of its interval"),
    "auc_high": ("AUC, high end", "the high end of its interval"),
    "mean_distance": ("Distance of means", "between the mean vectors, in standard deviations of a place"),
    "chi_squared": ("Chi-squared", "the statistic of the test of equal shares"),
}
