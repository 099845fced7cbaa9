"""Interactions, the data sets they come from, splits, features and tasks."""
