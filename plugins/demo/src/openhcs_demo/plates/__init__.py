"""Synthetic plates of two vendors, with every trap that real plates have set for readers."""

from openhcs_demo.plates.described import Frame, Pixels, Plate
from openhcs_demo.plates.harmony import write_harmony
from openhcs_demo.plates.harmony_traps import HarmonyTraps
from openhcs_demo.plates.imagexpress import write_imagexpress
from openhcs_demo.plates.imagexpress_traps import ImageXpressTraps
from openhcs_demo.plates.written import Written, WrittenImage, digest

__all__ = [
    "Frame",
    "HarmonyTraps",
    "ImageXpressTraps",
    "Pixels",
    "Plate",
    "Written",
    "WrittenImage",
    "digest",
    "write_harmony",
    "write_imagexpress",
]
