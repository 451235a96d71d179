"""The handler: from a folder to a reading, and when there is none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhcs_host import Host
from openhcs_host.contracts.images import Coordinates, well_name
from openhcs_host.contracts.microscopes import Channel, Objective, Plane
from openhcs_host.errors import ConfigurationError, PlateConflictError, PlateError
from openhcs_host.plates.opening import open_plate
from openhcs_microscope_operaphenix.handler import OperaPhenixHandler

Touch = Callable[..., Path]
Plate = Callable[..., Path]


def test_the_host_finds_it_and_reads_with_it(plate: Plate, harmony: SimpleNamespace) -> None:
    root = plate([harmony.plane(row=3, column=5)])
    with Host() as host:
        reading = open_plate(host, root)
    assert (reading.microscope, reading.root, reading.plate_name) == ("opera_phenix", root, "Plate µ, 'one'")
    assert [(p.coordinates.well, p.path) for p in reading.planes] == [
        ("C05", "Images/r03c05f01p01-ch1sk1fk1fl1.tiff")
    ]


def test_recognising_a_plate_imports_nothing_heavy(touch: Touch) -> None:
    root = touch("Images/r01c01f01p01-ch1sk1fk1fl1.tiff")
    program = (
        "import sys\n"
        "from openhcs_host import Host\n"
        "from openhcs_host.plates.opening import detect_microscope\n"
        "with Host() as host:\n"
        f"    assert detect_microscope(host, {str(root)!r}) == 'opera_phenix'\n"
        "assert 'openhcs_microscope_operaphenix.handler' in sys.modules\n"
        "heavy = {'numpy', 'tifffile', 'scipy', 'imagecodecs'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("version", [4, 5, 6, 7])
def test_a_plate_of_everything(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, version: int
) -> None:
    planes = [
        harmony.plane(
            row=27,
            site=site,
            channel=channel,
            z=z,
            t=t,
            x=(site % 2) * 3e-6,
            y=(site // 2 % 2) * 2e-6,
            height=z * 1.5e-6,
        )
        for t in (2, 1)
        for channel in (4, 2)
        for z in (1, 2, 3)
        for site in (1, 2, 3, 4)
    ]
    reading = handler.read(plate(planes, version=version))
    assert (len(reading.planes), reading.wells, reading.sites) == (48, ("AA01",), (1, 2, 3, 4))
    assert (reading.z_indexes, reading.timepoints) == ((1, 2, 3), (1, 2))
    assert reading.channel_names == {2: "Channel 2", 4: "Channel 4"}
    assert (reading.grid, reading.pixel_size_um, reading.z_step_um) == ((2, 2), 0.5, 1.5)
    assert reading.site_positions_um == {1: (3.0, 0.0), 2: (0.0, -2.0), 3: (3.0, -2.0), 4: (0.0, 0.0)}
    assert reading.problems == ()
    channel = Channel(name="Channel 4", excitation_nm=405.0, emission_nm=456.0, exposure_ms=100.0)
    assert reading.channels[4] == channel
    assert reading.objective == Objective(magnification=20.0, numerical_aperture=0.8)
    assert (reading.time_offsets_s, reading.z_positions_um) == ({1: 0.0, 2: 60.0}, {1: 1.5, 2: 3.0, 3: 4.5})
    assert reading.started == datetime.fromisoformat("2021-03-29T16:01:28.987-04:00")
    assert (reading.plate_shape, reading.plate_type) == ((32, 48), "1536 Well")


@pytest.mark.parametrize("jitter", [1e-9, -1e-9, 2e-7])
def test_jitter_of_the_stage_changes_nothing(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, jitter: float
) -> None:
    planes = [
        harmony.plane(
            column=column,
            site=site,
            x=(site % 2) * 1e-3 + jitter * (column + site),
            y=(site // 2) * 1e-3 - jitter * (column * site),
        )
        for column in range(1, 3)
        for site in range(4)
    ]
    reading = handler.read(plate(planes, size=(1000, 1000)))
    assert (reading.grid, reading.sites, reading.problems) == ((2, 2), (0, 1, 2, 3), ())


def test_an_orphan_field_keeps_its_identity(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    places = {1: (0, 0), 2: (1, 0), 3: (0, 1), 4: (1, 1), 9: (7, 5)}
    reading = handler.read(
        plate([harmony.plane(site=s, x=x * 1e-3, y=y * 1e-3) for s, (x, y) in places.items()])
    )
    assert (reading.grid, reading.sites) == (None, (1, 2, 3, 4, 9))
    assert {p.coordinates.site: p.path for p in reading.planes}[9] == "Images/r01c01f09p01-ch1sk1fk1fl1.tiff"
    assert reading.site_positions_um[9] == (7000.0, -5000.0)
    assert len(reading.problems) == 1


def test_absent_planes_are_said_and_nothing_is_put_in_their_place(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    planes = [harmony.plane(channel=channel) for channel in (1, 2, 3)]
    gone = harmony.file_name(planes[1])
    root = plate(planes, absent=[gone])
    before = sorted(root.rglob("*"))
    reading = handler.read(root, deep=True)
    assert sorted(root.rglob("*")) == before
    assert (reading.channel_names, len(reading.planes)) == ({1: "Channel 1", 3: "Channel 3"}, 2)
    assert list(reading.missing) == [Plane(Coordinates("A01", 1, 2), gone)]
    assert (
        reading.problems[0]
        == f"planes that the Index lists and that have no file: 1 of 3, in well A01: {gone!r}"
    )


def test_planes_not_recorded_and_files_not_listed(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    root = plate([harmony.plane(), harmony.plane(site=2, x=1e-3, url="")])
    (root / "Images" / "r02c02f01p01-ch1sk1fk1fl1.tiff").touch()
    reading = handler.read(root)
    assert (reading.wells, reading.grid, len(reading.missing)) == (("A01", "B02"), (1, 2), 0)
    assert [problem.split(":")[0] for problem in reading.problems] == [
        "planes that the Index lists as not recorded",
        "1 image that the Index does not list, read by name",
    ]


@pytest.mark.parametrize("version", [5, 7])
def test_missing_planes_have_the_place_that_the_index_gives_them(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, version: int
) -> None:
    """Times count from 1 in each version; what leads away has no name; what another file holds is there."""
    planes = [harmony.plane(), harmony.plane(t=2)]
    odd = harmony.plane(row=2, column=3, site=4, channel=5, z=6, t=2, url="odd.tif", x=1e-3)
    away = harmony.plane(row=2, url="../secret.tiff")
    moved = harmony.plane(url="elsewhere.tiff")
    root = plate(
        [*planes, odd, away, moved], absent=["odd.tif", "../secret.tiff", "elsewhere.tiff"], version=version
    )
    reading = handler.read(root)
    assert [(p.coordinates.well, p.coordinates.place, p.path) for p in reading.missing] == [
        ("B01", (1, 1, 1, 1), ""),
        ("B03", (4, 5, 6, 2), "odd.tif"),
    ]
    assert len(reading.planes) == 2


def test_a_field_elsewhere_in_one_well_has_its_position_there(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    planes = [
        harmony.plane(column=column, site=site, x=site * 1e-3 + (5e-3 if (column, site) == (2, 3) else 0))
        for column in (1, 2, 3)
        for site in (1, 2, 3)
    ]
    reading = handler.read(plate(planes))
    assert reading.site_positions_um == {site: (site * 1000.0, 0.0) for site in (1, 2, 3)}
    assert reading.well_site_positions_um == {("A02", 3): (8000.0, 0.0)}
    assert (reading.position_um("A02", 3), reading.position_um("A01", 3)) == ((8000.0, 0.0), (3000.0, 0.0))
    assert [problem.split(",")[0] for problem in reading.problems] == [
        "1 field lies elsewhere than in most wells"
    ]


def test_channels_of_two_objectives_have_none_in_common(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    root = plate([harmony.plane(channel=channel) for channel in (1, 2)])
    index = root / "Images" / "Index.idx.xml"
    index.write_bytes(index.read_bytes().replace(b">20</ObjectiveM", b">63</ObjectiveM", 1))
    reading = handler.read(root)
    assert reading.objective is None
    assert reading.problems == (
        "the channels differ in objective: 63x NA 0.8 in channel 1, 20x NA 0.8 in channel 2",
    )


@pytest.mark.parametrize(
    ("rows", "problem"), [("1000000000", "no usable PlateRows"), ("1", "images beyond: B02")]
)
def test_a_plate_of_absurd_size_has_no_shape_and_that_is_said(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace, rows: str, problem: str
) -> None:
    reading = handler.read(plate([harmony.plane(row=2, column=2)], rows=rows))
    assert reading.plate_shape is None
    assert [problem in text for text in reading.problems] == [True]


def test_fields_are_numbered_by_place_if_the_host_is_configured_so(
    plate: Plate, harmony: SimpleNamespace, tmp_path: Path
) -> None:
    """Harmony acquires the centre first; a nanometre of jitter makes no row of its own."""
    places = {1: (1, 0), 2: (0, 1), 3: (0, 0), 4: (1, 1)}
    planes = [
        harmony.plane(site=site, x=x * 1e-3 + site * 1e-9, y=y * 1e-3 - site * 1e-9, column=column)
        for site, (x, y) in places.items()
        for column in (1, 2)
    ]
    gone = harmony.file_name(planes[-1])
    root = plate(planes, absent=[gone])
    with Host() as host:
        vendor = host.microscope("opera_phenix").read(root)
        stage = host.microscope("opera_phenix", site_numbering="stage").read(root)
        with pytest.raises(ConfigurationError, match="site_numbering"):
            host.microscope("opera_phenix", site_numbering="random")
    new = {1: 4, 2: 1, 3: 3, 4: 2}
    assert (vendor.grid, stage.grid, vendor.sites) == ((2, 2), (2, 2), (1, 2, 3, 4))
    by_path = {plane.path: plane.coordinates for plane in stage.planes}
    for plane in vendor.planes:
        place = plane.coordinates
        assert by_path[plane.path] == Coordinates(place.well, new[place.site], place.channel)
    assert [(plane.path, plane.coordinates.site) for plane in stage.missing] == [(gone, 2)]
    assert {new[site]: at for site, at in vendor.site_positions_um.items()} == stage.site_positions_um
    assert stage.problems[-1].startswith("fields are numbered by their place, as configured: 1 is now 4")


def test_without_any_file_the_error_counts_what_is_listed(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    planes = [harmony.plane(site=site) for site in (1, 2)]
    root = plate(planes, absent=[harmony.file_name(p) for p in planes])
    with pytest.raises(
        PlateError, match=r"'Images/Index\.idx\.xml' lists 2 planes, none of which has a file"
    ):
        handler.read(root)


def test_an_empty_and_a_missing_folder_are_errors(handler: OperaPhenixHandler, tmp_path: Path) -> None:
    with pytest.raises(PlateError, match="Found: nothing"):
        handler.read(tmp_path)
    with pytest.raises(PlateError, match="cannot be read: No such file"):
        handler.read(tmp_path / "nowhere")


@pytest.mark.parametrize("second", ["r01c01f01p01-ch1sk1fk1fl1.tif", "more/r01c01f01p01-ch01t01.tiff"])
def test_two_files_of_one_plane_are_a_conflict_naming_both(
    handler: OperaPhenixHandler, touch: Touch, second: str
) -> None:
    first = "r01c01f01p01-ch1sk1fk1fl1.tiff"
    with pytest.raises(PlateConflictError) as caught:
        handler.read(touch(first, second))
    assert repr(first) in str(caught.value)
    assert repr(second) in str(caught.value)


def test_a_bomb_leaves_the_names(handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]>'
    reading = handler.read(plate([harmony.plane()], prolog=bomb))
    assert (len(reading.planes), reading.channel_names) == (1, {1: None})
    assert reading.problems == (
        "'Images/Index.idx.xml' is not read: it holds a document type, which Harmony never writes",
    )


def test_channels_of_one_name_are_said(
    handler: OperaPhenixHandler, plate: Plate, harmony: SimpleNamespace
) -> None:
    planes = [harmony.plane(channel=channel) for channel in (1, 2)]
    reading = handler.read(plate(planes, channels={1: "DAPI", 2: "DAPI"}))
    assert reading.problems == ("channels 1, 2 share the name 'DAPI'",)


@pytest.mark.parametrize("root", ["P__2020-Measurement 1", "P__2020-Measurement 1/Images", ""])
def test_without_an_index_the_folder_names_the_plate(
    handler: OperaPhenixHandler, touch: Touch, root: str
) -> None:
    folder = touch("P__2020-Measurement 1/Images/001001-1-001001001.tif") / root
    reading = handler.read(folder)
    assert (reading.plate_name, reading.wells) == ("P__2020-Measurement 1", ("A01",))
    assert (reading.grid, reading.pixel_size_um, reading.site_positions_um) == (None, None, {})


def test_a_name_that_is_no_text_does_not_stop_the_reading(handler: OperaPhenixHandler, touch: Touch) -> None:
    root = touch("Images/r01c01f01p01-ch1sk1fk1fl1.tiff")
    (root / "Images" / "Z\udce4hlung.tif").touch()
    assert handler.read(root, deep=True).skipped.unrecognised == 1


_planes = st.lists(
    st.fixed_dictionaries(
        {
            "row": st.integers(1, 32),
            "column": st.integers(1, 48),
            "site": st.integers(1, 120),
            "channel": st.integers(1, 12),
            "z": st.integers(1, 120),
            "t": st.integers(1, 59),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda plane: tuple(plane.values()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(planes=_planes, version=st.sampled_from([4, 5, 6, 7]), listed=st.booleans())
def test_any_plate_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    harmony: SimpleNamespace,
    planes: list[dict[str, Any]],
    version: int,
    listed: bool,
) -> None:
    """With the Index and without it the same planes are found, in the order of coordinates."""
    root = tmp_path_factory.mktemp("plate")
    written = [harmony.plane(**numbers) for numbers in planes]
    for p in written:
        (root / harmony.file_name(p, version)).touch()
    if listed:
        (root / "Index.xml").write_bytes(harmony.index_xml(reversed(written), version=version))
    reading = OperaPhenixHandler().read(root)
    expected = {
        (well_name(p.row, p.column), p.site, p.channel, p.z, p.t): harmony.file_name(p, version)
        for p in written
    }
    found = {(p.coordinates.well, *p.coordinates.place): p.path for p in reading.planes}
    assert found == expected
    assert [p.coordinates.order for p in reading.planes] == sorted(
        p.coordinates.order for p in reading.planes
    )
    assert not any("does not list" in problem or "named as" in problem for problem in reading.problems)
