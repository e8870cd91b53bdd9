"""A probability sent as the prediction of a classifier: it is the score, and the class follows from the threshold.

Here only the model's task says that it classifies. That its outcomes are all 0 and 1 is known once labels have come,
after its first predictions were stored: to change then what is stored would look like drift of the prediction.
Whoever reads predictions beside their labels sees both at once, and can take them for scores there.
"""

import pyarrow as pa
import pyarrow.compute as pc

from modelward.ingest.known_models import KnownModel

_CLASSIFIES = ("classification", "binary", "binary_classification", "classifier")
_THRESHOLD = 0.5


def with_scores(table: pa.Table, model: KnownModel) -> pa.Table:
    """The table with fractional predictions as scores, where the model's task says that it classifies."""
    if model.task not in _CLASSIFIES or "prediction" not in table.column_names:
        return table
    prediction = table["prediction"]
    if not pa.types.is_floating(prediction.type):
        return table
    fractional = pc.and_(pc.greater(prediction, 0.0), pc.less(prediction, 1.0))
    if not pc.any(fractional).as_py():
        return table
    threshold = _THRESHOLD if model.threshold is None else model.threshold
    predicted = pc.greater_equal(prediction, threshold).cast(pa.float64())
    score = table["score"] if "score" in table.column_names else pa.nulls(len(table), pa.float64())
    columns = {name: table[name] for name in table.column_names}
    columns["score"] = pc.if_else(pc.fill_null(fractional, False), pc.coalesce(score, prediction), score)
    columns["prediction"] = pc.if_else(fractional, predicted, prediction)
    return pa.table(columns)
