"""Files on disk, and the formats TIFF, PNG, NPY, NPZ, JPEG, CSV, JSON, text and bytes.

Nothing here is imported by hand: ``host.backend("disk")`` and ``host.format(".tif")`` load the one module
that they need.
"""
