"""Routing of storage operations to backends, and what every backend needs for it."""
