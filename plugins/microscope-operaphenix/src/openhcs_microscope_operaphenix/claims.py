"""Which file is which plane: what the Index says of a file counts, then its name.

Files decide which planes exist. The Index may list planes without a file, and there may be files that it
does not list: neither makes nor unmakes a plane, and both are said. Time is taken from the name where it
has one, because the Index counts it from 0 in older versions and from 1 in newer ones, and the name always
from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final, TypeAlias

import attrs

from openhcs_host.contracts.images import check_well
from openhcs_host.contracts.microscopes import Place
from openhcs_host.errors import PlateConflictError
from openhcs_host.plates.wording import EXAMPLES, Findings, counted, listed, shown
from openhcs_microscope_operaphenix.layout import Folder
from openhcs_microscope_operaphenix.listed import Listed, PlaceReader, file_name
from openhcs_microscope_operaphenix.names import name_parts
from openhcs_microscope_operaphenix.timecount import TimeCount

__all__ = ["ByPlace", "Claims"]

ByPlace: TypeAlias = dict[Place, dict[str, str]]
"""Place to wells, and these to paths."""
_NOTHING: Final[dict[str, str]] = {}


@attrs.define
class Claims:
    """The files of one measurement, and what the records of its Index make of them."""

    planes: ByPlace
    """Planes; by their names until ``settle``, then also by the Index."""
    doubles: list[tuple[Place, str, str]]
    """Place, well and path of files for which ``planes`` has no room."""
    spare: dict[str, list[str]]
    """File name to paths, of doubles and of TIFF files with names of their own."""
    missing: ByPlace = attrs.field(factory=dict)
    """Planes that the Index lists and that have no file, and their listed names; all of them from ``settle`` on."""
    timepoint_offset: int = 0
    """What turns ``TimepointID`` into a time point, from ``settle`` on."""
    listed: int = 0
    """Planes that the Index lists."""
    absent: int = 0
    """Of these, planes with a file name and without a file."""
    findings: Findings = attrs.field(factory=Findings)
    _seen: dict[Place, set[str]] = attrs.field(factory=dict)
    _absent_wells: set[str] = attrs.field(factory=set)
    _claims: list[Listed] = attrs.field(factory=list)
    _lacking: list[Listed] = attrs.field(factory=list)
    _claimed: set[str] = attrs.field(factory=set)
    _times: TimeCount = attrs.field(factory=TimeCount)
    _places: PlaceReader = attrs.field(factory=PlaceReader)

    @classmethod
    def of(cls, folders: Iterable[Folder]) -> Claims:
        """Begin with what the names say."""
        planes: ByPlace = {}
        doubles: list[tuple[Place, str, str]] = []
        spare: dict[str, list[str]] = {}
        for folder in folders:
            doubles += folder.doubles
            for path in folder.odd:
                spare.setdefault(_base(path), []).append(path)
            for place, wells in folder.images.items():
                taken = planes.get(place)
                if taken is None:
                    planes[place] = wells.copy()
                    continue
                doubles += [(place, well, path) for well, path in wells.items() if well in taken]
                taken.update((well, path) for well, path in wells.items() if well not in taken)
        for _, _, path in doubles:
            spare.setdefault(_base(path), []).append(path)
        return cls(planes, doubles, spare)

    def add(self, planes: ByPlace) -> None:
        """Add planes of folders that the Index does not speak of; a taken place is a conflict."""
        for place, wells in planes.items():
            if place not in self.planes:
                self.planes[place] = wells
                continue
            for well, path in wells.items():
                self._put(place, well, path)
        self.absent -= self._drop_found()

    def take(self, texts: dict[str, str]) -> None:
        """Take one image of the Index; this runs for every plane of the plate."""
        self.listed += 1
        url = texts.get("URL", "").strip()
        state = texts.get("State")
        if state is not None and state != "Ok":
            self._find("state", url, lambda: f" ({shown(state)})")
        if not url:
            self.findings.add("unrecorded", "")
            return
        said = self._places.read(texts)
        self._times.see(said[2])
        name = url if "/" not in url and "\\" not in url and ":" not in url else file_name(url)
        if name is None:
            self._find("escape", url)
            self._lacking.append(Listed("", None, *said))
            return
        named = name_parts(name)
        path = None
        if named is not None:
            path = self.planes.get(named[1], _NOTHING).get(named[0])
            if path is not None and not path.endswith(name):
                path = None  # another spelling of the same numbers
        if name in self.spare and (spare := self._unclaimed(name)):
            self._claims.append(Listed(spare, named, *said))
        elif name in self.spare and path is None:
            self._find("twice", name)
        elif path is None or named is None:
            self._lacks(Listed(name, named, *said))
        else:
            self._has(Listed(path, named, *said), *named)

    def _has(self, claim: Listed, well: str, place: Place) -> None:
        """Note a file that lies where its name says; it is a claim only if the Index says something else."""
        seen = self._seen.get(place)
        if seen is None:
            seen = self._seen[place] = set()
        if well in seen:
            self._find("twice", claim.path)
            return
        seen.add(well)
        self._times.compare(claim.timepoint_id, place[3], claim.path)
        if claim.well != well or claim.said != place[:3]:
            self._claims.append(claim)

    def _find(self, sort: str, path: str, more: Callable[[], str] = str) -> None:
        """Count what is strange; only the few examples that are told are put into words."""
        told = self.findings.count(sort) < EXAMPLES
        self.findings.add(sort, shown(path) + more() if told else "")

    def _unclaimed(self, name: str) -> str | None:
        for path in self.spare.get(name, ()):
            if path not in self._claimed:
                self._claimed.add(path)
                return path
        return None

    def _lacks(self, claim: Listed) -> None:
        """Note a plane without a file: at once where name and Index agree, else when times are known."""
        self.absent += 1
        self._find("absent", claim.path)
        named, well = claim.named, claim.well
        if named is not None and (well, claim.said) == (named[0], named[1][:3]):
            self.missing.setdefault(named[1], {}).setdefault(named[0], claim.path)
        else:
            self._lacking.append(claim)
        well = well or (named[0] if named else None)
        if well is not None:
            self._absent_wells.add(well)

    def settle(self, version: int | None) -> int:
        """Move files to where the Index puts them; return how many TIFF files nothing claims.

        Two files with one place are a ``PlateConflictError``.
        """
        self.timepoint_offset = self._times.offset(version)
        moves = [(claim, *claim.target(self.timepoint_offset)) for claim in self._claims]
        for claim, _, _ in moves:
            if claim.named and self.planes[claim.named[1]].get(claim.named[0]) == claim.path:
                del self.planes[claim.named[1]][claim.named[0]]
        for claim, well, place in moves:
            if well is None or place is None:
                self._find("nowhere", claim.path)
                continue
            self._put(place, well, claim.path)
            if claim.named and claim.named != (well, place):
                self._find("moved", claim.path, partial(_is, well, place))
        for place, well, path in self.doubles:
            if path not in self._claimed:
                self._put(place, well, path)
        self._settle_missing()
        named = {path for _, _, path in self.doubles}
        return sum(
            path not in self._claimed and path not in named for paths in self.spare.values() for path in paths
        ) + self.findings.count("nowhere")

    def _settle_missing(self) -> None:
        """Give planes without a file their places; where a file took one, nothing is missing."""
        for claim in self._lacking:
            well, place = claim.target(self.timepoint_offset)
            if well is not None and place is not None:
                self.missing.setdefault(place, {}).setdefault(well, claim.path)
        self._drop_found()

    def _drop_found(self) -> int:
        """Take from the missing planes those that a file holds; return how many."""
        dropped = 0
        for place in list(self.missing):
            taken = self.planes.get(place, _NOTHING)
            left = {well: path for well, path in self.missing[place].items() if well not in taken}
            dropped += len(self.missing[place]) - len(left)
            if left:
                self.missing[place] = left
            else:
                del self.missing[place]
        return dropped

    def _put(self, place: Place, well: str, path: str) -> None:
        other = self.planes.setdefault(place, {}).setdefault(well, path)
        if other != path:
            raise conflict(well, place, other, path)

    def absences(self) -> Iterator[str]:
        """Say how many planes have no file, once all folders were looked into."""
        if self.absent:
            wells = sorted(self._absent_wells, key=check_well)
            where = f", in {'well' if len(wells) == 1 else 'wells'} {listed(wells)}" if wells else ""
            yield (
                f"planes that the Index lists and that have no file: {self.absent} of {self.listed}{where}: "
                f"{self.findings.examples('absent')}"
            )

    def problems(self, complete: bool) -> Iterator[str]:
        """Say what the Index and its files contradict; ``complete`` if the Index was read to its end."""
        count = self.findings.count
        if count("unrecorded"):
            yield f"planes that the Index lists as not recorded: {count('unrecorded')} of {self.listed}"
        if count("escape"):
            yield f"file names that lead out of the plate, not followed: {self.findings.examples('escape')}"
        if count("twice"):
            yield f"files that the Index lists more than once: {self.findings.examples('twice')}"
        if count("state"):
            yield f"planes whose state is not Ok: {self.findings.examples('state')}"
        if count("nowhere"):
            yield (
                "files that the Index lists without saying which plane they are, and their names do not "
                f"tell: {self.findings.examples('nowhere')}"
            )
        if count("moved"):
            number = counted(count("moved"), "file is", "files are")
            yield (
                f"{number} named as another plane than the Index says, and the Index is followed: "
                f"{self.findings.examples('moved')}"
            )
        yield from self._times.problems()
        if complete:
            yield from self._unlisted()

    def _unlisted(self) -> Iterator[str]:
        taken = {claim.path for claim in self._claims}
        unlisted = Findings()
        for place, wells in self.planes.items():
            seen = self._seen.get(place, ())
            if len(seen) < len(wells) or taken:
                for well, path in wells.items():
                    if well not in seen and path not in taken:
                        unlisted.add("", shown(path) if unlisted.count("") < EXAMPLES else "")
        if unlisted.count(""):
            yield (
                f"{counted(unlisted.count(''), 'image')} that the Index does not list, read by name: "
                f"{unlisted.examples('')}"
            )


def conflict(well: str, place: Place, first: str, second: str) -> PlateConflictError:
    """Return the error for two files that claim one plane."""
    site, channel, z_index, timepoint = place
    names = " and ".join(shown(path) for path in sorted((first, second)))
    return PlateConflictError(
        f"two files claim to be {well}, site {site}, channel {channel}, z {z_index}, time point {timepoint}: "
        f"{names}. If they belong to different measurements, name the folder of one of them as the plate; "
        "else move one of them away."
    )


def _is(well: str, place: Place) -> str:
    return f" is {well} site {place[0]} channel {place[1]} z {place[2]}"


def _base(path: str) -> str:
    return path.rpartition("/")[2]
