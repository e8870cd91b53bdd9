"""Modelward: a self-hosted watch over machine-learning models in production."""
