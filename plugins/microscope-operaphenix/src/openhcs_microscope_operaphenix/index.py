"""The Index of a Harmony plate, ``Index.idx.xml`` (to version 5) or ``Index.xml`` (6, 7): its records in order.

::

    <EvaluationInputData xmlns="…/HarmonyV5"> <InstrumentType>Phenix</InstrumentType>
      <Plates><Plate> <Name>…</Name> … <Wells> …
      <Maps><Map><Entry ChannelID="1"> channel data from version 6 on …
      <Images><Image> <URL>r01c01f01p01-ch1sk1fk1fl1.tiff</URL> <Row>1</Row> … to version 5 also channel data

Collected from real files of versions 5 to 7 and other readers. The namespace is a URL of the vendor's in older
versions and none in version 7: only its ending counts.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Generator
from typing import Final

from openhcs_host.errors import FormatError
from openhcs_host.plates.wording import shown
from openhcs_microscope_operaphenix.xmlrecords import Record, records

__all__ = ["CHANNEL_FIELDS", "INDEX_NAMES", "KNOWN_VERSIONS", "IndexFile"]

INDEX_NAMES: Final = ("index.idx.xml", "index.xml")
"""Names of an Index in lower case, in order of preference."""
KNOWN_VERSIONS: Final = range(4, 8)
"""Versions of Harmony whose Index is known."""
CHANNEL_FIELDS: Final = (
    "ChannelName",
    "ChannelType",
    "ImageType",
    "AcquisitionType",
    "IlluminationType",
    "CameraType",
    "MainExcitationWavelength",
    "MainEmissionWavelength",
    "ObjectiveMagnification",
    "ObjectiveNA",
    "ExposureTime",
    "ImageResolutionX",
    "ImageResolutionY",
    "ImageSizeX",
    "ImageSizeY",
    "BinningX",
    "BinningY",
    "MaxIntensity",
)
"""What is said of a channel, with every image or once in a map."""
_PLANE_FIELDS: Final = (
    "URL",
    "State",
    "Row",
    "Col",
    "FieldID",
    "PlaneID",
    "TimepointID",
    "ChannelID",
    "PositionX",
    "PositionY",
    "PositionZ",
    "AbsPositionZ",
    "AbsTime",
    "MeasurementTimeOffset",
)
_PLATE_FIELDS: Final = (
    "PlateID",
    "MeasurementID",
    "MeasurementStartTime",
    "Name",
    "PlateTypeName",
    "PlateRows",
    "PlateColumns",
)
_KINDS: Final = {
    ("InstrumentType",): "instrument",
    ("Plates", "Plate"): "plate",
    ("Maps", "Map", "Entry"): "channel",
    ("Images", "Image"): "image",
}
_NAMESPACE: Final = re.compile(r"(?:.*/)?HarmonyV([0-9]{1,3})/?", re.DOTALL)
_MOST_IMAGES: Final = 5_000_000
_MOST_OTHERS: Final = 10_000


class IndexFile:
    """An Index on disk."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.version: int | None = None
        """Version of Harmony that wrote it, once the first record was read."""

    def records(self) -> Generator[Record, None, None]:
        """Yield instrument, plates, channels and images, in the order of the file.

        Raises ``FormatError`` saying what is wrong: where the file breaks off, if it is no Index, or
        if it is of a size that no plate has.
        """
        images = others = 0
        fields = (*_PLANE_FIELDS, *CHANNEL_FIELDS, *_PLATE_FIELDS)
        try:
            with open(self._path, "rb") as stream:
                for record in records(stream, _KINDS, fields, self._root, ("Images", "Image")):
                    if record.kind == "image":
                        images += 1
                    else:
                        others += 1
                    if images > _MOST_IMAGES or others > _MOST_OTHERS:
                        raise FormatError(f"more than {_MOST_IMAGES} planes, or {_MOST_OTHERS} channels")
                    yield record
        except OSError as error:
            raise FormatError(error.strerror or type(error).__name__) from error

    def refusal(self) -> str | None:
        """Return why the file does not even begin like an Index; ``version`` is known if it does."""
        try:
            with contextlib.closing(self.records()) as found:
                next(found, None)
        except FormatError as error:
            return None if self.version is not None else str(error)
        return None

    def _root(self, namespace: str, name: str) -> None:
        match = _NAMESPACE.fullmatch(namespace)
        if name != "EvaluationInputData" or match is None:
            of = f" of namespace {shown(namespace)}" if namespace else " of no namespace"
            raise FormatError(f"no Harmony index: its root is {shown(name)}{of}")
        self.version = int(match[1])
