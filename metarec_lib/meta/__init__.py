"""Learners that learn across users' tasks."""
