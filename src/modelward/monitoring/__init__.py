"""Buckets → profiles → windows → evaluations: what came in, held against what was expected."""
