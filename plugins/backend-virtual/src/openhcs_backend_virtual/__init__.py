"""Plates under virtual names."""
