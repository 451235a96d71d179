"""The deep look: every image header is opened and compared with what Index and names say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import attrs

from openhcs_host.contracts.microscopes import Place, Planes
from openhcs_host.plates.wording import Findings, counted, listed, shown
from openhcs_microscope_operaphenix.facts import Acquisition
from openhcs_microscope_operaphenix.headers import HeaderError, ImageHeader, read_header

__all__ = ["inspect"]

# Reading waits for the disk or the network; more threads would wait for each other.
_THREADS: Final = 4
_AT_ONCE: Final = 512

Kind: TypeAlias = tuple[int, int, str, int]
"""Width, height, type and values per pixel, which all images of a plate should share."""

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
    work = ((well, place, path) for well, places in planes.by_well.items() for place, path in places.items())
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="operaphenix") as pool:
        # In portions: a plate may have a million images, and so many futures would fill the memory.
        while portion := list(islice(work, _AT_ONCE)):
            headers = pool.map(_header, (os.path.join(root, path) for _, _, path in portion))
            for (well, place, path), header in zip(portion, headers, strict=True):
                check.take(well, place, path, header)
    yield from check.problems()


def _header(path: str) -> ImageHeader | HeaderError:
    try:
        return read_header(path)
    except HeaderError as error:
        return error


@attrs.define
class _Check:
    acquisition: Acquisition
    findings: Findings = attrs.field(factory=Findings)
    kinds: Counter[Kind] = attrs.field(factory=Counter)
    examples: dict[Kind, str] = attrs.field(factory=dict)

    def take(self, well: str, place: Place, path: str, header: ImageHeader | HeaderError) -> None:
        """Compare one header with the place of its image."""
        if isinstance(header, HeaderError):
            self.findings.add("unreadable", f"{shown(path)} ({header.reason})")
            return
        kind = (header.width, header.height, header.dtype, header.samples)
        self.kinds[kind] += 1
        self.examples.setdefault(kind, path)
        channel = self.acquisition.channels.get(place[1])
        if channel is not None and channel.width and channel.height:
            said = (channel.width, channel.height)
            if said != kind[:2]:
                text = f"{header.width} x {header.height} instead of {said[0]} x {said[1]}"
                self.findings.add("size", f"{shown(path)} is {text}")
        if header.pages > 1:
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
                f"{_described(kind)} ({counted(number, 'image')}, such as {shown(self.examples[kind])})"
                for kind, number in self.kinds.most_common()
            )
            yield f"the images are not all alike: {listed(kinds)}"
        for sort, text in _SENTENCES.items():
            if number := self.findings.count(sort):
                yield f"{text} ({number}): {self.findings.examples(sort)}"


def _described(kind: Kind) -> str:
    width, height, dtype, samples = kind
    colour = "" if samples == 1 else f" with {samples} values per pixel"
    return f"{width} x {height} {dtype}{colour}"
