"""Reads the plates of Harmony microscopes: Opera Phenix, Operetta, Sonata.

``acquisition`` and ``listed_planes`` read what the Index says beyond a plate reading.
"""

from openhcs_microscope_operaphenix.acquisition import (
    Acquisition,
    Channel,
    ListedPlane,
    acquisition,
    listed_planes,
)

__all__ = ["Acquisition", "Channel", "ListedPlane", "acquisition", "listed_planes"]
