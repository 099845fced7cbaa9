"""Recommenders that learn from pooled data."""
