"""Files on disk, and the formats TIFF, PNG, NPY, CSV, JSON and text.

Nothing here is imported by hand: ``host.backend("disk")`` and ``host.format(".tif")`` load the one module
that they need.
"""
