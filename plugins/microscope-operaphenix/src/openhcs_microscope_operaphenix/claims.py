"""Which file is which plane: what the Index says of a file counts, then its name.

Files decide which planes exist. The Index may list planes without a file, and there may be files that it
does not list: neither makes nor unmakes a plane, and both are said. Time is taken from the name where it
has one, because the Index counts it from 0 in older versions and from 1 in newer ones, and the name always
from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

import attrs

from openhcs_host.contracts.images import check_well
from openhcs_host.contracts.microscopes import Place
from openhcs_host.errors import PlateConflictError
from openhcs_host.plates.wording import Findings, counted, listed, shown
from openhcs_microscope_operaphenix.facts import well_at
from openhcs_microscope_operaphenix.layout import Folder
from openhcs_microscope_operaphenix.names import name_parts
from openhcs_microscope_operaphenix.units import whole

__all__ = ["ByPlace", "Claims"]

ByPlace: TypeAlias = dict[Place, dict[str, str]]
"""Place to wells, and these to paths."""
Said: TypeAlias = tuple[int | None, int | None, int | None]
"""Site, channel and z as the Index says them."""
_NOTHING: Final[dict[str, str]] = {}
# From this version on TimepointID counts from 1. No real file of version 6 with time is known; names decide.
_FROM_ONE: Final = 6
# Numbers read once are kept for other wells; a plate of one well would keep them for every plane.
_MOST_KEPT: Final = 1 << 16


class _Claim(NamedTuple):
    """What the Index says of a file whose name says something else, or nothing."""

    path: str
    named: tuple[str, Place] | None
    well: str | None
    said: Said
    timepoint_id: int | None


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
    _claims: list[_Claim] = attrs.field(factory=list)
    _lacking: list[_Claim] = attrs.field(factory=list)
    _claimed: set[str] = attrs.field(factory=set)
    _times: dict[tuple[int | None, int], str] = attrs.field(factory=dict)
    _first_id: int | None = None
    _wells: dict[tuple[str | None, str | None], str | None] = attrs.field(factory=dict)
    _said: dict[tuple[str | None, ...], tuple[Said, int | None]] = attrs.field(factory=dict)

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

    def take(self, texts: dict[str, str]) -> None:
        """Take one image of the Index; this runs for every plane of the plate."""
        get = texts.get
        self.listed += 1
        url = get("URL", "").strip()
        state = get("State")
        if state is not None and state != "Ok":
            self.findings.add("state", f"{shown(url)} ({shown(state)})")
        if not url:
            self.findings.add("unrecorded", "")
            return
        row_column = (get("Row"), get("Col"))
        if row_column not in self._wells:
            if len(self._wells) >= _MOST_KEPT:
                self._wells.clear()
            self._wells[row_column] = well_at(*row_column)
        said_well = self._wells[row_column]
        numbers = (get("FieldID"), get("ChannelID"), get("PlaneID"), get("TimepointID"))
        said = self._said.get(numbers) or self._numbers(numbers)
        name = url if "/" not in url and "\\" not in url and ":" not in url else self._inside(url)
        if name is None:
            self._lacking.append(_Claim("", None, said_well, *said))
            return
        named = name_parts(name)
        path = None
        if named is not None:
            path = self.planes.get(named[1], _NOTHING).get(named[0])
            if path is not None and not path.endswith(name):
                path = None  # another spelling of the same numbers
        if name in self.spare and (spare := self._unclaimed(name)):
            self._claims.append(_Claim(spare, named, said_well, *said))
        elif name in self.spare and path is None:
            self.findings.add("twice", shown(name))
        elif path is None or named is None:
            self._lacks(_Claim(name, named, said_well, *said))
        else:
            well, place = named
            seen = self._seen.get(place)
            if seen is None:
                seen = self._seen[place] = set()
            if well in seen:
                self.findings.add("twice", shown(path))
                return
            seen.add(well)
            if (said[1], place[3]) not in self._times:
                self._times[said[1], place[3]] = path
            if said_well != well or said[0] != place[:3]:
                self._claims.append(_Claim(path, named, said_well, *said))

    def _numbers(self, texts: tuple[str | None, ...]) -> tuple[Said, int | None]:
        """Read the numbers of a place and its time; each combination is read once."""
        site, channel, z_index, timepoint_id = map(whole, texts)
        if len(self._said) >= _MOST_KEPT:
            self._said.clear()
        if timepoint_id is not None and (self._first_id is None or timepoint_id < self._first_id):
            self._first_id = timepoint_id
        said = self._said[texts] = ((site, channel, z_index), timepoint_id)
        return said

    def _inside(self, url: str) -> str | None:
        """Return the file name of a relative URL, which Harmony writes with either slash."""
        parts = url.replace("\\", "/").split("/")
        if parts[0] == "" or ".." in parts or any(":" in part for part in parts) or not parts[-1]:
            self.findings.add("escape", shown(url))
            return None
        return parts[-1]

    def _unclaimed(self, name: str) -> str | None:
        for path in self.spare.get(name, ()):
            if path not in self._claimed:
                self._claimed.add(path)
                return path
        return None

    def _lacks(self, claim: _Claim) -> None:
        """Note a plane without a file: at once where name and Index agree, else when times are known."""
        self.absent += 1
        self.findings.add("absent", shown(claim.path))
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
        self.timepoint_offset = self._offset(version)
        moves = [(claim, *self._target(claim)) for claim in self._claims]
        for claim, _, _ in moves:
            if claim.named and self.planes[claim.named[1]].get(claim.named[0]) == claim.path:
                del self.planes[claim.named[1]][claim.named[0]]
        for claim, well, place in moves:
            if well is None or place is None:
                self.findings.add("nowhere", shown(claim.path))
                continue
            self._put(place, well, claim.path)
            if claim.named and claim.named != (well, place):
                what = f"{well} site {place[0]} channel {place[1]} z {place[2]}"
                self.findings.add("moved", f"{shown(claim.path)} is {what}")
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
            well, place = self._target(claim)
            if well is not None and place is not None:
                self.missing.setdefault(place, {}).setdefault(well, claim.path)
        for place in list(self.missing):
            taken = self.planes.get(place, _NOTHING)
            left = {well: path for well, path in self.missing[place].items() if well not in taken}
            if left:
                self.missing[place] = left
            else:
                del self.missing[place]

    def _put(self, place: Place, well: str, path: str) -> None:
        other = self.planes.setdefault(place, {}).setdefault(well, path)
        if other != path:
            raise conflict(well, place, other, path)

    def _target(self, claim: _Claim) -> tuple[str | None, Place | None]:
        """Return well and place of a file: by the Index, else by its name, else nothing."""
        named = claim.named
        well = claim.well or (named[0] if named else None)
        numbers = [
            value if value is not None else named[1][position] if named else None
            for position, value in enumerate(claim.said)
        ]
        site, channel, z_index = numbers
        timepoint = 1 if claim.timepoint_id is None else claim.timepoint_id + self.timepoint_offset
        if named:
            timepoint = named[1][3]
        if site is None or channel is None or z_index is None or timepoint < 1:
            return well, None
        return well, (site, channel, z_index, timepoint)

    def _offset(self, version: int | None) -> int:
        """Return what turns ``TimepointID`` into time as names and people count it."""
        offsets = Counter(self._offsets())
        if offsets:
            return offsets.most_common(1)[0][0]
        from_zero = self._first_id == 0 or (version is not None and version < _FROM_ONE)
        return 1 if from_zero else 0

    def _offsets(self) -> Iterator[int]:
        return (timepoint - number for number, timepoint in self._times if number is not None)

    def problems(self, complete: bool) -> Iterator[str]:
        """Say what the Index and the files contradict; ``complete`` if the Index was read to its end."""
        count = self.findings.count
        if self.absent:
            wells = sorted(self._absent_wells, key=check_well)
            where = f", in {'well' if len(wells) == 1 else 'wells'} {listed(wells)}" if wells else ""
            yield (
                f"planes that the Index lists and that have no file: {self.absent} of {self.listed}{where}: "
                f"{self.findings.examples('absent')}"
            )
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
        if len(set(self._offsets())) > 1:
            text = listed(
                f"{shown(name)} has TimepointID {number}" for (number, _), name in self._times.items()
            )
            yield f"the time points of Index and names do not run alike, and the names are followed: {text}"
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
                        unlisted.add("", shown(path))
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


def _base(path: str) -> str:
    return path.rpartition("/")[2]
