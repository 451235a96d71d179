"""Pipelines over plates."""
