"""What people call the metrics of performance and fairness, in reports and on pages."""

from collections.abc import Mapping, Sequence

METRICS: Mapping[str, str] = {
    "accuracy": "Accuracy",
    "roc_auc": "ROC AUC",
    "average_precision": "PR AUC (average precision)",
    "f1": "F1",
    **{
        f"{rate}_{average}": f"{name}, {average}"
        for average in ("macro", "weighted", "micro")
        for rate, name in (("precision", "Precision"), ("recall", "Recall"), ("f1", "F1"))
    },
    "log_loss": "Log loss",
    "brier_score": "Brier score",
    "expected_calibration_error": "Expected calibration error",
    "matthews_correlation": "Matthews correlation",
    "r_squared": "R²",
    "root_mean_squared_error": "Root mean squared error (RMSE)",
    "mean_squared_error": "Mean squared error (MSE)",
    "mean_absolute_error": "Mean absolute error (MAE)",
    "mean_absolute_percentage_error": "Mean absolute percentage error (MAPE)",
}
DISPARITIES: Mapping[str, tuple[str, str]] = {
    "fairness_score": ("Fairness score", "the lowest selection rate over the highest; 1 is alike"),
    "demographic_parity_ratio": ("Demographic parity, ratio", "the same, of selection rates; 1 is alike"),
    "demographic_parity_difference": (
        "Demographic parity, difference",
        "how far selection rates lie apart; 0 is alike",
    ),
    "equal_opportunity_difference": ("Equal opportunity", "how far the rates of found positives lie apart"),
    "equalized_odds_difference": ("Equalised odds, difference", "the larger gap of true and of false positive rates"),
    "equalized_odds_ratio": ("Equalised odds, ratio", "the smaller ratio of true and of false positive rates"),
    "predictive_parity_difference": ("Predictive parity", "how far the precision of the groups lies apart"),
    "false_positive_rate_difference": ("False positive rate", "how far the rates of false alarms lie apart"),
    "error_rate_difference": ("Error rate", "how far the shares of wrong predictions lie apart"),
}
RATES: Sequence[tuple[str, str]] = (
    ("selection_rate", "Selected"),
    ("true_positive_rate", "True positives found"),
    ("false_positive_rate", "False alarms"),
    ("precision", "Precision"),
    ("error_rate", "Errors"),
    ("calibration_gap", "Calibration gap"),
)


def metric_name(metric: str | None) -> str:
    """A metric as people call it."""
    return METRICS.get(metric or "", (metric or "metric").replace("_", " ").capitalize())
