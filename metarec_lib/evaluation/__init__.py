"""Metrics, protocols and uncertainty."""
