"""Reads our own plates, on disk or as OME-Zarr, and the OME-Zarr plates of others."""
