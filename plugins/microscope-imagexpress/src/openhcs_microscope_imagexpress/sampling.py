"""Opening a few headers of a plate, each once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from openhcs_host.contracts.microscopes import Planes
from openhcs_host.files.tiff_headers import HeaderError
from openhcs_host.plates.wording import counted, listed, shown
from openhcs_microscope_imagexpress.metaseries import ImageHeader, MetaSeries, read_header

__all__ = ["Sampler", "few_of_each"]

_MOST_HEADERS: Final = 256
_MOST_OF_DEEP: Final = 20_000  # each is kept: about one kilobyte
_HOPELESS: Final = 32  # where so many cannot be read, and none can, no more are tried
_TRIES: Final = 3


class Sampler:
    """Opens headers by plate-relative path, each once, and a bounded number; many more if ``every``."""

    def __init__(self, root: Path, *, every: bool = False) -> None:
        self._root = root
        self._most = _MOST_OF_DEEP if every else _MOST_HEADERS
        self._headers: dict[str, ImageHeader | None] = {}
        self.failures: list[str] = []
        self.exhausted = False

    def header(self, path: str) -> ImageHeader | None:
        """Return the header of an image, ``None`` if it cannot be read or enough were opened."""
        if path not in self._headers:
            if len(self._headers) >= self._most or len(self._headers) == len(self.failures) >= _HOPELESS:
                self.exhausted = True
                return None
            try:
                self._headers[path] = read_header(os.path.join(self._root, path))
            except HeaderError as error:
                self._headers[path] = None
                self.failures.append(f"{shown(path)} ({error.reason})")
        return self._headers[path]

    def metaseries(self, path: str) -> MetaSeries:
        """Return what the header of an image says; nothing if it cannot be read."""
        header = self.header(path)
        return header.metaseries if header else MetaSeries()

    def first(self, paths: Iterable[str]) -> ImageHeader | None:
        """Return the first header that can be read, of a few tries."""
        headers = (self.header(path) for path in islice(paths, _TRIES))
        return next((header for header in headers if header is not None), None)

    def opened(self) -> Iterator[tuple[str, ImageHeader]]:
        """Return every header that was read, with its path."""
        return ((path, header) for path, header in self._headers.items() if header is not None)

    def problems(self) -> Iterator[str]:
        """Return what the headers themselves have against them."""
        if self.failures:
            number = f"{len(self.failures)} of the {counted(len(self._headers), 'header')} opened"
            yield f"{number} cannot be read: {listed(self.failures)}"
        if self.exhausted:
            yield (
                f"only {len(self._headers)} headers were opened for names, positions and times; what the others say "
                "of them is unknown"
            )
        broken = [f"{shown(path)} ({header.problem})" for path, header in self.opened() if header.problem]
        if broken:
            yield f"headers whose tags or MetaSeries XML cannot be read: {listed(broken)}"


def few_of_each(planes: Planes, position: int) -> dict[int, list[str]]:
    """Return the first few paths for each number at ``position`` of the places: 0 site, 1 channel."""
    paths: dict[int, list[str]] = {place[position]: [] for place in planes.places}
    missing = len(paths) * _TRIES
    for places in planes.by_well.values():
        if not missing:
            break  # mostly after the first well of hundreds
        for place, path in places.items():
            few = paths[place[position]]
            if len(few) < _TRIES:
                few.append(path)
                missing -= 1
    return paths
