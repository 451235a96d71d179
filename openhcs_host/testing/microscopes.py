"""The kit of microscope handlers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs
import pytest

from openhcs_host.contracts.images import Coordinates, parse_well, well_name
from openhcs_host.contracts.microscopes import (
    Evidence,
    FolderListing,
    MicroscopeHandler,
    PlateReading,
    Projection,
)
from openhcs_host.errors import PlateConflictError, PlateError
from openhcs_host.plates.opening import list_folder
from openhcs_host.seam.host import Host
from openhcs_host.testing.backends import HostedKit
from openhcs_host.testing.plate_folders import count_files, snapshot, watched

__all__ = ["ExpectedPlate", "MicroscopeKit"]

UNRELATED: Final = "kit-unrelated-notes.md"

_IMPORTS: Final = """
import json, sys
from openhcs_host import Host
from openhcs_host.contracts.microscopes import FolderListing
from pathlib import Path
import openhcs_host.plates.opening, openhcs_host.contracts.configuration
task = json.load(sys.stdin)
host = Host()
target = host.resolve("microscope", task["key"]).provider.target
before = set(sys.modules)
handler = host.microscope(task["key"])
handler.detect(FolderListing(Path(task["root"]), tuple(task["files"]), tuple(task["directories"]), True))
own = {target.partition(":")[0].partition(".")[0], type(handler).__module__.partition(".")[0]}
new = {name.partition(".")[0] for name in set(sys.modules) - before}
host_s = {"openhcs_host", "attr", "attrs", "filelock", "packaging", "pluggy"}  # it imports some of these late
json.dump(sorted(new - own - host_s - set(sys.stdlib_module_names)), sys.stdout)
"""


@attrs.frozen
class ExpectedPlate:
    """A plate folder, made or given by the author, and what reading it must yield."""

    root: Path
    """The folder."""
    planes: Mapping[Coordinates, str]
    """Every plane and its plate-relative path."""
    metadata: int | None = None
    """How many files are the vendor's metadata; then every file must be accounted for."""
    conflict: str | None = None
    """A plate-relative path that, holding a copy of some plane, claims the same image as that plane."""


