"""The deep look: every image header is opened and compared with what names and folders say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.files.tiff_headers import HeaderError, read_headers
from openhcs_host.plates.wording import Findings, counted, numbered, shown
from openhcs_microscope_imagexpress.headers import STILL_PLANES
from openhcs_microscope_imagexpress.images import Images, PlaneKey, ProjectionKey
from openhcs_microscope_imagexpress.metaseries import ImageHeader, read_header

__all__ = ["inspect"]

_SENTENCES: Final = {
    "unreadable": "images that cannot be read",
    "xml": "images whose tags or MetaSeries XML cannot be read",
    "pages": "images of more than one page, of which the plane is the first",
    "place": "images with a stage label that contradicts their name",
    "copy": "filled copies, in the place of planes that were not acquired",
    "number": "images acquired as another plane than their place says",
    "plane": "single planes by their header that stand where projections stand",
}
"""What each sort of finding is called."""


def inspect(root: Path, images: Images) -> Iterator[str]:
    """Open every image and say what contradicts the names, one sentence for each sort."""
    check = _Check(images)
    planes = (
        ((well, *place), path)
        for well, places in images.planes.by_well.items()
        for place, path in places.items()
    )
    work: Iterator[tuple[PlaneKey | ProjectionKey, str]] = chain(planes, images.projections.items())
    for key, path, header in read_headers(root, work, read_header):
        check.take(key, path, header)
    yield from check.problems()


@attrs.define
class _Check:
    images: Images
    findings: Findings = attrs.field(factory=Findings)
    kinds: Counter[str] = attrs.field(factory=Counter)
    examples: dict[str, str] = attrs.field(factory=dict)
    projected: dict[str, Counter[int]] = attrs.field(factory=dict)

    def take(self, key: PlaneKey | ProjectionKey, path: str, header: ImageHeader | HeaderError) -> None:
        """Compare one header with the place of its image."""
        if isinstance(header, HeaderError):
            self.findings.add("unreadable", f"{shown(path)} ({header.reason})")
            return
        series = header.metaseries
        pixel = series.pixel_size_um
        kind = header.tiff.kind + ("" if pixel is None else f", pixel {pixel} µm")
        self.kinds[kind] += 1
        self.examples.setdefault(kind, path)
        if header.problem:
            self.findings.add("xml", f"{shown(path)} ({header.problem})")
        if header.tiff.pages > 1:
            self.findings.add("pages", shown(path))
        if series.stage_position not in (None, key[:2]):
            self.findings.add("place", f"{shown(path)} says {shown(series.stage_label)}")
        if len(key) == 5:
            self._plane(key, path, header)
        elif series.z_step is not None and series.projection is None:
            self.findings.add("plane", f"{shown(path)} is z {series.z_step}")

    def _plane(self, key: PlaneKey, path: str, header: ImageHeader) -> None:
        series = header.metaseries
        well, site, channel, z, timepoint = key
        if series.projection is not None:
            self.projected.setdefault(series.projection, Counter())[channel] += 1
        z = z if series.z_step is None else series.z_step
        timepoint = timepoint if series.timepoint is None else series.timepoint
        acquired = (well, site, channel, z, timepoint)
        if acquired != key:
            # An export fills planes that were not acquired with copies, which keep their old numbers.
            filled = acquired[1:] in self.images.planes.by_well[well]
            sort = "copy" if filled else "number"
            self.findings.add(sort, f"{shown(path)} is z {z} of time point {timepoint}")

    def problems(self) -> Iterator[str]:
        """Return one sentence for each sort of finding."""
        yield from self._differing()
        for method, channels in sorted(self.projected.items()):
            planes = f"{counted(channels.total(), 'plane')} of {numbered('channel', channels)}"
            yield f"by their header, {planes} are projections ({shown(method)}); {STILL_PLANES}"
        for sort, text in _SENTENCES.items():
            if number := self.findings.count(sort):
                yield f"{text} ({number}): {self.findings.examples(sort)}"

    def _differing(self) -> Iterator[str]:
        if len(self.kinds) < 2:
            return
        (most, number), *others = self.kinds.most_common()
        for kind, count in others:
            self.findings.add("kind", f"{kind} ({count}, like {shown(self.examples[kind])})")
        yield f"the images are not all alike: {most} ({number}), {self.findings.examples('kind')}"
