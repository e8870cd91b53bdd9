"""Columns as people call them."""

from modelward.registry.names import CLASS_SCORE

SPECIAL = {"@prediction": "prediction", "@score": "score", "@latency_ms": "latency", "@label": "label"}


def column_title(column: str) -> str:
    """A feature's own name; what is not a feature by its plain word. (A feature's leading @ is doubled in profiles.)"""
    name = column[1:] if column.startswith("@@") else column
    if name.startswith(CLASS_SCORE):
        return f"score of {name.removeprefix(CLASS_SCORE)}"
    return SPECIAL.get(column, name)
