"""Converts a plate, image by image and unchanged, into another place and format."""

from openhcs_convert.conversion import Conversion, convert_plate
from openhcs_convert.verification import verify_plate

__all__ = ["Conversion", "convert_plate", "verify_plate"]
