"""The deep look: every image header is opened and compared with what Index and names say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import attrs

from openhcs_host.contracts.microscopes import Place, Planes
from openhcs_host.files.tiff_headers import HeaderError, read_headers
from openhcs_host.plates.wording import Findings, counted, listed, shown
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.headers import ImageHeader, read_header

__all__ = ["inspect"]

_SENTENCES: Final = {
    "unreadable": "images that cannot be read",
    "size": "images of another size than the Index says",
    "pages": "images of more than one page, of which the plane is the first",
    "place": "images whose tag 65500 says another place, which is not believed",
    "measurement": "images whose tag 65500 names another measurement than the Index",
    "tag": "images with a tag 65500 that cannot be read",
}
"""What each sort of finding is called."""


def inspect(root: Path, planes: Planes, acquisition: Acquisition) -> Iterator[str]:
    """Open every image and say what contradicts the Index and the names, one sentence for each sort."""
    check = _Check(acquisition)
    work = (
        ((well, place), path) for well, places in planes.by_well.items() for place, path in places.items()
    )
    for (well, place), path, header in read_headers(root, work, read_header):
        check.take(well, place, path, header)
    yield from check.problems()


@attrs.define
class _Check:
    acquisition: Acquisition
    findings: Findings = attrs.field(factory=Findings)
    kinds: Counter[str] = attrs.field(factory=Counter)
    examples: dict[str, str] = attrs.field(factory=dict)

    def take(self, well: str, place: Place, path: str, header: ImageHeader | HeaderError) -> None:
        """Compare one header with the place of its image."""
        if isinstance(header, HeaderError):
            self.findings.add("unreadable", f"{shown(path)} ({header.reason})")
            return
        kind = header.tiff.kind
        self.kinds[kind] += 1
        self.examples.setdefault(kind, path)
        channel = self.acquisition.channels.get(place[1])
        if channel is not None and channel.width and channel.height:
            said, size = (channel.width, channel.height), (header.tiff.width, header.tiff.height)
            if said != size:
                text = f"{size[0]} x {size[1]} instead of {said[0]} x {said[1]}"
                self.findings.add("size", f"{shown(path)} is {text}")
        if header.tiff.pages > 1:
            self.findings.add("pages", shown(path))
        if header.problem:
            self.findings.add("tag", f"{shown(path)} ({header.problem})")
        tagged = (header.well or well, header.site or place[0], header.z_index or place[2])
        if tagged != (well, place[0], place[2]):
            self.findings.add("place", f"{shown(path)} says {tagged[0]} site {tagged[1]} z {tagged[2]}")
        if header.measurement_id not in (None, self.acquisition.measurement_id or header.measurement_id):
            self.findings.add("measurement", shown(path))

    def problems(self) -> Iterator[str]:
        """Return one sentence for each sort of finding."""
        if len(self.kinds) > 1:
            kinds = (
                f"{kind} ({counted(number, 'image')}, such as {shown(self.examples[kind])})"
                for kind, number in self.kinds.most_common()
            )
            yield f"the images are not all alike: {listed(kinds)}"
        for sort, text in _SENTENCES.items():
            if number := self.findings.count(sort):
                yield f"{text} ({number}): {self.findings.examples(sort)}"