class MicroscopeKit(HostedKit):
    """Certifies a microscope handler; the author gives the fixture ``plate``."""

    @pytest.fixture
    def handler(self, host: Host) -> MicroscopeHandler:
        """Return the handler as the host hands it out."""
        return host.microscope(self.key, **self.config)

    @pytest.fixture
    def plate(self) -> ExpectedPlate:
        """Return a plate and what is expected of it; every author overrides this."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `plate`: an ExpectedPlate")

    @pytest.fixture
    def foreign(self, tmp_path: Path) -> list[Path]:
        """Return folders that are no plates of this kind; override it to add to them."""
        empty, office, pictures = (tmp_path / f"foreign-{name}" for name in ("empty", "office", "pictures"))
        for folder in (empty, office / "letters", pictures / "2024"):
            folder.mkdir(parents=True)
        for path in (office / "report.docx", office / "letters" / "a.txt", office / "table.csv"):
            path.write_text("nothing", encoding="utf-8")
        for path in (pictures / "IMG_0001.jpg", pictures / "2024" / "holiday.tif", pictures / "scan.png"):
            path.write_bytes(b"nothing")
        return [empty, office, pictures]

    def test_the_host_hands_it_out(self, handler: MicroscopeHandler) -> None:
        """It is a handler and serves its key."""
        assert isinstance(handler, MicroscopeHandler)
        assert handler.key == self.key

    def test_it_recognises_its_plate(self, handler: MicroscopeHandler, plate: ExpectedPlate) -> None:
        """The answer is yes, with a reason."""
        _assert_answer(handler.detect(list_folder(plate.root)), True)

    def test_it_recognises_no_other_folder(self, handler: MicroscopeHandler, foreign: list[Path]) -> None:
        """Empty and foreign folders are a no with a reason; reading one is a PlateError."""
        for folder in foreign:
            _assert_answer(handler.detect(list_folder(folder)), False)
            for deep in (False, True):
                with pytest.raises(PlateError):
                    handler.read(folder, deep=deep)

    def test_it_recognises_by_names_alone(
        self, handler: MicroscopeHandler, plate: ExpectedPlate, tmp_path: Path
    ) -> None:
        """Detection opens and lists nothing, and answers the same where only the names are known."""
        listing = list_folder(plate.root)
        with watched(plate.root) as seen:
            answer = handler.detect(listing)
        assert not seen, f"detection looked at the folder itself: {seen[:3]}"
        elsewhere = attrs.evolve(listing, root=tmp_path / "not there" / plate.root.name)
        assert handler.detect(elsewhere) == answer
        assert handler.detect(FolderListing(plate.root, (), (), complete=True)).recognised is False

    def test_its_module_imports_the_standard_library_and_the_host_only(self, plate: ExpectedPlate) -> None:
        """What is heavy is imported in ``read``; asking every handler must cost nothing."""
        listing = list_folder(plate.root)
        task = {
            "key": self.key,
            "root": str(plate.root),
            "files": listing.files,
            "directories": listing.directories,
        }
        done = subprocess.run(
            [sys.executable, "-c", _IMPORTS],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [], "detection imports more than the standard library and the host"

    def test_reading_writes_nothing(self, handler: MicroscopeHandler, plate: ExpectedPlate) -> None:
        """Names, bytes, modes and times in the plate are the same afterwards."""
        before = snapshot(plate.root)
        handler.detect(list_folder(plate.root))
        handler.read(plate.root)
        handler.read(plate.root, deep=True)
        assert snapshot(plate.root) == before, "reading changed the plate"

    def test_the_expected_planes_are_read(self, handler: MicroscopeHandler, plate: ExpectedPlate) -> None:
        """Every plane with its coordinates and its path, and no other; the same each time."""
        reading = handler.read(plate.root)
        assert {plane.coordinates: plane.path for plane in reading.planes} == dict(plate.planes)
        assert len(reading.planes) == len(plate.planes)
        assert handler.read(plate.root) == reading

    def test_the_reading_is_sound(self, handler: MicroscopeHandler, plate: ExpectedPlate) -> None:
        """Coordinates unique and in order, wells canonical, channels complete, numbers positive or unknown."""
        reading = handler.read(plate.root)
        assert isinstance(reading, PlateReading)
        assert (reading.microscope, Path(reading.root)) == (self.key, plate.root)
        assert reading.plate_name
        places = [plane.coordinates for plane in reading.planes]
        assert len(set(places)) == len(places), "two planes have the same coordinates"
        assert places == sorted(places, key=lambda place: place.order), "the planes are not in order"
        images: list[Coordinates | Projection] = [*places, *reading.projections]
        for item in images:
            assert well_name(*parse_well(item.well)) == item.well
            assert item.timepoint >= 1
            assert item.channel in reading.channels, f"channel {item.channel} has images and is not listed"
        names = [channel.name for channel in reading.channels.values()]
        assert all(name is None or name for name in names), "unknown names are None"
        for number in (reading.pixel_size_um, reading.z_step_um, *(reading.grid or ())):
            assert number is None or number > 0, "what is unknown is None"
        assert all(isinstance(problem, str) and problem for problem in reading.problems)

    def test_paths_are_relative_exist_and_stay_inside(
        self, handler: MicroscopeHandler, plate: ExpectedPlate
    ) -> None:
        """Every path of a plane or projection leads to a file of the plate, each to one of its own."""
        reading = handler.read(plate.root)
        paths = [item.path for item in (*reading.planes, *reading.projections)]
        assert len(set(paths)) == len(paths), "two images claim one file"
        inside = plate.root.resolve()
        for path in paths:
            assert not os.path.isabs(path) and ".." not in path.split("/") and "\\" not in path, path
            assert (plate.root / path).is_file(), f"{path} is not there"
            assert (plate.root / path).resolve().is_relative_to(inside), f"{path} leads outside the plate"

    def test_every_file_is_accounted_for(self, handler: MicroscopeHandler, plate: ExpectedPlate) -> None:
        """Found = planes + skipped + metadata; nothing is dropped without a word."""
        reading = handler.read(plate.root)
        skipped, found = reading.skipped, count_files(plate.root)
        assert min(attrs.astuple(skipped)) >= 0
        assert skipped.projections == len(reading.projections)
        counted = len(reading.planes) + sum(attrs.astuple(skipped))
        if plate.metadata is None:
            assert counted <= found, f"{counted} files are named or counted, and {found} are there"
        else:
            assert counted + plate.metadata == found, (
                f"{len(reading.planes)} planes, {skipped} and {plate.metadata} of metadata are not {found} files"
            )

    def test_an_unrelated_file_is_counted_and_changes_nothing(
        self, handler: MicroscopeHandler, plate: ExpectedPlate, tmp_path: Path
    ) -> None:
        """It is one more unrecognised file; all else of the reading stays, and so does the answer."""
        copy = tmp_path / "kit-copy" / plate.root.name
        shutil.copytree(plate.root, copy, symlinks=True)
        before = handler.read(copy)
        (copy / UNRELATED).write_text("washed twice", encoding="utf-8")
        after = handler.read(copy)
        skipped = attrs.evolve(before.skipped, unrecognised=before.skipped.unrecognised + 1)
        assert after == attrs.evolve(before, skipped=skipped)
        _assert_answer(handler.detect(list_folder(copy)), True)

    def test_a_deep_reading_says_at_least_as_much(
        self, handler: MicroscopeHandler, plate: ExpectedPlate
    ) -> None:
        """Opening every header adds problems and changes neither planes nor projections."""
        reading, deep = handler.read(plate.root), handler.read(plate.root, deep=True)
        assert (deep.planes, deep.projections, deep.skipped) == (
            reading.planes,
            reading.projections,
            reading.skipped,
        )
        assert len(deep.problems) >= len(reading.problems), "the deep look reports less"

    def test_the_plate_may_be_given_in_any_way(
        self,
        handler: MicroscopeHandler,
        plate: ExpectedPlate,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Through a symbolic link or a relative path it has the same planes at the same paths."""
        planes = handler.read(plate.root).planes
        alias = tmp_path / "kit-alias" / plate.root.name
        alias.parent.mkdir()
        alias.symlink_to(plate.root, target_is_directory=True)
        assert handler.read(alias).planes == planes
        monkeypatch.chdir(plate.root.parent)
        assert handler.read(Path(plate.root.name)).planes == planes
        monkeypatch.chdir(plate.root)
        assert handler.read(Path()).planes == planes

    def test_two_files_of_one_image_are_a_conflict(
        self, handler: MicroscopeHandler, plate: ExpectedPlate, tmp_path: Path
    ) -> None:
        """It is a PlateConflictError that names both."""
        if plate.conflict is None:
            pytest.skip("does not apply: the expected plate names no conflict")
        copy = tmp_path / "kit-conflict" / plate.root.name
        shutil.copytree(plate.root, copy, symlinks=True)
        second = copy / plate.conflict
        assert not second.exists(), f"{plate.conflict} is part of the plate already"
        second.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy / next(iter(plate.planes.values())), second)
        with pytest.raises(PlateConflictError) as caught:
            handler.read(copy)
        message = str(caught.value)
        first = next((path for path in plate.planes.values() if path in message), None)
        assert first is not None, f"the error names no file of the plate by its path: {message}"
        assert plate.conflict in message.replace(first, ""), f"the error names only {first!r}: {message}"

    def test_a_missing_folder_is_an_error(self, handler: MicroscopeHandler, tmp_path: Path) -> None:
        """It is a PlateError or says that nothing is there, never an empty plate."""
        with pytest.raises((PlateError, FileNotFoundError)):
            handler.read(tmp_path / "kit-missing")


def _assert_answer(answer: Evidence, expected: bool) -> None:
    assert isinstance(answer, Evidence)
    assert answer.recognised is expected, answer.reason
    assert answer.reason.strip(), "an answer needs a reason"
