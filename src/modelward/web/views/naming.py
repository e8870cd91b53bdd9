"""Columns as people call them."""

SPECIAL = {"@prediction": "prediction", "@score": "score", "@latency_ms": "latency", "@label": "label"}


def column_title(column: str) -> str:
    """A feature's own name; what is not a feature by its plain word. (A feature's leading @ is doubled in profiles.)"""
    return SPECIAL.get(column) or (column[1:] if column.startswith("@@") else column)
